"""Relations between the entities of a row: in which column, in which of the shapes that users have, and the relations.

Beside marked entities, each is an object (head, tail and type under the names of Doccano, DyGIE and others) or a list
[head, type, tail], whose ends are numbers of entities, their ids, or their words. Without marked entities, a list of
triples such as DuIE's names the words alone, and entities are the places where these stand, if there is one place only.
Knows rows; does not know which file plays which role.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from danlu.corpus.columns import as_text, is_scalar
from danlu.corpus.shapes import field_of, whole
from danlu.errors import listing, quote
from danlu.text.pair import plain
from danlu.types import Relation, Span

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from danlu.corpus.place import Place

    Row = dict[str, object]

# Each in order of preference.
SURE = ("relations", "relation_list", "关系", "关系列表")  # beside entities nothing else is called so
COLUMNS = (*SURE, "relation", "rels", "links")
TRIPLES = ("spo_list", "triples", "triple_list", "triplets", "spo", "三元组", *COLUMNS)
_HEAD = ("head", "from", "source", "subject", "head_id", "from_id", "source_id", "h", "头实体", "主体")
_TAIL = ("tail", "to", "target", "object", "tail_id", "to_id", "target_id", "t", "尾实体", "客体")
_TYPE = ("type", "relation", "predicate", "relation_type", "label", "rel", "relationship", "关系", "类型")
_HEAD_TYPE, _TAIL_TYPE = ("subject_type", "head_type", "主体类型"), ("object_type", "tail_type", "客体类型")
_VALUE = "@value"  # of DuIE's objects with several parts: the one that is the object itself
_AFTER_LATIN = "\u0250"  # the first character that is no Latin letter, with or without accents
UNTYPED = "entity"  # the type of an entity that is known by its words alone
LIKE = (
    'write {"text": "…", "entities": [{"start": 0, "end": 2, "type": "…"}, …], "relations": [{"head": 0, "tail": 1, '
    '"type": "…"}]}, head and tail being numbers of entities, from 0, or their ids'
)


@dataclass(frozen=True, slots=True)
class _Link:
    """One relation as written."""

    head: object
    tail: object
    type: str
    head_type: str = UNTYPED
    tail_type: str = UNTYPED


def column_of(rows: Sequence[Row], names: Iterable[str], *, beside: str | None) -> str | None:
    """The column of relations beside one of entities, or of triples where no column marks any; None where none is.

    Args:
        rows: some rows, cells parsed.
        names: of their columns.
        beside: the column of entities.
    """
    known = [name for name in (COLUMNS if beside else TRIPLES) if name in names and name != beside]
    cells = {name: [row.get(name) for row in rows] for name in known}
    if beside is not None:
        sure = [name for name in known if name in SURE and any(isinstance(cell, (list, dict)) for cell in cells[name])]
        known = [*sure, *known]
        return next((name for name in known if name in sure or _look_so(cells[name], empty=True)), None)
    return next((name for name in known if _look_so(cells[name], empty=False)), None)


def _look_so(cells: Sequence[object], *, empty: bool) -> bool:
    """Whether filled cells are lists of relations; `empty` says what lists that are all empty are taken for."""
    lists = [cast("list[object]", cell) for cell in cells if isinstance(cell, list)]
    items = [item for cell in lists for item in cell]
    if not items:
        return bool(lists) and empty
    return any(_is_link(item, typed=not empty) for item in items)


def _is_link(item: object, *, typed: bool) -> bool:
    """Whether an item is a relation; `typed` says that an object must have a type as well."""
    if isinstance(item, dict):
        keys = set(cast("Row", item))
        return bool(keys & set(_HEAD) and keys & set(_TAIL)) and (not typed or bool(keys & set(_TYPE)))
    if not isinstance(item, list):
        return False
    parts = cast("list[object]", item)
    return len(parts) == 3 and isinstance(parts[1], str) and all(isinstance(p, (str, int)) for p in parts)


def between(
    cell: object, spans: Sequence[Span], ids: Sequence[object], text: str, place: Place
) -> tuple[Relation, ...] | None:
    """The relations of a row between its marked entities; None where the row has no such field.

    Args:
        cell: as written, parsed.
        spans: the entities in the order they are written in.
        ids: of the entities; none where they have no ids.
        text: of the row.
        place: for errors.

    Raises:
        DataError: a relation without head, tail or type, to what is no entity of the row, to itself, or given twice.
    """
    if cell is None or cell == "":
        return None
    found: dict[Relation, int] = {}
    for number, link in enumerate(_read(cell, place), start=1):
        ends = [
            _entity(end, side, spans, ids, text, number, place)
            for side, end in (("head", link.head), ("tail", link.tail))
        ]
        _add(found, Relation(ends[0], ends[1], link.type), number, place)
    return _sorted(found)


def alone(cell: object, text: str, place: Place) -> tuple[tuple[Span, ...], tuple[Relation, ...]] | None:
    """The entities and the relations of a row whose triples name words alone; None where the row has no such field.

    Raises:
        DataError: as in `between`, or words that stand nowhere or more than once in the text.
    """
    if cell is None or cell == "":
        return None
    found: dict[Relation, int] = {}
    for number, link in enumerate(_read(cell, place), start=1):
        sides = (("head", link.head, link.head_type), ("tail", link.tail, link.tail_type))
        ends = [_stretch(end, side, kind, text, number, place) for side, end, kind in sides]
        _add(found, Relation(ends[0], ends[1], link.type), number, place)
    spans = {span for relation in found for span in (relation.head, relation.tail)}
    return tuple(sorted(spans, key=_order)), _sorted(found)


def _add(found: dict[Relation, int], relation: Relation, number: int, place: Place) -> None:
    if relation.head == relation.tail:
        raise place.error(number, "leads from an entity to itself", "correct its head or its tail, or delete it")
    if relation in found:
        raise place.error(number, f"says the same as relation {found[relation]}", "delete one of the two")
    found[relation] = number


def _order(span: Span) -> tuple[int, int, str]:
    return span.start, -span.end, span.type


def _sorted(found: Iterable[Relation]) -> tuple[Relation, ...]:
    return tuple(sorted(found, key=lambda each: (_order(each.head), _order(each.tail), each.type)))


def _read(cell: object, place: Place) -> list[_Link]:
    """The relations of a cell as written."""
    if not isinstance(cell, list):
        raise place.error(0, f"it holds a {type(cell).__name__}, not a list of relations", LIKE)
    return [_link(item, number, place) for number, item in enumerate(cast("list[object]", cell), start=1)]


def _link(item: object, number: int, place: Place) -> _Link:
    if isinstance(item, list) and len(cast("list[object]", item)) == 3:
        head, kind, tail = cast("list[object]", item)
        return _Link(head, tail, _name(kind, number, place))
    if not isinstance(item, dict):
        raise place.error(number, "is no object with head, tail and type, and no list [head, type, tail]", LIKE)
    fields = cast("Row", item)
    for side, names in (("head", _HEAD), ("tail", _TAIL)):
        if not any(name in fields for name in names):
            there = listing([str(name) for name in fields], "nothing")
            raise place.error(number, f"has no {side} (there is: {there})", LIKE)
    head, tail, *kinds = (_value(field_of(fields, names)) for names in (_HEAD, _TAIL, _HEAD_TYPE, _TAIL_TYPE))
    types = [as_text(kind).strip() if is_scalar(kind) else "" for kind in kinds]
    return _Link(head, tail, _name(field_of(fields, _TYPE), number, place), *(kind or UNTYPED for kind in types))


def _name(kind: object, number: int, place: Place) -> str:
    said = as_text(kind).strip() if is_scalar(kind) else ""
    if isinstance(kind, bool):
        raise place.error(number, f"has the type {quote(kind)}, which is no name", LIKE)
    if not said:
        raise place.error(number, "has no type", LIKE)
    return said


def _value(written: object) -> object:
    """What stands in a field; of DuIE's objects in parts, the object itself."""
    return cast("Row", written).get(_VALUE) if isinstance(written, dict) and _VALUE in written else written


