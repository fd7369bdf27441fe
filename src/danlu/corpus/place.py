"""Where something that a row holds is written, and the error that says so.

Knows files, rows and columns by name; does not know what stands in them.
"""

from __future__ import annotations

from dataclasses import dataclass

from danlu.errors import DataError


@dataclass(frozen=True, slots=True)
class Place:
    """A cell that holds several things of one kind.

    Attributes:
        file: its name.
        row: counted from 1.
        field: the column.
        thing: what each of them is called.
    """

    file: str
    row: int
    field: str
    thing: str

    def error(self, number: int, what: str, fix: str) -> DataError:
        """What is wrong with one of them, from 1; 0 for all of them."""
        said = f"{self.thing} {number} {what}" if number else what
        return DataError(said, fix, file=self.file, row=self.row, field=self.field)
