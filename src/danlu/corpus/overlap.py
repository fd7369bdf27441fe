"""Keeps evaluation texts out of training text, and documents from coming twice.

Knows units (a Han character, or a word of another script) and their hashes. Does not know files or tokens.

A sentence of a document goes if it shares a run of 13 units with an evaluation text (GPT-3's rule: Brown et al.,
2020, appendix C), or if it, its line or its document is such a text from end to end. Case, blanks and punctuation do
not count.
"""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from danlu.text.normalize import clean

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    Hashes = NDArray[np.uint64]

GRAM = 13
LEAST = 5  # units of the shortest evaluation text: shorter ones are what everybody says
_HAN = "\\u3400-\\u4dbf\\u4e00-\\u9fff\\uf900-\\ufaff\\U00020000-\\U0003ffff"
_UNIT = re.compile(f"[{_HAN}]|[^\\W_{_HAN}]+")
_SENTENCE = re.compile(r"(?:[^。！？!?；;.\n]|\.(?!\s|$))*(?:[。！？!?；;.]+[”’」』）)\"']* *|\n+|$)")
_FACTOR = np.uint64(0x9E3779B97F4A7C15)
_INVERSE = np.uint64(pow(0x9E3779B97F4A7C15, -1, 1 << 64))


def units(text: str) -> list[str]:
    """The Han characters and words of a text, in one spelling."""
    return _UNIT.findall(clean(text).casefold())


@dataclass(frozen=True)
class Runs:
    """Hashes of runs of units in one flat list of texts.

    A run's hash is a polynomial of its units' hashes (Rabin and Karp, 1987) modulo 2⁶⁴, so that every run is hashed
    from two sums.

    Attributes:
        sums: (units + 1,) of hash times power, from the first unit on.
        inverse: (units + 1,) powers of the inverse factor.
    """

    sums: Hashes
    inverse: Hashes

    @classmethod
    def of(cls, words: Sequence[str]) -> Runs:
        """Hashes the units once."""
        codes = np.fromiter((zlib.crc32(word.encode()) for word in words), np.uint64, len(words))
        codes = (codes + np.uint64(1)) * _FACTOR
        codes ^= codes >> np.uint64(29)
        factors = np.ones(len(words) + 1, np.uint64)
        inverse = factors.copy()
        factors[1:], inverse[1:] = _FACTOR, _INVERSE
        sums = np.zeros(len(words) + 1, np.uint64)
        np.cumsum(codes * np.multiply.accumulate(factors)[:-1], out=sums[1:])
        return cls(sums, np.multiply.accumulate(inverse))

    def hashed(self, starts: NDArray[np.int64], ends: NDArray[np.int64]) -> Hashes:
        """(runs,) hashes of the units from each start to before each end; the length is part of it."""
        mixed = (self.sums[ends] - self.sums[starts]) * self.inverse[starts] + (ends - starts).astype(np.uint64)
        mixed = (mixed ^ (mixed >> np.uint64(30))) * _FACTOR
        return mixed ^ (mixed >> np.uint64(27))


class Guard:
    """The evaluation texts, as hashes."""

    def __init__(self, texts: Iterable[str]) -> None:
        """Reads the texts that must stay unseen."""
        words: list[str] = []
        ends: list[int] = [0]
        for text in texts:
            words += units(text)
            ends.append(len(words))
        runs, bounds = Runs.of(words), np.asarray(ends)
        starts, stops = bounds[:-1], bounds[1:]
        long_enough = stops - starts >= LEAST
        self._whole = np.unique(runs.hashed(starts[long_enough], stops[long_enough]))
        self._grams = np.unique(_grams(runs, bounds)[1])

    def clear(self, texts: Sequence[str]) -> list[tuple[str, int]]:
        """Each text without the sentences that evaluation texts share, and how many those were."""
        words: list[str] = []
        pieces: list[list[str]] = []
        sentence_ends, line_ends, text_ends = [0], [0], [0]
        for text in texts:
            found = [piece for piece in _SENTENCE.findall(text) if piece]
            pieces.append(found)
            for piece in found:
                words += units(piece)
                sentence_ends.append(len(words))
                if piece.endswith("\n"):
                    line_ends.append(len(words))
            line_ends.append(len(words))
            text_ends.append(len(words))
        runs = Runs.of(words)
        bad = np.zeros(len(words) + 1, np.int32)
        for ends in (sentence_ends, line_ends, text_ends):
            bounds = np.asarray(ends)
            starts, stops = bounds[:-1], bounds[1:]
            hit = np.isin(runs.hashed(starts, stops), self._whole) & (stops - starts >= LEAST)
            np.add.at(bad, starts[hit], 1)
            np.add.at(bad, stops[hit], -1)
        starts, grams = _grams(runs, np.asarray(text_ends))
        shared = starts[np.isin(grams, self._grams)]
        np.add.at(bad, shared, 1)
        np.add.at(bad, shared + GRAM, -1)
        marked = np.concatenate([[0], np.cumsum(np.cumsum(bad[:-1]) > 0)])
        bounds = np.asarray(sentence_ends)
        drop = iter((marked[bounds[1:]] > marked[bounds[:-1]]).tolist())
        return [_kept(found, [next(drop) for _ in found]) for found in pieces]


class Seen:
    """Documents that have come before, by the hash of their units: about 70 bytes each."""

    def __init__(self, hashes: Iterable[int] = ()) -> None:
        """Takes the hashes of an earlier run's `hashes`."""
        self._hashes = set(hashes)

    @property
    def hashes(self) -> Hashes:
        """Of all documents so far, sorted."""
        return np.sort(np.fromiter(self._hashes, np.uint64, len(self._hashes)))

    def again(self, texts: Sequence[str]) -> list[bool]:
        """Whether each text repeats an earlier one but for case, blanks and punctuation; texts without units do not."""
        words: list[str] = []
        ends = [0]
        for text in texts:
            words += units(text)
            ends.append(len(words))
        bounds = np.asarray(ends)
        hashes = Runs.of(words).hashed(bounds[:-1], bounds[1:]).tolist()
        out: list[bool] = []
        for value, length in zip(hashes, np.diff(bounds).tolist(), strict=True):
            out.append(length > 0 and value in self._hashes)
            self._hashes.add(value)
        return out


def _grams(runs: Runs, bounds: NDArray[np.int64]) -> tuple[NDArray[np.int64], Hashes]:
    """Where each run of 13 units starts that lies within one text, and its hash."""
    count = int(bounds[-1])
    text_end = np.repeat(bounds[1:], np.diff(bounds))
    starts = np.arange(count)
    starts = starts[starts + GRAM <= text_end]
    return starts, runs.hashed(starts, starts + GRAM)


def _kept(pieces: list[str], drop: list[bool]) -> tuple[str, int]:
    kept = "".join(piece for piece, bad in zip(pieces, drop, strict=True) if not bad)
    return (kept.strip() if any(drop) else kept), sum(drop)
