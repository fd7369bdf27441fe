"""What the labels of a task say in words, and which of them say nothing.

Knows names and descriptions; does not know texts, or who compares them.
"""

from __future__ import annotations

import re
import unicodedata
from itertools import pairwise
from typing import TYPE_CHECKING

from danlu.text.pair import plain

if TYPE_CHECKING:
    from collections.abc import Sequence

_LONGEST = 32  # characters or words of a name whose order is compared
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_MEANING = re.compile(r"[^\W\d_]{2,}|[\u4e00-\u9fff]")
_APOSTROPHE = re.compile("['’`]")
# What parts words. Signs that mean something stay: C++, C#, AA-, 50%, <18.
_BETWEEN = re.compile(r"(?<=\w)-(?=\w)|[\s_.,;:!?\"“”‘()\[\]{}/\\|·、。《》【】「」—–…~]+")
_HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff]")
_UNIT = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]|[^\s\u3400-\u4dbf\u4e00-\u9fff]+")
_PLURAL = re.compile(r"(?<=[a-z][a-z][^\W\d_siu])s$")
_NO_PLURALS = frozenset(("news", "goods"))
# Words about which the order of others says something: English to Chinese is not Chinese to English.
_TURNED = "after as at before but by for from in into no not of off on out over than then to under vs with without"
_TURNING = frozenset(_TURNED.split())
_TURNING_HAN = frozenset("到转至对非不比给向从被把译变换未无")


def wording(labels: Sequence[str], descriptions: dict[str, str]) -> list[str] | None:
    """What each label says in words, or None where the names mean nothing (numbers, single letters, codes)."""
    words = _words(labels, descriptions)
    return words if all(_MEANING.search(word) for word in words) else None


def meaningless(labels: Sequence[str], descriptions: dict[str, str]) -> list[str]:
    """The labels that say nothing, neither by name nor by description, in their order."""
    words = _words(labels, descriptions)
    return [label for label, word in zip(labels, words, strict=True) if not _MEANING.search(word)]


def same_words(labels: Sequence[str], descriptions: dict[str, str]) -> list[list[str]]:
    """The labels that say the same as others, together with these; case, width and spaces tell nothing apart."""
    found: dict[str, list[str]] = {}
    for label, word in zip(labels, _words(labels, descriptions), strict=True):
        said = " ".join(unicodedata.normalize("NFKC", word).casefold().split())
        found.setdefault(said, []).append(label)
    return [group for group in found.values() if len(group) > 1]


def alike(labels: Sequence[str]) -> list[list[str]]:
    """The labels whose names differ only in case, width, spaces, punctuation or a plural s, together."""
    found: dict[str, list[str]] = {}
    for label in labels:
        found.setdefault(_spelling(label), []).append(label)
    return [group for group in found.values() if len(group) > 1]


def reordered(labels: Sequence[str]) -> list[list[str]]:
    """The labels whose names have the same words in another order, together; those of `alike` count as one.

    Words of Chinese are not parted by anything: of two names of the same characters, one must become the other where
    two neighbouring parts of it, each of two characters at least, change places. Names in which the order says
    something (digits, words such as to, from and not) are never compared.
    """
    named: dict[tuple[str, ...], list[list[tuple[str, ...]]]] = {}
    spelled: dict[tuple[str, ...], list[str]] = {}
    for label in labels:
        units = _units(label)
        spelled.setdefault(units, []).append(label)
        if len(spelled[units]) > 1 or not _comparable(units):
            continue
        groups = named.setdefault(tuple(sorted(units)), [])
        own = next((group for group in groups if _turned(group[0], units)), None)
        groups.append([units]) if own is None else own.append(units)
    return [
        [label for units in group for label in spelled[units]]
        for groups in named.values()
        for group in groups
        if len(group) > 1
    ]


def _units(label: str) -> tuple[str, ...]:
    """The words of a name in one spelling, without a plural s; of Chinese the characters."""
    folded = unicodedata.normalize("NFKC", _CAMEL.sub(" ", label)).casefold()
    words = _UNIT.findall(_BETWEEN.sub(" ", _APOSTROPHE.sub("", folded)))
    return tuple(word if word in _NO_PLURALS else _PLURAL.sub("", word) for word in words)


def _spelling(label: str) -> str:
    """What two names have in common that differ in nothing that matters; names that mean nothing keep their signs."""
    if not _MEANING.search(label):
        return " ".join(unicodedata.normalize("NFKC", label).casefold().split())
    units = _units(label)
    parted = (" " * (left[-1:].isdigit() and unit[0].isdigit()) + unit for left, unit in pairwise(("", *units)))
    return "".join(parted)


def _comparable(units: Sequence[str]) -> bool:
    """Whether names of such words say the same in another order."""
    if not 2 <= len(units) <= _LONGEST or _TURNING & set(units) or _TURNING_HAN & set(units):
        return False
    return not any(character.isdigit() for unit in units for character in unit)


def _turned(first: tuple[str, ...], second: tuple[str, ...]) -> bool:
    """Whether two names of the same words, or characters, say the same."""
    if not any(map(_is_han, first)):
        return True
    size = len(first)
    return any(
        first[middle:end] + first[start:middle] == second[start:end]
        for start in range(_shared(first, second) + 1)
        for end in range(max(start + 2, size - _shared(first[::-1], second[::-1])), size + 1)
        for middle in range(start + 1, end)
        if _is_word(first[start:middle]) and _is_word(first[middle:end])
    )


def _shared(first: Sequence[str], second: Sequence[str]) -> int:
    """With how many units both begin."""
    return next((at for at, (a, b) in enumerate(zip(first, second, strict=True)) if a != b), len(first))


def _is_word(units: Sequence[str]) -> bool:
    return len(units) > 1 or not _is_han(units[0])


def _is_han(unit: str) -> bool:
    return _HAN.fullmatch(unit) is not None


def _words(labels: Sequence[str], descriptions: dict[str, str]) -> list[str]:
    words = [descriptions.get(label) or _CAMEL.sub(" ", label).replace("_", " ").replace("-", " ") for label in labels]
    shared = _shared_prefix(words)
    return [plain(word[shared:].strip() or word) for word in words]


def _shared_prefix(words: Sequence[str]) -> int:
    """The length of a first word that every label shares (news story, news car, ...)."""
    first = {word.split(" ", 1)[0] for word in words}
    return len(first.pop()) + 1 if len(first) == 1 and len(words) > 1 and all(" " in word for word in words) else 0
