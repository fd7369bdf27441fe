"""Which labelled rows are held out together, so that what is measured on them was not learned from their likes.

Knows texts, pairs of texts and label indices; does not know what is trained. Texts that repeat one another, exactly or
nearly, are on one side of every fold. For pairs that is not enough: a text that stands in many pairs can be learned by
heart, so no side of a held-out pair is learned from.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import networkx
import numpy as np
from sklearn.model_selection import StratifiedGroupKFold

from danlu.corpus.dedup import families
from danlu.text.pair import pairing_of, sides

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Folds = list[tuple[NDArray[np.int64], NDArray[np.int64]]]


def folds_of(texts: Sequence[str], truth: NDArray[np.int64], most: int, seed: int) -> Folds:
    """(trained on, held out) indices of each fold, stratified.

    What a row can say of a text that nearly repeats it is no measure of what it says of others. Only where all rows of
    a label repeat one another are they parted, so that no label goes without a score. Rows of a label that a fold
    would have nothing left of are trained on there, and held out nowhere else.

    Args:
        texts: of the labelled rows, single ones or pairs.
        truth: (rows,) their label indices.
        most: folds, where the rows allow so many.
        seed: of the shuffle.
    """
    found = _of_pairs(texts, truth, most, seed) if pairing_of(texts) else []
    if found:
        return found
    alone = np.arange(len(truth))
    group = families([[text] for text in texts])
    uniform = [k for k in np.unique(truth) if len(np.unique(group[truth == k])) == 1]
    group = np.where(np.isin(truth, uniform), len(truth) + alone, group)
    return _folds(truth, group, most, seed) or _folds(truth, alone, most, seed)


def _of_pairs(texts: Sequence[str], truth: NDArray[np.int64], most: int, seed: int) -> Folds:
    """Folds that share no side between trained and held-out pairs; none where that leaves a label unmeasured.

    Sides that meet in pairs live in one town; a town of too many pairs is divided where fewest pairs cross. A pair
    between two towns is held out nowhere, and trained on where neither town is held out.
    """
    home = _towns(families([[side] for text in texts for side in sides(text)]).reshape(-1, 2), most, seed)
    inside = np.flatnonzero(home[:, 0] == home[:, 1])
    folds: Folds = []
    for _, part in _folds(truth[inside], home[inside, 0], most, seed):
        held = inside[part]
        folds.append((np.flatnonzero(~np.isin(home, home[held]).any(1)), held))
    learned = all(set(truth[train]) == set(truth) for train, _ in folds)
    judged = {int(label) for _, held in folds for label in truth[held]}
    return folds if learned and judged == set(truth.tolist()) else []


def _towns(ends: NDArray[np.int64], most: int, seed: int) -> NDArray[np.int64]:
    """(pairs, 2) the town of each side: what hangs together by pairs, divided where that is too much.

    The division is that of Louvain's method (Blondel et al., 2008).

    Args:
        ends: (pairs, 2) families of sides.
        most: folds; a town of more pairs than a fold holds is too large.
        seed: of the division.
    """
    graph = networkx.Graph()
    graph.add_edges_from(ends.tolist())
    town = np.zeros(int(ends.max(initial=0)) + 1, np.int64)
    found: list[set[int]] = []
    for group in networkx.connected_components(graph):
        whole = graph.subgraph(sorted(group))
        large = np.isin(ends[:, 0], list(group)).sum() > len(ends) / most
        found += networkx.community.louvain_communities(whole, seed=seed) if large else [group]
    for number, members in enumerate(found):
        town[list(members)] = number
    return town[ends]


def _folds(truth: NDArray[np.int64], group: NDArray[np.int64], most: int, seed: int) -> Folds:
    free = _free(truth, group)
    if not free.any():
        return []
    often = np.flatnonzero(free)
    least = min(len(np.unique(group[free & (truth == k)])) for k in np.unique(truth[free]))
    splitter = StratifiedGroupKFold(max(2, min(most, least)), shuffle=True, random_state=seed)
    folds: Folds = []
    for _, part in splitter.split(np.zeros(len(often)), truth[often], group[often]):
        held = often[part]
        kept = np.setdiff1d(np.arange(len(truth)), held)
        lost = np.setdiff1d(truth[held], truth[kept])
        held = held[~np.isin(group[held], group[held[np.isin(truth[held], lost)]])]
        if len(held):
            folds.append((np.setdiff1d(np.arange(len(truth)), held), held))
    return folds


def _free(truth: NDArray[np.int64], group: NDArray[np.int64]) -> NDArray[np.bool_]:
    """(rows,) which can be held out: those of labels with two groups, and of groups where that is so of every label."""
    free = np.ones(len(truth), bool)
    while True:
        many = [k for k in np.unique(truth) if len(np.unique(group[free & (truth == k)])) >= 2]
        tied = free & ~np.isin(truth, many)
        if not tied.any():
            return free
        free &= ~np.isin(group, group[tied])
