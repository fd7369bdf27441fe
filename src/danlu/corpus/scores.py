"""Rows that are scored: how they are told apart from rows with labels, and what a cell says.

Knows columns and cells. Does not know files, nor what is done with scores.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from danlu.corpus.columns import SCORE_NAMES, as_label, is_scalar
from danlu.errors import DataError, brief, quote
from danlu.text.score import LARGEST, is_number, narrow, number, plain

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from danlu.corpus.columns import Columns
    from danlu.types import Kind

    Row = tuple[int, dict[str, object]]

MANY = 20  # different whole numbers up to which they may be names of labels
NUMBERS = 0.9  # of the filled cells: where so many are numbers, the others are slips
_OPEN = {*SCORE_NAMES, "label", "labels", "target", "y", "标签", "标注"}  # names of columns that may hold scores
_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2}(,\d{3})+(\.\d*)?", re.ASCII)
_COMMA = re.compile(r"[+-]?\d*,\d+", re.ASCII)


def are_scores(rows: Sequence[Row], columns: Columns, task: Kind | None, listed: Collection[str] = ()) -> bool:
    """Whether the column of the label holds scores: numbers, some with decimals, or more than 20 different whole ones.

    Whole ones may be codes of labels: they are scores only in a column whose name leaves that open, and numbers that
    a label list names are none.

    Args:
        rows: all rows of a file.
        columns: as found by names and content.
        task: what the user says that rows are, if anything.
        listed: the labels of the label list.
    """
    if columns.label is None or columns.several is not None:
        return False
    if task not in (None, "pairs"):  # a pair may have a score
        return task == "score"
    cells = [as_label(value) for value in (row.get(columns.label) for _, row in rows) if is_scalar(value)]
    filled = [cell for cell in cells if cell is not None]
    found = [value for value in map(number, filled) if value is not None]
    if not found or len(found) < NUMBERS * len(filled):
        return False
    if sum(cell in listed for cell in filled) >= NUMBERS * len(filled):
        return False
    if not all(map(float.is_integer, found)):
        return True
    return len(set(found)) > MANY and columns.label.strip().casefold() in _OPEN


def read_score(value: object, columns: Columns, file: str, row: int) -> str | None:
    """The score in a cell as the label of its row; None where nobody gave one.

    Args:
        value: of the cell, a scalar.
        columns: where it stands, for errors.
        file: the file's name, for errors.
        row: its number, for errors.

    Raises:
        DataError: it is no number, not a finite one, or too large.
    """
    cell = as_label(value)
    if cell is None:
        return None
    score = number(cell)
    if score is None:
        what, fix = _slip(narrow(cell))
        other = "leave the cell empty; labels are learned with --task classification"
        fix += f", or {'delete the row' if columns.measured else other}"
        field = columns.label or ""
        raise DataError(f"the score is {quote(cell)}, which {what}", fix, file=file, row=row, field=field)
    return plain(score)


def _slip(cell: str) -> tuple[str, str]:
    """What is wrong with a cell that holds no score, and what to write."""
    if _THOUSANDS.fullmatch(cell):
        return (
            "has commas between its digits",
            f"write {brief(cell.replace(',', ''))}, or a point where the comma parts off decimals",
        )
    if _COMMA.fullmatch(cell):
        return "has a comma where the decimal point stands", f"write {brief(cell.replace(',', '.'))}"
    if cell[-1:] in ("%", "％") and is_number(cell[:-1]):
        return "is a percentage", f"write {brief(cell[:-1].strip())}, without the sign, in every row"
    return f"is not a number from {-LARGEST:,.0f} to {LARGEST:,.0f}", "write a number such as 3.5"
