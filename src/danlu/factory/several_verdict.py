"""What is said of texts that may have several labels: thresholds, decisions, and what the report shows of single texts.

Every threshold is chosen on rows other than those that it is measured on. Knows tables of probabilities that labels
hold; does not know who gave them.

Shapes: n texts, K labels.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from danlu.evals import several
from danlu.evals.metrics import fit_temperature, softmax
from danlu.loops.self_training import are_scores

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from danlu.factory.judge import Ruler
    from danlu.factory.material import Material
    from danlu.factory.stages import Beliefs, Folds
    from danlu.factory.texts import Texts
    from danlu.loops.self_training import Taught
    from danlu.types import Truth

    Table = NDArray[np.floating[Any]]

WANTED_EXACT = 0.9  # of the texts that a person need not look at
LEAST_SURE = 10  # rows below which that share means nothing
SHOWN = 20
UNLIKELY = 0.1  # probability of what a label is said to be, below which it looks wrong


@dataclass(frozen=True)
class Said:
    """(n, K) what holds by each of those that are measured."""

    student: NDArray[np.bool_]
    teacher: NDArray[np.bool_]
    no_loop: NDArray[np.bool_]
    gold_only: NDArray[np.bool_] | None


def temperature_of(logits: Table, truth: Truth) -> float:
    """The temperature that makes the truth most likely; where truth is (n, K), of decisions; of scores 1."""
    if truth.ndim == 1:
        return fit_temperature(logits, truth)
    if are_scores(truth):  # the shares of a student's branches were fitted to places in the range already
        return 1.0
    return fit_temperature(several.as_logits(logits), 1 - truth.ravel())


def shares_of(logits: Table, temperature: float, *, apart: bool) -> Table:
    """(n, K) probabilities of logits or log-probabilities; where labels are apart, of log-odds."""
    if apart:
        return np.exp(several.log_sigmoid(logits / temperature)).astype(np.float32)
    return softmax(logits, temperature)


def recalibrated(probabilities: NDArray[np.float32], temperature: float, *, apart: bool) -> NDArray[np.float32]:
    """(n, K) probabilities at another temperature."""
    if apart:
        return shares_of(several.log_odds(np.log(probabilities + 1e-12)), temperature, apart=True).astype(np.float32)
    return softmax(np.log(probabilities + 1e-12), temperature).astype(np.float32)


def nested(truth: NDArray[np.int64], table: Table, rows: NDArray[np.int64], folds: Folds) -> NDArray[np.bool_]:
    """(n, K) what holds, by thresholds that are chosen for each fold on the rows that others held out.

    Args:
        truth: (n, K) of the rows.
        table: (n, K) probabilities by those that did not learn from the row.
        rows: (n,) which labelled rows these are.
        folds: (trained on, held out) labelled rows.
    """
    said = np.zeros(table.shape, bool)
    for _, held in folds:
        mine = np.isin(rows, held)
        if mine.any() and not mine.all():
            said[mine] = table[mine] >= several.thresholds(truth[~mine], table[~mine])
        elif mine.any():
            said[mine] = table[mine] >= 0.5
    return said


def decide(
    ruler: Ruler,
    tables: tuple[Table, Table, Table, Table | None],
    texts: Texts,
    taught: tuple[Taught, Taught],
    folds: Folds,
    own: NDArray[np.float64] | None,
) -> Said:
    """What holds by the student, the teacher, the teacher without the loop, and the student without either.

    Args:
        ruler: what is measured by.
        tables: (n, K) probabilities of these four.
        texts: the labelled ones.
        taught: the teacher without the loop, and with it.
        folds: of the labelled rows.
        own: (K,) thresholds of the student where they were not chosen on the measured rows; None where they were.
    """
    student, teacher, no_loop, gold = tables
    if ruler.measured_on == "test":
        before, after = (several.thresholds(texts.truth[t.judged], np.exp(t.held_out[t.judged])) for t in taught)
        assert own is not None
        return Said(student >= own, teacher >= after, no_loop >= before, None if gold is None else gold >= own)
    others = [nested(ruler.truth, table, ruler.rows, folds) for table in (student, teacher, no_loop)]
    return Said(others[0] if own is None else student >= own, others[1], others[2], None)


def sure_from(truth: NDArray[np.int64], table: Table, said: NDArray[np.bool_]) -> float:
    """The lowest probability of the least certain decision from which on nine in ten texts are exactly right.

    0.9 where no ten texts are.

    Args:
        truth: (n, K).
        table: (n, K) calibrated probabilities of rows that were held out.
        said: (n, K) what is said to hold.
    """
    sure = several.sureness(table, said)
    order = np.argsort(-sure, kind="stable")
    right = (truth.astype(bool) == said).all(1)[order]
    share = np.cumsum(right) / np.arange(1, len(order) + 1)
    good = np.flatnonzero((share >= WANTED_EXACT) & (np.arange(len(order)) >= LEAST_SURE - 1))
    return round(float(sure[order[good[-1]]]), 4) if len(good) else WANTED_EXACT


def forms_of(taught: Taught, texts: Texts) -> list[dict[str, Any]]:
    """The card's entries of the competing forms: micro-F1 where half is the threshold, and log-loss of a decision."""
    truth = texts.truth[taught.judged]
    entries = [
        (form, taught.votes[form], float(weight)) for form, weight in zip(taught.forms, taught.weights, strict=True)
    ]
    out: list[dict[str, Any]] = []
    for form, table, weight in [*entries, ("combination", taught.held_out, 1.0)]:
        odds = several.log_odds(table[taught.judged])
        loss = np.where(truth, several.log_sigmoid(odds), several.log_sigmoid(-odds))
        out.append(
            {
                "form": form,
                "micro_f1": round(several.micro_f1(truth, odds > 0), 6),
                "nll": round(float(-loss.mean()), 6),
                "weight": round(weight, 6),
                "chosen": form == "combination",
            }
        )
    return out


