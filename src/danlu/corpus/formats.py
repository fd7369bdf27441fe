"""Rows of the files that users have, whatever the format: `read_rows`.

Knows CSV, TSV, JSON, JSON Lines and plain text, and who reads Excel and Parquet. Does not know which column is the
text and which the label.
"""

from __future__ import annotations

import csv
import json
from itertools import chain
from typing import TYPE_CHECKING, cast

from danlu.corpus.encoding import UNPACKERS, encoding_of, lines, open_bytes, undecodable
from danlu.corpus.tables import column_names, parquet_rows, xlsx_rows
from danlu.corpus.tags import CONLL, conll_rows, is_conll
from danlu.errors import DataError, quote

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

MAX_FIELD = 16 << 20  # characters of one CSV field
MAX_JSON = 512 << 20  # bytes of one JSON document, which has to be held in memory
_RETURNS = r"end rows with \n, not with \r (a carriage return)"
_INNER_RETURN = "\udc0d"  # stands for a \r inside a field; half a surrogate pair is never in decoded text


def extension(path: Path) -> str:
    """The format's extension in lower case, that of the packed file if it ends in .gz or .xz: 'a.CSV.gz' is '.csv'."""
    return (path.with_suffix("") if path.suffix.lower() in UNPACKERS else path).suffix.lower()


def read_rows(path: Path) -> Iterator[tuple[int, dict[str, object]]]:
    r"""The rows of a file with their numbers, from 1, not counting a header; streamed, except for a JSON document.

    .csv (comma, semicolon or tab), .tsv, .json (a list of objects, {"data": [...]}, or one object a line), .jsonl
    and .ndjson, .txt (one text a line, or one token with its tag), .conll, .bio, .xlsx, .parquet, each also with .gz or
    .xz. Only \n and \r\n end a row, a lone \r only in files that have no \n at all.

    Raises:
        DataError: no such file, a folder, an unknown extension, a damaged or empty file, a bad row.
        MissingExtra: the library that reads .xlsx or .parquet is not installed.
    """
    if path.is_dir():
        raise DataError("this is a folder, not a file", "name a file in it", file=str(path))
    if not path.is_file():
        raise DataError("there is no such file", "check the path", file=str(path))
    reader = READERS.get(extension(path))
    if reader is None:
        known = ", ".join(READERS)
        what = f"the extension {quote(extension(path))} is not known"
        raise DataError(what, f"save the data as one of {known} (each also with .gz or .xz)", file=path.name)
    return _not_empty(reader(path), path)


def _not_empty(rows: Iterator[tuple[int, dict[str, object]]], path: Path) -> Iterator[tuple[int, dict[str, object]]]:
    first = next(rows, None)
    if first is None:
        raise DataError("the file holds no rows", "put at least one row into it", file=path.name)
    yield from chain([first], rows)


def _csv_rows(path: Path) -> Iterator[tuple[int, dict[str, object]]]:
    return _delimited_rows(path, ",;\t")


def _tsv_rows(path: Path) -> Iterator[tuple[int, dict[str, object]]]:
    return _delimited_rows(path, "\t")


def _delimited_rows(path: Path, delimiters: str) -> Iterator[tuple[int, dict[str, object]]]:
    names: list[str] = []
    read = 0
    for number, fields in enumerate(records(path, delimiters, headers=1)):
        if number == 0:
            names = column_names(fields, path.name)
        elif len(fields) == len(names):
            read = number
            yield number, dict(zip(names, fields, strict=True))
        elif fields:
            what = f"it has {len(fields)} fields where the header has {len(names)}"
            fix = 'put texts that hold the delimiter or a line break in double quotes ("), or use JSON Lines'
            if any("\r" in field for field in fields):
                fix = f"{_RETURNS}, or {fix}"
            raise DataError(what, fix, file=path.name, row=number)
    if not read and any("\r" in name for name in names):
        raise DataError("the header holds carriage returns, and no row follows it", _RETURNS, file=path.name)


def _fields(line: str, mark: str) -> int:
    """Into how many fields a mark parts a line; 0 where it cannot, which the reader then reports with its row."""
    try:
        return len(next(csv.reader([line], delimiter=mark), []))
    except csv.Error:
        return 0


def records(path: Path, delimiters: str, *, headers: int) -> Iterator[list[str]]:
    """The records of a delimited file, the header among them; a blank line is an empty record.

    Args:
        path: the file.
        delimiters: what may part fields; the one that parts the first line into most is taken, the first of equals.
        headers: records at the top that are not rows, for the row number in errors.

    Raises:
        DataError: quotes that do not match, a field beyond 16 million characters.
    """
    csv.field_size_limit(max(csv.field_size_limit(), MAX_FIELD))  # the csv module has one limit a process
    source = map(_shield_returns, lines(path, headers=headers))
    first = next((line for line in source if line.strip()), "")
    counts = {mark: _fields(first, mark) for mark in delimiters}
    delimiter = max(counts, key=lambda mark: counts[mark])
    reader = csv.reader(chain([first], source), delimiter=delimiter, strict=True)
    number = -headers
    while True:
        number += 1
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error as bad:
            fix = 'close every quoted field, and double the quotes (") inside it'
            raise DataError(f"the row cannot be parsed ({bad})", fix, file=path.name, row=max(number, 0)) from bad
        yield [field.replace(_INNER_RETURN, "\r") for field in fields]


