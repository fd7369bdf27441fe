"""The stages of `produce`, each a function from what is known so far to what is known next.

Every stage that takes more than a moment keeps its result in the job's folder. Knows how the roles are wired; the
roles themselves are in teacher, student and generator.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from danlu.adapt import likeness, linear
from danlu.compress.distil import LIGHT, Lesson
from danlu.errors import OptionError
from danlu.evals.questions import Questions
from danlu.factory import choose, draft, student, teacher
from danlu.factory.general import general_of
from danlu.factory.generator import passages, question_passages
from danlu.factory.student import Exam, Shared
from danlu.factory.teacher import Teacher, Texts, Trust, Views, faith_in, targets_of, trust_in_names
from danlu.loops import self_training, unlabelled
from danlu.text.pair import pairing_of
from danlu.text.question import is_question, pairs
from danlu.train.regression import softmax_regression

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from transformers import PreTrainedModel

    from danlu.factory.choose import Measured
    from danlu.factory.general import General
    from danlu.factory.job import Job
    from danlu.factory.material import Material
    from danlu.factory.plan import Plan
    from danlu.factory.progress import Progress
    from danlu.loops.self_training import Round, Taught
    from danlu.models.base import Base

    Folds = Sequence[tuple[NDArray[np.int64], NDArray[np.int64]]]
    Wording = tuple[list[str], NDArray[np.float32]]

LESSON = 2_000
EXAM = 500
SMALLEST_EXAM = 50
PATIENCE = 3.0  # times the budget; only then the clock cuts what the plan wanted
SHORTER, LEAST_READ = (0.75, 0.5), 12  # shares of its tokens that a student reads where it is too slow, and the fewest
GOLD_WEIGHT = 3.0  # of a labelled row beside an unlabelled text
STRENGTH = 10.0  # of the head that students start from
# On 300 pairs of Chinese STS-B, 1,037 with their unlabelled ones, R² of the teacher on other pairs is 0.80, not 0.74.
SCORED_PAIRS_STRENGTH = 1.0
PASSAGE_WEIGHT = 0.1  # of a passage: the teacher knows its text by heart, so what it says of it is no news


@dataclass(frozen=True)
class Run:
    """What every stage needs: where results are kept, how progress is shown, the base, the plan, the seed.

    Attributes:
        cut: what the clock left out, for the card.
    """

    job: Job
    progress: Progress
    base: Base
    plan: Plan
    seed: int
    cut: list[str] = field(default_factory=list)

    def late(self, what: str, stage: str) -> bool:
        """Whether far more time is spent than was asked for, and the stage not done; what that leaves out is noted."""
        late = self.job.spent > PATIENCE * 60 * self.plan.minutes and not self.job.has(stage)
        if late:
            self.cut.append(what)
        return late


@dataclass(frozen=True)
class Tuned:
    """The (learned, hidden) vectors by the encoder tuned in each context; the last, of all labelled rows, is kept."""

    vectors: list[NDArray[np.float32]]
    encoder: PreTrainedModel | None


@dataclass(frozen=True)
class Beliefs:
    """What a teacher makes of everything: (everything, K) log-probabilities, and the vectors its student lands on."""

    log_probabilities: NDArray[np.float64]
    before_loop: NDArray[np.float64]
    vectors: NDArray[np.float32]


def read_texts(run: Run, material: Material) -> NDArray[np.float32]:
    """(everything, hidden) vectors of the frozen base."""
    texts = material.everything
    with run.progress.stage("read", len(texts)) as step:
        return run.job.keep("vectors", lambda: {"all": teacher.vectors(run.base, texts, run.plan, step)})["all"]


def ask(run: Run, material: Material) -> tuple[General | None, NDArray[np.float32] | None]:
    """The general model with the labels as options and its (everything, labels) scores; nothing if the plan says so.

    Of questions with options, the (everything, 1) scores of these.
    """
    if not run.plan.named or material.asking is None:
        return None, None
    general = general_of(run.base, material.asking)
    if material.asked is None:
        texts, scores = material.everything, general.scores
    else:
        texts, scores = [row.text for row in material.asked.rows], general.answers
    with run.progress.stage("ask", len(texts)) as step:
        return general, run.job.keep("asked", lambda: {"all": scores(texts, step)})["all"]


def tune(run: Run, texts: Texts, folds: Folds) -> Tuned:
    """Tunes the encoder in every fold and on all labelled rows; nothing where the plan or the clock leaves it out."""
    if not run.plan.tuning_steps:
        return Tuned([], None)
    everything = np.arange(len(texts.labelled))
    sets = [*(train for train, _ in folds), everything]
    vectors: list[NDArray[np.float32]] = []
    moved: dict[str, NDArray[Any]] = {}
    with run.progress.stage("tune", len(sets) * run.plan.tuning_steps) as step:
        for number, rows in enumerate(sets):
            if run.late("contrastive", f"tuned-{number}"):
                return Tuned([], None)
            last = number == len(sets) - 1
            stored = run.job.keep(f"tuned-{number}", lambda r=rows, keep=last: _tuned(run, texts, r, keep, step))
            vectors.append(stored.pop("vectors"))
            moved = stored
    return Tuned(vectors, teacher.with_parameters(run.base, moved))


def _tuned(run: Run, texts: Texts, rows: NDArray[np.int64], keep: bool, step: teacher.Step) -> dict[str, NDArray[Any]]:
    model = teacher.tune(run.base, texts, rows, run.plan, run.seed, step)
    out: dict[str, NDArray[Any]] = {
        "vectors": linear.encode(model, run.base.tokenizer, texts.learned, run.plan.token_length)
    }
    if keep:
        out |= {name: p.detach().numpy() for name, p in model.named_parameters() if p.requires_grad}
    return out


def loop(run: Run, texts: Texts, views: Views, folds: Folds, tuned: Tuned) -> tuple[list[Round], Taught, Taught]:
    """The rounds of self-training, the teacher without them, and the teacher after them."""
    contexts = list(teacher.contexts(texts, views, folds, tuned.vectors))
    pairing = None if texts.compared else pairing_of(texts.labelled)
    prior = self_training.OF_PAIRS[pairing] if pairing else None
    if texts.compared and texts.apart:
        prior = self_training.OF_SCORED_PAIRS
    total = len(contexts) * (1 + len(run.plan.rounds))
    with run.progress.stage("loop", total) as step:
        stored = run.job.keep(
            "loop",
            lambda: self_training.to_arrays(
                *unlabelled.run(contexts[:-1], contexts[-1], "choice", rounds=run.plan.rounds, progress=step)
                if texts.guessed
                else self_training.run(
                    contexts[:-1],
                    contexts[-1],
                    texts.truth,
                    len(texts.labels),
                    rounds=run.plan.rounds,
                    progress=step,
                    questions=texts.questions,
                    prior=prior,
                )
            ),
        )
    return self_training.from_arrays(stored)


def believe(
    run: Run,
    material: Material,
    views: Views,
    tuned: Tuned,
    taught: tuple[Taught, Taught],
    seen: NDArray[np.float32],
    chosen: NDArray[np.float32] | None = None,
) -> tuple[Teacher, Beliefs]:
    """The finished teacher and what it makes of everything; labelled rows are judged by folds that held them out.

    Args:
        run: the job.
        material: its rows.
        views: of labelled and pool texts.
        tuned: encoders.
        taught: before and after the loop.
        seen: (everything, hidden) vectors of the frozen base.
        chosen: (everything, labels) scores of the general model, where it was asked.
    """
    texts = material.texts
    trust = Trust(0.0) if views.names is None else trust_in_names(views.names[: len(texts.labelled)], texts.truth)
    faith = curve = None
    if views.chosen is not None:
        faith = faith_in(views.chosen, texts, np.arange(len(texts.labelled)))
    if views.likeness is not None:
        curve = likeness.fit(views.likeness[: len(texts.truth)], texts.truth)
    centre = teacher.centre_of(texts, tuned.vectors[-1]) if tuned.vectors else None
    first, best = (
        Teacher(
            run.base, tuned.encoder, centre, views, state, run.plan, trust, curve, faith, texts.apart, texts.compared
        )
        for state in taught
    )
    everything, known = material.everything, len(texts.rows)  # tuning has read the rows
    with run.progress.stage("believe", len(everything)) as step:

        def make() -> dict[str, NDArray[Any]]:
            step(known)
            near = tuned.vectors[-1][:known] if tuned.vectors else None
            rest = best.tuned_vectors(everything[known:], step) if len(everything) > known else None
            if near is not None and rest is not None:
                near = np.concatenate([near, rest])
            out: dict[str, NDArray[Any]] = {
                "after": best.log_probabilities(everything, seen, near, chosen),
                "before": first.log_probabilities(everything, seen, near, chosen),
                "vectors": seen if near is None else near,
            }
            if material.asked is not None:
                out |= {name: material.asked.questions.settled(out[name]) for name in ("after", "before")}
            out["after"][: len(texts.labelled)] = taught[1].held_out
            out["before"][: len(texts.labelled)] = taught[0].held_out
            return out

        stored = run.job.keep("beliefs", make)
    return best, Beliefs(stored["after"], stored["before"], stored["vectors"])


def examine(run: Run, material: Material, best: Teacher, beliefs: Beliefs) -> tuple[Lesson, Exam]:
    """What the student learns from, and what its candidates are chosen by; no text is in both.

    The exam is the dev rows and up to 500 unlabelled texts; where these are fewer than 50, passages judged by the
    teacher join them. Of questions with options it is as many questions, each with all of its options. A dev row is
    judged half by its label and half by the teacher: which of several students is best shows in what they share with
    it sooner than in a few hundred labels.

    Raises:
        OptionError: there is no text to choose by.
    """
    texts = material.texts
    count, labels = material.unlabelled.start, len(texts.labels)
    probability = np.exp(beliefs.log_probabilities).astype(np.float32)
    free = np.arange(material.unlabelled.start, material.unlabelled.stop)
    options = 1 if material.asked is None else material.asked.options
    held = free[whole(material.questions_in(free), len(free) - min(EXAM * options, len(free) // 5)) :]
    taken = np.concatenate([np.arange(count), free[: len(free) - len(held)]])
    targets = probability[taken]
    targets[:count] = texts.targets[:count]
    weights = np.ones(len(taken), np.float32)
    weights[:count] = GOLD_WEIGHT
    everything = material.everything
    lesson_texts, vectors = [everything[i] for i in taken], beliefs.vectors[taken]
    dev = np.arange(*material.part("dev").indices(len(everything)))
    exam_texts = [everything[i] for i in [*dev, *held]]
    judged = np.float32(0.5) * (targets_of(material.truth(material.dev), labels) + probability[dev])
    exam_targets = np.concatenate([judged, probability[held]])
    short = len(exam_texts) < SMALLEST_EXAM * options
    fill = 0 if texts.guessed else LESSON - len(lesson_texts)
    wanted = max(fill, 4 * SMALLEST_EXAM * options if short else 0)
    asked = None if material.asked is None else material.asked.texts(taken)
    made, made_vectors, made_targets, sizes = _passages(run, best, lesson_texts if asked is None else asked, wanted)
    learned, parts = [material.questions_in(taken)], [material.questions_in(dev), material.questions_in(held)]
    if made:
        spare = min(EXAM * options, max(1, len(made) // 4)) if short else 0
        cut = whole(sizes, len(made) - spare)
        exam_texts += made[cut:]
        exam_targets = np.concatenate([exam_targets, made_targets[cut:]])
        lesson_texts += made[:cut]
        vectors = np.concatenate([vectors, made_vectors[:cut]])
        targets = np.concatenate([targets, made_targets[:cut]])
        weights = np.concatenate([weights, np.full(cut, PASSAGE_WEIGHT, np.float32)])
        learned.append(None if sizes is None else sizes.some(sizes.asked(np.arange(cut))))
        parts.append(None if sizes is None else sizes.some(sizes.asked(np.arange(cut, len(made)))))
    if not exam_texts:
        raise OptionError(
            "The texts are too short to hold any back for choosing. Fix: add unlabelled text or dev rows."
        )
    wording = wording_of(run, texts, best.taught, best.tuned or run.base.model)
    taught, questions = (_together(some) if material.asked else None for some in (learned, parts))
    lesson = make_lesson(lesson_texts, targets, weights, vectors, wording, apart=texts.apart, questions=taught)
    return lesson, Exam(exam_texts, exam_targets, questions, apart=texts.apart, range=texts.range)


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


def _passages(
    run: Run, best: Teacher, texts: Sequence[str], count: int
) -> tuple[list[str], NDArray[np.float32], NDArray[np.float32], Questions | None]:
    """Up to `count` passages of the texts, their vectors and the teacher's beliefs; none where texts are too short.

    Of questions, the pairs of shorter questions with their options, and which of them belong together.
    """
    questions: Questions | None = None
    whole: list[str] = []
    if any(map(is_question, texts)):
        whole = question_passages(texts, max(0, count), run.seed)
        questions = Questions.of([len(pairs(text)) for text in whole])
        made = student.shortened([pair for text in whole for pair in pairs(text)])
    else:
        made = passages(texts, max(0, count), run.seed)
    if not made:
        return [], np.zeros((0, 1), np.float32), np.zeros((0, 1), np.float32), None

    def judge() -> dict[str, NDArray[Any]]:
        seen = teacher.vectors(run.base, made, run.plan)
        near = best.tuned_vectors(made)
        general = best.views.general
        chosen = general.answers(whole) if questions is not None and general is not None else None
        belief = best.log_probabilities(made, seen, near, chosen)
        probability = np.exp(belief if questions is None else questions.settled(belief))
        return {"vectors": seen if near is None else near, "targets": probability.astype(np.float32)}

    stored = run.job.keep("passages", judge)
    return made, stored["vectors"], stored["targets"], questions


def study(
    run: Run, shared: Shared, exam: Exam, labels: tuple[str, ...], max_ms: float
) -> list[tuple[Measured[draft.Draft], Measured[draft.Draft]]]:
    """Every candidate of the plan, trained, exported and measured in float32 and in int8.

    One that starts from the general model and is too slow on this machine reads less of each text, and is measured
    again.
    """
    out: list[tuple[Measured[draft.Draft], Measured[draft.Draft]]] = []
    candidates = student.names_of(run.plan)
    deep = len(candidates) - len(LIGHT) - 1
    steps = len(LIGHT) * run.plan.light_steps + deep * run.plan.student_steps
    with run.progress.stage("students", steps) as step:
        for name in candidates:
            if out and run.late(name, f"{name}.onnx"):
                continue
            full, small = draft.drafts(
                name,
                pairing_of(exam.texts),
                lambda n=name: student.teach(n, shared, exam, step),
                run.plan,
                run.job.keep_bytes,
                options=exam.questions is not None,
            )
            first = made = _compared(run, full, small, labels, exam)
            for share in SHORTER if full.kind == student.CROSS else ():
                if min(each.p95_ms for each in made) <= max_ms or full.chosen * share < LEAST_READ:
                    break
                tokens = int(share * full.chosen)
                made = _compared(run, replace(full, chosen=tokens), replace(small, chosen=tokens), labels, exam)
            out.append(made if min(each.p95_ms for each in made) <= max_ms else first)
    return out


def _compared(
    run: Run, full: draft.Draft, small: draft.Draft, labels: tuple[str, ...], exam: Exam
) -> tuple[Measured[draft.Draft], Measured[draft.Draft]]:
    """A candidate measured in float32 and in int8; in the finer int8 where the plain one loses too much."""
    measured = choose.measure(full, labels, exam)
    if small is full:
        return measured, measured
    smaller = choose.measure(small, labels, exam)
    if choose.parity(measured, smaller)["shipped"] == "int8":
        return measured, smaller
    finer = choose.measure(draft.in_blocks(full, run.job.keep_bytes), labels, exam)
    return measured, finer if choose.parity(measured, finer)["shipped"] == "int8" else smaller
