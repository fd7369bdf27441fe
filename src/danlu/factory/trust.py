"""How far two voices are believed that knew the labels before any row was labelled: their names, and the general model.

Knows scores and what people said; does not know where the scores come from.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from danlu.adapt import names
from danlu.factory.general import standing_out

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from danlu.factory.texts import Texts
    from danlu.types import Truth

FAITH, FAITH_WORTH = 0.7, 3.0  # in the general model before any row has judged it, and how hard it is to move


@dataclass(frozen=True)
class Trust:
    """How far what labels say is believed.

    Attributes:
        scale: of the likeness of a text to a name; 0 not at all.
        bias: (labels,) the usual log-odds of each label, where a text may have several; else None.
    """

    scale: float
    bias: NDArray[np.float32] | None = None

    def votes(self, scores: NDArray[np.float32]) -> NDArray[np.float32]:
        """(texts, labels) log-probabilities of likenesses."""
        if self.bias is None:
            return names.predict(scores, self.scale)
        return names.predict_apart(scores, self.scale, self.bias)


def trust_in_names(scores: NDArray[np.float32], truth: Truth) -> Trust:
    """The trust that makes the labels of some texts most likely.

    Args:
        scores: (texts, labels) likeness to the names.
        truth: of the texts.
    """
    if truth.ndim == 1:
        return Trust(names.fit(scores, truth))
    bias = names.usual(truth)
    return Trust(names.fit_apart(scores, truth, bias), bias)


def faith_in(chosen: NDArray[np.float32], texts: Texts, rows: NDArray[np.int64]) -> Trust:
    """The trust in the general model that some labelled rows ask for; where nobody labelled any, that in itself.

    It has no scores where a text may have several labels, or a score.

    Args:
        chosen: (rows, labels) its scores.
        texts: labelled and pool texts.
        rows: the labelled ones that are asked.
    """
    if texts.guessed:
        return Trust(float(chosen.std()))  # `standing_out` divides by it
    above = standing_out(chosen, chosen)[rows]
    return Trust(names.fit(above, texts.truth[rows], FAITH, FAITH_WORTH))