def several_evidence(
    material: Material,
    ruler: Ruler,
    student: Table,
    said: NDArray[np.bool_],
    taught: Taught,
    beliefs: Beliefs,
    thresholds: NDArray[np.float64],
) -> dict[str, Any]:
    """Mistakes, suspects and what is worth labelling, as the report takes them.

    Args:
        material: the rows of the job.
        ruler: what was measured by.
        student: (n, K) probabilities of the measured texts.
        said: (n, K) what is said to hold.
        taught: the teacher, for the rows that folds held out.
        beliefs: what it makes of everything.
        thresholds: (K,) of the model.
    """
    labels = material.texts.labels
    return {
        "mistakes": _mistakes(ruler, student, said, labels),
        "suspects": _suspects(material, taught),
        "worth": _worth(material, beliefs, thresholds),
    }


def names(row: NDArray[Any], labels: Sequence[str]) -> list[str]:
    """The labels where a row is true."""
    return [labels[int(k)] for k in np.flatnonzero(row)]


def _mistakes(ruler: Ruler, student: Table, said: NDArray[np.bool_], labels: Sequence[str]) -> list[dict[str, Any]]:
    """The texts with the surest wrong decision; labels that are missing, and labels too many."""
    truth = ruler.truth.astype(bool)
    sure = np.where(truth != said, np.where(said, student, 1 - student), 0.0).max(1)
    wrong = np.flatnonzero((truth != said).any(1))
    return [
        {
            "text": ruler.texts[i],
            "labels": names(truth[i], labels),
            "missing": names(truth[i] & ~said[i], labels),
            "extra": names(said[i] & ~truth[i], labels),
            "probability": float(sure[i]),
        }
        for i in wrong[np.argsort(-sure[wrong], kind="stable")][:SHOWN]
    ]


def _suspects(material: Material, taught: Taught) -> list[dict[str, Any]]:
    """Labelled rows of which the held-out teacher finds one of the decisions that people made most unlikely."""
    judged, texts = taught.judged, material.texts
    table, truth = np.exp(taught.held_out[judged]), texts.truth[judged].astype(bool)
    own = np.where(truth, table, 1 - table)
    found = np.flatnonzero((own < UNLIKELY).any(1))
    return [
        {
            "text": texts.labelled[judged[i]],
            "labels": names(truth[i], texts.labels),
            "missing": names(~truth[i] & (own[i] < UNLIKELY), texts.labels),
            "extra": names(truth[i] & (own[i] < UNLIKELY), texts.labels),
            "probability": float(1 - own[i].min()),
            "where": f"{material.train[judged[i]].source}:{material.train[judged[i]].row}",
        }
        for i in found[np.argsort(own[found].min(1), kind="stable")][:SHOWN]
    ]


def _worth(material: Material, beliefs: Beliefs, thresholds: NDArray[np.float64]) -> list[dict[str, Any]]:
    """Unlabelled texts whose labels would tell most: the least certain ones, in turn from each least certain label."""
    start = material.unlabelled.start
    table = np.exp(beliefs.log_probabilities[material.unlabelled])
    if not len(table):
        return []
    sure = np.maximum(table, 1 - table)
    doubtful, least = sure.argmin(1), sure.min(1)
    rank = np.zeros(len(table), np.int64)
    for label in np.unique(doubtful):
        mine = np.flatnonzero(doubtful == label)
        rank[mine[np.argsort(least[mine], kind="stable")]] = np.arange(len(mine))
    everything, labels = material.everything, material.texts.labels
    return [
        {
            "text": everything[start + i],
            "predicted": names(table[i] >= thresholds, labels),
            "doubtful": labels[int(doubtful[i])],
            "probability": float(table[i, doubtful[i]]),
        }
        for i in np.lexsort((least, rank))[:SHOWN]
    ]
