"""A marked word is found again, long quotations are none, and a question about a word is known as one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from danlu.errors import DataError
from danlu.text.mention import LONGEST, is_about, is_marked, is_question, mark, pair_of, stands_for

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


@pytest.mark.parametrize(
    ("text", "pronoun", "name", "marked"),
    [
        ("小王把书给了小李,因为他看完了。", "他", "小王", "小王把书给了小李,因为“他”看完了。"),
        ("The other one hit him before he ran.", "he", "The other one", "The other one hit him before “he” ran."),
        ("他说“他”累了。", "他", "小王", "他说“他”累了。"),
    ],
)
def test_a_pronoun_that_stands_there_once_makes_a_pair(text, pronoun, name, marked):
    assert pair_of(text, pronoun, name) == (stands_for(pronoun, name, text), marked)
    assert is_about(*pair_of(text, pronoun, name))


@pytest.mark.parametrize(
    ("text", "pronoun", "name", "told"),
    [
        (
            "他说他累了。",
            "他",
            "小王",
            "'他' stands in the text 2 times. Fix: mark in the text the one that is meant: “",
        ),
        ("小王累了。", "他", "小王", "'他' does not stand in the text. Fix: write the pronoun as it stands there"),
        ("他累了。", "他", " ", "is empty. Fix: give all three"),
        ("a" * 30, "a" * 30, "b", "more than 20 characters"),
    ],
)
def test_a_pronoun_that_is_not_there_once_is_one_sentence(text, pronoun, name, told):
    with pytest.raises(DataError) as error:
        pair_of(text, pronoun, name)
    assert told in str(error.value)


def test_a_question_is_in_the_language_of_its_passage():
    assert stands_for("他", "小王", "小王把书给了小李，因为他看完了。") == "句中的“他”指的是“小王”吗?"
    assert (
        stands_for("she", "Eve", "Ann thanked Eve because she had helped.") == "Does “she” in the text stand for “Eve”?"
    )
