"""Objectives: what is hidden, what is wanted, and that cutting a batch changes nothing."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from danlu.models.fresh import FRESH, SHAPES
from danlu.text.tokenizer import MASK, PAD, SPECIAL
from danlu.train.objectives import IGNORED, Speaker, causal, inherited, masked, masked_rows, next_token_rows

VOCABULARY = 300
PIECES = st.lists(st.lists(st.integers(0, VOCABULARY - 1), min_size=1, max_size=30), min_size=1, max_size=6)


def speaker(kind, seed=0):
    torch.manual_seed(seed)
    return Speaker(FRESH[kind](SHAPES["tiny"], VOCABULARY)).eval()


def pieces(count, seed=0):
    rng = np.random.default_rng(seed)
    return [rng.integers(len(SPECIAL), VOCABULARY, rng.integers(2, 20)).astype(np.uint16) for _ in range(count)]


@given(PIECES)
def test_next_tokens(some):
    rows = next_token_rows(some, np.random.default_rng(0))
    for row, piece in enumerate(some):
        length = len(piece) - 1
        assert rows.inputs_BL[row, :length].tolist() == piece[:-1]
        assert rows.targets_BL[row, :length].tolist() == piece[1:]
        assert (rows.targets_BL[row, length:] == IGNORED).all()
        assert (rows.inputs_BL[row, length:] == PAD).all()
        assert int(rows.mask_BL[row].sum()) == length
    assert rows.count == sum(len(piece) - 1 for piece in some)


@given(PIECES, st.integers(0, 2**32), st.floats(0.05, 0.6), st.floats(1, 5))
def test_hidden_tokens(some, seed, share, span):
    rows = masked_rows(some, np.random.default_rng(seed), VOCABULARY, share, span)
    for row, piece in enumerate(some):
        shown, wanted = rows.inputs_BL[row, : len(piece)].numpy(), rows.targets_BL[row, : len(piece)].numpy()
        hidden = wanted != IGNORED
        original = np.asarray(piece)
        assert (wanted[hidden] == original[hidden]).all()
        assert (shown[~hidden] == original[~hidden]).all()
        assert (original[hidden] >= len(SPECIAL)).all()
        assert hidden.any() == (original >= len(SPECIAL)).any()
        assert (rows.targets_BL[row, len(piece) :] == IGNORED).all()


def test_as_many_are_hidden_as_asked_for():
    rows = masked_rows([np.arange(10, 210)] * 200, np.random.default_rng(0), VOCABULARY, 0.3, 2.0)
    hidden = rows.targets_BL != IGNORED
    assert hidden.float().mean().item() == pytest.approx(0.3, abs=0.04)
    assert (rows.inputs_BL[hidden] == MASK).float().mean().item() == pytest.approx(0.8, abs=0.02)
    runs = (hidden[:, 1:] & ~hidden[:, :-1]).sum().item()
    assert hidden.sum().item() / runs > 1.8


@pytest.mark.parametrize(("kind", "objective"), [("decoder", causal()), ("encoder", masked(VOCABULARY))])
def test_a_batch_may_be_cut(kind, objective):
    model = speaker(kind)
    rows = objective.rows(pieces(7), np.random.default_rng(1))
    whole = objective.loss(model, rows, 0.0)
    parts = [objective.loss(model, rows.part(start, len(rows.inputs_BL), 3), 0.0) for start in range(3)]
    torch.testing.assert_close(sum(parts), whole)
    assert whole.item() / rows.count == pytest.approx(np.log(VOCABULARY), rel=0.05)


@pytest.mark.parametrize("kind", FRESH)
def test_logits_are_those_of_the_model_at_the_wanted_places(kind):
    model = speaker(kind)
    objective = causal() if kind == "decoder" else masked(VOCABULARY)
    rows = objective.rows(pieces(4), np.random.default_rng(0))
    whole = model.model(input_ids=rows.inputs_BL, attention_mask=rows.mask_BL).logits
    torch.testing.assert_close(model(rows), whole[rows.targets_BL != IGNORED])


def test_inheritance_fades():
    young, elder = speaker("decoder", 1), speaker("decoder", 2)
    objective = inherited(causal(), elder, start=0.5, over=0.5)
    rows = objective.rows(pieces(3), np.random.default_rng(0))
    alone = causal().loss(young, rows, 0.0)
    assert objective.loss(young, rows, 0.0).item() != pytest.approx(alone.item())
    torch.testing.assert_close(objective.loss(young, rows, 0.5), alone)
    same = inherited(causal(), speaker("decoder", 1), start=1.0)
    assert same.loss(young, rows, 0.0).item() == pytest.approx(0.0, abs=1e-3)
    assert not any(parameter.requires_grad for parameter in elder.parameters())
