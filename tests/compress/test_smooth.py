"""Smoothing changes no result in float and brings the int8 graph nearer to it."""

from __future__ import annotations

import copy

import numpy as np
import onnxruntime
import pytest
import torch
from torch import nn

from danlu.compress.export import to_int8, to_onnx
from danlu.compress.smooth import SmoothLinear, peaks, smooth
from danlu.models.base import padded
from danlu.models.student import Student, TokenBranch, TransformerEncoder


def batches(seed=0):
    rng = np.random.default_rng(seed)
    return [padded([rng.integers(5, 100, length).tolist() for length in (3, 9, 6)]) for _ in range(4)]


def with_outliers(tiny_base):
    """An encoder a few of whose channels are a hundred times as large as the others, as in large trained ones."""
    encoder = TransformerEncoder(copy.deepcopy(tiny_base.model))
    with torch.no_grad():
        for module in encoder.modules():
            if isinstance(module, nn.LayerNorm):
                module.weight[:3] *= 100
    return encoder.eval()


@torch.inference_mode()
def answers(encoder):
    return torch.cat([encoder(*batch) for batch in batches(1)])


@pytest.mark.parametrize("strength", [0.0, 0.5, 0.8, 1.0])
def test_a_smoothed_encoder_computes_the_same(tiny_base, strength):
    encoder = with_outliers(tiny_base)
    before = answers(encoder)
    same = smooth(encoder, batches(), strength)
    assert same is encoder
    assert not any(type(module) is nn.Linear for module in encoder.modules())
    assert any(isinstance(module, SmoothLinear) for module in encoder.modules())
    torch.testing.assert_close(answers(encoder), before, rtol=1e-3, atol=1e-3)


def test_peaks_are_the_largest_inputs_and_no_hook_stays(tiny_base):
    encoder = TransformerEncoder(copy.deepcopy(tiny_base.model)).eval()
    found = peaks(encoder, batches())
    linear = {name for name, module in encoder.named_modules() if isinstance(module, nn.Linear)}
    assert set(found) <= linear
    assert all((peak > 0).any() for peak in found.values())
    both, one = peaks(encoder, batches()), peaks(encoder, batches()[:1])
    assert all((both[name] >= one[name]).all() for name in both)
    assert not any(module._forward_hooks for module in encoder.modules())


def int8_product(layer, inputs):
    """What onnxruntime's dynamic quantisation computes: one scale for all inputs, one for each output's weights."""
    if isinstance(layer, SmoothLinear):
        inputs = inputs * layer.inverse
    scale = inputs.abs().max() / 127
    scales = layer.weight.abs().amax(1, keepdim=True) / 127
    return (inputs / scale).round() * scale @ ((layer.weight / scales).round() * scales).T + layer.bias


@torch.inference_mode()
def test_int8_loses_less_after_smoothing():
    torch.manual_seed(0)
    reach = torch.ones(64)
    reach[:3] = 100.0
    rows = torch.randn(200, 64) * reach
    model = Rows(nn.Linear(64, 16))
    exact = model.layer(rows)
    rough = (int8_product(model.layer, rows) - exact).abs().mean()
    smooth(model, [(rows[:100], torch.ones(100))])
    assert (int8_product(model.layer, rows) - exact).abs().mean() < 0.5 * rough


class Rows(nn.Module):
    def __init__(self, layer):
        super().__init__()
        self.layer = layer

    def forward(self, rows, _mask):
        return self.layer(rows)


def test_the_finer_int8_loses_less(tiny_base):
    encoder = with_outliers(tiny_base)
    for table in encoder.modules():  # exact in int8, so that only the products differ
        if isinstance(table, nn.Embedding):
            scale = table.weight.data.abs().max() / 127
            table.weight.data.copy_((table.weight.data / scale).round() * scale)
    smooth(encoder, batches())
    torch.manual_seed(0)
    branch = TokenBranch(encoder, 32, 3)
    branch.weight.data.copy_(torch.randn(32, 3))
    graph = to_onnx(Student(branch, None, None, (1.0, 0.0, 0.0)).eval())
    sessions = [onnxruntime.InferenceSession(g) for g in (graph, to_int8(graph), to_int8(graph, finer=True))]
    lost = np.zeros(2)
    for ids, mask in batches(2):
        wanted, plain, finer = (
            session.run(None, {"token_ids": ids.numpy(), "token_mask": mask.numpy()})[0] for session in sessions
        )
        lost += [np.abs(plain - wanted).mean(), np.abs(finer - wanted).mean()]
    assert lost[1] < lost[0]
    assert to_int8(graph, finer=True) == to_int8(graph, finer=True)
