"""What the figures are measured by: a test file, or the labelled rows that folds held out; and the ablation.

Knows the shipped student's name and how to train it again on less; does not know what was measured.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from danlu.evals.metrics import softmax
from danlu.evals.questions import by_question
from danlu.factory import student
from danlu.factory.exam import Exam
from danlu.factory.general import standing_out
from danlu.factory.lesson import EXAM, GOLD_WEIGHT, gold_of, make_lesson, whole, wording_of
from danlu.factory.material import places_of
from danlu.factory.student import Shared
from danlu.factory.texts import targets_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from danlu.evals.questions import Questions
    from danlu.factory.material import Asked, Material
    from danlu.factory.stages import Folds, Run
    from danlu.factory.student import Source
    from danlu.factory.texts import Texts
    from danlu.loops.self_training import Taught
    from danlu.types import Example, Range, Truth


@dataclass(frozen=True)
class Ruler:
    """What is measured by: texts, their true labels, and whether they are a test set, held-out folds, or nothing.

    Attributes:
        rows: for held-out folds, which labelled rows the texts are: those that some fold held out.
        questions: where the texts are pairs of a question and an option: which belong together. Truth is the places of
            the right options then, and all that is measured is measured of questions.
        asked: those questions.
        range: of the scores, where texts are scored; truth is their places in it then, beyond 0 and 1 too.
    """

    texts: list[str]
    truth: Truth
    measured_on: str
    rows: NDArray[np.int64]
    questions: Questions | None = None
    asked: tuple[Example, ...] = ()
    range: Range | None = None

    def table(self, probabilities: NDArray[np.floating[Any]], *, settled: bool = False) -> NDArray[np.floating[Any]]:
        """(texts, K) probabilities as they are; of pairs of a question and an option, those of the options, (Q, M).

        Args:
            probabilities: of each text by itself.
            settled: those of a question's options know of one another, as a teacher's do.
        """
        if self.questions is None:
            return probabilities
        return self.questions.shares(np.log(probabilities.astype(np.float64) + 1e-12), settled=settled)


def measure_by(material: Material, judged: NDArray[np.int64]) -> Ruler:
    """The test set where there is one; else the labelled rows that were held out in turn, if there are any."""
    if material.asked is not None:
        return _measure_questions(material, material.asked, judged)
    bounds = material.texts.range
    if material.test:
        truth = places_of(material.test, bounds) if bounds else material.truth(material.test)
        return Ruler([e.text for e in material.test], truth, "test", np.arange(len(truth)), range=bounds)
    if material.texts.guessed:
        return Ruler([], judged[:0], "nothing", judged[:0])
    texts = [material.texts.labelled[i] for i in judged]
    return Ruler(texts, material.texts.truth[judged], "cross-validation", judged, range=bounds)


def _measure_questions(material: Material, asked: Asked, judged: NDArray[np.int64]) -> Ruler:
    rows, where = (judged, "cross-validation")
    everything, start = material.everything, 0
    truth = material.texts.truth
    if material.test:
        start = material.part("test").start
        truth = material.truth(material.test)
        rows, where = np.arange(len(truth)), "test"
    numbers = asked.questions.asked(rows + start)
    questions = asked.questions.some(numbers)
    return Ruler(
        [everything[start + i] for i in rows],
        questions.truth(truth[rows]),
        where,
        rows,
        questions,
        tuple(asked.rows[i] for i in numbers),
    )


def dev_of(material: Material, logits: NDArray[np.float32]) -> tuple[Truth, NDArray[np.floating[Any]]]:
    """The truth of the dev rows, and what a student makes of them, from its logits on the exam, where they come first.

    Of questions, the places of the right options, and a row of log-probabilities a question.
    """
    truth, whole_job = material.truth(material.dev), None if material.asked is None else material.asked.questions
    if material.texts.apart:
        return truth, logits[: len(truth)]
    rows = np.arange(len(material.everything))[material.part("dev")]
    return by_question(logits[: len(truth)], truth, whole_job, rows)


def believed(
    material: Material, targets: NDArray[np.float32], log_probabilities: NDArray[np.floating[Any]]
) -> NDArray[np.float32]:
    """The targets of the exam; of scores, what the teacher alone believes, also of dev rows, which come first.

    Args:
        material: the rows.
        targets: (exam, K), those of dev rows half of their truth.
        log_probabilities: (everything, K) of the teacher.
    """
    if material.texts.range is None:
        return targets
    dev = np.exp(log_probabilities[material.part("dev")]).astype(np.float32)
    return np.concatenate([dev, targets[len(dev) :]])


def held_out(texts: Texts, taught: Taught) -> tuple[Truth, NDArray[np.floating[Any]]]:
    """The truth of the labelled rows, or questions, that folds held out, and the teacher's probabilities of them."""
    judged = taught.judged[:0] if texts.guessed else taught.judged  # nobody's labels
    if texts.apart:
        return texts.truth[judged], np.exp(taught.held_out[judged])
    truth, table = by_question(taught.held_out[judged], texts.truth[judged], texts.questions, judged, settled=True)
    return truth, np.exp(table)


