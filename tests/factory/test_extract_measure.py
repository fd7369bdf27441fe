"""Which rows an extraction is chosen and measured by."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from danlu.factory.extract_judge import Calibration
from danlu.factory.extract_measure import SMALLEST_EXAM, held_back, honest, measure
from danlu.factory.extract_stages import Context, Judged, Taught
from danlu.text.entities import Candidates


@pytest.mark.parametrize("train", [2, 3, 15, 30, 31, 100, 1_000])
def test_few_rows_leave_most_of_them_to_be_learned_from(train):
    texts, rows = held_back(0, 0, train)
    assert texts == 0
    assert 1 <= rows <= min(SMALLEST_EXAM, max(1, train // 5)) < train


def test_labelled_rows_are_held_back_only_where_other_texts_are_few():
    assert held_back(500, 0, 100) == (100, 0)
    assert held_back(0, 40, 100) == (0, 0)
    assert held_back(100, 0, 100) == (20, 10)


def test_in_cross_validation_every_threshold_comes_from_other_rows(monkeypatch):
    logits = np.array([2.5, 2.5, -2.5, -2.5], np.float32)
    found = [Candidates(np.array([[0, 2, 0]]), logits[i : i + 1]) for i in range(4)]
    judged = Judged(np.arange(4), [], [np.array([[0, 2, 0]])] * 4)
    halves = np.array([0, 1]), np.array([2, 3])
    contexts = [Context(halves[1], halves[0]), Context(halves[0], halves[1]), Context(np.arange(4), halves[0][:0])]
    plan = SimpleNamespace(folds=2, holds=False)
    run = SimpleNamespace(plan=plan, nested=False, schema=None)
    material = SimpleNamespace(test=[], train=[0] * 4, labels=("x",))
    shipped = SimpleNamespace(name="transformer-2", entries=lambda *_: {})
    taught = Taught([], found, -3.0, 1.0)
    monkeypatch.setattr("danlu.factory.extract_measure.Extractor", lambda *_: None)
    monkeypatch.setattr("danlu.factory.extract_measure.cross_validate", lambda *_: found)
    monkeypatch.setattr("danlu.factory.extract_measure.calibrate", lambda *_: Calibration(1.0, 0.0, 0.5))
    figures = measure(run, material, contexts, judged, (taught, taught), [], shipped)
    expected = honest(found, judged.gold, contexts, run)
    assert expected[0] < expected[2]
    assert [figures.least, *figures.teacher_least] == [expected] * 3
