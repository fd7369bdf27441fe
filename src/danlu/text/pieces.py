"""A text as the tokens between which entities begin and end, and as windows where it is long.

Every token knows the characters it stands for in the text as it was given: nothing is cleaned before, so no offset
moves. Knows tokenizers and lengths; knows neither entities nor models.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from tokenizers import Regex, Tokenizer, pre_tokenizers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

WINDOW = 126  # tokens read at once, beside the special ones; twice the widest entity where that is more
SHAPES = 7  # how a token is written: 0 nothing, 1 no case, 2 lower, 3 Title, 4 UPPER, 5 miXed, 6 digits
_HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_HALF = re.compile("[\ud800-\udfff]")
# Hanzi, and whatever is no letter, mark or digit (emoji, signs), stand alone: an entity may begin or end at any.
_ALONE = r"[^\p{L}\p{M}\p{N}]|\p{Han}"


@dataclass(frozen=True)
class Tokens:
    """The n tokens of a text, without special ones.

    Attributes:
        ids: (n,) in the vocabulary.
        starts: (n,) the first character of each.
        ends: (n,) the character after its last.
        shapes: (n,) how it is written, 1 to 6; what a tokenizer that folds case cannot tell.
    """

    ids: NDArray[np.int64]
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    shapes: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of tokens that is read at once.

    Attributes:
        start: its first token.
        stop: the token after its last.
        first: the first token whose entities are taken from this window.
        last: the token after the last such one.
    """

    start: int
    stop: int
    first: int
    last: int


def by_character(tokenizer: Tokenizer) -> Tokenizer:
    """A tokenizer for which every hanzi is a token of its own, so that an entity can begin and end at any.

    Words that are tokens by themselves, as added ones, are left out, and hanzi are parted before the vocabulary is
    asked.
    """
    state = json.loads(tokenizer.to_str())
    state["added_tokens"] = [
        token for token in state["added_tokens"] if token["special"] or not _HAN.search(token["content"])
    ]
    apart = Tokenizer.from_str(json.dumps(state, ensure_ascii=False))
    alone = pre_tokenizers.Split(Regex(_ALONE), "isolated")
    before = apart.pre_tokenizer
    apart.pre_tokenizer = alone if before is None else pre_tokenizers.Sequence([before, alone])
    apart.no_truncation()
    apart.no_padding()
    return apart


def read(tokenizer: Tokenizer, texts: Sequence[str]) -> list[Tokens]:
    """The tokens of each text.

    Half surrogate pairs, which no tokenizer takes, count as one unknown character each.
    """
    safe = [_HALF.sub("\N{REPLACEMENT CHARACTER}", text) for text in texts]
    found: list[Tokens] = []
    for text, encoding in zip(safe, tokenizer.encode_batch(safe, add_special_tokens=False), strict=True):
        rows: list[tuple[int, int, int, int]] = []
        for index, (start, end) in zip(encoding.ids, encoding.offsets, strict=True):
            written = text[start:end]
            left, right = start + len(written) - len(written.lstrip()), end - len(written) + len(written.rstrip())
            if left < right:
                rows.append((index, left, right, _shape(text[left:right])))
        table = np.array(rows, np.int64).reshape(-1, 4)
        found.append(Tokens(table[:, 0], table[:, 1], table[:, 2], table[:, 3]))
    return found


def frame(tokenizer: Tokenizer) -> tuple[list[int], list[int]]:
    """The special tokens before and after a text."""
    around = tokenizer.encode("").ids
    return around[: len(around) - len(around) // 2], around[len(around) - len(around) // 2 :]


def places(tokens: Tokens, start: int, end: int) -> tuple[int, int] | None:
    """The first and the last token of characters start to end; None where a border lies inside a token."""
    first = int(np.searchsorted(tokens.starts, start))
    last = int(np.searchsorted(tokens.ends, end, side="right")) - 1
    exact = first <= last and tokens.starts[first] == start and tokens.ends[last] == end
    return (first, last) if exact else None


def windows(count: int, size: int, widest: int) -> list[Window]:
    """Windows over some tokens; every token's entities are taken from exactly one, which holds them whole.

    Neighbours overlap by the widest entity and a margin on either side of it, so that what is taken from a window has
    context on both sides.

    Args:
        count: tokens of the text.
        size: tokens of a window, more than twice `widest`.
        widest: tokens of the widest entity.
    """
    assert size > 2 * widest > 0, "windows are too short"
    if count <= size:
        return [Window(0, count, 0, count)]
    margin = (size - widest) // 6
    stride = size - widest - 2 * margin
    starts = [*range(0, count - size, stride), count - size]
    firsts = [0, *(start + margin for start in starts[1:]), count]
    return [
        Window(start, start + size, first, last) for start, first, last in zip(starts, firsts, firsts[1:], strict=False)
    ]


def _shape(written: str) -> int:
    if written.isdigit():
        return 6
    if written.islower():
        return 2
    if written[:1].isupper() and (len(written) == 1 or written[1:].islower()):
        return 3
    if written.isupper():
        return 4
    return 5 if written.lower() != written else 1
