"""The whole way of the data: rows in, one model file and a report out.

Every stage is one line of `produce`. The order of things is here and nowhere else; what a stage does is in stages,
and how it does it in the file of its role.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

import danlu
from danlu import runtime
from danlu.adapt import names
from danlu.artifact import Model, save, write_whole
from danlu.corpus import read
from danlu.errors import DataError, OptionError
from danlu.evals.metrics import fit_temperature
from danlu.factory import package, report, stages, student, teacher
from danlu.factory.inspect import Inspection, inspect
from danlu.factory.job import Job
from danlu.factory.package import Front, Verdict
from danlu.factory.plan import MOST_ROWS, Plan, Sizes, expected_seconds, make_plan
from danlu.factory.progress import Progress
from danlu.factory.stages import Material, Run
from danlu.factory.student import Source
from danlu.factory.teacher import Texts
from danlu.models.base import Base, open_base, token_embeddings, token_ids

if TYPE_CHECKING:
    from pathlib import Path

    from danlu.corpus.read import Dataset


@dataclass(frozen=True)
class Options:
    """What a user may ask for; the names are those of the command line.

    Attributes:
        test: a test file outside the folder.
        unlabeled: a file of unlabelled text outside the folder.
        text: the column of the texts.
        label: the column of the labels.
        base: a Hugging Face encoder instead of the embedded one.
        seed: of everything drawn at random.
        minutes: the budget.
        max_mb: of the model file, in 10⁶ bytes.
        max_ms: of one prediction on one thread, 95th percentile.
        force: replace an existing model file.
        quiet: no progress on standard error.
    """

    test: Path | None = None
    unlabeled: Path | None = None
    text: str | None = None
    label: str | None = None
    base: str | None = None
    seed: int = 0
    minutes: float = 10.0
    max_mb: float = 25.0
    max_ms: float = 10.0
    force: bool = False
    quiet: bool = False


@dataclass(frozen=True)
class Produced:
    """What came out: the model's path, the report's path, the card, and the seconds each stage took."""

    model: Path
    report: Path
    card: dict[str, Any]
    seconds: dict[str, float]


def produce(data: Path, out: Path, options: Options) -> Produced:
    """Forges a model from a folder or a file of labelled rows.

    Args:
        data: a folder with train.* and optionally dev.*, test.*, unlabeled.*, labels.*; or one file.
        out: the model file to write; the report is written beside it.
        options: see there.

    Raises:
        DataError: the data cannot be learned from; says file, row, field and fix.
        OptionError: an option cannot be satisfied, or `out` exists.
    """
    check_options(out, options)
    runtime.start(options.seed)
    dataset = read.load(data, test=options.test, unlabeled=options.unlabeled, text=options.text, label=options.label)
    inspection = stop_on_errors(inspect(dataset))
    base = open_base(options.base)
    plan = plan_for(base, inspection, options)
    material = gather(inspection, dataset.descriptions, plan, options.seed)
    run = Run(
        Job(out, _identity(dataset, base, options)),
        Progress(expected_seconds(plan, len(material.everything), len(material.test)), quiet=options.quiet),
        base,
        plan,
        options.seed,
    )
    labels = material.texts.labels

    seen = stages.read_texts(run, material)
    views = teacher.look(base, material.texts, seen[: len(material.texts.rows)], plan)
    folds = teacher.folds_of(material.texts, plan, options.seed)
    tuned = stages.tune(run, material.texts, folds)
    rounds, first, last = stages.loop(run, material.texts, views, folds, tuned)
    best, beliefs = stages.believe(run, material, views, tuned, (first, last), seen)
    lesson, exam = stages.examine(run, material, best, beliefs)
    source = Source(base, tuned.encoder or base.model, plan, options.seed)
    pairs = stages.study(run, source, lesson, exam, labels)
    front = choose(pairs, options)

    chosen = front.eligible[front.shipped]
    dev = material.truth(material.dev)
    temperature = fit_temperature(chosen.logits[: len(dev)], dev) if len(dev) >= 100 else 1.0
    ruler = stages.measure_by(material)
    test = material.part("test")
    if ruler.measured_on == "test":
        model = Model("", chosen.draft.entries(labels, {}, temperature, 0.0))
        verdict = Verdict(
            model.probabilities(ruler.texts),
            np.exp(beliefs.log_probabilities[test]),
            np.exp(beliefs.before_loop[test]),
            stages.gold_only(run, source, chosen.draft.name, material, beliefs),
        )
    else:
        validated = stages.cross_validate(run, source, chosen.draft.name, material, folds, last, seen)
        verdict = Verdict(validated, np.exp(last.held_out), np.exp(first.held_out), None)

    card = package.card(out.stem, dataset, inspection, material, run, rounds, last, front, ruler, verdict, temperature)
    entries = chosen.draft.entries(
        labels, card, card["calibration"]["temperature"], card["calibration"]["abstain_below"]
    )
    proof = package.evidence(inspection, material, front, ruler, verdict, last, beliefs)
    page = report.render({"card": card, "seconds": run.job.seconds, "bytes": sum(map(len, entries.values())), **proof})
    report_path = out.with_suffix(".report.html")
    write_whole(report_path, page.encode(), force=True)
    save(out, entries, force=options.force)
    run.progress.close()
    run.job.remove()
    return Produced(out, report_path, card, run.job.seconds)


def check_options(out: Path, options: Options) -> None:
    """Refuses before any work what would be refused after it.

    Raises:
        OptionError: a limit is not positive, or the model file exists.
    """
    for name, value in (("--minutes", options.minutes), ("--max-mb", options.max_mb), ("--max-ms", options.max_ms)):
        if not 0 < value < float("inf"):
            raise OptionError(f"{name} is {value}, not a positive number. Fix: leave it out, or give one above 0.")
    if out.is_dir():
        raise OptionError(f"--out {out} is a folder. Fix: give the name of a file, such as {out / 'model.danlu'}.")
    if out.exists() and not options.force:
        raise OptionError(f"{out} exists. Fix: choose another --out, or --force to replace it.")


def stop_on_errors(inspection: Inspection) -> Inspection:
    """The inspection itself, if the data can be learned from.

    Raises:
        DataError: it cannot; says every reason.
    """
    errors = [finding for finding in inspection.findings if finding.level == "error"]
    if errors:
        raise DataError(
            " ".join(
                f"{finding.message} ({', '.join(finding.rows)})" if finding.rows else finding.message
                for finding in errors
            ),
            "mend this, then run danlu check until it finds no error",
        )
    return inspection


def plan_for(base: Base, inspection: Inspection, options: Options) -> Plan:
    """The plan for these rows; token lengths are measured on at most 1,000 training texts."""
    rng = np.random.default_rng(options.seed)
    index = rng.permutation(len(inspection.train))[:1_000]
    lengths = [len(ids) for ids in token_ids(base.tokenizer, [inspection.train[i].text for i in index], 512)]
    counts: dict[str | None, int] = {}
    for example in inspection.train:
        counts[example.label] = counts.get(example.label, 0) + 1
    body = sum(p.numel() for p in base.model.parameters()) - token_embeddings(base.model).weight.numel()
    sizes = Sizes(
        labelled=len(inspection.train),
        unlabelled=len(inspection.unlabeled),
        measured=len(inspection.dev) + len(inspection.test),
        has_test=bool(inspection.test),
        labels=len(inspection.task.labels),
        tokens=float(np.mean(lengths)),
        long_tokens=int(np.percentile(lengths, 95)),
        smallest=min(counts.values()),
        cost=body / 10.8e6,
    )
    return make_plan(sizes, options.minutes, options.max_mb, options.max_ms)


def gather(inspection: Inspection, descriptions: dict[str, str], plan: Plan, seed: int) -> Material:
    """The rows that the plan uses, drawn with the seed where there are more."""
    rng = np.random.default_rng(seed)
    index = {label: i for i, label in enumerate(inspection.task.labels)}
    train = inspection.train
    if len(train) > MOST_ROWS:
        train = [train[i] for i in np.sort(rng.permutation(len(train))[:MOST_ROWS])]
    drawn = [inspection.unlabeled[i].text for i in rng.permutation(len(inspection.unlabeled))[: plan.distill]]
    texts = Texts(
        [e.text for e in train],
        np.array([index[e.label or ""] for e in train], dtype=np.int64),
        drawn[: plan.pool],
        inspection.task.labels,
        names.wording(inspection.task.labels, descriptions),
    )
    return Material(texts, drawn[plan.pool :], inspection.dev, inspection.test)


def choose(pairs: list[tuple[student.Measured, student.Measured]], options: Options) -> Front:
    """The front of accuracy, size and latency, with the student that is shipped.

    Raises:
        OptionError: none is inside the limits; says which limit to relax, and by how much.
    """
    eligible, best = student.choose(pairs, options.max_mb, options.max_ms)
    if best is None:
        raise OptionError(student.relax(eligible, options.max_mb, options.max_ms))
    return Front(pairs, eligible, best, options.max_mb, options.max_ms)


def _identity(dataset: Dataset, base: Base, options: Options) -> dict[str, Any]:
    """Everything the result depends on."""
    chosen = {k: str(v) for k, v in asdict(options).items() if k not in {"force", "quiet"}}
    return {
        "danlu": danlu.__version__,
        "files": [[file.role, file.sha256] for file in dataset.files],
        "base": base.sha256,
        "options": chosen,
    }
