"""An inspection as plain text for a terminal.

Knows columns and alignment, Chinese characters two columns wide. Does not know how anything was found.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from itertools import chain
from typing import TYPE_CHECKING, Any, cast

from danlu.errors import brief, visible
from danlu.factory.questions import chance_of
from danlu.factory.score_facts import histogram
from danlu.text.beside import SAID
from danlu.text.question import parts, told
from danlu.text.score import bounds_written
from danlu.text.several import held

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from danlu.factory.inspect import Inspection
    from danlu.types import Task

_LABELS = 20  # shown
_LABEL_WIDTH = 32  # columns
_LINE = 300  # characters of a line about columns
_BAR = 24  # columns of the largest label
_HEAD = 10  # columns of the headings at the left
_LANGUAGES = {"zh": "Chinese", "en": "English", "mixed": "Chinese and another language"}
_LEVELS = {"error": "Errors", "warning": "Warnings", "note": "Notes"}


def render(inspection: Inspection) -> str:
    """A summary: task, rows, lengths, labels, then errors, warnings and notes. No colour, no control characters."""
    marked = inspection.task.nesting is not None
    names = [[span.type for span in row.spans or ()] if marked else held(row.label) for row in inspection.train]
    counts = Counter(chain.from_iterable(names))
    if inspection.task.names_only:
        counts = Counter(dict.fromkeys(inspection.task.labels, 0))
    evidence = [_row("Evidence" * (not i), line) for i, line in enumerate(_told(inspection))] if marked else []
    labels = [] if inspection.task.options else _labels(counts, "Types" if marked else "Labels")
    if inspection.task.range:
        labels = _bars(histogram(inspection.train, inspection.task.range), "Scores")
    lines = [*_overview(inspection), *evidence, *labels, *_relations(inspection), *_findings(inspection)]
    return "\n".join(lines)


def _overview(inspection: Inspection) -> Iterator[str]:
    roles = (
        ("train", inspection.train),
        ("dev", inspection.dev),
        ("test", inspection.test),
        ("unlabeled", inspection.unlabeled),
    )
    task = inspection.task
    if task.options:
        sizes = [len(parts(row.text)) - 1 for row in inspection.train]
        count = f"{min(sizes)}" if len(set(sizes)) == 1 else f"{min(sizes, default=0)} to {max(sizes, default=0)}"
        language = _LANGUAGES[task.language]
        yield _row("Task", f"choice among {count} options that each question brings, texts in {language}")
    elif task.nesting:
        kind = f"extraction of entities of {len(task.labels):,} types"
        kind += f" and of {len(task.relations):,} relations between them" if task.relations else ""
        yield _row("Task", f"{kind}, texts in {_LANGUAGES[task.language]}")
    else:
        yield _row("Task", _classification(task))
    yield _row("Rows", ", ".join(f"{name} {len(rows):,}" for name, rows in roles))
    learned = inspection.unlabeled if task.names_only else inspection.train
    lengths = sorted(len(side) for row in learned for side in told(row.text))
    if lengths:
        middle, long = lengths[len(lengths) // 2], lengths[min(len(lengths) * 9 // 10, len(lengths) - 1)]
        texts = "Questions" if task.options else "Texts"
        yield _row(texts, f"half have up to {middle:,} characters, 90 % up to {long:,}, the longest {lengths[-1]:,}")
    if task.options and inspection.train:
        yield _row("Chance", f"guessing would get {chance_of(inspection.train):.1%} of training questions right")
    if (task.options or task.several or task.range) and inspection.train:
        yield _row("Read as", "; ".join(_told(inspection)))


def _classification(task: Task) -> str:
    if task.several:
        return f"several of {len(task.labels):,} labels for each text, or none, texts in {_LANGUAGES[task.language]}"
    if task.range:
        low, high = bounds_written(task.range)
        what = {"ordered": "ordered pairs", "unordered": "pairs in any order", None: "texts"}[task.pairing]
        return f"scores from {low} to {high}, {what} in {_LANGUAGES[task.language]}"
    if task.beside:
        return f"classification of {SAID[task.beside]} into {len(task.labels):,} labels, in {_LANGUAGES[task.language]}"
    what = {"ordered": "ordered pairs", "unordered": "pairs in any order", None: "texts"}[task.pairing]
    named = ", known by their names alone" if task.names_only else ""
    return f"classification into {len(task.labels):,} labels{named}, {what} in {_LANGUAGES[task.language]}"


def _told(inspection: Inspection) -> list[str]:
    """Why the task is what it is said to be."""
    return [brief(str(line), _LINE) for line in cast("list[object]", inspection.facts["evidence"])]


def _labels(counts: Counter[str], head: str) -> Iterator[str]:
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    yield from _bars([(_fit(label), count) for label, count in ranked[:_LABELS]], head)
    if len(ranked) > _LABELS:
        yield _row("", f"... and {len(ranked) - _LABELS:,} more")


def _relations(inspection: Inspection) -> Iterator[str]:
    """Relations, the types between which each holds in training rows, and how far apart these stand."""
    facts = cast("dict[str, dict[str, Any]]", inspection.facts.get("relations") or {})
    yield from _labels(Counter({name: found["train"] for name, found in facts.items()}), "Relations") if facts else ()
    for position, (name, found) in enumerate(list(facts.items())[:_LABELS]):
        triples = [(_fit(head), _fit(tail), n) for head, tail, n in found["triples"][:4]]
        between = ", ".join(f"{head} → {tail} {n:,}" for head, tail, n in triples)
        more = ", ..." if len(found["triples"]) > 4 else ""
        apart = f"; half up to {found['apart']['p50']:,} characters apart" if found["apart"] else ""
        yield _row("" if position else "Between", f"{_fit(name)}: {between or 'not in training rows'}{more}{apart}")


def _bars(counts: Sequence[tuple[str, int]], head: str) -> Iterator[str]:
    """Names and counts, each with a bar, the longest that of the largest count."""
    width = max((_columns(name) for name, _ in counts), default=0)
    largest = max((count for _, count in counts), default=0)
    digits = len(f"{largest:,}")
    for position, (name, count) in enumerate(counts):
        bar = "#" * (max(1, round(_BAR * count / largest)) if count else 0)
        padded = name + " " * (width - _columns(name))
        yield _row("" if position else head, f"{padded}  {count:>{digits},}  {bar}")


def _findings(inspection: Inspection) -> Iterator[str]:
    for level, title in _LEVELS.items():
        found = [finding for finding in inspection.findings if finding.level == level]
        if found:
            yield ""
            yield f"{title} ({len(found)})"
        for finding in found:
            yield f"  {finding.code}: {finding.message}"
            if finding.rows:
                yield f"    {', '.join(map(visible, finding.rows))}"
    if not inspection.findings:
        yield ""
        yield "Nothing to complain of."


def _row(head: str, rest: str) -> str:
    return f"{head:<{_HEAD}}{rest}"


def _columns(text: str) -> int:
    """How many columns a terminal gives a text."""
    return sum(
        0 if unicodedata.combining(character) else 2 if unicodedata.east_asian_width(character) in "WF" else 1
        for character in text
    )


def _fit(text: str) -> str:
    """What is shown of a label, cut to the width there is."""
    text = brief(text)
    while _columns(text) > _LABEL_WIDTH:
        text = text[: -max(1, (_columns(text) - _LABEL_WIDTH) // 2)]
    return text
