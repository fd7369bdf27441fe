"""Self-training without a labelled row: forms learn what a general model believes of texts, and correct it.

Knows feature matrices and beliefs; knows nothing of texts, labels' names or encoders. In every round each fold's forms
learn from the texts of the other folds, so what is believed of a text next never comes from forms that learned it.
Nobody's label says whether that helps; what is measured is agreement with the general model.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import log_softmax

from danlu.evals.metrics import accuracy, brier
from danlu.loops.opinion_pool import log_shares, pool_forms, pooled
from danlu.loops.self_training import STRENGTH, Round, Taught
from danlu.train.regression import Linear, softmax_regression

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from danlu.loops.self_training import Context

# Shapes: N texts, K labels, F forms.

PRIOR = 0.2  # exponent of the general model beside the forms that learned from it


def run(
    folds: Sequence[Context],
    full: Context,
    voice: str,
    *,
    rounds: Sequence[float],
    progress: Callable[[int], None] | None = None,
) -> tuple[list[Round], Taught, Taught]:
    """Teaches the forms from the beliefs of one voice, in rounds.

    A round takes the surest texts of each label, equally many of each where there are so many: a model that favours a
    label would teach the favour. Their targets are the beliefs, not the labels. The exponents of the forms are fitted
    to the voice's beliefs of texts that they did not learn from, so they are as unsure as it and they differ.

    Args:
        folds: contexts whose held-out rows cover the N texts.
        full: the context of all texts.
        voice: the fixed form that believes something from the outset.
        rounds: the share of the texts to learn from in each round.
        progress: called with 1 after each context of each round.

    Returns:
        The rounds, with agreement in the place of accuracy, the teacher after the first round, and after the last.
    """
    prior = full.fixed[voice]
    belief = prior.astype(np.float64)
    history: list[Round] = []
    states: list[Taught] = []
    for number, share in enumerate(rounds, 1):
        chosen = balanced(belief, share)
        taught = _teach([*folds, full], chosen, np.exp(belief[chosen]), voice, progress)
        belief = taught.held_out
        said, own = prior.argmax(1), _without(taught, voice)
        score = accuracy(said, own.argmax(1)), brier(said, np.exp(own))
        history.append(Round(number, len(chosen), *score, kept=True))
        states.append(taught)
    return history, states[0], states[-1]


def balanced(belief: NDArray[np.float64], share: float) -> NDArray[np.int64]:
    """Indices of the surest texts of each label that is believed of any, equally many of each where there are so many.

    Args:
        belief: (texts, K) log-probabilities.
        share: of the texts; a label has at most the K-th part of it.
    """
    label, sure = belief.argmax(1), belief.max(1)
    most = max(1, int(share * len(belief) / belief.shape[1]))
    mine = [np.flatnonzero(label == k) for k in range(belief.shape[1])]
    return np.sort(np.concatenate([rows[np.argsort(-sure[rows], kind="stable")][:most] for rows in mine]))


def _teach(
    contexts: Sequence[Context],
    chosen: NDArray[np.int64],
    targets: NDArray[np.float64],
    voice: str,
    progress: Callable[[int], None] | None,
) -> Taught:
    """The forms of every context, taught by those of the chosen texts that it may learn from."""
    prior = contexts[-1].fixed[voice]
    learning = tuple(contexts[-1].views)
    held = {form: np.zeros(prior.shape, np.float32) for form in learning}
    heads: dict[str, Linear] = {}
    all_votes: list[list[NDArray[np.float32]]] = []
    for context in contexts:
        own = np.isin(chosen, context.gold)
        rows, wanted = chosen[own], targets[own]
        votes: list[NDArray[np.float32]] = []
        for form, view in context.views.items():
            heads[form] = softmax_regression(view[rows], wanted, strength=STRENGTH[form])
            votes.append(log_shares(heads[form].logits(view), apart=False))
            held[form][context.held] = votes[-1][context.held]
        all_votes.append([*votes, prior])
        if progress:
            progress(1)
    weights = np.append(pool_forms(list(held.values()), np.exp(prior.astype(np.float64))), PRIOR)
    known = {**held, voice: prior}
    everything = np.arange(len(prior))
    return Taught(
        tuple(known),
        heads,
        weights,
        pooled(list(known.values()), weights),
        known,
        everything,
        [pooled(of_context, weights) for of_context in all_votes],
        worded=False,
    )


def _without(taught: Taught, voice: str) -> NDArray[np.float64]:
    """(N, K) log-probabilities of the forms that learned, without the voice that taught them."""
    rest = [form != voice for form in taught.forms]
    votes = [taught.votes[form] for form in taught.forms if form != voice]
    return np.asarray(log_softmax(pooled(votes, taught.weights[rest]), axis=1), np.float64)
