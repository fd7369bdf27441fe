"""What the labels of a task say in words, and which of them say nothing.

Knows names and descriptions; does not know texts, or who compares them.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from danlu.text.pair import plain

if TYPE_CHECKING:
    from collections.abc import Sequence

_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_MEANING = re.compile(r"[^\W\d_]{2,}|[\u4e00-\u9fff]")


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


def _words(labels: Sequence[str], descriptions: dict[str, str]) -> list[str]:
    words = [descriptions.get(label) or _CAMEL.sub(" ", label).replace("_", " ").replace("-", " ") for label in labels]
    shared = _shared_prefix(words)
    return [plain(word[shared:].strip() or word) for word in words]


def _shared_prefix(words: Sequence[str]) -> int:
    """The length of a first word that every label shares (news story, news car, ...)."""
    first = {word.split(" ", 1)[0] for word in words}
    return len(first.pop()) + 1 if len(first) == 1 and len(words) > 1 and all(" " in word for word in words) else 0
