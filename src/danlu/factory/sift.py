"""Rows as read to rows fit for use: cleaned, without repetitions, without leaks; and the findings about the others.

Knows texts and where they stand. Does not know what labels are good for: that is findings.py.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from danlu.corpus.dedup import exact_key, near_duplicates, near_matches
from danlu.factory.findings import Finding, places
from danlu.text.normalize import clean, has_hidden
from danlu.text.pair import join
from danlu.text.question import ask, essence, identity, is_question, parts
from danlu.text.score import range_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from danlu.corpus.read import Dataset
    from danlu.types import Example, Pairing

_REPLACEMENT = "\ufffd"
CONTRADICTING = 0.25  # of the range: two scores of one text farther apart than that contradict one another


@dataclass
class Sifted:
    """The rows fit for use, and those that are not, are doubtful or were changed.

    Attributes:
        train: labelled rows that stand in no held-out row.
        dev: labelled rows.
        test: labelled rows.
        unlabeled: rows without a label that stand in no held-out row.
        empty: rows without a visible character, left out.
        missing: dev and test rows without a label, left out.
        over_long: rows that were cut.
        hidden: rows that lost control, zero-width or direction characters.
        replaced: rows with replacement characters, the trace of a wrong encoding.
        repeated: training rows that repeat one of the same label, left out.
        leaked: training rows that stand in dev or test, exactly or nearly, left out.
        leaked_unlabeled: the same among unlabeled rows.
        leaked_dev: dev rows that stand in test, exactly or nearly, left out.
        repeated_unlabeled: unlabeled rows that repeat a training row or an earlier unlabeled one, left out.
        conflicts: training rows whose text stands under another label too.
        near: training rows, each with the earlier one it nearly repeats.
        gap: of scores, how far apart two of one text may lie and still be one opinion; None where rows have labels.
    """

    train: list[Example] = field(default_factory=list)
    dev: list[Example] = field(default_factory=list)
    test: list[Example] = field(default_factory=list)
    unlabeled: list[Example] = field(default_factory=list)
    empty: list[Example] = field(default_factory=list)
    missing: list[Example] = field(default_factory=list)
    over_long: list[Example] = field(default_factory=list)
    hidden: list[Example] = field(default_factory=list)
    replaced: list[Example] = field(default_factory=list)
    repeated: list[Example] = field(default_factory=list)
    leaked: list[Example] = field(default_factory=list)
    leaked_unlabeled: list[Example] = field(default_factory=list)
    leaked_dev: list[Example] = field(default_factory=list)
    repeated_unlabeled: list[Example] = field(default_factory=list)
    conflicts: list[Example] = field(default_factory=list)
    near: list[tuple[Example, Example]] = field(default_factory=list)
    gap: float | None = None

    @property
    def learned(self) -> list[Example]:
        """The labelled rows; where there are none, the unlabelled ones."""
        return self.train or self.unlabeled

    def differ(self, labels: Collection[str | None]) -> bool:
        """Whether labels, or scores, of one text contradict one another."""
        if self.gap is None or len(labels) < 2:
            return len(labels) > 1
        scores = [float(label) for label in labels if label is not None]
        return max(scores) - min(scores) > self.gap


def sift(dataset: Dataset, max_chars: int, pairing: Pairing | None = None) -> Sifted:
    """The rows of a data set, sifted; texts, sides of a pair, and questions, beyond `max_chars` characters are cut."""
    sifted = Sifted()
    dev = _usable(dataset.dev, sifted, max_chars, pairing, labelled=True)
    sifted.test = _usable(dataset.test, sifted, max_chars, pairing, labelled=True)
    train = _usable(dataset.train, sifted, max_chars, pairing, labelled=True)
    unlabeled = _usable(dataset.unlabeled, sifted, max_chars, pairing, labelled=False)
    key = {row.text: exact_key(_identity(row.text)) for row in (*dev, *sifted.test, *train, *unlabeled)}
    sifted.dev, sifted.leaked_dev = _without_leaks(dev, sifted.test, key)
    held_out = [*sifted.dev, *sifted.test]
    train, sifted.repeated = _merge(train, key)
    sifted.train, sifted.leaked = _without_leaks(train, held_out, key)
    unlabeled, sifted.leaked_unlabeled = _without_leaks(unlabeled, held_out, key)
    sifted.unlabeled, sifted.repeated_unlabeled = _fresh(unlabeled, {key[row.text] for row in sifted.train}, key)
    if dataset.columns.scores and sifted.train:
        low, high = range_of(float(row.label or 0) for row in sifted.train)
        sifted.gap = CONTRADICTING * (high - low)
    sifted.conflicts = _conflicts(sifted, key)
    pairs = near_duplicates([_likeness(row.text) for row in sifted.train])
    alike = ((sifted.train[later], sifted.train[earlier]) for later, earlier in pairs)
    sifted.near = [(later, earlier) for later, earlier in alike if key[later.text] != key[earlier.text]]
    return sifted


def _usable(
    rows: list[Example], sifted: Sifted, max_chars: int, pairing: Pairing | None, *, labelled: bool
) -> list[Example]:
    kept: list[Example] = []
    for row in rows:
        written = parts(row.text)
        texts = [clean(side) for side in written]
        if not all(texts) or (labelled and row.label is None):
            (sifted.missing if all(texts) else sifted.empty).append(row)
            continue
        if any(len(text) > max_chars for text in texts):
            sifted.over_long.append(row)
            texts = [clean(text[:max_chars]) for text in texts]
        if any(map(has_hidden, written)):
            sifted.hidden.append(row)
        if any(_REPLACEMENT in text for text in texts):
            sifted.replaced.append(row)
        kept.append(replace(row, text=_joined(row.text, texts, pairing)))
    return kept


def _joined(text: str, texts: list[str], pairing: Pairing | None) -> str:
    """The cleaned parts of a text, pair or question as one string again."""
    if is_question(text):
        return ask(texts[0], texts[1:])
    return join(texts[0], texts[1], pairing) if pairing else texts[0]


def _identity(text: str) -> str:
    """What tells a row from others; the order of a question's options does not."""
    return identity(text) if is_question(text) else text


