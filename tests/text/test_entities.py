"""Stitching windows changes nothing; of overlapping stretches the likeliest is taken."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from danlu.text.entities import Candidates, Reading, candidates, decode, pack, unpack
from danlu.text.pieces import Tokens

WIDEST, TYPES = 3, 2


def tokens_of(ids):
    ids = np.array(ids, np.int64)
    places = np.arange(len(ids))
    return Tokens(ids, 2 * places, 2 * places + 1, np.ones_like(ids))


def by_its_tokens(ids, mask, shapes):
    """A score that depends on the tokens of a stretch alone, as no network's does: so windows must not show."""
    out = np.zeros((*ids.shape, WIDEST, TYPES), np.float32)
    for width in range(WIDEST):
        for start in range(ids.shape[1]):
            inside = ids[:, start : start + width + 1]
            out[:, start, width] = np.sin(inside.sum(1) * (width + 1.5))[:, None] * np.array([1.0, -1.0])
    return [out]


@given(st.lists(st.lists(st.integers(1, 50), max_size=60), max_size=5), st.integers(7, 30), st.integers(8, 200))
def test_windows_give_what_the_whole_text_gives(texts, size, cells):
    rows = [tokens_of(ids) for ids in texts]
    cut = candidates(by_its_tokens, rows, Reading((2,), (3,), size, WIDEST), 0.1, cells)
    whole = candidates(by_its_tokens, rows, Reading((2,), (3,), 200, WIDEST), 0.1)
    for one, other in zip(cut, whole, strict=True):
        assert one.places.tolist() == other.places.tolist()
        np.testing.assert_array_equal(one.logits, other.logits)


def test_nothing_reaches_into_special_tokens_or_padding():
    rows = [tokens_of([5]), tokens_of([5, 6, 7, 8])]
    found = candidates(lambda *given: [by_its_tokens(*given)[0] * 0 + 1], rows, Reading((2,), (3,), 9, WIDEST), 0.0)
    assert found[0].places.tolist() == [[0, 1, 0], [0, 1, 1]]
    assert len(found[1].places) == (4 + 3 + 2) * TYPES
    assert found[1].places[:, 1].max() == 7


def of(*rows):
    places = np.array([row[:3] for row in rows], np.int64).reshape(-1, 3)
    return Candidates(places, np.array([row[3] for row in rows], np.float32))


def test_the_likeliest_of_overlapping_stretches_is_taken():
    found = of((0, 4, 0, 3.0), (2, 6, 1, 2.0), (6, 8, 0, 1.0), (1, 3, 0, 0.5), (9, 10, 0, -1.0))
    assert decode(found, 0.0, nested=False) == [0, 2]
    assert decode(found, 0.0, nested=True) == [0, 2, 3]
    assert decode(found, -2.0, nested=False) == [0, 2, 4]


@given(st.lists(st.tuples(st.integers(0, 12), st.integers(1, 5), st.integers(0, 2), st.floats(-3, 3)), max_size=12))
def test_what_is_taken_never_crosses(rows):
    rows = sorted({(s, s + w, k): p for s, w, k, p in rows}.items(), key=lambda item: -item[1])
    found = of(*((*place, score) for place, score in rows))
    for nested in (False, True):
        taken = [found.places[i].tolist() for i in decode(found, -1.0, nested=nested)]
        for index, (start, end, _) in enumerate(taken):
            for other_start, other_end, _ in taken[:index]:
                apart = end <= other_start or other_end <= start
                inside = (start <= other_start and other_end <= end) or (other_start <= start and end <= other_end)
                assert apart or (nested and inside)


def test_candidates_are_stored_and_read_back():
    found = [of((0, 4, 0, 3.0)), Candidates.none(), of((0, 1, 1, 2.0), (3, 4, 0, 1.0))]
    again = unpack(pack(found))
    assert [each.places.tolist() for each in again] == [each.places.tolist() for each in found]
    assert [each.logits.tolist() for each in again] == [each.logits.tolist() for each in found]
    assert unpack(pack([])) == []
