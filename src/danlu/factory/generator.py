"""The Generator: makes more text for the Student to learn from.

First version: passages of the texts there are. The Teacher labels them; they need not mean what their text means.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence


def passages(texts: Sequence[str], count: int, seed: int) -> list[str]:
    """Up to `count` distinct passages, each 30 to 80 % of a text, starting and ending at a border if one is near.

    Args:
        texts: where they are cut from; each text gives about the same number.
        count: how many are wanted.
        seed: the same seed gives the same passages.
    """
    rng = np.random.default_rng(seed)
    usable = [text for text in texts if len(text) >= 12]
    whole = set(texts)
    found: dict[str, None] = {}
    if not usable:
        return []
    for turn in range(2 * count):
        if len(found) == count:
            break
        text = usable[turn % len(usable)]
        size = int(len(text) * rng.uniform(0.3, 0.8))
        start = _border(text, int(rng.integers(0, len(text) - size + 1)))
        passage = text[start : _border(text, start + size)].strip(" ,，。.;；")
        if len(passage) >= 4 and passage not in whole:
            found.setdefault(passage)
    return list(found)


def _border(text: str, position: int) -> int:
    """The nearest place behind a space or punctuation mark within ten characters, else the place itself."""
    for distance in range(10):
        for place in (position - distance, position + distance):
            if 0 < place <= len(text) and not text[place - 1].isalnum():
                return place
    return position
