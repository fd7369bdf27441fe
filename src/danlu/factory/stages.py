"""The stages of `produce`, each a function from what is known so far to what is known next.

Every stage that takes more than a moment keeps its result in the job's folder. Knows how the roles are wired; the
roles themselves are in teacher, student and generator.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from danlu.adapt import likeness, linear
from danlu.compress.distil import LIGHT
from danlu.factory import choose, distilled, draft, student, teacher
from danlu.factory.general import general_of
from danlu.factory.teacher import Teacher, Views
from danlu.factory.trust import Trust, faith_in, trust_in_names
from danlu.loops import label_shift, opinion_pool, self_training, unlabelled
from danlu.text.pair import pairing_of
from danlu.train.regression import MOST_ROWS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from transformers import PreTrainedModel

    from danlu.factory.choose import Measured
    from danlu.factory.exam import Exam
    from danlu.factory.general import General
    from danlu.factory.job import Job
    from danlu.factory.material import Material
    from danlu.factory.plan import Plan
    from danlu.factory.progress import Progress
    from danlu.factory.student import Shared
    from danlu.factory.texts import Texts
    from danlu.loops.label_shift import Shares
    from danlu.loops.self_training import Round, Taught
    from danlu.models.base import Base

    Folds = Sequence[tuple[NDArray[np.int64], NDArray[np.int64]]]

PATIENCE = 3.0  # times the budget; only then the clock cuts what the plan wanted
LAST = 1.5  # times that is the patience with the last candidate, which is the best as a rule
SHORTER = (0.8, 0.65, 0.5)  # shares of its tokens that a student reads where it is too slow
LEAST_READ = 12  # tokens


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

    def late(self, what: str, stage: str, *, last: bool = False) -> bool:
        """Whether far more time is spent than was asked for, and the stage not done; what that leaves out is noted."""
        patience = PATIENCE * (LAST if last else 1) * 60 * self.plan.minutes
        late = self.job.spent > patience and not self.job.has(stage)
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
    """What a teacher makes of everything.

    Attributes:
        log_probabilities: (everything, K).
        before_loop: the same by the teacher before any round of self-training.
        vectors: (everything, hidden) that its student lands on.
        shares: how often labels occur, which both reckon with except of labelled rows; None where nothing tells.
    """

    log_probabilities: NDArray[np.float64]
    before_loop: NDArray[np.float64]
    vectors: NDArray[np.float32]
    shares: Shares | None = None

    def probability(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """(rows, K) probabilities of some rows of everything."""
        return np.exp(self.log_probabilities[rows]).astype(np.float32)


def read_texts(run: Run, material: Material) -> NDArray[np.float32]:
    """(everything, hidden) vectors of the frozen base."""
    texts = material.everything
    with run.progress.stage("read", len(texts)) as step:
        return run.job.keep("vectors", lambda: {"all": teacher.vectors(run.base, texts, run.plan, step)})["all"]


def ask(run: Run, material: Material) -> tuple[General | None, NDArray[np.float32] | None]:
    """The general model with the labels as options and its (everything, labels) scores; nothing if the plan says so.

    Of questions with options, the (everything, 1) scores of these. A plan with a student that starts from the general
    model may have no time for its scores.
    """
    if material.asking is None or not run.plan.knows_general:
        return None, None
    general = general_of(run.base, material.asking)
    if not run.plan.named:
        return general, None
    if material.asked is None:
        texts, scores = material.everything, general.scores
    else:
        texts, scores = [row.text for row in material.asked.rows], general.answers
    with run.progress.stage("ask", len(texts)) as step:
        return general, run.job.keep("asked", lambda: {"all": scores(texts, step)})["all"]


def look(
    run: Run,
    material: Material,
    seen: NDArray[np.float32],
    general: General | None,
    asked: NDArray[np.float32] | None,
) -> Views:
    """The views of labelled and pool texts, and the general model distilled, where the plan says so.

    Args:
        run: the job.
        material: its rows.
        seen: (everything, hidden) vectors of the frozen base.
        general: the general model, where there is one.
        asked: (everything, labels) its scores, where it was asked.
    """
    views = teacher.look(run.base, material.texts, seen, run.plan, None if asked is None else general, asked)
    if asked is None or not run.plan.distilled:
        return views
    start = material.unlabelled.start
    rows = slice(start, start + run.plan.distilled)
    read = distilled.Seen.of(run.base, material.everything[rows], seen[rows], run.plan.token_length)
    with run.progress.stage("distil", distilled.STEPS) as step:
        stored = run.job.keep("distilled", lambda: distilled.to_arrays(distilled.distil(read, asked[rows], step)))
    return replace(views, distilled=distilled.from_arrays(read, stored))


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
    prior = opinion_pool.OF_PAIRS[pairing] if pairing else None
    if texts.compared and texts.apart:
        prior = opinion_pool.OF_SCORED_PAIRS
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
    return expecting(material, best, Beliefs(stored["after"], stored["before"], stored["vectors"]))


def expecting(material: Material, best: Teacher, beliefs: Beliefs) -> tuple[Teacher, Beliefs]:
    """A teacher and its beliefs that reckon with how often each label occurs, where dev rows or unlabelled texts tell.

    What is believed of labelled rows stays: they are spread as they are. Nothing changes where labels do not exclude
    one another, or options are those of each question, or nobody labelled a row, or so many are labelled that they were
    hardly picked label by label.
    """
    texts, unlabelled = material.texts, beliefs.log_probabilities[material.unlabelled]
    if texts.guessed or texts.apart or material.asked is not None or len(texts.truth) >= MOST_ROWS:
        return best, beliefs
    prior = label_shift.pseudo_counts(texts.truth, len(texts.labels))
    if len(material.dev) >= label_shift.ENOUGH_DEV:
        shares = label_shift.by_dev(prior, material.truth(material.dev))
    elif len(unlabelled):
        judged = best.taught.judged
        held_out = np.exp(best.taught.held_out[judged])
        shares = label_shift.by_texts(prior, held_out, texts.truth[judged], np.exp(unlabelled))
    else:
        return best, beliefs
    best, count = replace(best, shift=shares.shift), len(texts.labelled)
    after, before = (
        np.concatenate([table[:count], best.shifted(table[count:])])
        for table in (beliefs.log_probabilities, beliefs.before_loop)
    )
    return best, replace(beliefs, log_probabilities=after, before_loop=before, shares=shares)


def study(
    run: Run, shared: Shared, exam: Exam, labels: tuple[str, ...], max_ms: float
) -> list[tuple[Measured[draft.Draft], Measured[draft.Draft]]]:
    """Every candidate of the plan, trained, exported and measured in float32 and in int8.

    One that starts from the general model and is too slow on this machine reads less of each text, down to half, and
    is measured again.
    """
    out: list[tuple[Measured[draft.Draft], Measured[draft.Draft]]] = []
    candidates = student.names_of(run.plan)
    deep = len(candidates) - len(LIGHT) - 1
    steps = run.plan.light_steps + run.plan.narrow_steps + deep * run.plan.student_steps
    with run.progress.stage("students", steps) as step:
        for name in candidates:
            if out and run.late(name, f"{name}.onnx", last=name == candidates[-1]):
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
                tokens = int(share * full.chosen)
                if choose.shipping(made).p95_ms <= max_ms or tokens < LEAST_READ:
                    break
                made = _compared(run, replace(full, chosen=tokens), replace(small, chosen=tokens), labels, exam)
            out.append(made if choose.shipping(made).p95_ms <= max_ms else first)
    return out


def _compared(
    run: Run, full: draft.Draft, small: draft.Draft, labels: tuple[str, ...], exam: Exam
) -> tuple[Measured[draft.Draft], Measured[draft.Draft]]:
    return choose.compared(
        full,
        small,
        lambda: draft.finer(full, run.job.keep_bytes),
        lambda one, beside: choose.measure(one, labels, exam, beside),
    )
