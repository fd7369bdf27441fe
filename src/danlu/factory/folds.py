"""Which labelled rows are held out together, so that what is measured on them was not learned from their likes.

Knows texts, pairs of texts and label indices; does not know what is trained. Texts that repeat one another, exactly or
nearly, are on one side of every fold. For pairs that is not enough: a text that stands in many pairs can be learned by
heart, so no side of a held-out pair is learned from.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import networkx
import numpy as np
from sklearn.model_selection import StratifiedGroupKFold

from danlu.corpus.dedup import families
from danlu.factory.findings import Finding
from danlu.text.pair import pairing_of, sides

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from danlu.evals.questions import Questions

    Folds = list[tuple[NDArray[np.int64], NDArray[np.int64]]]

# Shares of all pairs that each fold learns from, and that some fold holds out, for folds without common sides to do.
LEAST_LEARNED, LEAST_JUDGED = 1 / 3, 1 / 4
LEVELS = 5  # of scores


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


def folds_of_questions(texts: Sequence[str], questions: Questions, most: int, seed: int) -> Folds:
    """(trained on, held out) pairs of each fold: all options of a question, and of what nearly repeats it, together.

    Options such as yes and no stand in many questions; they tie nothing together.

    Args:
        texts: (Q,) what of each question is compared with others.
        questions: how many options each has.
        most: folds, where there are so many questions.
        seed: of the shuffle.
    """
    alike, alone = np.zeros(len(texts), np.int64), np.arange(len(texts))
    group = families([[text] for text in texts])
    found = _folds(alike, group, most, seed) or _folds(alike, alone, most, seed)
    return [(questions.rows(train), questions.rows(held)) for train, held in found]


def levels_of(scores: NDArray[np.floating[Any]], folds: int) -> NDArray[np.int64]:
    """(rows,) which of up to five levels of scores each lies on, about as many rows on each, for folds to be even in.

    Args:
        scores: of the labelled rows.
        folds: how many; there are fewer levels where rows are too few for two of each level in every fold.
    """
    count = max(1, min(LEVELS, len(scores) // (2 * folds)))
    edges = np.unique(np.quantile(scores, np.arange(1, count) / count)) if count > 1 else np.zeros(0)
    least = scores.min(initial=np.inf)
    if (scores > least).sum() >= 2 * folds:  # where most scores are the least one, the others are apart from them
        edges = np.maximum(edges, np.nextafter(least, np.inf))
    return np.searchsorted(edges, scores, side="right").astype(np.int64)


def doubts(texts: Sequence[str], folds: Folds) -> list[Finding]:
    """A warning where some fold learns from a pair that has a side of a pair it holds out; single texts have none."""
    if pairing_of(texts) is None:
        return []
    for train, held in folds:
        learned, measured = ({side for i in part for side in sides(texts[int(i)])} for part in (train, held))
        if learned & measured:
            return [Finding("warning", "pairs-share-texts")]
    return []


def _of_pairs(texts: Sequence[str], truth: NDArray[np.int64], most: int, seed: int) -> Folds:
    """Folds that share no side between trained and held-out pairs; none where too little could be measured so.

    Sides that meet in pairs live in one town; a town of too many pairs is divided where fewest pairs cross. A pair
    between two towns, and a pair of a town that stays too large, is held out nowhere, and trained on where none of its
    towns is held out. A fold whose training would lack a label holds nothing out.
    """
    home = _towns(families([[side] for text in texts for side in sides(text)]).reshape(-1, 2), most, seed)
    within = home[:, 0] == home[:, 1]
    small = np.bincount(home[within, 0], minlength=int(home.max(initial=0)) + 1) <= len(truth) / most
    inside = np.flatnonzero(within & small[home[:, 0]])
    folds: Folds = []
    for _, part in _folds(truth[inside], home[inside, 0], most, seed):
        held = inside[part]
        train = np.flatnonzero(~np.isin(home, home[held]).any(1))
        if len(train) >= LEAST_LEARNED * len(truth) and np.isin(truth[held], truth[train]).all():
            folds.append((train, held))
    judged = np.concatenate([held for _, held in folds]) if len(folds) > 1 else np.zeros(0, np.int64)
    labels, often = np.unique(truth, return_counts=True)
    enough = len(judged) >= LEAST_JUDGED * len(truth) and np.isin(labels[often > 1], truth[judged]).all()
    return folds if enough else []


def _towns(ends: NDArray[np.int64], most: int, seed: int) -> NDArray[np.int64]:
    """(pairs, 2) the town of each side: what hangs together by pairs, divided where that is too much.

    The division is that of Louvain's method (Blondel et al., 2008).

    Args:
        ends: (pairs, 2) families of sides.
        most: folds; a town of more pairs than a fold holds is too large.
        seed: of the division.
    """
    graph = networkx.Graph()
    roads, often = np.unique(np.sort(ends, axis=1), axis=0, return_counts=True)
    graph.add_weighted_edges_from([(*road, count) for road, count in zip(roads.tolist(), often.tolist(), strict=True)])
    town = np.zeros(int(ends.max(initial=0)) + 1, np.int64)
    found: list[set[int]] = []
    for group in networkx.connected_components(graph):
        large = np.isin(ends[:, 0], list(group)).sum() > len(ends) / most
        found += networkx.community.louvain_communities(graph.subgraph(group), seed=seed) if large else [group]
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
