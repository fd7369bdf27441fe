"""The relations of an extraction: what rows say of them, which thresholds suit them, and what is found at these.

A relation of a text is seven numbers: first character, character after the last and type of its head, the same of its
tail, and what holds. Knows rows and candidates; does not know networks or texts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import expit

from danlu.evals.entities import f1
from danlu.factory.extract_judge import GRID, Calibration, best_of, scaled
from danlu.text.entities import decode
from danlu.text.links import allowed_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from danlu.factory.extract_judge import Gold
    from danlu.text.entities import Candidates
    from danlu.types import Example

    Related = frozenset[tuple[int, ...]]


@dataclass(frozen=True)
class Schema:
    """Which relations there can be.

    Attributes:
        relations: what they are called.
        triples: numbers of a head's type, a relation and a tail's type that stand together in training rows.
    """

    relations: tuple[str, ...]
    triples: tuple[tuple[int, int, int], ...]

    @classmethod
    def of(cls, rows: Sequence[Example], labels: Sequence[str], relations: tuple[str, ...]) -> Schema | None:
        """That of some rows; None where none of them has a relation."""
        found = {
            (labels.index(each.head.type), relations.index(each.type), labels.index(each.tail.type))
            for row in rows
            for each in row.relations or ()
        }
        return cls(relations, tuple(sorted(found))) if found else None

    def allowed(self, types: int) -> NDArray[np.bool_]:
        """(types, relations, types) whether a head of a type may have a relation to a tail of a type."""
        return allowed_of(self.triples, types, len(self.relations))

    def entry(self, calibration: Calibration | None) -> dict[str, Any]:
        """What a model file says of them."""
        scores = calibration or Calibration(1.0, 0.0, 0.5)
        return {
            "labels": list(self.relations),
            "triples": [list(triple) for triple in self.triples],
            "scale": scores.scale,
            "shift": scores.shift,
            "threshold": scores.threshold,
        }


def gold_links(rows: Sequence[Example], labels: Sequence[str], relations: Sequence[str]) -> list[Related | None]:
    """The relations of each row, None where nobody marked any; unknown types and relations have the next number."""
    types, kinds = ({name: number for number, name in enumerate(names)} for names in (labels, relations))
    return [
        None
        if row.relations is None
        else frozenset(
            (
                *(part for s in (each.head, each.tail) for part in (s.start, s.end, types.get(s.type, len(types)))),
                kinds.get(each.type, len(kinds)),
            )
            for each in row.relations
        )
        for row in rows
    ]


def targets(row: Example, relations: Sequence[str]) -> NDArray[np.float32] | None:
    """(n, n, Q) 1 where a relation leads from one of a row's n entities to another; None where nobody marked any."""
    if row.relations is None or not relations:
        return None
    place = {(span.start, span.end, span.type): number for number, span in enumerate(row.spans or ())}
    found = np.zeros((len(place), len(place), len(relations)), np.float32)
    for each in row.relations:
        head, tail = (place[span.start, span.end, span.type] for span in (each.head, each.tail))
        found[head, tail, relations.index(each.type)] = 1.0
    return found


def beliefs(found: Candidates, taken: Sequence[int], schema: Schema | None) -> NDArray[np.float32] | None:
    """(m, m, Q) how surely a teacher says that a relation leads from one of m candidates taken to another."""
    if schema is None:
        return None
    place = {index: number for number, index in enumerate(taken)}
    out = np.zeros((len(place), len(place), len(schema.relations)), np.float32)
    for (head, tail, kind), share in zip(found.links.tolist(), expit(found.link_logits).tolist(), strict=True):
        if head in place and tail in place:
            out[place[head], place[tail], kind] = share
    return out


def related(found: Candidates, least: float, link_least: float, *, nested: bool) -> dict[tuple[int, ...], float]:
    """The relations of a text at two thresholds, with their logits.

    Args:
        found: the candidates of the text.
        least: the logit from which on a candidate can be an entity.
        link_least: that from which on a relation holds.
        nested: whether one entity may lie inside another.
    """
    taken = set(decode(found, least, nested=nested))
    return {
        (*found.places[head].tolist(), *found.places[tail].tolist(), kind): logit
        for (head, tail, kind), logit in zip(found.links.tolist(), found.link_logits.tolist(), strict=True)
        if logit >= link_least and head in taken and tail in taken
    }


def named(
    links: Iterable[tuple[int, ...]], labels: Sequence[str], relations: Sequence[str]
) -> list[tuple[tuple[int, int, str], tuple[int, int, str], str]]:
    """Relations with the names of types in place of their numbers."""
    return [
        ((link[0], link[1], labels[link[2]]), (link[3], link[4], labels[link[5]]), relations[link[6]]) for link in links
    ]


def link_threshold(
    found: Sequence[Candidates], gold: Sequence[Related | None], least: Sequence[float], *, nested: bool
) -> tuple[float, float]:
    """The logit from which on relations are best taken, and the micro-F1 there, of the rows where they are known.

    Args:
        found: candidates of each row.
        gold: its relations.
        least: the logit of the threshold of entities in it.
        nested: whether one entity may lie inside another.
    """
    counts = np.zeros((len(GRID), 3))
    for each, wanted, bar in zip(found, gold, least, strict=True):
        if wanted is None:
            continue
        got = related(each, bar, -np.inf, nested=nested)
        for number, link_least in enumerate(GRID):
            taken = {link for link, logit in got.items() if logit >= link_least}
            counts[number] += (len(taken & wanted), len(taken), len(wanted))
    return best_of(np.array([f1(*row) for row in counts]))


def link_calibration(
    found: Sequence[Candidates], gold: Sequence[Related | None], entities: Gold, link_least: float
) -> Calibration:
    """Platt's scaling of the logits of relations between entities that are right, in rows where they are known.

    An entity that takes part in no relation counts as much as any: the probability is given two right entities.

    Args:
        found: candidates of rows that were not learned from.
        gold: their relations.
        entities: (entities, 3) all that are marked in each.
        link_least: the logit of the threshold.
    """
    logits: list[float] = []
    truth: list[float] = []
    for each, wanted, marks in zip(found, gold, entities, strict=True):
        if wanted is None:
            continue
        known = set(map(tuple, marks.tolist()))
        for (head, tail, kind), logit in zip(each.links.tolist(), each.link_logits.tolist(), strict=True):
            ends = (*each.places[head].tolist(), *each.places[tail].tolist())
            if {ends[:3], ends[3:]} <= known:
                logits.append(logit)
                truth.append(float((*ends, kind) in wanted))
    return scaled(np.array(logits), np.array(truth), link_least)
