"""Which unlabelled texts a round of self-training learns from: the surest, evenly over what they are believed to be.

Knows what forms believe of texts; knows nothing of the texts themselves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

FIFTHS = 5  # parts of the predicted scores, as many texts in each


def admit_several(odds: NDArray[np.float64], votes: Sequence[NDArray[np.float32]], share: float) -> NDArray[np.int64]:
    """Indices of the texts to learn from: those all of whose decisions are sure, and agreed on by half of the forms.

    The same share is taken of the texts of each label, a text counting for its most probable one, and of those that
    seem to have none.

    Args:
        odds: (texts, K) calibrated, of the pooled forms.
        votes: (texts, K) of each form.
        share: of the texts of each label.
    """
    decided = odds > 0
    agreeing = (np.mean([(vote > np.log(0.5)) == decided for vote in votes], axis=0) >= 0.5).all(1)
    sure = np.abs(odds).min(1)
    label = np.where(decided.any(1), odds.argmax(1), odds.shape[1])
    groups = [np.flatnonzero((label == k) & agreeing) for k in np.unique(label)]
    return _surest(groups, sure, share)


def admit(
    log_probability: NDArray[np.float64], votes: Sequence[NDArray[np.float32]], share: float
) -> NDArray[np.int64]:
    """Indices of the texts to learn from: the most confident `share` of each predicted label, where forms agree.

    Args:
        log_probability: (texts, K) calibrated, of the pooled forms.
        votes: (texts, K) of each form; at least half of them must name the pooled label.
        share: of each label's texts; taking the same share of each keeps the labels balanced as they occur.
    """
    label = log_probability.argmax(1)
    agreeing = np.mean([vote.argmax(1) == label for vote in votes], axis=0) >= 0.5
    confidence = log_probability.max(1)
    groups = [np.flatnonzero((label == k) & agreeing) for k in np.unique(label)]
    return _surest(groups, confidence, share)


def admit_scores(odds: NDArray[np.float64], votes: Sequence[NDArray[np.float32]], share: float) -> NDArray[np.int64]:
    """Indices of the texts to learn from: those on whose score the forms agree best, the same share of every fifth.

    Args:
        odds: (texts, 1) log-odds of the pooled forms.
        votes: (texts, 1) log-probabilities of each form.
        share: of the texts of each fifth.
    """
    spread = np.std([np.exp(vote[:, 0]) for vote in votes], axis=0)
    fifths = np.array_split(np.argsort(odds[:, 0], kind="stable"), FIFTHS)
    return _surest(fifths, -spread, share)


def _surest(
    groups: Sequence[NDArray[np.int64]], sureness: NDArray[np.floating[Any]], share: float
) -> NDArray[np.int64]:
    """The surest share of each group of texts, one at least where it has any, in ascending order."""
    chosen = [np.zeros(0, np.int64)]
    for mine in groups:
        order = mine[np.argsort(-sureness[mine], kind="stable")]
        chosen.append(order[: max(1, round(share * len(mine)))])
    return np.sort(np.concatenate(chosen))
