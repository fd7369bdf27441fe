"""What can be said about a data set: a finding, and the findings about its labels.

Knows labelled rows. Does not know files, texts that repeat, or how findings are shown.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from danlu.factory.finding_text import say
from danlu.text.score import is_number
from danlu.text.several import held
from danlu.text.wording import alike, meaningless, reordered, same_words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from danlu.factory.finding_text import Value
    from danlu.types import Example, Language

Level = Literal["error", "warning", "note"]

MAX_LABELS = 1000
FREE_TEXT_LABELS = 20  # from here on, labels that number more than half the rows look like free text
FEW = 8  # examples of a label below which it is learned badly
DEGREES = 3  # labels from which on numbers may be degrees of one thing
IMBALANCE = 10  # times the smallest label
SHOWN = 10  # rows or labels named in one finding
REST = frozenset(("other", "others", "misc", "none", "其他", "其它", "杂项"))  # names that no text is near to
LEAST_TEXTS, LEAST_OF_EACH = 50, 10  # unlabelled texts, in all and for each label, that names alone can be learned on
FEW_OF_EACH = 100  # and below which they are learned badly
_LIKE_NOTHING = frozenset(("nan", "none", "null", "n/a", "#n/a", "na", "nil", "-", "?"))


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to know about a data set.

    Attributes:
        level: an error stops production, a warning costs accuracy, a note only informs.
        code: a stable name for it, such as 'one-label'; its sentence is in finding_text.
        rows: up to ten rows it concerns, as 'train.csv:17'.
        values: what stands in its sentence.
    """

    level: Level
    code: str
    rows: tuple[str, ...] = ()
    values: Mapping[str, Value] = field(default_factory=dict[str, "Value"])

    @property
    def message(self) -> str:
        """What is the matter and what to do, in one English sentence."""
        return self.say("en")

    def say(self, language: Language) -> str:
        """The same in the language of the data: in Chinese where that is zh, as the report."""
        return say(self.code, self.values, chinese=language == "zh")


def place(row: Example) -> str:
    """Where a row stands, as 'train.csv:17'."""
    return f"{row.source}:{row.row}"


def places(rows: Iterable[Example]) -> tuple[str, ...]:
    """Where the first ten rows stand."""
    return tuple(place(row) for row, _ in zip(rows, range(SHOWN), strict=False))


def check_labels(
    train: list[Example], held_out: list[Example], descriptions: dict[str, str], *, pairs: bool = False
) -> list[Finding]:
    """The findings about labels.

    Args:
        train: the usable training rows.
        held_out: the usable development and test rows.
        descriptions: label to description, from the label list.
        pairs: whether rows are pairs of texts, which no name or description of a label can be compared with.
    """
    counts = Counter(row.label for row in train if row.label is not None)
    if not counts:
        return [Finding("error", "no-rows")]
    shape = _shape(counts, train)
    if shape is not None:
        return [shape]
    checks: tuple[Callable[[], Iterator[Finding]], ...] = (
        lambda: _unseen(counts, held_out),
        lambda: _small(counts, train),
        lambda: _names(counts, train, {} if pairs else descriptions, worded=not pairs),
        lambda: _unused(descriptions) if pairs else _described(counts, descriptions),
    )
    return [finding for check in checks for finding in check()]


def check_names_only(descriptions: dict[str, str], texts: list[Example], test: list[Example]) -> list[Finding]:
    """The findings about labels that are known by their names alone.

    Args:
        descriptions: label to description, from the label list.
        texts: the usable unlabelled rows.
        test: the usable test rows.
    """
    labels, least = list(descriptions), max(LEAST_TEXTS, LEAST_OF_EACH * len(descriptions))
    if len(labels) == 1:
        return [Finding("error", "one-name", (), {"names": labels})]
    if len(labels) > MAX_LABELS:
        return [Finding("error", "too-many-names", (), {"n": len(labels), "most": MAX_LABELS})]
    found = [Finding("warning", "nothing-labelled-tested" if test else "nothing-labelled")]
    silent = meaningless(labels, descriptions)
    if silent:
        found.append(Finding("error", "name-says-nothing", (), {"names": silent}))
    same = same_words(labels, descriptions)
    found += [Finding("error", "names-say-the-same", (), {"names": group}) for group in same[:SHOWN]]
    unknown = [row for row in test if row.label not in descriptions]
    if unknown:
        names = sorted({str(row.label) for row in unknown})
        found.append(Finding("error", "unknown-test-label", places(unknown), {"names": names}))
    if len(texts) < least:
        found.append(Finding("error", "too-few-texts", (), {"n": len(texts), "least": least}))
    elif len(texts) < FEW_OF_EACH * len(labels):
        found.append(Finding("warning", "few-texts", (), {"n": len(texts), "few": FEW_OF_EACH * len(labels)}))
    rest = sorted(label for label in labels if label.casefold() in REST and not descriptions[label])
    if rest:
        found.append(Finding("warning", "rest-label", (), {"names": rest}))
    return found if same else [*found, *_alike(Counter(labels), [], descriptions)]


