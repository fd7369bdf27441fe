"""A pretraining on a Ray cluster: every machine does what `make_base` does, and this one watches.

Knows where the processes leave what they made; how they are started stands in `parallel/cluster.py`.
"""

from __future__ import annotations

import json
import shutil
import sys
import threading
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from tqdm import tqdm

from danlu.errors import DanluError, OptionError
from danlu.factory.base import make_base
from danlu.factory.wish import refuse
from danlu.parallel.cluster import on_cluster
from danlu.parallel.data import World, here, join, leave

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence
    from pathlib import Path

    from danlu.factory.wish import Wish
    from danlu.parallel.data import Kind

_GLANCE = 0.5  # seconds between two looks at the folder


def make_base_on_cluster(
    address: str,
    workers: int | None,
    kind: Kind,
    texts: Sequence[Path],
    out: Path,
    wish: Wish,
    *,
    keep_out: Sequence[Path] = (),
    vocabulary: Path | None = None,
    elder: Path | None = None,
    quiet: bool = False,
) -> dict[str, Any]:
    """What `make_base` makes, trained by the machines of a Ray cluster.

    All machines have danlu[pretrain] and see the same files under the same names: `texts`, `out`, `keep_out`,
    `vocabulary` and `elder` lie on storage that they share.

    Args:
        address: host:port of the cluster's head, or 'local'.
        workers: processes; by default one a GPU, or one a machine where there is none.
        kind: whether each process holds the whole model or a share of it.
        texts: as in `make_base`, like all that follow.
        out: the folder.
        wish: what is wanted.
        keep_out: evaluation data.
        vocabulary: a tokenizer.json.
        elder: the folder of a smaller finished model.
        quiet: no progress on standard error.

    Returns:
        The figures.

    Raises:
        OptionError: no cluster answers, it is too small, or the wish cannot be granted.
        DataError: a file cannot be read.
        MissingExtra: jieba or OpenCC is not installed here or there.
    """
    refuse(texts, out, wish, World(0, workers or 2, here(), kind), keep_out, elder)
    away = partial(
        _process,
        kind,
        [path.resolve() for path in texts],
        out.resolve(),
        wish,
        keep_out=[path.resolve() for path in keep_out],
        vocabulary=vocabulary and vocabulary.resolve(),
        elder=elder and elder.resolve(),
        quiet=True,
    )
    records = out.resolve().with_name(f".{out.resolve().name}.ray")
    try:
        with _watched(out, quiet=quiet):
            on_cluster(away, address, workers, records)
    finally:
        shutil.rmtree(records, ignore_errors=True)
    return json.loads((out / "figures.json").read_text(encoding="utf-8"))


def _process(kind: Kind, texts: Sequence[Path], out: Path, wish: Wish, **more: Any) -> None:  # noqa: ANN401 - passed on
    try:
        make_base(texts, out, wish, join(kind), **more)
    except DanluError as error:
        raise OptionError(str(error)) from None  # the only kind that every process can hand on in one piece
    finally:
        leave()


@contextmanager
def _watched(out: Path, *, quiet: bool) -> Generator[None]:
    """Shows how far the first process says it is."""
    over = threading.Event()

    def watch() -> None:
        with tqdm(unit=" steps", desc="prepare", disable=quiet, file=sys.stderr) as bar:
            while not over.wait(_GLANCE):
                if bar.total is None and (out / "plan.json").exists():
                    plan = json.loads((out / "plan.json").read_text(encoding="utf-8"))
                    bar.total = plan["steps"]
                    bar.set_description_str("train")
                bar.update(_steps(out / "training" / "metrics.jsonl") - bar.n)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()


def _steps(metrics: Path) -> int:
    """The last step that is noted in whole."""
    if not metrics.exists():
        return 0
    lines = metrics.read_bytes().rsplit(b"\n", 2)
    return json.loads(lines[-2])["step"] if len(lines) > 1 else 0
