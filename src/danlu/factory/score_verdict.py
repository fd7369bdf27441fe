"""What is said of scores: the margin around them, how the forms did, and what the report shows of single texts.

Every margin is taken on rows other than those that it is measured on. Knows tables of places in the range of scores;
does not know who gave them.

Shapes: n texts; tables and truth are (n, 1), places in the range from 0 to 1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from danlu.evals.scores import (
    determination,
    expected_correlation,
    figures,
    margin_of,
    root_mean_squared_error,
    spearman,
)
from danlu.factory.calibration import Calibration
from danlu.text.pair import shown
from danlu.text.score import at, significant, written

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from danlu.factory.judge import Ruler
    from danlu.factory.material import Material
    from danlu.factory.stages import Beliefs, Folds
    from danlu.factory.texts import Texts
    from danlu.loops.self_training import Taught
    from danlu.types import Range, Truth

    Table = NDArray[np.floating[Any]]

SHOWN = 20
SIDE = 130  # characters shown of a side of a pair
SUSPECT = 1.5  # margins that a row's score lies from what the held-out teacher says, beyond which it looks wrong
MORE = (50, 100, 200, 500, 1000)


def calibrated(
    bounds: Range,
    temperature: float,
    held_out: tuple[Truth, Table],
    ruler: Ruler,
    folds: Folds,
    exam: tuple[Table, Table],
    *,
    own: bool,
) -> tuple[NDArray[np.float64], Calibration]:
    """The margins that the measured scores are given, and the calibration of the model.

    Where only the teacher's rows were held out, the student's errors are taken to be the teacher's and how far the
    student lies from the teacher, the one independent of the other.

    Args:
        bounds: the range of the scores.
        temperature: of the model.
        held_out: truth and scores of rows that were held out.
        ruler: what is measured by.
        folds: of the labelled rows.
        exam: what the teacher alone believes of the texts that students were chosen by, and the student's scores.
        own: whether the rows that were held out were held out from the student itself.
    """
    truth, table = held_out
    errors = (truth - table).ravel()
    measured_there = ruler.measured_on != "test" and not own
    if not own and not measured_there:
        errors = (errors[:, None] + (exam[0] - exam[1]).ravel()).ravel()
    width = bounds[1] - bounds[0]
    margin = significant(width * margin_of(errors))
    margins = np.full(len(ruler.truth), margin)
    if measured_there:
        for _, held in folds:
            mine = np.isin(ruler.rows, held)
            if mine.any() and not mine.all():
                margins[mine] = width * margin_of(errors[~mine])
    return margins, Calibration(temperature, range=bounds, margin=margin)


def score_figures(ruler: Ruler, table: Table, margins: NDArray[np.float64]) -> dict[str, Any]:
    """The figures of one model on the measured texts, in the user's units."""
    assert ruler.range is not None
    truth, predicted = (at_each(each, ruler.range) for each in (ruler.truth, table))
    return figures(truth, predicted, margins, ruler.range)


def at_each(places: Table, bounds: Range) -> NDArray[np.float64]:
    """(n,) scores in the user's units of (n, 1) places in their range."""
    return bounds[0] + places[:, 0].astype(np.float64) * (bounds[1] - bounds[0])


def forms_of(taught: Taught, texts: Texts) -> list[dict[str, Any]]:
    """The card's entries of the competing forms: Spearman's correlation, R², and the error in the user's units."""
    assert texts.range is not None
    truth, width = texts.truth[taught.judged][:, 0], texts.range[1] - texts.range[0]
    entries = [
        (form, taught.votes[form], float(weight)) for form, weight in zip(taught.forms, taught.weights, strict=True)
    ]
    out: list[dict[str, Any]] = []
    for form, table, weight in [*entries, ("combination", taught.held_out, 1.0)]:
        places = np.exp(table[taught.judged][:, 0].astype(np.float64))
        out.append(
            {
                "form": form,
                "spearman": round(spearman(truth, places), 6),
                "r2": round(determination(truth, places), 6),
                "rmse": significant(width * root_mean_squared_error(truth, places)),
                "weight": round(weight, 6),
                "chosen": form == "combination",
            }
        )
    return out


