"""Self-training: a teacher's own predictions on unlabelled text become soft examples, if real labels agree.

Knows feature matrices and labels; knows nothing of texts, files or encoders. Every round is run inside each
cross-validation fold as well, so its score on held-out labels is honest, and a round that worsens it is undone. Only
intercepts, a number a label, are fitted on rows that other folds held out, and so by heads that saw these labels: the
score is rather too low for it than too high.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import log_softmax

from danlu.evals import several
from danlu.evals.metrics import accuracy, brier
from danlu.evals.questions import by_question
from danlu.evals.scores import spearman
from danlu.loops.admission import admit, admit_scores, admit_several
from danlu.loops.opinion_pool import (
    OF_QUESTIONS,
    OF_TEXTS,
    intercept,
    log_shares,
    pool_forms,
    pooled,
    pooled_apart,
    pooled_odds,
)
from danlu.train.regression import Linear, softmax_regression

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import NDArray

    from danlu.evals.questions import Questions
    from danlu.loops.opinion_pool import Prior
    from danlu.types import Truth

# Shapes: N rows (labelled first, then the pool of unlabelled texts), K labels, F forms. Where texts may have several
# labels, truth is (labelled, K), log-probabilities are those that each holds, and each (row, label) is a decision. Of
# scores truth is (labelled, 1), from 0 to 1, and a decision is how far up its range a score lies.

STRENGTH = {"ngram": 200.0, "linear": 10.0, "static": 3.0, "contrastive": 10.0}
ROUNDS = (0.3, 0.6, 0.9)  # shares of the unlabelled texts admitted


@dataclass(frozen=True)
class Context:
    """One training set: a fold of the labelled rows, or all of them.

    Attributes:
        gold: indices of the labelled rows trained on.
        held: indices of the labelled rows held out; none in the context that trains on all.
        views: the (N, features) matrix of each form that has a linear head.
        fixed: the (N, K) log-probabilities of forms that do not learn from unlabelled text.
        wording: the (K, features) row of what each label says in words, in forms that can learn from it.
    """

    gold: NDArray[np.int64]
    held: NDArray[np.int64]
    views: dict[str, NDArray[np.float32]]
    fixed: dict[str, NDArray[np.float32]]
    wording: dict[str, NDArray[np.float32]] = field(default_factory=dict)


@dataclass(frozen=True)
class Round:
    """What one round did: how much it admitted, and the out-of-fold accuracy (micro-F1 of decisions) and Brier score.

    Of scores they are Spearman's correlation and the mean squared error, in shares of the range.

    The Brier score decides: with 32 rows accuracy moves in steps of 3 points, and one row would decide a round.
    """

    round: int
    admitted: int
    accuracy: float
    brier: float
    kept: bool


@dataclass(frozen=True)
class Taught:
    """A teacher at the end of a round.

    Attributes:
        heads: of the full context, a form each.
        weights: (F,) exponent of each form in the pooled probability; the forms' order is that of `forms`.
        held_out: (labelled, K) log-probabilities of the labelled rows by the contexts that did not train on them.
        votes: the same before pooling, a form each.
        judged: which labelled rows some context held out; the others have no say in any score.
        by_context: the (N, K) log-probabilities of each fold's context and, last, of the full one.
        worded: whether the wording of the labels was learned from, each as one more labelled row.
    """

    forms: tuple[str, ...]
    heads: dict[str, Linear]
    weights: NDArray[np.float64]
    held_out: NDArray[np.float64]
    votes: dict[str, NDArray[np.float32]]
    judged: NDArray[np.int64]
    by_context: list[NDArray[np.float64]]
    worded: bool


def run(
    folds: Sequence[Context],
    full: Context,
    truth: Truth,
    labels: int,
    *,
    rounds: Sequence[float] = ROUNDS,
    pseudo_weight: float = 0.3,
    progress: Callable[[int], None] | None = None,
    questions: Questions | None = None,
    prior: Prior | None = None,
) -> tuple[list[Round], Taught, Taught]:
    """Teaches without and with unlabelled text; by the wording of labels too, where that does no harm.

    Args:
        folds: contexts whose held-out rows cover the labelled rows.
        full: the context of all labelled rows.
        truth: (labelled,) label indices; (labelled, K) of several labels; (labelled, 1) scores, from 0 to 1.
        labels: K.
        rounds: the share of the unlabelled texts to admit in each round.
        pseudo_weight: what an admitted text weighs beside a labelled one.
        progress: called with 1 after each context of each round.
        questions: where the N rows are pairs of a question and an option; votes, admissions and scores are those of
            whole questions then.
        prior: what is thought of the forms before any row has judged them; that of questions, or of texts, if None.

    Returns:
        The rounds, the teacher without the loop, and the teacher after the last round that was kept.
    """
    prior = prior or (OF_TEXTS if questions is None else OF_QUESTIONS)
    contexts = [*folds, full]
    nothing = [None] * len(contexts)
    taught, posteriors = _teach(contexts, truth, labels, nothing, pseudo_weight, progress, questions, prior)
    history = [_score(0, 0, taught, truth, questions)]
    if full.wording:
        plain = [replace(context, wording={}) for context in contexts]
        other, without = _teach(plain, truth, labels, nothing, pseudo_weight, None, questions, prior)
        score = _score(0, 0, other, truth, questions)
        if score.brier < history[0].brier:
            contexts, taught, posteriors, history = plain, other, without, [score]
    first = best = taught
    rows = len(taught.by_context[-1])
    if rows == len(truth):
        return history, first, best
    for number, share in enumerate(rounds, 1):
        targets = [_admitted(*posterior, truth, share, questions) for posterior in posteriors]
        taught, posteriors = _teach(contexts, truth, labels, targets, pseudo_weight, progress, questions, prior)
        admitted = targets[-1][0]
        count = len(admitted) if questions is None else len(questions.asked(admitted))
        score = _score(number, count, taught, truth, questions)
        history.append(replace(score, kept=score.brier <= history[-1].brier))
        if not history[-1].kept:
            break
        best = taught
    return history, first, best


def are_scores(truth: Truth) -> bool:
    """Whether truth is (labelled, 1) scores, from 0 to 1."""
    return np.issubdtype(truth.dtype, np.floating)


def _admitted(
    votes: Sequence[NDArray[np.float32]],
    weights: NDArray[np.float64],
    truth: Truth,
    share: float,
    questions: Questions | None,
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The rows of the pool that a context learns from, and their targets."""
    tail = [vote[len(truth) :] for vote in votes]
    if truth.ndim == 2:
        odds = pooled_odds(tail, weights)
        index = (admit_scores if are_scores(truth) else admit_several)(odds, tail, share)
        return index + len(truth), np.exp(several.log_sigmoid(odds[index]))
    if questions is None:
        log_probability = pooled(tail, weights)
        index = admit(log_probability, tail, share)
        return index + len(truth), np.exp(log_probability[index])
    index, wanted = _admit_questions(tail, weights, share, _after(questions, len(truth)))
    return index + len(truth), wanted


