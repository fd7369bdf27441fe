"""What `danlu check` says of relations: how many, between which types, how far apart, and what is wrong with them.

Knows rows with entities and relations; does not know models or tokens.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from danlu.factory.findings import Finding, places
from danlu.text.pieces import WINDOW

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from danlu.factory.sift import Sifted
    from danlu.types import Example, Relation, Span

FEW = 10  # relations of a type below which it is learned badly
LEAST = 2  # below which it is hardly learned at all
# What is a token at least: a hanzi, a run of letters or digits, a sign.
_TOKEN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]|[^\W\d_\u3400-\u9fff\uf900-\ufaff]+|\d+|[^\w\s]|_")


def moved(row: Example, where: Mapping[Span, Span]) -> Example:
    """A row whose relations follow its entities to where these are now.

    Those of an entity that is gone are gone, and so are those that lead from an entity to itself, or say what another
    says, because two entities have become one.
    """
    if row.relations is None:
        return row
    kept = [
        replace(each, head=where[each.head], tail=where[each.tail])
        for each in row.relations
        if each.head in where and each.tail in where
    ]
    return replace(row, relations=tuple(dict.fromkeys(each for each in kept if each.head != each.tail)))


def relation_types(train: list[Example]) -> tuple[str, ...]:
    """The types of relations, sorted."""
    return tuple(sorted({each.type for row in train for each in row.relations or ()}))


def triple(each: Relation) -> tuple[str, str, str]:
    """What kind of thing is related to what, and how."""
    return each.head.type, each.type, each.tail.type


def facts(sifted: Sifted) -> dict[str, object]:
    """Relations of each type by role, the types they lead between in training rows, and how far apart these stand."""
    roles = {"train": sifted.train, "dev": sifted.dev, "test": sifted.test}
    counts = {role: Counter(each.type for row in rows for each in row.relations or ()) for role, rows in roles.items()}
    learned = [each for row in sifted.train for each in row.relations or ()]
    triples = Counter(map(triple, learned))
    names = sorted({name for each in counts.values() for name in each}, key=lambda name: (-counts["train"][name], name))
    return {
        name: {
            **{role: counts[role][name] for role in roles},
            "triples": [[head, tail, n] for (head, kind, tail), n in triples.most_common() if kind == name],
            "apart": _quantiles([_apart(each) for each in learned if each.type == name]),
        }
        for name in names
    }


def find(sifted: Sifted) -> Iterator[Finding]:
    """The findings about relations; none where no training row has any."""
    counts = Counter(each.type for row in sifted.train for each in row.relations or ())
    if not counts:
        return
    for code, names in (
        ("single-relation", sorted(name for name, n in counts.items() if n < LEAST)),
        ("few-relations", sorted(name for name, n in counts.items() if LEAST <= n < FEW)),
    ):
        if names:
            yield Finding("warning", code, (), {"n": len(names), "few": FEW, "names": names})
    known = {triple(each) for row in sifted.train for each in row.relations or ()}
    for row_code, rows in (
        ("unknown-relations", [row for row in sifted.train if row.relations is None]),
        ("unmeasured-relations", [row for row in (*sifted.dev, *sifted.test) if row.relations is None]),
    ):
        if rows:
            yield Finding("note", row_code, places(rows), {"n": len(rows)})
    unseen = [
        (row, triple(each))
        for row in (*sifted.dev, *sifted.test)
        for each in row.relations or ()
        if triple(each) not in known
    ]
    if unseen:
        names = sorted({" → ".join(kinds) for _, kinds in unseen})
        yield Finding("warning", "unseen-relation", places(row for row, _ in unseen), {"names": names})
    apart = [row for row in sifted.train for each in row.relations or () if _tokens(row, each) > WINDOW]
    if apart:
        yield Finding("warning", "far-relations", places(apart), {"n": len(apart), "window": WINDOW})


def _apart(each: Relation) -> int:
    """Characters between the two entities; 0 where they touch or overlap."""
    return max(0, max(each.head.start, each.tail.start) - min(each.head.end, each.tail.end))


def _tokens(row: Example, each: Relation) -> int:
    """Tokens from the first to the last character of a relation, at least."""
    start, end = min(each.head.start, each.tail.start), max(each.head.end, each.tail.end)
    return len(_TOKEN.findall(row.text[start:end]))


def _quantiles(values: list[int]) -> dict[str, int]:
    if not values:
        return {}
    found = np.quantile(values, [0.5, 0.9, 1.0], method="nearest")
    return dict(zip(("p50", "p90", "max"), map(int, found), strict=True))
