"""How good predictions are, and how sure one can be of it.

Knows integer labels and probability matrices; knows nothing of models, files or torch. Shapes in the docstrings:
n rows, k labels. Every figure is deterministic: the same arrays give the same digits.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy.typing as npt

    IntArray = npt.NDArray[np.integer[Any]]
    FloatArray = npt.NDArray[np.floating[Any]]

_SMALLEST = 1e-12  # a probability of zero costs 27.6 nats, not infinity
_COLDEST, _HOTTEST = 0.05, 20.0
_DIGITS = 6


def accuracy(truth: IntArray, predicted: IntArray) -> float:
    """The share of rows predicted right; both arrays (n,), n at least 1."""
    _check(truth, predicted)
    return float(np.mean(truth == predicted))


def macro_f1(truth: IntArray, predicted: IntArray) -> float:
    """The mean F1 over the labels that occur in the truth or in the predictions, both (n,), n at least 1."""
    _check(truth, predicted)
    k = int(max(truth.max(), predicted.max())) + 1
    right = np.bincount(truth[truth == predicted], minlength=k)
    seen = np.bincount(truth, minlength=k) + np.bincount(predicted, minlength=k)
    present = seen > 0
    return float(np.mean(2.0 * right[present] / seen[present]))


def per_label(truth: IntArray, predicted: IntArray, k: int) -> list[dict[str, float]]:
    """Precision, recall, F1 and number of true rows of each of the k labels, in the order of the labels.

    A ratio whose denominator is zero counts as 0.
    """
    table = confusion(truth, predicted, k)
    right, true_rows, predicted_rows = np.diag(table), table.sum(axis=1), table.sum(axis=0)
    return [
        {
            "precision": float(right[label] / max(predicted_rows[label], 1)),
            "recall": float(right[label] / max(true_rows[label], 1)),
            "f1": float(2 * right[label] / max(true_rows[label] + predicted_rows[label], 1)),
            "n": int(true_rows[label]),
        }
        for label in range(k)
    ]


def confusion(truth: IntArray, predicted: IntArray, k: int) -> npt.NDArray[np.int64]:
    """How often each label was taken for each: a (k, k) table of counts, [true, predicted]."""
    return np.bincount(truth.astype(np.int64) * k + predicted, minlength=k * k).reshape(k, k)


def expected_calibration_error(truth: IntArray, probabilities: FloatArray, bins: int = 15) -> float:
    """The mean distance between confidence and accuracy, over bins of equal mass.

    Equal mass rather than equal width, so that no bin is nearly empty (Nixon et al. 2019, "Measuring calibration in
    deep learning", section 3). Rows of equal confidence share their mean accuracy, so the order of the rows is of no
    account.

    Args:
        truth: (n,) labels, n at least 1.
        probabilities: (n, k).
        bins: at most this many; never more than rows.

    Returns:
        The error, 0..1.
    """
    _check(truth, probabilities)
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == truth
    levels, level, counts = np.unique(confidence, return_inverse=True, return_counts=True)
    accuracy_at_level = np.bincount(level, weights=right, minlength=levels.size) / counts
    gaps = np.sort(confidence) - np.repeat(accuracy_at_level, counts)
    return float(sum(abs(part.sum()) for part in np.array_split(gaps, min(bins, gaps.size))) / gaps.size)


def negative_log_likelihood(truth: IntArray, probabilities: FloatArray) -> float:
    """The mean of -log p(true label), in nats; truth (n,), probabilities (n, k); zeros are clipped to 1e-12."""
    _check(truth, probabilities)
    return float(-np.mean(np.log(np.maximum(probabilities[np.arange(truth.size), truth], _SMALLEST))))


def brier(truth: IntArray, probabilities: FloatArray) -> float:
    """The mean squared distance to the one-hot truth, 0 to 2 (Brier, 1950); truth (n,), probabilities (n, k)."""
    _check(truth, probabilities)
    wrong = np.array(probabilities, dtype=np.float64)
    wrong[np.arange(truth.size), truth] -= 1
    return float(np.mean(np.sum(wrong**2, axis=1)))


def softmax(logits: FloatArray, temperature: float = 1.0) -> FloatArray:
    """Turns logits (n, k) into probabilities (n, k), dividing the logits by a temperature first."""
    scaled = (logits - logits.max(axis=-1, keepdims=True)) / temperature
    powers = np.exp(scaled)
    return powers / powers.sum(axis=-1, keepdims=True)


def wilson(successes: float, n: float, z: float = 1.96) -> tuple[float, float]:
    """The score interval of a proportion (Wilson 1927), which stays honest at few rows and near 0 and 1.

    Args:
        successes: how often it happened.
        n: out of how many; with none at all the interval is (0, 1).
        z: the normal quantile; 1.96 gives 95%.
    """
    if n <= 0:
        return 0.0, 1.0
    share, spread = successes / n, z * z / n
    centre = (share + spread / 2) / (1 + spread)
    half = z * math.sqrt(share * (1 - share) / n + spread / (4 * n)) / (1 + spread)
    return max(0.0, centre - half), min(1.0, centre + half)


def expected_half_width(accuracy: float, n: int, more: int) -> float:
    """How wide the 95% interval will be once more rows are measured, should the accuracy stay what it is.

    Args:
        accuracy: the accuracy measured now, 0..1.
        n: the rows it was measured on.
        more: the rows to be added to them.

    Returns:
        Half the width of the Wilson interval on the scale of the accuracy: 0.03 is plus or minus 3 points.
    """
    low, high = wilson(accuracy * (n + more), n + more)
    return (high - low) / 2


def bootstrap_interval(
    statistic: Callable[[Any, Any], float],
    truth: npt.NDArray[Any],
    predicted: npt.NDArray[Any],
    samples: int = 1000,
    seed: int = 0,
) -> tuple[float, float]:
    """The 95% percentile interval of any statistic, by drawing rows with replacement (Efron 1979).

    Blind where nothing varies: without a single mistake it has no width. Use `wilson` for plain shares.

    Args:
        statistic: of (truth, predicted), each (n,); called once a sample, so keep it vectorised.
        truth: (n,) labels or scores, n at least 1; or (n, k) decisions, both.
        predicted: (n,) labels or scores.
        samples: how many times the rows are drawn.
        seed: of the draws.
    """
    _check(truth, predicted)
    draw = np.random.default_rng(seed)
    values = np.empty(samples)
    for sample in range(samples):
        rows = draw.integers(0, len(truth), len(truth))
        values[sample] = statistic(truth[rows], predicted[rows])
    low, high = np.percentile(values, [2.5, 97.5])
    return float(low), float(high)


def fit_temperature(logits: FloatArray, truth: IntArray) -> float:
    """The temperature whose softmax gives the truth the lowest negative log-likelihood (Guo et al. 2017, section 4.2).

    The likelihood is convex in 1/t, hence has a single valley in log t: golden-section search finds it.

    Args:
        logits: (n, k), n at least 1.
        truth: (n,) labels.

    Returns:
        A temperature in 0.05..20; 1 where no other is better.
    """
    _check(truth, logits)
    shifted = (logits - logits.max(axis=1, keepdims=True)).astype(np.float64)
    true_logits = shifted[np.arange(truth.size), truth]

    def loss(log_t: float) -> float:
        t = math.exp(log_t)
        return float(np.mean(np.log(np.exp(shifted / t).sum(axis=1)) - true_logits / t))

    best = _golden_section(loss, math.log(_COLDEST), math.log(_HOTTEST))
    return math.exp(best) if loss(best) < loss(0.0) else 1.0


def summary(truth: IntArray, probabilities: FloatArray, labels: Sequence[str]) -> dict[str, Any]:
    """Every figure of one model on one set of rows, ready for JSON.

    Args:
        truth: (n,) labels, n at least 1.
        probabilities: (n, k), columns in the order of `labels`.
        labels: the k names.

    Returns:
        n, accuracy, accuracy95 (Wilson), macro_f1, macro_f195 (bootstrap), ece, nll, per_label (label, precision,
        recall, f1, n) and confusion [true][predicted]; shares in 0..1, rounded to 6 digits.
    """
    predicted = probabilities.argmax(axis=1)
    k, n = len(labels), int(truth.size)
    share = accuracy(truth, predicted)
    return {
        "n": n,
        "accuracy": _round(share),
        "accuracy95": [_round(edge) for edge in wilson(share * n, n)],
        "macro_f1": _round(macro_f1(truth, predicted)),
        "macro_f195": [_round(edge) for edge in bootstrap_interval(macro_f1, truth, predicted)],
        "ece": _round(expected_calibration_error(truth, probabilities)),
        "nll": _round(negative_log_likelihood(truth, probabilities)),
        "per_label": [
            {"label": label} | {key: value if key == "n" else _round(value) for key, value in row.items()}
            for label, row in zip(labels, per_label(truth, predicted, k), strict=True)
        ],
        "confusion": confusion(truth, predicted, k).tolist(),
    }


def _check(truth: npt.NDArray[Any], other: npt.NDArray[Any]) -> None:
    """Refuses what cannot be measured: no rows, or two arrays of different lengths."""
    if truth.size == 0 or truth.shape[0] != other.shape[0]:
        raise ValueError(f"cannot measure {truth.shape[0]} true labels against {other.shape[0]} predictions")


def _golden_section(function: Callable[[float], float], low: float, high: float) -> float:
    """The minimum of a function with a single valley, to 1e-6 (Kiefer 1953)."""
    ratio = (math.sqrt(5) - 1) / 2
    left, right = high - ratio * (high - low), low + ratio * (high - low)
    at_left, at_right = function(left), function(right)
    while high - low > 1e-6:
        if at_left < at_right:
            high, right, at_right = right, left, at_left
            left = high - ratio * (high - low)
            at_left = function(left)
        else:
            low, left, at_left = left, right, at_right
            right = low + ratio * (high - low)
            at_right = function(right)
    return (low + high) / 2


def _round(value: float) -> float:
    return round(float(value), _DIGITS)
