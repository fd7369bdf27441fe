"""Opening a decoder, and refusing what is none."""

from __future__ import annotations

import pytest
import torch

from danlu.errors import OptionError
from danlu.models.decoder import _open_embedded, open_decoder, save_embedded_decoder
from danlu.models.fresh import SHAPES, fresh_decoder
from danlu.models.shelf import shelf
from danlu.text.tokenizer import train_tokenizer


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
