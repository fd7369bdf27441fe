"""What vectors of sentences are worth, frozen: no encoder is trained, nothing is tuned on a test set.

Knows vectors and labels; knows neither models nor files.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Vectors = NDArray[np.float32]
    Numbers = NDArray[np.floating[Any]]


def cosines(first: Vectors, second: Vectors) -> NDArray[np.float64]:
    """(pairs,) similarities of two lists of vectors, each (pairs, width)."""
    scale = np.linalg.norm(first, axis=1) * np.linalg.norm(second, axis=1)
    return (first * second).sum(1) / np.maximum(scale, 1e-12)


def rank_correlation(similar: Numbers, wanted: Numbers) -> float:
    """Spearman's, of similarities with what people said."""
    from scipy.stats import spearmanr

    return float(spearmanr(similar, wanted).statistic)  # pyright: ignore[reportAttributeAccessIssue] - the stub errs


def best_threshold(similar: Numbers, same: NDArray[np.bool_]) -> float:
    """The similarity from which on 'same' is right most often; the lowest of equals."""
    order = np.argsort(similar, kind="stable")
    ordered, truth = similar[order], same[order]
    # right[i]: what is right if everything before i is called different
    right = np.concatenate([[0], np.cumsum(~truth)]) + np.concatenate([np.cumsum(truth[::-1])[::-1], [0]])
    possible = np.concatenate([[True], ordered[1:] > ordered[:-1], [True]])
    best = int(np.argmax(np.where(possible, right, -1)))
    return float(ordered[best]) if best < len(ordered) else float("inf")


def threshold_accuracy(
    train: Numbers, train_same: NDArray[np.bool_], test: Numbers, test_same: NDArray[np.bool_]
) -> float:
    """Accuracy on test pairs of the threshold that is best on training pairs."""
    return float(((test >= best_threshold(train, train_same)) == test_same).mean())


def linear_accuracy(train: Vectors, labels: Sequence[str], test: Vectors, test_labels: Sequence[str]) -> float:
    """Accuracy of logistic regression (C = 10, unit vectors) on frozen vectors."""
    from sklearn.linear_model import LogisticRegression

    head = LogisticRegression(C=10, max_iter=500).fit(train, list(labels))
    return float(head.score(test, list(test_labels)))
