"""The static form: means by hand, and that its vectors tell the toy labels apart."""

from __future__ import annotations

import numpy as np

from danlu.adapt.linear import Centre
from danlu.adapt.static import encode
from danlu.models.base import means, token_ids
from danlu.train.regression import softmax_regression


def test_means_by_hand():
    table = np.array([[0, 0], [3, 0], [0, 4]], np.float32)
    np.testing.assert_allclose(means(table, [[1, 2], [1], [0], []]), [[0.6, 0.8], [1, 0], [0, 0], [0, 0]], atol=1e-6)
    assert means(table, []).shape == (0, 2)


def test_a_base_without_static_embeddings_has_no_such_form(tiny_base):
    assert encode(tiny_base, ["a text"], 16) is None


def test_vectors_tell_labels_apart(static_base, toy_rows):
    (texts, truth), (others, answers) = toy_rows
    seen, unseen = (encode(static_base, rows, 32) for rows in (texts, others))
    np.testing.assert_allclose(np.linalg.norm(seen, axis=1), 1, atol=1e-5)
    centre = Centre(seen.mean(0))
    head = softmax_regression(centre.apply(seen), np.eye(3)[truth], strength=3.0)
    assert (head.logits(centre.apply(unseen)).argmax(1) == answers).mean() > 0.6


def test_only_the_beginning_is_read(static_base):
    text = "red green blue " * 20
    short = token_ids(static_base.tokenizer, [text], 8)
    np.testing.assert_array_equal(encode(static_base, [text], 8), means(static_base.static, short))
