"""A marked word is found again, long quotations are none, and a question about a word is known as one."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from danlu.text.mention import LONGEST, is_marked, is_question, mark, stands_for

PASSAGES = ("Ann thanked Eve because she had helped.", "小王把书给了小李，因为他看完了。")
WORD = st.text(st.characters(exclude_characters="“”"), min_size=1, max_size=LONGEST)


@given(st.text(st.characters(exclude_characters="“”")), WORD, st.text(st.characters(exclude_characters="“”")))
def test_what_is_marked_is_found(before, word, after):
    assert is_marked(before + mark(word) + after)
    assert not is_marked(before + word + after)


def test_a_long_quotation_is_no_mark():
    assert not is_marked(mark("a" * (LONGEST + 1)))


@given(
    WORD,
    st.text(min_size=1),
    st.sampled_from(PASSAGES),
)
def test_a_question_about_a_word_is_known(word, name, passage):
    assert is_question(stands_for(word, name, passage))
    assert not is_question(passage)


def test_a_question_is_in_the_language_of_its_passage():
    assert stands_for("他", "小王", "小王把书给了小李，因为他看完了。") == "句中的“他”指的是“小王”吗?"
    assert (
        stands_for("she", "Eve", "Ann thanked Eve because she had helped.") == "Does “she” in the text stand for “Eve”?"
    )
