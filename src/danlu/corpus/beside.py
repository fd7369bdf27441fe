"""Which pairs are no two texts that are compared: a pronoun and what it may stand for, or a text and its keywords.

Knows columns and cells. Does not know files.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from danlu.corpus.columns import as_text
from danlu.corpus.pronouns import is_mentions
from danlu.text.mention import is_about

if TYPE_CHECKING:
    from collections.abc import Sequence

    from danlu.corpus.columns import Columns
    from danlu.types import Beside

_KEYWORDS = ("keyword", "keywords", "关键词", "关键字")


def beside_of(rows: Sequence[dict[str, object]], columns: Columns) -> Beside | None:
    """What stands beside the text in most rows; None where that is another text, or rows are no pairs.

    Args:
        rows: some rows of a file.
        columns: where the two sides stand.
    """
    if columns.options or columns.second is None:
        return None
    cells = [row.get(columns.second) for row in rows]
    about = sum(
        is_mentions(cell) or is_about(as_text(row.get(columns.text)), as_text(cell))
        for row, cell in zip(rows, cells, strict=True)
    )
    if 2 * about >= len(rows):
        return "mention"
    lists = sum(isinstance(cell, list) for cell in cells)
    named = columns.second.strip().casefold() in _KEYWORDS
    return "keywords" if named or 2 * lists >= len(rows) else None
