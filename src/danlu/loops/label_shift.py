"""How often each label occurs in what a model will read, where labelled rows were not drawn as texts come.

Ten examples of every label say nothing of how rare a label is, and a teacher that learned from them gives the rarest
one too often. Knows tables of probabilities; knows nothing of texts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Shapes: R labelled rows, N unlabelled texts, K labels.

EVEN = 16  # rows taken to be spread evenly over the labels, beside
TRUST = 1 / 4  # of the labelled rows: people who choose examples mostly do not count how often a label occurs
UNKNOWN = 1.0  # rows of each label of which nothing is known but what all labels are taken for
STEPS = 500  # far more than it takes to settle, and each costs K² products


def shares_of_rows(truth: NDArray[np.int64], labels: int) -> NDArray[np.float64]:
    """(K,) shares of the labels among (R,) labelled rows, with `EVEN` rows more that are spread evenly."""
    counts = np.bincount(truth, minlength=labels) + EVEN / labels
    return counts / counts.sum()


def shares_of_known(truth: NDArray[np.int64], known: NDArray[np.int64], labels: int) -> NDArray[np.float64]:
    """(K,) shares of the labels where rows are known that stand for what will be asked, as a dev file's do.

    Args:
        truth: (R,) labels of the rows that were learned from.
        known: labels of those others.
        labels: K.
    """
    shares = np.bincount(known, minlength=labels) + _weight(truth) * shares_of_rows(truth, labels)
    return shares / shares.sum()


def _weight(truth: NDArray[np.int64]) -> float:
    """How many texts the shares among (R,) labelled rows are worth."""
    return EVEN + TRUST * len(truth)


def shares_of_texts(
    held_out: NDArray[np.floating[Any]], truth: NDArray[np.int64], believed: NDArray[np.floating[Any]]
) -> NDArray[np.float64]:
    """(K,) shares of the labels among unlabelled texts, the likeliest together with what labels are taken for.

    What is believed of the texts on average is what labels are taken for, each as often as it occurs (Lipton, Wang and
    Smola, 2018). What a label is taken for, few held-out rows say roughly, so it is estimated beside the shares, from
    rows and texts at once: where the rows leave room to explain the texts by it, as under a teacher that hardly knows
    its labels, the shares stay those of the rows. Maximum a posteriori, by expectation and maximisation.

    Args:
        held_out: (R, K) probabilities of labelled rows by a teacher that did not learn from them.
        truth: (R,) their label indices.
        believed: (N, K) probabilities of the texts.
    """
    labels = held_out.shape[1]
    shares = prior = shares_of_rows(truth, labels)
    rows = np.zeros((labels, labels))  # label by what it is taken for
    np.add.at(rows, truth, held_out)
    usual = (rows.sum(0) + 1 / labels) / (len(truth) + 1)
    known = rows + UNKNOWN * usual
    taken = known / known.sum(1, keepdims=True)
    seen, weight = believed.sum(0, dtype=np.float64), _weight(truth)
    for _ in range(STEPS):
        joint = shares[:, None] * taken
        found = joint * (seen / joint.sum(0))
        shares = found.sum(1) + weight * prior
        shares /= shares.sum()
        taken = known + found
        taken /= taken.sum(1, keepdims=True)
    return shares
