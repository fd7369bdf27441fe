"""Texts that repeat one another, exactly or nearly, without comparing all with all.

Knows MinHash (Broder, 1997) and locality-sensitive hashing by bands (Leskovec, Rajaraman and Ullman, Mining of Massive
Datasets, section 3.4). Does not know labels or what to do about a repetition.

A text's set is that of the character 3-grams of its cleaned, casefolded form; two texts are near duplicates if the
Jaccard similarity of their sets reaches the threshold; of pairs of texts, that of both sides. Hashing only proposes
what may repeat what; each is verified exactly.

Suffixes of arrays: t texts, g 3-grams of all texts of a block in a row, p permutations.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from danlu.text.normalize import clean
from danlu.text.pair import each, pairing_of, sides

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    Ints = NDArray[np.int64]
    Hashes = NDArray[np.uint64]

THRESHOLD = 0.85
PERMUTATIONS = 64
RECALL = 0.995  # of the pairs exactly at the threshold; more above it
CROWD = 16  # texts of one bucket that a later text may be compared with, the earliest ones
TRIES = 16  # pairs verified for one text before it counts as new
_BLOCK = 1 << 20  # characters hashed at a time
_CACHED = 64  # characters of the longest text whose set is kept for a while
_ROWS = 1 << 14  # pairs of signatures compared at a time
_KEPT = frozenset("#@&%*/\\")  # punctuation that names things: C# is not C
_DEVIATIONS = 3  # standard deviations that the estimated similarity may lie below the threshold


def exact_key(text: str) -> str:
    """What two texts share if only case, white space and punctuation part them.

    Punctuation becomes a space, so that 3.5 is not 35; a text of nothing else stays as it is. The key of a pair is the
    pair of its sides' keys.
    """
    return each(text, _exact_key)


def _exact_key(text: str) -> str:
    folded = clean(clean(text).casefold())
    spaced = "".join(" " if _is_punctuation(character) else character for character in folded)
    return " ".join(spaced.split()) or folded


def _is_punctuation(character: str) -> bool:
    return not character.isalnum() and character not in _KEPT and unicodedata.category(character).startswith("P")


def near_duplicates(texts: Sequence[str], threshold: float = THRESHOLD) -> list[tuple[int, int]]:
    """For each text that repeats an earlier one, exactly or nearly, one pair (later, earlier), in order.

    A later text has one pair however many it repeats, so a template filled in ten thousand times gives ten thousand
    pairs, not fifty million. Texts without a character are left out. Where hundreds of texts are alike just below
    the threshold a pair may be missed, because a text is verified against 16 others at most; so may pairs of texts of
    which dozens share a long side.

    Args:
        texts: the texts, in order of precedence.
        threshold: Jaccard similarity from which two texts are near duplicates, above 0 and at most 1.
    """
    return _repeats(texts, len(texts), threshold)


def near_matches(
    texts: Sequence[str], references: Sequence[str], threshold: float = THRESHOLD
) -> list[tuple[int, int]]:
    """For each text that repeats a reference, exactly or nearly, one pair (text, reference), in order.

    Args:
        texts: the texts.
        references: what they may repeat.
        threshold: as in `near_duplicates`.
    """
    first = len(references)
    pairs = _repeats([*references, *texts], first, threshold)
    return [(later - first, earlier) for later, earlier in pairs if later >= first]


def families(rows: Sequence[Sequence[str]], threshold: float = THRESHOLD) -> Ints:
    """(rows,) a number for each row: rows share one if a text of the one repeats a text of the other, or of a third.

    Args:
        rows: the texts of each row.
        threshold: as in `near_duplicates`.
    """
    from scipy.sparse import coo_array  # only who trains asks for families, and reading needs no scipy
    from scipy.sparse.csgraph import connected_components

    owners = [index for index, texts in enumerate(rows) for _ in texts]
    texts = [text for texts in rows for text in texts]
    pairs = _repeats(texts, len(texts), threshold, most=TRIES)
    later, earlier = ([owners[pair[side]] for pair in pairs] for side in (0, 1))
    graph = coo_array((np.ones(len(pairs)), (later, earlier)), shape=(len(rows), len(rows)))
    return connected_components(graph, directed=False)[1].astype(np.int64)


def _repeats(texts: Sequence[str], sources: int, threshold: float, most: int = 1) -> list[tuple[int, int]]:
    """Pairs (later, earlier), the earlier among the first `sources` texts, up to `most` for each later text."""
    folded = [each(text, lambda side: clean(clean(side).casefold())) for text in texts]
    first_of: dict[str, int] = {}
    for index, text in enumerate(folded):
        if text:
            first_of.setdefault(text, index)
    distinct = list(first_of.values())
    near = _near([folded[index] for index in distinct], sum(index < sources for index in distinct), threshold, most)
    found = {distinct[later]: [distinct[index] for index in earlier] for later, earlier in near.items()}
    pairs: list[tuple[int, int]] = []
    for index, text in enumerate(folded):
        first = first_of.get(text, index)
        exact = first < index and first < sources
        pairs += [(index, earlier) for earlier in ([first] if exact else found.get(first, []))]
    return pairs


def _near(texts: list[str], sources: int, threshold: float, most: int) -> dict[int, list[int]]:
    """Distinct texts to up to `most` earlier near duplicates among the first `sources`."""
    if len(texts) < 2 or sources < 1:
        return {}
    padded = [text.ljust(3, "\0") for text in texts]  # clean texts hold no NUL
    signatures_tp = _signatures(padded)
    buckets = [_buckets(keys_t) for keys_t in _band_keys(signatures_tp, threshold)]
    found: dict[int, list[int]] = {}
    tries = [0] * len(texts)
    for depth in range(CROWD):
        open_t = np.array(tries) < TRIES
        pairs = np.concatenate([_candidates(order, starts, depth, sources, open_t) for order, starts in buckets])
        if not len(pairs):
            break
        for later, earlier in _plausible(pairs, signatures_tp, threshold):
            if tries[later] < TRIES:
                tries[later] += 1
                if _alike(padded[later], padded[earlier], threshold):
                    found.setdefault(later, []).append(earlier)
                    if len(found[later]) == most:
                        tries[later] = TRIES
    return found


def _signatures(texts: list[str]) -> NDArray[np.uint32]:
    """For each text and permutation, the smallest hash of a 3-gram; every text has at least one."""
    random = np.random.default_rng(0)
    factors_p = random.integers(0, 1 << 63, PERMUTATIONS, dtype=np.uint64) * np.uint64(2) + np.uint64(1)
    offsets_p = random.integers(0, 1 << 63, PERMUTATIONS, dtype=np.uint64)
    signatures_tp = np.empty((len(texts), PERMUTATIONS), dtype=np.uint32)
    for start, stop in _blocks(texts):
        grams_g, starts_t = _grams(texts[start:stop])
        for column, (factor, offset) in enumerate(zip(factors_p, offsets_p, strict=True)):
            hashes_g = ((grams_g * factor + offset) >> np.uint64(32)).astype(np.uint32)
            signatures_tp[start:stop, column] = np.minimum.reduceat(hashes_g, starts_t)
    return signatures_tp


def _blocks(texts: list[str]) -> Iterator[tuple[int, int]]:
    """Ranges of texts with about `_BLOCK` characters each."""
    ends = np.cumsum([len(text) for text in texts])
    cuts = np.searchsorted(ends, np.arange(_BLOCK, int(ends[-1]), _BLOCK)).tolist()
    yield from ((start, stop) for start, stop in pairwise([0, *cuts, len(texts)]) if start < stop)


def _grams(texts: list[str]) -> tuple[Hashes, Ints]:
    """The 3-grams of some texts, mixed to 64 bits (Steele et al., SplitMix, 2014), and where each text's begin."""
    codes = np.frombuffer("".join(texts).encode("utf-32-le"), dtype=np.uint32).astype(np.uint64)
    lengths_t = np.array([len(text) for text in texts], dtype=np.int64)
    inside = np.ones(len(codes), dtype=bool)
    ends_t = np.cumsum(lengths_t)
    inside[ends_t - 1] = False
    inside[ends_t - 2] = False
    packed = (codes[:-2] << np.uint64(42)) | (codes[1:-1] << np.uint64(21)) | codes[2:]
    grams_g = packed[inside[:-2]]
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        grams_g = (grams_g ^ (grams_g >> np.uint64(shift))) * np.uint64(factor)
    return grams_g ^ (grams_g >> np.uint64(31)), np.concatenate([[0], np.cumsum(lengths_t - 2)[:-1]])


