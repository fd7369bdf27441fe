"""Texts as multiple-choice questions: tokens, losses, groups, tuning."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from danlu.adapt import choice
from danlu.models.choice import ChoiceModel, marks_of


@pytest.fixture(scope="module")
def model(tiny_base):
    torch.manual_seed(1)
    return ChoiceModel(tiny_base.model, (10, 11)).eval()


def test_encode(tiny_base):
    rows = choice.encode(tiny_base.tokenizer, [("good box",), ("my card", "[MASK] card")], ["good", "late"], "is this")
    words = [[tiny_base.tokenizer.id_to_token(i) for i in side] for side in (*rows[0].sides, *rows[1].sides)]
    assert words[:2] == [["good", "box"], ["my", "card"]]
    assert tiny_base.tokenizer.token_to_id("[MASK]") not in rows[1].sides[1]  # spelt out, it is text
    assert len(rows[0].options) == 2
    assert len(rows[0].question) == 2
    assert choice.encode(tiny_base.tokenizer, [("good",)], ["a", "b"])[0].question == []


@given(st.lists(st.integers(1, 40), min_size=1, max_size=2), st.integers(2, 30))
def test_the_longer_side_is_cut_first(sizes, length):
    cut = [len(side) for side in choice._cut([[7] * size for size in sizes], length)]
    assert all(kept <= size for kept, size in zip(cut, sizes, strict=True))
    assert sum(cut) <= max(length, sum(cut) if sum(sizes) <= length else 0)
    if sum(sizes) <= length:
        assert cut == sizes
    elif len(sizes) == 2 and min(sizes) < length // 2:
        assert min(sizes) in cut


def test_loss_falls_as_the_right_option_rises():
    real = torch.tensor([[True, True, True], [True, True, False]])
    score = torch.tensor([[0.0, 0.0, 0.0], [0.0, 0.0, -torch.inf]])
    answer = torch.tensor([0, 1])
    start = choice.loss(score, answer, real)
    better = choice.loss(score + torch.tensor([[2.0, 0, 0], [0, 2.0, 0]]), answer, real)
    assert torch.isfinite(start)
    assert better < start


def test_loss_has_a_gradient_where_rows_have_fewer_options():
    raw = torch.zeros(2, 3, requires_grad=True)
    real = torch.tensor([[True, True, True], [True, True, False]])
    choice.loss(raw.masked_fill(~real, -torch.inf), torch.tensor([0, 1]), real).backward()
    assert torch.isfinite(raw.grad).all()


def test_groups_hold_every_option_once(monkeypatch, model, tiny_base):
    words = ["good", "late", "refund", "my card", "box"]
    rows = choice.encode(tiny_base.tokenizer, [("the box is late",), ("love this very good",)], words, "about this")
    marks = marks_of(tiny_base.tokenizer)
    together = choice.score(model, rows, marks)
    monkeypatch.setattr(choice, "GROUP", 4)
    assert len(choice._groups([len(option) + 1 for option in rows[0].options])) > 2
    assert np.allclose(choice.score(model, rows, marks), together, atol=1e-4)


@given(st.lists(st.integers(1, 500), min_size=1, max_size=20))
def test_groups_are_runs(sizes):
    groups = choice._groups(sizes)
    assert [n for start, stop in groups for n in range(start, stop)] == list(range(len(sizes)))
    assert all(stop - start == 1 or sum(sizes[start:stop]) <= choice.GROUP for start, stop in groups)


def test_order_of_the_texts_and_progress(model, tiny_base):
    texts = [("late",), ("the box is very very late please",), ("good",)]
    rows = choice.encode(tiny_base.tokenizer, texts, ["good", "late"])
    marks = marks_of(tiny_base.tokenizer)
    told: list[int] = []
    found = choice.score(model, rows, marks, told.append)
    assert sum(told) == 3
    for row, one in zip(rows, found, strict=True):
        assert np.allclose(choice.score(model, [row], marks)[0], one, atol=1e-4)


def test_predict_gives_log_probabilities():
    logs = choice.predict(np.array([[1.0, 2.0, 3.0]], np.float32), 2.0)
    assert np.isclose(np.exp(logs).sum(), 1)
    assert logs.argmax() == 2


@pytest.mark.slow
def test_tuning_learns_and_leaves_the_model(model, tiny_base, toy_rows):
    (texts, truth), (others, answers) = toy_rows
    marks = marks_of(tiny_base.tokenizer)
    names = ["parcel box late", "love great good", "refund money card"]
    rows, held = (choice.encode(tiny_base.tokenizer, [(t,) for t in some], names) for some in (texts, others))
    before = {key: value.clone() for key, value in model.state_dict().items()}
    tuned = choice.fit(model, rows, truth, marks, choice.Tuning(steps=60, rate=2e-3))
    assert (choice.score(tuned, held, marks).argmax(1) == answers).mean() > 0.7
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())
    assert tuned.embeddings is model.embeddings


def test_rows_with_options_of_their_own_are_scored_as_each_alone(model, tiny_base, monkeypatch):
    monkeypatch.setattr(choice, "PLACES", 40)
    marks, options = marks_of(tiny_base.tokenizer), (["good", "late"], ["refund", "my card", "box"], ["paid", "box"])
    texts = ["thanks", "my parcel is late today about this", "please"]
    rows = [choice.encode(tiny_base.tokenizer, [(t,)], o)[0] for t, o in zip(texts, options, strict=True)]
    told = []
    found = choice.score_each(model, rows, marks, told.append)
    assert sum(told) == len(rows)
    for row, scores in zip(rows, found, strict=True):
        np.testing.assert_allclose(scores, choice.score(model, [row], marks)[0], atol=1e-4)
