import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer, models

from danlu.errors import OptionError
from danlu.text.tokenizer import BYTES, END, MASK, PAD, SPECIAL, START, decode, encode, open_tokenizer, train_tokenizer

TEXTS = [
    "今天天气很好，我们去公园。\n",
    "The weather is nice today; we walk in the park. 2026",
    "天气预报说今天下雨。",
] * 8


def by_two(run):
    return [run[start : start + 2] for start in range(0, len(run), 2)]


@pytest.fixture(scope="module")
def tokenizer():
    return train_tokenizer(lambda: TEXTS, 380, segment=by_two, coverage=1.0)


def characters():
    return st.characters(exclude_categories=["Cs"])


@given(text=st.text(characters()))
def test_decoding_gives_the_text_back(tokenizer, text):
    (ids,) = encode(tokenizer, [text])
    assert decode(tokenizer, ids) == text


@given(
    parts=st.lists(
        st.sampled_from(
            [*SPECIAL, *BYTES[60:70], "<0x", "> ", "  ", "\n\n", " \n", "\t", "\r\n", "天气", "龘", "👩🏽", "42"]
        )
    )
)
def test_decoding_gives_back_what_looks_like_tokens(tokenizer, parts):
    text = "".join(parts)
    (ids,) = encode(tokenizer, [text])
    assert decode(tokenizer, ids) == text
    assert not set(ids) & set(range(len(SPECIAL)))


def test_special_tokens_have_their_places(tokenizer):
    names = [tokenizer.id_to_token(index) for index in (PAD, START, END, MASK)]
    assert names == ["<|pad|>", "<|start|>", "<|end|>", "<|mask|>"]
    assert decode(tokenizer, [START, *encode(tokenizer, ["天气"])[0], END]) == "天气"


def test_digits_stand_alone_and_rare_characters_are_bytes(tokenizer):
    (ids,) = encode(tokenizer, ["2026龘"])
    tokens = [tokenizer.id_to_token(index) for index in ids]
    assert tokens == ["2", "0", "2", "6", "<0xE9>", "<0xBE>", "<0x98>"]


def test_pieces_are_learned_inside_words():
    texts = ["甲乙丙丁"] * 50 + list("甲乙丙丁")
    pieces = train_tokenizer(lambda: texts, 290, segment=by_two).get_vocab()
    assert {"甲乙", "丙丁"} <= set(pieces)
    assert "乙丙" not in pieces
    assert "甲乙丙丁" not in pieces


def test_characters_beyond_the_coverage_get_no_piece():
    texts = ["天" * 99 + "龘"]
    assert "龘" not in train_tokenizer(lambda: texts, 300, coverage=0.99).get_vocab()
    with pytest.raises(OptionError, match="do not hold"):
        train_tokenizer(lambda: texts, 265, coverage=1.0)


def test_a_stored_vocabulary_is_the_same(tokenizer, tmp_path):
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    opened = open_tokenizer(tmp_path / "tokenizer.json")
    text = "今天<|end|> is nice\n\n"
    assert encode(opened, [text]) == encode(tokenizer, [text])
    assert decode(opened, encode(opened, [text])[0]) == text


def test_a_tokenizer_of_another_make_is_refused(tmp_path):
    Tokenizer(models.BPE()).save(str(tmp_path / "other.json"))
    (tmp_path / "broken.json").write_text("{}")
    for name in ("other.json", "broken.json", "none.json"):
        with pytest.raises(OptionError, match=r"Fix: give a tokenizer\.json"):
            open_tokenizer(tmp_path / name)
