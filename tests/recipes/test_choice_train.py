"""Packed questions: the same rows, batches and losses as those laid out one by one; and a training that learns."""

from __future__ import annotations

import copy
import random

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from recipes.choice_pack import BUCKETS, Asked, Batch, batches, one_of_each, open_pack, pack
from torch.nn import functional as F  # noqa: N812

from danlu.adapt.choice import loss
from danlu.models.choice import ChoiceModel, Marks, Row, after_attention, lay_out
from recipes import choice_pack, choice_train

CPU = torch.device("cpu")
MARKS = Marks(start=2, end=3, mask=4)
NO_YES = (10, 11)
PIECE = st.lists(st.integers(5, 60), min_size=1, max_size=5)
ROWS = st.lists(
    st.builds(
        Row,
        options=st.lists(PIECE, min_size=2, max_size=4),
        question=st.lists(st.integers(5, 60), max_size=4),
        sides=st.lists(PIECE, min_size=1, max_size=2),
    ),
    min_size=1,
    max_size=6,
)


def asked(rows):
    return [Asked(row, number % len(row.options), number % 2 == 0) for number, row in enumerate(rows)]


def drawn(count, seed=0, longest=12):
    """Rows whose right option is a word of the text."""
    draw = random.Random(seed)
    rows = []
    for _ in range(count):
        words = draw.sample(range(5, 60), draw.randint(4, longest))
        options = [[words[1]], *([other] for other in draw.sample(range(5, 60), 6) if other not in words)]
        draw.shuffle(options)
        rows.append(Asked(Row(options, [7, 8], [words]), options.index([words[1]]), masked=draw.random() < 0.5))
    return rows


@pytest.fixture
def model(tiny_base):
    torch.manual_seed(1)
    return ChoiceModel(copy.deepcopy(tiny_base.model), NO_YES).train()


@pytest.fixture
def packed(tmp_path):
    pack(drawn(300), MARKS, NO_YES, tmp_path / "rows.pack")
    return open_pack(tmp_path / "rows.pack", CPU)


def whole(packed, length, options):
    return Batch(torch.arange(len(packed.start_R)), length, options, 0)


@settings(max_examples=30)
@given(ROWS)
def test_packed_rows_are_the_rows(tmp_path_factory, rows):
    path = tmp_path_factory.mktemp("pack") / "rows.pack"
    pack(asked(rows), MARKS, NO_YES, path)
    packed = open_pack(path, CPU)
    wanted = lay_out(rows, MARKS)
    found = packed.laid(whole(packed, wanted.ids_BL.shape[1], wanted.mask_BK.shape[1]))
    for name in ("ids_BL", "block_BL", "position_BL", "text_BL", "mask_BK", "real_BK"):
        assert torch.equal(getattr(found, name), getattr(wanted, name)), name
    assert packed.answer_R.tolist() == [one.answer for one in asked(rows)]
    assert packed.masked_R.tolist() == [one.masked for one in asked(rows)]
    assert packed.marks == MARKS
    assert packed.no_yes == NO_YES


@settings(max_examples=10)
@given(ROWS, st.integers(0, 99))
def test_losses_are_those_of_rows_laid_out_one_by_one(tmp_path_factory, tiny_base, rows, seed):
    path = tmp_path_factory.mktemp("pack") / "rows.pack"
    pack(asked(rows), MARKS, NO_YES, path)
    packed = open_pack(path, CPU)
    torch.manual_seed(2)
    model = ChoiceModel(tiny_base.model, NO_YES)
    recipe = choice_train.Recipe(places=64, rate=1e-3, head_rate=1e-3, found=500, hidden=0.3, noise=0.2, negatives=20)
    laid, answer = lay_out(rows, MARKS), torch.tensor([one.answer for one in asked(rows)])
    length, options = laid.ids_BL.shape[1] + 3, laid.mask_BK.shape[1] + 2  # padding changes nothing

    torch.manual_seed(seed)
    total, told = choice_train.objective(model, packed, whole(packed, length, options), recipe)

    torch.manual_seed(seed)
    share = torch.rand(len(rows), length)[:, : laid.ids_BL.shape[1]]
    masked = torch.tensor([one.masked for one in asked(rows)])[:, None]
    hidden = laid.text_BL & (share < torch.where(masked, 0.3, 0.2))
    chosen = hidden & masked
    negatives = torch.randint(5, len(model.table), (20,))
    seen = copy.copy(laid)
    object.__setattr__(seen, "ids_BL", laid.ids_BL.masked_fill(hidden, MARKS.mask))
    hidden = model.hidden(seen)
    wanted = loss(model.scores(seen, hidden), answer, laid.real_BK)
    assert torch.allclose(told[0], wanted, atol=1e-4)
    if chosen.any():
        candidates, target = torch.cat([laid.ids_BL[chosen], negatives]).unique(return_inverse=True)
        logits = model.said(hidden[chosen]) @ model.table[candidates].T
        recall = F.cross_entropy(logits, target[: int(chosen.sum())])
        assert torch.allclose(told[2], recall, atol=1e-4)
        wanted = wanted + recipe.recall * recall
    assert torch.allclose(total, wanted, atol=1e-4)


