"""What the command line says of entities in a text: an answer, and figures; of their relations, see cli_relations.

Knows answers, rows and figures; does not know options or files.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from danlu.cli_relations import measure_relations, relation_lines, relations_json, relations_line
from danlu.cli_several import table_lines
from danlu.errors import DataError, listing
from danlu.text.normalize import clean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from danlu.artifact import Extractor
    from danlu.types import Example, Extraction


def entities_json(found: Extraction) -> dict[str, object]:
    """A text with its entities and their relations, in a form that `forge` reads."""
    return {
        "text": found.text,
        "entities": [
            {
                "start": span.start,
                "end": span.end,
                "type": span.type,
                "text": found.surface(span),
                "probability": round(span.probability, 6),
            }
            for span in found.spans
        ],
        **relations_json(found),
    }


def entities_line(found: Extraction) -> str:
    """The same in one line, for people; of a long text, its beginning."""
    said = [f"{clean(found.surface(span))} ({clean(span.type)} {span.probability:.2f})" for span in found.spans]
    return f"{'; '.join(said) or '-'}{relations_line(found)}\t{clean(found.text)[:100]}"


def measure_entities(model: Extractor, rows: Sequence[Example], file: str) -> tuple[dict[str, Any], list[str]]:
    """The figures of a model on rows with entities, ready for JSON, and the same for people.

    Entities of a type that the model does not know count as missed; such types are named in `unknown_types`, and
    such relations in `unknown_relations`.

    Raises:
        DataError: a row has no entities, not even none, or the model knows no type that stands in the rows.
    """
    from danlu.evals.entities import summary

    for row in rows:
        if row.spans is None:
            what, fix = "the entities are missing", "mark them, or write an empty list where there are none"
            raise DataError(what, fix, file=file, row=row.row)
    truth = [[(span.start, span.end, span.type) for span in row.spans or ()] for row in rows]
    answers = model.predict([row.text for row in rows])
    found = [[(span.start, span.end, span.type) for span in answer.spans] for answer in answers]
    there = {kind for row in truth for _, _, kind in row}
    unknown = sorted(there - set(model.labels))
    if unknown and len(unknown) == len(there):
        what = f"the model knows none of its types ({listing(unknown)})"
        raise DataError(what, f"use some of {listing(model.labels)}, or measure another model", file=file)
    figures = summary(truth, found, [*model.labels, *unknown])
    result: dict[str, Any] = {**figures, "unknown_types": unknown}
    links = model.settings.links
    linked: dict[str, Any] = {}
    if links:
        known = {relation.type for row in rows for relation in row.relations or ()}
        linked["relations"] = measure_relations(rows, answers, links.labels)
        linked["unknown_relations"] = sorted(known - set(links.labels))
    low, high = result["interval95"]
    first = (
        f"F1 {result['f1']:.1%} (95% interval {low:.1%} to {high:.1%}), precision {result['precision']:.1%}, "
        f"recall {result['recall']:.1%}, {result['entities']} entities in {result['n']} rows"
    )
    lines = [first, *table_lines(result["per_type"], "type"), *(relation_lines(linked["relations"]) if links else [])]
    return result | linked, lines


def unknown_names(result: dict[str, Any], file: str) -> list[str]:
    """What to say of types and relations that stand in measured rows and not in the model, a sentence each."""
    words = ("unknown_types", "types", "entities"), ("unknown_relations", "relations", "relations")
    return [
        f"{file}: the model does not know the {kinds} {listing(result[key])}; all {held} of them count as missed. "
        f"Fix: use its own names, or leave these {held} out of the file."
        for key, kinds, held in words
        if result.get(key)
    ]
