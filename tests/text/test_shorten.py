"""What is read of a long text: its frame, and between it the tokens that tell most, each once if room is short."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from danlu.text.shorten import shorten, shorten_pair

IDS = st.lists(st.integers(0, 40), max_size=60)


def test_the_highest_numbers_stay_in_the_order_of_the_text():
    assert shorten([1, 30, 5, 40, 6, 35, 2], 5) == [1, 30, 40, 35, 2]


def test_a_repeat_gives_way_to_what_was_not_read():
    assert shorten([1, 40, 40, 5, 40, 6, 2], 5) == [1, 40, 5, 6, 2]
    assert shorten([1, 40, 40, 5, 40, 6, 2], 6) == [1, 40, 40, 5, 6, 2]


@given(IDS, st.integers(0, 70))
def test_a_part_is_as_long_as_it_may_be_and_framed_as_the_whole(ids, length):
    part = shorten(ids, length)
    assert len(part) == min(len(ids), max(2, length))
    assert part[:1] == ids[:1]
    assert part[-1:] == ids[-1:]
    rest = iter(ids)
    assert all(token in rest for token in part)  # a part of the text, in its order


@given(IDS, st.integers(2, 70))
def test_what_is_left_out_tells_no_more_than_what_is_read(ids, length):
    read = set(shorten(ids, length)[1:-1])
    left = set(ids[1:-1]) - read
    assert not left or max(left) < min(read, default=41)


@given(IDS, st.integers(2, 70))
def test_shortening_again_changes_nothing(ids, length):
    once = shorten(ids, length)
    assert shorten(once, length) == once


@given(IDS, IDS, st.integers(2, 70))
def test_a_side_of_a_pair_has_what_the_other_leaves_over(first, second, length):
    read = shorten_pair(first, second, length)
    assert sum(map(len, read)) == min(len(first) + len(second), 2 * length)
    for side, whole in zip(read, (first, second), strict=True):
        assert len(side) >= min(len(whole), length)
        assert side == shorten(whole, len(side))
