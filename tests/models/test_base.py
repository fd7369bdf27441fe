"""Opening, storing and running a base encoder."""

from __future__ import annotations

import json
import shutil
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file
from transformers import AutoModel

from danlu.errors import OptionError
from danlu.models import base as models
from danlu.models.base import embed, layers, most_tokens, open_base, padded, save_embedded, token_ids
from danlu.models.storage import TOKENIZER, coarsened
from danlu.text.pair import plain


@pytest.fixture(scope="module")
def embedded(tiny_base, tmp_path_factory):
    folder = tmp_path_factory.mktemp("embedded")
    save_embedded(tiny_base.model, tiny_base.tokenizer, folder)
    return folder


def test_a_folder_is_opened_with_its_own_weights(tiny_base, tiny_base_folder):
    assert tiny_base.name == str(tiny_base_folder)
    assert not tiny_base.model.training
    assert len(tiny_base.sha256) == 64
    assert open_base(str(tiny_base_folder)).sha256 == tiny_base.sha256
    assert (tiny_base.tokenizer.truncation, tiny_base.tokenizer.padding) == (None, None)


def test_weights_in_half_precision_are_opened_in_float32(tiny_base_folder, tmp_path):
    folder = shutil.copytree(tiny_base_folder, tmp_path / "half")
    AutoModel.from_pretrained(folder).half().save_pretrained(folder)
    opened = open_base(str(folder))
    assert {parameter.dtype for parameter in opened.model.parameters()} == {torch.float32}


def test_the_hash_is_of_the_weights(tiny_base, tiny_base_folder, tmp_path):
    folder = shutil.copytree(tiny_base_folder, tmp_path / "other")
    model = AutoModel.from_pretrained(folder)
    model.encoder.layer[0].output.dense.bias.data[0] += 1e-3
    model.save_pretrained(folder)
    assert open_base(str(folder)).sha256 != tiny_base.sha256


@pytest.mark.parametrize(
    "name", ["no-such-base", "no/such-base", "no/such/folder", "../elsewhere", "", "a b?", "x" * 300]
)
def test_a_name_that_cannot_be_opened_is_one_sentence(name):
    with pytest.raises(OptionError, match=r"--base .*Fix: ") as caught:
        open_base(name)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("damage", ["empty", "no weights", "cut weights", "no tokenizer", "bad config", "other shape"])
def test_a_folder_that_cannot_be_opened_is_one_sentence(damage, tiny_base_folder, tmp_path):
    folder = shutil.copytree(tiny_base_folder, tmp_path / "broken")
    weights, config = folder / "model.safetensors", folder / "config.json"
    if damage == "empty":
        shutil.rmtree(folder)
        folder.mkdir()
    elif damage == "no weights":
        weights.unlink()
    elif damage == "cut weights":
        weights.write_bytes(weights.read_bytes()[:-100])
    elif damage == "no tokenizer":
        for file in folder.glob("token*"):
            file.unlink()
    elif damage == "bad config":
        config.write_text("{")
    else:
        config.write_text(json.dumps({**json.loads(config.read_text()), "hidden_size": 64}))
    with pytest.raises(OptionError, match=r"--base .*Fix: ") as caught:
        open_base(str(folder))
    assert "\n" not in str(caught.value)


def test_a_stored_base_is_nearly_the_same(tiny_base, embedded, monkeypatch, toy_rows):
    monkeypatch.setattr(models, "EMBEDDED", embedded)
    opened = open_base()
    assert opened.name == "embedded"
    texts = toy_rows[0][0]
    sequences = token_ids(opened.tokenizer, texts, 32)
    assert sequences == token_ids(tiny_base.tokenizer, texts, 32)
    cosine = (embed(opened.model, sequences) * embed(tiny_base.model, sequences)).sum(1)
    assert cosine.min() > 0.99
    before = dict(tiny_base.model.named_parameters())
    for name, now in opened.model.named_parameters():
        was = before[name]
        if name == "embeddings.word_embeddings.weight":
            assert torch.equal(now, coarsened(was))
        else:
            assert ((now - was).abs() <= was.abs().amax(-1, keepdim=True) / 127 * 0.51).all()


