"""What the teacher learns from: its order, and what the shape of its truth says of it."""

from __future__ import annotations

import numpy as np
import pytest

from danlu.factory.texts import Texts, targets_of

LABELS = ("parcel", "refund")


@pytest.mark.parametrize(
    ("truth", "bounds", "apart", "several", "targets"),
    [
        (np.array([1, 0]), None, False, False, [[0, 1], [1, 0]]),
        (np.array([[1, 1], [0, 0]]), None, True, True, [[1, 1], [0, 0]]),
        (np.array([[0.25], [1.0]]), (0.0, 5.0), True, False, [[0.25], [1.0]]),
    ],
)
def test_the_truth_says_whether_labels_are_apart(truth, bounds, apart, several, targets):
    texts = Texts(["one", "two"], truth, ["three"], LABELS, None, range=bounds)
    assert (texts.apart, texts.several) == (apart, several)
    assert texts.targets.dtype == np.float32
    assert texts.targets.tolist() == targets
    assert texts.rows == texts.learned == ["one", "two", "three"]


def test_words_of_labels_are_learned_last():
    texts = Texts(["one"], np.array([0]), ["two"], LABELS, ["a parcel", "a refund"])
    assert texts.learned == ["one", "two", "a parcel", "a refund"]


def test_no_rows_have_no_targets():
    assert targets_of(np.array([], np.int64), 3).shape == (0, 3)
