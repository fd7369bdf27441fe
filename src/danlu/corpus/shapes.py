"""The shapes in which users write the entities of a row, and one entity as it is written.

Knows what stands in a cell; does not know columns, texts or what an entity must be.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    Row = dict[str, object]

# A whole number written as a string; an offset has no more digits.
_WRITTEN = re.compile(r"(\d{1,9})(\.0*)?")
_ID = ("id", "entity_id")
_START = ("start", "start_offset", "begin", "start_idx", "start_index", "from", "offset")
_END = ("end", "end_offset", "stop", "end_idx", "end_index", "to")
_TYPE = ("type", "entity_type", "label", "entity_label", "category", "tag", "labels", "类型", "类别")
_SURFACE = ("text", "entity_text", "surface", "entity", "word", "mention", "value", "文本")
_INDEX = ("entity_index", "index", "indices", "span")
SHAPES = {
    "objects": "objects with start, end and type",
    "triples": "lists [start, end, type]",
    "by type": "type, then surface, then [start, end] as in CLUENER",
    "index": "objects with a text, a type and its places as in GTS-Engine",
    "tags": "one tag a token",
    "words": "the words that relations name",
}


@dataclass(frozen=True, slots=True)
class Mark:
    """One entity as written: where, what, and its words and its id where they are given."""

    start: object
    end: object
    type: object
    surface: str | None = None
    id: object = None


def shape_of(item: object) -> str | None:
    """The key of SHAPES that one entity has, None where it has none."""
    if isinstance(item, dict):
        keys = set(cast("Row", item))
        if keys & set(_INDEX) and not keys & set(_START):
            return "index"
        return "objects" if keys & set(_START) and keys & set(_END) else None
    if isinstance(item, (list, tuple)):
        parts = list(cast("Sequence[object]", item))
        return "triples" if len(parts) == 3 and isinstance(parts[2], str) and whole(parts[0]) is not None else None
    return None


def whole(value: object) -> int | None:
    """A whole number, whether it is written as 1, 1.0 or a string of either; None for anything else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str):
        written = _WRITTEN.fullmatch(value.strip())
        return int(written.group(1)) if written else None
    return value if isinstance(value, int) else None


def field_of(item: Row, names: Sequence[str]) -> object:
    """What stands under the first of some names that an object has; None where it has none of them."""
    return next((item[name] for name in names if name in item), None)


def _words(item: Row) -> str | None:
    found = field_of(item, _SURFACE)
    return found if isinstance(found, str) else None


def _objects(value: object) -> Iterator[Mark]:
    for item in cast("list[Row]", value):
        kind = field_of(item, _TYPE)
        if isinstance(kind, list) and len(cast("list[object]", kind)) == 1:
            kind = cast("list[object]", kind)[0]
        yield Mark(field_of(item, _START), field_of(item, _END), kind, _words(item), field_of(item, _ID))


def _triples(value: object) -> Iterator[Mark]:
    for start, end, kind in cast("list[tuple[object, object, object]]", value):
        yield Mark(start, end, kind)


def _by_type(value: object) -> Iterator[Mark]:
    for kind, surfaces in cast("dict[str, dict[str, list[tuple[object, object]]]]", value).items():
        for surface, places in surfaces.items():
            for start, end in places:
                yield Mark(start, end, kind, surface)


def _indexed(value: object) -> Iterator[Mark]:
    for item in cast("list[Row]", value):
        index = cast("list[object]", field_of(item, _INDEX))
        places = index if index and isinstance(index[0], (list, tuple)) else [index]
        for start, end in cast("list[tuple[object, object]]", places):
            yield Mark(start, end, field_of(item, _TYPE), _words(item), field_of(item, _ID))


READERS = {"objects": _objects, "triples": _triples, "by type": _by_type, "index": _indexed}
