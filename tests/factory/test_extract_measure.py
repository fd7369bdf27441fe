"""Which rows an extraction is chosen and measured by."""

from __future__ import annotations

import pytest

from danlu.factory.extract_measure import SMALLEST_EXAM, held_back


@pytest.mark.parametrize("train", [2, 3, 15, 30, 31, 100, 1_000])
def test_few_rows_leave_most_of_them_to_be_learned_from(train):
    texts, rows = held_back(0, 0, train)
    assert texts == 0
    assert 1 <= rows <= min(SMALLEST_EXAM, max(1, train // 5)) < train


def test_labelled_rows_are_held_back_only_where_other_texts_are_few():
    assert held_back(500, 0, 100) == (100, 0)
    assert held_back(0, 40, 100) == (0, 0)
    assert held_back(100, 0, 100) == (20, 10)
