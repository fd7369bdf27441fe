"""Fresh models: transformers opens them, and a shape's arithmetic is that of the model."""

from __future__ import annotations

import pytest
import torch
from transformers import AutoModel, AutoModelForCausalLM, AutoModelForMaskedLM

from danlu.models.fresh import FRESH, SHAPES

OPENED = {"decoder": AutoModelForCausalLM, "encoder": AutoModelForMaskedLM}


@pytest.mark.parametrize("kind", FRESH)
def test_transformers_opens_what_is_saved(kind, tmp_path):
    torch.manual_seed(0)
    model = FRESH[kind](SHAPES["tiny"], 300).eval()
    model.save_pretrained(tmp_path)
    ids = torch.tensor([[1, 20, 30, 2]])
    opened = OPENED[kind].from_pretrained(tmp_path).eval()
    torch.testing.assert_close(opened(input_ids=ids).logits, model(input_ids=ids).logits)
    assert AutoModel.from_pretrained(tmp_path)(input_ids=ids).last_hidden_state.shape == (1, 4, 64)


@pytest.mark.parametrize("kind", FRESH)
@pytest.mark.parametrize("shape", ["tiny", "small"])
def test_a_shape_knows_its_weights(kind, shape):
    body = SHAPES[shape].body(kind)
    model = FRESH[kind](SHAPES[shape], 300)
    layers = sum(p.numel() for n, p in model.named_parameters() if ".layers." in n and p.ndim == 2)
    assert body == layers


def test_what_a_token_costs():
    shape = SHAPES["small"]
    weights = shape.body("decoder") + 1000 * shape.hidden
    assert shape.flops("decoder", 1000, 0) == 6 * weights
    assert shape.flops("encoder", 1000, 100) > shape.flops("encoder", 1000, 0)
