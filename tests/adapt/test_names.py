"""What label names say, and how texts are matched to them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from danlu.adapt import names

ANY_LABELS = st.lists(st.text(min_size=1, max_size=12), min_size=1, max_size=6, unique=True)


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        (["news_story", "news_car"], ["story", "car"]),
        (["news-story", "newsCar"], ["story", "Car"]),
        (["cardArrival", "lostCard"], ["card Arrival", "lost Card"]),
        (["delivery", "delivery_late"], ["delivery", "delivery late"]),  # nothing would be left of the first
        (["refund"], ["refund"]),
        (["体育", "财经"], ["体育", "财经"]),
        (["新闻_体育", "新闻_财经"], ["体育", "财经"]),
        (["物流 查询", "退款"], ["物流 查询", "退款"]),
        (["top 10", "top 20"], None),
    ],
)
def test_wording(labels, words):
    assert names.wording(labels, {}) == words


@pytest.mark.parametrize(
    "labels", [["0", "1"], ["1.0", "-1"], ["A", "B"], ["a1", "b2"], ["good", "3"], ["100", "101"], ["?", "!"]]
)
def test_names_that_mean_nothing(labels):
    assert names.wording(labels, {}) is None


def test_descriptions_stand_for_names():
    described = {"0": "negative review", "1": "positive review"}
    assert names.wording(["0", "1"], described) == ["negative review", "positive review"]
    assert names.wording(["0", "1"], {"0": "negative review"}) is None
    assert names.wording(["news", "1"], {"news": "", "1": "cars"}) == ["news", "cars"]
    assert names.wording(["0", "1"], {"0": "a story", "1": "a car"}) == ["story", "car"]


@given(ANY_LABELS)
def test_any_labels_give_a_wording_each_or_none(labels):
    words = names.wording(labels, {})
    assert words is None or (len(words) == len(labels) and all(word.strip() for word in words))


def clusters(count=60, labels=3, width=8, seed=0):
    """Unit vectors of texts near the vectors of their labels' names, all of them far from the origin."""
    draw = np.random.default_rng(seed)
    centres = draw.normal(size=(labels, width))
    truth = np.arange(count) % labels
    texts = centres[truth] + 0.3 * draw.normal(size=(count, width)) + 5
    near = centres + 0.2 * draw.normal(size=centres.shape) + 5
    unit = [part / np.linalg.norm(part, axis=1, keepdims=True) for part in (texts, near)]
    return unit[0].astype(np.float32), unit[1].astype(np.float32), truth


def test_texts_are_nearest_to_the_names_of_their_labels():
    texts, near, truth = clusters()
    scores = names.encode(texts, near, texts)
    assert scores.shape == (60, 3)
    assert scores.dtype == np.float32
    assert (scores.argmax(1) == truth).mean() > 0.9
    np.testing.assert_allclose(scores.mean(0), 0, atol=1e-4)
    np.testing.assert_allclose(scores.std(0), 1, atol=1e-3)


def test_a_text_is_scored_as_it_is_scored_among_others():
    texts, near, _ = clusters()
    whole = names.encode(texts, near, texts)
    np.testing.assert_allclose(names.encode(texts[5:6], near, texts), whole[5:6], atol=1e-5)


def test_names_that_help_are_trusted_and_names_that_mislead_are_not():
    texts, near, truth = clusters()
    scores = names.encode(texts, near, texts)
    helpful = names.fit(scores, truth)
    misleading = names.fit(scores, (truth + 1) % 3)
    assert 0 <= misleading < 0.01 < 0.5 < helpful <= 8
    calm = names.predict(scores, misleading)
    np.testing.assert_allclose(np.exp(calm), 1 / 3, atol=0.02)


@given(st.integers(2, 8), st.floats(0, 8), st.integers(0, 2**32 - 1))
def test_predictions_are_log_probabilities(labels, scale, seed):
    scores = 10 * np.random.default_rng(seed).normal(size=(5, labels)).astype(np.float32)
    out = names.predict(scores, scale)
    assert out.dtype == np.float32
    np.testing.assert_allclose(np.exp(out).sum(1), 1, atol=1e-5)


def test_texts_that_are_all_alike_give_finite_scores():
    same = np.ones((4, 8), np.float32) / 8**0.5
    near = np.eye(3, 8, dtype=np.float32)
    assert np.isfinite(names.encode(same, near, same)).all()
    assert np.isfinite(names.encode(same, same[:2], same)).all()


def test_what_was_expected_of_the_scale_counts_where_rows_are_few():
    rng = np.random.default_rng(0)
    for count, near in ((4, True), (4_000, False)):
        truth = np.arange(count) % 2
        wrong = (2 * np.eye(2)[1 - truth] + rng.normal(size=(count, 2))).astype(np.float32)
        assert names.fit(wrong, truth) < 0.01
        told = names.fit(wrong, truth, 0.7, 30.0)
        assert (abs(told - 0.7) < 0.2) == near
        assert near or told < 0.05


def test_trust_in_names_of_several_labels_follows_what_they_tell():
    rng = np.random.default_rng(0)
    truth = (rng.random((200, 4)) < 0.3).astype(np.int64)
    bias = names.usual(truth)
    telling = (truth * 2 + rng.normal(size=truth.shape)).astype(np.float32)
    nothing = rng.normal(size=truth.shape).astype(np.float32)
    assert names.fit_apart(telling, truth, bias) > 0.5
    assert names.fit_apart(nothing, truth, bias) < 0.3
    shares = np.exp(names.predict_apart(nothing, 0.0, bias))
    np.testing.assert_allclose(shares.mean(0), (truth.sum(0) + 1) / 202, atol=1e-4)
