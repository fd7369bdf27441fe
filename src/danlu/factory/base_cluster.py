"""A pretraining on a Ray cluster: every machine does what `make_base` does, and this one watches.

Knows where the processes leave what they made; how they are started stands in `parallel/cluster.py`.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tqdm import tqdm

from danlu.errors import DanluError, OptionError
from danlu.factory.base import make_base
from danlu.factory.wish import refuse
from danlu.parallel.cluster import on_cluster
from danlu.parallel.data import World, here, join, leave
from danlu.train.estimate import Estimate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from danlu.factory.wish import Wish
    from danlu.parallel.data import Kind


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
    """What `make_base` makes, trained by the machines of a Ray cluster, of which this is one.

    All have danlu[cluster] and see the same files under the same names: `texts`, `out`, `keep_out`, `vocabulary` and
    `elder` lie on storage that they share.

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
        OptionError: no cluster answers, it is too small, or one of its processes met what a user can mend.
        DataError: a file cannot be read here.
    """
    refuse(texts, out, wish, World(0, workers or 2, here(), kind), keep_out, elder)
    away = partial(
        _process,
        kind,
        [path.absolute() for path in texts],
        out.absolute(),
        wish,
        keep_out=[path.absolute() for path in keep_out],
        vocabulary=vocabulary and vocabulary.absolute(),
        elder=elder and elder.absolute(),
        quiet=True,
    )
    place = out.absolute()
    place.parent.mkdir(parents=True, exist_ok=True)
    records = Path(tempfile.mkdtemp(prefix=f".{place.name}.", suffix=".ray", dir=place.parent))
    try:
        with tqdm(unit=" steps", desc="prepare", disable=quiet, file=sys.stderr) as bar:
            on_cluster(away, address, workers, records, partial(_glance, out, bar))
    finally:
        shutil.rmtree(records, ignore_errors=True)
    return json.loads((out / "figures.json").read_text(encoding="utf-8"))


def _process(kind: Kind, texts: Sequence[Path], out: Path, wish: Wish, **more: Any) -> None:  # noqa: ANN401 - passed on
    try:
        make_base(texts, out, wish, join(kind), **more)
    except DanluError as error:
        raise OptionError(str(error)) from None  # of one argument, so that it arrives as it left
    leave()


def _glance(out: Path, bar: tqdm[Any]) -> None:
    """Shows how far the first process says it is."""
    step = _last_step(out / "training" / "metrics.jsonl")
    if bar.total is None and (out / "plan.json").exists():
        plan = Estimate(**json.loads((out / "plan.json").read_text(encoding="utf-8")))
        if not bar.disable:
            bar.write(f"danlu: {plan.words}", file=sys.stderr)
        bar.set_description_str("train", refresh=False)
        bar.reset(plan.steps)
        bar.initial = bar.n = step
    bar.update(step - bar.n)


def _last_step(metrics: Path) -> int:
    """The last step that is noted in whole."""
    if not metrics.exists():
        return 0
    lines = metrics.read_bytes().rsplit(b"\n", 2)
    return json.loads(lines[-2])["step"] if len(lines) > 1 else 0
