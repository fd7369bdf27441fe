"""Every finding has a sentence in both languages, with the same values in both."""

from __future__ import annotations

import re
import string
from pathlib import Path

import pytest

import danlu.factory
from danlu.factory.finding_text import MESSAGES, say

SOURCE = "".join(
    (Path(danlu.factory.__file__).parent / f"{name}.py").read_text(encoding="utf-8")
    for name in (
        "findings",
        "inspect_links",
        "sift",
        "inspect",
        "inspect_spans",
        "inspect_links",
        "advice",
        "folds",
        "questions",
        "several_facts",
        "score_facts",
        "extract",
    )
)


def fields(template):
    return {name for _, name, _, _ in string.Formatter().parse(template) if name and name != "s"}


@pytest.mark.parametrize("code", MESSAGES)
def test_both_sentences_hold_the_same_values_and_the_code_is_used(code):
    english, chinese = MESSAGES[code]
    assert fields(english) == fields(chinese)
    assert f'"{code}"' in SOURCE
    if code != "capped":
        assert not re.search("[\u4e00-\u9fff]", english)
        assert re.search("[\u4e00-\u9fff]", chinese)


def test_numbers_names_and_braces():
    assert say("empty", {"n": 1}, chinese=False).startswith("1 row without")
    assert say("empty", {"n": 2000}, chinese=False).startswith("2,000 rows without")
    names = [f"{{label {i}}}" for i in range(12)]
    said = say("labels-alike", {"names": names}, chinese=False)
    assert "'{label 0}', " in said
    assert said.count("{label ") == 10
    assert " and 2 more " in said
    assert "“{label 9}” 等 12 个" in say("labels-alike", {"names": names}, chinese=True)


@pytest.mark.parametrize("chinese", [True, False])
@pytest.mark.parametrize("code", MESSAGES)
def test_a_label_may_be_as_long_as_a_book_and_its_sentence_is_not(code, chinese):
    english = MESSAGES[code][0]
    values = dict.fromkeys(fields(english), "y\n" * 100000)
    values |= {name: ["x" * 100_000] * 12 for name in {"names", "entities", "other"} & fields(english)}
    values |= {name: 7 for name in fields(english) if f"{{{name}:," in english}
    said = say(code, values, chinese=chinese)
    assert len(said) < 1_100
    assert "\n" not in said
    assert "x" * 60 not in said
    assert r"y\n" * 20 not in said or code == "capped"  # whose value is a sentence
