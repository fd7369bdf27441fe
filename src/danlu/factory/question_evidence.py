"""What the report shows of single questions: mistakes, answers that look wrong, and which questions to answer first.

Knows tables of probabilities with a row a question and a column an option; computes nothing that was not measured.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from danlu.text.question import parts, shown

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from danlu.factory.judge import Ruler
    from danlu.factory.material import Material
    from danlu.factory.stages import Beliefs
    from danlu.loops.self_training import Taught
    from danlu.types import Example

SHOWN = 20
LENGTH = 130  # characters shown of a question, without its options
UNLIKELY, SURE = 0.1, 0.6  # probabilities of an answer, and of another, that make it look wrong


def question_evidence(
    material: Material, ruler: Ruler, student: NDArray[np.floating[Any]], taught: Taught, beliefs: Beliefs
) -> dict[str, Any]:
    """Mistakes, suspects and what is worth an answer, as the report takes them.

    Args:
        material: the rows of the job.
        ruler: what was measured by.
        student: (Q, M) probabilities of the options of the measured questions.
        taught: the teacher, for the questions that folds held out.
        beliefs: what it makes of everything.
    """
    return {
        "mistakes": _mistakes(ruler, student),
        "suspects": _suspects(material, taught),
        "worth": _worth(material, beliefs),
    }


def _option(row: Example, place: int) -> str:
    return parts(row.text)[1 + place]


def _mistakes(ruler: Ruler, student: NDArray[np.floating[Any]]) -> list[dict[str, Any]]:
    """The most confident mistakes."""
    predicted, confidence = student.argmax(1), student.max(1)
    wrong = np.flatnonzero(predicted != ruler.truth)
    return [
        {
            "text": shown(ruler.asked[i].text, LENGTH),
            "label": _option(ruler.asked[i], int(ruler.truth[i])),
            "predicted": _option(ruler.asked[i], int(predicted[i])),
            "probability": float(confidence[i]),
        }
        for i in wrong[np.argsort(-confidence[wrong], kind="stable")][:SHOWN]
    ]


def _suspects(material: Material, taught: Taught) -> list[dict[str, Any]]:
    """Training questions whose answer the held-out teacher finds unlikely while it is sure of another."""
    questions, asked = material.texts.questions, material.asked
    assert questions is not None
    assert asked is not None
    numbers = questions.asked(taught.judged)
    some = questions.some(numbers)
    shares = some.shares(taught.held_out[taught.judged], settled=True)
    truth = some.truth(material.texts.truth[taught.judged])
    own, best = shares[np.arange(len(truth)), truth], shares.max(1)
    found = np.flatnonzero((own < UNLIKELY) & (best > SURE))
    rows = [asked.rows[i] for i in numbers]
    return [
        {
            "text": shown(rows[i].text, LENGTH),
            "label": _option(rows[i], int(truth[i])),
            "suggested": _option(rows[i], int(shares[i].argmax())),
            "probability": float(best[i]),
            "where": f"{rows[i].source}:{rows[i].row}",
        }
        for i in found[np.argsort(own[found], kind="stable")][:SHOWN]
    ]


def _worth(material: Material, beliefs: Beliefs) -> list[dict[str, Any]]:
    """Unlabelled questions whose answer would tell most: those with the smallest lead of the best option."""
    asked, questions = material.asked, material.questions_in(material.unlabelled)
    assert asked is not None
    assert questions is not None
    if not len(questions.sizes):
        return []
    shares = questions.shares(beliefs.log_probabilities[material.unlabelled], settled=True)
    top = np.sort(shares, axis=1)
    order = np.argsort(top[:, -1] - top[:, -2], kind="stable")[:SHOWN]
    first = len(asked.questions.asked(np.arange(material.unlabelled.start)))
    return [
        {
            "text": shown(asked.rows[first + i].text, LENGTH),
            "predicted": _option(asked.rows[first + i], int(shares[i].argmax())),
            "probability": float(top[i, -1]),
        }
        for i in order
    ]
