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

_NAME, _CLAUSE, _END = 100, 1_000, 300  # characters of a column's name, of a clause, and of the end of a long one


def brief(value: str, most: int) -> str:
    """A name that stands in a message, cut where it is long: a cell may hold a book."""
    return value if len(value) <= most else value[: most - 1].rstrip() + "…"


def _clause(said: str) -> str:
    """A clause without its middle where it is long: what the sentence is about stands at both ends."""
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
        what, fix, field = _clause(what), _clause(fix), brief(field, _NAME)
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
