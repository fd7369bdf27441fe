"""Static embeddings: counts by hand, no neighbours across texts, and like company makes like vectors."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from danlu.train import cooccurrence
from danlu.train.cooccurrence import count_neighbours, static_embeddings


def arrays(texts):
    return [np.asarray(text, np.int32) for text in texts]


def test_neighbours_by_hand():
    counts, frequency = count_neighbours(arrays([[0, 1, 2], [2, 0], []]), 4, window=2)
    expected = np.zeros((4, 4))
    expected[0, 1] = expected[1, 0] = 1
    expected[1, 2] = expected[2, 1] = 1
    expected[0, 2] = expected[2, 0] = 1 + 2**-0.5
    np.testing.assert_allclose(counts.toarray(), expected, atol=1e-6)
    assert frequency.tolist() == [2, 1, 2, 0]


@given(st.lists(st.lists(st.integers(0, 5), max_size=9), max_size=6), st.integers(1, 12))
def test_blocks_change_nothing(texts, window):
    whole, frequency = count_neighbours(arrays(texts), 6, window)
    size = cooccurrence._BLOCK
    cooccurrence._BLOCK = 1
    try:
        parts, again = count_neighbours(arrays(texts), 6, window)
    finally:
        cooccurrence._BLOCK = size
    np.testing.assert_allclose(whole.toarray(), parts.toarray(), atol=1e-5)
    assert frequency.tolist() == again.tolist()
    slow = np.zeros((6, 6))
    for text in texts:
        for i, left in enumerate(text):
            for j in range(i + 1, min(len(text), i + window + 1)):
                slow[left, text[j]] += (j - i) ** -0.5
    np.testing.assert_allclose(whole.toarray(), slow + slow.T, atol=1e-4)


@pytest.fixture(scope="module")
def company():
    """Tokens 0 and 1 stand among 4 to 7, tokens 2 and 3 among 8 to 11; 12 stands everywhere, 13 nowhere."""
    draw = np.random.default_rng(0)
    texts = []
    for _ in range(400):
        kind = int(draw.integers(2))
        words = [int(draw.integers(2)) + 2 * kind, *(4 + 4 * kind + draw.integers(0, 4, 4)), 12, 12]
        texts.append(draw.permutation(words))
    return count_neighbours(arrays(texts), 14)


def test_like_company_makes_like_vectors(company):
    table = static_embeddings(*company, width=4)
    assert table.shape == (14, 4)
    assert table.dtype == np.float32
    unit = table / np.maximum(np.linalg.norm(table, axis=1, keepdims=True), 1e-9)
    like = unit @ unit.T
    assert like[0, 1] > 0.9
    assert like[2, 3] > 0.9
    assert like[0, 2] < 0.5


def test_a_row_is_as_long_as_its_token_weighs(company):
    table = static_embeddings(*company, width=4)
    length = np.linalg.norm(table, axis=1)
    assert length[12] < length[0] < 1
    assert length[13] == 0
    share = company[1][0] / company[1].sum()
    assert length[0] == pytest.approx(2e-4 / (2e-4 + share), rel=1e-4)


def test_the_same_counts_give_the_same_table(company):
    np.testing.assert_array_equal(static_embeddings(*company, width=5), static_embeddings(*company, width=5))


def test_nothing_to_count_gives_zeros():
    assert not static_embeddings(*count_neighbours([], 5), width=2).any()