def test_a_base_is_stored_small_and_always_the_same(tiny_base, embedded, tmp_path):
    save_embedded(tiny_base.model, tiny_base.tokenizer, tmp_path)
    for file in ("model.safetensors", "config.json", TOKENIZER):
        assert (tmp_path / file).read_bytes() == (embedded / file).read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        *("SHA256SUMS", "config.json", "model.safetensors", TOKENIZER)
    ]
    assert not any(name.startswith("pooler") for name in load_file(embedded / "model.safetensors"))
    count = sum(parameter.numel() for parameter in tiny_base.model.parameters())
    assert (embedded / "model.safetensors").stat().st_size < count * 2 + 10_000
    assert str(tiny_base.name) not in (embedded / "config.json").read_text()


def test_static_embeddings_lie_beside_the_encoder(static_base, tmp_path, monkeypatch):
    save_embedded(static_base.model, static_base.tokenizer, tmp_path, static_base.static)
    monkeypatch.setattr(models, "EMBEDDED", tmp_path)
    opened = open_base()
    assert np.array_equal(opened.static, coarsened(torch.from_numpy(static_base.static)).numpy())
    save_embedded(static_base.model, static_base.tokenizer, tmp_path, 2 * static_base.static)
    assert open_base().sha256 != opened.sha256


@settings(max_examples=15)
@given(st.permutations(range(12)), st.integers(1, 13))
def test_vectors_depend_on_neither_order_nor_batch(tiny_base, toy_rows, order, batch):
    sequences = token_ids(tiny_base.tokenizer, [*toy_rows[0][0][:8], "", "a" * 90, "快", "?"], 40)
    seen: list[int] = []
    shuffled = embed(tiny_base.model, [sequences[i] for i in order], batch=batch, progress=seen.append)
    assert sum(seen) == 12
    alone = np.concatenate([embed(tiny_base.model, [sequence]) for sequence in sequences])
    assert (shuffled * alone[list(order)]).sum(1).min() > 0.999  # bf16 rounds otherwise in another batch
    np.testing.assert_allclose(np.linalg.norm(alone, axis=1), 1, atol=1e-4)


@given(st.text(max_size=60).map(plain), st.integers(3, 20))
def test_token_ids_are_cut_and_keep_their_special_tokens(tiny_base, text, length):
    (ids,) = token_ids(tiny_base.tokenizer, [text], length)
    assert (ids[0], ids[-1]) == (2, 3)
    assert 2 <= len(ids) <= length
    assert tiny_base.tokenizer.truncation is None


@given(st.lists(st.lists(st.integers(1, 9), min_size=1, max_size=7), min_size=1, max_size=5))
def test_padding(sequences):
    ids, mask = padded(sequences)
    assert ids.shape == mask.shape == (len(sequences), max(map(len, sequences)))
    for sequence, row, real in zip(sequences, ids.tolist(), mask.tolist(), strict=True):
        assert row == sequence + [0] * (len(row) - len(sequence))
        assert real == [1] * len(sequence) + [0] * (len(row) - len(sequence))


def test_layers_are_found(tiny_base):
    assert list(layers(tiny_base.model)) == list(tiny_base.model.encoder.layer)
    with pytest.raises((ValueError, AttributeError)):
        layers(torch.nn.Linear(2, 2))


@pytest.mark.parametrize(("places", "read"), [(128, 128), (512, 256), (None, 256), (0, 256)])
def test_no_more_is_read_than_there_are_places_for(places, read):
    model = SimpleNamespace(config=SimpleNamespace(max_position_embeddings=places))
    assert most_tokens(model, 256) == read
    assert most_tokens(SimpleNamespace(config=SimpleNamespace()), 256) == 256
