"""Tokens with tags (BIO, IOB, BIOES, BMES, BILOU) to a text with entities, and the lines of CoNLL files to such rows.

Knows tags; does not know columns or roles of files.
"""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING, cast

from danlu.corpus.encoding import lines
from danlu.errors import DataError, quote
from danlu.types import Span

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

CONLL = (".conll", ".bio", ".bioes", ".iob")
_TAG = re.compile(r"O|([BIESMLU])[-_](.+)")
_LINE = re.compile(r"\S.*[ \t](O|[BIESMLU][-_]\S+)\s*")
_SNIFFED = 200  # lines looked at to tell a CoNLL file from one of texts
# Scripts written without spaces, and their punctuation: no space stands before or after.
_CLOSE = re.compile("[\u3000-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff]")
_FIRST, _ALONE, _LAST = "B", "SU", "EL"


def text_of(tokens: Sequence[str]) -> tuple[str, list[tuple[int, int]]]:
    """The text of some tokens, and where each stands in it; a space parts two unless one is written without spaces."""
    text = ""
    places: list[tuple[int, int]] = []
    for token in tokens:
        if text and not _CLOSE.match(text[-1]) and not _CLOSE.match(token[0]):
            text += " "
        places.append((len(text), len(text) + len(token)))
        text += token
    return text, places


def spans_of(tags: Sequence[str], places: Sequence[tuple[int, int]], *, file: str, row: int, field: str) -> list[Span]:
    """The entities that tags mark, read as seqeval reads them: whatever breaks an entity off begins the next.

    Args:
        tags: one a token.
        places: first character and character after the last of each token.
        file: for errors.
        row: for errors.
        field: for errors.

    Raises:
        DataError: a tag of no known scheme.
    """
    spans: list[Span] = []
    kind, start, end = "", 0, 0
    for position, (tag, (left, right)) in enumerate(zip(tags, places, strict=True)):
        found = _TAG.fullmatch(tag)
        if found is None:
            what = f"the tag {quote(tag)} of token {position + 1} is of no known scheme"
            raise DataError(what, "write O, B-TYPE and I-TYPE (or S-, E-, M-)", file=file, row=row, field=field)
        part, own = found.group(1) or "O", found.group(2) or ""
        goes_on = kind == own != "" and part not in (_FIRST, *_ALONE)
        if kind and not goes_on:
            spans.append(Span(start, end, kind))
        if own:
            start, end = (start if goes_on else left), right
        kind = own
        if kind and part in (*_ALONE, *_LAST):
            spans.append(Span(start, end, kind))
            kind = ""
    if kind:
        spans.append(Span(start, end, kind))
    return spans


def are_tags(cells: Iterable[object]) -> bool:
    """Whether the lists in some cells hold tags of a known scheme and nothing else, one tag of an entity."""
    lists = (cast("list[object]", cell) for cell in cells if isinstance(cell, list))
    found = [_TAG.fullmatch(item.strip()) if isinstance(item, str) else None for cell in lists for item in cell]
    return all(found) and any(tag is not None and tag.group(1) for tag in found)


def is_conll(path: Path) -> bool:
    """Whether all lines at the top of a file are a token with a tag, in equally many columns, one tag of an entity."""
    seen = [line.rstrip("\r\n") for line in islice(lines(path), _SNIFFED)]
    filled = [line for line in seen if line.strip() and not line.startswith("-DOCSTART-")]
    tags = [found.group(1) for line in filled if (found := _LINE.fullmatch(line))]
    columns = {len(_cells(line)) for line in filled}
    return len(tags) == len(filled) > 0 and len(columns) == 1 and any(tag != "O" for tag in tags)


def _cells(line: str) -> list[str]:
    return line.rstrip("\r\n").split("\t") if "\t" in line else line.split()


def conll_rows(path: Path) -> Iterator[tuple[int, dict[str, object]]]:
    """The sentences of a CoNLL file: on each line a token first and its tag last, between sentences a blank line.

    Raises:
        DataError: a line that is no token with a tag.
    """
    tokens: list[str] = []
    tags: list[str] = []
    number = first = 0
    for number, line in enumerate(lines(path), start=1):
        cells = _cells(line)
        if line.startswith("-DOCSTART-") or not line.strip():
            if tokens:
                yield first, {"tokens": tokens, "tags": tags}
            tokens, tags = [], []
            continue
        if len(cells) < 2 or not cells[0].strip():
            what = "the line is not a token and its tag"
            raise DataError(
                what, "write 'token TAG' on each line, a blank line between texts", file=path.name, row=number
            )
        first = first if tokens else number
        tokens.append(cells[0].strip())
        tags.append(cells[-1].strip())
    if tokens:
        yield first, {"tokens": tokens, "tags": tags}
