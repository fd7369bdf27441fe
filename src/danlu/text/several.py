"""Several labels of one text as one string, so that whatever carries a label carries several, or none, as well.

A mark, a control character, stands before each of them; no label that people write keeps one. The labels are sorted and
stand once, so equal sets are equal strings, and a text with none of the labels is the mark alone, which is not the
same as a text whose labels nobody gave (None). Knows strings; does not know which labels a task has.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_MARK = "\x1f"


def hold(labels: Iterable[str]) -> str:
    """The labels that a text has as one string; marks inside them become spaces."""
    return _MARK + _MARK.join(sorted({label.replace(_MARK, " ") for label in labels}))


def held(label: str | None) -> tuple[str, ...]:
    """The labels that `hold` joined, sorted; of a single label that one, of None none."""
    return tuple(part for part in (label or "").split(_MARK) if part)
