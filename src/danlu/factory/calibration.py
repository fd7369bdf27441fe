"""How the logits of a model become answers.

Knows numbers; does not know how they were chosen, nor the file that they are written into.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from danlu.types import Range


@dataclass(frozen=True)
class Calibration:
    """How the logits of a model become answers.

    Attributes:
        temperature: they are divided by it.
        abstain_below: answers with a lower probability are marked for a person.
        thresholds: (K,) from which on a label holds, where a text may have several; else none.
        range: of the scores, where texts are scored; else None.
        margin: how far from a score the true one lies in nine of ten cases, in its units.
    """

    temperature: float = 1.0
    abstain_below: float = 0.0
    thresholds: tuple[float, ...] = ()
    range: Range | None = None
    margin: float = 0.0


class Answering(Protocol):
    """What says how a task is answered: an exam, or the texts of a job."""

    @property
    def apart(self) -> bool:
        """Whether each label is a decision of its own."""
        ...

    @property
    def range(self) -> Range | None:
        """Of the scores, where texts are scored."""
        ...


def unsettled(labels: int, task: Answering, temperature: float = 1.0) -> Calibration:
    """The calibration of a model that is only to be measured: thresholds of a half, no margin, nothing for a person."""
    several = task.apart and task.range is None
    return Calibration(temperature, thresholds=(0.5,) * labels if several else (), range=task.range)