def check_names(counts: Counter[str], train: list[Example], descriptions: dict[str, str]) -> list[Finding]:
    """The findings about names and descriptions, where a text may have several labels."""
    return [*_names(counts, train, descriptions, worded=True), *_described(counts, descriptions)]


def _shape(counts: Counter[str], train: list[Example]) -> Finding | None:
    """The one error that makes all others about labels pointless."""
    rows, labels = len(train), len(counts)
    if labels == 1:
        return Finding("error", "one-label", places(train), {"label": next(iter(counts))})
    if labels > MAX_LABELS:
        return Finding("error", "too-many-labels", places(train), {"n": labels, "most": MAX_LABELS})
    if labels > FREE_TEXT_LABELS and labels > rows / 2:
        return Finding("error", "free-text-labels", places(train), {"labels": labels, "n": rows})
    if max(counts.values()) == 1:
        return Finding("error", "one-example-each", places(train))
    return None


def _unseen(counts: Counter[str], held_out: list[Example]) -> Iterator[Finding]:
    rows = [row for row in held_out if row.label is not None and row.label not in counts]
    if rows:
        names = sorted({str(row.label) for row in rows})
        yield Finding("error", "unseen-label", places(rows), {"names": names})


def _small(counts: Counter[str], train: list[Example]) -> Iterator[Finding]:
    single = sorted(label for label, number in counts.items() if number < 2)
    few = sorted(label for label, number in counts.items() if 2 <= number < FEW)
    if single:
        rows = places(row for row in train if row.label in single)
        yield Finding("warning", "single-example", rows, {"n": len(single), "names": single})
    if few:
        yield Finding("warning", "few-examples", (), {"n": len(few), "few": FEW, "names": few})
    (most, largest), (least, smallest) = counts.most_common()[0], counts.most_common()[-1]
    if largest > IMBALANCE * smallest:
        values = {"most": most, "largest": largest, "least": least, "smallest": smallest}
        yield Finding("warning", "imbalance", (), values)


def _names(
    counts: Counter[str], train: list[Example], descriptions: dict[str, str], *, worded: bool
) -> Iterator[Finding]:
    if worded and all(map(is_number, counts)):
        yield Finding("note", "numeric-labels")
    if len(counts) >= DEGREES and all(map(is_number, counts)):
        yield Finding("note", "maybe-scores", (), {"n": len(counts)})
    nothing = sorted(label for label in counts if label.casefold() in _LIKE_NOTHING)
    if nothing:
        rows = places(row for row in train if set(held(row.label)) & set(nothing))
        yield Finding("warning", "missing-value-label", rows, {"names": nothing})
    yield from _alike(counts, train, descriptions)


def _alike(counts: Counter[str], train: list[Example], descriptions: dict[str, str]) -> Iterator[Finding]:
    """Labels that may be one: of one spelling but for trifles, or of the same words in another order.

    The order is no matter where each of them is described in words of its own.
    """
    labels = sorted(counts)
    turned = [group for group in reordered(labels) if not _told_apart(group, descriptions)]
    for code, groups in (("labels-alike", alike(labels)), ("labels-overlap", turned)):
        for group in groups[:SHOWN]:
            rows = places(row for row in train if set(held(row.label)) & set(group))
            yield Finding("warning", code, rows, {"names": group})


def _told_apart(labels: list[str], descriptions: dict[str, str]) -> bool:
    said = {descriptions.get(label, "").casefold() for label in labels} - {""}
    return len(said) == len(labels)


def _unused(descriptions: dict[str, str]) -> Iterator[Finding]:
    if descriptions:
        yield Finding("note", "label-list-unused")


def _described(counts: Counter[str], descriptions: dict[str, str]) -> Iterator[Finding]:
    unused = sorted(set(descriptions) - set(counts))
    if unused:
        yield Finding("warning", "label-without-rows", (), {"names": unused})
    missing = sorted(set(counts) - set(descriptions)) if descriptions else []
    if missing:
        yield Finding("note", "label-not-listed", (), {"names": missing})
