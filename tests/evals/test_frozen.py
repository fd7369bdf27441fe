import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from danlu.evals.frozen import best_threshold, cosines, linear_accuracy, rank_correlation, threshold_accuracy


def test_cosines():
    first = np.array([[1, 0], [2, 2], [0, 0]], np.float32)
    second = np.array([[0, 3], [1, 1], [1, 0]], np.float32)
    np.testing.assert_allclose(cosines(first, second), [0, 1, 0], atol=1e-6)


def test_rank_correlation_does_not_mind_scale():
    assert rank_correlation(np.array([0.1, 0.2, 0.9]), np.array([1.0, 2.0, 3.0])) == pytest.approx(1)
    assert rank_correlation(np.array([0.9, 0.2, 0.1]), np.array([1.0, 2.0, 3.0])) == pytest.approx(-1)


@given(st.lists(st.tuples(st.integers(-5, 5), st.booleans()), min_size=1, max_size=30))
def test_no_threshold_is_better_than_the_best(rows):
    similar = np.array([value for value, _ in rows], float)
    same = np.array([truth for _, truth in rows])

    def right(cut):
        return ((similar >= cut) == same).sum()

    assert right(best_threshold(similar, same)) == max(right(cut) for cut in [*similar, np.inf])


def test_the_threshold_comes_from_training_pairs():
    train, same = np.array([0.1, 0.2, 0.8, 0.9]), np.array([False, False, True, True])
    assert threshold_accuracy(train, same, np.array([0.5, 0.85]), np.array([True, True])) == 0.5


def test_linear_accuracy():
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 2, 200)
    vectors = (rng.normal(0, 0.1, (200, 4)) + truth[:, None] * np.array([1, 0, 0, 0])).astype(np.float32)
    labels = [str(t) for t in truth]
    assert linear_accuracy(vectors[:100], labels[:100], vectors[100:], labels[100:]) == 1.0
