"""The tuned encoder: what moves, what stays, and that a seed decides everything."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch

from danlu.adapt.contrastive import Tuning, fit, head, loss
from danlu.models.base import embed, token_ids

TUNING = Tuning(steps=12, batch=12, per_label=4, rate=1e-3)


@pytest.fixture(scope="module")
def rows(tiny_base, toy_rows):
    (texts, truth), _ = toy_rows
    return token_ids(tiny_base.tokenizer, texts, 32), truth


@pytest.fixture(scope="module")
def tuned(tiny_base, rows):
    return fit(tiny_base, *rows, TUNING)


def test_the_layers_move_and_embeddings_and_base_stay(tiny_base, rows):
    before = copy.deepcopy(tiny_base.model.state_dict())
    model = fit(tiny_base, *rows, TUNING)
    moved = {name for name, value in model.state_dict().items() if not torch.equal(value, before[name])}
    assert {name.split(".")[2] for name in moved if name.startswith("encoder.layer.")} == {"0", "1"}
    assert all(name.startswith("encoder.layer.") for name in moved)
    assert all(torch.equal(value, before[name]) for name, value in tiny_base.model.state_dict().items())
    assert not model.training


@pytest.mark.parametrize("noise", [0, 1])
def test_the_seed_decides_whatever_was_drawn_before(tiny_base, rows, tuned, noise):
    torch.manual_seed(noise)
    again = fit(tiny_base, *rows, TUNING)
    for name, value in tuned.state_dict().items():
        assert torch.equal(again.state_dict()[name], value), name


def test_another_seed_gives_another_model(tiny_base, rows, tuned):
    other = fit(tiny_base, *rows, Tuning(steps=12, batch=12, rate=1e-3, seed=1))
    assert any(not torch.equal(value, other.state_dict()[name]) for name, value in tuned.state_dict().items())


def test_texts_of_one_label_come_to_lie_together(tiny_base, rows):
    sequences, truth = rows
    model = fit(tiny_base, sequences, truth, Tuning(steps=40, batch=24, rate=2e-3))

    def apart(encoder):
        vectors = embed(encoder, sequences)
        similar = vectors @ vectors.T
        same = truth[:, None] == truth[None]
        return similar[same].mean() - similar[~same].mean()

    assert apart(model) > apart(tiny_base.model) + 0.1


def test_progress_counts_the_steps(tiny_base, rows):
    seen: list[int] = []
    fit(tiny_base, *rows, Tuning(steps=3, batch=6), seen.append)
    assert seen == [1, 1, 1]


@pytest.mark.parametrize("labels", [3, 40])
def test_the_first_step_moves_the_encoder_however_many_labels(tiny_base, labels):
    # A prototype that starts at the origin has a gradient so large that clipping leaves nothing for the encoder.
    truth = np.arange(labels * 2) % labels
    sequences = [[2, 5 + label, 50 + number // labels, 3] for number, label in enumerate(truth)]
    model = fit(tiny_base, sequences, truth, Tuning(steps=1, rate=1e-3))
    name = "encoder.layer.1.output.dense.bias"
    moved = (model.state_dict()[name] - tiny_base.model.state_dict()[name]).abs()
    assert moved.median() > 5e-4


def test_prototypes_are_the_mean_directions_of_their_labels():
    vectors = unit([1, 0], [0, 1], [0, 1], [-1, 0])
    found = head(vectors, torch.tensor([0, 0, 1, 2]), 3)
    assert isinstance(found, torch.nn.Parameter)
    assert torch.allclose(found, unit([1, 1], [0, 1], [-1, 0]))


def unit(*rows):
    return torch.nn.functional.normalize(torch.tensor(rows, dtype=torch.float32), dim=-1)


def test_the_loss_is_lower_where_labels_lie_together():
    labels = torch.tensor([0, 0, 1, 1])
    prototypes = unit([1, 0], [0, 1])
    together = loss(unit([1, 0], [1, 0], [0, 1], [0, 1]), labels, prototypes, TUNING)
    mixed = loss(unit([1, 0], [0, 1], [1, 0], [0, 1]), labels, prototypes, TUNING)
    assert 0 < together < mixed


def test_a_batch_without_a_pair_is_classified_only():
    labels = torch.tensor([0, 1])
    vectors, prototypes = unit([1, 0], [0, 1]).requires_grad_(), unit([1, 0], [0, 1])
    value = loss(vectors, labels, prototypes, TUNING)
    value.backward()
    expected = torch.nn.functional.cross_entropy(TUNING.scale * torch.eye(2), labels, label_smoothing=0.05)
    assert value.item() == pytest.approx(expected.item(), rel=1e-5)
    assert torch.isfinite(vectors.grad).all()


def test_labels_with_one_text_each_can_be_tuned_on(tiny_base):
    sequences = [[2, 10 + i, 3] for i in range(40)]
    model = fit(tiny_base, sequences, np.arange(40), Tuning(steps=2))
    assert np.isfinite(embed(model, sequences)).all()
