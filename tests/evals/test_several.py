"""The figures of several labels are scikit-learn's, and thresholds are what they are said to be."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.metrics import f1_score, precision_recall_fscore_support

from danlu.evals import several

TABLES = st.tuples(st.integers(1, 12), st.integers(2, 5)).flatmap(
    lambda shape: st.tuples(arrays(np.int64, shape, elements=st.integers(0, 1)), arrays(bool, shape))
)
SHARES = st.tuples(st.integers(1, 12), st.integers(1, 4)).flatmap(
    lambda shape: st.tuples(
        arrays(np.int64, shape, elements=st.integers(0, 1)),
        arrays(np.float64, shape, elements=st.floats(0, 1, allow_nan=False)),
    )
)


@given(TABLES)
def test_figures_are_those_of_scikit_learn(tables):
    truth, said = tables
    assert several.micro_f1(truth, said) == pytest.approx(f1_score(truth, said, average="micro", zero_division=1.0))
    assert several.exact(truth, said) == pytest.approx(float((truth == said).all(1).mean()))
    precision, recall, f1, count = precision_recall_fscore_support(truth, said, average=None, zero_division=0.0)
    present = truth.any(0) | said.any(0)
    assert several.macro_f1(truth, said) == pytest.approx(f1[present].mean() if present.any() else 1.0)
    for k, row in enumerate(several.per_label(truth, said)):
        assert (row["precision"], row["recall"], row["f1"]) == pytest.approx((precision[k], recall[k], f1[k]))
        assert row["n"] == count[k]


@given(SHARES)
def test_thresholds_lie_inside_their_limits(tables):
    found = several.thresholds(*tables)
    assert found.shape == (tables[0].shape[1],)
    assert ((found >= several.LEAST_THRESHOLD) & (found <= several.MOST_THRESHOLD)).all()


def test_a_label_with_many_rows_gets_its_own_threshold_and_a_rare_one_the_common_one():
    rng = np.random.default_rng(0)
    truth = np.zeros((2_000, 2), np.int64)
    truth[:1_000, 0], truth[0, 1] = 1, 1
    shares = np.stack([np.where(truth[:, 0] == 1, 0.3, 0.1), np.full(2_000, 0.01)], 1) + 0.01 * rng.random((2_000, 2))
    shares[0, 1] = 0.9
    own, rare = several.thresholds(truth, shares)
    assert 0.11 < own < 0.3
    assert abs(rare - own) < 0.1


@given(arrays(np.float64, (3, 4), elements=st.floats(-14, 14)))
def test_odds_come_back_from_log_probabilities(odds):
    assert np.allclose(several.log_odds(several.log_sigmoid(odds)), odds, atol=1e-3)


def test_decisions_as_rows_are_distributions():
    rows = several.as_rows(np.array([[0.0, 2.0], [-3.0, 40.0]]))
    assert rows.shape == (4, 2)
    assert np.allclose(np.exp(rows).sum(1), 1)


def test_all_figures_are_there_and_intervals_hold_them():
    rng = np.random.default_rng(1)
    truth = (rng.random((60, 3)) < 0.3).astype(np.int64)
    shares = np.clip(0.6 * truth + 0.4 * rng.random((60, 3)), 0, 1)
    found = several.figures(truth, shares, shares >= 0.5, ["a", "b", "c"])
    assert found["n"] == 60
    for name in ("micro_f1", "macro_f1", "exact"):
        low, high = found[f"{name}95"]
        assert low <= found[name] <= high
    assert [row["label"] for row in found["per_label"]] == ["a", "b", "c"]
    assert 0 <= found["ece"] <= 1


def test_brier_and_sureness():
    truth = np.array([[1, 0]])
    shares = np.array([[0.8, 0.4]])
    assert several.brier(truth, shares) == pytest.approx((0.04 + 0.16) / 2)
    assert several.sureness(shares, shares >= 0.5)[0] == pytest.approx(0.6)
    assert several.sureness(shares, shares >= 0.3)[0] == pytest.approx(0.4)