def _shield_returns(line: str) -> str:
    r"""Python's csv takes a lone \r for the end of a row; here it belongs to the field."""
    end = "\r\n" if line.endswith("\r\n") else "\n" if line.endswith("\n") else ""
    return line[: len(line) - len(end)].replace("\r", _INNER_RETURN) + end


def _txt_rows(path: Path) -> Iterator[tuple[int, dict[str, object]]]:
    if is_conll(path):
        yield from conll_rows(path)
        return
    for number, line in enumerate(lines(path), start=1):
        if line.strip():
            yield number, {"text": line.removesuffix("\n").removesuffix("\r")}


def _jsonl_rows(path: Path) -> Iterator[tuple[int, dict[str, object]]]:
    for number, line in enumerate(lines(path), start=1):
        if line.strip():
            yield number, _json_object(parse_json(line, path.name, row=number), path.name, number)


def _json_rows(path: Path) -> Iterator[tuple[int, dict[str, object]]]:
    if _is_json_lines(path):
        yield from _jsonl_rows(path)
        return
    document = json_document(path)
    if isinstance(document, dict):
        document = cast("dict[str, object]", document).get("data")
    if not isinstance(document, list):
        fix = 'write a list of objects [{"text": ..., "label": ...}, ...], or one object a line'
        raise DataError("the file is neither a list of rows nor an object with a list 'data'", fix, file=path.name)
    rows = reading_test(cast("list[object]", document)) or cast("list[object]", document)
    for number, value in enumerate(rows, start=1):
        yield number, _json_object(value, path.name, number)


def reading_test(document: list[object]) -> list[object]:
    """The questions of a document of C3 (Sun et al., 2020) as rows; empty if it is none.

    Such a document is a list of [[lines of a passage], [{"question", "choice", "answer"}, ...], id].
    """
    rows: list[object] = []
    for entry in document:
        if not isinstance(entry, list) or len(cast("list[object]", entry)) < 2:
            return []
        lines, asked = cast("list[object]", entry)[:2]
        if not (isinstance(lines, list) and isinstance(asked, list)):
            return []
        passage = " ".join(str(line) for line in cast("list[object]", lines))
        for question in cast("list[object]", asked):
            if not isinstance(question, dict):
                return []
            rows.append({"passage": passage, **cast("dict[str, object]", question)})
    return rows


def _is_json_lines(path: Path) -> bool:
    """Whether the first line is an object by itself, and not one that holds all rows as its 'data'."""
    try:
        first = next((line for line in lines(path) if line.strip()), "")
        value = json.loads(first) if first.lstrip().startswith("{") else None
    except (ValueError, RecursionError):
        return False  # reading it as one document says what is wrong
    return isinstance(value, dict) and not isinstance(cast("dict[str, object]", value).get("data"), list)


def json_document(path: Path) -> object:
    """A JSON file, whole.

    Raises:
        DataError: not JSON, undecodable, or larger than 512 MB.
    """
    encoding = encoding_of(path)
    with open_bytes(path) as stream:
        content = stream.read(MAX_JSON + 1)
    if len(content) > MAX_JSON:
        what = f"a JSON document of more than {MAX_JSON >> 20} MB does not fit in memory"
        raise DataError(what, "write it as JSON Lines: one object a line, .jsonl", file=path.name)
    try:
        text = content.decode(encoding).removeprefix("\ufeff")
    except UnicodeDecodeError as bad:
        raise undecodable(path, encoding) from bad
    return parse_json(text, path.name)


def parse_json(text: str, file: str, row: int = 0) -> object:
    """A JSON value.

    Raises:
        DataError: not JSON; names the row, or the line if no row is given.
    """
    try:
        return json.loads(text)
    except json.JSONDecodeError as bad:
        what = f"this is not JSON ({bad.msg} at character {bad.colno})"
        fix = _RETURNS if row and "\r" in text.strip() else "correct the row"
        raise DataError(what, fix, file=file, row=row or bad.lineno) from bad
    except (ValueError, RecursionError) as bad:
        raise DataError(f"this is not usable JSON ({bad})", "correct the row", file=file, row=row) from bad


def _json_object(value: object, file: str, row: int) -> dict[str, object]:
    if not isinstance(value, dict):
        what = f"it is {'null' if value is None else f'a {type(value).__name__}'}, not an object"
        raise DataError(what, 'write each row as {"text": ..., "label": ...}', file=file, row=row)
    return cast("dict[str, object]", value)


READERS: dict[str, Callable[[Path], Iterator[tuple[int, dict[str, object]]]]] = {
    ".csv": _csv_rows,
    ".tsv": _tsv_rows,
    ".json": _json_rows,
    ".jsonl": _jsonl_rows,
    ".ndjson": _jsonl_rows,
    ".txt": _txt_rows,
    ".xlsx": xlsx_rows,
    ".parquet": parquet_rows,
    **dict.fromkeys(CONLL, conll_rows),
}
