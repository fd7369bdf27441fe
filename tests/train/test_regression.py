"""Softmax regression against scikit-learn's, and what its options mean."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression

from danlu.evals.metrics import softmax
from danlu.train.regression import Linear, coordinates, softmax_regression


def task(rows=80, width=6, labels=3, seed=0):
    draw = np.random.default_rng(seed)
    truth = np.arange(rows) % labels
    features = draw.normal(size=(rows, width)) + 0.8 * np.eye(labels, width)[truth]
    return features.astype(np.float32), truth


def probabilities(head: Linear, features):
    return softmax(head.logits(features))


@pytest.mark.parametrize("strength", [0.01, 1.0, 30.0])
@pytest.mark.parametrize("labels", [2, 3, 5])
def test_the_optimum_is_that_of_scikit_learn(strength, labels):
    features, truth = task(labels=labels)
    head = softmax_regression(features, np.eye(labels)[truth], strength=strength, iterations=500)
    other = LogisticRegression(C=strength, max_iter=2_000, tol=1e-8).fit(features, truth)
    if labels == 2:  # there one weight vector stands for both labels, at half the penalty
        other = LogisticRegression(C=strength * 2, max_iter=2_000, tol=1e-8).fit(features, truth)
    np.testing.assert_allclose(probabilities(head, features), other.predict_proba(features), atol=3e-3)


def test_sparse_features_give_what_dense_ones_give():
    features, truth = task()
    features[np.abs(features) < 0.7] = 0
    dense = softmax_regression(features, np.eye(3)[truth], strength=1.0)
    sparse = softmax_regression(csr_matrix(features), np.eye(3)[truth], strength=1.0)
    np.testing.assert_allclose(dense.weight, sparse.weight, atol=2e-3)
    np.testing.assert_allclose(dense.logits(features), sparse.logits(csr_matrix(features)), atol=5e-3)
    assert type(sparse.logits(csr_matrix(features))) is np.ndarray


def test_few_sparse_rows_in_many_features_are_fitted_as_their_dense_copy_is():
    draw = np.random.default_rng(3)
    features = (draw.random((40, 300)) * (draw.random((40, 300)) < 0.1)).astype(np.float32)
    features[:, :3] += np.eye(3)[np.arange(40) % 3]
    targets = draw.dirichlet([1, 1, 1], 40)
    dense = softmax_regression(features, targets, strength=2.0, iterations=500)
    sparse = softmax_regression(csr_matrix(features), targets, strength=2.0, iterations=500)
    assert sparse.weight.shape == (300, 3)
    np.testing.assert_allclose(dense.weight, sparse.weight, atol=5e-3)
    np.testing.assert_allclose(dense.logits(features), sparse.logits(csr_matrix(features)), atol=1e-2)


def test_empty_and_repeated_sparse_rows_that_contradict_are_no_trouble():
    features = np.zeros((30, 400), np.float32)
    features[:20, np.arange(20) // 2] = 1  # each row twice, under two labels
    targets = np.eye(2)[np.arange(30) % 2]
    weights = np.where(np.arange(30) % 2, 1.0, 3.0)
    head = softmax_regression(csr_matrix(features), targets, strength=5.0, weights=weights, iterations=500)
    found = probabilities(head, features)
    assert np.isfinite(head.weight).all()
    np.testing.assert_allclose(found[:, 0], 0.75, atol=0.02)


def test_coordinates_have_the_inner_products_of_the_rows():
    rows = csr_matrix(np.array([[1, 0, 2, 0], [0, 1, 1, 0], [0, 0, 0, 0]], np.float32))
    own = coordinates(rows)
    assert own.shape == (3, 3)
    assert own.flags.c_contiguous
    assert not np.triu(own, 1).any()
    np.testing.assert_allclose(own @ own.T, (rows @ rows.T).toarray(), atol=1e-3)


def test_a_weight_of_two_is_a_row_that_stands_twice():
    features, truth = task()
    targets = np.eye(3)[truth]
    weights = np.where(np.arange(len(truth)) < 20, 2.0, 1.0)
    weighted = softmax_regression(features, targets, strength=1.0, weights=weights, iterations=300)
    index = np.repeat(np.arange(len(truth)), weights.astype(int))
    repeated = softmax_regression(features[index], targets[index], strength=1.0, iterations=300)
    np.testing.assert_allclose(probabilities(weighted, features), probabilities(repeated, features), atol=2e-3)


def test_a_weight_of_nought_is_a_row_that_is_not_there():
    features, truth = task()
    targets = np.eye(3)[truth]
    wrong = np.roll(targets, 1, axis=1)
    weights = np.repeat([1.0, 0.0], len(truth))
    both = softmax_regression(
        np.vstack([features, features]), np.vstack([targets, wrong]), strength=1.0, weights=weights, iterations=300
    )
    alone = softmax_regression(features, targets, strength=1.0, iterations=300)
    np.testing.assert_allclose(probabilities(both, features), probabilities(alone, features), atol=2e-3)


def test_a_soft_target_is_its_labels_in_that_proportion():
    features, truth = task()
    soft = 0.7 * np.eye(3)[truth] + 0.3 * np.eye(3)[(truth + 1) % 3]
    found = softmax_regression(features, soft, strength=1.0, iterations=300)
    doubled = softmax_regression(
        np.vstack([features, features]),
        np.vstack([np.eye(3)[truth], np.eye(3)[(truth + 1) % 3]]),
        strength=1.0,
        weights=np.repeat([0.7, 0.3], len(truth)),
        iterations=300,
    )
    np.testing.assert_allclose(probabilities(found, features), probabilities(doubled, features), atol=2e-3)


def test_without_features_the_bias_alone_learns_the_shares_of_the_labels():
    truth = np.array([0] * 50 + [1] * 30 + [2] * 20)
    features = np.zeros((100, 4), np.float32)
    head = softmax_regression(features, np.eye(3)[truth], strength=1.0)
    assert head.bias.shape == (3,)
    assert not head.weight.any()
    np.testing.assert_allclose(probabilities(head, features)[0], [0.5, 0.3, 0.2], atol=2e-3)


def test_the_same_rows_give_the_same_head():
    features, truth = task()
    one, other = (softmax_regression(features, np.eye(3)[truth], strength=1.0) for _ in range(2))
    assert one.weight.tobytes() == other.weight.tobytes()
    assert one.weight.dtype == one.bias.dtype == one.logits(features).dtype == np.float32


@pytest.mark.parametrize("sparse", [False, True])
def test_labels_apart_are_logistic_regressions_of_their_own(sparse):
    draw = np.random.default_rng(4)
    features = draw.normal(size=(90, 5)).astype(np.float32)
    truth = (features[:, :3] + draw.normal(size=(90, 3)) > 0).astype(np.int64)
    given = csr_matrix(features) if sparse else features
    head = softmax_regression(given, truth.astype(np.float64), strength=2.0, iterations=500, apart=True)
    shares = 1 / (1 + np.exp(-head.logits(given)))
    for k in range(3):
        other = LogisticRegression(C=2.0, max_iter=2_000, tol=1e-8).fit(features, truth[:, k])
        np.testing.assert_allclose(shares[:, k], other.predict_proba(features)[:, 1], atol=2e-3)


def test_a_label_that_never_holds_stays_finite():
    features, truth = task()
    targets = np.concatenate([np.eye(3)[truth], np.zeros((len(truth), 1))], 1)
    head = softmax_regression(features, targets, strength=1.0, apart=True)
    assert np.isfinite(head.logits(features)).all()
    assert (head.logits(features)[:, 3] < -3).all()
