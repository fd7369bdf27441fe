"""What a student is measured against."""

import numpy as np

from danlu.factory.judge import believed
from danlu.factory.material import Material
from danlu.factory.texts import Texts
from danlu.types import Example


def job(bounds):
    texts = Texts(["a", "b"], np.array([[0.0], [1.0]]), ["c"], ("score",), None, range=bounds)
    return Material(texts, [], [Example("d", "5", "dev.csv", 1), Example("e", "0", "dev.csv", 2)], [], [])


def test_a_margin_learns_nothing_from_the_truth_of_dev_rows():
    said = np.log(np.array([[0.1], [0.9], [0.5], [0.6], [0.2]]))
    targets = np.array([[0.8], [0.1], [0.5]], np.float32)  # of dev rows half the truth, then of an unlabelled text
    np.testing.assert_allclose(believed(job((0, 5)), targets, said), [[0.6], [0.2], [0.5]], atol=1e-6)
    assert believed(job(None), targets, said) is targets
