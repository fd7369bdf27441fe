"""Bytes to lines: which encoding a file is in, and its lines one at a time, in constant memory.

Knows gzip and xz, byte order marks, and the encodings users' files are in: UTF-8, GB18030 and UTF-16. Does not know
what the lines mean.
"""

from __future__ import annotations

import codecs
import gzip
import io
import lzma
import zlib
from collections import Counter
from contextlib import contextmanager
from functools import partial
from itertools import chain
from typing import IO, TYPE_CHECKING, cast

from danlu.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator
    from pathlib import Path

CHUNK = 1 << 20  # bytes
MAX_LINE = 64 << 20  # characters
UNPACKERS: dict[str, Callable[[IO[bytes]], IO[bytes]]] = {
    ".gz": lambda file: cast("IO[bytes]", gzip.GzipFile(fileobj=file)),
    ".xz": lambda file: cast("IO[bytes]", lzma.LZMAFile(file)),  # noqa: SIM115 - closed with its file
}
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
    ("\ufeff".encode("gb18030"), "gb18030"),
)
_TELLING, _KNOWN = 10, 0.8  # letters from which on they tell, and the share of them that Chinese text has at least
_SAVE_AS = "save the file as UTF-8 (Excel: 'CSV UTF-8')"


@contextmanager
def open_bytes(path: Path) -> Generator[IO[bytes]]:
    """The bytes of a file, unpacked if its name ends in .gz or .xz.

    Raises:
        DataError: the file cannot be opened, read or unpacked.
    """
    try:
        with path.open("rb") as file:
            unpack = UNPACKERS.get(path.suffix.lower())
            yield unpack(file) if unpack else file
    except (OSError, EOFError, zlib.error, lzma.LZMAError) as bad:
        raise DataError(
            f"the file cannot be read ({bad})", "check its permissions, or copy it again", file=path.name
        ) from bad


def encoding_of(path: Path) -> str:
    """The encoding of a text file: utf-8, gb18030, utf-16-le or utf-16-be, from its content.

    A byte order mark decides. Without one: NUL bytes speak for UTF-16; a file that is valid UTF-8 to its end is
    UTF-8; so is one with more good UTF-8 characters than bad ones, so that a damaged row is reported and not turned
    into Chinese-looking nonsense; everything else is taken for GB18030 if it reads as Chinese, and `lines` reports
    where it is not.

    Raises:
        DataError: the file cannot be read, is UTF-32, or reads as Chinese that nobody writes: Big5, Shift-JIS.
    """
    with open_bytes(path) as stream:
        head = stream.read(CHUNK)
        if head.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
            raise DataError("the file is UTF-32", _SAVE_AS, file=path.name)
        for mark, name in _MARKS:
            if head.startswith(mark):
                return name
        wide = _wide(head) if b"\0" in head else None
        found = wide or _narrow(chain([head], iter(partial(stream.read, CHUNK), b"")))
    if found == "gb18030" and _strange(head):
        raise DataError("the file is neither UTF-8 nor GB18030; it may be Big5 or Shift-JIS", _SAVE_AS, file=path.name)
    return found


def _narrow(chunks: Iterable[bytes]) -> str:
    decoder = codecs.getincrementaldecoder("utf-8")()
    good = 0  # continuation bytes seen, a measure of the characters beyond ASCII
    try:
        for chunk in chunks:
            good += len(chunk) - len(decoder.decode(chunk))
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as bad:
        rest = bad.object.decode("utf-8", "replace")
        broken = rest.count("\ufffd")
        good += sum(character > "\x7f" for character in rest) - broken
        return "utf-8" if good > broken else "gb18030"
    return "utf-8"


def _strange(head: bytes) -> bool:
    """Whether bytes read as GB18030 give kana, private characters and hanzi that hardly stand in Chinese text.

    That is what Big5 and Shift-JIS turn into; hanzi that people write are in GB2312 or in Big5.
    """
    wide = [c for c in head.decode("gb18030", "ignore") if "\u3041" <= c <= "\uf8ff"]
    known = sum("\u4e00" <= c <= "\u9fff" and (_has(c, "gb2312") or _has(c, "big5")) for c in wide)
    return len(wide) >= _TELLING and known < _KNOWN * len(wide)


