"""A cut tokenizer reads the texts it was cut for as before, and loses nothing that could be read."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer, models, pre_tokenizers, processors

from danlu.compress import vocabulary
from danlu.compress.vocabulary import cut, small_tokenizer
from danlu.models.base import EMBEDDED, token_ids
from danlu.models.storage import load_tokenizer

WORDS = ["parcel", "refund", "thanks", "money", "box", "快递", "退款", "谢谢", "的", "x7", "!", "q", "paying"]
SOME_WORDS = st.lists(st.sampled_from(WORDS), max_size=8)
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


def tokens(tokenizer, text):
    return tokenizer.encode(text).tokens


def told(tokenizer):
    """A weight for each token, in an order of its own."""
    return np.random.default_rng(0).random(tokenizer.get_vocab_size()).astype(np.float32)


def cut_for(base, words):
    text = " ".join(words)
    return text, *cut(base.tokenizer, base.tokenizer.encode(text).ids, told(base.tokenizer))


@given(SOME_WORDS)
def test_used_texts_are_read_as_before(tiny_base, words):
    text, small, old_ids = cut_for(tiny_base, words)
    found, before = small.encode(text), tiny_base.tokenizer.encode(text)
    assert found.tokens == before.tokens
    assert old_ids[found.ids].tolist() == before.ids
    assert small.get_vocab_size() == len(old_ids)


@given(SOME_WORDS)
def test_old_ids_name_the_same_tokens_special_ones_first_then_by_weight(tiny_base, words):
    _, small, old_ids = cut_for(tiny_base, words)
    names = {index: name for name, index in tiny_base.tokenizer.get_vocab().items()}
    assert small.get_vocab() == {names[old]: new for new, old in enumerate(old_ids.tolist())}
    special = {names[old] for old in old_ids[: len(SPECIAL)].tolist()}
    assert special == set(SPECIAL)
    assert (np.diff(told(tiny_base.tokenizer)[old_ids[len(SPECIAL) :]]) > 0).all()


@given(SOME_WORDS, SOME_WORDS)
def test_other_words_fall_back_to_their_characters(tiny_base, words, others):
    _, small, _ = cut_for(tiny_base, words)
    before, found = (
        [t for t in tokens(tokenizer, " ".join(others)) if t not in ("[CLS]", "[SEP]")]
        for tokenizer in (tiny_base.tokenizer, small)
    )
    spelled = ["".join(t.removeprefix("##") for t in part if t != "[UNK]") for part in (before, found)]
    latin = ["".join(c for c in text if c.isascii()) for text in spelled]
    assert latin[0] == latin[1]


def test_a_word_that_is_cut_is_spelled(tiny_base):
    _, small, _ = cut_for(tiny_base, ["parcel"])
    assert tokens(small, "parcel money")[1:-1] == ["parcel", "m", "##o", "##n", "##e", "##y"]
    assert tokens(small, "谢")[1:-1] == ["[UNK]"]


def test_every_character_of_the_texts_stays(tiny_base):
    small, _ = small_tokenizer(tiny_base, ["谢谢 parcel"], 16, 30_000)
    assert "[UNK]" not in tokens(small, "谢 parcel quick")


def test_what_the_texts_use_most_stays_where_room_is_short(tiny_base):
    texts = ["parcel parcel parcel", "money parcel", "box"]
    characters = sorted(set("".join(texts)) - {" "})
    spelled = {index for ids in token_ids(tiny_base.tokenizer, characters, 8) for index in ids}
    for room, words in ((0, set()), (1, {"parcel"}), (30_000, {"parcel", "money", "box"})):
        small, _ = small_tokenizer(tiny_base, texts, 16, len(spelled) + room)
        assert {"parcel", "money", "box"} & small.get_vocab().keys() == words


def test_hanzi_are_kept_but_rare_ones_of_a_base_that_counted_them(tiny_base, static_base, monkeypatch):
    names = sorted(tiny_base.tokenizer.get_vocab().items(), key=lambda item: item[1])
    hanzi = [name for name, _ in names if len(name) == 1 and "\u4e00" <= name <= "\u9fff"]
    assert len(hanzi) > 3
    monkeypatch.setattr(vocabulary, "COMMON_HANZI", 2)
    plain, _ = small_tokenizer(tiny_base, [hanzi[0]], 16, 0)
    counted, _ = small_tokenizer(static_base, [hanzi[-1]], 16, 0)
    assert set(hanzi) <= plain.get_vocab().keys()
    assert set(hanzi) & counted.get_vocab().keys() == {*hanzi[:2], hanzi[-1]}
    latin, _ = small_tokenizer(static_base, ["parcel"], 16, 0)
    assert not set(hanzi) & latin.get_vocab().keys()


def test_special_tokens_stay_and_are_remapped(tiny_base):
    _, small, old_ids = cut_for(tiny_base, ["box"])
    assert [old_ids[small.token_to_id(token)] for token in SPECIAL] == [0, 1, 2, 3, 4]
    found = small.encode("box", "box")
    assert (found.tokens[0], found.tokens[-1]) == ("[CLS]", "[SEP]")
    assert [small.id_to_token(i) for i in found.ids] == found.tokens
    assert found.special_tokens_mask == [1, 0, 1, 0, 1]


def with_ids(order, post_processor, special=True):
    """A tokenizer whose special tokens stand last, so that a cut moves them."""
    vocabulary = {token: i for i, token in enumerate(order)}
    made = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    made.post_processor = post_processor(vocabulary)
    if special:
        made.add_special_tokens(SPECIAL)
    return made


def bert(ids):
    return processors.BertProcessing(("[SEP]", ids["[SEP]"]), ("[CLS]", ids["[CLS]"]))


def template(ids):
    special = [(token, ids[token]) for token in ("[CLS]", "[SEP]")]
    return processors.TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=special)


def sequence(ids):
    return processors.Sequence([template(ids)])


@pytest.mark.parametrize("post_processor", [bert, template, sequence])
def test_any_post_processor_is_renumbered(post_processor):
    whole = with_ids(["alpha", "beta", "gamma", *"abg", *SPECIAL], post_processor)
    small, old_ids = cut(whole, whole.encode("beta").ids, told(whole))
    assert tokens(small, "beta") == ["[CLS]", "beta", "[SEP]"]
    assert old_ids[small.encode("beta").ids].tolist() == whole.encode("beta").ids
    assert [small.id_to_token(i) for i in small.encode("beta").ids] == ["[CLS]", "beta", "[SEP]"]
    assert small.get_vocab_size() == 1 + 3 + 5


def test_the_unknown_token_stays_even_if_nobody_called_it_special():
    whole = with_ids(["alpha", "beta", "a", *SPECIAL], bert, special=False)
    small, _ = cut(whole, whole.encode("beta").ids, told(whole))
    assert tokens(small, "zeta beta") == ["[CLS]", "[UNK]", "beta", "[SEP]"]


def test_other_kinds_of_vocabulary_are_left_whole():
    whole = Tokenizer(models.WordLevel({"a": 0, "b": 1, "[UNK]": 2}, unk_token="[UNK]"))
    small, old_ids = cut(whole, [0], told(whole))
    assert small is whole
    assert old_ids.tolist() == [0, 1, 2]


def test_added_words_keep_the_numbers_they_are_given():
    whole = with_ids(["alpha", "beta", *"ab", *SPECIAL], bert)
    whole.add_tokens(["two words", "退款"])
    weight = np.zeros(whole.get_vocab_size(), np.float32)
    weight[[whole.token_to_id("beta"), whole.token_to_id("b")]] = 1.0, 2.0
    small, old_ids = cut(whole, whole.encode("two words beta 退款").ids, weight)
    for text in ("two words beta 退款", "beta b", "退款"):
        assert old_ids[small.encode(text).ids].tolist() == whole.encode(text).ids
    assert small.get_vocab_size() == len(old_ids) == max(small.get_vocab().values()) + 1


def test_the_given_tokenizer_is_left_as_it_was(tiny_base):
    before = tiny_base.tokenizer.to_str()
    cut(tiny_base.tokenizer, [7, 8], told(tiny_base.tokenizer))
    small_tokenizer(tiny_base, ["parcel"], 16, 30_000)
    assert tiny_base.tokenizer.to_str() == before
    assert token_ids(tiny_base.tokenizer, ["a"], 8)
    assert json.loads(before)["truncation"] is None


@pytest.mark.parametrize(
    ("traditional", "simplified"),
    [
        ("電腦壞了，請問怎麼退貨？", "电脑坏了，请问怎么退货？"),
        ("ＡＢＣ公司的發展歷史", "abc公司的发展历史"),
        ("這個軟體 app 沒辦法開啟", "这个软体 app 没办法开启"),
    ],
)
def test_the_embedded_tokenizer_reads_traditional_hanzi_as_simplified_and_so_do_students(traditional, simplified):
    tokenizer = load_tokenizer(EMBEDDED)
    wanted = tokens(tokenizer, simplified)
    assert "[UNK]" not in wanted
    assert tokens(tokenizer, traditional) == wanted
    small, _ = cut(tokenizer, tokenizer.encode(simplified).ids, told(tokenizer))
    assert tokens(small, traditional) == tokens(small, simplified) == wanted
