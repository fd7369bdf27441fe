"""A head on a finished encoder, tiny, on a processor."""

from __future__ import annotations

import numpy as np
import torch
from recipes.encoder_gpu import Encoder, Recipe, Text
from recipes.gpu import loaded, save_parts
from recipes.packed import CLS, SEP, pack
from transformers import BertConfig, BertModel

from recipes import head_gpu

SMALL = Recipe(short=16, length=32, long=64, chunk=4)
VOCABULARY = 40


def encoder():
    torch.manual_seed(0)
    shape = BertConfig(
        vocab_size=VOCABULARY, hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=64,
        max_position_embeddings=64,
    )  # fmt: skip
    return Encoder(BertModel(shape, add_pooling_layer=False), chunk=4)


def test_only_the_head_moves_and_it_finds_more_than_before(tmp_path):
    for name in ("news", "enwiki"):
        rising = [np.array([CLS, *(5 + np.arange(n, n + 30) % 20), SEP, 9, 8, SEP], np.uint16) for n in range(60)]
        pack(rising, tmp_path / "encoder" / f"{name}.xz")
    text = Text(tmp_path / "encoder", torch.device("cpu"))
    model = encoder()
    before = {key: value.clone() for key, value in model.state_dict().items()}
    torch.manual_seed(0)
    told = head_gpu.train(model, text, text, 2.0, SMALL, rows=8, really_compile=False)
    assert told["steps"] > 5
    assert 0 < told["masked_accuracy"] <= 1
    assert told["masked_loss"] < np.log(VOCABULARY)  # nothing learned
    for key, value in model.state_dict().items():
        assert torch.equal(value, before[key]) == key.startswith("bert."), key
    save_parts(head_gpu.head_of(model), tmp_path / "out", "head")
    assert loaded(tmp_path / "out", "head").keys() == head_gpu.head_of(model).keys()
