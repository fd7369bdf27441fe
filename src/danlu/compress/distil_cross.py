"""Distillation of students that start from the general multiple-choice model and read two texts together.

Both sides of a pair, or a question once with all of its options. Knows nothing of how the targets came about, of
files, or of which student ships.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch.nn import functional as F  # noqa: N812 - the field's name for it

from danlu.models.base import by_row
from danlu.models.cross import CrossBranch, in_rows
from danlu.models.cross_question import QuestionBranch, laid
from danlu.runtime import autocast
from danlu.text.pair import pairing_of
from danlu.train.batches import by_length
from danlu.train.distance import distance
from danlu.train.loop import minimise

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from danlu.compress.distil import Lesson
    from danlu.models.choice import ChoiceModel
    from danlu.models.cross import Around

START_SAMPLE = 128  # pairs that say what the general model usually says of each label
LEAST_QUESTIONS = 4  # a step, however many options they have
RATE, HEAD_RATE = 5e-5, 1e-2


@dataclass(frozen=True)
class Schooling:
    """How a student of the general model is trained.

    Attributes:
        depth: layers kept, the lowest ones.
        steps: of the training.
        batch: pairs a step.
        seed: of the order of the pairs.
    """

    depth: int
    steps: int
    batch: int
    seed: int


def cross_branch(
    model: ChoiceModel,
    around: Around,
    lesson: Lesson,
    sequences: Sequence[Sequence[int]],
    old_ids: NDArray[np.int64],
    schooling: Schooling,
    progress: Callable[[int], None] | None = None,
) -> CrossBranch:
    """The general model with its vocabulary cut, reading both sides of a pair at once; its embeddings stay fixed.

    It starts where it is, what it says of each label counted from what it usually says: of a task it knows only the
    labels' words, and how often it would name each of them is not among what these tell.

    Args:
        model: where it starts.
        around: the question and the options.
        lesson: what it learns from: N pairs.
        sequences: the student's tokens of each of the 2N sides, framed.
        old_ids: (V,) the model's id of each token of the student.
        schooling: how long and how.
        progress: called with 1 after each step.
    """
    pairing = pairing_of(lesson.texts)
    assert pairing is not None
    branch = CrossBranch(model, torch.from_numpy(old_ids), around, pairing, schooling.depth, lead=lesson.apart)
    rows = by_row(sequences, pairing)
    sample = np.argsort(-lesson.weights, kind="stable")[:START_SAMPLE]
    with torch.inference_mode(), autocast(torch.device("cpu")):
        seen = torch.cat([branch.scores(*in_rows([rows[i]])).float() for i in sample])
    mean = torch.from_numpy(lesson.targets[sample]).mean(0)
    usual = mean.logit(1e-3) if lesson.apart else mean.clamp_min(1e-3).log()
    branch.scale.data.copy_(1 / seen.std().clamp_min(1e-3))
    branch.bias.data.copy_(usual - seen.mean(0) * branch.scale.data)
    targets = torch.from_numpy(lesson.targets)

    def losses() -> Iterator[torch.Tensor]:
        lengths = [sum(map(len, row)) for row in rows]
        for index in by_length(lengths, schooling.batch, schooling.seed, weights=lesson.weights):
            with autocast(torch.device("cpu")):
                logits = branch(*in_rows([rows[i] for i in index]))
            yield distance(logits.float(), targets[index], apart=lesson.apart)

    _train(branch, losses(), [branch.scale, branch.bias], schooling, progress)
    return branch.eval()


def question_branch(
    model: ChoiceModel,
    around: Around,
    lesson: Lesson,
    sequences: Sequence[Sequence[int]],
    old_ids: NDArray[np.int64],
    schooling: Schooling,
    progress: Callable[[int], None] | None = None,
) -> QuestionBranch:
    """The general model with its vocabulary cut, reading each question once and its own options with it.

    Args:
        model: where it starts.
        around: what stands before every question and option.
        lesson: what it learns from: N pairs of the questions that it names.
        sequences: the student's tokens of each of the 2N sides, framed.
        old_ids: (V,) the model's id of each token of the student.
        schooling: how long and how; a step has as many whole questions as make up about a batch of pairs.
        progress: called with 1 after each step.
    """
    questions = lesson.questions
    assert questions is not None
    branch = QuestionBranch(model, torch.from_numpy(old_ids), around, schooling.depth)
    rows = by_row(sequences, branch.pairing)
    pairs = [questions.rows(np.array([number])) for number in range(len(questions.sizes))]
    right = [torch.from_numpy(lesson.targets[own, 0] / lesson.targets[own, 0].sum()) for own in pairs]
    weights = np.array([lesson.weights[own[0]] for own in pairs], np.float32)
    lengths = [len(rows[own[0]][0]) + sum(len(rows[i][1]) for i in own) for own in pairs]
    size = max(LEAST_QUESTIONS, round(schooling.batch * len(pairs) / len(rows)))

    def losses() -> Iterator[torch.Tensor]:
        for index in by_length(lengths, size, schooling.seed, weights=weights):
            with autocast(torch.device("cpu")):
                logits = branch(*laid([rows[i] for number in index for i in pairs[number]]))
            odds = (logits[:, 0] - logits[:, 1]).float().split([len(pairs[number]) for number in index])
            each = [-(right[n] * F.log_softmax(own, 0)).sum() for n, own in zip(index, odds, strict=True)]
            yield torch.stack(each).mean()

    _train(branch, losses(), [branch.scale], schooling, progress)
    return branch.eval()


def _train(
    branch: CrossBranch | QuestionBranch,
    losses: Iterator[torch.Tensor],
    head: list[torch.nn.Parameter],
    schooling: Schooling,
    progress: Callable[[int], None] | None,
) -> None:
    """Trains all of the general model but its embeddings, and how what it says is weighed."""
    branch.model.embeddings.requires_grad_(False)
    own = branch.model.own_parameters()
    for parameter in own:
        parameter.requires_grad_(True)
    groups = [{"params": own, "lr": RATE}, {"params": head, "lr": HEAD_RATE}]
    minimise(losses, groups, steps=schooling.steps, progress=progress)
