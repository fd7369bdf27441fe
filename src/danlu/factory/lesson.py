"""What students learn from, and what they are chosen by.

Knows the teacher's beliefs about texts and how much each text counts; does not know how a student learns, or how the
teacher came to believe what it does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from danlu.adapt import linear
from danlu.compress.distil import Lesson
from danlu.errors import OptionError
from danlu.evals.questions import Questions
from danlu.factory import student, teacher
from danlu.factory.exam import Exam
from danlu.factory.generator import can_be_cut, passages, question_passages
from danlu.factory.texts import targets_of
from danlu.text.pair import pairing_of
from danlu.text.question import is_question, pairs
from danlu.train.regression import softmax_regression

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from transformers import PreTrainedModel

    from danlu.factory.material import Material
    from danlu.factory.stages import Beliefs, Run
    from danlu.factory.teacher import Teacher
    from danlu.factory.texts import Texts
    from danlu.loops.self_training import Taught

    Wording = tuple[list[str], NDArray[np.float32]]

EXAM = 500
ENOUGH_TO_CUT = 16  # dev rows whose passages are enough of an exam
SMALLEST_EXAM = 50
GOLD_WEIGHT = 3.0  # of a labelled row beside an unlabelled text
STRENGTH = 10.0  # of the head that students start from
# On 300 pairs of Chinese STS-B, 1,037 with their unlabelled ones, R² of the teacher on other pairs is 0.80, not 0.74.
SCORED_PAIRS_STRENGTH = 1.0


def examine(run: Run, material: Material, best: Teacher, beliefs: Beliefs) -> tuple[Lesson, Exam]:
    """What the student learns from, and what its candidates are chosen by; no text is in both.

    The exam is the dev rows and up to 500 unlabelled texts; where these are fewer than 50, passages judged by the
    teacher join them: of dev rows, or, where these are few, also of a quarter of the texts that are learned from. Of
    questions with options it is as many questions, each with all of its options. A dev row is judged half by its label
    and half by the teacher: which of several students is best shows in what they share with it sooner than in a few
    hundred labels.

    Raises:
        OptionError: there is no text to choose by.
    """
    divided = _divide(run, material)
    exam = _exam(run, material, best, beliefs, divided)
    return _lesson(run, material, best, beliefs, divided.taken), exam


@dataclass(frozen=True)
class _Divided:
    """What is learned from and what is chosen by: numbers of rows in `everything`, and texts to be cut to passages.

    Attributes:
        taken: rows that are learned from, labelled ones first.
        dev: dev rows, which are chosen by.
        held: unlabelled rows that are chosen by.
        cut: texts, or questions, whose passages are chosen by; none where there are enough rows for it.
    """

    taken: NDArray[np.int64]
    dev: NDArray[np.int64]
    held: NDArray[np.int64]
    cut: list[str]


def _divide(run: Run, material: Material) -> _Divided:
    """Draws the line between what is learned from and what is chosen by."""
    free = np.arange(material.unlabelled.start, material.unlabelled.stop)
    options = _options(material)
    kept = whole(material.questions_in(free), len(free) - min(EXAM * options, len(free) // 5))
    taken = np.concatenate([gold_of(material)[0], free[:kept]])
    dev = np.arange(*material.part("dev").indices(len(material.everything)))
    cut: list[str] = []
    if len(dev) + len(free[kept:]) < SMALLEST_EXAM * options:
        cut = _whole_texts(material, dev)
        if len(cut) < ENOUGH_TO_CUT:
            cut += _quarter(_whole_texts(material, taken), run.seed)
    return _Divided(taken, dev, free[kept:], cut)


def _options(material: Material) -> int:
    """How many rows of `everything` are one to a person: the options of a question."""
    return 1 if material.asked is None else material.asked.options


def _exam(run: Run, material: Material, best: Teacher, beliefs: Beliefs, divided: _Divided) -> Exam:
    """What is chosen by: rows, and passages of the texts to be cut."""
    texts, everything = material.texts, material.everything
    dev, held = divided.dev, divided.held
    chosen = [everything[i] for i in [*dev, *held]]
    judged = np.float32(0.5) * (targets_of(material.truth(material.dev), len(texts.labels)) + beliefs.probability(dev))
    targets = np.concatenate([judged, beliefs.probability(held)])
    parts = [material.questions_in(dev), material.questions_in(held)]
    few = len(divided.cut) + len(_whole_texts(material, held)) if divided.cut else None
    count = 4 * SMALLEST_EXAM * _options(material)
    made = _passages(run, best, divided.cut, count, {everything[i] for i in divided.taken})
    if made.texts:
        chosen += made.texts
        targets = np.concatenate([targets, made.targets])
        parts.append(made.questions)
    if not chosen:
        raise OptionError(
            "The texts are too short to hold any back for choosing. Fix: add unlabelled text or dev rows."
        )
    questions = _together(parts) if material.asked else None
    return Exam(chosen, targets, questions, apart=texts.apart, range=texts.range, sources=few)


def _lesson(run: Run, material: Material, best: Teacher, beliefs: Beliefs, taken: NDArray[np.int64]) -> Lesson:
    """What is learned from: labelled rows, unlabelled ones with the teacher's beliefs, and what labels say in words."""
    texts = material.texts
    gold = gold_of(material)[1]
    weights = np.ones(len(taken), np.float32)
    weights[: len(gold)] = GOLD_WEIGHT
    return make_lesson(
        [material.everything[i] for i in taken],
        np.concatenate([gold, beliefs.probability(taken[len(gold) :])]),
        weights,
        beliefs.vectors[taken],
        wording_of(run, texts, best.taught, best.tuned or run.base.model),
        apart=texts.apart,
        questions=material.questions_in(taken),
    )


