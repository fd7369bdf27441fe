"""What card and report of an extraction say of relations, as plain JSON.

Knows the shape of both; computes nothing that was not measured elsewhere. Nothing here is asked where there are none.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from scipy.special import expit

from danlu.evals.relations import relations_of, summary
from danlu.factory.extract_links import named, related

if TYPE_CHECKING:
    from collections.abc import Sequence

    from danlu.factory.extract_links import Schema
    from danlu.factory.extract_material import Marked
    from danlu.factory.extract_measure import Figures
    from danlu.text.entities import Candidates
    from danlu.types import Example

    Link = tuple[tuple[int, int, str], tuple[int, int, str], str]

SHOWN = 20  # mistakes
AROUND = 40  # characters of a text on either side of a mistake


def learned(rows: Sequence[Example], schema: Schema, labels: Sequence[str]) -> dict[str, Any]:
    """How many relations were learned from, and between which types."""
    counts = Counter(each.type for row in rows for each in row.relations or ())
    return {
        "relations": sum(counts.values()),
        "relation_rows": sum(row.relations is not None for row in rows),
        "per_relation": {name: counts[name] for name in schema.relations},
        "triples": [[labels[head], schema.relations[kind], labels[tail]] for head, kind, tail in schema.triples],
    }


def measured(figures: Figures, material: Marked, schema: Schema, *, nested: bool) -> dict[str, dict[str, Any]]:
    """The figures of relations of the student, of its teacher and of the teacher before the loop."""
    truth = [None if row.relations is None else relations_of(row.relations) for row in figures.rows]
    names = sorted({*schema.relations, *(kind for row in truth for _, _, kind in row or ())})
    return {
        part: summary(truth, [[link for link, _ in row] for row in given], names)
        for part, given in found_links(figures, material, schema, nested=nested).items()
    }


def found_links(
    figures: Figures, material: Marked, schema: Schema, *, nested: bool
) -> dict[str, list[list[tuple[Link, float]]]]:
    """The relations of each measured text with their logits, as each of the three models gives them."""
    parts = (
        ("student", figures.found, figures.least),
        ("teacher", figures.teacher, figures.teacher_least[0]),
        ("no_loop", figures.no_loop, figures.teacher_least[1]),
    )
    return {
        name: [
            _named(each, bar, link_bar, material, schema, nested=nested)
            for each, bar, link_bar in zip(found, least, link_least, strict=True)
        ]
        for (name, found, least), link_least in zip(parts, figures.link_least, strict=True)
    }


def _named(
    found: Candidates, least: float, link_least: float, material: Marked, schema: Schema, *, nested: bool
) -> list[tuple[Link, float]]:
    got = related(found, least, link_least, nested=nested)
    return list(zip(named(got, material.labels, schema.relations), got.values(), strict=True))


def shown(row: Example, found: Sequence[tuple[Link, float]]) -> dict[str, Any]:
    """What a text shown in the report says of its relations."""
    given = sorted((link for link, _ in found), key=_order)
    real = [] if row.relations is None else sorted(relations_of(row.relations), key=_order)
    return {"links": given, "real_links": real, "links_known": row.relations is not None}


def mistakes(figures: Figures, given: Sequence[Sequence[tuple[Link, float]]]) -> list[dict[str, Any]]:
    """The relations the model is surest of and that are none, and some of those that it misses."""
    calibration = figures.calibration.links
    assert calibration is not None, "relations without a calibration"
    false: list[tuple[float, dict[str, Any]]] = []
    missed: list[dict[str, Any]] = []
    for row, got in zip(figures.rows, given, strict=True):
        if row.relations is None:
            continue
        real = relations_of(row.relations)
        for link, logit in got:
            if link not in real:
                sure = float(expit(calibration.scale * logit + calibration.shift))
                false.append((sure, _mistake(row, link, "false", sure)))
        missed += [_mistake(row, link, "missed", None) for link in sorted(real - {link for link, _ in got}, key=_order)]
    false.sort(key=lambda pair: (-round(pair[0], 6), pair[1]["text"], str(pair[1]["link"])))
    chosen = [mistake for _, mistake in false][: SHOWN // 2]
    return chosen + missed[:: max(1, len(missed) // (SHOWN - len(chosen)))][: SHOWN - len(chosen)]


def _order(link: Link) -> tuple[Any, ...]:
    return link[0], link[1], link[2]


def _mistake(row: Example, link: Link, kind: str, sure: float | None) -> dict[str, Any]:
    """A mistake with the words around it; offsets are those of the shown part."""
    head, tail, relation = link
    start = max(0, min(head[0], tail[0]) - AROUND)
    end = min(len(row.text), max(head[1], tail[1]) + AROUND)
    moved = [(s - start, e - start, type_) for s, e, type_ in (head, tail)]
    return {
        "text": row.text[start:end],
        "cut": [start > 0, end < len(row.text)],
        "link": (moved[0], moved[1], relation),
        "kind": kind,
        "probability": None if sure is None else round(sure, 6),
    }
