"""The first station of an extraction: which rows are usable, which types there are, and what is wrong with the marks.

No text is changed, so that every offset stays what it is. Knows rows with entities; does not know models or tokens.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace
from itertools import accumulate
from typing import TYPE_CHECKING

from danlu.corpus.dedup import exact_key, near_duplicates, near_matches
from danlu.factory import inspect_links
from danlu.factory.findings import Finding, places
from danlu.factory.sift import Sifted, check_repeats, check_rows
from danlu.text.normalize import clean, has_hidden, language
from danlu.types import Example, Nesting, Span, Task

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from danlu.corpus.read import Dataset

NESTED = 0.01  # of all entities lie inside others from which on a model looks for such
FEW = 10  # entities of a type below which it is learned badly
_NAMED = 8  # types, or words, in one sentence
_REPLACEMENT = "\ufffd"
_LEAST_TWIN = 2  # characters of an entity whose unmarked repeats are looked for


def sift_marked(dataset: Dataset, max_chars: int) -> tuple[Sifted, dict[str, list[Example]]]:
    """The usable rows, and those with marks that are to be told of, by the code of the finding.

    Rows without a visible character are left out, longer texts cut where no entity is cut, entities trimmed of white
    space. Repeats and leaks are found as for other tasks.
    """
    sifted = Sifted()
    told: dict[str, list[Example]] = defaultdict(list)
    dev, sifted.test, train, unlabeled = (
        _usable(rows, sifted, told, max_chars, labelled=labelled)
        for rows, labelled in (
            (dataset.dev, True),
            (dataset.test, True),
            (dataset.train, True),
            (dataset.unlabeled, False),
        )
    )
    key = {row.text: exact_key(row.text) for row in (*dev, *sifted.test, *train, *unlabeled)}
    sifted.dev, sifted.leaked_dev = _without_leaks(dev, sifted.test, key)
    held_out = [*sifted.dev, *sifted.test]
    train, sifted.repeated, told["marked-differently"] = _merged(train)
    sifted.train, sifted.leaked = _without_leaks(train, held_out, key)
    unlabeled, sifted.leaked_unlabeled = _without_leaks(unlabeled, held_out, key)
    known = {key[row.text] for row in sifted.train}
    for row in unlabeled:
        (sifted.repeated_unlabeled if key[row.text] in known else sifted.unlabeled).append(row)
        known.add(key[row.text])
    pairs = near_duplicates([row.text for row in sifted.train])
    sifted.near = [(sifted.train[later], sifted.train[earlier]) for later, earlier in pairs]
    return sifted, told


def _usable(
    rows: list[Example], sifted: Sifted, told: dict[str, list[Example]], max_chars: int, *, labelled: bool
) -> list[Example]:
    kept: list[Example] = []
    for row in rows:
        if not clean(row.text) or (labelled and row.spans is None):
            (sifted.missing if clean(row.text) else sifted.empty).append(row)
            continue
        usable = row
        if len(row.text) > max_chars:
            sifted.over_long.append(row)
            usable = _cut(row, max_chars)
        if has_hidden(row.text):
            sifted.hidden.append(row)
        if _REPLACEMENT in usable.text:
            sifted.replaced.append(row)
        trimmed = tuple(_trimmed(span, usable.text) for span in usable.spans or ())
        if trimmed != (usable.spans or ()):
            told["entity-spaces"].append(row)
        if any(crossing(trimmed)):
            told["entities-cross"].append(row)
        linked = inspect_links.moved(usable, dict(zip(usable.spans or (), trimmed, strict=True)))
        once = tuple(dict.fromkeys(trimmed))  # two may have differed in white space alone
        kept.append(replace(linked, spans=once) if labelled else replace(linked, spans=None, relations=None))
    return kept


def _cut(row: Example, most: int) -> Example:
    """The beginning of a text, cut before the entity that would be cut."""
    spans = row.spans or ()
    end = min([most, *(span.start for span in spans if span.start < most < span.end)])
    whole = {span: span for span in spans if span.end <= end}
    return replace(inspect_links.moved(row, whole), text=row.text[:end], spans=tuple(whole))


def _trimmed(span: Span, text: str) -> Span:
    """An entity without the white space at its ends."""
    words = text[span.start : span.end]
    return replace(span, start=span.end - len(words.lstrip()), end=span.start + len(words.rstrip()))


def crossing(spans: Iterable[Span]) -> Iterator[tuple[Span, Span]]:
    """Pairs of entities that overlap, neither inside the other."""
    ordered = sorted(spans, key=lambda span: (span.start, -span.end))
    for index, first in enumerate(ordered):
        for second in ordered[index + 1 :]:
            if second.start >= first.end:
                break
            if second.end > first.end and second.start > first.start:
                yield first, second


def inner(row: Example) -> int:
    """How many entities of a row lie inside another, or are the same words as another."""
    ordered = sorted(row.spans or (), key=lambda span: (span.start, -span.end))
    ends = accumulate((span.end for span in ordered), max)
    return sum(second.end <= end for end, second in zip(ends, ordered[1:], strict=False))


def nesting_of(rows: Iterable[Example]) -> Nesting:
    """Whether entities lie inside others often enough to be looked for; a few such are no more than slips."""
    found = [(inner(row), len(row.spans or ())) for row in rows]
    inside, entities = (sum(part) for part in zip(*found, strict=True)) if found else (0, 0)
    return "nested" if inside and inside >= NESTED * entities else "flat"


def _merged(rows: list[Example]) -> tuple[list[Example], list[Example], list[Example]]:
    """The first row of each text, rows that repeat one with its marks, and rows that do so with others."""
    seen: dict[str, Example] = {}
    repeated: list[Example] = []
    otherwise: list[Example] = []
    for row in rows:
        first = seen.setdefault(row.text, row)
        if first is not row:
            same = first.spans == row.spans and first.relations == row.relations
            (repeated if same else otherwise).append(row)
    return list(seen.values()), repeated, otherwise


def _without_leaks(
    rows: list[Example], held_out: list[Example], key: dict[str, str]
) -> tuple[list[Example], list[Example]]:
    keys = {key[row.text] for row in held_out}
    near = {index for index, _ in near_matches([row.text for row in rows], [row.text for row in held_out])}
    kept: list[Example] = []
    leaked: list[Example] = []
    for index, row in enumerate(rows):
        (leaked if index in near or key[row.text] in keys else kept).append(row)
    return kept, leaked


def find(sifted: Sifted, told: dict[str, list[Example]], max_chars: int) -> list[Finding]:
    """All that is to be said of the rows."""
    return [
        *_types(sifted),
        *check_rows(sifted, max_chars),
        *(Finding("warning", code, places(rows), {"n": len(rows)}) for code, rows in told.items() if rows),
        *_twins(sifted.train),
        *inspect_links.find(sifted),
        *check_repeats(sifted),
    ]


def _types(sifted: Sifted) -> Iterator[Finding]:
    counts = Counter(span.type for row in sifted.train for span in row.spans or ())
    if not sifted.train:
        yield Finding("error", "no-rows")
        return
    if not counts:
        yield Finding("error", "no-entities", places(sifted.train))
        return
    if len(sifted.train) < 2:
        yield Finding("error", "one-marked-row", places(sifted.train))
    rare = [row for row in sifted.train if inner(row)]
    if rare and nesting_of(sifted.train) == "flat":
        yield Finding("note", "rarely-nested", places(rare), {"n": len(rare)})
    few = sorted(kind for kind, number in counts.items() if number < FEW)
    if few:
        yield Finding("warning", "few-entities", (), {"n": len(few), "few": FEW, "names": few})
    unseen = [row for row in (*sifted.dev, *sifted.test) if any(s.type not in counts for s in row.spans or ())]
    if unseen:
        names = sorted({span.type for row in unseen for span in row.spans or () if span.type not in counts})
        yield Finding("warning", "unseen-type", places(unseen), {"names": names})


def _twins(train: list[Example]) -> Iterator[Finding]:
    """Words that are an entity in one row and stand unmarked in another: often an entity that was overlooked."""
    surfaces = {
        row.text[span.start : span.end]
        for row in train
        for span in row.spans or ()
        if span.end - span.start >= _LEAST_TWIN
    }
    lengths = sorted(set(map(len, surfaces)))
    found: list[Example] = []
    words: Counter[str] = Counter()
    for row in train:
        covered = [False] * len(row.text)
        for span in row.spans or ():
            covered[span.start : span.end] = [True] * (span.end - span.start)
        hits = set(_unmarked(row.text, covered, surfaces, lengths))
        if hits:
            found.append(row)
            words.update(hits)
    if found:
        names = [word for word, _ in words.most_common(_NAMED)]
        yield Finding("note", "unmarked-twins", places(found), {"n": len(found), "names": names})


def _unmarked(text: str, covered: list[bool], surfaces: set[str], lengths: Iterable[int]) -> Iterator[str]:
    """The words of entities that stand in a text, no character of them marked, no letter of an alphabet beside them."""
    for length in lengths:
        for start in range(len(text) - length + 1):
            end = start + length
            word = text[start:end]
            if word not in surfaces or any(covered[start:end]):
                continue
            around = text[start - 1 : start] + text[end : end + 1]
            if not (word.isascii() and any(c.isascii() and c.isalnum() for c in around)):
                yield word


def task_of(train: list[Example]) -> Task:
    """The types, the language and how entities lie."""
    types = sorted({span.type for row in train for span in row.spans or ()})
    relations = inspect_links.relation_types(train)
    return Task(tuple(types), language(row.text for row in train), nesting=nesting_of(train), relations=relations)


def type_counts(sifted: Sifted) -> dict[str, dict[str, int]]:
    """Entities of each type by role, the most frequent in training first."""
    counts = {
        role: Counter(span.type for row in rows for span in row.spans or ())
        for role, rows in (("train", sifted.train), ("dev", sifted.dev), ("test", sifted.test))
    }
    types = sorted({kind for each in counts.values() for kind in each}, key=lambda k: (-counts["train"][k], k))
    return {kind: {role: counts[role][kind] for role in counts} for kind in types}
