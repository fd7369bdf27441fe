"""Batches of texts of similar length, in an order fixed by the seed.

Knows lengths, shards and seeds; knows nothing of models.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from danlu.corpus.shards import Shard


def by_length(
    lengths: Sequence[int], size: int, seed: int, *, weights: NDArray[np.float32] | None = None, block: int = 40
) -> Iterator[list[int]]:
    """Endless batches of indices: each epoch is shuffled, sorted inside blocks of batches, and shuffled again.

    Args:
        lengths: of each text, in tokens.
        size: texts in a batch.
        seed: the same seed gives the same batches.
        weights: how often each text is drawn, beside the others; an epoch draws as many as there are texts. Without
            them each epoch draws each text once.
        block: how many batches are sorted together; padding falls as it grows, and so does chance.
    """
    measured = np.asarray(lengths)
    epoch = 0
    while True:
        rng = np.random.default_rng((seed, epoch))
        order = rng.permutation(len(measured))
        if weights is not None:
            order = rng.permutation(order[_drawn(weights[order], rng)])
        ready: list[list[int]] = []
        for start in range(0, len(order), size * block):
            part = order[start : start + size * block]
            part = part[np.argsort(measured[part], kind="stable")]
            ready += [part[i : i + size].tolist() for i in range(0, len(part), size)]
        for index in rng.permutation(len(ready)):
            yield ready[index]
        epoch += 1


def _drawn(weights: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.int64]:
    """As many indices as weights, each as often as it weighs, rounded up or down (systematic resampling)."""
    until = np.cumsum(weights, dtype=np.float64)
    marks = (np.arange(len(weights)) + rng.random()) * (until[-1] / len(weights))
    return np.searchsorted(until[:-1], marks, side="right")  # what rounding puts beyond the end is the last one's


@dataclass(frozen=True, eq=False)
class TokenBatches:
    """Batches of about equally many tokens from a mixture of shards; any batch can be asked for, in any order.

    A batch holds pieces of one bucket of lengths, so that few of its places are padding; its rows are as many as fit.

    Attributes:
        shards: the sources.
        weights: how often each source is read in one pass over the mixture; 0.5 reads a half, drawn anew each pass.
        tokens: places of a batch, padding among them.
        seed: of the drawing and the order.
        buckets: upper bounds of lengths; the last holds the longest piece.
    """

    shards: tuple[Shard, ...]
    weights: tuple[float, ...]
    tokens: int
    seed: int
    buckets: tuple[int, ...] = (16, 32, 48, 64, 96, 128, 192, 256, 384, 512)

    def __getitem__(self, step: int) -> list[NDArray[np.uint16]]:
        """The pieces of a batch; after the last of a pass comes the first of the next."""
        assert self.steps > 0, "the mixture is empty"
        turn = 0
        while step >= self._steps(turn):
            step -= self._steps(turn)
            turn += 1
        drawn, cuts = self._of_pass(turn)
        start, stop = cuts[step]
        return [self.shards[source].piece(index) for source, index in drawn[start:stop].tolist()]

    @property
    def steps(self) -> int:
        """Batches of the first pass."""
        return self._steps(0)

    @cache  # noqa: B019 - a number a pass, for as long as the process trains
    def _steps(self, turn: int) -> int:
        return len(self._of_pass(turn)[1])

    @lru_cache(maxsize=1)  # noqa: B019 - the pass that is being read
    def _of_pass(self, turn: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """(pieces, 2) source and index, bucket after bucket, and (batches, 2) which of them each batch holds."""
        rng = np.random.default_rng((self.seed, turn))
        drawn = np.concatenate([self._drawn(source, rng) for source in range(len(self.shards))])
        lengths = np.concatenate([self.shards[s].lengths[drawn[drawn[:, 0] == s, 1]] for s in range(len(self.shards))])
        mixed = rng.permutation(len(drawn))
        bounds = np.asarray(self.buckets)
        assert lengths.max(initial=0) <= bounds[-1], "a piece is longer than the last bucket"
        bucket = np.searchsorted(bounds, lengths[mixed])
        order = mixed[np.argsort(bucket, kind="stable")]
        cuts: list[NDArray[np.int64]] = []
        first = 0
        for size, bound in zip(np.bincount(bucket, minlength=len(bounds)).tolist(), bounds.tolist(), strict=True):
            starts = np.arange(first, first + size, max(1, self.tokens // bound))
            cuts.append(np.stack([starts, np.append(starts[1:], first + size)], 1) if size else starts.reshape(0, 2))
            first += size
        return drawn[order], rng.permutation(np.concatenate(cuts))

    def _drawn(self, source: int, rng: np.random.Generator) -> NDArray[np.int64]:
        pieces = len(self.shards[source].lengths)
        whole, part = divmod(self.weights[source], 1)
        some = np.sort(rng.choice(pieces, round(part * pieces), replace=False))
        index = np.concatenate([np.tile(np.arange(pieces), int(whole)), some])
        return np.stack([np.full(len(index), source), index], 1)
