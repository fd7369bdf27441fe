"""Opening a decoder, and refusing what is none; what the embedded one knows."""

from __future__ import annotations

import random

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from danlu.errors import OptionError
from danlu.infer.engine import Sampling, generate, score
from danlu.models.decoder import _open_embedded, open_decoder, save_embedded_decoder
from danlu.models.fresh import SHAPES, fresh_decoder
from danlu.models.shelf import shelf
from danlu.text.tokenizer import BYTES, SPECIAL, START, decode, encode, train_tokenizer

SENTENCES = (
    "今天上午，国务院新闻办公室举行新闻发布会，介绍有关情况。",
    "孩子不愿意上学，我每天都很焦虑，应该怎么和他沟通？",
    "The old man looked at the sea for a long time, and said nothing.",
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("decoder")
    tokenizer = train_tokenizer(lambda: ["今天天气很好", "a nice day"], 300, coverage=1.0)
    tokenizer.save(str(folder / "tokenizer.json"))
    torch.manual_seed(0)
    fresh_decoder(SHAPES["tiny"], tokenizer.get_vocab_size()).save_pretrained(folder)
    return folder


def test_a_decoder_opens(folder):
    decoder = open_decoder(str(folder))
    assert decoder.name == str(folder)
    assert decoder.model.config.vocab_size == decoder.tokenizer.get_vocab_size()
    assert not decoder.model.training


def test_what_is_no_decoder_is_refused(folder, tmp_path):
    with pytest.raises(OptionError, match="holds no decoder"):
        open_decoder(str(tmp_path))
    (tmp_path / "tokenizer.json").write_bytes((folder / "tokenizer.json").read_bytes())
    with pytest.raises(OptionError, match="cannot be opened"):
        open_decoder(str(tmp_path))
    (tmp_path / "tokenizer.json").write_text("{}")
    with pytest.raises(OptionError, match="is no tokenizer"):
        open_decoder(str(tmp_path))


def test_a_decoder_stored_small_says_nearly_the_same(folder, tmp_path):
    decoder = open_decoder(str(folder))
    save_embedded_decoder(decoder, tmp_path / "decoder", "# A toy\n")
    assert [kept.broken for kept in shelf(tmp_path)] == [()]
    small = _open_embedded(tmp_path / "decoder")
    ids = torch.tensor([[1, 20, 30, 40]])
    with torch.inference_mode():
        before, after = (torch.softmax(d.model(input_ids=ids).logits, -1) for d in (decoder, small))
    assert (before - after).abs().max() < 1e-3
    size = (tmp_path / "decoder" / "model.safetensors").stat().st_size
    assert size < 0.3 * (folder / "model.safetensors").stat().st_size


def test_what_is_missing_from_the_package_is_said(tmp_path):
    with pytest.raises(OptionError, match="install danlu again"):
        _open_embedded(tmp_path / "decoder")


@pytest.fixture(scope="module")
def embedded():
    return open_decoder()


def test_the_embedded_decoder_opens(embedded):
    assert embedded.name == "embedded"
    config = embedded.model.config
    assert config.vocab_size == embedded.tokenizer.get_vocab_size() == 16_384
    assert config.max_position_embeddings == 512
    assert not embedded.model.training


def test_its_vocabulary_gives_every_text_back(embedded):
    texts = [*SENTENCES, "登鸛雀樓\n王之渙\n白日依山盡，", "naïve 🙂\t  𠮷 <|end|>\r\n", ""]
    ids = encode(embedded.tokenizer, texts)
    assert [decode(embedded.tokenizer, each) for each in ids] == texts
    assert min(min(each) for each in ids if each) >= 8  # no special token


def any_text():
    """Runs of any characters between what is frequent, what is spelt in bytes and what looks like a token."""
    characters = st.characters(exclude_categories=["Cs"])
    hanzi = st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF)
    digits, blanks = st.sampled_from("0123456789"), st.sampled_from(" \t\n\r\u3000\u00a0\ufeff\x00")
    told = st.sampled_from(
        [*SPECIAL, *BYTES[40:60], "<0x", "天气", "the", " The", "龘", "👩🏽‍💻", "e\u0301", "３", "½", "१"]
    )
    return st.lists(st.one_of(st.text(characters), st.text(hanzi), st.text(digits), st.text(blanks), told)).map("".join)


@given(text=any_text())
def test_its_vocabulary_gives_any_text_back_and_each_digit_is_a_token(embedded, text):
    (ids,) = encode(embedded.tokenizer, [text])
    assert decode(embedded.tokenizer, ids) == text
    assert all(index >= len(SPECIAL) for index in ids)
    tokens = [token for token in map(embedded.tokenizer.id_to_token, ids) if token not in BYTES]
    digits = set("0123456789")
    assert [token for token in tokens if digits & set(token)] == [letter for letter in text if letter in digits]


def test_it_believes_a_sentence_more_than_its_shuffled_characters(embedded):
    draw = random.Random(0)
    shuffled = ["".join(draw.sample(text, len(text))) for text in SENTENCES]
    ids = [[START, *each] for each in encode(embedded.tokenizer, [*SENTENCES, *shuffled])]
    found = [float(each.sum()) for each in score(embedded.model, ids)]
    for text, real, mixed in zip(SENTENCES, found[: len(SENTENCES)], found[len(SENTENCES) :], strict=True):
        assert real > 0.7 * mixed, text


def test_it_writes_the_same_for_the_same_seed(embedded):
    prompts = [[START, *each] for each in encode(embedded.tokenizer, ["今天", "The"])]
    found = [
        [each.ids for each in generate(embedded.model, prompts, Sampling(most=12, top_p=0.9, stop=(), seed=seed))]
        for seed in (1, 1, 2)
    ]
    assert found[0] == found[1] != found[2]
    assert [len(ids) for ids in found[0]] == [12, 12]
