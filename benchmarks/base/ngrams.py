"""An n-gram model of characters, as something to be better than: modified Kneser-Ney (Chen and Goodman, 1998).

Knows arrays of code points. It keeps nothing: the counts that some texts ask for are taken from the training text in
one go, by sorting hashes of its n-grams, so that a hundred million characters need a few gigabytes and minutes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

ORDER = 5
MARK = 0  # before each document as often as its first character needs, and after the last
CHARACTERS = 150_000  # that Unicode has, about; whatever is unknown is one of them


@dataclass(frozen=True)
class _Asked:
    """What an order says of the characters asked for: a share of its own, and the weight of the next lower order."""

    own: NDArray[np.float64]
    lower: NDArray[np.float64]


def code_points(documents: Iterable[str]) -> NDArray[np.uint32]:
    """Documents in one array, between marks."""
    marks = "\0" * (ORDER - 1)
    texts = (np.frombuffer((marks + text.replace("\0", "")).encode("utf-32-le"), "<u4") for text in documents)
    return np.concatenate([*texts, np.zeros(1, np.uint32)])


def bits(train: NDArray[np.uint32], texts: Sequence[NDArray[np.uint32]]) -> list[float]:
    """The bits that each of some texts needs, the end of each of its documents among them.

    Args:
        train: what `code_points` made of the documents to learn from.
        texts: what it made of others.
    """
    stream = np.concatenate(texts)
    places = _targets(stream)
    found = np.full(len(places), 1 / CHARACTERS)
    for asked in reversed(list(_orders(train, stream, places))):
        found = asked.own + asked.lower * found
    ends = np.cumsum([len(text) for text in texts])
    return [float(-np.log2(part).sum()) for part in np.split(found, np.searchsorted(places, ends[:-1]))]


def _targets(stream: NDArray[np.uint32]) -> NDArray[np.int64]:
    """Where characters stand, and the first mark after a document."""
    before = np.concatenate([[MARK], stream[:-1]])
    return np.flatnonzero((stream != MARK) | (before != MARK))


def _orders(train: NDArray[np.uint32], stream: NDArray[np.uint32], places: NDArray[np.int64]) -> Iterator[_Asked]:
    """From the highest order down; a lower one counts in how many contexts an n-gram stands."""
    at = _targets(train)
    for order in range(ORDER, 0, -1):
        hashes = _hashes(train, at, order)
        by = np.argsort(hashes)
        hashes = hashes[by]
        first = np.flatnonzero(np.concatenate([[True], hashes[1:] != hashes[:-1]]))
        counts = np.diff(first, append=len(hashes))
        hashes, at = hashes[first], at[by[first]]
        del by
        yield _asked(
            hashes, counts, _hashes(train, at - 1, order - 1),
            _hashes(stream, places, order), _hashes(stream, places - 1, order - 1),
        )  # fmt: skip


def _asked(
    known: NDArray[np.uint64], counts: NDArray[np.int64], contexts: NDArray[np.uint64],
    wanted: NDArray[np.uint64], before: NDArray[np.uint64],
) -> _Asked:  # fmt: skip
    """Of the n-grams of an order (known, sorted; counts; their contexts): what the wanted ones, after `before`, get."""
    count = np.where(_member(known, wanted), counts[_place(known, wanted)], 0)
    distinct, which = np.unique(before, return_inverse=True)
    met = _member(distinct, contexts)
    size, of = np.minimum(counts[met], 3), _place(distinct, contexts[met])
    total = np.bincount(of, counts[met], len(distinct))[which]
    often = np.bincount(np.minimum(counts, 5), minlength=6)  # 5 or more are one
    ratio = often[1] / max(1, often[1] + 2 * often[2])
    discount = np.array([0.0, *(n - (n + 1) * ratio * often[n + 1] / max(1, often[n]) for n in (1, 2, 3))]).clip(0)
    taken = np.bincount(of, discount[size], len(distinct))[which]
    some = total > 0
    divisor = np.where(some, total, 1.0)
    own = np.maximum(count - discount[np.minimum(count, 3)], 0) / divisor
    return _Asked(np.where(some, own, 0.0), np.where(some, taken / divisor, 1.0))


def _hashes(stream: NDArray[np.uint32], at: NDArray[np.int64], order: int) -> NDArray[np.uint64]:
    """Of the n-grams that end at some places; two of a hundred million are alike with a chance of one in a thousand."""
    out = np.zeros(len(at), np.uint64)
    for back in range(order):
        out = (out ^ stream[np.maximum(at - back, 0)]) * np.uint64(0x9E3779B97F4A7C15)
        out ^= out >> np.uint64(29)
    return out


def _place(known: NDArray[np.uint64], wanted: NDArray[np.uint64]) -> NDArray[np.int64]:
    return np.minimum(np.searchsorted(known, wanted), len(known) - 1)


def _member(known: NDArray[np.uint64], wanted: NDArray[np.uint64]) -> NDArray[np.bool_]:
    return known[_place(known, wanted)] == wanted if len(known) else np.zeros(len(wanted), np.bool_)
