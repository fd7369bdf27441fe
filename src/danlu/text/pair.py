"""Two texts as one string, so that whatever carries texts carries pairs of texts as well.

Between the two sides stands a mark: a control character, which `clean` takes out of everything that people write, so no
cleaned text holds one. There are two marks, for pairs whose order means something (a premise and what may follow) and
for those where it does not (two questions); the sides of the latter are sorted, so both orders are the same string.
Knows strings; does not know how two sides are compared.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from danlu.types import Pairing

_MARKS: dict[Pairing, str] = {"ordered": "\x1e", "unordered": "\x1f"}
_PAIRINGS: dict[str, Pairing] = {mark: pairing for pairing, mark in _MARKS.items()}
_ANY = re.compile("[\x1e\x1f]")
_SHOWN = {"\x1e": " ⇒ ", "\x1f": " ⇔ "}


def plain(text: str) -> str:
    """A text that somebody wrote, with marks replaced by characters that `clean` and `tidy` treat as they do marks.

    Besides the two marks of pairs that is the one of `danlu.text.question`.
    """
    return text.replace("\x1d", "\x1c").replace("\x1e", "\x1c").replace("\x1f", "\0")


def join(first: str, second: str, pairing: Pairing) -> str:
    """The pair of two texts; marks inside them are replaced as by `plain`."""
    written = [plain(first), plain(second)]
    return _MARKS[pairing].join(sorted(written) if pairing == "unordered" else written)


def sides(text: str) -> tuple[str, ...]:
    """The two sides of a pair, or the one text that is no pair."""
    return tuple(_ANY.split(text, maxsplit=1))


def pairing_of(texts: Iterable[str]) -> Pairing | None:
    """How the first of some texts is paired; a task's texts are all paired alike. None for single texts and none."""
    found = _ANY.search(next(iter(texts), ""))
    return _PAIRINGS[found.group()] if found else None


def each(text: str, change: Callable[[str], str]) -> str:
    """A text, or a pair, with each side changed."""
    pairing = pairing_of([text])
    if pairing is None:
        return change(text)
    first, second = sides(text)
    return join(change(first), change(second), pairing)


def shown(text: str, most: int) -> str:
    """A pair for people to read: up to `most` characters of each side, an arrow between; other texts as they are."""
    mark = _ANY.search(text)
    if mark is None:
        return text
    return _SHOWN[mark.group()].join(side if len(side) <= most else side[: most - 1] + "…" for side in sides(text))