def gold_of(material: Material) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Where labelled rows stand in `everything`, those that only students learn from last, and their (rows, K) targets.

    No rows where nobody labelled any.
    """
    texts, rows = material.texts, np.arange(len(material.everything))
    count = material.unlabelled.start
    more = targets_of(material.truth(material.more), len(texts.labels))
    where = np.concatenate([rows[:count], rows[material.part("more")]])
    return where, np.concatenate([texts.targets[:count], more])


def _together(parts: Sequence[Questions | None]) -> Questions:
    return Questions.together([part for part in parts if part is not None])


def whole(questions: Questions | None, start: int) -> int:
    """Where the first question begins that begins at a row or after it; that row where rows are no questions."""
    return start if questions is None else int(questions.starts[np.searchsorted(questions.starts, start)])


def wording_of(run: Run, texts: Texts, taught: Taught, encoder: PreTrainedModel) -> Wording | None:
    """What each label says in words, and its (labels, hidden) vectors; None where the teacher did better without."""
    if texts.wording is None or not taught.worded:
        return None
    return texts.wording, linear.encode(encoder, run.base.tokenizer, texts.wording, run.plan.token_length)


def make_lesson(
    texts: list[str],
    targets: NDArray[np.float32],
    weights: NDArray[np.float32],
    vectors: NDArray[np.float32],
    wording: Wording | None,
    *,
    apart: bool = False,
    questions: Questions | None = None,
) -> Lesson:
    """A lesson with the linear head that fits it on the teacher's vectors, where transformer students start.

    Args:
        texts: N texts.
        targets: (N, K) distributions.
        weights: (N,) how much each counts.
        vectors: (N, hidden) by the encoder that students start from.
        wording: of the labels, learned as K more texts that count as much as any.
        apart: whether each label is a decision of its own; targets are the probabilities that it holds then.
        questions: where texts are pairs of a question and an option: which belong together.
    """
    if wording:
        own = np.eye(len(wording[0]), dtype=np.float32)
        texts, vectors = [*texts, *wording[0]], np.concatenate([vectors, wording[1]])
        targets, weights = np.concatenate([targets, own]), np.append(weights, np.full(len(own), weights.max()))
    centre = linear.Centre(vectors.mean(0))
    strength = SCORED_PAIRS_STRENGTH if apart and pairing_of(texts) else STRENGTH
    head = softmax_regression(centre.apply(vectors), targets, strength=strength, weights=weights, apart=apart)
    start = head.weight, head.bias, centre.mean
    return Lesson(texts, targets.astype(np.float32), weights, vectors, start, apart, questions)


@dataclass(frozen=True)
class _Passages:
    """N passages and (N, K) beliefs about them; of questions, pairs, and which belong together."""

    texts: list[str]
    targets: NDArray[np.float32]
    questions: Questions | None


def _whole_texts(material: Material, rows: NDArray[np.int64]) -> list[str]:
    """The texts of some rows of `everything`, or the questions that they are pairs of."""
    everything = material.everything
    return [everything[i] for i in rows] if material.asked is None else material.asked.texts(rows)


def _quarter(texts: Sequence[str], seed: int) -> list[str]:
    """A quarter of the texts that can be cut, one at least, drawn at random: rows may stand in turn of their labels."""
    able = [text for text in texts if is_question(text) or can_be_cut(text)]
    order = np.random.default_rng(seed).permutation(len(able))
    return [able[i] for i in order[: -(-len(able) // 4)]]


def _passages(run: Run, best: Teacher, texts: Sequence[str], count: int, known: set[str]) -> _Passages:
    """Up to `count` passages of the texts, none of which is known; none where these are too short.

    Of questions, the pairs of shorter questions with their options.
    """
    questions: Questions | None = None
    whole: list[str] = []
    if any(map(is_question, texts)):
        drawn = question_passages(texts, count, run.seed)
        whole = [text for text in drawn if known.isdisjoint(pairs(text))]
        questions = Questions.of([len(pairs(text)) for text in whole])
        made = student.shortened([pair for text in whole for pair in pairs(text)])
    else:
        made = [text for text in passages(texts, count, run.seed) if text not in known]
    if not made:
        return _Passages([], np.zeros((0, 1), np.float32), None)

    def judge() -> dict[str, NDArray[Any]]:
        seen = teacher.vectors(run.base, made, run.plan)
        near = best.tuned_vectors(made)
        general = best.views.general
        chosen = general.answers(whole) if questions is not None and general is not None else None
        belief = best.log_probabilities(made, seen, near, chosen)
        probability = np.exp(belief if questions is None else questions.settled(belief))
        return {"targets": probability.astype(np.float32)}

    return _Passages(made, run.job.keep("passages", judge)["targets"], questions)
