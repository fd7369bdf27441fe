"""Correlations as scipy has them, and what they and the margins promise."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from danlu.evals.scores import (
    determination,
    expected_correlation,
    fifths,
    figures,
    margin_of,
    mean_absolute_error,
    pearson,
    ranks,
    root_mean_squared_error,
    spearman,
)

SCORES = st.lists(st.tuples(st.integers(0, 6), st.integers(-3, 3)), min_size=3, max_size=40)


@settings(max_examples=60)
@given(SCORES)
def test_correlations_are_those_of_scipy_also_with_ties(rows):
    truth, predicted = np.array(rows, dtype=float).T
    np.testing.assert_allclose(ranks(truth), stats.rankdata(truth))
    if len(set(truth)) < 2 or len(set(predicted)) < 2:
        assert pearson(truth, predicted) == spearman(truth, predicted) == 0
        return
    assert pearson(truth, predicted) == pytest.approx(stats.pearsonr(truth, predicted).statistic, abs=1e-9)
    assert spearman(truth, predicted) == pytest.approx(stats.spearmanr(truth, predicted).statistic, abs=1e-9)


def test_errors_are_in_the_units_of_the_scores():
    truth, predicted = np.array([1.0, 2.0, 5.0]), np.array([2.0, 2.0, 3.0])
    assert mean_absolute_error(truth, predicted) == pytest.approx(1.0)
    assert root_mean_squared_error(truth, predicted) == pytest.approx((5 / 3) ** 0.5)


def test_the_mean_explains_nothing_and_the_truth_everything():
    truth = np.array([0.0, 0.5, 1.0])
    assert determination(truth, truth) == 1
    assert determination(truth, np.full(3, 0.5)) == pytest.approx(0)
    assert np.isfinite(determination(np.full(3, 0.5), np.full(3, 0.6)))


def test_a_margin_holds_nine_in_ten_of_what_comes_next():
    draw = np.random.default_rng(0)
    inside = [np.abs(draw.normal(size=200)) <= margin_of(draw.normal(size=50)) for _ in range(300)]
    assert 0.89 < np.mean(inside) < 0.92
    assert margin_of(np.array([-3.0, 1.0])) == 3


@pytest.mark.parametrize(("correlation", "n"), [(0.0, 10), (0.8, 100), (1.0, 4), (-0.5, 3)])
def test_more_rows_narrow_the_interval(correlation, n):
    now, then = expected_correlation(correlation, n, 0), expected_correlation(correlation, n, 100)
    assert -1 <= now[0] <= then[0] <= then[1] <= now[1] <= 1


def test_all_figures_have_their_intervals():
    draw = np.random.default_rng(1)
    truth = draw.uniform(0, 5, 80)
    found = figures(truth, truth + draw.normal(size=80) + 0.5, 1.0, (0, 5))
    for name in ("pearson", "spearman", "mae", "rmse", "inside"):
        low, high = found[f"{name}95"]
        assert low <= found[name] <= high
    assert found["n"] == 80
    assert 0.5 < found["inside"] < 0.85
    assert figures(truth, truth, np.zeros(80), (0, 5))["inside"] == 1
    assert sum(part["n"] for part in found["fifths"]) == 80
    assert np.mean([part["bias"] for part in found["fifths"]]) == pytest.approx(0.5, abs=0.4)


def test_scores_outside_the_range_count_in_its_ends():
    found = fifths(np.array([-1.0, 0.0, 5.0, 9.0]), np.zeros(4), (0, 5))
    assert [part["n"] for part in found] == [2, 0, 0, 0, 2]
    assert "bias" not in found[1]


@pytest.mark.parametrize(
    ("truth", "predicted"),
    [([3.0], [2.0]), ([1.0, 2.0, 3.0], [1.0, 2.0, 3.0]), ([2.0] * 9, list(range(9))), (list(range(9)), [2.0] * 9)],
)
def test_where_nothing_can_be_said_of_a_correlation_it_may_be_anything(truth, predicted):
    found = figures(np.array(truth, float), np.array(predicted, float), 1.0, (0, 5))
    assert found["spearman95"] == found["pearson95"] == [-1, 1]


@pytest.mark.parametrize("unit", [1e-11, 1e-7, 1.0, 1e9])
def test_figures_do_not_depend_on_the_unit(unit):
    draw = np.random.default_rng(2)
    truth = draw.uniform(0, 1, 50)
    predicted = truth + draw.normal(0, 0.1, 50)
    one, other = figures(truth, predicted, 0.2, (0, 1)), figures(unit * truth, unit * predicted, 0.2 * unit, (0, unit))
    for name in ("pearson", "spearman", "inside"):
        assert other[name] == pytest.approx(one[name], abs=1e-6)
    for name in ("mae", "rmse"):
        assert other[name] / unit == pytest.approx(one[name], rel=1e-5)


def test_a_score_on_an_edge_counts_above_it():
    truth = np.array([0.0, 0.2, 0.4, 0.6, 0.8, 1.0])
    assert [part["n"] for part in fifths(truth, truth, (0, 1))] == [1, 1, 1, 1, 2]
    assert [part["n"] for part in fifths(truth.astype(np.float32), truth, (0, 1))][2] == 1