def zero_shot(material: Material, asked: NDArray[np.float32]) -> NDArray[np.float32]:
    """(test, K) probabilities by the general model alone, its scores compared with those of the same label.

    So they know the pile of texts, as the general model of `danlu ask` does not.

    Args:
        material: the rows; what is usual for a label, those that were learned from say.
        asked: (everything, K) its scores.
    """
    known = asked[material.unlabelled]
    return np.asarray(softmax(standing_out(asked[material.part("test")], known) * known.std()), np.float32)


def gold_only(
    run: Run,
    source: Source,
    name: str,
    material: Material,
    seen: NDArray[np.float32],
    taught: Taught,
) -> NDArray[np.float32] | None:
    """(test, K) of the same student taught by the labelled rows alone, hard labels, no teacher; None without either.

    Args:
        run: the job.
        source: what the shipped student was made from; this one starts from the base as it is.
        name: of the shipped student.
        material: the rows; dev decides the shares of the branches, as it does for the shipped student.
        seen: (everything, hidden) vectors of the frozen base.
        taught: the teacher, for whether the shipped student learned from the wording of the labels.
    """
    if not material.test or material.texts.guessed:
        return None
    texts = material.texts
    rows, gold = gold_of(material)
    dev = _exam_of_dev(material)
    tested = [e.text for e in material.test]

    def make() -> dict[str, NDArray[Any]]:
        wording = wording_of(run, texts, taught, run.base.model)
        ones, everything = np.ones(len(rows), np.float32), material.everything
        learned = [everything[i] for i in rows]
        asked = material.questions_in(rows)
        lesson = make_lesson(learned, gold, ones, seen[rows], wording, apart=texts.apart, questions=asked)
        pupil, tokenizer = student.teach(name, Shared(replace(source, encoder=run.base.model), lesson), dev)
        return {"p": student.probabilities(pupil, tokenizer, tested, name, source.plan, apart=texts.apart)}

    with run.progress.stage("ablation", 1):
        return run.job.keep(f"gold-only-{name}-{source.plan.crossed}", make)["p"]


def _exam_of_dev(material: Material) -> Exam | None:
    """The dev rows with their labels, where there are any."""
    if not material.dev:
        return None
    known = targets_of(material.truth(material.dev), len(material.texts.labels))
    questions = material.questions_in(material.part("dev"))
    return Exam(
        [e.text for e in material.dev], known, questions, apart=material.texts.apart, range=material.texts.range
    )


def cross_validate(
    run: Run, source: Source, name: str, material: Material, folds: Folds, taught: Taught, seen: NDArray[np.float32]
) -> NDArray[np.float32]:
    """(labelled, K) of students that never saw the row: one a fold, taught by that fold's teacher.

    Rows that no fold held out stay 0. As for the shipped student, some of the pool is kept from each to decide the
    shares of its branches, or dev rows do. Of labelled rows only those that the forms learn from teach these students:
    others may nearly repeat one that was held out.
    """
    texts = material.texts
    pool = np.arange(len(texts.labelled), len(texts.rows))
    options = 1 if material.asked is None else material.asked.options
    spare_from = whole(material.questions_in(pool), len(pool) - min(EXAM * options, len(pool) // 5))
    kept, spare = np.split(pool, [spare_from])
    plain = replace(source, encoder=run.base.model)
    wording = wording_of(run, texts, taught, run.base.model)
    out = np.zeros((len(texts.labelled), len(texts.labels)), np.float32)

    def make(number: int) -> dict[str, NDArray[Any]]:
        train, held = folds[number]
        belief = np.exp(taught.by_context[number]).astype(np.float32)
        rows = np.concatenate([train, kept])
        targets = np.concatenate([texts.targets[train], belief[kept]])
        weights = np.concatenate([np.full(len(train), GOLD_WEIGHT), np.ones(len(kept))]).astype(np.float32)
        lesson_texts = [texts.rows[i] for i in rows]
        lesson = make_lesson(
            lesson_texts,
            targets,
            weights,
            seen[rows],
            wording,
            apart=texts.apart,
            questions=material.questions_in(rows),
        )
        questions = material.questions_in(spare)
        spared = [texts.rows[i] for i in spare]
        exam = Exam(spared, belief[spare], questions, apart=texts.apart) if spared else _exam_of_dev(material)
        fold_student, tokenizer = student.teach(name, Shared(plain, lesson), exam)
        held_texts = [texts.labelled[i] for i in held]
        return {"p": student.probabilities(fold_student, tokenizer, held_texts, name, source.plan, apart=texts.apart)}

    with run.progress.stage("cross-validate", len(folds)) as step:
        for number, (_, held) in enumerate(folds):
            out[held] = run.job.keep(f"student-{name}-{source.plan.crossed}-{number}", lambda n=number: make(n))["p"]
            step(1)
    return out
