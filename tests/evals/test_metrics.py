from __future__ import annotations

import json
import math
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import confusion_matrix, f1_score, log_loss, precision_recall_fscore_support

from danlu.evals import metrics

TRUTH = np.array([0, 0, 1, 1, 1, 2])
PREDICTED = np.array([0, 1, 1, 1, 0, 0])

pairs = st.integers(1, 6).flatmap(
    lambda k: st.lists(st.tuples(st.integers(0, k - 1), st.integers(0, k - 1)), min_size=1, max_size=60)
)


def random_case(n: int, k: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    draw = np.random.default_rng(seed)
    truth = draw.integers(0, k, n)
    logits = draw.normal(size=(n, k)) + 2.0 * np.eye(k)[truth]
    return truth, logits


def test_by_hand():
    assert metrics.accuracy(TRUTH, PREDICTED) == 0.5
    assert metrics.confusion(TRUTH, PREDICTED, 3).tolist() == [[1, 1, 0], [1, 2, 0], [1, 0, 0]]
    # F1: label 0 has 1 right of 2 true and 3 predicted, label 1 has 2 of 3 and 3, label 2 none.
    assert metrics.macro_f1(TRUTH, PREDICTED) == pytest.approx((2 / 5 + 4 / 6 + 0) / 3)
    rows = metrics.per_label(TRUTH, PREDICTED, 4)
    assert rows[0] == {"precision": pytest.approx(1 / 3), "recall": 0.5, "f1": pytest.approx(0.4), "n": 2}
    assert rows[2] == {"precision": 0.0, "recall": 0.0, "f1": 0.0, "n": 1}
    assert rows[3] == {"precision": 0.0, "recall": 0.0, "f1": 0.0, "n": 0}


def test_negative_log_likelihood_by_hand_and_at_zero():
    probabilities = np.array([[0.5, 0.5], [0.2, 0.8]])
    expected = -(math.log(0.5) + math.log(0.8)) / 2
    assert metrics.negative_log_likelihood(np.array([0, 1]), probabilities) == pytest.approx(expected)
    assert metrics.negative_log_likelihood(np.array([0]), np.array([[0.0, 1.0]])) == pytest.approx(-math.log(1e-12))


def test_calibration_error_by_hand():
    # Two bins of two: confidences .6 .6 (one right), .9 .9 (both right): (|1.2-1| + |1.8-2|) / 4.
    probabilities = np.array([[0.6, 0.4], [0.6, 0.4], [0.9, 0.1], [0.1, 0.9]])
    assert metrics.expected_calibration_error(np.array([0, 1, 0, 1]), probabilities, bins=2) == pytest.approx(0.1)
    # Certain and right, certain and wrong.
    assert metrics.expected_calibration_error(np.array([0, 0]), np.array([[1.0, 0.0]] * 2)) == 0.0
    assert metrics.expected_calibration_error(np.array([1, 1]), np.array([[1.0, 0.0]] * 2)) == 1.0


def test_calibration_error_does_not_depend_on_the_order_of_rows():
    truth, logits = random_case(200, 3)
    probabilities = np.round(metrics.softmax(logits), 1)  # many ties
    order = np.random.default_rng(1).permutation(200)
    assert metrics.expected_calibration_error(truth, probabilities) == pytest.approx(
        metrics.expected_calibration_error(truth[order], probabilities[order])
    )


def test_wilson_against_published_values():
    assert metrics.wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=1e-4)  # Newcombe 1998, table I
    assert metrics.wilson(0, 20) == pytest.approx((0.0, 0.1611), abs=1e-4)
    assert metrics.wilson(29, 29) == pytest.approx((0.8830, 1.0), abs=1e-4)
    assert metrics.wilson(0, 0) == (0.0, 1.0)


@settings(deadline=None)
@given(st.integers(1, 5000), st.floats(0, 1))
def test_wilson_holds_the_share_and_shrinks(n: int, share: float):
    successes = round(share * n)
    low, high = metrics.wilson(successes, n)
    assert 0 <= low <= successes / n + 1e-12
    assert successes / n - 1e-12 <= high <= 1
    assert metrics.expected_half_width(share, n, 100) < metrics.expected_half_width(share, n, 0)


def test_expected_interval_is_half_of_wilson():
    low, high = metrics.wilson(160, 200)
    assert metrics.expected_half_width(0.8, 150, 50) == pytest.approx((high - low) / 2)


@settings(deadline=None)
@given(pairs)
def test_agrees_with_scikit_learn(rows: list[tuple[int, int]]):
    truth, predicted = np.array(rows).T
    k = 6
    assert metrics.macro_f1(truth, predicted) == pytest.approx(
        f1_score(truth, predicted, average="macro", zero_division=0)
    )
    table = confusion_matrix(truth, predicted, labels=range(k))
    assert metrics.confusion(truth, predicted, k).tolist() == table.tolist()
    theirs = precision_recall_fscore_support(truth, predicted, labels=range(k), zero_division=0)
    ours = metrics.per_label(truth, predicted, k)
    for key, column in zip(("precision", "recall", "f1", "n"), theirs, strict=True):
        assert [row[key] for row in ours] == pytest.approx(column.tolist())


