"""How often labels occur in what a model will read."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from danlu.loops.label_shift import by_dev, by_texts, pseudo_counts


def believed(truth: np.ndarray, labels: int, right: float, rng: np.random.Generator) -> np.ndarray:
    """Probabilities of a teacher that gives the right label its due in `right` of all cases, else any."""
    said = np.where(rng.random(len(truth)) < right, truth, rng.integers(0, labels, len(truth)))
    return 0.8 * np.eye(labels)[said] + 0.2 / labels


def estimated(rows: np.ndarray, texts: np.ndarray, labels: int, right: float, seed: int = 0) -> np.ndarray:
    """Shares of labels among texts, as a teacher's beliefs of rows and texts tell."""
    rng = np.random.default_rng(seed)
    prior = pseudo_counts(rows, labels)
    return by_texts(prior, believed(rows, labels, right, rng), rows, believed(texts, labels, right, rng)).expected


@pytest.mark.parametrize("seed", range(3))
def test_a_rare_label_is_found_to_be_rare(seed):
    texts = np.random.default_rng(9).choice(4, 3_000, p=[0.02, 0.38, 0.3, 0.3])
    shares = estimated(np.repeat(np.arange(4), 16), texts, 4, 0.85, seed)
    assert shares[0] < 0.15  # a fiftieth in truth, a quarter of the rows
    assert shares[1:].sum() > 0.85


def test_a_teacher_that_knows_nothing_moves_nothing():
    rows = np.repeat(np.arange(2), 8)
    leaning = np.tile([0.8, 0.2], (2_000, 1))  # says the first label of nearly everything, of rows only by chance
    found = by_texts(pseudo_counts(rows, 2), believed(rows, 2, 0.0, np.random.default_rng(0)), rows, leaning)
    assert found.expected == pytest.approx([0.5, 0.5], abs=0.06)


def test_texts_spread_as_the_rows_are_change_nothing():
    rows = np.repeat(np.arange(5), 10)
    assert estimated(rows, np.repeat(np.arange(5), 400), 5, 0.9) == pytest.approx([0.2] * 5, abs=0.03)


def test_no_label_of_two_rows_takes_in_what_is_said_of_all_others():
    rows, texts = np.repeat(np.arange(100), 2), np.repeat(np.arange(100), 10)
    assert estimated(rows, texts, 100, 0.6).max() < 0.03  # a hundredth in truth


def test_rows_that_no_fold_held_out_move_nothing_under_a_teacher_that_knows_nothing():
    rows = np.concatenate([np.repeat(np.arange(10), 4), np.arange(10, 15)])  # labels of a single row are never judged
    flat = np.full((600, 15), 1 / 15)
    found = by_texts(pseudo_counts(rows, 15), np.full((40, 15), 1 / 15), rows[:40], flat)
    assert found.shift == pytest.approx(np.zeros(15), abs=1e-6)


def test_dev_rows_say_what_is_expected_and_many_say_it_louder():
    rows, dev = np.repeat(np.arange(2), 16), np.array([0] * 9 + [1])
    few, many = (by_dev(pseudo_counts(rows, 2), np.tile(dev, times)) for times in (1, 50))
    assert 0.5 < few.expected[0] < 0.7
    assert many.expected[0] == pytest.approx(0.9, abs=0.03)
    assert many.shift == pytest.approx(np.log(many.expected / 0.5))
    assert (many.by, many.rows.tolist()) == ("dev", [0.5, 0.5])


@given(st.integers(2, 6), st.integers(1, 60), st.integers(1, 60), st.integers(0, 2**16))
def test_shares_are_shares(labels: int, rows: int, texts: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, labels, rows)
    held_out, found = (rng.dirichlet(np.ones(labels), n) for n in (rows, texts))
    shares = by_texts(pseudo_counts(truth, labels), held_out, truth, found)
    assert shares.expected.sum() == pytest.approx(1)
    assert (shares.expected > 0).all()
    assert np.isfinite(shares.shift).all()
