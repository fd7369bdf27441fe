"""What the command line says of relations between entities: beside an answer, and as figures.

Knows answers, rows and figures; does not know models. Where a model knows no relations, nothing is said.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from danlu.cli_several import table_lines
from danlu.evals.relations import relations_of, summary
from danlu.text.normalize import clean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from danlu.types import Example, Extraction


def relations_json(found: Extraction) -> dict[str, Any]:
    """The relations of a text in a form that `forge` reads: head and tail are numbers of its entities, from 0."""
    if found.relations is None:
        return {}
    place = {(span.start, span.end, span.type): number for number, span in enumerate(found.spans)}
    return {
        "relations": [
            {
                "head": place[each.head.start, each.head.end, each.head.type],
                "tail": place[each.tail.start, each.tail.end, each.tail.type],
                "type": each.type,
                "head_text": found.surface(each.head),
                "tail_text": found.surface(each.tail),
                "probability": round(each.probability, 6),
            }
            for each in found.relations
        ]
    }


def relations_line(found: Extraction) -> str:
    """The relations of a text in one line, after its entities; empty where there are none."""
    said = [
        f"{clean(found.surface(each.head))} —{clean(each.type)}→ {clean(found.surface(each.tail))} "
        f"({each.probability:.2f})"
        for each in found.relations or ()
    ]
    return " | " + "; ".join(said) if said else ""


def measure_relations(
    rows: Sequence[Example], answers: Sequence[Extraction], relations: Sequence[str]
) -> dict[str, Any]:
    """The figures of relations in rows where they are known; a type the model does not know is missed."""
    truth = [None if row.relations is None else relations_of(row.relations) for row in rows]
    unknown = sorted({kind for row in truth for _, _, kind in row or ()} - set(relations))
    return summary(truth, [relations_of(answer.relations) for answer in answers], [*relations, *unknown])


def relation_lines(result: dict[str, Any]) -> list[str]:
    """The figures for people, a line for each relation."""
    if not result:
        return ["relations: not measured, since no row has the field of relations"]
    low, high = result["interval95"]
    first = (
        f"relations: F1 {result['f1']:.1%} (95% interval {low:.1%} to {high:.1%}), "
        f"precision {result['precision']:.1%}, recall {result['recall']:.1%}, "
        f"{result['relations']} relations in {result['n']} rows"
    )
    return [first, *table_lines(result["per_relation"], "relation")]
