"""The first station: what is in the user's data, what of it is usable, and what is wrong with it.

Knows data sets and puts the checks together. Does not know models; does not mend what only the user can mend.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import chain
from math import log
from typing import TYPE_CHECKING

import numpy as np

from danlu.corpus.several import ONE
from danlu.errors import quote
from danlu.factory import inspect_links, inspect_spans
from danlu.factory.findings import Finding, check_labels, check_names_only, places
from danlu.factory.inspect_view import render
from danlu.factory.questions import check_questions, question_evidence, question_facts
from danlu.factory.score_facts import check_scores, range_of_rows, score_evidence, score_facts
from danlu.factory.several_facts import check_several, labels_of, several_evidence, several_facts
from danlu.factory.sift import Sifted, check_repeats, check_rows, sift
from danlu.text.beside import SAID
from danlu.text.normalize import han_share, language
from danlu.text.pair import sides
from danlu.text.question import RIGHT, WRONG, parts, told
from danlu.text.score import LABEL
from danlu.types import Example, Task

if TYPE_CHECKING:
    from collections.abc import Iterator

    from danlu.corpus.columns import Columns
    from danlu.corpus.read import Dataset
    from danlu.types import Pairing

__all__ = ["Finding", "Inspection", "inspect", "render"]

_ORDER = {"error": 0, "warning": 1, "note": 2}
_QUANTILES = {"min": 0.0, "p50": 0.5, "p90": 0.9, "p99": 0.99, "max": 1.0}


@dataclass
class Inspection:
    """What is known about a data set before anything is trained.

    Attributes:
        task: what is to be learned.
        train: usable labelled rows, cleaned, none of which stands in dev or test.
        dev: usable rows to choose by.
        test: usable rows to measure by.
        unlabeled: usable rows without a label, none of which stands in dev or test.
        findings: errors first, then warnings, then notes.
        facts: counts and measures, fit for JSON.
    """

    task: Task
    train: list[Example]
    dev: list[Example]
    test: list[Example]
    unlabeled: list[Example]
    findings: list[Finding]
    facts: dict[str, object]

    @property
    def exit_code(self) -> int:
        """2 with an error, 1 with a warning, else 0."""
        levels = {finding.level for finding in self.findings}
        return 2 if "error" in levels else 1 if "warning" in levels else 0


def inspect(dataset: Dataset, *, max_chars: int = 20_000) -> Inspection:
    """The usable rows of a data set, with all that is to be said about it.

    Texts are cleaned; empty ones dropped, over-long ones cut. Training rows that repeat a training row of the same
    label are merged. Training and unlabeled rows that stand in dev or test, exactly or nearly, are left out.

    Args:
        dataset: what was read.
        max_chars: characters of a text beyond which it is cut.
    """
    if dataset.columns.marks is not None:
        return _inspect_marked(dataset, max_chars)
    pairing = pairing_for(dataset)
    sifted = sift(dataset, max_chars, pairing)
    options, several, scored = bool(dataset.columns.options), is_several_of(dataset), dataset.columns.scores
    findings = [
        *_check_task(dataset, sifted, pairing, several=several),
        *check_rows(sifted, max_chars),
        *check_repeats(sifted),
        *_check_files(dataset),
    ]
    findings.sort(key=lambda finding: _ORDER[finding.level])
    single = tuple(sorted({row.label for row in sifted.train if row.label is not None}))
    if dataset.names_only:
        single = tuple(sorted(dataset.descriptions))
    if scored:
        single = (LABEL,)
    task = Task(
        (RIGHT, WRONG) if options else labels_of(sifted.train) if several else single,
        language(part for row in sifted.learned for part in parts(row.text)),
        pairing,
        options,
        several=several,
        names_only=dataset.names_only,
        range=range_of_rows(sifted.train) if scored else None,
        beside=dataset.columns.beside,
    )
    facts = _facts(dataset, sifted, task)
    return Inspection(task, sifted.train, sifted.dev, sifted.test, sifted.unlabeled, findings, facts)


def _inspect_marked(dataset: Dataset, max_chars: int) -> Inspection:
    """The same of rows with entities: their texts stay as they are, and their marks are looked at."""
    sifted, told = inspect_spans.sift_marked(dataset, max_chars)
    findings = [*inspect_spans.find(sifted, told, max_chars), *_check_files(dataset)]
    findings.sort(key=lambda finding: _ORDER[finding.level])
    task = inspect_spans.task_of(sifted.train)
    facts = _facts(dataset, sifted, task)
    return Inspection(task, sifted.train, sifted.dev, sifted.test, sifted.unlabeled, findings, facts)


def is_several_of(dataset: Dataset) -> bool:
    """Whether a text may have several labels."""
    return dataset.columns.several not in (None, ONE)


def _check_task(dataset: Dataset, sifted: Sifted, pairing: Pairing | None, *, several: bool) -> list[Finding]:
    """The findings about labels, scores or questions."""
    if dataset.columns.options:
        return check_questions(sifted.train, dataset.descriptions, unsure=dataset.columns.unsure)
    held_out = [*sifted.dev, *sifted.test]
    if dataset.names_only:
        return check_names_only(dataset.descriptions, sifted.unlabeled, sifted.test)
    if dataset.columns.scores:
        return check_scores(sifted.train, held_out, dataset.descriptions, named=dataset.task == "score")
    if several:
        return check_several(sifted.train, held_out, dataset.descriptions)
    return check_labels(sifted.train, held_out, dataset.descriptions, pairs=pairing is not None)


def pairing_for(dataset: Dataset) -> Pairing | None:
    """How the two texts of a row are paired, or None where a row is one text; a question and its option are ordered.

    Their order matters unless the columns' names say that they are two of a kind (sentence1, sentence2), there are two
    labels (entailment and contradiction are not all that can be) that name no side, no pair stands the other way round
    under another label, and neither side is usually half as long again. Of scores only names and lengths say anything.
    """
    if dataset.columns.options:
        return "ordered"
    if dataset.columns.second is None:
        return None
    if dataset.columns.beside:
        return "ordered"
    if dataset.columns.scores:  # how much one side has of the other is rarely asked of two of a kind
        return "unordered" if dataset.columns.alike and not _lopsided(dataset.train) else "ordered"
    labels = {(row.label or "").casefold() for row in dataset.train if row.label}
    named = labels in ({"a", "b"}, {"1", "2"}, {"first", "second"}, {"left", "right"})
    ordered = (
        not dataset.columns.alike or len(labels) > 2 or named or _turned(dataset.train) or _lopsided(dataset.train)
    )
    return "ordered" if ordered else "unordered"


def _turned(rows: list[Example]) -> bool:
    """Whether a pair stands the other way round under another label."""
    labels = {sides(row.text): row.label for row in rows}
    return any(labels.get(pair[::-1], label) != label for pair, label in labels.items())


def _lopsided(rows: list[Example]) -> bool:
    """Whether one side of pairs is usually half as long again as the other."""
    if not rows:
        return False
    ratios = [log((len(first) + 1) / (len(second) + 1)) for first, second in (sides(row.text) for row in rows)]
    return abs(float(np.median(ratios))) > log(1.5)


def _check_files(dataset: Dataset) -> Iterator[Finding]:
    column = (dataset.columns.label or "").strip()
    if column and column in {row.label for row in dataset.train}:
        yield Finding("warning", "no-header", (), {"column": column})
    for note in dataset.notes:
        yield Finding("note", "capped", (), {"note": note})
    encodings = {file.encoding for file in dataset.files if file.encoding}
    for file in dataset.files:
        if file.encoding not in ("", "utf-8"):
            yield Finding("note", "encoding", (), {"file": file.path.name, "encoding": file.encoding})
    if len(encodings) > 1:
        yield Finding("warning", "mixed-encodings", (), {"names": sorted(encodings)})
    names = {file.path.name for file in dataset.files if file.role == "train"}
    spare = [row for row in dataset.unlabeled if row.source in names]
    if spare:
        yield Finding("note", "unlabeled-training-rows", places(spare), {"n": len(spare)})


def _labels_of(sifted: Sifted, task: Task, used: dict[str, list[Example]]) -> dict[str, object]:
    """What labels there are, and how often; of questions, how many options."""
    if task.options:
        return {"options": question_facts(used)}
    if task.nesting:
        linked = {"relations": inspect_links.facts(sifted)} if task.relations else {}
        return {"labels": inspect_spans.type_counts(sifted), "balance": {}, **linked}
    if task.names_only:
        tested = Counter(str(row.label) for row in sifted.test)
        return {"labels": {name: {"train": 0, "dev": 0, "test": tested[name]} for name in task.labels}, "balance": {}}
    if task.range:
        return score_facts(used, task.range)
    if task.several:
        return several_facts({role: used[role] for role in ("train", "dev", "test")})
    return {"labels": _label_counts(sifted), "balance": _balance(sifted.train)}


def _facts(dataset: Dataset, sifted: Sifted, task: Task) -> dict[str, object]:
    used = {"train": sifted.train, "dev": sifted.dev, "test": sifted.test, "unlabeled": sifted.unlabeled}
    return {
        "task": task.kind,
        "pairing": task.pairing,
        **({"nesting": task.nesting} if task.nesting else {}),
        "language": task.language,
        "evidence": question_evidence(dataset.columns, sifted.train)
        if task.options
        else several_evidence(dataset.columns, sifted.train, task.labels)
        if task.several
        else _evidence(dataset, sifted, task),
        "rows": {role: len(rows) for role, rows in used.items()},
        "rows_read": {
            "train": len(dataset.train),
            "dev": len(dataset.dev),
            "test": len(dataset.test),
            "unlabeled": len(dataset.unlabeled),
        },
        **_labels_of(sifted, task, used),
        "text_length": {role: _lengths(rows) for role, rows in used.items() if rows},
        "duplicates": {"exact": len(sifted.repeated), "near": len(sifted.near)},
        "conflicts": len(sifted.conflicts),
        "leaks": {
            "train": len(sifted.leaked),
            "unlabeled": len(sifted.leaked_unlabeled),
            "dev": len(sifted.leaked_dev),
        },
        "empty": len(sifted.empty),
        "missing_labels": len(sifted.missing),
        "over_long": len(sifted.over_long),
        "hidden_characters": len(sifted.hidden),
        "files": [
            {
                "role": file.role,
                "name": file.path.name,
                "rows": file.rows,
                "sha256": file.sha256,
                "encoding": file.encoding,
            }
            for file in dataset.files
        ],
    }


def _evidence(dataset: Dataset, sifted: Sifted, task: Task) -> list[str]:
    """Why the task is what it is said to be."""
    share = han_share(side for row in sifted.learned for side in sides(row.text))
    columns = dataset.columns
    kind = "unlabelled" if task.names_only else "training"
    if task.nesting:
        return _evidence_of_marks(columns, sifted, task, share)
    where = f"the text is the column {quote(columns.text)}"
    if task.pairing:
        order = "matters" if task.pairing == "ordered" else "does not matter"
        where = f"the texts are the columns {quote(columns.text)} and {quote(columns.second)}, whose order {order}"
    if columns.beside:
        where = f"the columns {quote(columns.text)} and {quote(columns.second)} hold {SAID[columns.beside]}"
    told = [
        f"{where}, the label the column {quote(columns.label)}",
        f"labels: {len(task.labels):,}; training rows, one label each: {len(sifted.train):,}",
    ]
    if task.range:
        told = score_evidence(columns, sifted.train, task.range, where)
    if task.names_only:
        told = [where, f"labels, known by their names alone: {len(task.labels):,}; no training row is labelled"]
    return [
        *told,
        f"no {kind} text has a letter" if share is None else f"{share:.0%} of {kind} texts are mainly Han characters",
    ]


def _evidence_of_marks(columns: Columns, sifted: Sifted, task: Task, share: float | None) -> list[str]:
    rows, entities = len(sifted.train), sum(len(row.spans or ()) for row in sifted.train)
    some = sum(bool(row.spans) for row in sifted.train)
    inside = ", some inside others" if task.nesting == "nested" else ""
    linked = sum(len(row.relations or ()) for row in sifted.train)
    related = sum(bool(row.relations) for row in sifted.train)
    where = f"the text is the column {quote(columns.text)}, the entities the column {quote(columns.label)}"
    return [
        f"{where}: {columns.marks}",
        f"types: {len(task.labels):,}; entities: {entities:,} in {some:,} of {rows:,} training rows{inside}",
        *([f"relations: {linked:,} of {len(task.relations):,} types in {related:,} rows"] if task.relations else []),
        "no training text has a letter"
        if share is None
        else f"{share:.0%} of training texts are mainly Han characters",
    ]


def _label_counts(sifted: Sifted) -> dict[str, dict[str, int]]:
    """Rows of each label by role, the most frequent in training first."""
    counts = {
        role: Counter(str(row.label) for row in rows)
        for role, rows in (("train", sifted.train), ("dev", sifted.dev), ("test", sifted.test))
    }
    labels = sorted(set(chain.from_iterable(counts.values())), key=lambda label: (-counts["train"][label], label))
    return {label: {role: counts[role][label] for role in counts} for label in labels}


def _balance(train: list[Example]) -> dict[str, float]:
    """Largest and smallest label, their ratio, and the entropy of labels as a share of the greatest possible."""
    counts = Counter(row.label for row in train).values()
    if not counts:
        return {}
    shares = [count / len(train) for count in counts]
    entropy = -sum(share * log(share) for share in shares)
    return {
        "largest": max(counts),
        "smallest": min(counts),
        "ratio": round(max(counts) / min(counts), 2),
        "evenness": round(entropy / log(len(shares)), 3) if len(shares) > 1 else 0.0,
    }


def _lengths(rows: list[Example]) -> dict[str, int]:
    """Quantiles of the lengths of texts, of the sides of pairs, or of questions without options, in characters."""
    lengths = [len(side) for row in rows for side in told(row.text)]
    values = np.quantile(lengths, list(_QUANTILES.values()), method="nearest")
    return dict(zip(_QUANTILES, map(int, values), strict=True))