def more_scores(correlation: float, n: int) -> list[dict[str, Any]]:
    """The interval of a rank correlation to be expected with more measured rows, for the card."""
    found = [(more, expected_correlation(correlation, n, more)) for more in MORE]
    return [
        {"more": more, "measured": n + more, "interval95": [round(low, 6), round(high, 6)]}
        for more, (low, high) in found
    ]


def score_evidence(
    material: Material, ruler: Ruler, student: Table, taught: Taught, beliefs: Beliefs, margin: float
) -> dict[str, Any]:
    """Misses, suspects, what is worth scoring, and the points of the scatter, as the report takes them.

    Args:
        material: the rows of the job.
        ruler: what was measured by.
        student: (n, 1) its scores of the measured texts.
        taught: the teacher, for the rows that folds held out.
        beliefs: what it makes of everything.
        margin: of the model, in the user's units.
    """
    assert ruler.range is not None
    truth, predicted = (at_each(each, ruler.range) for each in (ruler.truth, student))
    return {
        "mistakes": _misses(ruler, truth, predicted),
        "suspects": _suspects(material, taught, margin),
        "worth": _worth(material, taught, beliefs),
        "points": [
            [significant(x, 10), significant(y, 10)] for x, y in zip(truth.tolist(), predicted.tolist(), strict=True)
        ],
    }


def _misses(ruler: Ruler, truth: NDArray[np.float64], predicted: NDArray[np.float64]) -> list[dict[str, Any]]:
    """The measured texts whose predicted score lies farthest from the true one, if it does in the digits shown."""
    assert ruler.range is not None
    off = np.abs(truth - predicted)
    farthest = [int(i) for i in np.argsort(-off, kind="stable")[:SHOWN]]
    return [
        {
            "text": shown(ruler.texts[i], SIDE),
            "score": written(float(truth[i]), ruler.range),
            "predicted": written(float(predicted[i]), ruler.range),
            "off": written(float(off[i]), ruler.range),
        }
        for i in farthest
        if float(written(float(off[i]), ruler.range)) > 0
    ]


def _suspects(material: Material, taught: Taught, margin: float) -> list[dict[str, Any]]:
    """Labelled rows whose score lies far from what the held-out teacher says, all of its forms on one side of it."""
    texts, judged = material.texts, taught.judged
    assert texts.range is not None
    truth = texts.truth[judged]
    own = np.exp(taught.held_out[judged])
    sides = np.stack([np.sign(np.exp(taught.votes[form][judged]) - truth) for form in taught.forms])
    agreed = (np.abs(sides.sum(0)) == len(sides))[:, 0]
    score, said = at_each(truth, texts.range), at_each(own, texts.range)
    off = np.abs(score - said)
    found = np.flatnonzero((off > SUSPECT * margin) & agreed)
    return [
        {
            "text": shown(texts.labelled[judged[i]], SIDE),
            "score": written(float(score[i]), texts.range),
            "predicted": written(float(said[i]), texts.range),
            "where": f"{material.train[judged[i]].source}:{material.train[judged[i]].row}",
        }
        for i in found[np.argsort(-off[found], kind="stable")][:SHOWN]
    ]


def _worth(material: Material, taught: Taught, beliefs: Beliefs) -> list[dict[str, Any]]:
    """Unlabelled texts whose score would tell most: those that teachers of other rows differ on (query by committee).

    In turn from each fifth of the range, as the teacher sees it. Only the texts of the loop were read by all of them.
    """
    texts = material.texts
    assert texts.range is not None
    start = len(texts.labelled)
    if not texts.pool:
        return []
    committee = np.stack([np.exp(table[start:, 0]) for table in taught.by_context[:-1]])
    spread = committee.std(0)
    places = np.exp(beliefs.log_probabilities[start : start + len(texts.pool), 0])
    part = np.minimum((5 * places).astype(np.int64), 4)
    rank = np.zeros(len(part), np.int64)
    for each in np.unique(part):
        mine = np.flatnonzero(part == each)
        rank[mine[np.argsort(-spread[mine], kind="stable")]] = np.arange(len(mine))
    least, most = committee.min(0), committee.max(0)
    return [
        {
            "text": shown(texts.pool[i], SIDE),
            "predicted": written(at(float(places[i]), texts.range), texts.range),
            "least": written(at(float(least[i]), texts.range), texts.range),
            "most": written(at(float(most[i]), texts.range), texts.range),
        }
        for i in np.lexsort((-spread, rank))[:SHOWN]
    ]
