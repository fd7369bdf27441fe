"""Task form: how near an option lies to its question, and nothing else of them.

The cosines of both sides, as each encoder sees them, what the general model says of the option where it is asked, and a
logistic curve: three to five numbers, which a few dozen questions can tell where they cannot tell which of a thousand
products of numbers mean anything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import log_softmax

from danlu.train.regression import Linear, softmax_regression

if TYPE_CHECKING:
    from numpy.typing import NDArray

STRENGTH = 1.0


def encode(*comparisons: NDArray[np.float32] | None, said: NDArray[np.float32] | None = None) -> NDArray[np.float32]:
    """(pairs, encoders) the cosine in each of some (pairs, comparison) of ordered pairs; None is left out.

    A comparison has products, distances, the cosine and differences, in that order (`danlu.models.pair.compare`), and
    is scaled to unit length, its cosine with it.

    Args:
        comparisons: of each encoder.
        said: (pairs, 1) logits of the options by the general model, one more column, or None.
    """
    found = [vectors[:, 2 * (vectors.shape[1] - 1) // 3] for vectors in comparisons if vectors is not None]
    columns = np.stack(found, 1)
    return columns if said is None else np.concatenate([columns, said], 1)


def fit(scores: NDArray[np.float32], truth: NDArray[np.int64]) -> Linear:
    """The logistic curve of (pairs, encoders) cosines that makes the labels of pairs most likely.

    Args:
        scores: of labelled pairs.
        truth: (pairs,) 0 where the option is right, else 1.
    """
    mean, deviation = scores.mean(0), scores.std(0) + 1e-6
    head = softmax_regression((scores - mean) / deviation, np.eye(2)[truth], strength=STRENGTH)
    weight = head.weight / deviation[:, None]
    return Linear(weight.astype(np.float32), (head.bias - mean @ weight).astype(np.float32))


def predict(scores: NDArray[np.float32], head: Linear) -> NDArray[np.float32]:
    """(pairs, 2) log-probabilities of right and wrong."""
    return np.asarray(log_softmax(head.logits(scores), axis=1), dtype=np.float32)
