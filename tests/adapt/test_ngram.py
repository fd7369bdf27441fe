"""The space that texts span: few dense coordinates instead of millions of features."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from danlu.adapt.ngram import Space
from danlu.text import tfidf
from danlu.train.regression import Linear, softmax_regression

TEXTS = st.lists(st.text(alphabet="ab 退款快递z9", max_size=20), min_size=1, max_size=12)


@settings(max_examples=25)
@given(TEXTS)
def test_coordinates_keep_inner_products(texts):
    space = Space.of(texts)
    inner = np.asarray((space.sparse @ space.sparse.T).todense())
    assert space.coordinates.shape == (len(texts), len(texts))
    assert space.coordinates.dtype == np.float32
    np.testing.assert_allclose(space.coordinates @ space.coordinates.T, inner, atol=2e-4)


def head_of(space, labels=3):
    draw = np.random.default_rng(0)
    weight = draw.normal(size=(len(space.coordinates), labels)).astype(np.float32)
    return Linear(weight, draw.normal(size=labels).astype(np.float32))


@settings(max_examples=25)
@given(TEXTS, TEXTS)
def test_the_logits_of_a_text_are_those_of_its_place_in_the_space(texts, others):
    space = Space.of(texts)
    head = head_of(space)
    sparse = tfidf.weighted(tfidf.counts(others), space.idf)
    inner = np.asarray((sparse @ space.sparse.T).todense(), np.float64)
    place = np.linalg.solve(space.coordinates.astype(np.float64), inner.T).T
    found = space.logits(others, head)
    assert found.shape == (len(others), 3)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, place @ head.weight + head.bias, atol=0.02, rtol=1e-3)


def test_a_known_text_has_the_logits_of_its_coordinates(toy_rows):
    (texts, _), _ = toy_rows
    space = Space.of(list(dict.fromkeys(texts)))
    head = softmax_regression(space.coordinates, np.eye(3)[np.arange(len(space.coordinates)) % 3], strength=10.0)
    np.testing.assert_allclose(
        space.logits(list(dict.fromkeys(texts)), head), head.logits(space.coordinates), atol=0.01
    )


def test_rows_have_unit_length_unless_they_are_empty():
    space = Space.of(["快递 到 了", "a parcel", "", "\u200b"])
    squares = np.asarray(space.sparse.multiply(space.sparse).sum(1)).ravel()
    np.testing.assert_allclose(squares, [1, 1, 0, 0], atol=1e-5)
    assert np.isfinite(space.coordinates).all()
    assert np.isfinite(space.logits(["", "x"], head_of(space))).all()
    assert space.logits([], head_of(space)).shape == (0, 3)


def test_repeated_texts_do_not_break_the_factor():
    texts = ["the same text"] * 40 + ["退款"] * 40
    space = Space.of(texts)
    assert np.isfinite(space.coordinates).all()
    head = softmax_regression(space.coordinates, np.repeat(np.eye(2), 40, axis=0), strength=10.0)
    assert space.logits(["the same text", "退款"], head).argmax(1).tolist() == [0, 1]
    assert np.abs(space.logits(texts, head)).max() < 20


def test_the_inverse_document_frequency_by_hand():
    counts = tfidf.counts(["快", "快", "递"], 16)
    idf = tfidf.inverse_document_frequency(counts)
    frequency = np.bincount(counts.indices, minlength=1 << 16)
    assert set(frequency.tolist()) == {0, 1, 2}
    for times in (0, 1, 2):
        assert idf[frequency == times] == pytest.approx(np.log(4 / (1 + times)) + 1)
