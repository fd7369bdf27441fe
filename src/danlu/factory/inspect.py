"""The first station: what is in the user's data, what of it is usable, and what is wrong with it.

Knows rows, labels, repetitions and leaks. Does not know models; does not mend what only the user can mend.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

from danlu.corpus.dedup import exact_key, near_duplicates, near_matches
from danlu.factory.findings import Finding, amount, check_labels, place, places
from danlu.factory.inspect_view import render
from danlu.text.normalize import clean, han_share, has_hidden, language
from danlu.types import Example, Task

if TYPE_CHECKING:
    from collections.abc import Sequence

    from danlu.corpus.read import Dataset

__all__ = ["Finding", "Inspection", "inspect", "render"]


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


@dataclass
class _Tally:
    """Rows with something amiss, as they are met."""

    empty: list[Example] = field(default_factory=list)
    unlabelled: list[Example] = field(default_factory=list)
    over_long: list[Example] = field(default_factory=list)
    hidden: list[Example] = field(default_factory=list)
    replaced: list[Example] = field(default_factory=list)


def inspect(dataset: Dataset, *, max_chars: int = 20_000) -> Inspection:
    """The usable rows of a data set, with all that is to be said about it.

    Texts are cleaned; empty ones dropped, over-long ones cut. Training rows that repeat a training row of the same
    label are merged. Training and unlabeled rows that stand in dev or test, exactly or nearly, are left out.

    Args:
        dataset: what was read.
        max_chars: characters of a text beyond which it is cut.
    """
    tally = _Tally()
    dev = _usable(dataset.dev, tally, max_chars, labelled=True)
    test = _usable(dataset.test, tally, max_chars, labelled=True)
    cleaned = _usable(dataset.train, tally, max_chars, labelled=True)
    spare = _usable(dataset.unlabeled, tally, max_chars, labelled=False)
    merged, repeated = _merge(cleaned)
    train, leaked = _without_leaks(merged, [*dev, *test])
    unlabeled, leaked_spare = _without_leaks(spare, [*dev, *test])
    conflicts = _conflicts(train)
    near = _near(train)
    findings = [
        *check_labels(train, [*dev, *test], dataset.descriptions),
        *_row_findings(tally, max_chars),
        *_leak_findings(leaked, leaked_spare),
        *_repeat_findings(repeated, conflicts, near),
        *_file_findings(dataset),
    ]
    order = {"error": 0, "warning": 1, "note": 2}
    labels = sorted({row.label for row in train if row.label is not None})
    task = Task(tuple(labels), language(row.text for row in train))
    facts: dict[str, object] = {
        "task": "classification",
        "language": task.language,
        "evidence": _evidence(dataset, train, labels),
        "rows_read": {role: len(getattr(dataset, role)) for role in ("train", "dev", "test", "unlabeled")},
        "rows": {"train": len(train), "dev": len(dev), "test": len(test), "unlabeled": len(unlabeled)},
        "labels": _label_counts(train, dev, test),
        "balance": _balance(train),
        "text_length": {
            role: _lengths(rows)
            for role, rows in (("train", train), ("dev", dev), ("test", test), ("unlabeled", unlabeled))
            if rows
        },
        "duplicates": {"exact": len(repeated), "near": len(near)},
        "conflicts": len(conflicts),
        "leaks": {"train": len(leaked), "unlabeled": len(leaked_spare)},
        "empty": len(tally.empty),
        "over_long": len(tally.over_long),
        "hidden_characters": len(tally.hidden),
        "missing_labels": len(tally.unlabelled),
        "files": [
            {"role": file.role, "name": file.path.name, "rows": file.rows, "sha256": file.sha256}
            | ({"encoding": file.encoding} if file.encoding else {})
            for file in dataset.files
        ],
    }
    findings.sort(key=lambda finding: order[finding.level])
    return Inspection(task, train, dev, test, unlabeled, findings, facts)


def _usable(rows: list[Example], tally: _Tally, max_chars: int, *, labelled: bool) -> list[Example]:
    """Rows with a cleaned text, and with a label where one is due; the others go into the tally."""
    kept: list[Example] = []
    for row in rows:
        text = clean(row.text)
        if not text:
            tally.empty.append(row)
            continue
        if labelled and row.label is None:
            tally.unlabelled.append(row)
            continue
        if len(text) > max_chars:
            tally.over_long.append(row)
            text = text[:max_chars].rstrip()
        if has_hidden(row.text):
            tally.hidden.append(row)
        if "\ufffd" in text:
            tally.replaced.append(row)
        kept.append(replace(row, text=text))
    return kept


def _merge(rows: list[Example]) -> tuple[list[Example], list[Example]]:
    """The first row of each text and label, and the rows that only repeat one."""
    seen: set[tuple[str, str | None]] = set()
    kept: list[Example] = []
    repeated: list[Example] = []
    for row in rows:
        key = (exact_key(row.text), row.label)
        (repeated if key in seen else kept).append(row)
        seen.add(key)
    return kept, repeated


def _without_leaks(rows: list[Example], held_out: list[Example]) -> tuple[list[Example], list[Example]]:
    """Rows whose text stands in no held-out row, and rows whose text does, exactly or nearly."""
    keys = {exact_key(row.text) for row in held_out}
    near = {index for index, _ in near_matches(_texts(rows), _texts(held_out))} if held_out else set[int]()
    kept: list[Example] = []
    leaked: list[Example] = []
    for index, row in enumerate(rows):
        (leaked if index in near or exact_key(row.text) in keys else kept).append(row)
    return kept, leaked


def _texts(rows: Sequence[Example]) -> list[str]:
    return [row.text for row in rows]


def _conflicts(rows: list[Example]) -> list[Example]:
    """Rows whose text stands under another label too."""
    labels: dict[str, set[str | None]] = {}
    for row in rows:
        labels.setdefault(exact_key(row.text), set()).add(row.label)
    return [row for row in rows if len(labels[exact_key(row.text)]) > 1]


def _near(rows: list[Example]) -> list[tuple[Example, Example]]:
    """Rows with the earlier row they nearly, but not exactly, repeat."""
    pairs = ((rows[later], rows[earlier]) for later, earlier in near_duplicates(_texts(rows)))
    return [(later, earlier) for later, earlier in pairs if exact_key(later.text) != exact_key(earlier.text)]
