"""How often labels occur in unlabelled text."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from danlu.loops.label_shift import shares_of_known, shares_of_rows, shares_of_texts


def believed(truth: np.ndarray, labels: int, right: float, rng: np.random.Generator) -> np.ndarray:
    """Probabilities of a teacher that gives the right label its due in `right` of all cases, else any."""
    said = np.where(rng.random(len(truth)) < right, truth, rng.integers(0, labels, len(truth)))
    return 0.8 * np.eye(labels)[said] + 0.2 / labels


def test_a_rare_label_is_found_to_be_rare() -> None:
    rng = np.random.default_rng(0)
    rows, texts = np.repeat(np.arange(4), 16), rng.choice(4, 3_000, p=[0.02, 0.38, 0.3, 0.3])
    shares = shares_of_texts(believed(rows, 4, 0.85, rng), rows, believed(texts, 4, 0.85, rng))
    assert shares[0] < 0.13  # a fiftieth in truth, a quarter of the rows
    assert shares[1] > 0.28


def test_a_teacher_that_knows_nothing_moves_nothing() -> None:
    rng = np.random.default_rng(0)
    rows = np.repeat(np.arange(2), 8)
    leaning = np.tile([0.8, 0.2], (2_000, 1))  # says the first label of nearly everything, of rows only by chance
    shares = shares_of_texts(believed(rows, 2, 0.0, rng), rows, leaning)
    assert shares == pytest.approx([0.5, 0.5], abs=0.06)


def test_texts_spread_as_the_rows_are_change_nothing() -> None:
    rng = np.random.default_rng(0)
    rows = np.repeat(np.arange(5), 10)
    shares = shares_of_texts(believed(rows, 5, 0.9, rng), rows, believed(np.repeat(np.arange(5), 400), 5, 0.9, rng))
    assert shares == pytest.approx([0.2] * 5, abs=0.03)


def test_known_rows_say_what_is_wanted_and_many_say_it_louder() -> None:
    rows, dev = np.repeat(np.arange(2), 16), np.array([0] * 9 + [1])
    few, many = (shares_of_known(rows, np.tile(dev, times), 2) for times in (1, 50))
    assert 0.5 < few[0] < 0.7
    assert many[0] == pytest.approx(0.9, abs=0.03)


@given(st.integers(2, 6), st.integers(1, 60), st.integers(1, 60), st.integers(0, 2**16))
def test_shares_are_shares(labels: int, rows: int, texts: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, labels, rows)
    held_out, found = (rng.dirichlet(np.ones(labels), n) for n in (rows, texts))
    shares = shares_of_texts(held_out, truth, found)
    assert shares.sum() == pytest.approx(1)
    assert (shares > 0).all()
    assert shares_of_rows(truth, labels).sum() == pytest.approx(1)
