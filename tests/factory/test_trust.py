"""The general model is believed from the outset, and less where many rows contradict it."""

from __future__ import annotations

import numpy as np
import pytest

from danlu.factory.texts import Texts
from danlu.factory.trust import FAITH, faith_in


def believed(count, sure):
    """How far scores are believed that are right or, where `sure` is negative, wrong of so many texts."""
    truth = np.arange(count) % 2
    scores = sure * np.eye(2, dtype=np.float32)[truth] + np.random.default_rng(0).normal(size=(count, 2))
    texts = Texts(["text"] * count, truth, [], ("a", "b"), None)
    return faith_in(scores.astype(np.float32), texts, np.arange(count)).scale


def test_few_rows_hardly_move_it_and_many_do():
    assert believed(4, 0.0) == pytest.approx(FAITH, abs=0.3)
    assert believed(4, -0.5) > 0.1
    assert believed(2_000, 0.0) < 0.1
    assert believed(2_000, -3.0) < 0.01
    assert believed(2_000, 3.0) > 2 * FAITH


def test_where_nobody_labelled_a_text_it_is_believed_as_it_is():
    scores = np.random.default_rng(0).normal(size=(50, 3)).astype(np.float32)
    texts = Texts(["text"] * 50, np.zeros(50, np.int64), [], ("a", "b", "c"), None, guessed=True)
    assert faith_in(scores, texts, np.arange(50)).scale == pytest.approx(float(scores.std()))
