"""Tables of questions: what is said of pairs becomes a distribution over the options of each question."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from danlu.evals.questions import Questions, figures

SIZES = st.lists(st.integers(2, 5), min_size=1, max_size=6)


@given(SIZES, st.integers(0, 99))
def test_shares_sum_to_one_over_the_options_of_each_question(sizes, seed):
    questions = Questions.of(sizes)
    scores = np.random.default_rng(seed).normal(0, 5, (sum(sizes), 2))
    shares = questions.shares(scores)
    assert shares.shape == (len(sizes), max(sizes))
    np.testing.assert_allclose(shares.sum(1), 1)
    for row, size in zip(shares, sizes, strict=True):
        assert (row[size:] == 0).all()
    settled = questions.settled(scores)
    np.testing.assert_allclose(np.exp(settled).sum(1), 1)
    right = np.exp(settled[:, 0])
    np.testing.assert_allclose(np.bincount(questions.owner, right), 1, atol=1e-6)
    np.testing.assert_allclose(questions.shares(settled, settled=True), shares, atol=1e-9)


@given(SIZES)
def test_rows_and_questions_find_one_another(sizes):
    questions = Questions.of(sizes)
    some = np.arange(0, len(sizes), 2)
    rows = questions.rows(some)
    assert questions.asked(rows).tolist() == some.tolist()
    assert questions.some(some).sizes.tolist() == [sizes[i] for i in some]
    assert len(rows) == questions.some(some).sizes.sum()
    assert Questions.together([questions, questions.some(some)]).sizes.tolist() == sizes + [sizes[i] for i in some]


def test_the_truth_is_the_place_of_the_right_option():
    questions = Questions.of([3, 2])
    assert questions.truth(np.array([1, 0, 1, 1, 0])).tolist() == [1, 1]
    assert questions.chance == pytest.approx((1 / 3 + 1 / 2) / 2)
    assert Questions.of([]).chance == 0.0


def test_odds_are_those_of_one_option_being_right():
    """Two options with odds of 3 and 1 share the probability as 3 to 1, however modest they are by themselves."""
    scores = np.log(np.array([[0.03, 0.01], [0.5, 0.5]]))
    np.testing.assert_allclose(Questions.of([2]).shares(scores), [[0.75, 0.25]])


def test_figures_are_of_questions_and_tell_chance():
    shares = np.array([[0.7, 0.3, 0.0], [0.2, 0.3, 0.5]])
    found = figures(np.array([0, 1]), shares, 0.4)
    assert (found["n"], found["accuracy"], found["chance"]) == (2, 0.5, 0.4)
    assert not {"per_label", "confusion", "macro_f1"} & found.keys()
