"""Rows that ask whether a word stands for a pronoun, as in CLUEWSC (Xu et al., 2020), as pairs of texts.

Such a row has a text and an object with the words and places of the two mentions. Knows offsets, in characters from 0;
does not know how pairs are compared.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from danlu.corpus.columns import Columns, cells_of
from danlu.errors import DataError, brief, quote
from danlu.text.mention import pair_at

if TYPE_CHECKING:
    from collections.abc import Sequence

_FIELDS = ("span1_text", "span1_index", "span2_text", "span2_index")
_SHAPE = 'write {"span1_text": "...", "span1_index": 0, "span2_text": "...", "span2_index": 9}'


def mention_column(rows: Sequence[dict[str, object]]) -> str | None:
    """The column that holds the mentions of half of the rows or more; None where rows have none."""
    names = dict.fromkeys(name for row in rows for name in row)
    cells = cells_of(rows, names)
    return next((name for name in names if 2 * sum(map(is_mentions, cells[name])) >= len(rows)), None)


def is_mentions(value: object) -> bool:
    """Whether a cell names two mentions."""
    return isinstance(value, dict) and set(_FIELDS) <= set(cast("dict[str, object]", value))


def mention_columns(rows: Sequence[dict[str, object]], found: Columns) -> Columns:
    """The columns with that of the mentions as the second side of a pair, where rows have one."""
    name = mention_column(rows)
    return found if name is None or found.second else Columns(found.text, found.label, name)


def mentioned(text: str, value: object, file: str, row: int, field: str) -> tuple[str, str]:
    """The two sides of the pair: whether the pronoun stands for the other mention, and what stands around it, marked.

    Args:
        text: the row's text, as it stands in the file.
        value: the object with the two mentions; the second is the pronoun.
        file: the file's name, for errors.
        row: the row's number.
        field: the column of the mentions.

    Raises:
        DataError: a field is missing or of the wrong kind, or a mention does not stand where the row says.
    """
    if not is_mentions(value):
        raise DataError(f"it holds a {type(value).__name__}, not two mentions", _SHAPE, file=file, row=row, field=field)
    found = cast("dict[str, object]", value)
    spans: list[tuple[str, int]] = []
    for number in "12":
        word, start = found[f"span{number}_text"], found[f"span{number}_index"]
        if not isinstance(word, str) or not word or type(start) is not int:
            raise DataError(f"mention {number} is no word with a place", _SHAPE, file=file, row=row, field=field)
        if start < 0 or text[start : start + len(word)] != word:
            what = f"{quote(word)} does not stand at character {start} of the text"
            if word in text:
                what += f" (but at {text.index(word)})"
            fix = f"correct span{number}_index, which counts characters from 0"
            raise DataError(what, fix, file=file, row=row, field=f"{brief(field)}.span{number}_index")
        spans.append((word, start))
    (name, _), (pronoun, place) = spans
    return pair_at(text, pronoun, place, name)
