"""How an answer is scored, and how far scores can be trusted."""

from __future__ import annotations

import numpy as np
import pytest

from danlu.evals.questions import Questions
from danlu.factory.exam import Exam

TARGETS = np.array([[0.9, 0.1], [0.2, 0.8], [0.5, 0.5]], np.float32)


def test_a_score_is_what_the_targets_give_to_the_answers():
    exam = Exam(["a", "b", "c"], TARGETS)
    assert exam.answers(np.array([[2.0, 1.0], [0.0, 1.0], [3.0, 1.0]])).tolist() == [0, 1, 0]
    assert exam.score(np.array([0, 1, 0])) == pytest.approx((0.9 + 0.8 + 0.5) / 3)


def test_questions_are_answered_and_asked_whole():
    exam = Exam(["q1 a", "q1 b", "q2 a"], TARGETS, Questions.of([2, 1]))
    assert exam.units() == [["q1 a", "q1 b"], ["q2 a"]]
    assert len(exam.answers(np.array([[0.0, 1.0], [0.0, 3.0], [0.0, 0.0]]))) == 2


def test_labels_apart_are_decisions():
    exam = Exam(["a", "b", "c"], TARGETS, apart=True)
    assert exam.answers(np.array([[1.0, -1.0], [-1.0, 1.0], [1.0, 1.0]])).tolist() == [[1, 0], [0, 1], [1, 1]]


def test_passages_are_in_doubt_by_the_texts_they_are_of():
    assert Exam(["a", "b", "c"], TARGETS).doubt == 0
    assert Exam(["a", "b", "c"], TARGETS, sources=100).doubt == pytest.approx(0.05)
    assert Exam(["a", "b", "c"], TARGETS, sources=1).doubt == pytest.approx(0.1)
    assert Exam(["a", "b", "c"], TARGETS, sources=100, apart=True).doubt == 0
    assert Exam(["a", "b", "c"], TARGETS[:, :1], range=(0.0, 5.0), sources=100).doubt == 0
