"""Hashed n-grams of a text: the features of every n-gram model, in training and in the shipped file alike.

Han text gives its 1- to 3-grams of characters; other scripts give words, pairs of words and 3- to 5-grams of
characters across word borders, so that neither needs a segmenter. Digits are one symbol. Of a pair of texts an n-gram
says whether it stands in both sides or in one, and how much the two share is said as well. Knows nothing of weights.
"""

from __future__ import annotations

import re
import zlib
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from danlu.text.normalize import clean
from danlu.text.pair import pairing_of, sides

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from numpy.typing import NDArray

_DIGIT = re.compile(r"\d")
_WORD = re.compile(r"[^\W\u2e80-\u9fff\uac00-\ud7ff\uf900-\ufaff]+(?:'[^\W\u2e80-\u9fff]+)?")
_HAN_FROM, _HAN_TO = 0x2E80, 0x9FFF
_PRIME = np.uint64(0x9E3779B97F4A7C15)
_BOTH, _FIRST, _SECOND, _SHARED, _HELD = range(1, 6)  # what a bucket of a pair speaks of
_LEVELS = np.arange(1, 20)  # twentieths of the n-grams in common, each with a bucket of its own


class Grams(NamedTuple):
    """Hashed n-grams, ordered by text and bucket; each array is (features,)."""

    rows: NDArray[np.int64]
    buckets: NDArray[np.int64]
    counts: NDArray[np.float32]


def ngrams(texts: Sequence[str], bits: int) -> Grams:
    """The distinct hashed n-grams of each text, with how often each stands in it.

    Args:
        texts: any strings, or pairs of them.
        bits: the number of buckets is 2 to this power; at most 32.

    Returns:
        text index, bucket and count.
    """
    pairing = pairing_of(texts)
    if pairing is None:
        return _single(texts, bits)
    return _compared(_single([side for text in texts for side in sides(text)], bits), pairing == "ordered", bits)


def _single(texts: Sequence[str], bits: int) -> Grams:
    prepared = [f" {_DIGIT.sub('0', clean(text).lower())} " for text in texts]
    rows, hashes = _character_ngrams(prepared)
    word_rows, word_hashes = _word_ngrams(prepared)
    bucket = np.concatenate([hashes, word_hashes]) >> np.uint64(64 - bits)
    keys = (np.concatenate([rows, word_rows]).astype(np.uint64) << np.uint64(bits)) | bucket
    keys, counts = np.unique(keys, return_counts=True)
    return _split(keys, counts, bits)


def _split(keys: NDArray[np.uint64], counts: NDArray[np.floating[Any] | np.integer[Any]], bits: int) -> Grams:
    mask = np.uint64((1 << bits) - 1)
    return Grams((keys >> np.uint64(bits)).astype(np.int64), (keys & mask).astype(np.int64), counts.astype(np.float32))


def _compared(grams: Grams, ordered: bool, bits: int) -> Grams:
    """The n-grams of pairs: those of both sides, those of one, and how large a share the sides have in common.

    Shares are written as steps: a pair that shares 0.42 has the buckets of 0.05, 0.1, ..., 0.4, so that a linear model
    can learn any rising or falling curve.

    Args:
        grams: of the sides, two rows a pair.
        ordered: whether the first side's n-grams have other buckets than the second's.
        bits: of the buckets.
    """
    keys = _keys(grams.rows >> 1, grams.buckets, bits)
    union, place = np.unique(keys, return_inverse=True)
    counts = np.zeros((2, len(union)), np.float32)
    counts[grams.rows & 1, place] = grams.counts
    both = counts.min(0)
    row, bucket, _ = _split(union, both, bits)
    pairs = (int(grams.rows.max(initial=-1)) >> 1) + 1
    size, second, common = (np.bincount(row, of, pairs).astype(np.float64) for of in (counts.sum(0), counts[1], both))
    parts = [(row, bucket, _BOTH, both), (row, bucket, _FIRST, counts[0] - both)]
    parts += [(row, bucket, _SECOND if ordered else _FIRST, counts[1] - both), _steps(2 * common, size, _SHARED)]
    if ordered:
        parts.append(_steps(common, second, _HELD))
    found = [(r[n > 0], b[n > 0], role, n[n > 0]) for r, b, role, n in parts]
    mixed = [_keys(r, _bucket(b, role, bits), bits) for r, b, role, _ in found]
    keys, place = np.unique(np.concatenate(mixed), return_inverse=True)
    return _split(keys, np.bincount(place, np.concatenate([n for *_, n in found]), len(keys)), bits)


def _steps(
    part: NDArray[np.float64], whole: NDArray[np.float64], role: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], int, NDArray[np.float64]]:
    """(pairs,) parts of wholes as row, step, role and count of the steps that each reaches."""
    row, step = np.nonzero((20 * part[:, None] >= _LEVELS * whole[:, None]) & (whole[:, None] > 0))
    return row, step, role, np.ones(len(row))


def _keys(rows: NDArray[np.int64], buckets: NDArray[np.int64], bits: int) -> NDArray[np.uint64]:
    return (rows.astype(np.uint64) << np.uint64(bits)) | buckets.astype(np.uint64)


def _bucket(code: NDArray[np.int64], role: int, bits: int) -> NDArray[np.int64]:
    """Another bucket for each role of an n-gram."""
    mixed = _mix(_mix(code.astype(np.uint64) * np.uint64(8) + np.uint64(role)))
    return (mixed >> np.uint64(64 - bits)).astype(np.int64)


def _character_ngrams(prepared: list[str]) -> tuple[NDArray[np.int64], NDArray[np.uint64]]:
    lengths = np.array([len(text) for text in prepared], dtype=np.int64)
    codes = np.frombuffer("".join(prepared).encode("utf-32-le", "surrogatepass"), dtype=np.uint32).astype(np.uint64)
    text_of = np.repeat(np.arange(len(prepared)), lengths)
    han = (codes >= _HAN_FROM) & (codes <= _HAN_TO)
    rows: list[NDArray[np.int64]] = []
    hashes: list[NDArray[np.uint64]] = []
    hashed, has_han = np.zeros_like(codes), np.zeros_like(han)
    for n in range(1, 6):
        end = max(len(codes) - n + 1, 0)
        hashed = _mix(hashed[:end] + codes[n - 1 :])
        has_han = has_han[:end] | han[n - 1 :]
        whole = text_of[:end] == text_of[n - 1 :]
        wanted = whole & (has_han if n < 3 else ~has_han if n > 3 else True)
        rows.append(text_of[:end][wanted])
        hashes.append(hashed[wanted] + np.uint64(n))
    return np.concatenate(rows), _mix(np.concatenate(hashes))


def _word_ngrams(prepared: list[str]) -> tuple[NDArray[np.int64], NDArray[np.uint64]]:
    rows: list[int] = []
    values: list[int] = []
    for row, text in enumerate(prepared):
        previous = 0
        for word in _WORD.findall(text):
            code = zlib.crc32(word.encode("utf-8", "surrogatepass"))
            rows.append(row)
            values.append(code)
            if previous:
                rows.append(row)
                values.append((previous << 32) | code)
            previous = code
    return np.array(rows, dtype=np.int64), _mix(np.array(values, dtype=np.uint64))


def _mix(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """A multiply-xorshift mix of 64 bits (the finaliser of splitmix64, Steele et al. 2014, shortened)."""
    values = (values ^ (values >> np.uint64(30))) * _PRIME
    return values ^ (values >> np.uint64(29))
