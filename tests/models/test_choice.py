"""What an option's score depends on, and what it does not."""

from __future__ import annotations

import json

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from danlu.errors import OptionError
from danlu.models.choice import (
    OPTION_START,
    ChoiceModel,
    Marks,
    Row,
    lay_out,
    marks_of,
    open_choice,
    save_choice,
    visible,
)

MARKS = Marks(start=2, end=3, mask=4)
TOKEN = st.integers(5, 60)
PIECE = st.lists(TOKEN, min_size=1, max_size=6)
ROW = st.builds(
    Row,
    options=st.lists(PIECE, min_size=2, max_size=5),
    question=st.lists(TOKEN, max_size=5),
    sides=st.lists(PIECE, min_size=1, max_size=2),
)


@pytest.fixture(scope="module")
def model(tiny_base):
    torch.manual_seed(1)
    made = ChoiceModel(tiny_base.model, (10, 11)).eval()
    with torch.no_grad():
        made.segments.add_(0.1 * torch.randn(made.segments.shape))
        made.no_yes.weight.add_(torch.randn(made.no_yes.weight.shape))
    return made


def scores(model, *rows):
    with torch.inference_mode():
        return model(lay_out(rows, MARKS))


def same(left, right):
    return torch.allclose(left, right, atol=1e-4)


def test_layout():
    laid = lay_out([Row([[50], [51, 52]], [40], [[30, 31], [32]]), Row([[50], [51]], [], [[30]])], MARKS)
    assert laid.ids_BL.tolist() == [
        [2, 40, 3, 30, 31, 3, 32, 3, 4, 50, 4, 51, 52],
        [2, 30, 3, 4, 50, 4, 51, 0, 0, 0, 0, 0, 0],
    ]
    assert laid.block_BL[0].tolist() == [0] * 8 + [1, 1, 2, 2, 2]
    assert laid.position_BL[0].tolist() == [*range(8), 1, 2, 1, 2, 3]
    assert laid.text_BL[0].nonzero().flatten().tolist() == [3, 4, 6]
    assert laid.mask_BK.tolist() == [[8, 10], [3, 5]]
    assert laid.real_BK.all()
    assert laid.block_BL[1, -1] == -1
    starts = laid.position_BL.gather(1, laid.mask_BK)
    assert (starts == OPTION_START).all()


def test_who_sees_whom():
    block = torch.tensor([[0, 0, 1, 1, 2, -1]])
    seen = visible(block)[0]
    assert seen[0].tolist() == [True, True, False, False, False, False]
    assert seen[2].tolist() == [True, True, True, True, False, False]
    assert seen[4].tolist() == [True, True, False, False, True, False]
    assert seen.any(1).all()


@settings(max_examples=25)
@given(ROW, st.randoms(use_true_random=False))
def test_options_in_another_order_get_the_same_scores(model, row, draw):
    order = list(range(len(row.options)))
    draw.shuffle(order)
    moved = Row([row.options[n] for n in order], row.question, row.sides)
    assert same(scores(model, row)[0, order], scores(model, moved)[0])


@settings(max_examples=25)
@given(ROW)
def test_groups_of_options_get_the_scores_of_all_together(model, row):
    together = scores(model, row)[0]
    for number, option in enumerate(row.options):
        assert same(together[number : number + 1], scores(model, Row([option], row.question, row.sides))[0])


@settings(max_examples=25)
@given(ROW, PIECE)
def test_options_do_not_see_one_another(model, row, other):
    changed = Row([row.options[0], *([other] * (len(row.options) - 1))], row.question, row.sides)
    assert same(scores(model, row)[0, 0], scores(model, changed)[0, 0])


@settings(max_examples=25)
@given(ROW, ROW)
def test_padding_changes_nothing(model, row, other):
    alone, beside = scores(model, row)[0], scores(model, row, other)[0]
    assert same(alone, beside[: len(alone)])
    assert torch.isneginf(beside[len(alone) :]).all()


def test_text_and_question_matter(model):
    row = Row([[20], [21]], [22], [[23, 24]])
    first = scores(model, row)
    assert not same(first, scores(model, Row(row.options, [25], row.sides)))
    assert not same(first, scores(model, Row(row.options, row.question, [[26, 24]])))


def test_stored_and_opened(model, tiny_base, tmp_path):
    save_choice(model, tiny_base.sha256, tmp_path)
    opened = open_choice(tiny_base, tmp_path)
    row = Row([[20], [21]], [22], [[23, 24]])
    assert torch.allclose(scores(opened, row), scores(model, row), atol=0.2)
    assert not any(key.startswith("embeddings.") for key in model.own())
    assert opened.embeddings is tiny_base.model.embeddings


def test_another_encoder_is_refused(model, tiny_base, tmp_path):
    save_choice(model, "other", tmp_path)
    with pytest.raises(OptionError, match="belongs to another encoder"):
        open_choice(tiny_base, tmp_path)
    with pytest.raises(OptionError, match="holds no multiple-choice model"):
        open_choice(tiny_base, tmp_path / "nothing")
    assert json.loads((tmp_path / "config.json").read_text()) == {"encoder": "other"}


def test_marks(tiny_base):
    from tokenizers import Tokenizer, models

    assert marks_of(tiny_base.tokenizer) == MARKS
    with pytest.raises(OptionError, match=r"\[CLS\]"):
        marks_of(Tokenizer(models.WordLevel({"a": 0}, unk_token="a")))
