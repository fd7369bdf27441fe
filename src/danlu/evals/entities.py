"""How good extracted entities are: exact span and type, as seqeval counts them.

Knows sets of (start, end, type); knows nothing of models, files or torch. Shapes in the docstrings: n rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from danlu.evals.metrics import wilson

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    Entities = Iterable[tuple[int, int, str]]

_DIGITS = 6
_SAMPLES = 1000


def counts(truth: Sequence[Entities], found: Sequence[Entities], types: Sequence[str]) -> NDArray[np.int64]:
    """(n, types, 3) of each row and type: entities found rightly, found, and there.

    Args:
        truth: the entities of each row; one that stands twice counts once.
        found: those that a model gives.
        types: their order; an entity of another type is an error of the caller's.
    """
    index = {kind: i for i, kind in enumerate(types)}
    table = np.zeros((len(truth), len(types), 3), np.int64)
    for row, (real, given) in enumerate(zip(truth, found, strict=True)):
        wanted, got = set(real), set(given)
        for column, part in enumerate((wanted & got, got, wanted)):
            for _, _, kind in part:
                table[row, index[kind], column] += 1
    return table


def f1(right: float, found: float, real: float) -> float:
    """Twice the right ones over the found and the real ones; 0 where there are none of either."""
    return 2.0 * right / (found + real) if found + real else 0.0


def micro(table: NDArray[np.int64]) -> dict[str, float]:
    """Precision, recall and F1 of all rows and types together; a ratio whose denominator is zero counts as 0."""
    right, found, real = (int(part) for part in table.sum((0, 1)))
    return {"f1": f1(right, found, real), "precision": right / max(found, 1), "recall": right / max(real, 1)}


def interval(table: NDArray[np.int64], samples: int = _SAMPLES, seed: int = 0) -> tuple[float, float]:
    """The 95% percentile interval of the micro-F1, by drawing rows with replacement (Efron 1979); rows, not entities.

    Without a single mistake drawing shows no spread: then it reaches down to Wilson's bound of so many right ones.

    Args:
        table: (n, types, 3), n at least 1.
        samples: how many times the rows are drawn.
        seed: of the draws.
    """
    right, found, real = table.sum((0, 1)).tolist()
    if right == found == real:
        return wilson(real, real)[0], 1.0
    rows = table.sum(1).astype(np.float64)
    draw = np.random.default_rng(seed)
    often = np.stack([np.bincount(draw.integers(0, len(rows), len(rows)), minlength=len(rows)) for _ in range(samples)])
    sums = often @ rows
    values = 2 * sums[:, 0] / np.maximum(sums[:, 1] + sums[:, 2], 1)
    low, high = np.percentile(values, [2.5, 97.5])
    return float(low), float(high)


def summary(truth: Sequence[Entities], found: Sequence[Entities], types: Sequence[str]) -> dict[str, Any]:
    """Every figure of one model on one set of rows, ready for JSON.

    Args:
        truth: the entities of each of n rows, n at least 1.
        found: those that a model gives.
        types: their names.

    Returns:
        n rows, entities, f1, precision, recall (micro, exact span and type), interval95 of the F1 (bootstrap over
        rows), and per_type (type, f1, precision, recall, n entities); shares in 0..1, rounded to 6 digits.
    """
    if not len(truth):
        raise ValueError("cannot measure no rows")
    table = counts(truth, found, types)
    per_type = [
        {"type": kind, **_rounded(micro(table[:, i : i + 1])), "n": int(table[:, i, 2].sum())}
        for i, kind in enumerate(types)
    ]
    return {
        "n": len(truth),
        "entities": int(table[:, :, 2].sum()),
        **_rounded(micro(table)),
        "interval95": [round(edge, _DIGITS) for edge in interval(table)],
        "per_type": per_type,
    }


def _rounded(figures: dict[str, float]) -> dict[str, float]:
    return {name: round(value, _DIGITS) for name, value in figures.items()}
