"""A question with its options: the scores of the model it is made from, whatever stands beside it, also in ONNX."""

from __future__ import annotations

import numpy as np
import onnxruntime
import pytest
import torch

from danlu.compress.export import to_int8, to_onnx
from danlu.models.choice import ChoiceModel, Row, lay_out, marks_of
from danlu.models.cross import Around
from danlu.models.cross_question import QUESTION_INPUTS, QuestionBranch, laid
from danlu.models.student import Student
from danlu.operators import check_operators

ASKED = [30, 31]
QUESTIONS = [  # tokens of each, and of its options
    ([40, 41, 42], [[20, 21], [22]]),
    ([44, 45, 46, 47, 48, 49], [[23, 24, 25], [22], [50]]),
    ([43], [[20, 21], [26, 27, 28, 29]]),
]


@pytest.fixture(scope="module", params=[True, False], ids=["asked", "unasked"])
def made(request, tiny_base):
    """(scores by the model, branch, the student's tokens of each pair)."""
    torch.manual_seed(3)
    model = ChoiceModel(tiny_base.model, (10, 11)).eval()
    marks = marks_of(tiny_base.tokenizer)
    asked = ASKED if request.param else []
    with torch.inference_mode():
        rows = [Row(options, asked, [question]) for question, options in QUESTIONS]
        scores = torch.cat([model(lay_out([row], marks))[0] for row in rows])
    kept = torch.tensor([marks.pad, marks.end, marks.start, *range(19, 60)])
    before = [marks.start, *([*asked, marks.end] if asked else [])]
    branch = QuestionBranch(model, kept, Around(before, [], [], marks.mask, marks.end), 2).eval()
    number = {old: new for new, old in enumerate(kept.tolist())}
    framed = lambda ids: [number[i] for i in [marks.start, *ids, marks.end]]  # noqa: E731
    pairs = [(framed(question), framed(option)) for question, options in QUESTIONS for option in options]
    return scores, branch, pairs


@torch.inference_mode()
def test_it_says_what_the_model_says_of_whole_questions(made):
    scores, branch, pairs = made
    torch.testing.assert_close(branch.scores(*laid(pairs)), scores, atol=1e-4, rtol=0)
    right, wrong = branch(*laid(pairs)).unbind(1)
    torch.testing.assert_close(right - wrong, scores, atol=1e-4, rtol=0)


@torch.inference_mode()
def test_no_pair_says_anything_of_another(made):
    scores, branch, pairs = made
    turned = [5, 0, 3, 6, 2, 4, 1]
    torch.testing.assert_close(branch.scores(*laid([pairs[i] for i in turned])), scores[turned], atol=1e-4, rtol=0)
    for i in range(len(pairs)):
        torch.testing.assert_close(branch.scores(*laid(pairs[i : i + 1])), scores[i : i + 1], atol=1e-4, rtol=0)


def test_a_question_is_laid_once_for_all_of_its_options(made):
    _, _, pairs = made
    questions, _, options, _, owners = laid(pairs)
    assert (len(questions), len(options)) == (3, 7)
    assert owners.tolist() == [0, 0, 1, 1, 1, 2, 2]


@torch.inference_mode()
def test_the_graph_computes_the_same_at_any_shape_and_int8_nearly(made):
    _, branch, pairs = made
    student = Student(branch, None, None, (1.0, 0.0, 0.0)).eval()
    student.shared = True
    assert student.inputs == QUESTION_INPUTS
    assert student.width == 32
    graph = to_onnx(student)
    finer = to_int8(graph, finer=True)
    assert b"MatMulNBits" in finer
    for data, near in ((graph, 2e-4), (to_int8(graph), 0.3), (finer, 0.3)):
        check_operators(data)
        session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
        for some in (pairs[:1], pairs[:2], pairs, pairs[1:] * 4):
            inputs = laid(some)
            found = session.run(None, dict(zip(QUESTION_INPUTS, (i.numpy() for i in inputs), strict=True)))[0]
            np.testing.assert_allclose(found, branch(*inputs).numpy(), atol=near)
