"""Which texts a round of self-training admits."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from danlu.loops.admission import admit_scores, admit_several

SEEDS = st.integers(0, 2**32 - 1)


def test_texts_are_admitted_by_their_least_certain_decision():
    odds = np.array([[5.0, -5.0], [5.0, -0.1], [6.0, -4.0], [-5.0, -5.0]])
    votes = [-np.logaddexp(0.0, -odds)]
    assert admit_several(odds, votes, 0.3).tolist() == [0, 3]


@given(SEEDS, st.integers(0, 40), st.floats(0.05, 1))
def test_scores_are_admitted_where_forms_agree_the_same_share_of_every_fifth(seed, count, share):
    odds = np.random.default_rng(seed).normal(size=(count, 1))
    calm = -np.logaddexp(0.0, -odds).astype(np.float32)
    wild = calm - np.random.default_rng(seed + 1).random((count, 1)).astype(np.float32)
    index = admit_scores(odds, [calm, wild], share)
    assert len(set(index.tolist())) == len(index)
    spread = np.std([np.exp(calm[:, 0]), np.exp(wild[:, 0])], axis=0)
    for part in np.array_split(np.argsort(odds[:, 0], kind="stable"), 5):
        mine = np.isin(part, index)
        assert mine.sum() == (max(1, round(share * len(part))) if len(part) else 0)
        if mine.any() and not mine.all():
            assert spread[part[mine]].max() <= spread[part[~mine]].min()
