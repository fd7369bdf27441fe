"""The Generator: makes text to choose students by, where there is little.

First version: passages of the texts there are. The Teacher judges them; they need not mean what their text means. Of
pairs, one side is cut (of two that are long enough, one at random), and the other stays: pairs made at random would
nearly all be of one label.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from danlu.text.pair import join, pairing_of, sides
from danlu.text.question import ask, blank, pairs, parts

if TYPE_CHECKING:
    from collections.abc import Sequence


def can_be_cut(text: str) -> bool:
    """Whether a text, or either side of a pair, has the 12 characters that `passages` asks for."""
    return max(map(len, sides(text))) >= 12


def passages(texts: Sequence[str], count: int, seed: int) -> list[str]:
    """Up to `count` distinct passages, each 30 to 80 % of a text, starting and ending at a border if one is near.

    A passage of a pair is a pair again, with one side cut.

    Args:
        texts: where they are cut from; each text gives about the same number.
        count: how many are wanted.
        seed: the same seed gives the same passages.
    """
    rng = np.random.default_rng(seed)
    pairing = pairing_of(texts)
    usable = [text for text in texts if can_be_cut(text)]
    whole = set(texts)
    found: dict[str, None] = {}
    if not usable:
        return []
    for turn in range(2 * count):
        if len(found) == count:
            break
        text = usable[turn % len(usable)]
        if pairing:
            both = list(sides(text))
            side = int(rng.random() < 0.5) if min(map(len, both)) >= 12 else int(np.argmax([len(one) for one in both]))
            both[side] = _passage(both[side], rng)
            made, length = join(both[0], both[1], pairing), len(both[side])
        else:
            made = _passage(text, rng)
            length = len(made)
        if length >= 4 and made not in whole:
            found.setdefault(made)
    return list(found)


def question_passages(texts: Sequence[str], count: int, seed: int) -> list[str]:
    """Distinct questions with options, about `count` options together, each shorter than the one it is made of.

    A question with a blank keeps what stands next to it; one without is cut as texts are. Its options stay.

    Args:
        texts: questions with their options.
        count: of options, that are wanted.
        seed: the same seed gives the same questions.
    """
    rng = np.random.default_rng(seed)
    known = {pair for text in texts for pair in pairs(text)}
    found: dict[str, None] = {}
    options = 0
    for turn in range(2 * count):
        if options >= count or not texts:
            break
        question, *own = parts(texts[turn % len(texts)])
        made = ask(_shorter(question, rng), own)
        if made not in found and not known.intersection(pairs(made)):
            found[made] = None
            options += len(own)
    return list(found)


def _shorter(question: str, rng: np.random.Generator) -> str:
    """Part of a question; all of it where it is too short to be cut."""
    around = blank(question)
    if around is None:
        return (_passage(question, rng) or question) if len(question) >= 12 else question
    before, gap, after = around
    return before[-int(rng.integers(4, 15)) :] + gap + after[: int(rng.integers(4, 15))]


def _passage(text: str, rng: np.random.Generator) -> str:
    size = int(len(text) * rng.uniform(0.3, 0.8))
    start = _border(text, int(rng.integers(0, len(text) - size + 1)))
    return text[start : _border(text, start + size)].strip(" ,，。.;；")


def _border(text: str, position: int) -> int:
    """The nearest place behind a space or punctuation mark within ten characters, else the place itself."""
    for distance in range(10):
        for place in (position - distance, position + distance):
            if 0 < place <= len(text) and not text[place - 1].isalnum():
                return place
    return position
