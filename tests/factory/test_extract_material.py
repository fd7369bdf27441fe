"""Which rows of an extraction are held out together."""

from __future__ import annotations

import numpy as np
import pytest

from danlu.factory.extract_material import parted


@pytest.mark.parametrize("texts", [["I saw Rome", "Bob slept"], ["I saw Rome", "Bob slept", "at noon, perhaps"]])
def test_rows_whose_types_are_all_different_are_held_out_all_the_same(texts):
    folds = parted(texts, np.arange(len(texts)), 3, 0)
    assert sorted(int(i) for _, held in folds for i in held) == list(range(len(texts)))
    assert all(len(train) and not set(train) & set(held) for train, held in folds)
