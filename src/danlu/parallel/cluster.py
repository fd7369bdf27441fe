"""One function in many processes of a Ray cluster, which can then `join` as if torchrun had started them.

Knows Ray and machines. Does not know what is trained.
"""

from __future__ import annotations

import logging
import os
import secrets
import socket
import threading
from concurrent.futures import Future, wait
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from danlu.errors import DanluError, OptionError
from danlu.graph import cores
from danlu.parallel.data import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence
    from pathlib import Path

LOCAL = "local"
_KNOCK = 10  # seconds
_GLANCE = 0.5  # seconds between two looks


@dataclass(frozen=True)
class Workers:
    """The processes of a training, as a cluster is asked for them.

    Attributes:
        count: how many.
        gpu: whether each has a GPU of its own.
        processors: that each claims; 0 where a GPU is what counts.
    """

    count: int
    gpu: bool
    processors: int


def workers_on(machines: Sequence[dict[str, float]], wanted: int | None) -> Workers:
    """The processes that fit a cluster: by default one a GPU, or one a machine where there is none.

    Args:
        machines: what each living machine has, under the names that Ray gives.
        wanted: processes, if the user says how many.

    Raises:
        OptionError: the cluster has no processors, or fewer than are wanted.
    """
    gpus = int(sum(machine.get("GPU", 0) for machine in machines))
    rooms = [int(machine["CPU"]) for machine in machines if machine.get("CPU", 0) >= 1]
    most = gpus or sum(rooms)
    if most == 0:
        raise OptionError("The cluster has no processors. Fix: start ray on its machines with --num-cpus.")
    count = wanted or gpus or len(rooms)
    if count > most:
        kind = "GPUs" if gpus else "processors"
        raise OptionError(f"The cluster has {most} {kind} for {count} workers. Fix: --workers {most} or fewer.")
    if gpus:
        return Workers(count, gpu=True, processors=0)
    share = max(size for size in range(1, max(rooms) + 1) if sum(room // size for room in rooms) >= count)
    return Workers(count, gpu=False, processors=share)


def on_cluster(
    work: Callable[[], None], address: str, workers: int | None, records: Path, glance: Callable[[], None]
) -> None:
    """Runs a function in every process of a training, on the machines of a Ray cluster.

    Args:
        work: what each process does; every machine must be able to import it.
        address: host:port of the cluster's head, of which this machine is one, or 'local' for a cluster of this
            machine alone.
        workers: processes; by default one a GPU, or one a machine where there is none.
        records: a folder that all machines share, for what Ray notes.
        glance: called here about twice a second while they work.

    Raises:
        OptionError: no cluster answers, or it has no room for the workers.
        DanluError: what `work` raised in one of the processes.
    """
    if address != LOCAL:
        _knock(address)
    with _environment(address):
        import ray
        from ray.exceptions import RayError

        own: dict[str, Any] = {}
        if address == LOCAL:
            own = {"num_cpus": max(cores(), workers or 1), "include_dashboard": False}
        try:
            ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR, **own)
        except (OSError, RuntimeError, ValueError, RayError) as error:
            reason = " ".join(str(error.__cause__ or error).split())
            raise OptionError(
                f"The Ray cluster at {address} cannot be joined ({reason}). Fix: run this on one of its machines, "
                "with its versions of Python and Ray, and with its token if it has one."
            ) from error
        try:
            _train(work, workers, records, glance)
        finally:
            ray.shutdown()


def _in_background(work: Callable[[], object]) -> Future[object]:
    """Calls it in a thread that an interrupt leaves behind; in the main one Ray would take over what Ctrl-C does."""
    found: Future[object] = Future()

    def run() -> None:
        try:
            found.set_result(work())
        except BaseException as error:  # noqa: BLE001 - raised where the result is asked for
            found.set_exception(error)

    threading.Thread(target=run, name="training", daemon=True).start()
    return found


def _knock(address: str) -> None:
    """Refuses at once what Ray would try to reach for minutes."""
    host, _, port = address.rpartition(":")
    bare = host.removeprefix("[").removesuffix("]")
    if not (bare and port.isdecimal() and 0 < int(port) < 1 << 16) or "/" in host or (":" in host and bare == host):
        raise OptionError(f"--ray {address} is no address. Fix: write HOST:PORT of the cluster's head, or local.")
    try:
        socket.create_connection((bare, int(port)), timeout=_KNOCK).close()
    except (OSError, UnicodeError) as error:
        raise OptionError(f"Nothing answers at {address} ({error}). Fix: check --ray, or start a cluster.") from error


@contextmanager
def _environment(address: str) -> Generator[None]:
    """Ray's settings, which are variables.

    One try to reach a cluster; no new cluster where something asks for one after the end, as a thread that an
    interrupt left behind does (Ray reads that once, when it is first imported); and a token that a cluster of our own
    keeps.
    """
    ours = {"RAY_NUM_REDIS_GET_RETRIES": "1", "RAY_USAGE_STATS_ENABLED": "0", "RAY_ENABLE_AUTO_CONNECT": "0"}
    if address == LOCAL:
        ours |= {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}
    before = {name: os.environ.get(name) for name in ours}
    os.environ.update(ours)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _train(work: Callable[[], None], wanted: int | None, records: Path, glance: Callable[[], None]) -> None:
    import ray
    from ray.train import FailureConfig, RunConfig, ScalingConfig, TrainingFailedError
    from ray.train.torch import TorchConfig, TorchTrainer

    nodes: list[dict[str, Any]] = ray.nodes()
    workers = workers_on([node["Resources"] for node in nodes if node["Alive"]], wanted)
    trainer = TorchTrainer(
        work,
        torch_config=TorchConfig(timeout_s=int(PATIENCE.total_seconds())),
        scaling_config=ScalingConfig(
            num_workers=workers.count,
            use_gpu=workers.gpu,
            resources_per_worker=None if workers.gpu else {"CPU": workers.processors},
            placement_strategy="PACK" if workers.gpu else "SPREAD",
        ),
        run_config=RunConfig(storage_path=str(records), failure_config=FailureConfig(controller_failure_limit=0)),
    )
    running = _in_background(trainer.fit)
    while not wait([running], timeout=_GLANCE).done:
        glance()
    glance()
    try:
        running.result()
    except TrainingFailedError as failure:
        for error in getattr(failure, "worker_failures", {}).values():
            if isinstance(error, DanluError):
                raise error from None
        if cause := getattr(failure, "controller_failure", None):
            raise OptionError(
                f"The cluster did not start {workers.count} workers ({' '.join(str(cause).split())[:300]}). "
                "Fix: wait until it has room, or give fewer --workers."
            ) from failure
        raise
