"""The encoder tuned on pairs and on several labels: what moves, what stays, and that a seed decides everything."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.special import log_softmax

from danlu.adapt import tuned
from danlu.adapt.linear import Centre, encode
from danlu.adapt.tuned import Tuning, fit
from danlu.models.base import by_row, token_ids
from danlu.text.pair import pairing_of
from danlu.train.regression import softmax_regression

TUNING = Tuning(steps=8, batch=16, rate=1e-3)


@pytest.fixture(scope="module")
def in_pairs(tiny_base, pair_rows):
    (texts, truth), _ = pair_rows
    pairing = pairing_of(texts)
    return by_row(token_ids(tiny_base.tokenizer, texts, 32), pairing), truth, pairing


@pytest.fixture(scope="module", params=["pairs", "several"])
def rows(request, tiny_base, toy_rows, in_pairs):
    if request.param == "pairs":
        return in_pairs
    texts, truth = toy_rows[0]
    table = np.eye(3, dtype=np.int64)[truth]
    table[::5], table[1::7] = 0, 1
    return by_row(token_ids(tiny_base.tokenizer, texts, 32), None), table, None


def test_the_layers_move_and_embeddings_and_base_stay(tiny_base, rows):
    before = {name: value.clone() for name, value in tiny_base.model.state_dict().items()}
    steps = []
    model = fit(tiny_base, *rows, TUNING, steps.append)
    moved = {name for name, value in model.state_dict().items() if not torch.equal(value, before[name])}
    assert moved
    assert all(name.startswith("encoder.layer.") for name in moved)
    assert all(torch.equal(value, before[name]) for name, value in tiny_base.model.state_dict().items())
    assert (sum(steps), model.training) == (8, False)


def test_the_seed_decides_whatever_was_drawn_before(tiny_base, rows):
    found = []
    for noise in (0, 1):
        torch.manual_seed(noise)
        found.append(fit(tiny_base, *rows, TUNING).state_dict())
    assert all(torch.equal(value, found[1][name]) for name, value in found[0].items())


def test_tuned_comparisons_part_the_labels(tiny_base, in_pairs, pair_rows):
    def loss(model):
        texts, truth = pair_rows[0]
        seen = encode(model, tiny_base.tokenizer, texts, 32)
        centred = Centre(seen.mean(0)).apply(seen)
        head = softmax_regression(centred, np.eye(2)[truth], strength=1.0)
        return -log_softmax(head.logits(centred), axis=1)[np.arange(len(truth)), truth].mean()

    assert loss(fit(tiny_base, *in_pairs, Tuning(steps=60, batch=16, rate=2e-3))) < 0.8 * loss(tiny_base.model)


def test_scores_tune_as_soft_truth(tiny_base, in_pairs):
    sides, truth, pairing = in_pairs
    places = np.where(truth[:, None] == 1, 0.9, 0.3)
    model = fit(tiny_base, sides, places, pairing, TUNING)
    same = fit(tiny_base, sides, places, pairing, TUNING).state_dict()
    other = fit(tiny_base, sides, 1 - places, pairing, TUNING).state_dict()
    moved = {name: value for name, value in model.state_dict().items() if name.startswith("encoder.layer.")}
    assert all(torch.equal(value, same[name]) for name, value in moved.items())
    assert not all(torch.equal(value, other[name]) for name, value in moved.items())


def test_targets_of_labels_are_smoothed_and_scores_are_not():
    assert tuned._smoothed(np.eye(4, dtype=np.float32), np.arange(4), 0.04)[0] == pytest.approx(
        [0.97, 0.01, 0.01, 0.01]
    )
    table = np.array([[1, 0]])
    assert tuned._smoothed(table.astype(np.float32), table, 0.04)[0] == pytest.approx([0.98, 0.02])
    scores = np.array([[1.0], [0.3]])
    assert np.array_equal(tuned._smoothed(scores.astype(np.float32), scores, 0.04), scores.astype(np.float32))
