"""A question with its options in one string: what goes in comes out, and nothing that people write is taken for one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from danlu.text.normalize import clean
from danlu.text.pair import plain, sides
from danlu.text.question import (
    GAP,
    LONG,
    ask,
    asked,
    blank,
    change,
    essence,
    identity,
    is_question,
    pairs,
    parts,
    passage,
    shown,
    told,
)

TEXT = st.text(max_size=20)
OPTIONS = st.lists(TEXT, min_size=2, max_size=5)


@given(TEXT, OPTIONS)
def test_parts_come_back(question, options):
    question, options = clean(question), list(map(clean, options))
    text = ask(question, options)
    assert is_question(text)
    assert parts(text) == (question, *options)
    assert told(text) == (question,)
    assert change(text, str.upper) == ask(question.upper(), [option.upper() for option in options])


@given(TEXT, OPTIONS)
def test_marks_that_people_write_part_nothing(question, options):
    text = ask(question, options)
    assert len(parts(text)) == 1 + len(options)
    assert tuple(map(clean, parts(text))) == (clean(question), *map(clean, options))
    for single in (clean(question), plain(question)):
        assert not is_question(single)
        assert parts(single) == (single,)


@given(TEXT, OPTIONS)
def test_each_option_is_a_pair_with_the_same_question(question, options):
    found = [sides(pair) for pair in pairs(ask(question, options))]
    assert [option for _, option in found] == list(map(plain, options))
    assert len({first for first, _ in found}) == 1


@given(TEXT, OPTIONS, st.randoms())
def test_the_order_of_options_is_no_part_of_what_a_question_is(question, options, random):
    turned = random.sample(options, len(options))
    assert identity(ask(question, options)) == identity(ask(question, turned))


@pytest.mark.parametrize(
    ("question", "around"),
    [
        ("a" * 100 + "#idiom#" + "b" * 100, "a" * 72 + GAP + "b" * 72),
        ("他" * 30 + "____" + "好" * 30, "他" * 24 + GAP + "好" * 24),
        ("他说( )很好,我们都同意", "他说____很好,我们都同意"),
        ("She was _ of the dark.", "She was ____ of the dark."),
        ("下列说法正确的是( )", "下列说法正确的是( )"),  # where the answer is written, no gap in a sentence
        ("The capital of France is ____.", "The capital of France is ____."),
        ("snake_case_names stay", "snake_case_names stay"),
        ("no blank", "no blank"),
    ],
)
def test_a_blank_is_read_with_what_stands_around_it(question, around):
    assert asked(question) == around
    found = blank(question)
    assert found is None or "".join(found) == question


def test_a_passage_is_what_stands_around_a_blank_with_the_blank_in_it():
    han = "甲" * 9 + "#idiom#" + "乙" * 5 + "#idiom#" + "丙" * 20
    assert passage(han, 6) == "甲" * 6 + GAP + "乙" * 5 + "丙"
    assert passage(han, 40) == "甲" * 9 + GAP + "乙" * 5 + "丙" * 20
    assert passage("He ran ___ the house and on.", 2) == "e ran " + GAP + " the h"
    assert passage("问" * 30, 6) == "问" * 12


def test_a_long_question_stands_for_itself_and_a_short_one_with_its_options():
    long = "x" * LONG
    assert essence(ask(long, ["a", "b"])) == essence(ask(long, ["c", "d"]))
    assert essence(ask("which?", ["a", "b"])) != essence(ask("which?", ["c", "d"]))


def test_people_see_the_blank_of_a_long_question():
    text = shown(ask("x" * 300 + "#idiom#" + "y" * 300, ["a", "b"]), 40)
    assert "#idiom#" in text
    assert text.endswith(" | a / b")
    assert shown(ask("z" * 50, ["a", "b"]), 10) == "z" * 9 + "… | a / b"
