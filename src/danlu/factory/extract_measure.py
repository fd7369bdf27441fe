"""What candidates are chosen by, and what the figures of the shipped one are measured by.

The figures come from the test file, which nothing else has seen. Without one they come from held-out folds, each row
judged by a student whose teacher did not learn from it; or from dev rows, or rows held out for good, where there are
enough of them. Knows the roles of rows; does not know how a student is trained.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from danlu.adapt import span
from danlu.evals.relations import relations_of
from danlu.extractor import Extractor
from danlu.factory import extract_choose, extract_stages
from danlu.factory.extract_choose import SpanExam, entities_of
from danlu.factory.extract_judge import Calibration, calibrate, marks_of, threshold
from danlu.factory.extract_links import link_calibration, link_threshold, named, related
from danlu.text.entities import Candidates, pack, unpack

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from danlu.factory.choose import Measured
    from danlu.factory.extract_choose import SpanDraft
    from danlu.factory.extract_material import Marked
    from danlu.factory.extract_stages import Context, Judged, Run, Taught
    from danlu.models.span import SpanNetwork
    from danlu.train.spans import Piece
    from danlu.types import Example

    Learned = tuple[list[Piece], NDArray[np.float32]]

EXAM = 300  # unlabelled texts, or dev rows, that candidates are chosen by
SMALLEST_EXAM = 30  # of fewer texts nothing can be chosen: then labelled rows join them
LOW = -4.0  # the logit from which on candidates of a file are looked at


@dataclass(frozen=True)
class Figures:
    """What was measured, on which rows.

    Attributes:
        measured_on: test, cross-validation, held-out or dev.
        rows: the rows.
        found: candidates of the shipped student, or of its likes, in each.
        least: the logit of the threshold in each row.
        teacher: candidates of the teacher.
        no_loop: those of the teacher before the loop.
        teacher_least: the logits of their thresholds in each row.
        calibration: of the shipped student, or of its teacher where folds held rows out and a test file measures.
        link_least: the logits of the thresholds of relations in each row: of the student, of the teacher, before the
            loop; none where there are no relations.
    """

    measured_on: str
    rows: list[Example]
    found: list[Candidates]
    least: list[float]
    teacher: list[Candidates]
    no_loop: list[Candidates]
    teacher_least: tuple[list[float], list[float]]
    calibration: Calibration
    link_least: tuple[list[float], ...] = ()


def held_back(unlabelled: int, dev: int, train: int) -> tuple[int, int]:
    """How many unlabelled texts, and how many labelled rows, candidates are chosen by beside the dev rows.

    Of the labelled rows it is a fifth at most, or the one row without which nothing could be chosen by.
    """
    texts = min(EXAM, unlabelled // 5)
    return texts, max(0, min(SMALLEST_EXAM - texts - dev, max(1, train // 5)))


def examine(run: Run, material: Marked, beliefs: Sequence[Candidates], best: Taught, texts: int, rows: int) -> SpanExam:
    """What candidates are chosen by: dev rows, unlabelled texts as the teacher marks them, and the last training rows.

    Args:
        run: the job.
        material: the rows.
        beliefs: what the teacher finds in unlabelled texts.
        best: the teachers, for their thresholds.
        texts: unlabelled texts, the first ones.
        rows: training rows, the last ones; students do not learn from them.
    """
    marked = [*material.dev[:EXAM], *(material.train[len(material.train) - rows :] if rows else [])]
    unlabelled = [*material.pool, *material.extra][:texts]
    believed = [
        frozenset(
            (start, end, material.labels[kind]) for start, end, kind in marks_of(each, best.least, nested=run.nested)
        )
        for each in beliefs[:texts]
    ]
    given, entities = (
        [*(row.text for row in marked), *unlabelled],
        [*(entities_of(row.spans or ()) for row in marked), *believed],
    )
    if run.schema is None:
        return SpanExam(given, entities)
    known = [None if row.relations is None else relations_of(row.relations) for row in marked]
    said = [related(each, best.least, best.link_least, nested=run.nested) for each in beliefs[:texts]]
    linked = [frozenset(named(each, material.labels, run.schema.relations)) for each in said]
    return SpanExam(given, entities, [*known, *linked])


def study(
    run: Run, best: Taught, learned: Learned, exam: SpanExam, labels: Sequence[str], rough: Calibration
) -> list[tuple[Measured[SpanDraft], Measured[SpanDraft]]]:
    """Every candidate of the plan, trained, exported and measured in float32 and in int8.

    Args:
        run: the job.
        best: the teachers.
        learned: what students learn from.
        exam: what they are chosen by.
        labels: the types.
        rough: the teacher's calibration.
    """
    out: list[tuple[Measured[SpanDraft], Measured[SpanDraft]]] = []
    with run.progress.stage("students", len(run.plan.layers) * run.plan.student_steps) as step:
        for depth in reversed(run.plan.layers):  # the teacher itself first: it is there
            if out and run.late(f"transformer-{depth}", f"transformer-{depth}.onnx"):
                continue
            pair = extract_choose.drafts(
                depth,
                lambda d=depth: extract_stages.student(run, best.networks[-1], d, learned, "student", step),
                learned[0],
                run.base.tokenizer.to_str(),
                run.reading,
                run.nested,
                run.schema,
                run.job,
            )
            out.append(extract_choose.compared(pair, labels, exam, rough, run.job))
    return out


def measure(
    run: Run,
    material: Marked,
    contexts: Sequence[Context],
    judged: Judged,
    taught: tuple[Taught, Taught],
    pieces: Sequence[list[Piece]],
    shipped: SpanDraft,
) -> Figures:
    """The figures of the shipped student, and its threshold and probabilities.

    Where there are folds and a test file, no student was trained without the held-out rows: it takes its teacher's.

    Args:
        run: the job.
        material: the rows.
        contexts: the trainings of teachers.
        judged: the rows that these were judged by.
        taught: teachers before and after the loop.
        pieces: the windows of each training row.
        shipped: the chosen candidate.
    """
    first, best = taught
    rough = Calibration(1.0, 0.0, 0.5)
    model = Extractor("", shipped.entries(material.labels, {}, rough))
    depth = int(shipped.name.rsplit("-", 1)[1])
    own, least = best.found, best.least
    if not run.plan.folds:
        own = model.candidates([material.dev[i].text for i in judged.rows], LOW)
    elif not material.test:
        own = cross_validate(run, material, contexts, best, pieces, depth, judged)
    link_least = best.link_least
    if own is not best.found:
        least = threshold(own, judged.gold, nested=run.nested)[0]
        link_least = link_threshold(own, judged.linked, [least] * len(own), nested=run.nested)[0] if run.schema else 0.0
    calibration = both(own, judged, least, link_least, run)
    if material.test:
        tokens = material.read(material.test)
        after = extract_stages.believe(run, best.networks[-1], tokens, "test-after")
        before = after if first is best else extract_stages.believe(run, first.networks[-1], tokens, "test-before")
        found = model.candidates([row.text for row in material.test], LOW)
        same, others = [least] * len(found), ([best.least] * len(found), [first.least] * len(found))
        bars = tuple([bar] * len(found) for bar in (link_least, best.link_least, first.link_least) if run.schema)
        return Figures("test", material.test, found, same, after, before, others, calibration, bars)
    rows = [(material.train if run.plan.folds else material.dev)[i] for i in judged.rows]
    every = [(own, least), (best.found, best.least), (first.found, first.least)]
    same, *others = (
        honest(found, judged.gold, contexts, run) if run.plan.folds else [bar] * len(found) for found, bar in every
    )
    measured_on = "cross-validation" if run.plan.folds else "held-out" if run.plan.holds else "dev"
    bars = ()
    if run.schema:
        everything = zip((own, best.found, first.found), (same, *others), strict=True)
        bars = tuple(
            honest_links(found, judged, chosen, contexts if run.plan.folds else (), run, link_bar)
            for (found, chosen), link_bar in zip(
                everything, (link_least, best.link_least, first.link_least), strict=True
            )
        )
    return Figures(measured_on, rows, own, same, best.found, first.found, (others[0], others[1]), calibration, bars)


def both(found: Sequence[Candidates], judged: Judged, least: float, link_least: float, run: Run) -> Calibration:
    """The calibration of entities and, where there are any, of relations, on rows that were not learned from."""
    calibration = calibrate(found, judged.gold, least)
    if run.schema is None:
        return calibration
    return replace(calibration, links=link_calibration(found, judged.linked, judged.gold, link_least))


def honest(
    found: Sequence[Candidates], gold: Sequence[NDArray[np.int64]], contexts: Sequence[Context], run: Run
) -> list[float]:
    """The threshold in each held-out row, chosen on the rows of the other folds alone."""
    least = [0.0] * len(found)
    for context in contexts[:-1]:
        others = np.setdiff1d(np.arange(len(found)), context.judged)
        best = threshold([found[i] for i in others], [gold[i] for i in others], nested=run.nested)[0]
        for i in context.judged:
            least[i] = best
    return least


def honest_links(
    found: Sequence[Candidates],
    judged: Judged,
    least: Sequence[float],
    contexts: Sequence[Context],
    run: Run,
    otherwise: float,
) -> list[float]:
    """The threshold of relations in each held-out row, chosen on the rows of the other folds; one where none are."""
    chosen = [otherwise] * len(found)
    for context in contexts[:-1]:
        others = np.setdiff1d(np.arange(len(found)), context.judged)
        parts = ([values[i] for i in others] for values in (found, judged.linked, least))
        best = link_threshold(*parts, nested=run.nested)[0]
        for i in context.judged:
            chosen[i] = best
    return chosen


def cross_validate(
    run: Run,
    material: Marked,
    contexts: Sequence[Context],
    best: Taught,
    pieces: Sequence[list[Piece]],
    depth: int,
    judged: Judged,
) -> list[Candidates]:
    """Candidates of every held-out row, by a student of the shipped depth whose teacher did not learn from it."""
    found = [Candidates.none()] * len(judged.tokens)
    pool = material.unlabelled[: run.plan.pool]
    with run.progress.stage("cross-validate", (len(contexts) - 1) * run.plan.student_steps) as step:
        for number, (context, teacher) in enumerate(zip(contexts[:-1], best.networks[:-1], strict=True)):

            def make(
                number: int = number, context: Context = context, teacher: SpanNetwork = teacher
            ) -> dict[str, NDArray[Any]]:
                own = [pieces[row] for row in context.train]
                marks = span.predict(teacher, pool, run.reading, nested=run.nested)
                learned = extract_stages.lesson(run, own, pool, marks, best.least)
                pupil = extract_stages.student(run, teacher, depth, learned, f"student-{number}", step)
                held = [judged.tokens[i] for i in context.judged]
                return pack(span.predict(pupil, held, run.reading, nested=run.nested))

            part = unpack(run.job.keep(f"student-{number}-held", make))
            for place, each in zip(context.judged, part, strict=True):
                found[place] = each
    return found
