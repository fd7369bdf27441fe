"""What can be said of a data set whose texts may have several labels, or none.

Knows labelled rows and how they name their labels. Does not know files, or models.
"""

from __future__ import annotations

from collections import Counter
from itertools import chain, combinations
from typing import TYPE_CHECKING

from danlu.corpus.several import told
from danlu.errors import quote
from danlu.factory.findings import FEW, MAX_LABELS, Finding, check_names, place, places
from danlu.text.normalize import han_share
from danlu.text.several import held

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from danlu.corpus.columns import Columns
    from danlu.types import Example

LEAST_ROWS = 4  # training rows below which nothing can be held out
LEAST_FREE = 2  # training rows without a label that no other has, below which no fold can be made
TOGETHER = 5  # pairs of labels that stand together most often


def labels_of(rows: Sequence[Example]) -> tuple[str, ...]:
    """Every label that some row has, sorted."""
    return tuple(sorted({label for row in rows for label in held(row.label)}))


def check_several(train: list[Example], held_out: list[Example], descriptions: dict[str, str]) -> list[Finding]:
    """The findings about labels.

    Args:
        train: the usable training rows.
        held_out: the usable development and test rows.
        descriptions: label to description, from the label list.
    """
    counts = Counter(label for row in train for label in held(row.label))
    if len(train) < LEAST_ROWS:
        return [Finding("error", "too-few-rows", places(train), {"n": len(train), "least": LEAST_ROWS})]
    if not counts:
        return [Finding("error", "no-label-holds", places(train))]
    if len(counts) > MAX_LABELS:
        return [Finding("error", "too-many-labels", places(train), {"n": len(counts), "most": MAX_LABELS})]
    if max(counts.values()) == 1:
        return [Finding("error", "one-example-each", places(train))]
    single = sorted(label for label, number in counts.items() if number < 2)
    alone = [row for row in train if set(held(row.label)) & set(single)]
    if len(train) - len(alone) < LEAST_FREE:
        return [Finding("error", "labels-of-their-own", places(alone), {"n": len(alone), "all": len(train)})]
    found: list[Finding] = []
    unseen = [row for row in held_out if set(held(row.label)) - set(counts)]
    if unseen:
        names = sorted({label for row in unseen for label in held(row.label)} - set(counts))
        found.append(Finding("error", "unseen-label", places(unseen), {"names": names}))
    few = sorted(label for label, number in counts.items() if 2 <= number < FEW)
    always = sorted(label for label, number in counts.items() if number == len(train))
    if single:
        found.append(Finding("warning", "single-example", places(alone), {"n": len(single), "names": single}))
    if few:
        found.append(Finding("warning", "few-examples", (), {"n": len(few), "few": FEW, "names": few}))
    if always:
        found.append(Finding("warning", "label-always-holds", (), {"names": always}))
    return [*found, *check_names(counts, train, descriptions)]


def several_facts(used: Mapping[str, Sequence[Example]]) -> dict[str, object]:
    """Rows of each label by role, how many labels a text has, and which stand together; fit for JSON.

    Args:
        used: the usable rows of train, dev and test.
    """
    counts = {role: Counter(label for row in rows for label in held(row.label)) for role, rows in used.items()}
    names = sorted(set(chain.from_iterable(counts.values())), key=lambda label: (-counts["train"][label], label))
    train = used["train"]
    sizes = Counter(len(held(row.label)) for row in train)
    few = train if len(names) <= MAX_LABELS else []  # of more, which is an error, there are too many pairs to count
    together = Counter(chain.from_iterable(combinations(held(row.label), 2) for row in few))
    return {
        "labels": {label: {role: counts[role][label] for role in counts} for label in names},
        "labels_per_text": {str(size): sizes[size] for size in sorted(sizes)},
        "together": [
            f"{first} + {second}: {number:,}"
            for (first, second), number in together.most_common(TOGETHER)
            if number > 1
        ],
    }


def several_evidence(columns: Columns, train: Sequence[Example], labels: Sequence[str]) -> list[str]:
    """Why a text is said to have several labels, and how rows were read."""
    sizes = [len(held(row.label)) for row in train]
    most = max(train, key=lambda row: len(held(row.label)), default=None)
    share = han_share(row.text for row in train)
    more, one, none = sum(size > 1 for size in sizes), sizes.count(1), sizes.count(0)
    evidence = [
        f"the text is the column {quote(columns.text)}; {told(columns)}",
        f"labels: {len(labels):,}; training rows with several: {more:,}, with one: {one:,}, with none: {none:,}",
        "no training text has a letter"
        if share is None
        else f"{share:.0%} of training texts are mainly Han characters",
    ]
    if most is not None and max(sizes) > 1:
        evidence.append(f"most labels: {max(sizes)}, at {place(most)}")
    return evidence
