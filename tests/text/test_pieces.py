"""Tokens keep the characters they stand for, whatever is written; windows take every token's entities exactly once."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from danlu.text.pieces import by_character, frame, places, read, windows

ANY = st.text(st.sampled_from([*"包裹今天发货abcXY12 \t\n，。.-_😀👍🏽ﬁ½㎏é", "\ud83d", "\u200b"]), max_size=30)


@pytest.fixture(scope="module")
def tokenizer(tiny_base):
    return by_character(tiny_base.tokenizer)


def test_hanzi_emoji_and_signs_stand_alone_and_words_do_not(tokenizer):
    text = "我的包裹box😀late£"
    (tokens,) = read(tokenizer, [text])
    found = [text[start:end] for start, end in zip(tokens.starts, tokens.ends, strict=True)]
    assert found == ["我", "的", "包", "裹", "box", "😀", "late", "£"]


def test_words_that_are_tokens_are_taken_apart():
    from tokenizers import Tokenizer, models, pre_tokenizers

    whole = Tokenizer(models.WordPiece({"[UNK]": 0, "北": 1, "京": 2, "北京": 3}, unk_token="[UNK]"))
    whole.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    whole.add_tokens(["北京"])
    assert [len(tokens) for tokens in read(whole, ["北京"])] == [1]
    assert read(by_character(whole), ["北京"])[0].ids.tolist() == [1, 2]


@given(text=ANY)
def test_tokens_lie_in_order_inside_the_text_and_hold_no_space_at_their_ends(tokenizer, text):
    (tokens,) = read(tokenizer, [text])
    assert (np.diff(tokens.starts) >= 0).all()
    assert (tokens.starts < tokens.ends).all()
    for start, end, shape in zip(tokens.starts, tokens.ends, tokens.shapes, strict=True):
        word = text[start:end]
        assert word.strip() == word != ""
        assert 1 <= shape <= 6


@given(text=ANY, cut=st.tuples(st.integers(0, 30), st.integers(0, 30)))
def test_a_place_is_exact_or_none(tokenizer, text, cut):
    start, end = sorted(min(edge, len(text)) for edge in cut)
    (tokens,) = read(tokenizer, [text])
    found = places(tokens, start, end)
    if found is not None:
        first, last = found
        assert (tokens.starts[first], tokens.ends[last]) == (start, end)


def test_how_a_word_is_written(tokenizer):
    (tokens,) = read(tokenizer, ["box Box BOX 包 7 iPay"])
    assert tokens.shapes.tolist()[:5] == [2, 3, 4, 1, 6]


def test_the_frame_is_one_token_on_either_side(tokenizer):
    assert frame(tokenizer) == ([2], [3])


@given(count=st.integers(0, 400), widest=st.integers(1, 20), more=st.integers(1, 60))
def test_every_token_has_one_window_that_holds_its_widest_entity(count, widest, more):
    size = 2 * widest + more
    found = windows(count, size, widest)
    taken = [token for window in found for token in range(window.first, window.last)]
    assert taken == list(range(count))
    for window in found:
        assert window.stop - window.start <= size
        for token in range(window.first, window.last):
            assert window.start <= token
            assert min(token + widest, count) <= window.stop
