"""One spelling for a text, and the language it is in.

Knows Unicode. Does not know tokens, labels or files; whoever reads or predicts calls `clean` first, so that training
and prediction see the same characters. `tidy` is for text that a base model is trained on, whose lines and Chinese
punctuation mean something.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from danlu.types import Language

# Control characters that are not white space, soft hyphen, grapheme joiner, Arabic letter mark, Mongolian separator,
# zero-width spaces and joiners, direction marks, byte order mark, annotation marks, tags, and half surrogate pairs.
_HIDDEN = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\xad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    "\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"
)
_SPACE = re.compile(r"\s+")
# Full-width marks that are Chinese punctuation; compatibility composition would make them ASCII.
_CHINESE_MARKS = re.compile("([！（），：；？～…]+)")
_LINE_END = re.compile("\r\n?|[\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
_BLANKS = re.compile(r"[^\S\n]+")
_HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")


def clean(text: str) -> str:
    """A text in compatibility composition (NFKC), without hidden characters, on one line, single-spaced.

    Hidden characters go first: what they kept apart may compose. Cleaning twice is cleaning once.
    """
    visible = _HIDDEN.sub("", text)
    return _SPACE.sub(" ", unicodedata.normalize("NFKC", visible)).strip()


def tidy(text: str) -> str:
    """A text in compatibility composition that keeps its lines and its Chinese punctuation.

    Hidden characters go, every kind of line end is a newline, blanks are single, lines have none at their ends, and at
    most one empty line stands between two others. Tidying twice is tidying once.
    """
    parts = _CHINESE_MARKS.split(_HIDDEN.sub("", _LINE_END.sub("\n", text)))
    parts[::2] = [unicodedata.normalize("NFKC", part) for part in parts[::2]]
    lines = [line.strip() for line in _BLANKS.sub(" ", "".join(parts)).split("\n")]
    return re.sub("\n{3,}", "\n\n", "\n".join(lines)).strip()


def has_hidden(text: str) -> bool:
    """Whether `clean` removes a control, zero-width or direction character from the text."""
    return _HIDDEN.search(text) is not None


def han_share(texts: Iterable[str]) -> float | None:
    """The share of texts that are mainly Han characters; None if no text has a letter.

    A Han character says about as much as two letters of an alphabet, so a text is mainly Han when its other letters
    are at most twice as many. Texts without letters (numbers, emoji) do not count.
    """
    han, all_ = 0, 0
    for text in texts:
        letters = sum(map(str.isalpha, text))
        if letters:
            characters = len(_HAN.findall(text))
            all_ += 1
            han += 3 * characters >= letters
    return han / all_ if all_ else None


def language(texts: Iterable[str]) -> Language:
    """The language most texts are in: zh above a Han share of 0.8, en below 0.2 or without a letter, else mixed."""
    share = han_share(texts)
    if share is None or share < 0.2:
        return "en"
    return "zh" if share > 0.8 else "mixed"
