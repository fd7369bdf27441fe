"""How good extracted relations are: both entities exact with their types, direction and relation right (strict).

Knows relations as (head, tail, relation), an entity being (start, end, type); knows nothing of models, files or torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from danlu.evals import entities

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from danlu.types import Relation

    Entity = tuple[int, int, str]
    Linked = Iterable[tuple[Entity, Entity, str]]


def relations_of(relations: Sequence[Relation] | None) -> frozenset[tuple[Entity, Entity, str]]:
    """Relations without their probabilities, to be compared."""
    return frozenset(
        ((r.head.start, r.head.end, r.head.type), (r.tail.start, r.tail.end, r.tail.type), r.type)
        for r in relations or ()
    )


def summary(truth: Sequence[Linked | None], found: Sequence[Linked], relations: Sequence[str]) -> dict[str, Any]:
    """Every figure of one model on the rows whose relations are known, ready for JSON.

    Args:
        truth: the relations of each row; None where nobody marked any.
        found: those that a model gives.
        relations: their names.

    Returns:
        n rows, relations, f1, precision, recall (micro), interval95 of the F1 (bootstrap over rows), and per_relation
        (relation, f1, precision, recall, n); shares in 0..1, rounded to 6 digits. Nothing where no row is known.
    """
    known = [(real, given) for real, given in zip(truth, found, strict=True) if real is not None]
    if not known:
        return {}
    counted = entities.summary([_numbered(real) for real, _ in known], [_numbered(got) for _, got in known], relations)
    per_type = [{"relation" if key == "type" else key: v for key, v in row.items()} for row in counted.pop("per_type")]
    return {"n": counted.pop("n"), "relations": counted.pop("entities"), **counted, "per_relation": per_type}


def _numbered(linked: Linked) -> list[tuple[Any, Any, str]]:
    """Relations as the counting of entities takes them: a place, which is two entities here, and a type."""
    return [(head, tail, kind) for head, tail, kind in linked]
