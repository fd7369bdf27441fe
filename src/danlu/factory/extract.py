"""The way of the data where entities are to be found: rows in, one model file and a report out.

Every stage is one line of `extract`, as in produce.py, which hands over here. What a stage does is in extract_stages,
how it does it in the file of its role.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from danlu.archive import pack, save, write_whole
from danlu.factory import choose, extract_choose, extract_measure, extract_package, extract_stages, report
from danlu.factory.extract_choose import SpanDraft
from danlu.factory.extract_material import far, gather, sizes_of, unreachable, wording
from danlu.factory.extract_plan import expected_seconds, make_plan
from danlu.factory.extract_stages import Run
from danlu.factory.findings import Finding, places
from danlu.factory.progress import Progress
from danlu.text.entities import Reading
from danlu.text.pieces import frame

if TYPE_CHECKING:
    from pathlib import Path

    from danlu.corpus.read import Dataset
    from danlu.factory.extract_plan import SpanPlan
    from danlu.factory.inspect import Inspection
    from danlu.factory.job import Job
    from danlu.factory.produce import Options
    from danlu.models.base import Base
    from danlu.types import Example


def extract(
    dataset: Dataset, inspection: Inspection, base: Base, job: Job, paths: tuple[Path, Path], options: Options
) -> dict[str, Any]:
    """Forges a model that finds entities, writes it and its report, and gives its card.

    Args:
        dataset: what was read.
        inspection: what was found in it, without errors.
        base: the encoder to start from.
        job: keeps what stages made.
        paths: the model file and the report to write.
        options: as `produce` takes them.

    Raises:
        OptionError: no student is inside the limits, or a file exists.
    """
    sizes = sizes_of(base, inspection, options.seed)
    plan = make_plan(sizes, options.minutes, options.max_mb, options.max_ms)
    material, small = gather(inspection, base, plan, options.seed)
    inspection.findings = [
        *(finding for finding in inspection.findings if finding.code != "far-relations"),  # now their tokens are known
        *lost(unreachable(material, plan), far(material, plan), plan),
    ]
    before, after = frame(material.tokenizer)
    run = Run(
        job,
        Progress(expected_seconds(plan, sizes), quiet=options.quiet),
        base,
        small,
        wording(material.labels, dataset.descriptions),
        Reading(tuple(before), tuple(after), plan.window, plan.widest),
        plan,
        options.seed,
        inspection.task.nesting == "nested",
        schema=material.schema,
    )

    pieces, texts = material.pieces(run.reading), material.unlabelled
    contexts, judged = extract_stages.contexts_of(material, plan, options.seed)
    first = extract_stages.teach(run, pieces, contexts, judged)
    rounds, best = extract_stages.loop(run, pieces, texts[: plan.pool], contexts, judged, first)
    beliefs = extract_stages.believe(run, best.networks[-1], texts, "beliefs")
    held, rows = extract_measure.held_back(len(texts), len(material.dev), len(material.train))
    exam = extract_measure.examine(run, material, beliefs, best, held, rows)
    learned = extract_stages.lesson(run, pieces[: len(pieces) - rows], texts[held:], beliefs[held:], best.least)
    rough = extract_measure.both(best.found, judged, best.least, best.link_least, run)
    pairs = extract_measure.study(run, best, learned, exam, material.labels, rough)
    front = choose.choose(pairs, options.max_mb, options.max_ms, extract_choose.GATE, rescue=True)
    chosen = front.eligible[front.shipped]
    assert isinstance(chosen.draft, SpanDraft)
    figures = extract_measure.measure(run, material, contexts, judged, (first, best), pieces, chosen.draft)

    out, report_file = paths
    card = extract_package.card(out.stem, dataset, inspection, material, run, rounds, front, figures)
    entries = chosen.draft.entries(material.labels, card, figures.calibration)
    proof = extract_package.evidence(material, run, front, figures, inspection, beliefs, best.least)
    page = report.render({"card": card, "seconds": job.seconds, "bytes": sum(map(len, entries.values())), **proof})
    write_whole(report_file, page.encode(), force=job.claim(report_file, page.encode()) or options.force)
    save(out, entries, force=job.claim(out, pack(entries)) or options.force)
    run.progress.close()
    job.remove()
    return card


def lost(borders: list[Example], apart: list[Example], plan: SpanPlan) -> list[Finding]:
    """Warnings where marked entities, or relations, can be given by no scorer."""
    found = (
        ("entity-borders", borders, {"n": len(borders), "widest": plan.widest}),
        ("far-relations", apart, {"n": len(apart), "window": plan.window}),
    )
    return [Finding("warning", code, places(rows), values) for code, rows, values in found if rows]