def _likeness(text: str) -> str:
    """What of a row is compared with others for near repetitions."""
    return essence(text) if is_question(text) else text


def _merge(rows: list[Example], key: dict[str, str]) -> tuple[list[Example], list[Example]]:
    """The first row of each text and label, and the rows that only repeat one."""
    seen: set[tuple[str, str | None]] = set()
    kept: list[Example] = []
    repeated: list[Example] = []
    for row in rows:
        pair = (key[row.text], row.label)
        (repeated if pair in seen else kept).append(row)
        seen.add(pair)
    return kept, repeated


def _fresh(rows: list[Example], known: set[str], key: dict[str, str]) -> tuple[list[Example], list[Example]]:
    """The first row of each text that is not known yet, and the rows that say nothing new."""
    kept: list[Example] = []
    repeated: list[Example] = []
    for row in rows:
        (repeated if key[row.text] in known else kept).append(row)
        known.add(key[row.text])
    return kept, repeated


def _without_leaks(
    rows: list[Example], held_out: list[Example], key: dict[str, str]
) -> tuple[list[Example], list[Example]]:
    """Rows whose text stands in no held-out row, and rows whose text does, exactly or nearly."""
    keys = {key[row.text] for row in held_out}
    pairs = near_matches([_likeness(row.text) for row in rows], [_likeness(row.text) for row in held_out])
    near = {index for index, _ in pairs}
    kept: list[Example] = []
    leaked: list[Example] = []
    for index, row in enumerate(rows):
        (leaked if index in near or key[row.text] in keys else kept).append(row)
    return kept, leaked


def _conflicts(sifted: Sifted, key: dict[str, str]) -> list[Example]:
    labels: dict[str, set[str | None]] = {}
    for row in sifted.train:
        labels.setdefault(key[row.text], set()).add(row.label)
    return [row for row in sifted.train if sifted.differ(labels[key[row.text]])]


def check_rows(sifted: Sifted, max_chars: int) -> Iterator[Finding]:
    """The findings about texts."""
    told = (
        (sifted.empty, "empty"),
        (sifted.missing, "missing-label"),
        (sifted.over_long, "over-long"),
        (sifted.hidden, "hidden-characters"),
        (sifted.replaced, "replacement-characters"),
        (sifted.conflicts, "conflicts" if sifted.gap is None else "conflicts-scores"),
    )
    for rows, code in told:
        if rows:
            yield Finding("warning", code, places(rows), {"n": len(rows), "most": max_chars})


def check_repeats(sifted: Sifted) -> Iterator[Finding]:
    """The findings about texts that stand twice."""
    told = (
        (sifted.leaked, "leak-training"),
        (sifted.leaked_unlabeled, "leak-unlabeled"),
        (sifted.leaked_dev, "leak-dev"),
    )
    for rows, code in told:
        if rows:
            yield Finding("warning", code, places(rows), {"n": len(rows)})
    if sifted.near:
        apart = sum(sifted.differ({later.label, earlier.label}) for later, earlier in sifted.near)
        code = "near-duplicates" if sifted.gap is None else "near-duplicates-scores"
        rows = places(later for later, _ in sifted.near)
        yield Finding("warning", code, rows, {"n": len(sifted.near), "apart": apart})
    for rows, code in ((sifted.repeated, "duplicates"), (sifted.repeated_unlabeled, "repeated-unlabeled")):
        if rows:
            yield Finding("note", code, places(rows), {"n": len(rows)})
