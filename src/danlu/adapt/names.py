"""Task form: texts matched to the names of their labels, no examples needed.

The base encoder places a label's name, or its description, beside the texts; how near a text lies, compared with how
near texts lie on average, is its score. One number is learned: how far to trust that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

from danlu.text.wording import wording

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["encode", "fit", "fit_apart", "predict", "predict_apart", "usual", "wording"]


def encode(
    text_vectors: NDArray[np.float32], name_vectors: NDArray[np.float32], reference: NDArray[np.float32]
) -> NDArray[np.float32]:
    """(texts, labels) similarity in standard deviations above each label's mean over the reference texts.

    Args:
        text_vectors: (texts, hidden).
        name_vectors: (labels, hidden).
        reference: (any, hidden) vectors of the task's own texts.
    """
    names = _unit(name_vectors - name_vectors.mean(0))
    usual = _unit(reference - reference.mean(0)) @ names.T
    return (_unit(text_vectors - reference.mean(0)) @ names.T - usual.mean(0)) / (usual.std(0) + 1e-6)


def _unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    return vectors / (np.linalg.norm(vectors, axis=1, keepdims=True) + 1e-6)


def fit(scores: NDArray[np.float32], truth: NDArray[np.int64], expected: float = 0.0, worth: float = 0.0) -> float:
    """The scale that makes the scores of labelled texts most likely; 0 trusts them not at all.

    Args:
        scores: (texts, labels).
        truth: (texts,) label indices.
        expected: the scale before any text is seen.
        worth: weight of the squared distance from it beside the log-likelihood of all texts.
    """
    rows = np.arange(len(truth))

    def cost(scale: float) -> float:
        likely = float(log_softmax(scores * scale, axis=1)[rows, truth].mean())
        return 1e-3 * scale - likely + worth / len(truth) * (scale - expected) ** 2

    found: Any = minimize_scalar(cost, bounds=(0.0, 8.0), method="bounded")
    return float(found.x)


def predict(scores: NDArray[np.float32], scale: float) -> NDArray[np.float32]:
    """(texts, labels) log-probabilities."""
    return np.asarray(log_softmax(scores * scale, axis=1), dtype=np.float32)


def usual(truth: NDArray[np.int64]) -> NDArray[np.float32]:
    """(labels,) log-odds of each label of texts that may have several, one more text on either side counted.

    Args:
        truth: (texts, labels), 1 where a label holds.
    """
    holds = truth.sum(0) + 1.0
    return np.asarray(np.log(holds) - np.log(len(truth) + 2 - holds), np.float32)


def fit_apart(scores: NDArray[np.float32], truth: NDArray[np.int64], bias: NDArray[np.float32]) -> float:
    """The scale for labels that are decisions of their own, as `fit`.

    Args:
        scores: (texts, labels).
        truth: (texts, labels), 1 where a label holds.
        bias: (labels,) as `usual` gives it.
    """

    def cost(scale: float) -> float:
        logits = scores * scale + bias
        return float((np.logaddexp(0, logits) - truth * logits).sum(1).mean()) + 1e-3 * scale

    found: Any = minimize_scalar(cost, bounds=(0.0, 8.0), method="bounded")
    return float(found.x)


def predict_apart(scores: NDArray[np.float32], scale: float, bias: NDArray[np.float32]) -> NDArray[np.float32]:
    """(texts, labels) log-probabilities that each label holds."""
    return np.asarray(-np.logaddexp(0, -(scores * scale + bias)), dtype=np.float32)
