"""Rows of Excel and Parquet files.

Knows openpyxl and pyarrow, which it imports only when such a file is read. Does not know text files or columns' roles.
"""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from contextlib import contextmanager
from itertools import islice
from typing import IO, TYPE_CHECKING

from danlu.corpus.encoding import UNPACKERS, open_bytes
from danlu.errors import DataError, MissingExtra

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence
    from pathlib import Path

BATCH = 1000  # rows of a Parquet file in memory at a time
_IN_MEMORY = 64 << 20  # bytes of an unpacked file before it goes to disk
_RESAVE = "open it, save it again, or export it as CSV UTF-8"


@contextmanager
def _open_seekable(path: Path) -> Generator[IO[bytes]]:
    """Both formats keep their index at the end, so a packed file is unpacked to a temporary one."""
    with open_bytes(path) as stream:
        if path.suffix.lower() not in UNPACKERS:
            yield stream
            return
        with tempfile.SpooledTemporaryFile(_IN_MEMORY) as unpacked:
            shutil.copyfileobj(stream, unpacked)
            unpacked.seek(0)
            yield unpacked


def column_names(cells: Sequence[object], file: str) -> list[str]:
    """The names in a header; an unnamed column is called by its position.

    Raises:
        DataError: two columns have one name.
    """
    names = [
        str(cell).strip() if cell is not None and str(cell).strip() else f"column {position}"
        for position, cell in enumerate(cells, start=1)
    ]
    for name, times in Counter(names).items():
        if times > 1:
            raise DataError("two columns have this name", "rename or delete one of them", file=file, field=name)
    return names


def xlsx_rows(path: Path) -> Iterator[tuple[int, dict[str, object]]]:
    """The rows of the first sheet, below its first row; cells are values, not formulas. Blank rows are skipped.

    Raises:
        DataError: a damaged workbook, a row with cells beyond the header.
        MissingExtra: openpyxl is not installed.
    """
    try:
        import openpyxl
    except ImportError as missing:
        raise MissingExtra("openpyxl", "forge") from missing
    with _open_seekable(path) as stream:
        try:
            book = openpyxl.load_workbook(stream, read_only=True, data_only=True)
            yield from _sheet_rows(book.worksheets[0].iter_rows(values_only=True), path.name)
        except DataError:
            raise
        except Exception as bad:
            # openpyxl lets through whatever zip, XML or its own descriptors raise over a damaged workbook.
            raise DataError(f"the workbook is damaged ({bad})", _RESAVE, file=path.name) from bad


def _sheet_rows(cells: Iterator[tuple[object, ...]], file: str) -> Iterator[tuple[int, dict[str, object]]]:
    header = list(next(cells, ()))
    while header and header[-1] is None:
        header.pop()
    names = column_names(header, file)
    for number, row in enumerate(cells, start=1):
        if any(cell is not None for cell in row[len(names) :]):
            what = f"it has cells beyond the {len(names)} columns of the header"
            raise DataError(what, "name every column in the first row", file=file, row=number)
        if any(cell is not None for cell in row):
            filled = (*row, *[None] * (len(names) - len(row)))
            yield number, dict(zip(names, islice(filled, len(names)), strict=True))


def parquet_rows(path: Path) -> Iterator[tuple[int, dict[str, object]]]:
    """The rows of a Parquet file, read a batch at a time.

    Raises:
        DataError: a damaged file, two columns of one name.
        MissingExtra: pyarrow is not installed.
    """
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as missing:
        raise MissingExtra("pyarrow", "forge") from missing
    with _open_seekable(path) as stream:
        number = 0
        try:
            table = pyarrow.parquet.ParquetFile(stream)
            column_names(table.schema_arrow.names, path.name)
            for batch in table.iter_batches(BATCH):
                for row in batch.to_pylist():
                    number += 1
                    yield number, row
        except DataError:
            raise
        except (pyarrow.ArrowException, OSError, ValueError, OverflowError) as bad:
            raise DataError(f"the Parquet file is damaged ({bad})", "write it again", file=path.name) from bad
