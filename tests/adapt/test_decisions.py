"""The encoder tuned for several labels: what moves, what stays, and that a seed decides everything."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from danlu.adapt.decisions import Tuning, fit
from danlu.models.base import token_ids

TUNING = Tuning(steps=6, batch=16, rate=1e-3)


@pytest.fixture(scope="module")
def rows(tiny_base, toy_rows):
    texts, truth = toy_rows[0]
    table = np.eye(3, dtype=np.int64)[truth]
    table[::5] = 0
    table[1::7] = 1
    return token_ids(tiny_base.tokenizer, texts, 32), table


def test_the_layers_move_and_embeddings_and_base_stay(tiny_base, rows):
    before = {name: value.clone() for name, value in tiny_base.model.state_dict().items()}
    steps = []
    model = fit(tiny_base, *rows, TUNING, steps.append)
    moved = {name for name, value in model.state_dict().items() if not torch.equal(value, before[name])}
    assert moved
    assert all(name.startswith("encoder.layer.") for name in moved)
    assert all(torch.equal(value, before[name]) for name, value in tiny_base.model.state_dict().items())
    assert (sum(steps), model.training) == (6, False)


def test_the_seed_decides_whatever_was_drawn_before(tiny_base, rows):
    found = []
    for noise in (0, 1):
        torch.manual_seed(noise)
        found.append(fit(tiny_base, *rows, TUNING).state_dict())
    assert all(torch.equal(found[0][name], found[1][name]) for name in found[0])