@given(st.lists(st.booleans(), min_size=1, max_size=30), st.integers(1, 40))
def test_first_places(chosen, most):
    place, real = choice_train.first_places(torch.tensor(chosen), most)
    wanted = [number for number, yes in enumerate(chosen) if yes][:most]
    assert place[real].tolist() == wanted
    assert len(place) == min(most, len(chosen))


def test_every_row_comes_equally_often_in_full_batches(packed):
    seen = np.zeros(len(packed.start_R), int)
    for batch, _ in zip(batches(packed, 640, seed=3), range(200), strict=False):
        assert len(batch.index_B) == 640 // batch.length
        assert int(packed.length_R[batch.index_B].max()) <= batch.length
        assert int(packed.options_R[batch.index_B].max()) <= batch.options
        assert batch.tokens == int(packed.length_R[batch.index_B].sum())
        seen[batch.index_B.numpy()] += 1
    assert seen.max() - seen.min() <= 2


def test_one_of_each_has_every_shape(packed):
    shapes = {(len(b.index_B), b.length, b.options) for b in one_of_each(packed, 640)}
    drawn_shapes = {(len(b.index_B), b.length, b.options) for b, _ in zip(batches(packed, 640, 1), range(200))}  # noqa: B905
    assert drawn_shapes == shapes


def test_rows_that_are_too_long_are_left_out(tmp_path):
    rows = [Asked(Row([[6] * 60] * 10, [], [[7]]), 0, masked=False), *drawn(40)]
    pack(rows, MARKS, NO_YES, tmp_path / "rows.pack")
    packed = open_pack(tmp_path / "rows.pack", CPU)
    assert int(packed.length_R[0]) > BUCKETS[-1]
    assert all(0 not in b.index_B for b, _ in zip(batches(packed, 320, 1), range(30)))  # noqa: B905


def test_fewer_rows_than_a_batch_still_come(tmp_path):
    pack(drawn(5), MARKS, NO_YES, tmp_path / "rows.pack")
    packed = open_pack(tmp_path / "rows.pack", CPU)
    assert len(next(batches(packed, 320, 1)).index_B) == 10


def test_a_step_without_a_finite_gradient_is_left_out(model, packed, monkeypatch, tmp_path):
    recipe = choice_train.Recipe(places=320, rate=1e-3, head_rate=1e-3, found=16, negatives=20)
    before = {key: value.clone() for key, value in model.own().items()}
    right = choice_train.objective

    def broken(*arguments):
        total, told = right(*arguments)
        return total * torch.nan, told

    monkeypatch.setattr(choice_train, "objective", broken)
    optimizer = choice_train.optimizer_of(model, recipe)
    choice_train.learn(model, optimizer, packed, recipe, after_attention, 0.3, 1, None)
    assert all(torch.equal(value, before[key]) for key, value in model.own().items())


def test_training_learns_and_stores(tiny_base, tmp_path):
    pack(drawn(400), MARKS, NO_YES, tmp_path / "rows.pack")
    encoder = copy.deepcopy(tiny_base.model)
    recipe = choice_train.Recipe(places=640, rate=2e-3, head_rate=4e-3, found=32, negatives=20)
    model = choice_train.train_packed(
        tmp_path / "rows.pack", encoder, CPU, 3, out=tmp_path, compiled=False, recipe=recipe
    )
    pack(drawn(100, seed=9), MARKS, NO_YES, tmp_path / "others.pack")
    others = open_pack(tmp_path / "others.pack", CPU)
    with torch.inference_mode():
        scores = model(others.laid(whole(others, 32, 7)))
    assert (scores.argmax(1) == others.answer_R).float().mean() > 0.5  # chance: 0.18
    again = ChoiceModel(encoder, (0, 0)).eval()
    choice_train.load_parts(again, tmp_path)
    for key, value in model.own().items():
        assert torch.allclose(again.own()[key], value, atol=2e-3, rtol=1e-3), key
    sizes = [(tmp_path / name).stat().st_size for name in choice_train.PARTS]
    assert max(sizes) < 0.75 * sum(sizes)
    assert torch.equal(encoder.get_input_embeddings().weight, tiny_base.model.get_input_embeddings().weight)


def test_what_does_not_compile_runs_as_it_is(model, packed, monkeypatch):
    recipe = choice_train.Recipe(places=320, rate=1e-3, head_rate=1e-3, found=16, negatives=20, dropout=0)

    def compiler(*_, **__):
        def fails(*_):
            raise RuntimeError("no compiler here")

        return fails

    monkeypatch.setattr(torch, "compile", compiler)
    rest = choice_train.tried(model, packed, recipe, compiled=True)
    x, mixed = torch.randn(2, 5, model.config.hidden_size).unbind()
    assert torch.equal(rest(model.layers[0], x, mixed), after_attention(model.layers[0], x, mixed))
    assert not torch.equal(after_attention(model.layers[0], x, mixed, 0.5), after_attention(model.layers[0], x, mixed))


def test_buckets_fill_a_batch():
    assert all(choice_train.on_gpu().places % length == 0 for length in choice_pack.BUCKETS)