def _entity(
    end: object, side: str, spans: Sequence[Span], ids: Sequence[object], text: str, number: int, place: Place
) -> Span:
    """The entity that an end names: by its id where entities have ids, else by its words, or by its number."""
    if ids:
        known = _with_id(end, spans, ids)
        if len(known) == 1:
            return known[0]
        which = "several entities" if known else "no entity"
        what = f"has the {side} {quote(end)}, which is the id of {which} of the row"
        there = ", ".join(quote(own) for own in list(ids)[:8])
        raise place.error(number, what, f"name one of the ids of the row's entities ({there}), or add the entity")
    counted = whole(end)
    if isinstance(end, str):
        words = plain(end).strip()
        same = [span for span in spans if text[span.start : span.end].strip() == words]
        if len(same) == 1:
            return same[0]
        if same or counted is None:
            what = f"has the {side} {quote(end)}, which {'several' if same else 'none'} of the row's entities say"
            raise place.error(number, what, "name the entity by its number in the list, from 0, or add it")
    if counted is not None and 0 <= counted < len(spans):
        return spans[counted]
    what = f"has the {side} {quote(end)}, and the row has {len(spans)} entities, counted from 0"
    raise place.error(number, what, "give the number of an entity in the list, from 0, or add the entity")


def _with_id(end: object, spans: Sequence[Span], ids: Sequence[object]) -> list[Span]:
    """The entities with an id as it is written, or, if there is none, with the same number: 7, 7.0 and "7" are one."""
    exact = [span for span, own in zip(spans, ids, strict=True) if str(own) == str(end)]
    number = whole(end)
    if exact or number is None:
        return exact
    return [span for span, own in zip(spans, ids, strict=True) if whole(own) == number]


def _stretch(end: object, side: str, kind: str, text: str, number: int, place: Place) -> Span:
    """The one place where words stand in a text."""
    words = plain(end).strip() if isinstance(end, str) else ""
    if not words:
        raise place.error(number, f"has the {side} {quote(end)}, which is no words of the text", LIKE)
    starts = list(_standing(words, text))
    if len(starts) == 1:
        return Span(starts[0], starts[0] + len(words), kind)
    if starts:
        what = f"has the {side} {quote(words)}, which stands in the text more than once"
        raise place.error(number, what, f"say which is meant: {LIKE}")
    there = "stands in the text as a part of longer words alone" if words in text else "does not stand in the text"
    fix = "write its words as they stand in the text, or mark entities with start and end"
    raise place.error(number, f"has the {side} {quote(words)}, which {there}", fix)


def _standing(words: str, text: str) -> Iterator[int]:
    """Where words stand in a text, no letter or digit of theirs going on beside them."""
    start = text.find(words)
    while start >= 0:
        end = start + len(words)
        if not (_grown(text[start - 1 : start], words[0]) or _grown(words[-1], text[end : end + 1])):
            yield start
        start = text.find(words, start + 1)


def _grown(left: str, right: str) -> bool:
    """Whether two characters side by side are of one word: Latin letters or digits both."""
    return all(character.isalnum() and character < _AFTER_LATIN for character in (left, right))
