"""Task form: how near an option lies to its question, or one text to another, and nothing else of them.

The cosines of both sides, as each encoder sees them, what the general model says of the option where it is asked, and a
logistic curve: three to five numbers, which a few dozen questions can tell where they cannot tell which of a thousand
products of numbers mean anything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import log_softmax

from danlu.evals.several import log_sigmoid
from danlu.models.pair import cosine_place
from danlu.train.regression import Linear, softmax_regression

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from danlu.types import Pairing, Truth

STRENGTH = 1.0


def encode(
    *comparisons: NDArray[np.float32] | None,
    said: NDArray[np.float32] | None = None,
    pairing: Pairing = "ordered",
) -> NDArray[np.float32]:
    """(pairs, encoders) the cosine in each of some (pairs, comparison); None is left out.

    A comparison (`danlu.models.pair.compare`) is scaled to unit length, its cosine with it.

    Args:
        comparisons: of each encoder.
        said: (pairs, any) logits by the general model, as many more columns, or None.
        pairing: of the pairs.
    """
    found = [vectors[:, cosine_place(vectors.shape[1], pairing)] for vectors in comparisons if vectors is not None]
    columns = np.stack(found, 1)
    return columns if said is None else np.concatenate([columns, said], 1)


def fit(scores: NDArray[np.float32], truth: Truth) -> Linear:
    """The logistic curve of (pairs, encoders) cosines that makes the labels, or the scores, of pairs most likely.

    Args:
        scores: of labelled pairs.
        truth: (pairs,) 0 where the option is right, else 1; or (pairs, 1) scores, from 0 to 1.
    """
    mean, deviation = scores.mean(0), scores.std(0) + 1e-6
    targets, apart = (truth, True) if truth.ndim == 2 else (np.eye(2)[truth], False)
    head = softmax_regression((scores - mean) / deviation, targets, strength=STRENGTH, apart=apart)
    weight = head.weight / deviation[:, None]
    return Linear(weight.astype(np.float32), (head.bias - mean @ weight).astype(np.float32))


def predict(scores: NDArray[np.float32], head: Linear) -> NDArray[np.float32]:
    """(pairs, 2) log-probabilities of right and wrong; of scores, (pairs, 1) those of the decision that a score is."""
    logits = head.logits(scores)
    return np.asarray(log_softmax(logits, axis=1) if logits.shape[1] > 1 else log_sigmoid(logits), dtype=np.float32)
