"""How often each label occurs in what a model will read, where labelled rows were not drawn as texts come.

Ten examples of every label say nothing of how rare a label is, and a teacher that learned from them gives the rarest
one too often. Knows tables of probabilities; knows nothing of texts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from danlu.loops.opinion_pool import EVEN

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Shapes: R labelled rows, J of them that some fold held out, N texts, K labels.

TRUST = 1 / 4  # of labelled rows: people who choose examples mostly do not count how often a label occurs
A_LABEL = 2.0  # texts more for each label: with two rows each, what a label is taken for is anyone's guess
BLANK = 1.0  # rows of each label that are taken for what all labels are taken for
ENOUGH_DEV = 16  # dev rows from which on they say it alone
STEPS, SETTLED = 5_000, 1e-5  # at most, and until no share moves by more than this part of itself


@dataclass(frozen=True)
class Shares:
    """How often labels occur.

    Attributes:
        rows: (K,) among labelled rows, with some more that are spread evenly.
        expected: (K,) in what will be read.
        by: what told.
    """

    rows: NDArray[np.float64]
    expected: NDArray[np.float64]
    by: Literal["dev", "unlabelled"]

    @property
    def shift(self) -> NDArray[np.float64]:
        """(K,) what is added to log-probabilities that were learned from the rows."""
        return np.log(self.expected / self.rows)


def pseudo_counts(truth: NDArray[np.int64], labels: int) -> NDArray[np.float64]:
    """(K,) texts that the shares of (R,) labelled rows are worth, whatever others say."""
    counts = np.bincount(truth, minlength=labels) + EVEN / labels
    return counts / counts.sum() * (EVEN + TRUST * len(truth) + A_LABEL * labels)


def by_dev(prior: NDArray[np.float64], dev: NDArray[np.int64]) -> Shares:
    """What the labels of dev rows tell, which stand for what will be asked.

    Args:
        prior: (K,) pseudo-counts of the labelled rows.
        dev: labels of the dev rows.
    """
    found = prior + np.bincount(dev, minlength=len(prior))
    return Shares(prior / prior.sum(), found / found.sum(), "dev")


def by_texts(
    prior: NDArray[np.float64],
    held_out: NDArray[np.floating[Any]],
    truth: NDArray[np.int64],
    believed: NDArray[np.floating[Any]],
) -> Shares:
    """What unlabelled texts tell: the likeliest shares, together with what labels are taken for.

    What is believed of the texts on average is what labels are taken for, each as often as it occurs (Lipton, Wang and
    Smola, 2018). What a label is taken for, few held-out rows say roughly, so this confusion is estimated beside the
    shares, from rows and texts at once: where the rows leave room to explain the texts by it, as under a teacher that
    hardly knows its labels, the shares stay those of the rows. Maximum a posteriori, by expectation and maximisation.

    Args:
        prior: (K,) pseudo-counts of all labelled rows.
        held_out: (J, K) probabilities of labelled rows by a teacher that did not learn from them.
        truth: (J,) their label indices.
        believed: (N, K) probabilities of the texts.
    """
    labels = len(prior)
    rows = np.zeros((labels, labels))  # label by what it is taken for
    np.add.at(rows, truth, held_out)
    usual = (rows.sum(0) + 1 / labels) / (len(truth) + 1)
    rows += BLANK * usual
    confusion = rows / rows.sum(1, keepdims=True)
    shares, seen = prior / prior.sum(), believed.sum(0, dtype=np.float64)
    for _ in range(STEPS):
        joint = shares[:, None] * confusion
        found = joint * (seen / joint.sum(0))
        before, shares = shares, found.sum(1) + prior
        shares /= shares.sum()
        confusion = rows + found
        confusion /= confusion.sum(1, keepdims=True)
        if np.abs(shares / before - 1).max() < SETTLED:
            break
    return Shares(prior / prior.sum(), shares, "unlabelled")