def test_log_loss_agrees_with_scikit_learn():
    truth, logits = random_case(300, 5)
    probabilities = metrics.softmax(logits)
    assert metrics.negative_log_likelihood(truth, probabilities) == pytest.approx(
        log_loss(truth, probabilities, labels=range(5))
    )


def test_softmax_is_stable_and_takes_a_temperature():
    assert metrics.softmax(np.array([[1000.0, 1000.0], [-1000.0, 1000.0]])).tolist() == [[0.5, 0.5], [0.0, 1.0]]
    logits = np.array([[0.3, 1.0, -2.0]])
    assert metrics.softmax(logits, 2.0) == pytest.approx(metrics.softmax(logits / 2.0))


@pytest.mark.parametrize("scale", [0.2, 1.0, 5.0])
def test_temperature_undoes_a_scale(scale: float):
    draw = np.random.default_rng(3)
    logits = draw.normal(size=(4000, 4)) * 2
    cumulated = metrics.softmax(logits).cumsum(axis=1)
    truth = (draw.random((4000, 1)) > cumulated[:, :-1]).sum(axis=1)  # drawn from the unscaled probabilities
    found = metrics.fit_temperature(logits * scale, truth)
    assert found == pytest.approx(scale, rel=0.06)

    def loss(t: float) -> float:
        return metrics.negative_log_likelihood(truth, metrics.softmax(logits * scale, t))

    assert loss(found) <= min(loss(found * 0.99), loss(found * 1.01))


def test_temperature_stays_in_bounds_and_never_worsens():
    certain = np.array([[5.0, 0.0], [0.0, 5.0]])
    assert metrics.fit_temperature(certain, np.array([0, 1])) >= 0.05
    assert metrics.fit_temperature(certain, np.array([1, 0])) == pytest.approx(20.0, rel=1e-4)
    assert metrics.fit_temperature(np.zeros((3, 2)), np.array([0, 1, 1])) == 1.0


def test_bootstrap_is_deterministic_holds_the_value_and_is_quick():
    truth, logits = random_case(5000, 77)
    predicted = logits.argmax(axis=1)
    started = time.process_time()
    low, high = metrics.bootstrap_interval(metrics.accuracy, truth, predicted)
    assert time.process_time() - started < 10
    assert low < metrics.accuracy(truth, predicted) < high
    # With many rows the percentile bootstrap and Wilson agree.
    assert (low, high) == pytest.approx(metrics.wilson((truth == predicted).sum(), 5000), abs=0.004)
    assert (low, high) == metrics.bootstrap_interval(metrics.accuracy, truth, predicted)
    assert metrics.bootstrap_interval(metrics.accuracy, truth, truth) == (1.0, 1.0)


def test_summary_is_json_and_deterministic():
    truth, logits = random_case(120, 4)
    probabilities = metrics.softmax(logits)
    labels = ["a", "b", "退款", "d"]
    found = metrics.summary(truth, probabilities, labels)
    assert json.dumps(found) == json.dumps(metrics.summary(truth, probabilities, labels))
    assert list(found) == [
        "n",
        "accuracy",
        "accuracy95",
        "macro_f1",
        "macro_f195",
        "ece",
        "nll",
        "per_label",
        "confusion",
    ]
    assert found["n"] == 120
    assert found["accuracy95"][0] < found["accuracy"] < found["accuracy95"][1]
    assert [row["label"] for row in found["per_label"]] == labels
    assert list(found["per_label"][0]) == ["label", "precision", "recall", "f1", "n"]
    assert sum(map(sum, found["confusion"])) == 120
    assert found["nll"] == round(found["nll"], 6)


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 40), st.integers(1, 5), st.integers(0, 9))
def test_summary_of_any_case(n: int, k: int, seed: int):
    truth, logits = random_case(n, k, seed)
    found = metrics.summary(truth, metrics.softmax(logits), [str(label) for label in range(k)])
    assert 0 <= found["ece"] <= 1
    assert found["macro_f195"][0] <= found["macro_f195"][1]
    json.dumps(found, allow_nan=False)


def test_refuses_what_cannot_be_measured():
    with pytest.raises(ValueError, match="cannot measure 0"):
        metrics.accuracy(np.array([], dtype=int), np.array([], dtype=int))
    with pytest.raises(ValueError, match="cannot measure 2 true labels against 1"):
        metrics.macro_f1(np.array([0, 1]), np.array([0]))


def test_brier_of_the_textbook():
    truth = np.array([0, 1])
    assert metrics.brier(truth, np.eye(2)) == 0
    assert metrics.brier(truth, np.eye(2)[::-1]) == 2
    assert metrics.brier(truth, np.full((2, 2), 0.5)) == pytest.approx(0.5)
    assert metrics.brier(truth, np.array([[0.8, 0.2], [0.4, 0.6]])) == pytest.approx((0.08 + 0.32) / 2)
