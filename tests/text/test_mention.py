"""A marked word is found again, and long quotations are none."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from danlu.text.mention import LONGEST, is_marked, mark

WORD = st.text(st.characters(exclude_characters="“”"), min_size=1, max_size=LONGEST)


@given(st.text(st.characters(exclude_characters="“”")), WORD, st.text(st.characters(exclude_characters="“”")))
def test_what_is_marked_is_found(before, word, after):
    assert is_marked(before + mark(word) + after)
    assert not is_marked(before + word + after)


def test_a_long_quotation_is_no_mark():
    assert not is_marked(mark("a" * (LONGEST + 1)))
