"""The form that sees nothing but how near a question and an option lie to one another."""

from __future__ import annotations

import numpy as np
import pytest

from danlu.adapt import likeness
from danlu.models.pair import compared


def unit(vectors):
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def task(count, width, seed):
    """Comparisons of pairs, a third of which lie nearer, and their labels."""
    rng = np.random.default_rng(seed)
    first, truth = rng.normal(0, 1, (count, width)), (np.arange(count) % 3 > 0).astype(np.int64)
    second = rng.normal(0, 1, (count, width)) + np.where(truth == 0, 1.0, 0.0)[:, None] * first
    return compared(unit(np.stack([first, second], 1).reshape(-1, width)), "ordered"), truth


def test_it_finds_the_cosine_in_a_comparison():
    sides = unit(np.random.default_rng(0).normal(0, 1, (40, 7)))
    cosines = (sides[::2] * sides[1::2]).sum(1)
    found = likeness.encode(compared(sides, "ordered"), None)
    assert found.shape == (20, 1)
    assert (np.sign(found[:, 0]) == np.sign(cosines)).all()
    assert np.corrcoef(found[:, 0], cosines)[0, 1] > 0.9


def test_it_learns_that_near_options_are_right_whatever_else_they_are():
    (seen, truth), (others, expected) = task(60, 24, 1), task(300, 24, 2)
    head = likeness.fit(likeness.encode(seen, seen), truth)
    found = likeness.predict(likeness.encode(others, others), head)
    np.testing.assert_allclose(np.exp(found).sum(1), 1, atol=1e-6)
    assert (found.argmax(1) == expected).mean() > 0.8


def test_what_the_general_model_says_is_one_more_column():
    (seen, truth), (others, expected) = task(60, 24, 1), task(300, 24, 2)
    said = [(3.0 * (labels == 0) - 1).astype(np.float32)[:, None] for labels in (truth, expected)]
    columns = likeness.encode(others, None, said=said[1])
    np.testing.assert_array_equal(columns, np.concatenate([likeness.encode(others, None), said[1]], 1))
    head = likeness.fit(likeness.encode(seen, None, said=said[0]), truth)
    assert (likeness.predict(columns, head).argmax(1) == expected).all()


@pytest.mark.parametrize("pairing", ["ordered", "unordered"])
def test_the_cosine_is_found_in_both_kinds_of_comparison(pairing):
    sides = unit(np.random.default_rng(1).normal(0, 1, (40, 7)))
    cosines = (sides[::2] * sides[1::2]).sum(1)
    found = likeness.encode(compared(sides, pairing), said=np.zeros((20, 2), np.float32), pairing=pairing)
    assert found.shape == (20, 3)
    assert np.corrcoef(found[:, 0], cosines)[0, 1] > 0.95


def test_scores_are_learned_as_the_probability_of_one_decision():
    rng = np.random.default_rng(2)
    near = rng.uniform(-1, 1, (200, 1)).astype(np.float32)
    truth = 1 / (1 + np.exp(-3 * near.astype(np.float64)))
    found = np.exp(likeness.predict(near, likeness.fit(near, truth)))
    assert found.shape == (200, 1)
    np.testing.assert_allclose(found, truth, atol=0.03)
