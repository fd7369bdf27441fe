"""How near predicted scores come to true ones, and how sure one can be of it.

Knows arrays of scores; knows nothing of models, files or torch. Every figure is deterministic. Shapes: n rows.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from danlu.evals.metrics import bootstrap_interval, wilson
from danlu.text.score import COVERED, significant

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from danlu.types import Range

    FloatArray = npt.NDArray[np.floating[Any]]

NOISE = 1e-13  # of the largest score: what equal ones may lie from their mean by rounding
PARTS = 5  # of the range, whose errors are told apart
LEAST_ROWS = 4  # below which, drawn again, they say nothing of a correlation
LEAST_DEVIATION = 0.01  # of true scores, in shares of their range: below it R² has nothing to explain


def pearson(truth: FloatArray, predicted: FloatArray) -> float:
    """The correlation, -1 to 1, both (n,); 0 where either does not vary, as for fewer than two rows."""
    return float(np.dot(_direction(truth), _direction(predicted)))


def _direction(scores: FloatArray) -> npt.NDArray[np.float64]:
    """(n,) how far each lies from their mean, in shares of all that they do; zeros where they do not vary."""
    wide = scores.astype(np.float64)
    off = wide - wide.mean() if len(wide) else wide
    most = np.abs(off).max(initial=0.0)
    if most <= NOISE * np.abs(wide).max(initial=0.0):
        return np.zeros_like(wide)
    return off / most / np.linalg.norm(off / most)


def spearman(truth: FloatArray, predicted: FloatArray) -> float:
    """The correlation of ranks, -1 to 1; equal scores share the mean of their ranks (Spearman, 1904)."""
    return pearson(ranks(truth), ranks(predicted))


def ranks(scores: FloatArray) -> npt.NDArray[np.float64]:
    """(n,) ranks from 1, the mean of them where scores are equal."""
    _, level, count = np.unique(scores, return_inverse=True, return_counts=True)
    return (np.cumsum(count) - (count - 1) / 2.0)[level]


def mean_absolute_error(truth: FloatArray, predicted: FloatArray) -> float:
    """The mean distance, in the units of the scores."""
    return float(np.abs(truth - predicted).mean())


def root_mean_squared_error(truth: FloatArray, predicted: FloatArray) -> float:
    """The square root of the mean squared distance, in the units of the scores."""
    return math.sqrt(float(((truth - predicted) ** 2).mean()))


def determination(truth: FloatArray, predicted: FloatArray) -> float:
    """R², the share of the variance of true scores, in shares of their range, that predictions account for.

    1 is perfect, 0 is as good as their mean; it may be negative.
    """
    spread = max(float(np.var(truth.astype(np.float64))), LEAST_DEVIATION**2)
    return 1 - float(((truth.astype(np.float64) - predicted) ** 2).mean()) / spread


def margin_of(errors: FloatArray, share: float = COVERED) -> float:
    """How far from a prediction the true score lies at most in a share of the cases, by errors on rows held out.

    The rank is that of split conformal prediction (Lei et al., 2018): with as many rows, a new one is inside with at
    least that probability; with fewer than nine the largest error it is.

    Args:
        errors: (n,) distances, with or without sign, n at least 1.
        share: of the cases.
    """
    found = np.sort(np.abs(errors))
    return float(found[min(len(found), math.ceil((len(found) + 1) * share)) - 1])


def expected_correlation(correlation: float, n: int, more: int) -> tuple[float, float]:
    """The 95% interval of a rank correlation once more rows are measured, should it stay what it is.

    By Fisher's transform with the variance of Bonett and Wright (2000).

    Args:
        correlation: measured now.
        n: the rows it was measured on.
        more: the rows to be added to them.
    """
    middle = math.atanh(min(0.9999, max(-0.9999, correlation)))
    half = 1.96 * math.sqrt((1 + correlation**2 / 2) / max(1, n + more - 3))
    return math.tanh(middle - half), math.tanh(middle + half)


def fifths(truth: FloatArray, predicted: FloatArray, bounds: Range) -> list[dict[str, Any]]:
    """For each fifth of the range: from, to, n, and of the true scores in it bias (predicted less true) and mae.

    A score on an edge counts above it, one outside of the range in the fifth at that end.
    """
    edges = np.linspace(bounds[0], bounds[1], PARTS + 1)
    share = (truth.astype(np.float64) - bounds[0]) / (bounds[1] - bounds[0])
    part = np.clip(np.floor(PARTS * share + 1e-9), 0, PARTS - 1).astype(np.int64)
    errors = predicted - truth
    out: list[dict[str, Any]] = []
    for number in range(PARTS):
        mine = errors[part == number]
        told = {"bias": significant(mine.mean()), "mae": significant(np.abs(mine).mean())} if len(mine) else {}
        out.append(
            {"from": significant(edges[number], 10), "to": significant(edges[number + 1], 10), "n": len(mine), **told}
        )
    return out


def figures(truth: FloatArray, predicted: FloatArray, margin: float | FloatArray, bounds: Range) -> dict[str, Any]:
    """Every figure of one model on some rows, ready for JSON.

    Args:
        truth: (n,) in the user's units, n at least 1.
        predicted: (n,) likewise.
        margin: of the predictions, or (n,) one for each.
        bounds: the range of the scores.

    Returns:
        n; pearson and spearman, mae and rmse in the units of the scores, each with its 95% interval by bootstrap under
        the same name and 95, that of a correlation from -1 to 1 where there are fewer than four rows or either side
        does not vary; inside, the share of true scores within the margin, with Wilson's interval; and
        fifths. Rounded to 6 digits that matter.
    """
    statistics: dict[str, Callable[[FloatArray, FloatArray], float]] = {
        "pearson": pearson,
        "spearman": spearman,
        "mae": mean_absolute_error,
        "rmse": root_mean_squared_error,
    }
    out: dict[str, Any] = {"n": len(truth)}
    blind = len(truth) < LEAST_ROWS or not np.ptp(truth) or not np.ptp(predicted)
    for name, statistic in statistics.items():
        anything = blind and name in ("pearson", "spearman")
        interval = (-1.0, 1.0) if anything else bootstrap_interval(statistic, truth, predicted)
        out[name] = significant(statistic(truth, predicted))
        out[f"{name}95"] = [significant(edge) for edge in interval]
    inside = int((np.abs(truth - predicted) <= np.asarray(margin) + 1e-9 * (bounds[1] - bounds[0])).sum())
    out["inside"] = significant(inside / len(truth))
    out["inside95"] = [significant(edge) for edge in wilson(inside, len(truth))]
    return out | {"fifths": fifths(truth, predicted, bounds)}
