"""Rows whose texts may have several labels: how they are told apart from others, and what a row says.

Three ways are known: a list in one cell, one cell whose parts a separator parts, and a column of 0 and 1 for each
label. Knows columns and cells. Does not know files, nor what is done with labels.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, cast

from danlu.corpus.columns import NO_CONTENT, TEXT_NAMES, Columns, as_label, as_text, cells_of, is_scalar
from danlu.errors import DataError, quote
from danlu.text.several import hold

if TYPE_CHECKING:
    from collections.abc import Sequence

    from danlu.types import Kind

    Row = tuple[int, dict[str, object]]

LIST, ONE, FLAGS = "list", "list of one", "columns"
SEPARATORS = ("|", ";", "；", "、", ",", "，")
LIST_NAMES = (
    "labels",
    "label",
    "tags",
    "tag",
    "标签",
    "categories",
    "category",
    "topics",
    "emotions",
    "intents",
    "类别",
)
SHARED = 0.5  # of the parts of cells with several: so many must stand in two different cells at least
LEAST_COLUMNS = 2
_YES, _NO = frozenset(("1", "true")), frozenset(("0", "false"))
_SHAPE = 'write a list of labels, ["one", "another"], or [] where none of them holds'


def listed_column(rows: Sequence[dict[str, object]], named: str | None) -> str | None:
    """The column most of whose cells are lists of labels, or None; what the others are is told where they are read.

    Args:
        rows: some rows of a file.
        named: the label's column, if the user named it.
    """
    names = list(dict.fromkeys(name for row in rows for name in row))
    folded = {name.strip().casefold(): name for name in reversed(names)}
    candidates = [named] if named else [folded[name] for name in LIST_NAMES if name in folded]
    for name in candidates:
        filled = [value for value in (_listed(row.get(name)) for row in rows) if value is not None]
        lists = [cast("list[object]", value) for value in filled if isinstance(value, list)]
        if 2 * sum(all(map(is_scalar, value)) for value in lists) > len(filled):
            return name
    return None


def flag_columns(rows: Sequence[dict[str, object]], text: str) -> tuple[str, ...]:
    """The columns that hold nothing but 0 and 1, where there are two or more of them; else none.

    Rows in which all of them are empty have no labels yet.

    Args:
        rows: some rows of a file.
        text: the column of the texts.
    """
    names = dict.fromkeys(name for row in rows for name in row)
    known = {*NO_CONTENT, *TEXT_NAMES}
    others = [name for name in names if name != text and name.strip().casefold() not in known]
    maybe = {
        name: cells
        for name, cells in cells_of(rows, others).items()
        if all(_flag(cell) is not None or _empty(cell) for cell in cells)
    }
    labelled = sum(any(name in maybe and not _empty(cell) for name, cell in row.items()) for row in rows)
    found = [name for name, cells in maybe.items() if sum(not _empty(cell) for cell in cells) == labelled > 0]
    return tuple(found) if len(found) >= LEAST_COLUMNS else ()


def find_several(rows: Sequence[Row], columns: Columns, task: Kind | None, labels: Sequence[str] = ()) -> Columns:
    """The columns, with the way in which rows name several labels where they do.

    Args:
        rows: all rows of a file with labels.
        columns: as found by names and content.
        task: what the user says that rows are, if anything.
        labels: those of a model that is measured, which need not be found out.
    """
    cells = [row for _, row in rows]
    if columns.flags:
        return replace(columns, several=FLAGS)
    if columns.label is None:
        return columns
    values = [_listed(row.get(columns.label)) for row in cells]
    lists = [cast("list[object]", value) for value in values if isinstance(value, list)]
    filled = sum(value is not None for value in values)
    if 2 * len(lists) > filled or (lists and task == "several"):
        single = all(len({as_label(item) for item in value} - {None}) == 1 for value in lists)
        return replace(columns, several=ONE if task == "classification" or (single and task is None) else LIST)
    if task == "classification":
        return columns
    named = [as_label(value) for value in values if is_scalar(value)]
    found = separator_of([name for name in named if name is not None], labels)
    return replace(columns, several=found or (SEPARATORS[0] if task == "several" else None))


def separator_of(cells: Sequence[str], labels: Sequence[str] = ()) -> str | None:
    """The separator between the labels of a cell, or None where cells are one label each.

    Of the separators, the one by which most cells part, provided that at least half of the parts stand in two different
    cells: the halves of a name such as 'Home, Garden' stand nowhere else.

    Args:
        cells: all of a file.
        labels: those of a model that is measured: all parts must be among them then.
    """
    best, most = None, 0
    distinct = set(cells)
    for separator in SEPARATORS:
        parted = {cell: parts_of(cell, separator) for cell in distinct}
        several = [parts for parts in parted.values() if len(parts) > 1]
        often = Counter(part for parts in parted.values() for part in set(parts))
        inside = {part for parts in several for part in parts}
        if labels:
            good = bool(several) and set(often) <= set(labels)
        else:
            good = bool(inside) and sum(often[part] > 1 for part in inside) >= SHARED * len(inside)
        count = sum(len(parted[cell]) > 1 for cell in cells)
        if good and count > most:
            best, most = separator, count
    return best


def parts_of(cell: str, separator: str) -> list[str]:
    """The labels in a cell."""
    return [part for part in (as_label(each) for each in cell.split(separator)) if part is not None]


def read_label(row: dict[str, object], columns: Columns, file: str, number: int) -> str | None:
    """The labels of a row as one string; None where nobody gave any.

    Args:
        row: the cells.
        columns: with the way in which rows name several labels.
        file: the file's name, for errors.
        number: of the row, for errors.

    Raises:
        DataError: a cell is not what the others are.
    """
    if columns.several == FLAGS:
        return _flagged(row, columns.flags, file, number)
    field = columns.label or ""
    value = _listed(row.get(field))
    if columns.several in (LIST, ONE):
        if value is None or (is_scalar(value) and as_label(value) is None):
            return None
        items = cast("list[object]", value) if isinstance(value, list) else [value]
        if not all(is_scalar(item) for item in items):
            raise DataError("the labels are not a list of names", _SHAPE, file=file, row=number, field=field)
        names = [name for name in map(as_label, items) if name is not None]
        if columns.several == LIST:
            return hold(names)
        if len(set(names)) != 1:
            what = f"there are {len(set(names))} labels, and each text of this task has one"
            fix = "leave one" + ("" if columns.measured else ", or give --task several")
            raise DataError(what, fix, file=file, row=number, field=field)
        return names[0]
    if not is_scalar(value):
        raise DataError(f"it holds a {type(value).__name__}, not one value", _SHAPE, file=file, row=number, field=field)
    cell = as_label(value)
    return None if cell is None else hold(parts_of(cell, columns.several or SEPARATORS[0]))


def _flagged(row: dict[str, object], names: Sequence[str], file: str, number: int) -> str | None:
    if all(as_label(row.get(name)) is None for name in names):
        return None
    found: list[str] = []
    for name in names:
        flag = _flag(row.get(name))
        if flag is None:
            what = f"it is {quote(as_text(row.get(name)))}, neither 0 nor 1"
            raise DataError(what, "write 1 where the label holds, 0 where not", file=file, row=number, field=name)
        if flag:
            found.append(name)
    return hold(found)


def _flag(value: object) -> bool | None:
    """1 and true as True, 0 and false as False, anything else as None."""
    text = as_text(value).strip().casefold() if is_scalar(value) else ""
    return True if text in _YES else False if text in _NO else None


def _empty(value: object) -> bool:
    return is_scalar(value) and as_label(value) is None


def _listed(value: object) -> object:
    """A list, also one that stands in a cell as JSON or under 'labels' in an object; anything else as it is."""
    if isinstance(value, dict):
        inner = cast("dict[str, object]", value)
        return _listed(inner.get("labels")) if set(inner) == {"labels"} else inner
    if isinstance(value, str) and value.lstrip().startswith("["):
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return value
    return list(cast("tuple[object, ...]", value)) if isinstance(value, tuple) else value


def told(columns: Columns) -> str:
    """How rows name their labels, in a few words."""
    if columns.several == FLAGS:
        return f"a label holds where its column is 1: {quote(columns.flags[0])} to {quote(columns.flags[-1])}"
    if columns.several == LIST:
        return f"the labels are the lists in the column {quote(columns.label)}"
    return f"the labels stand in the column {quote(columns.label)}, parted by '{columns.several}'"
