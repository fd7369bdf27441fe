import json
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from danlu.text.normalize import clean, han_share, has_hidden, language, tidy

TNEWS = Path(__file__).parents[2].parent / "shared/data/fewclue/tnews/train_0.json"


@given(st.text(st.characters()))
def test_clean_is_idempotent_and_leaves_nothing_hidden(text):
    once = clean(text)
    assert clean(once) == once
    assert not has_hidden(once)
    assert once == once.strip()
    assert "  " not in once
    assert not any(unicodedata.category(character) == "Cc" for character in once)
    once.encode("utf-8")


@given(st.text("aé\u0301\u0308\u0338\u200b\u200d\ufeff \u3000\u00a8\uff76\uff9eカ\u1100\u1161\ud800", max_size=12))
def test_clean_is_idempotent_where_characters_compose(text):
    assert clean(clean(text)) == clean(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("  Ｈｅｌｌｏ\t\n world\u3000 ", "Hello world"),
        ("a\u200bb\ufeffc\u2060d", "abcd"),
        ("a\x00b\x1bc\x7f", "abc"),
        ("one\u2028two\x85three", "one two three"),
        ("a\u200b\u0301", "á"),
        ("①２％", "12%"),
        ("\u202eabc\u202c", "abc"),
        ("שלום \u200fעולם", "שלום עולם"),
        ("good 👍🏽", "good 👍🏽"),
        ("👨\u200d👩", "👨👩"),
        ("half \ud83d pair", "half pair"),
        ("\u200b\n\u00a0", ""),
    ],
)
def test_clean(text, expected):
    assert clean(text) == expected


def test_clean_is_idempotent_on_every_character():
    bad = [
        hex(point)
        for point in range(0x110000)
        if (once := clean("a" + chr(point) + "b")) != clean(once) or has_hidden(once)
    ]
    assert bad == []


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["物流很快", "iPhone 8贴上去四周翘边非常严重", "不错"], "zh"),
        (["still waiting on my card?", "what is this 中"], "en"),
        (["物流很快", "good"], "mixed"),
        (["123", "👍", ""], "en"),
        (["123", "很好"], "zh"),
        ([], "en"),
        (["Привет, как дела"], "en"),
    ],
)
def test_language(texts, expected):
    assert language(iter(texts)) == expected


def test_han_share_counts_texts_with_letters_only():
    assert han_share(["很好", "good", "42"]) == 0.5
    assert han_share(["42"]) is None


@pytest.mark.skipif(not TNEWS.exists(), reason="the evaluation data (shared/data/fewclue) is not beside the checkout")
def test_language_of_real_data():
    with TNEWS.open(encoding="utf-8") as rows:
        assert language([json.loads(row)["sentence"] for row in rows]) == "zh"


@given(st.text(st.characters() | st.sampled_from("，…\n \u3000\u0301\u200b\r\u2028"), max_size=40))
def test_tidy_is_idempotent(text):
    once = tidy(text)
    assert tidy(once) == once
    assert not has_hidden(once)
    assert "\n\n\n" not in once


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Ｈｅｌｌｏ，世界！（１２３）……", "Hello，世界！（123）……"),
        ("第一行 \r\n\r\n\r\n\u3000\u3000第二行\u2028第三行", "第一行\n\n第二行\n第三行"),
        ("a\t b\u200b\u00a0c", "a b c"),
        ("ok, fine!", "ok, fine!"),
    ],
)
def test_tidy(text, expected):
    assert tidy(text) == expected
