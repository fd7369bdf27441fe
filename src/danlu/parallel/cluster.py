"""One function in many processes of a Ray cluster, which can then `join` as if torchrun had started them.

Knows Ray and machines. Does not know what is trained.
"""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING, Any, cast

from danlu.artifact import cores
from danlu.errors import DanluError, OptionError
from danlu.parallel.data import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

LOCAL = "local"
_KNOCK = 10  # seconds
NO_ACCOUNT = {"RAY_USAGE_STATS_ENABLED": "0"}  # to nobody; the network is for the user's own machines


def on_cluster(work: Callable[[], None], address: str, workers: int | None, records: Path) -> None:
    """Runs a function in every process of a training, on the machines of a Ray cluster.

    Args:
        work: what each process does; every machine must be able to import it.
        address: host:port of the cluster's head, or 'local' for a cluster of this machine alone.
        workers: processes; by default one a GPU, or one a machine where there is none.
        records: a folder that all machines share, for what Ray notes.

    Raises:
        OptionError: no cluster answers, or it has fewer processors than `workers`.
        DanluError: what `work` raised in one of the processes.
    """
    if address != LOCAL:
        _knock(address)
    os.environ.update(NO_ACCOUNT)
    import ray

    try:
        own = {"num_cpus": max(cores(), workers or 1), "include_dashboard": False} if address == LOCAL else {}
        ray.init(address=address, log_to_driver=False, logging_level="warning", **own)
    except (OSError, RuntimeError, ValueError) as error:
        reason = str(error).strip().split("\n", 1)[0]
        raise OptionError(f"No Ray cluster answers at {address} ({reason}). Fix: check --ray, or start one.") from error
    try:
        _train(work, workers, records)
    finally:
        ray.shutdown()


def _knock(address: str) -> None:
    """Refuses at once what Ray would try to reach for minutes."""
    host, _, port = address.rpartition(":")
    if not (host and port.isdecimal() and 0 < int(port) < 1 << 16) or "/" in host:
        raise OptionError(f"--ray {address} is no address. Fix: write HOST:PORT of the cluster's head, or local.")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=_KNOCK).close()
    except OSError as error:
        raise OptionError(f"No Ray cluster answers at {address} ({error}). Fix: check --ray, or start one.") from error


def _train(work: Callable[[], None], workers: int | None, records: Path) -> None:
    import ray
    from ray.train import RunConfig, ScalingConfig, TrainingFailedError
    from ray.train.torch import TorchConfig, TorchTrainer

    machines = [
        cast("dict[str, float]", node["Resources"])
        for node in cast("list[dict[str, Any]]", ray.nodes())
        if node["Alive"] and node["Resources"].get("CPU", 0) >= 1
    ]
    gpus = int(sum(machine.get("GPU", 0) for machine in machines))
    many = workers or gpus or len(machines)
    most = gpus or int(sum(machine["CPU"] for machine in machines))
    if many > most:
        kind = "GPUs" if gpus else "processors"
        raise OptionError(f"The cluster has {most} {kind} for {many} workers. Fix: --workers {most} or fewer.")
    on_one = -(-many // max(1, len(machines)))
    share = max(1, int(min(machine["CPU"] for machine in machines)) // on_one)
    trainer = TorchTrainer(
        work,
        torch_config=TorchConfig(timeout_s=int(PATIENCE.total_seconds())),
        scaling_config=ScalingConfig(num_workers=many, use_gpu=gpus > 0, resources_per_worker={"CPU": share}),
        run_config=RunConfig(storage_path=str(records.resolve())),
    )
    try:
        trainer.fit()
    except TrainingFailedError as failure:
        for error in getattr(failure, "worker_failures", {}).values():
            if isinstance(cause := getattr(error, "_base_exc", error), DanluError):
                raise cause from None
        raise
