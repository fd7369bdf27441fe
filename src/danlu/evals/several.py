"""Several labels for one text: each label of each text is a decision of its own.

Knows tables of what is true and of probabilities; knows nothing of models, files or torch. A decision is also a row of
two columns, holds and does not hold, so whatever pools, scores or calibrates distributions does so with decisions.

Shapes: n texts, k labels; `truth` is (n, k), 1 where a label holds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from danlu.evals.metrics import bootstrap_interval, expected_calibration_error, wilson

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    IntArray = npt.NDArray[np.integer[Any]]
    BoolArray = npt.NDArray[np.bool_]
    FloatArray = npt.NDArray[np.floating[Any]]

_SMALLEST = 1e-7  # a probability is at least this, and at most 1 minus this
SHRINKAGE = 20.0  # positive rows from which on a label's own threshold counts more than the common one
LEAST_THRESHOLD, MOST_THRESHOLD = 0.02, 0.98


def log_sigmoid(scores: FloatArray) -> FloatArray:
    """The logarithm of 1 / (1 + exp(-score)), of any shape."""
    return -np.logaddexp(0.0, -scores)


def log_odds(log_probabilities: FloatArray) -> npt.NDArray[np.float64]:
    """(n, k) logarithms of probabilities to the logarithms of the odds, between -16 and 16."""
    shares = np.clip(np.exp(log_probabilities.astype(np.float64)), _SMALLEST, 1 - _SMALLEST)
    return np.log(shares) - np.log1p(-shares)


def as_rows(odds: FloatArray) -> npt.NDArray[np.float64]:
    """(n, k) log-odds to the (n * k, 2) log-probabilities of holding and of not holding."""
    flat = odds.astype(np.float64).ravel()
    return np.stack([-np.logaddexp(0.0, -flat), -np.logaddexp(0.0, flat)], 1)


def as_logits(odds: FloatArray) -> npt.NDArray[np.float64]:
    """(n, k) log-odds to (n * k, 2) logits, for those who divide them by a temperature."""
    flat = odds.astype(np.float64).ravel()
    return np.stack([flat, np.zeros_like(flat)], 1)


def as_targets(shares: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """(n, k) probabilities, or truth, to the (n * k, 2) distributions over holding and not holding."""
    flat = shares.astype(np.float64).ravel()
    return np.stack([flat, 1 - flat], 1)


def brier(truth: IntArray, probabilities: FloatArray) -> float:
    """The mean squared distance of a decision's probability from what is true, 0 to 1."""
    return float(np.mean((probabilities.astype(np.float64) - truth) ** 2))


def micro_f1(truth: npt.NDArray[Any], decided: npt.NDArray[Any]) -> float:
    """F1 over all decisions at once, both (n, k); 1 where there is nothing to find and nothing was said."""
    both = float((truth.astype(np.float64) * decided).sum())
    size = float(truth.sum() + decided.sum())
    return 2 * both / size if size else 1.0


def macro_f1(truth: npt.NDArray[Any], decided: npt.NDArray[Any]) -> float:
    """The mean F1 of the labels that hold, or are said to hold, somewhere; both (n, k)."""
    both = (truth.astype(bool) & decided.astype(bool)).sum(0)
    size = truth.astype(np.int64).sum(0) + decided.astype(np.int64).sum(0)
    present = size > 0
    return float(np.mean(2.0 * both[present] / size[present])) if present.any() else 1.0


def exact(truth: npt.NDArray[Any], decided: npt.NDArray[Any]) -> float:
    """The share of texts all of whose decisions are right; both (n, k)."""
    return float((truth.astype(bool) == decided.astype(bool)).all(1).mean())


def sureness(probabilities: FloatArray, decided: BoolArray) -> npt.NDArray[np.float64]:
    """(n,) the probability of each text's least certain decision."""
    return np.where(decided, probabilities, 1 - probabilities).astype(np.float64).min(1)


