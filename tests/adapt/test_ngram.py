"""The space that texts span: few dense coordinates instead of millions of features."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from danlu.adapt.ngram import Space
from danlu.text import tfidf

TEXTS = st.lists(st.text(alphabet="ab 退款快递z9", max_size=20), min_size=1, max_size=12)


@settings(max_examples=25)
@given(TEXTS)
def test_coordinates_keep_inner_products(texts):
    space = Space.of(texts)
    inner = np.asarray((space.sparse @ space.sparse.T).todense())
    assert space.coordinates.shape == (len(texts), len(texts))
    assert space.coordinates.dtype == np.float32
    np.testing.assert_allclose(space.coordinates @ space.coordinates.T, inner, atol=2e-4)


@settings(max_examples=25)
@given(TEXTS, TEXTS)
def test_other_texts_are_placed_with_their_inner_products(texts, others):
    space = Space.of(texts)
    placed = space.place(others)
    sparse = tfidf.weighted(tfidf.counts(others), space.idf)
    inner = np.asarray((sparse @ space.sparse.T).todense())
    assert placed.shape == (len(others), len(texts))
    assert placed.dtype == np.float32
    np.testing.assert_allclose(placed @ space.coordinates.T, inner, atol=2e-3)


def test_a_known_text_is_placed_where_it_was(toy_rows):
    (texts, _), _ = toy_rows
    texts = list(dict.fromkeys(texts))
    space = Space.of(texts)
    np.testing.assert_allclose(space.place(texts), space.coordinates, atol=0.01)


def test_rows_have_unit_length_unless_they_are_empty():
    space = Space.of(["快递 到 了", "a parcel", "", "\u200b"])
    squares = np.asarray(space.sparse.multiply(space.sparse).sum(1)).ravel()
    np.testing.assert_allclose(squares, [1, 1, 0, 0], atol=1e-5)
    assert np.isfinite(space.coordinates).all()
    assert np.isfinite(space.place(["", "x"])).all()


def test_repeated_texts_do_not_break_the_factor():
    space = Space.of(["the same text"] * 40 + ["退款"] * 40)
    assert np.isfinite(space.coordinates).all()
    placed = space.place(["the same text", "退款"])
    assert np.abs(placed).max() < 1.1
    np.testing.assert_allclose(placed @ space.coordinates.T, np.repeat(np.eye(2), 40, axis=1), atol=0.01)


def test_the_inverse_document_frequency_by_hand():
    counts = tfidf.counts(["快", "快", "递"], 16)
    idf = tfidf.inverse_document_frequency(counts)
    frequency = np.bincount(counts.indices, minlength=1 << 16)
    assert set(frequency.tolist()) == {0, 1, 2}
    for times in (0, 1, 2):
        assert idf[frequency == times] == pytest.approx(np.log(4 / (1 + times)) + 1)