def _has(character: str, encoding: str) -> bool:
    try:
        character.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def _wide(head: bytes) -> str | None:
    """UTF-16 without a mark, if the bytes look more like it than like UTF-8 with a stray NUL."""
    if _decoded(head, "utf-8") is not None and head.count(0) * 4 < len(head):
        return None
    scores = {name: _likeness(_decoded(head, name) or "\0") for name in ("utf-16-le", "utf-16-be")}
    best = max(scores, key=lambda name: scores[name])
    return best if scores[best] > 1 else None


def _decoded(head: bytes, encoding: str) -> str | None:
    try:
        return codecs.getincrementaldecoder(encoding)().decode(head)  # the last character may be cut
    except UnicodeDecodeError:
        return None


def _likeness(text: str) -> float:
    """How much decoded bytes look like text: mean of 2 for ASCII, 1.5 for Han, 1 for other printable, 0 otherwise.

    ASCII above Han, because English with its bytes swapped reads as Han.
    """
    total = 0.0
    for character in text:
        if " " <= character <= "~" or character in "\t\r\n":
            total += 2
        elif "\u4e00" <= character <= "\u9fff":
            total += 1.5
        else:
            total += character.isprintable()
    return total / len(text)


def lines(path: Path, *, headers: int = 0) -> Iterator[str]:
    r"""The lines of a text file with their ends; only \n ends a line, and a leading byte order mark is dropped.

    A file without any \n is one line, unless it holds a \r that something follows: then every \r ends a line, as in the
    files of old Macs, and is given as \n.

    Args:
        path: the file, unpacked if its name ends in .gz or .xz.
        headers: lines at the top that are not rows, for the row number in errors.

    Raises:
        DataError: bytes that cannot be decoded, a line beyond 64 million characters, an unreadable file.
    """
    encoding = encoding_of(path)
    with open_bytes(path) as stream, io.TextIOWrapper(stream, encoding=encoding, newline="\n") as text:
        number = 0
        while line := _next_line(text, path, encoding, headers):
            number += 1
            if len(line) == MAX_LINE and not line.endswith("\n"):
                what = f"line {number:,} is longer than {MAX_LINE:,} characters"
                fix = r"put one row a line, and end lines with \n"
                raise DataError(what, fix, file=path.name, row=max(number - headers, 0))
            if number > 1:
                yield line
            elif line.endswith("\n"):
                yield line.removeprefix("\ufeff")
            else:
                yield from _old_lines(line.removeprefix("\ufeff"))


def _old_lines(text: str) -> Iterator[str]:
    r"""The lines of a whole file without \n."""
    whole = text.removesuffix("\r")
    if "\r" not in whole:
        yield text
        return
    yield from (f"{line}\n" for line in whole.split("\r"))


def _next_line(text: io.TextIOWrapper, path: Path, encoding: str, headers: int) -> str:
    try:
        return text.readline(MAX_LINE)
    except UnicodeDecodeError as bad:
        raise undecodable(path, encoding, headers) from bad


def undecodable(path: Path, encoding: str, headers: int = 0) -> DataError:
    """The error for a file that is not all in its encoding; names the first bad line, as `lines` counts them."""
    decoder = codecs.getincrementaldecoder(encoding)()
    ends: Counter[str] = Counter()
    more = False  # whether a newline follows
    with open_bytes(path) as stream:
        chunks = iter(partial(stream.read, CHUNK), b"")
        try:
            for chunk in chunks:
                ends += _ends(decoder.decode(chunk))
        except UnicodeDecodeError as bad:
            ends += _ends(bad.object[: bad.start].decode(encoding, "ignore"))
            more = any(b"\n" in chunk for chunk in chain([bad.object[bad.start :]], chunks))
    line = 1 + (ends["\n"] if ends["\n"] or more else ends["\r"])
    known = "UTF-8, GB18030 or UTF-16" if encoding == "gb18030" else encoding.upper()
    what = f"line {line:,} holds bytes that are not {known}"
    return DataError(what, _SAVE_AS, file=path.name, row=max(line - headers, 0))


def _ends(text: str) -> Counter[str]:
    return Counter({end: text.count(end) for end in "\r\n"})
