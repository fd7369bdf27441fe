"""Rows whose text has entities marked in it: in which column, in which of the shapes that users have, and the entities.

Offsets are characters of the text as it stands in the file; nothing here changes a text. Knows rows; does not know
which file plays which role, or what entities are good for.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, replace
from itertools import chain, islice
from typing import TYPE_CHECKING, TypeGuard, cast

from danlu.corpus import relations, tags
from danlu.corpus.columns import (
    LABEL_NAMES,
    SCORE_NAMES,
    TEXT_NAMES,
    Columns,
    as_text,
    by_name,
    existing,
    find_columns,
    is_scalar,
)
from danlu.corpus.formats import read_rows
from danlu.corpus.place import Place
from danlu.corpus.shapes import READERS, SHAPES, Mark, shape_of, whole
from danlu.errors import DataError, quote
from danlu.text.pair import plain
from danlu.types import Example, Span

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from danlu.types import Relation

    Row = dict[str, object]

SAMPLE = 1000  # rows looked at to find the columns and how ends are counted
# Each in order of preference.
_FIELDS = (
    "entities",
    "spans",
    "entity_list",
    "ents",
    "annotations",
    "label",
    "labels",
    "ner",
    "实体",
    "实体列表",
    "标注",
)
_NO_SIGN = ("label", "labels")  # empty lists in them may as well be those of texts with several labels
_TOKENS = ("tokens", "words")
_TAGS = ("tags", "ner_tags", "labels", "bio", "label")
_SURE_TAGS = ("ner_tags", "bio")  # nothing else is called so
_LIKE = (
    'write {"text": "…", "entities": [{"start": 0, "end": 2, "type": "…"}]}, the end being the character after the last'
)


_IDS = "give an id to every entity that relations may name, or to none, and then the numbers of entities, from 0"


@dataclass(frozen=True, slots=True)
class Marks:
    """How entities are marked.

    Attributes:
        text: the column of the text, or of the tokens.
        column: that of the entities, or of the tags.
        shape: a key of SHAPES.
        inclusive: whether ends name the last character rather than the one after it.
        relations: the column of what holds between them; None where there is none.
    """

    text: str
    column: str
    shape: str
    inclusive: bool = False
    relations: str | None = None

    @property
    def columns(self) -> Columns:
        """What `danlu check` tells of them."""
        ends = ", ends included" if self.inclusive else ""
        linked = f"; the relations the column {quote(self.relations)}" if self.relations else ""
        return Columns(self.text, self.column, marks=f"{SHAPES[self.shape]}{ends}{linked}")


def open_marked(
    path: Path, *, text: str | None = None, label: str | None = None
) -> tuple[Marks, Iterator[Example]] | None:
    """How entities are marked in a file, and its examples; None where no column marks any.

    A row whose entities are missing (null, or no such field) has None for spans; an empty list says that there are
    none in its text.

    Args:
        path: a file that `read_rows` reads.
        text: the column of the text, found if None.
        label: the column of the entities, found if None.

    Raises:
        DataError: what `read_rows` raises; entities that are not where they are said to be, with row and fix.
        MissingExtra: the library that reads the format is not installed.
    """
    rows = read_rows(path)
    sample = list(islice(rows, SAMPLE))
    marks = find_marks([row for _, row in sample], text=text, label=label, file=path.name)
    if marks is None:
        return None
    return marks, (example(row, marks, path.name, number) for number, row in chain(sample, rows))


def find_marks(rows: Sequence[Row], *, text: str | None, label: str | None, file: str) -> Marks | None:
    """The columns of texts, entities and relations, and how these are written; None where none looks like entities.

    Triples without marked entities are looked for in the column that `label` names alone; where it names none, nowhere
    beside a column of labels or scores.

    Raises:
        DataError: there is no such column as `label`.
    """
    names = list(dict.fromkeys(name for row in rows for name in row))
    label = existing(label, names, "--label", file) if names else label
    found = _find_marks(rows, text=text, label=label, file=file)
    parsed = [{name: _parsed(cell) for name, cell in row.items()} for row in rows]
    if found is not None:
        return replace(found, relations=relations.column_of(parsed, names, beside=found.column))
    column = relations.column_of(parsed, [label] if label else names, beside=None)
    if column is None:
        return None
    others = [{key: value for key, value in row.items() if key != column} for row in rows]
    if label is None and by_name(others, names, LABEL_NAMES + SCORE_NAMES):
        return None
    return Marks(find_columns(others, text=text, label=None, file=file).text, column, "words", relations=column)


def _find_marks(rows: Sequence[Row], *, text: str | None, label: str | None, file: str) -> Marks | None:
    names = list(dict.fromkeys(name for row in rows for name in row))
    tokens = next((name for name in _TOKENS if name in names and _lists(rows, name)), None)
    known = [label] if label else [name for name in _TAGS if name in names]
    for name in known if tokens else []:
        if _lists(rows, name) and (
            name in _SURE_TAGS or "text" not in names or tags.are_tags(row.get(name) for row in rows)
        ):
            return Marks(cast("str", tokens), name, "tags")
    wanted = [label] if label else [name for name in _FIELDS if name in names]
    for name in wanted:
        shape = _shape([_parsed(row.get(name)) for row in rows], guess=name not in _NO_SIGN)
        if shape is not None:
            others = [{key: value for key, value in row.items() if key != name} for row in rows]
            single = text or by_name(others, [other for other in names if other != name], TEXT_NAMES)
            found = find_columns(others, text=single, label=None, file=file).text  # entities stand in one text
            return Marks(found, name, shape, _inclusive(rows, found, name, shape))
    return None


def example(row: Row, marks: Marks, file: str, number: int) -> Example:
    """One row as an example.

    Raises:
        DataError: see `open_marked`.
    """
    if marks.shape == "tags":
        return _tagged(row, marks, file, number)
    cell = row.get(marks.text)
    if not is_scalar(cell):
        what = f"it holds a {type(cell).__name__}, not a text"
        raise DataError(what, "write one text a row", file=file, row=number, field=marks.text)
    text = plain(as_text(cell))
    value = _parsed(row.get(marks.column))
    place = Place(file, number, marks.relations or "", "relation")
    if marks.shape == "words":
        return Example(text, None, file, number, *(relations.alone(value, text, place) or (None, None)))
    if value is None or value == "":
        if marks.relations is not None and _parsed(row.get(marks.relations)):
            raise place.error(0, "the row has relations and no entities", relations.LIKE)
        return Example(text, None, file, number)
    written = list(_marks(value, marks.shape, file, number, marks.column))
    within = Place(file, number, marks.column, "entity")
    spans = [_span(mark, text, marks, within, position) for position, mark in enumerate(written, start=1)]
    linked = _linked(row, marks, spans, [mark.id for mark in written], text, place)
    ordered = tuple(sorted(set(spans), key=lambda s: (s.start, -s.end, s.type)))
    return Example(text, None, file, number, ordered, linked)


def _linked(
    row: Row, marks: Marks, spans: Sequence[Span], ids: Sequence[object], text: str, place: Place
) -> tuple[Relation, ...] | None:
    """The relations of a row, whose entities and their ids are given in the order they are written in.

    Raises:
        DataError: relations lead between entities of which some have ids and some have none; see `relations.between`.
    """
    if marks.relations is None:
        return None
    value = _parsed(row.get(marks.relations))
    known = [own is not None for own in ids]
    if value and any(known) and not all(known):
        entities = replace(place, field=marks.column, thing="entity")
        raise entities.error(known.index(False) + 1, "has no id, and others of the row have one", _IDS)
    return relations.between(value, spans, ids if any(known) else (), text, place)


def _span(mark: Mark, text: str, marks: Marks, place: Place, position: int) -> Span:
    kind = as_text(mark.type).strip() if is_scalar(mark.type) else ""
    if not kind:
        raise place.error(position, "has no type", _LIKE)
    start, end = whole(mark.start), whole(mark.end)
    if start is None or end is None:
        raise place.error(
            position, f"has the offsets {quote(mark.start)} and {quote(mark.end)}, which are no whole numbers", _LIKE
        )
    end += marks.inclusive
    if start < 0 or end > len(text):
        what = f"lies at {start} to {end}, outside the text of {len(text)} characters"
        raise place.error(position, what, "count characters of the text from 0, line ends and spaces among them")
    if end <= start:
        what = f"is empty: it starts at {start} and ends at {end}"
        fix = (
            "give the character after its last as the end; where your ends name the last, add the entity's text to each"
        )
        raise place.error(position, what, fix)
    if mark.surface is not None and text[start:end] != mark.surface:
        what = f"is {quote(mark.surface)}, and the text has {quote(text[start:end])} at {start} to {end}"
        raise place.error(
            position, what, "correct the offsets or the entity's text; offsets are characters, not bytes or words"
        )
    if not text[start:end].strip():
        raise place.error(position, f"is white space only, at {start} to {end}", "correct the offsets")
    return Span(start, end, kind)


def _tagged(row: Row, marks: Marks, file: str, number: int) -> Example:
    tokens, tagged = row.get(marks.text), row.get(marks.column)
    if not _strings(tokens) or not all(token.strip() for token in tokens):
        raise DataError(
            "it is not a list of words", "write one string a token", file=file, row=number, field=marks.text
        )
    text, places = tags.text_of([plain(as_text(token)).strip() for token in tokens])
    if tagged is None:
        return Example(text, None, file, number)
    if not _strings(tagged):
        fix = "write the names, such as B-PER, in place of their numbers"
        raise DataError("the tags are not strings", fix, file=file, row=number, field=marks.column)
    if len(tokens) != len(tagged):
        what = f"there are {len(tokens)} tokens and {len(tagged)} tags"
        raise DataError(what, "give one tag a token", file=file, row=number, field=marks.column)
    spans = tags.spans_of([tag.strip() for tag in tagged], places, file=file, row=number, field=marks.column)
    linked = _linked(row, marks, spans, (), text, Place(file, number, marks.relations or "", "relation"))
    return Example(text, None, file, number, tuple(spans), linked)


def _strings(value: object) -> TypeGuard[list[str]]:
    """Whether a cell is a list of strings."""
    return isinstance(value, list) and all(isinstance(item, str) for item in cast("list[object]", value))


def _lists(rows: Sequence[Row], name: str) -> bool:
    """Whether the filled cells of a column are lists of single values."""
    filled = [row[name] for row in rows if row.get(name)]
    single = (is_scalar(item) for value in filled if isinstance(value, list) for item in cast("list[object]", value))
    return bool(filled) and all(isinstance(value, list) for value in filled) and all(single)


def _parsed(value: object) -> object:
    """A cell, read as JSON where it is a string that looks so, as in CSV files; None where it is NaN."""
    if isinstance(value, float) and math.isnan(value):
        return None
    if isinstance(value, str) and value.strip()[:1] in ("[", "{"):
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return value
    return value


def _shape(values: Iterable[object], *, guess: bool) -> str | None:
    """The one shape that all filled cells have; None where there are several or none.

    Args:
        values: the cells.
        guess: whether lists that are all empty have any shape.
    """
    found: set[str | None] = set()
    lists = False
    for value in values:
        lists = lists or isinstance(value, list)
        if isinstance(value, dict):
            found.add("by type" if all(isinstance(v, dict) for v in cast("Row", value).values()) else None)
        elif isinstance(value, list):
            found.update(shape_of(item) for item in cast("list[object]", value))
        elif value is not None and value != "":
            found.add(None)
    if lists and not found:
        return "objects" if guess else None
    return next(iter(found)) if len(found) == 1 else None


def _marks(value: object, shape: str, file: str, row: int, field: str) -> Iterator[Mark]:
    """The entities of a cell, as written.

    Raises:
        DataError: the cell has not the shape of the file's other cells.
    """
    try:
        yield from list(READERS[shape](value))
    except (TypeError, ValueError, AttributeError, KeyError, IndexError) as bad:
        what = f"the entities are not {SHAPES[shape]}, as in the other rows"
        raise DataError(what, _LIKE, file=file, row=row, field=field) from bad


def _inclusive(rows: Sequence[Row], text: str, column: str, shape: str) -> bool:
    """Whether the words of entities show that ends name the last character: more so than that they do not."""
    after = at = 0
    for row in rows:
        given = plain(as_text(row.get(text)))
        try:
            marks = list(READERS[shape](_parsed(row.get(column)) or ()))
        except (TypeError, ValueError, AttributeError, KeyError, IndexError):
            continue  # reading the row says what is wrong
        for mark in marks:
            start, end = whole(mark.start), whole(mark.end)
            if mark.surface is not None and start is not None and end is not None:
                after += given[start:end] == mark.surface
                at += given[start : end + 1] == mark.surface
    return at > after
