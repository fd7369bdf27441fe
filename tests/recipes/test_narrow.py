"""The recipe of the narrow encoder: what it reads, what pulls it, and that a stopped training goes on as it was."""

from __future__ import annotations

from itertools import islice

import numpy as np
import pytest
import torch
from recipes.narrow import LONGEST, Passages, Pupil, Recipe, batches, export, losses, passages, scaled, translations
from recipes.packed import CLS, SEP, pack

from danlu.models.narrow import load_narrow
from recipes import narrow

RECIPE = Recipe(width=32, depth=1, length=256, batch=256, most=5_000)
DRAW = np.random.default_rng(0)


def document(sentences, length):
    tokens = DRAW.integers(5, 60, (sentences, length + 1))
    tokens[:, -1] = SEP
    return np.array([CLS, *tokens.flatten()], np.uint16)


def test_passages_are_sentences_in_a_row_of_one_document():
    stream = np.concatenate([document(40, 9), document(1, 400), document(3, 5)])
    found = list(passages(stream, np.random.default_rng(1)))
    assert all(p[0] == CLS and p[-1] == SEP and len(p) <= LONGEST + 2 for p in found)
    assert all(not {CLS, SEP} & set(p[1:-1].tolist()) for p in found)
    assert sum(len(p) - 2 for p in found) == 40 * 9 + LONGEST + 3 * 5
    assert len(found[-1]) <= 17  # the last document's sentences go with no other's


def test_either_side_of_a_translation_is_a_passage():
    stream = np.array([CLS, 9, 8, SEP, 7, SEP, CLS, 6, SEP, 5, 4, SEP], np.uint16)
    assert [p.tolist() for p in translations(stream)] == [
        [CLS, 9, 8, SEP], [CLS, 7, SEP], [CLS, 6, SEP], [CLS, 5, 4, SEP],
    ]  # fmt: skip


@pytest.fixture
def data():
    found = [document(1, length) for length in DRAW.integers(4, 60, 80)]
    return Passages(np.concatenate(found), np.cumsum([0, *map(len, found)]))


def test_batches_are_bounded_and_the_same_again(data):
    first, second = ([[p.tolist() for p in batch] for batch in islice(batches(data, RECIPE), 30)] for _ in range(2))
    assert first == second
    assert all(len(batch) * max(map(len, batch)) <= RECIPE.batch for batch in first)
    epoch = sum(map(len, first))
    assert epoch >= 80


def test_a_pupil_that_says_what_the_encoder_says_loses_nothing(static_base, data):
    batch = next(batches(data, RECIPE))

    class Copy(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.out = torch.nn.Identity()
            self.narrow = self

        def rows(self, tokens, static):
            return tokens

        def forward(self, rows, mask):
            return static_base.model(inputs_embeds=rows, attention_mask=mask).last_hidden_state

    token, whole = losses(Copy(), static_base, scaled(static_base), batch)
    assert token.item() == pytest.approx(0, abs=1e-4)
    assert whole.item() == pytest.approx(0, abs=1e-4)
    torch.manual_seed(0)
    token, whole = losses(Pupil(static_base, RECIPE), static_base, scaled(static_base), batch)
    assert token.item() > 0.3
    token.backward()


def test_a_training_that_was_stopped_goes_on_and_what_is_exported_reads_as_it_did(static_base, tmp_path, monkeypatch):
    monkeypatch.setattr(narrow, "open_base", lambda: static_base)
    monkeypatch.setattr(narrow, "Recipe", lambda: RECIPE)
    monkeypatch.setattr(narrow, "SAVED", -1)  # after every step
    pack([document(4, 8) for _ in range(60)], tmp_path / "encoder" / "a.xz")
    pack([np.array([CLS, 9, 8, SEP, 7, 6, 8, 9, SEP], np.uint16)], tmp_path / "parallel.xz")
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    for folder in (whole, parts):
        folder.mkdir()
        torch.manual_seed(3)
        pupil = Pupil(static_base, RECIPE)
        narrow.checkpoint(folder, pupil, narrow.optimiser_of(pupil, RECIPE), step=0, planned=12, spent=0.0)
    narrow.train(tmp_path, whole, 1, RECIPE)
    left = iter(range(5))

    def stopped(*arguments):
        if next(left, None) is None:
            raise KeyboardInterrupt
        return losses(*arguments)

    monkeypatch.setattr(narrow, "losses", stopped)
    with pytest.raises(KeyboardInterrupt):
        narrow.train(tmp_path, parts, 1, RECIPE)
    monkeypatch.setattr(narrow, "losses", losses)
    narrow.train(tmp_path, parts, 1, RECIPE)
    first, second = (torch.load(folder / "state.pt", weights_only=True) for folder in (whole, parts))
    assert first["step"] == second["step"] == 12
    assert all(torch.equal(value, second["model"][name]) for name, value in first["model"].items())
    export(whole, tmp_path)
    opened = load_narrow(tmp_path, static_base.sha256, 32, static_base.static.shape[1])
    pupil = Pupil(static_base, RECIPE)
    pupil.load_state_dict(first["model"])
    tokens, static = torch.ones(1, 1, 32), torch.from_numpy(static_base.static)[5:6, None]
    trained = pupil.narrow.rows(tokens, scaled(static_base)[5:6, None])
    assert torch.allclose(opened.rows(tokens, static), trained, atol=0.02)


def test_a_training_that_has_not_ended_is_not_exported(static_base, tmp_path, monkeypatch):
    monkeypatch.setattr(narrow, "open_base", lambda: static_base)
    monkeypatch.setattr(narrow, "Recipe", lambda: RECIPE)
    pupil = Pupil(static_base, RECIPE)
    narrow.checkpoint(tmp_path, pupil, narrow.optimiser_of(pupil, RECIPE), step=3, planned=9, spent=1.0)
    with pytest.raises(SystemExit, match="step 3 of 9"):
        export(tmp_path, tmp_path)
