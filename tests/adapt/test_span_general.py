"""Where the scorer of a task starts: from the general extractor, if that belongs to the base."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from danlu.adapt import span
from danlu.factory.extract_material import cut_base
from danlu.models import open_span
from danlu.models.base import embed, token_ids
from danlu.models.open_span import WIDEST, OpenSettings, OpenSpans, open_spans, save_open_spans

WORDS = ["place", "parcel"]


@pytest.fixture
def general(tiny_base, monkeypatch, tmp_path):
    config = tiny_base.model.config
    torch.manual_seed(3)
    model = OpenSpans(config.hidden_size, config.num_hidden_layers, config.intermediate_size)
    for name, parameter in model.named_parameters():
        if name.endswith("left"):
            torch.nn.init.normal_(parameter, std=0.2)
    save_open_spans(model, OpenSettings(1.0, 0.0, 0.0), tiny_base.sha256, tmp_path)
    monkeypatch.setattr(open_span, "EXTRACTOR", tmp_path)
    return open_spans(tiny_base)


@pytest.mark.parametrize("widest", [3, WIDEST + 5])
def test_it_starts_as_the_general_extractor_makes_it_of_the_types_names(tiny_base, general, widest):
    small = cut_base(tiny_base, ["the box is late"], 60)
    network = span.head(tiny_base, small.model, WORDS, widest, 0)
    names = embed(tiny_base.model, token_ids(tiny_base.tokenizer, WORDS, 64))
    names /= np.linalg.norm(names, axis=1, keepdims=True)
    wanted = general.network(small.model, torch.from_numpy(names), widest)
    ids = torch.tensor([[2, 6, 7, 8, 3]])
    with torch.inference_mode():
        found, real = (each(ids, torch.ones_like(ids), torch.zeros_like(ids)) for each in (network.eval(), wanted))
    assert torch.allclose(found, real, atol=1e-5)
    assert all(parameter.requires_grad for parameter in network.parameters())


def test_another_base_starts_from_nothing_else_than_names(tiny_base, monkeypatch):
    assert open_spans(tiny_base) is None  # the package's own belongs to the package's encoder
    first, second = (span.head(tiny_base, tiny_base.model, WORDS, 3, seed) for seed in (0, 1))
    assert torch.equal(first.start.weight, second.start.weight)
    assert not torch.equal(first.weigh.weight, second.weigh.weight)
