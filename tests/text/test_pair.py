"""Two texts in one string: what goes in comes out, and nothing that people write is taken for a pair."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from danlu.text.normalize import clean, tidy
from danlu.text.pair import each, join, pairing_of, plain, shown, sides

TEXT = st.text(max_size=20)
KINDS = ("ordered", "unordered")


@given(TEXT, TEXT)
def test_sides_come_back(first, second):
    first, second = clean(first), clean(second)
    assert sides(join(first, second, "ordered")) == (first, second)
    assert sides(join(first, second, "unordered")) == tuple(sorted((first, second)))
    assert join(first, second, "unordered") == join(second, first, "unordered")


@given(TEXT)
def test_no_cleaned_or_plain_text_is_a_pair(text):
    for single in (clean(text), plain(text)):
        assert pairing_of([single]) is None
        assert sides(single) == (single,)
    assert clean(plain(text)) == clean(text)
    assert tidy(plain(text)) == tidy(text)


@given(TEXT, TEXT, st.sampled_from(KINDS))
def test_marks_that_people_write_part_nothing(first, second, kind):
    joined = join(first, second, kind)
    assert pairing_of([joined]) == kind
    assert len(sides(joined)) == 2
    assert sorted(map(clean, sides(joined))) == sorted(map(clean, (first, second)))


def test_each_changes_both_sides_and_keeps_them_sorted():
    assert each("Ab", str.lower) == "ab"
    assert sides(each(join("B", "A", "ordered"), str.lower)) == ("b", "a")
    assert sides(each(join("aa", "b", "unordered"), lambda side: {"aa": "z", "b": "b"}[side])) == ("b", "z")


def test_no_texts_have_no_pairing():
    assert pairing_of([]) is None


@pytest.mark.parametrize(("kind", "arrow"), [("ordered", "⇒"), ("unordered", "⇔")])
def test_people_see_an_arrow(kind, arrow):
    assert shown(join("a", "b", kind), 9) == f"a {arrow} b"
    assert shown(join("a" * 10, "b" * 9, kind), 9) == f"{'a' * 8}… {arrow} {'b' * 9}"
    assert shown("a" * 20, 9) == "a" * 20
