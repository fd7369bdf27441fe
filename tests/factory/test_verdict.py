"""From which probability on a model need not ask a person."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from danlu.factory.verdict import WANTED_ACCURACY, threshold


def table(sure):
    """(n, 2) probabilities whose first label has so much."""
    sure = np.asarray(sure)
    return np.stack([sure, 1 - sure], 1)


def test_it_is_the_lowest_from_which_on_nine_in_ten_are_right():
    sure = np.linspace(0.99, 0.6, 40)
    truth = np.zeros(40, np.int64)
    assert threshold(truth, table(sure)) == pytest.approx(0.6)
    truth[20:] = 1  # the less sure half is wrong
    found = threshold(truth, table(sure))
    assert (truth[sure >= found] == 0).mean() >= WANTED_ACCURACY
    assert found == pytest.approx(sure[21], abs=1e-4)


@given(st.integers(0, 9), st.integers(0, 2**32 - 1))
def test_few_rows_prove_nothing(count, seed):
    rng = np.random.default_rng(seed)
    assert threshold(rng.integers(0, 2, count), table(rng.uniform(0.5, 1, count))) == WANTED_ACCURACY
