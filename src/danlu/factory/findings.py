"""What can be said about a data set: a finding, and the findings about its labels.

Knows labelled rows. Does not know files, texts that repeat, or how findings are shown.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from danlu.corpus.columns import is_number

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from danlu.types import Example

Level = Literal["error", "warning", "note"]

MAX_LABELS = 1000
FREE_TEXT_LABELS = 20  # from here on, labels that number more than half the rows look like free text
FEW = 8  # examples of a label below which it is learned badly
IMBALANCE = 10  # times the smallest label
SHOWN = 10  # rows or labels named in one finding
_LIKE_NOTHING = frozenset(("nan", "none", "null", "n/a", "#n/a", "na", "nil", "-", "?"))


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to know about a data set.

    Attributes:
        level: an error stops production, a warning costs accuracy, a note only informs.
        code: a stable name for it, such as 'one-label'.
        message: what is the matter and what to do, in one sentence.
        rows: up to ten rows it concerns, as 'train.csv:17'.
    """

    level: Level
    code: str
    message: str
    rows: tuple[str, ...] = ()


def place(row: Example) -> str:
    """Where a row stands, as 'train.csv:17'."""
    return f"{row.source}:{row.row}"


def places(rows: Iterable[Example]) -> tuple[str, ...]:
    """Where the first ten rows stand."""
    return tuple(place(row) for row, _ in zip(rows, range(SHOWN), strict=False))


def amount(number: int, thing: str) -> str:
    """'1 row', '2,000 rows'."""
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def listing(names: Sequence[str]) -> str:
    """The first ten names, quoted, and how many more there are."""
    more = f" and {len(names) - SHOWN:,} more" if len(names) > SHOWN else ""
    return ", ".join(f"'{name}'" for name in names[:SHOWN]) + more


def check_labels(train: list[Example], held_out: list[Example], descriptions: dict[str, str]) -> list[Finding]:
    """The findings about labels.

    Args:
        train: the usable training rows.
        held_out: the usable development and test rows.
        descriptions: label to description, from the label list.
    """
    counts = Counter(row.label for row in train if row.label is not None)
    if not counts:
        return [Finding("error", "no-rows", "No training row is usable; give at least two rows for each label.")]
    shape = _shape(counts, train)
    if shape is not None:
        return [shape]
    checks: tuple[Callable[[], Iterator[Finding]], ...] = (
        lambda: _unseen(counts, held_out),
        lambda: _small(counts, train),
        lambda: _names(counts, train),
        lambda: _described(counts, descriptions),
    )
    return [finding for check in checks for finding in check()]


def _shape(counts: Counter[str], train: list[Example]) -> Finding | None:
    """The one error that makes all others about labels pointless."""
    rows = len(train)
    if len(counts) == 1:
        message = f"Every training row has the label '{next(iter(counts))}'; add rows of at least one other label."
        return Finding("error", "one-label", message, places(train))
    if len(counts) > MAX_LABELS:
        message = (
            f"There are {len(counts):,} labels, more than {MAX_LABELS:,}; if the label column is really an id, "
            "name another with --label."
        )
        return Finding("error", "too-many-labels", message, places(train))
    if len(counts) > FREE_TEXT_LABELS and len(counts) > rows / 2:
        message = (
            f"The label column looks like free text, with {len(counts):,} labels in {amount(rows, 'row')}; "
            "name the column of the label with --label, or merge labels."
        )
        return Finding("error", "free-text-labels", message, places(train))
    if max(counts.values()) == 1:
        message = "Every label has one example, so nothing can be cross-validated; give each at least two."
        return Finding("error", "one-example-each", message, places(train))
    return None


def _unseen(counts: Counter[str], held_out: list[Example]) -> Iterator[Finding]:
    rows = [row for row in held_out if row.label is not None and row.label not in counts]
    if rows:
        names = sorted({str(row.label) for row in rows})
        message = (
            f"No usable training row has the label {listing(names)}, which stands in the dev or test file; "
            "add training rows of it or correct the label."
        )
        yield Finding("error", "unseen-label", message, places(rows))


def _small(counts: Counter[str], train: list[Example]) -> Iterator[Finding]:
    single = sorted(label for label, number in counts.items() if number < 2)
    few = sorted(label for label, number in counts.items() if 2 <= number < FEW)
    if single:
        message = (
            f"{amount(len(single), 'label')} with one example cannot be cross-validated ({listing(single)}); "
            "add at least one more of each."
        )
        yield Finding("warning", "single-example", message, places(row for row in train if row.label in single))
    if few:
        message = (
            f"{amount(len(few), 'label')} with fewer than {FEW} examples will be learned badly ({listing(few)}); "
            f"add examples up to {FEW} each."
        )
        yield Finding("warning", "few-examples", message)
    (most, largest), (least, smallest) = counts.most_common()[0], counts.most_common()[-1]
    if largest > IMBALANCE * smallest:
        message = (
            f"'{most}' has {largest:,} examples and '{least}' only {smallest:,}; "
            f"add examples of the rare labels, or judge by macro-F1 rather than accuracy."
        )
        yield Finding("warning", "imbalance", message)


def _names(counts: Counter[str], train: list[Example]) -> Iterator[Finding]:
    if all(map(is_number, counts)):
        message = "The labels are numbers and are treated as names; a label list (labels.json) can say what they mean."
        yield Finding("note", "numeric-labels", message)
    nothing = sorted(label for label in counts if label.casefold() in _LIKE_NOTHING)
    if nothing:
        message = f"The label {listing(nothing)} looks like a missing value; leave the cell empty if it is one."
        yield Finding("warning", "missing-value-label", message, places(row for row in train if row.label in nothing))
    spellings = Counter(label.casefold() for label in counts)
    alike = sorted(label for label in counts if spellings[label.casefold()] > 1)
    if alike:
        message = f"The labels {listing(alike)} differ only in case; give each label one spelling if they are the same."
        yield Finding("warning", "labels-alike", message, places(row for row in train if row.label in alike))


def _described(counts: Counter[str], descriptions: dict[str, str]) -> Iterator[Finding]:
    unused = sorted(set(descriptions) - set(counts))
    if unused:
        message = f"The label list names {listing(unused)}, which no training row has; add rows or delete the entry."
        yield Finding("warning", "label-without-rows", message)
    missing = sorted(set(counts) - set(descriptions)) if descriptions else []
    if missing:
        message = f"The label list lacks {listing(missing)}; add the entry if labels are to be described."
        yield Finding("note", "label-not-listed", message)
