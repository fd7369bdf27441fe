"""Folds of texts that may have several labels: complete, even, and apart where texts repeat one another."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from danlu.factory.several_folds import deal, folds_of_several


@given(st.integers(4, 40), st.integers(1, 6), st.integers(2, 5), st.integers(0, 2**31))
def test_folds_hold_each_row_out_once_at_most_and_never_train_on_it(rows, labels, most, seed):
    rng = np.random.default_rng(seed)
    truth = (rng.random((rows, labels)) < 0.4).astype(np.int64)
    texts = [f"{number} {rng.integers(10**9)} something" for number in range(rows)]
    folds = folds_of_several(texts, truth, most, seed)
    held = np.concatenate([part for _, part in folds]) if folds else np.zeros(0, np.int64)
    assert len(held) == len(set(held.tolist()))
    for train, part in folds:
        assert not set(train) & set(part)
        assert len(train) + len(part) == rows
        assert truth[train].any(0)[truth[part].any(0)].all()  # no label is judged that was not learned


def test_labels_are_spread_evenly():
    rng = np.random.default_rng(3)
    truth = (rng.random((300, 8)) < np.linspace(0.05, 0.5, 8)).astype(np.int64)
    fold = deal(truth, np.ones(300, np.int64), 5, 0)
    counts = np.stack([truth[fold == number].sum(0) for number in range(5)])
    assert (counts.max(0) - counts.min(0)).max() <= 3
    assert (np.bincount(fold) >= 50).all()


def test_near_repetitions_stay_together():
    texts = ["the lamp in front of my house is broken since monday" + mark for mark in ("", "!", ".")]
    texts += [
        f"{word} message about something else entirely {word * 3}" for word in ("red", "blue", "green", "grey", "pink")
    ]
    truth = np.ones((8, 1), np.int64)
    for _, held in folds_of_several(texts, truth, 3, 0):
        assert len({0, 1, 2} & set(held.tolist())) in (0, 3)