def _band_keys(signatures_tp: NDArray[np.uint32], threshold: float) -> Iterator[Hashes]:
    """For each band one key a text; texts that agree in a band share its key.

    A band has as many rows as leave a pair at the threshold the recall to share one band at least.
    """
    rows = max(
        (rows for rows in range(2, PERMUTATIONS + 1) if (1 - threshold**rows) ** (PERMUTATIONS // rows) <= 1 - RECALL),
        default=1,
    )
    for band in range(PERMUTATIONS // rows):
        keys_t = np.zeros(len(signatures_tp), dtype=np.uint64)
        for column in range(band * rows, (band + 1) * rows):
            keys_t = keys_t * np.uint64(0x9E3779B97F4A7C15) + signatures_tp[:, column]
        yield keys_t


def _buckets(keys_t: Hashes) -> tuple[Ints, Ints]:
    """The texts that share a key with another, bucket by bucket in order, and where each one's bucket begins."""
    order = np.argsort(keys_t, kind="stable")
    _, counts = np.unique(keys_t[order], return_counts=True)
    shared = counts > 1
    kept = order[np.repeat(shared, counts)]
    sizes = counts[shared]
    return kept, np.repeat(np.cumsum(sizes) - sizes, sizes)


def _candidates(order: Ints, starts: Ints, depth: int, sources: int, open_t: NDArray[np.bool_]) -> Ints:
    """Pairs of each open text with the text at `depth` in its bucket, if that is an earlier source."""
    inner = np.flatnonzero(np.arange(len(order)) - starts > depth)
    pairs = np.stack([order[inner], order[starts[inner] + depth]], axis=1)
    return pairs[(pairs[:, 1] < sources) & open_t[pairs[:, 0]]]


def _plausible(pairs: Ints, signatures_tp: NDArray[np.uint32], threshold: float) -> Iterator[tuple[int, int]]:
    """The distinct pairs whose signatures agree about as often as the threshold asks, each text's best first."""
    count = len(signatures_tp)
    least = threshold - _DEVIATIONS * (threshold * (1 - threshold) / PERMUTATIONS) ** 0.5
    later, earlier = np.divmod(np.unique(pairs[:, 0] * count + pairs[:, 1]), count)
    agreement = np.concatenate(
        [
            (signatures_tp[later[start : start + _ROWS]] == signatures_tp[earlier[start : start + _ROWS]]).mean(axis=1)
            for start in range(0, len(later), _ROWS)
        ]
    )
    kept = np.flatnonzero(agreement >= least)
    best = kept[np.lexsort((-agreement[kept], later[kept]))]
    yield from zip(later[best].tolist(), earlier[best].tolist(), strict=True)


def _alike(first: str, second: str, threshold: float) -> bool:
    """Whether two texts are near duplicates; of two pairs, whether both sides are (crosswise too if unordered)."""
    one, other = sides(first), sides(second)
    orders = [other, other[::-1]] if pairing_of([second]) == "unordered" else [other]
    return any(
        len(one) == len(order) and all(_jaccard(*both) >= threshold for both in zip(one, order, strict=True))
        for order in orders
    )


def _jaccard(first: str, second: str) -> float:
    one, other = (_cached_set(text) if len(text) <= _CACHED else _gram_set(text) for text in (first, second))
    common = len(one & other)
    return common / max(1, len(one) + len(other) - common)


def _gram_set(text: str) -> frozenset[str]:
    return frozenset([text[start : start + 3] for start in range(max(1, len(text) - 2))])


_cached_set = lru_cache(maxsize=1 << 14)(_gram_set)  # a bucket's first texts are asked for again and again
