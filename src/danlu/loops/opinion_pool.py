"""How forms vote together: a product of experts, each with its exponent, and heads whose intercept is fitted apart.

Knows tables of probabilities; does not know what the forms are, or who learns from the vote.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.optimize import minimize
from scipy.special import log_softmax, logsumexp, softmax

from danlu.evals import several

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from danlu.types import Pairing

# Shapes: N rows, K labels, F forms. Where texts may have several labels, or are scored, log-probabilities are those
# that each holds, and each (row, label) is a decision.

PULL = 800.0  # the pull towards prior shares is this over the rows squared: few rows cannot say who is right
TEMPER = 1 / 8  # of the likelihoods behind those shares: held-out rows of a few folds are not independent witnesses
TOTAL = 2.0  # of the exponents, where few rows are: regularised forms are too modest, and each knows something else
EVEN, UNKNOWN = 16, 4  # rows taken to be spread evenly over the labels, and to say nothing of a head's intercept


@dataclass(frozen=True)
class Prior:
    """What is thought of the forms before any row has judged them.

    Attributes:
        total: of the exponents.
        start: the log-likelihood that some forms have from the outset.
    """

    total: float = TOTAL
    start: Mapping[str, float] = field(default_factory=dict)


OF_TEXTS = Prior()
# Of pairs no form is modest where few rows are. Where order matters, forms that compare two vectors are near chance,
# and the one that reads both sides together learns a single number, which a few dozen rows cannot lead astray; nor can
# they the cosines of questions and options, where one of several is known to be right.
OF_PAIRS: dict[Pairing, Prior] = {"unordered": Prior(1.0), "ordered": Prior(1.0, {"choice": 3.0})}
OF_QUESTIONS = Prior(1.0, {"likeness": 2.0})
OF_SCORED_PAIRS = OF_QUESTIONS  # how alike two texts are, the cosine says before anything is learned


def intercept(votes: NDArray[np.floating[Any]], truth: NDArray[np.int64]) -> NDArray[np.float32]:
    """(K,) what is added to the logits of a head so that each label comes up as often as it should.

    A head on many features explains the rows that it learned from by their own features, whatever its intercept is, and
    to others it gives the intercept alone: with 22 rows of one label and 10 of the other that was 2.1 in favour of the
    first, where the shares ask for 0.8. So the intercept is the likeliest on held-out rows, and then moved: as `EVEN`
    rows more are taken to be spread evenly over the labels, few rows do not say that labels differ in number.

    Args:
        votes: (N, K) log-probabilities of rows that the head did not learn from.
        truth: (N,) their label indices.
    """
    labels = votes.shape[1]
    counts = np.bincount(truth, minlength=labels).astype(np.float64)
    # with a few rows of which nothing is known: one row or two of which a head is sure and wrong move little
    stacked = np.concatenate([votes.astype(np.float64), np.zeros((UNKNOWN, labels))])
    told = counts + UNKNOWN / labels

    def objective(bias: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        moved = stacked + bias
        loss = np.sum(logsumexp(moved, axis=1)) - told @ bias
        return float(loss) / len(stacked), (softmax(moved, axis=1).sum(0) - told) / len(stacked)

    likeliest = minimize(objective, np.zeros(labels), jac=True, method="L-BFGS-B").x
    moved = likeliest + np.log(counts + EVEN / labels) - np.log(told)
    return np.asarray(moved - moved.mean(), np.float32)


def pool_forms(
    votes: Sequence[NDArray[np.float32]],
    targets: NDArray[np.floating[Any]],
    pull: float = PULL,
    total: float = TOTAL,
    start: NDArray[np.float64] | None = None,
    rows: int | None = None,
) -> NDArray[np.float64]:
    """(F,) exponents of a product of experts, fitted to targets and pulled towards shares of a total.

    Logarithmic opinion pool (Genest and Zidek, 1986); the sum of the exponents is free, so it calibrates as well. A
    form's share of the total is how likely the targets make it to be the best of all, by its loss alone, tempered
    (Grünwald, 2012): forms that few rows cannot part share alike, and what is plainly worse starts from nothing.

    Args:
        votes: (rows, K) log-probabilities of each form, on rows it did not learn from.
        targets: (rows, K) distributions.
        pull: weight of the squared distance from those shares beside the mean loss, times the rows squared.
        total: what the shares add up to.
        start: (F,) log-likelihood that each form has from the outset; none by default.
        rows: how many they count for: passages of one text are no independent witnesses. As many as there are by
            default.
    """
    stacked = np.stack(votes).astype(np.float64)
    rows = len(targets) if rows is None else rows
    losses = np.array([_exponents(stacked[form : form + 1], targets, np.ones(1), 0.0)[1] for form in range(len(votes))])
    likely = -TEMPER * rows * losses
    shares = total * softmax(likely if start is None else likely + start)
    return _exponents(stacked, targets, shares, pull / rows**2)[0]


def _exponents(
    votes: NDArray[np.float64], targets: NDArray[np.floating[Any]], towards: NDArray[np.float64], pull: float
) -> tuple[NDArray[np.float64], float]:
    """The (F,) exponents and their mean loss a row, the pull included."""

    def objective(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        log_probability = log_softmax(np.tensordot(weights, votes, 1), axis=1)
        expected = (np.exp(log_probability) * votes).sum(2).mean(1)
        gradient = expected - (targets * votes).sum(2).mean(1) + 2 * pull * (weights - towards)
        loss = -(targets * log_probability).sum(1).mean() + pull * ((weights - towards) ** 2).sum()
        return float(loss), gradient

    found = minimize(objective, towards, jac=True, method="L-BFGS-B", bounds=[(0.0, 4.0)] * len(votes))
    return found.x, float(found.fun)


def pooled(votes: Sequence[NDArray[np.float32]], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """(N, K) log-probabilities of the pool of forms."""
    return log_softmax(np.tensordot(weights, np.stack(votes).astype(np.float64), 1), axis=1)


def log_shares(logits: NDArray[np.floating[Any]], *, apart: bool) -> NDArray[np.float32]:
    """(N, K) log-probabilities of logits; where labels are apart, that each holds."""
    return np.asarray(several.log_sigmoid(logits) if apart else log_softmax(logits, axis=1), np.float32)


def pooled_odds(votes: Sequence[NDArray[np.float32]], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """(N, K) log-odds of the pool of forms, where each label is a decision: the same pool, of two columns."""
    odds = np.zeros(votes[0].shape)
    for vote, weight in zip(votes, weights, strict=True):
        odds += weight * several.log_odds(vote)
    return odds


def pooled_apart(votes: Sequence[NDArray[np.float32]], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """(N, K) log-probabilities that each label holds, by the pool of forms."""
    return np.asarray(several.log_sigmoid(pooled_odds(votes, weights)), np.float64)
