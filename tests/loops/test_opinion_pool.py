"""The vote of forms: the better one counts more, one that is too sure is calmed, and intercepts fit unseen rows."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import log_softmax

from danlu.loops.opinion_pool import EVEN, intercept, pool_forms, pooled

LABELS = 3


def votes_of(count, seed, strength=1.0, truth=None):
    """(count, labels) log-probabilities; the better, the stronger."""
    logits = np.random.default_rng(seed).normal(size=(count, LABELS))
    if truth is not None:
        logits = logits + strength * np.eye(LABELS)[truth]
    return log_softmax(logits, axis=1).astype(np.float32)


def test_the_pool_prefers_the_better_form():
    truth = np.arange(90) % LABELS
    good, poor = votes_of(90, 1, 3.0, truth), votes_of(90, 2)
    weights = pool_forms([good, poor], np.eye(LABELS)[truth])
    assert weights[0] > 2 * weights[1] >= 0
    assert pool_forms([good, good], np.eye(LABELS)[truth]) == pytest.approx([1.0] * 2, abs=0.3)
    together = pooled([good, poor], weights)
    alone = [-vote[np.arange(90), truth].mean() for vote in (good, poor)]
    assert -together[np.arange(90), truth].mean() <= min(alone) + 0.01


def test_few_rows_do_not_part_like_forms_and_silence_a_poor_one():
    few, more = np.arange(12) % LABELS, np.arange(60) % LABELS
    little = pool_forms([votes_of(12, 1, 1.0, few), votes_of(12, 2, 0.9, few)], np.eye(LABELS)[few])
    assert little == pytest.approx([1.0] * 2, abs=0.35)
    plain = pool_forms([votes_of(60, 1, 3.0, more), votes_of(60, 2)], np.eye(LABELS)[more])
    assert plain[1] < 0.1 * plain[0]


def test_the_pool_calms_a_form_that_is_too_sure():
    truth = np.arange(90) % LABELS
    sure = log_softmax(10 * votes_of(90, 3, 1.5, truth), axis=1).astype(np.float32)
    assert pool_forms([sure], np.eye(LABELS)[truth], pull=0.0)[0] < 0.3


@given(st.integers(0, 2**32 - 1), st.integers(20, 60), st.floats(0, 2))
def test_an_intercept_takes_back_what_a_head_adds_to_a_label(seed, count, drift):
    truth = np.random.default_rng(seed).integers(0, LABELS, count)
    votes = votes_of(count, seed)
    drifted = log_softmax(votes + np.array([drift, 0, 0]), axis=1)
    plain, moved = (log_softmax(v + intercept(v, truth), axis=1) for v in (votes, drifted))
    np.testing.assert_allclose(moved, plain, atol=0.5)


def test_an_intercept_takes_labels_to_be_more_even_than_few_rows_say():
    truth = np.repeat([0, 1], [22, 10])
    silent = np.full((32, 2), np.log(0.5), np.float32)
    told = np.exp(log_softmax(silent + intercept(silent, truth), axis=1))[0]
    assert told == pytest.approx([(22 + EVEN / 2) / (32 + EVEN), (10 + EVEN / 2) / (32 + EVEN)], abs=0.01)


def test_rows_that_are_told_for_sure_move_nothing():
    truth = np.arange(30) % LABELS
    sure = log_softmax(20 * np.eye(LABELS)[truth], axis=1)
    assert intercept(sure, truth) == pytest.approx([0] * LABELS, abs=0.01)


def test_nothing_is_known_of_the_intercept_where_no_row_was_held_out():
    assert intercept(np.zeros((0, LABELS)), np.zeros(0, np.int64)).tolist() == [0, 0, 0]


def test_passages_of_a_few_texts_count_as_these_texts():
    truth = np.repeat(np.arange(8) % LABELS, 25)
    good, poor = votes_of(200, 1, 3.0, truth), votes_of(200, 2)
    targets = np.eye(LABELS)[truth]
    apart, as_few = (pool_forms([poor, good], targets, total=1.0, rows=rows) for rows in (None, 8))
    assert apart[1] - apart[0] > as_few[1] - as_few[0] >= 0  # eight texts do not say so much
    assert as_few.sum() == pytest.approx(1.0, abs=0.2)
    ahead = pool_forms([poor, good], targets, total=1.0, rows=8, start=np.array([3.0, 0.0]))
    assert ahead[0] > as_few[0]
