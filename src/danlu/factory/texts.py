"""The texts that a teacher learns from, and what people said of them.

Knows rows and labels; does not know who learns.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from danlu.text.pair import pairing_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from danlu.evals.questions import Questions
    from danlu.types import Pairing, Range, Truth


@dataclass(frozen=True)
class Texts:
    """The texts that the teacher learns from.

    Attributes:
        labelled: the training texts.
        truth: (labelled,) their label indices; (labelled, K), 1 where a label holds, where a text may have several;
            (labelled, 1) their places in the range of scores, from 0 to 1.
        pool: unlabelled texts of the loop.
        labels: names, in the order of the indices.
        wording: what each label says in words, or None.
        questions: where texts are pairs of a question and an option: which belong together, the pool included.
        guessed: whether nobody labelled the texts: they are unlabelled ones, and their truth is what the general model
            finds likeliest.
        range: of the scores, where texts are scored; else None.
    """

    labelled: list[str]
    truth: Truth
    pool: list[str]
    labels: tuple[str, ...]
    wording: list[str] | None
    questions: Questions | None = None
    guessed: bool = False
    range: Range | None = None

    @property
    def apart(self) -> bool:
        """Whether each label is a decision of its own: where a text may have several, and of scores."""
        return self.truth.ndim == 2

    @property
    def several(self) -> bool:
        """Whether a text may have several labels."""
        return self.apart and self.range is None

    @property
    def compared(self) -> Pairing | None:
        """How texts are paired where their nearness by itself tells something: questions and options, scored pairs."""
        return pairing_of(self.labelled) if self.questions is not None or self.range is not None else None

    @property
    def targets(self) -> NDArray[np.float32]:
        """(labelled, K), 1 at the labels of each text."""
        return targets_of(self.truth, len(self.labels))

    @property
    def rows(self) -> list[str]:
        """Labelled texts, then the pool."""
        return self.labelled + self.pool

    @property
    def learned(self) -> list[str]:
        """The rows, then what each label says in words, where it says something."""
        return self.rows + (self.wording or [])


def targets_of(truth: Truth, labels: int) -> NDArray[np.float32]:
    """(texts, K), 1 at the labels of each text, of label indices or of what is such a table already."""
    return truth.astype(np.float32) if truth.ndim == 2 else np.eye(labels, dtype=np.float32)[truth]
