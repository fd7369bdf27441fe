"""Thresholds and probabilities from candidates."""

from __future__ import annotations

import numpy as np
import pytest

from danlu.factory.extract_judge import calibrate, right_found_real, threshold
from danlu.text.entities import Candidates


def rows(seed=0, count=60):
    """Each row has one entity, whose logit is high, and a wrong candidate below 1."""
    draw = np.random.default_rng(seed)
    found, gold = [], []
    for _ in range(count):
        logits = np.array([draw.normal(2.5, 0.5), draw.normal(0.0, 0.5)], np.float32)
        order = np.argsort(-logits)
        found.append(Candidates(np.array([[0, 2, 0], [3, 5, 0]])[order], logits[order]))
        gold.append(np.array([[0, 2, 0]]))
    return found, gold


def test_the_threshold_parts_right_from_wrong():
    found, gold = rows()
    least, best = threshold(found, gold, nested=False)
    assert 0.5 <= least <= 2.0
    assert best > 0.95
    right, given, real = right_found_real(found, gold, least, nested=False)
    assert best == pytest.approx(2 * right / (given + real))


def test_without_evidence_the_threshold_stays_at_even_odds():
    assert threshold([Candidates.none()] * 3, [np.zeros((0, 3), np.int64)] * 3, nested=False) == (0.0, 0.0)
    assert calibrate([], [], 0.0) == calibrate([Candidates.none()], [np.zeros((0, 3), np.int64)], 0.0)


def test_probabilities_rise_with_the_logit_and_the_threshold_is_one():
    found, gold = rows()
    least, _ = threshold(found, gold, nested=False)
    fitted = calibrate(found, gold, least)
    assert fitted.scale > 0
    assert 0 < fitted.threshold < 1
    assert calibrate(found, gold, least + 1).threshold > fitted.threshold
