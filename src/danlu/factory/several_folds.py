"""Folds of texts that may have several labels, each label spread over them as evenly as can be.

Iterative stratification (Sechidis et al., 2011) of families of texts: those that repeat one another, exactly or nearly,
are on one side of every fold. Knows texts and the table of their labels; does not know what is trained.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from danlu.corpus.dedup import families

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from danlu.factory.folds import Folds


def folds_of_several(texts: Sequence[str], truth: NDArray[np.int64], most: int, seed: int) -> Folds:
    """(trained on, held out) indices of each fold.

    A text with a label that no other family has, or that no fold would have left, is held out in none. Where all texts
    are of one family, each is a family of its own.

    Args:
        texts: of the labelled rows.
        truth: (rows, K), 1 where a label holds.
        most: folds, where there are so many families.
        seed: of the order in which families are dealt.
    """
    return _folds(truth, families([[text] for text in texts]), most, seed) or _folds(
        truth, np.arange(len(texts)), most, seed
    )


def _folds(truth: NDArray[np.int64], group: NDArray[np.int64], most: int, seed: int) -> Folds:
    group = np.unique(group, return_inverse=True)[1]
    table = np.zeros((int(group.max(initial=-1)) + 1, truth.shape[1]), np.int64)
    np.add.at(table, group, truth)
    lonely = (table > 0).sum(0) == 1
    free = np.flatnonzero(~(table[:, lonely] > 0).any(1))
    if len(free) < 2:
        return []
    fold = np.full(len(table), -1)
    count = min(most, len(free))
    fold[free] = deal(table[free], np.bincount(group, minlength=len(table))[free], count, seed)
    everything = np.arange(len(group))
    folds: Folds = []
    for number in range(count):
        held = fold[group] == number
        lost = truth[held].any(0) & ~truth[~held].any(0)
        held &= ~np.isin(group, group[truth[:, lost].any(1)])
        if held.any():
            folds.append((everything[~held], everything[held]))
    return folds


def deal(table: NDArray[np.int64], sizes: NDArray[np.int64], folds: int, seed: int) -> NDArray[np.int64]:
    """(families,) the fold of each: the rarest label that is left comes first, to the fold that lacks most of it.

    Args:
        table: (families, K) rows of each label.
        sizes: (families,) rows.
        folds: how many, at least 2.
        seed: of the order among equals.
    """
    rng = np.random.default_rng(seed)
    fold = np.full(len(table), -1)
    lacking = np.tile(table.sum(0) / folds, (folds, 1))  # rows of each label that each fold should still get
    room = np.full(folds, sizes.sum() / folds)
    left = rng.permutation(len(table))
    while len(left):
        often = table[left].sum(0)
        if often.any():
            label = int(np.argmin(np.where(often > 0, often, np.iinfo(np.int64).max)))
            mine = left[table[left, label] > 0]
            mine = mine[np.argsort(-table[mine, label], kind="stable")]
        else:
            label, mine = -1, left[np.argsort(-sizes[left], kind="stable")]
        for family in mine:
            need = lacking[:, label] if label >= 0 else room
            best = np.flatnonzero(need >= need.max() - 1e-9)
            number = int(best[np.argmax(room[best])])
            fold[family] = number
            lacking[number] -= table[family]
            room[number] -= sizes[family]
        left = left[fold[left] < 0]
    return fold