def thresholds(truth: IntArray, probabilities: FloatArray) -> npt.NDArray[np.float64]:
    """(k,) the probability from which on a label is said to hold, chosen for F1 on texts that were held out.

    One threshold for all labels comes first, then that of each label by itself; a label with few rows that hold stays
    near the common one, since a few rows put its own almost anywhere.

    Args:
        truth: (n, k), n at least 1.
        probabilities: (n, k) calibrated.
    """
    every = truth.ravel().astype(bool)
    common = _best(probabilities.ravel().astype(np.float64), every)
    own = np.array(
        [_best(probabilities[:, k].astype(np.float64), truth[:, k].astype(bool)) for k in range(len(truth.T))]
    )
    rows = truth.sum(0)
    mixed = (rows * own + SHRINKAGE * common) / (rows + SHRINKAGE)
    return np.round(np.clip(mixed, LEAST_THRESHOLD, MOST_THRESHOLD), 6)


def _best(probabilities: npt.NDArray[np.float64], truth: BoolArray) -> float:
    """The middle between the lowest probability that is to be said, for the best F1, and the next one; 0.5 of none."""
    positives = int(truth.sum())
    if not positives:
        return 0.5
    order = np.argsort(-probabilities, kind="stable")
    ranked = probabilities[order]
    score = 2 * np.cumsum(truth[order]) / (np.arange(1, len(order) + 1) + positives)
    last = np.append(ranked[1:] < ranked[:-1], True)  # equal probabilities are said together
    place = int(np.argmax(np.where(last, score, -1.0)))
    below = ranked[place + 1] if place + 1 < len(ranked) else 0.0
    return float((ranked[place] + below) / 2)


def per_label(truth: IntArray, decided: BoolArray) -> list[dict[str, float]]:
    """Precision, recall, F1 and number of texts of each label, in the order of the labels.

    A ratio whose denominator is zero counts as 0.
    """
    right = (truth.astype(bool) & decided).sum(0)
    found, said = truth.astype(np.int64).sum(0), decided.sum(0)
    return [
        {
            "precision": float(right[k] / max(said[k], 1)),
            "recall": float(right[k] / max(found[k], 1)),
            "f1": float(2 * right[k] / max(found[k] + said[k], 1)),
            "n": int(found[k]),
        }
        for k in range(truth.shape[1])
    ]


def figures(truth: IntArray, probabilities: FloatArray, decided: BoolArray, labels: Sequence[str]) -> dict[str, Any]:
    """Every figure of one model on some texts, ready for JSON.

    Args:
        truth: (n, k), n at least 1.
        probabilities: (n, k), columns in the order of `labels`.
        decided: (n, k), whether the model says that the label holds.
        labels: the k names.

    Returns:
        n; micro_f1, macro_f1 and exact, each with its interval under the same name and 95 (bootstrap over texts, and
        Wilson's for exact); ece, of decisions; labels_per_text, true and said; and per_label (label, precision, recall,
        f1, n). Shares in 0..1, rounded to 6 digits.
    """
    n, share, said = len(truth), exact(truth, decided), decided.astype(np.int64)
    yes = np.stack([1 - probabilities.ravel(), probabilities.ravel()], 1)
    return {
        "n": n,
        "micro_f1": _round(micro_f1(truth, decided)),
        "micro_f195": [_round(edge) for edge in bootstrap_interval(micro_f1, truth, said)],
        "macro_f1": _round(macro_f1(truth, decided)),
        "macro_f195": [_round(edge) for edge in bootstrap_interval(macro_f1, truth, said)],
        "exact": _round(share),
        "exact95": [_round(edge) for edge in wilson(share * n, n)],
        "ece": _round(expected_calibration_error(truth.ravel(), yes)),
        "labels_per_text": {"true": _round(truth.sum() / n), "said": _round(decided.sum() / n)},
        "per_label": [
            {"label": label} | {key: value if key == "n" else _round(value) for key, value in row.items()}
            for label, row in zip(labels, per_label(truth, decided), strict=True)
        ],
    }


def _round(value: float) -> float:
    return round(float(value), 6)