def _score(number: int, admitted: int, taught: Taught, truth: Truth, questions: Questions | None = None) -> Round:
    if truth.ndim == 2:
        known, shares = truth[taught.judged], np.exp(taught.held_out[taught.judged])
        found = spearman(known[:, 0], shares[:, 0]) if are_scores(truth) else several.micro_f1(known, shares >= 0.5)
        return Round(number, admitted, found, several.brier(known, shares), kept=True)
    truth, held_out = by_question(
        taught.held_out[taught.judged], truth[taught.judged], questions, taught.judged, settled=True
    )
    return Round(number, admitted, accuracy(truth, held_out.argmax(1)), brier(truth, np.exp(held_out)), kept=True)


def _after(questions: Questions, start: int) -> Questions:
    """The questions of the pool."""
    return questions.some(questions.asked(np.arange(start, len(questions.owner))))


def _admit_questions(
    tail: Sequence[NDArray[np.float32]], weights: NDArray[np.float64], share: float, questions: Questions
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The pairs of whole questions to learn from, the most confident ones, and their (pairs, 2) targets."""
    table = log_softmax(questions.table(pooled(tail, weights)), axis=1)
    chosen = admit(table, [questions.table(vote).astype(np.float32) for vote in tail], share)
    index = questions.rows(chosen)
    return index, np.exp(questions.spread(np.exp(table))[index])


def _teach(
    contexts: Sequence[Context],
    truth: Truth,
    labels: int,
    targets: Sequence[tuple[NDArray[np.int64], NDArray[np.float64]] | None],
    pseudo_weight: float,
    progress: Callable[[int], None] | None,
    questions: Questions | None,
    prior: Prior,
) -> tuple[Taught, list[tuple[list[NDArray[np.float32]], NDArray[np.float64]]]]:
    full = contexts[-1]
    forms = (*full.views, *full.fixed)
    apart = truth.ndim == 2
    one_hot = truth.astype(np.float64) if apart else np.eye(labels)[truth]
    held = {form: np.zeros((len(truth), labels), np.float32) for form in forms}
    all_votes: list[list[NDArray[np.float32]]] = []
    heads: dict[str, Linear] = {}
    for context, target in zip(contexts, targets, strict=True):
        rows, wanted, weights = context.gold, one_hot[context.gold], np.ones(len(context.gold))
        if target is not None and len(target[0]):
            rows = np.concatenate([rows, target[0]])
            wanted = np.concatenate([wanted, target[1]])
            weights = np.concatenate([weights, np.full(len(target[0]), pseudo_weight)])
        votes: list[NDArray[np.float32]] = []
        for form, view in context.views.items():
            features, answers, counts = view[rows], wanted, weights
            if form in context.wording:
                features = np.concatenate([features, context.wording[form]])
                answers = np.concatenate([answers, np.eye(labels)])
                counts = np.concatenate([counts, np.ones(labels)])
            heads[form] = softmax_regression(features, answers, strength=STRENGTH[form], weights=counts, apart=apart)
            votes.append(log_shares(heads[form].logits(view), apart=apart))
        votes += list(context.fixed.values())
        for form, vote in zip(forms, votes, strict=True):
            held[form][context.held] = vote[context.held]
        all_votes.append(votes)
        if progress:
            progress(1)
    judged = np.sort(np.concatenate([context.held for context in contexts]))
    if not apart and questions is None:
        _set_intercepts(heads, held, all_votes, contexts, truth)
    weights = _weights({form: held[form][judged] for form in forms}, truth[judged], labels, questions, judged, prior)
    pool = pooled_apart if apart else pooled
    held_out = pool([held[form] for form in forms], weights)
    by_context = [pool(votes, weights) for votes in all_votes]
    if questions is not None:
        held_out = questions.some(questions.asked(np.arange(len(truth)))).settled(held_out)
        by_context = [questions.settled(table) for table in by_context]
    taught = Taught(forms, heads, weights, held_out, held, judged, by_context, bool(full.wording))
    return taught, [(votes, weights) for votes in all_votes]


def _set_intercepts(
    heads: dict[str, Linear],
    held: dict[str, NDArray[np.float32]],
    votes: Sequence[list[NDArray[np.float32]]],
    contexts: Sequence[Context],
    truth: NDArray[np.int64],
) -> None:
    """Fits the intercept of every head, in place: in each context on what the others held out.

    Args:
        heads: of the full context, which is the last.
        held: (labelled, K) log-probabilities of each form by the contexts that held the rows out.
        votes: (N, K) log-probabilities of each form in each context, those with a head first.
        contexts: of the votes.
        truth: (labelled,) label indices.
    """
    judged = np.concatenate([context.held for context in contexts])
    for place, (form, head) in enumerate(heads.items()):
        said, bias = held[form].copy(), np.zeros(len(head.bias), np.float32)
        for context, vote in zip(contexts, votes, strict=True):
            others = np.setdiff1d(judged, context.held)
            bias = intercept(said[others], truth[others])
            vote[place] = log_shares(vote[place] + bias, apart=False)
            held[form][context.held] = vote[place][context.held]
        heads[form] = replace(head, bias=head.bias + bias)


def _weights(
    votes: dict[str, NDArray[np.float32]],
    truth: Truth,
    labels: int,
    questions: Questions | None,
    judged: NDArray[np.int64],
    prior: Prior,
) -> NDArray[np.float64]:
    """(F,) exponents of the forms, fitted to the held-out rows, or to the questions that they belong to."""
    if truth.ndim == 2:
        rows = [np.asarray(several.as_rows(several.log_odds(vote)), np.float32) for vote in votes.values()]
        return pool_forms(rows, several.as_targets(truth), total=prior.total, start=_start(votes, prior))
    read = [by_question(vote, truth, questions, judged) for vote in votes.values()]
    tables = [np.asarray(table, np.float32) for _, table in read]
    wide = labels if questions is None else tables[0].shape[1]
    return pool_forms(tables, np.eye(wide)[read[0][0]], total=prior.total, start=_start(votes, prior))


def _start(forms: Iterable[str], prior: Prior) -> NDArray[np.float64] | None:
    """(F,) the log-likelihood that forms have from the outset; None where none has any."""
    return np.array([prior.start.get(form, 0.0) for form in forms]) if prior.start else None


def to_arrays(rounds: Sequence[Round], first: Taught, last: Taught) -> dict[str, NDArray[Any]]:
    """What `run` returns, as plain arrays to be stored."""
    out: dict[str, NDArray[Any]] = {
        "rounds": np.array([[r.round, r.admitted, r.accuracy, r.brier, r.kept] for r in rounds], dtype=np.float64),
        "forms": np.array(first.forms),
        "judged": first.judged,
        "worded": np.array(first.worded),
    }
    for name, taught in (("first", first), ("last", last)):
        out[f"{name}/weights"], out[f"{name}/held_out"] = taught.weights, taught.held_out
        out[f"{name}/by_context"] = np.stack(taught.by_context).astype(np.float32)
        for form, head in taught.heads.items():
            out[f"{name}/head/{form}/weight"], out[f"{name}/head/{form}/bias"] = head.weight, head.bias
        for form, vote in taught.votes.items():
            out[f"{name}/vote/{form}"] = vote
    return out


def from_arrays(arrays: dict[str, NDArray[Any]]) -> tuple[list[Round], Taught, Taught]:
    """The inverse of `to_arrays`."""
    rounds = [Round(int(r[0]), int(r[1]), float(r[2]), float(r[3]), bool(r[4])) for r in arrays["rounds"]]
    forms = tuple(str(form) for form in arrays["forms"])

    def taught(name: str) -> Taught:
        heads = {
            form: Linear(arrays[f"{name}/head/{form}/weight"], arrays[f"{name}/head/{form}/bias"])
            for form in forms
            if f"{name}/head/{form}/weight" in arrays
        }
        votes = {form: arrays[f"{name}/vote/{form}"] for form in forms}
        by_context = [part.astype(np.float64) for part in arrays[f"{name}/by_context"]]
        return Taught(
            forms,
            heads,
            arrays[f"{name}/weights"],
            arrays[f"{name}/held_out"],
            votes,
            arrays["judged"],
            by_context,
            bool(arrays["worded"]),
        )

    return rounds, taught("first"), taught("last")
