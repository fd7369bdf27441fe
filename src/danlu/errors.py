"""Everything that can go wrong and that a user can mend.

    DanluError (ValueError)
    ├── DataError        a file, a row or a field of the user's data
    ├── OptionError      an option or argument that cannot be satisfied
    ├── ArtifactError    a model file that is damaged, foreign or forged
    └── MissingExtra     a library that this command needs and that is not installed

Each message says what is wrong, where, and how to mend it. The command line prints it as one sentence, without a
traceback, and exits with 2. Anything else that escapes is a fault of danlu's.
"""

from __future__ import annotations

import reprlib
from itertools import accumulate
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

SHOWN, NAMED = 60, 10  # characters of a value, and names, that one message quotes
_SEEN = "\u3000\u200c\u200d"  # the wide blank of Chinese, and what joins or parts letters and emoji: left as they are
_FIELD, _CLAUSE, _END = 80, 1_000, 300  # characters of a column's name, of a clause, and of the end of a long one


def visible(text: str) -> str:
    """A text on one line: line ends and characters that nobody sees are written as Python writes them."""
    if text.isprintable():
        return text
    return "".join(
        each if each.isprintable() or each in _SEEN else each.encode("unicode_escape").decode() for each in text
    )


def brief(value: str, most: int = SHOWN) -> str:
    """What stands in a message of a value of the user's: visible, and cut where it is long, as a cell may hold a book.

    Args:
        value: a label, a header, a text or the like.
        most: characters of what is shown.
    """
    written = [visible(each) for each in value[: most + 1]]
    ends = list(accumulate(map(len, written), initial=0))
    if ends[-1] <= most:
        return "".join(written)
    return "".join(written[: sum(end < most for end in ends) - 1]).rstrip() + "…"


def quote(value: object) -> str:
    """A value of the user's in quotes, briefly; of what is no string, the beginning of how Python writes it."""
    return f"'{brief(value)}'" if isinstance(value, str) else brief(reprlib.repr(value))


def listing(names: Sequence[str], nothing: str = "none") -> str:
    """The first ten names, briefly, and how many more there are; `nothing` where there are no names."""
    more = f" and {len(names) - NAMED:,} more" if len(names) > NAMED else ""
    return ", ".join(map(brief, names[:NAMED])) + more or nothing


def _clause(said: str) -> str:
    """A clause, visible, without its middle where it is long: what the sentence is about stands at both ends."""
    said = visible(said)
    return said if len(said) <= _CLAUSE else f"{said[: _CLAUSE - _END - 1]}…{said[-_END:]}"


class DanluError(ValueError):
    """The root of everything a user can mend."""


class DataError(DanluError):
    """A file, a row or a field of the user's data; what is very long in it is cut.

    Args:
        what: what is wrong, as a clause.
        fix: what to do about it, as a clause.
        file: the file's name.
        row: the row's number in the file, from 1, not counting a header.
        field: the column's name.
    """

    def __init__(self, what: str, fix: str, *, file: str = "", row: int = 0, field: str = "") -> None:
        what, fix, field = _clause(what), _clause(fix), brief(field, _FIELD)
        file = visible(file)
        where = ", ".join(
            part for part in (file, f"row {row}" if row else "", f"field '{field}'" if field else "") if part
        )
        super().__init__(f"{where + ': ' if where else ''}{what}. Fix: {fix}.")
        self.what, self.fix, self.file, self.row, self.field = what, fix, file, row, field


class OptionError(DanluError):
    """An option or argument that cannot be satisfied."""


class ArtifactError(DanluError):
    """A model file that is damaged, foreign or forged."""


class MissingExtra(DanluError):  # noqa: N818 - reads as what it says
    """A library that this command needs and that is not installed.

    Args:
        library: the module that could not be imported.
        extra: the extra of danlu that brings it.
    """

    def __init__(self, library: str, extra: str) -> None:
        super().__init__(f"This needs {library}. Fix: pip install 'danlu[{extra}]'.")
