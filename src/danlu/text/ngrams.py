"""Hashed n-grams of a text: the features of every n-gram model, in training and in the shipped file alike.

Han text gives its 1- to 3-grams of characters; other scripts give words, pairs of words and 3- to 5-grams of
characters across word borders, so that neither needs a segmenter. Digits are one symbol. Knows nothing of weights.
"""

from __future__ import annotations

import re
import zlib
from typing import TYPE_CHECKING

import numpy as np

from danlu.text.normalize import clean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_DIGIT = re.compile(r"\d")
_WORD = re.compile(r"[^\W\u2e80-\u9fff\uac00-\ud7ff\uf900-\ufaff]+(?:'[^\W\u2e80-\u9fff]+)?")
_HAN_FROM, _HAN_TO = 0x2E80, 0x9FFF
_PRIME = np.uint64(0x9E3779B97F4A7C15)


def ngrams(texts: Sequence[str], bits: int) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]:
    """The distinct hashed n-grams of each text, with how often each stands in it.

    Args:
        texts: any strings.
        bits: the number of buckets is 2 to this power; at most 32.

    Returns:
        text index, bucket and count, each (features,), ordered by text and bucket.
    """
    prepared = [f" {_DIGIT.sub('0', clean(text).lower())} " for text in texts]
    rows, hashes = _character_ngrams(prepared)
    word_rows, word_hashes = _word_ngrams(prepared)
    bucket = np.concatenate([hashes, word_hashes]) >> np.uint64(64 - bits)
    keys = (np.concatenate([rows, word_rows]).astype(np.uint64) << np.uint64(bits)) | bucket
    keys, counts = np.unique(keys, return_counts=True)
    mask = np.uint64((1 << bits) - 1)
    return (keys >> np.uint64(bits)).astype(np.int64), (keys & mask).astype(np.int64), counts.astype(np.float32)


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
