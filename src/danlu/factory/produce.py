"""The whole way of the data: rows in, one model file and a report out.

Every stage is one line of `produce`. The order of things is here and nowhere else; what a stage does is in stages,
and how it does it in the file of its role.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

import danlu
from danlu import runtime
from danlu.archive import pack, save, write_whole
from danlu.artifact import Model
from danlu.corpus import read
from danlu.errors import DataError, OptionError
from danlu.factory import advice, evidence, judge, package, report, stages
from danlu.factory.asking import asking_of
from danlu.factory.calibration import unsettled
from danlu.factory.choose import choose
from danlu.factory.extract import extract
from danlu.factory.folds import doubts
from danlu.factory.general import names_in_tokens
from danlu.factory.inspect import Inspection, inspect
from danlu.factory.job import Job, folder_of, folders_of, refuse_existing
from danlu.factory.lesson import examine
from danlu.factory.material import NEEDS_EMBEDDED, gather, guess
from danlu.factory.plan import Plan, Sizes, expected_seconds, make_plan
from danlu.factory.progress import Progress
from danlu.factory.question_material import body_of, folds_for, gather_questions, question_sizes, token_widths
from danlu.factory.several_verdict import recalibrated, shares_of, temperature_of
from danlu.factory.stages import Run
from danlu.factory.student import Shared, Source, reading_as
from danlu.factory.verdict import Verdict, calibrated
from danlu.models.base import Base, most_tokens, open_base, token_ids
from danlu.models.choice import choice_sha256
from danlu.models.narrow import narrow_sha256
from danlu.text.several import held

if TYPE_CHECKING:
    from pathlib import Path

    from danlu.corpus.read import Dataset
    from danlu.types import Kind

LAYOUT = 25  # of what stages store: a job of another layout is not gone on with
ENOUGH_DEV = 100  # dev rows from which on they calibrate the shipped student


@dataclass(frozen=True)
class Options:
    """What a user may ask for; the names are those of the command line.

    Attributes:
        test: a test file outside the folder.
        unlabeled: a file of unlabelled text outside the folder.
        text: the column of the texts.
        second: the column of the second texts, where rows are pairs.
        label: the column of the labels.
        task: what rows are, as `danlu.corpus.read.load` takes it; found out if None.
        base: a Hugging Face encoder instead of the embedded one.
        seed: of everything drawn at random.
        minutes: the budget.
        max_mb: of the model file, in 10⁶ bytes.
        max_ms: of one prediction on one thread, 95th percentile.
        force: replace an existing model file.
        quiet: no progress on standard error.
        labels: names of labels, in place of labelled rows.
    """

    test: Path | None = None
    unlabeled: Path | None = None
    text: str | None = None
    second: str | None = None
    label: str | None = None
    task: Kind | None = None
    base: str | None = None
    seed: int = 0
    minutes: float = 10.0
    max_mb: float = 25.0
    max_ms: float = 10.0
    force: bool = False
    quiet: bool = False
    labels: tuple[str, ...] = ()


@dataclass(frozen=True)
class Produced:
    """What came out: the model's path, the report's path, the card, and the seconds each stage took."""

    model: Path
    report: Path
    card: dict[str, Any]
    seconds: dict[str, float]


def produce(data: Path | None, out: Path, options: Options) -> Produced:
    """Forges a model from a folder or a file of labelled rows, or from texts and the names of their labels.

    Args:
        data: a folder with train.* and optionally dev.*, test.*, unlabeled.*, labels.*; or one file; None where the
            options name labels and a file of unlabelled text.
        out: the model file to write; the report is written beside it.
        options: see there.

    Raises:
        DataError: the data cannot be learned from; says file, row, field and fix.
        OptionError: an option cannot be satisfied, or `out` exists.
    """
    check_options(out, options)
    runtime.start(options.seed)
    dataset = read.load(
        data,
        test=options.test,
        unlabeled=options.unlabeled,
        text=options.text,
        second=options.second,
        label=options.label,
        task=options.task,
        labels=options.labels,
    )
    inspection = stop_on_errors(inspect(dataset))
    base = usable(open_base(options.base), inspection)
    if inspection.task.nesting is not None:
        return _extracted(dataset, inspection, base, out, options)
    plan = plan_for(base, inspection, options, dataset.descriptions)
    material = (
        gather_questions(inspection, plan, options.seed)
        if inspection.task.options
        else gather(inspection, dataset.descriptions, plan, options.seed)
    )
    run = Run(
        _opened(out, _identity(dataset, base, options, plan), options),
        Progress(expected_seconds(plan, len(material.everything), len(material.test)), quiet=options.quiet),
        base,
        plan,
        options.seed,
    )
    labels, apart, guessed = material.texts.labels, material.texts.apart, material.texts.guessed

    seen = stages.read_texts(run, material)
    general, asked = stages.ask(run, material)
    material = guess(material, asked)
    views = stages.look(run, material, seen, general, asked)
    inspection.findings += advice.of_texts(views.names, material.texts, base)
    folds = folds_for(material, plan, options.seed)
    inspection.findings += doubts(material.texts.labelled, folds) if material.asked is None else []
    tuned = stages.tune(run, material.texts, folds)
    rounds, first, last = stages.loop(run, material.texts, views, folds, tuned)
    best, beliefs = stages.believe(run, material, views, tuned, (first, last), seen, asked)
    lesson, exam = examine(run, material, best, beliefs)
    source = Source(base, tuned.encoder or base.model, plan, options.seed, general)
    pairs = stages.study(run, Shared(source, lesson), exam, labels, options.max_ms)
    front = choose(pairs, options.max_mb, options.max_ms, doubt=exam.doubt)

    chosen = front.eligible[front.shipped]
    source = reading_as(source, chosen.draft)
    dev, dev_logits = judge.dev_of(material, chosen.logits)
    sure = len(dev) >= ENOUGH_DEV
    temperature = round(temperature_of(dev_logits, dev), 6) if sure else 1.0
    ruler = judge.measure_by(material, last.judged)
    if ruler.measured_on == "test":
        model = Model("", chosen.draft.entries(labels, {}, unsettled(len(labels), material.texts, temperature)))
        test = material.part("test")
        gold = judge.gold_only(run, source, chosen.draft.name, material, seen, last)
        verdict = Verdict(
            ruler.table(model.probabilities(ruler.texts)),
            ruler.table(np.exp(beliefs.log_probabilities[test]), settled=True),
            ruler.table(np.exp(beliefs.before_loop[test]), settled=True),
            None if gold is None else ruler.table(gold),
            general=None if asked is None or not guessed else judge.zero_shot(material, asked),
        )
    elif guessed:
        verdict = Verdict.of_nothing(len(labels))
    else:
        validated = judge.cross_validate(run, source, chosen.draft.name, material, folds, last, seen)[ruler.rows]
        verdict = Verdict(
            ruler.table(recalibrated(validated, temperature, apart=apart)),
            ruler.table(np.exp(last.held_out[ruler.rows]), settled=True),
            ruler.table(np.exp(first.held_out[ruler.rows]), settled=True),
            None,
        )
    if sure:  # the shipped student itself, on rows that it did not learn from
        held = dev, shares_of(dev_logits, temperature, apart=apart)
    else:
        held = judge.held_out(material.texts, last) if material.test or guessed else (ruler.truth, verdict.student)
    verdict, calibration = calibrated(
        verdict,
        temperature,
        held,
        ruler,
        material.texts,
        (first, last),
        folds,
        (
            judge.believed(material, exam.targets, beliefs.log_probabilities),
            shares_of(chosen.logits, temperature, apart=apart),
        ),
        own=sure,
    )

    card = package.card(
        out.stem, dataset, inspection, material, run, rounds, last, front, ruler, verdict, calibration, beliefs
    )
    entries = chosen.draft.entries(labels, card, calibration, dataset.columns)
    proof = evidence.evidence(material, front, ruler, verdict, last, beliefs, inspection, calibration)
    page = report.render({"card": card, "seconds": run.job.seconds, "bytes": sum(map(len, entries.values())), **proof})
    return _written(out, entries, page, run, card, force=options.force)


def _written(
    out: Path, entries: dict[str, bytes], page: str, run: Run, card: dict[str, Any], *, force: bool
) -> Produced:
    """Writes report and model, and ends the job."""
    write_whole(report_of(out), page.encode(), force=run.job.claim(report_of(out), page.encode()) or force)
    save(out, entries, force=run.job.claim(out, pack(entries)) or force)
    run.progress.close()
    run.job.remove()
    return Produced(out, report_of(out), card, run.job.seconds)


def _extracted(dataset: Dataset, inspection: Inspection, base: Base, out: Path, options: Options) -> Produced:
    """The way of the data where entities are to be found: its own lines are in extract.py."""
    job = _opened(out, _identity(dataset, base, options), options)
    card = extract(dataset, inspection, base, job, (out, report_of(out)), options)
    return Produced(out, report_of(out), card, job.seconds)


def _opened(out: Path, identity: dict[str, Any], options: Options) -> Job:
    """The job of this very command; what another left beside its folder is not replaced unasked.

    Raises:
        OptionError: the model file or its report exists.
    """
    refuse_existing((out, report_of(out)), [folder_of(out, identity)], force=options.force)
    return Job(out, identity)


def report_of(out: Path) -> Path:
    """Where the report of a model file is written: beside it, under its name."""
    return out.with_name(out.name.removesuffix(".danlu") + ".report.html")


def check_options(out: Path, options: Options) -> None:
    """Refuses before any work what would be refused after it.

    Raises:
        OptionError: a limit is not positive, the seed is out of range, or the model file or its report exists.
    """
    for name, value in (("--minutes", options.minutes), ("--max-mb", options.max_mb), ("--max-ms", options.max_ms)):
        if not 0 < value < float("inf"):
            raise OptionError(f"{name} is {value}, not a positive number. Fix: leave it out, or give one above 0.")
    if out.is_dir():
        raise OptionError(f"--out {out} is a folder. Fix: give the name of a file, such as {out / 'model.danlu'}.")
    if not 0 <= options.seed < 2**32:
        raise OptionError(f"--seed is {options.seed}. Fix: give a number from 0 to {2**32 - 1}.")
    refuse_existing((out, report_of(out)), folders_of(out), force=options.force)


def stop_on_errors(inspection: Inspection) -> Inspection:
    """The inspection itself, if the data can be learned from.

    Raises:
        DataError: it cannot; says every reason.
    """
    errors = [finding for finding in inspection.findings if finding.level == "error"]
    if errors:
        said = [
            finding.message.removesuffix(".") + (f" ({', '.join(finding.rows)})" if finding.rows else "")
            for finding in errors
        ]
        raise DataError(". ".join(said), "mend this, then run danlu check until it finds no error")
    return inspection


def usable(base: Base, inspection: Inspection) -> Base:
    """The base itself, if the general model, which alone knows what names of labels say, belongs to it where needed.

    Raises:
        OptionError: no row is labelled, and the base is not the embedded one.
    """
    if inspection.task.names_only and base.name != "embedded":
        raise OptionError(NEEDS_EMBEDDED)
    return base


def plan_for(base: Base, inspection: Inspection, options: Options, descriptions: dict[str, str]) -> Plan:
    """The plan for these rows; token lengths are measured on at most 1,000 texts that are learned from."""
    rng = np.random.default_rng(options.seed)
    rows = inspection.unlabeled if inspection.task.names_only else inspection.train
    index = rng.permutation(len(rows))[:1_000]
    if inspection.task.options:
        sizes = question_sizes(base, inspection, [inspection.train[i] for i in index])
        return make_plan(sizes, options.minutes, options.max_mb, options.max_ms)
    lengths = [len(ids) for ids in token_ids(base.tokenizer, [rows[i].text for i in index], 512)]
    sides = 2 if inspection.task.pairing else 1  # each is read by itself
    counts = Counter(label for example in inspection.train for label in held(example.label))
    body, (token, averaged) = body_of(base), token_widths(base)
    asking = asking_of(inspection.task, descriptions, [example.text for example in inspection.train])
    sizes = Sizes(
        labelled=len(inspection.train),
        unlabelled=len(inspection.unlabeled),
        dev=len(inspection.dev),
        has_test=bool(inspection.test),
        labels=len(inspection.task.labels),
        tokens=float(np.mean(lengths)),
        long_tokens=most_tokens(base.model, int(np.percentile(lengths, 95))),
        smallest=len(rows) if inspection.task.range else min(counts.values(), default=len(rows)),
        cost=sides * body / 10.8e6,
        body=body,
        token=token,
        static=averaged,
        depth=base.model.config.num_hidden_layers,
        sides=sides,
        named=names_in_tokens(base, asking),
        ways=2 if asking and asking.both else 1,
        names_only=inspection.task.names_only,
    )
    return make_plan(sizes, options.minutes, options.max_mb, options.max_ms)


def _identity(dataset: Dataset, base: Base, options: Options, plan: Plan | None = None) -> dict[str, Any]:
    """Everything that stages depend on; of the limits only what they change in the plan, once there is one.

    So a job that ended without a student inside the limits goes on with others where they leave the plan as it is.
    """
    left = {"force", "quiet"} | ({"max_mb", "max_ms"} if plan else set[str]())
    chosen = {k: str(v) for k, v in asdict(options).items() if k not in left}
    return {
        "plan": plan and plan.as_dict(),
        "danlu": [danlu.__version__, LAYOUT],
        "files": [[file.role, file.sha256] for file in dataset.files],
        "base": base.sha256,
        "general": choice_sha256() if plan and plan.knows_general else None,
        "narrow": narrow_sha256(),
        "libraries": package.libraries(),
        "options": chosen,
    }
