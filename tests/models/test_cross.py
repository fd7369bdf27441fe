"""Both sides of a pair at once: the scores of the model it is made from, whatever the padding, in torch and ONNX."""

from __future__ import annotations

import numpy as np
import onnxruntime
import pytest
import torch

from danlu.compress.export import to_int8, to_onnx
from danlu.models.choice import ChoiceModel, Row, lay_out, marks_of
from danlu.models.cross import PAIR_INPUTS, Around, CrossBranch, in_rows
from danlu.models.student import Student
from danlu.operators import check_operators

OPTIONS = [[20, 21], [22], [23, 24, 25]]
ROWS = [Row(OPTIONS, [30, 31], side) for side in ([[40, 41, 42], [43]], [[44], [45, 46, 47, 48]], [[49, 50], [51, 52]])]


def build(base, asked=True):
    """(model, rows, branch, sides, marks): the branch knows the tokens that the rows need, and some others."""
    torch.manual_seed(3)
    model = ChoiceModel(base.model, (10, 11)).eval()
    marks = marks_of(base.tokenizer)
    rows = [Row(row.options, row.question if asked else [], row.sides) for row in ROWS]
    before = [marks.start, *([*ROWS[0].question, marks.end] if asked else [])]
    kept = torch.tensor([marks.pad, marks.end, marks.start, *range(39, 60), *range(60, 80, 2)])
    branch = CrossBranch(model, kept, Around(before, [], OPTIONS, marks.mask, marks.end), "ordered", 2).eval()
    number = {old: new for new, old in enumerate(kept.tolist())}
    sides = [[[number[i] for i in [marks.start, *side, marks.end]] for side in row.sides] for row in rows]
    return model, rows, branch, sides, marks


@pytest.fixture(scope="module")
def made(tiny_base):
    return build(tiny_base)


@torch.inference_mode()
@pytest.mark.parametrize("asked", [True, False])
def test_it_says_what_the_model_says_of_whole_rows(tiny_base, asked):
    model, rows, branch, sides, marks = build(tiny_base, asked)
    torch.testing.assert_close(branch(*in_rows(sides)), model(lay_out(rows, marks)), atol=1e-4, rtol=0)


@torch.inference_mode()
def test_padding_says_nothing(made):
    _, _, branch, sides, _ = made
    ids, mask = in_rows(sides)
    wide = [torch.nn.functional.pad(part, (0, 5)) for part in (ids, mask)]
    torch.testing.assert_close(branch(*wide), branch(ids, mask), atol=1e-4, rtol=0)
    torch.testing.assert_close(branch(*in_rows(sides[1:2])), branch(ids, mask)[1:2], atol=1e-4, rtol=0)


@torch.inference_mode()
def test_what_is_written_before_the_second_side_is_read_as_part_of_it(made):
    model, rows, _, _, marks = made
    words = [56, 57]
    before = [marks.start, *rows[0].question, marks.end]
    around = Around(before, words, OPTIONS, marks.mask, marks.end)
    other = CrossBranch(model, torch.arange(80), around, "ordered", 2).eval()
    fixed = len(around.before) + len(around.between) + sum(1 + len(option) for option in around.options)
    assert other.before.numel() + other.between.numel() + other.options.numel() == fixed
    written = [Row(row.options, row.question, [row.sides[0], [*words, *row.sides[1]]]) for row in rows]
    plain = [[[marks.start, *side, marks.end] for side in row.sides] for row in rows]
    torch.testing.assert_close(other(*in_rows(plain)), model(lay_out(written, marks)), atol=1e-4, rtol=0)


@torch.inference_mode()
def test_the_graph_computes_the_same_at_any_shape_and_int8_nearly(made):
    _, _, branch, sides, _ = made
    student = Student(branch, None, None, (1.0, 0.0, 0.0)).eval()
    assert student.width == 32
    graph = to_onnx(student)
    finer = to_int8(graph, finer=True)
    assert b"MatMulNBits" in finer
    for data, near in ((graph, 2e-4), (to_int8(graph), 0.3), (finer, 0.3)):
        check_operators(data)
        session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
        for some in (sides[:1], sides, sides * 5):
            inputs = in_rows(some)
            found = session.run(None, dict(zip(PAIR_INPUTS, (i.numpy() for i in inputs), strict=True)))[0]
            np.testing.assert_allclose(found, branch(*inputs).numpy(), atol=near)


@torch.inference_mode()
def test_of_two_options_the_lead_of_the_second_can_be_all_it_gives(made):
    model, _, _, sides, marks = made
    around = Around([marks.start], [], OPTIONS[:2], marks.mask, marks.end)
    kept = torch.tensor([marks.pad, marks.end, marks.start, *range(39, 60), *range(60, 80, 2)])
    both, lead = (CrossBranch(model, kept, around, "ordered", 2, lead=lead).eval() for lead in (False, True))
    scores = both(*in_rows(sides))
    assert lead.bias.shape == (1,)
    torch.testing.assert_close(lead(*in_rows(sides)), scores[:, 1:] - scores[:, :1])
