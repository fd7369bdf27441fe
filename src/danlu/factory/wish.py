"""What base model is wanted, and which wishes cannot be granted.

Knows options. Does not know how a base model is made.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from danlu.corpus.examples import single_texts
from danlu.corpus.prepare import Cleaning, evaluation_texts, source_name
from danlu.errors import OptionError
from danlu.models.decoder import open_decoder
from danlu.models.fresh import SHAPES, Kind
from danlu.train.optimisers import OPTIMISERS, SCHEDULES

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from danlu.parallel.data import World
    from danlu.train.optimisers import Name

LOCK = ".lock"  # in the folder of a base model while a run is at work there
NOTE = "wish.json"  # what is wanted in the folder; the first file that is written there


@dataclass(frozen=True)
class Wish:
    """What base model is wanted; everything a finished folder depends on but the texts.

    Attributes:
        kind: "decoder" or "encoder".
        size: a name in `SHAPES`.
        vocabulary: tokens in all.
        passes: how often the mixture is read; ignored if `minutes` is given.
        minutes: of training on this machine, by its measured speed.
        batch: tokens of a step.
        rate: the peak learning rate.
        optimiser: "adamw" or "muon".
        schedule: "wsd" or "cosine".
        seed: of everything drawn at random.
        weights: how often a source is read in a pass, by name; 1 by default.
        cleaning: what happens to the text.
    """

    kind: Kind = "decoder"
    size: str = "small"
    vocabulary: int = 16_384
    passes: float = 1.0
    minutes: float | None = None
    batch: int = 16_384
    rate: float = 3e-3
    optimiser: Name = "muon"
    schedule: str = "wsd"
    seed: int = 0
    weights: dict[str, float] = field(default_factory=dict[str, float])
    cleaning: Cleaning = field(default_factory=Cleaning)


def refuse(
    texts: Sequence[Path], out: Path, wish: Wish, world: World, keep_out: Sequence[Path], elder: Path | None
) -> None:
    """Refuses before any work what would be refused after it.

    Args:
        texts: sources.
        out: the folder.
        wish: what is wanted.
        world: the processes.
        keep_out: evaluation data.
        elder: the folder of a decoder, or None.

    Raises:
        OptionError: an option cannot be satisfied.
        DataError: a file cannot be read.
    """
    names = [source_name(path) for path in texts]
    context = SHAPES[wish.size].context if wish.size in SHAPES else 0
    for bad, message in (
        (not names, "There is no text to train on. Fix: name at least one file."),
        ("" in names, "A file's name begins with a dot, and gives its source no name. Fix: rename it."),
        (len(set(names)) < len(names), f"Two of the sources {', '.join(names)} are called alike. Fix: rename a file."),
        (wish.size not in SHAPES, f"There is no size {wish.size}. Fix: use one of {', '.join(SHAPES)}."),
        (wish.optimiser not in OPTIMISERS, f"There is no optimiser {wish.optimiser}. Fix: {' or '.join(OPTIMISERS)}."),
        (wish.schedule not in SCHEDULES, f"There is no schedule {wish.schedule}. Fix: {' or '.join(SCHEDULES)}."),
        (
            0 < context < wish.cleaning.context,
            f"The size {wish.size} reads {context} tokens a piece at most. Fix: give a --context of {context} or less.",
        ),
        (
            not all(0 < value < math.inf for value in (wish.passes, wish.minutes or 1.0)),
            "Passes and minutes are numbers above 0. Fix: give such a number.",
        ),
        (
            wish.minutes is not None and world.size > 1,
            "Minutes are for one process. Fix: say how often the text is to be read instead.",
        ),
        (elder and wish.kind == "encoder", "Only decoders learn from an elder. Fix: leave --elder out."),
        (out.exists() and not out.is_dir(), f"{out} is a file. Fix: give the name of a folder."),
        (
            world.first and _foreign(out),
            f"{out} holds other things. Fix: give the name of a new folder.",
        ),
    ):
        if bad:
            raise OptionError(message)
    for name in wish.weights.keys() - set(names):
        raise OptionError(f"A weight is given for {name}, which is no source. Fix: use one of {', '.join(names)}.")
    if elder:
        open_decoder(str(elder))
    for place in keep_out:
        next(evaluation_texts([place]), None)
    for path in texts:
        next(single_texts(path, text=wish.cleaning.column), None)


def _foreign(out: Path) -> bool:
    """Whether a folder holds something that no pretraining put there; a run may be killed while it writes the note."""
    if not out.is_dir() or (out / NOTE).exists():
        return False
    return any(path.name != LOCK and not path.name.startswith(f".{NOTE}.") for path in out.iterdir())
