"""From candidates with scores to the figures of a model: the threshold that suits it best, its probabilities, its F1.

Knows candidates and gold entities; does not know networks or texts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit

from danlu.evals.entities import f1
from danlu.text.entities import Candidates, decode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Gold = Sequence[NDArray[np.int64]]

GRID = tuple(float(step) for step in np.arange(-4.0, 3.01, 0.25))  # logits that are tried as thresholds
SMOOTH = (0.25, 0.5, 0.25)  # of a threshold's F1 and its neighbours': a single row decides less
STRENGTH = 1e-2  # of the pull of the scale towards 1 and of the shift towards 0, beside the mean loss
LEAST_P, MOST_P = 0.02, 0.98


@dataclass(frozen=True)
class Calibration:
    """What makes probabilities of logits, and from which probability on a stretch is an entity.

    Attributes:
        scale: logits are multiplied by it,
        shift: and this is added.
        threshold: of the probability.
        links: the same of relations; None where there are none.
    """

    scale: float
    shift: float
    threshold: float
    links: Calibration | None = None


def marks_of(found: Candidates, least: float, *, nested: bool) -> NDArray[np.int64]:
    """(entities, 3) of a text, at a threshold."""
    return found.places[decode(found, least, nested=nested)]


def right_found_real(found: Sequence[Candidates], gold: Gold, least: float, *, nested: bool) -> tuple[int, int, int]:
    """Entities found rightly, found, and there."""
    right = given = real = 0
    for each, marks in zip(found, gold, strict=True):
        got = {tuple(mark) for mark in marks_of(each, least, nested=nested).tolist()}
        wanted = {tuple(mark) for mark in marks.tolist()}
        right, given, real = right + len(got & wanted), given + len(got), real + len(wanted)
    return right, given, real


def threshold(found: Sequence[Candidates], gold: Gold, *, nested: bool) -> tuple[float, float]:
    """The logit from which on candidates are best taken, and the micro-F1 there; of equals the one nearest to zero."""
    return best_of(np.array([f1(*right_found_real(found, gold, least, nested=nested)) for least in GRID]))


def best_of(scores: NDArray[np.float64]) -> tuple[float, float]:
    """The threshold of the grid with the best F1, beside its neighbours, and that F1."""
    smooth = np.convolve(np.pad(scores, 1, mode="edge"), SMOOTH, "valid")
    best = min(range(len(GRID)), key=lambda i: (-round(float(smooth[i]), 4), abs(GRID[i])))
    return GRID[best], float(scores[best])


def calibrate(found: Sequence[Candidates], gold: Gold, least: float) -> Calibration:
    """Platt's scaling of logits (1999) by which of the candidates are entities; the threshold in probabilities.

    Args:
        found: candidates of rows that were not learned from.
        gold: their entities.
        least: the logit of the threshold.
    """
    logits = np.concatenate([each.logits for each in found] or [np.zeros(0, np.float32)]).astype(np.float64)
    truth = np.array(
        [
            tuple(place) in {tuple(mark) for mark in marks.tolist()}
            for each, marks in zip(found, gold, strict=True)
            for place in each.places.tolist()
        ],
        dtype=np.float64,
    )
    return scaled(logits, truth, least)


def scaled(logits: NDArray[np.float64], truth: NDArray[np.float64], least: float) -> Calibration:
    """Platt's scaling itself.

    Args:
        logits: (n,) of candidates.
        truth: (n,) 1 where they are what they are taken for.
        least: the logit of the threshold.
    """

    def cost(values: NDArray[np.float64]) -> float:
        signed = np.where(truth > 0, 1.0, -1.0) * (values[0] * logits + values[1])
        pull = STRENGTH * ((values[0] - 1) ** 2 + values[1] ** 2)
        return float(np.logaddexp(0, -signed).mean() if len(signed) else 0.0) + pull

    fitted = minimize(cost, np.array([1.0, 0.0]), method="L-BFGS-B", bounds=[(0.2, 4.0), (-4.0, 4.0)]).x
    scale, shift = round(float(fitted[0]), 4), round(float(fitted[1]), 4)
    probability = round(float(np.clip(expit(scale * least + shift), LEAST_P, MOST_P)), 4)
    return Calibration(scale, shift, probability)
