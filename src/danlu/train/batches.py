"""Batches of texts of similar length, in an order fixed by the seed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


def by_length(lengths: Sequence[int], size: int, seed: int, *, block: int = 40) -> Iterator[list[int]]:
    """Endless batches of indices: each epoch is shuffled, sorted inside blocks of batches, and shuffled again.

    Args:
        lengths: of each text, in tokens.
        size: texts in a batch.
        seed: the same seed gives the same batches.
        block: how many batches are sorted together; padding falls as it grows, and so does chance.
    """
    measured = np.asarray(lengths)
    epoch = 0
    while True:
        rng = np.random.default_rng((seed, epoch))
        order = rng.permutation(len(measured))
        ready: list[list[int]] = []
        for start in range(0, len(order), size * block):
            part = order[start : start + size * block]
            part = part[np.argsort(measured[part], kind="stable")]
            ready += [part[i : i + size].tolist() for i in range(0, len(part), size)]
        for index in rng.permutation(len(ready)):
            yield ready[index]
        epoch += 1
