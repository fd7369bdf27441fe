"""What a model file says of questions with options, of texts that may have several labels, and of scored texts.

Each option is read as an ordered pair with its question; the odds of being right become a distribution over the
options of one question, given that exactly one is right. Knows how questions are given and read; what a pair's logits
are is the model's business. Needs numpy and nothing else of danlu's factory.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, cast

import numpy as np

from danlu.errors import OptionError
from danlu.text.normalize import clean
from danlu.text.question import LEAST_OPTIONS, ask, change, is_question, pairs, parts
from danlu.text.score import COVERED, at, written
from danlu.types import Prediction

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from danlu.types import Range

    Asked = str | tuple[str, Sequence[str]]

TOP = 3
BLOCK = 4_096  # pairs read at a time


class Pairs(Protocol):
    """What gives pairs of texts their logits: `danlu.artifact.Model`."""

    def logits(self, texts: Sequence[str | tuple[str, str]]) -> NDArray[np.float32]:
        """(pairs, 2) scores of right and wrong."""
        ...


def answers(model: Pairs, given: Sequence[object], temperature: float, abstain_below: float) -> list[Prediction]:
    """The most probable option of each question, with its calibrated probability.

    Args:
        model: scores pairs.
        given: as `read` takes them.
        temperature: the scores are divided by it.
        abstain_below: answers with a lower probability are marked for a person.

    Raises:
        OptionError: as in `read`.
    """
    texts = read(given)
    found: list[Prediction] = []
    for text, shares in zip(texts, chances(model, texts, temperature), strict=True):
        options = parts(text)[1:]
        best = np.argsort(-shares, kind="stable")[:TOP]
        probability = float(shares[best[0]])
        top = tuple((options[i], float(shares[i])) for i in best)
        found.append(Prediction(options[best[0]], probability, probability < abstain_below, top))
    return found


def held_labels(
    table: NDArray[np.floating[Any]], labels: Sequence[str], thresholds: Sequence[float], abstain_below: float
) -> list[Prediction]:
    """The labels that hold of each text, beside its most probable ones.

    Args:
        table: (texts, labels) calibrated probabilities that each holds.
        labels: in the order of the columns.
        thresholds: of each label, from which probability on it holds.
        abstain_below: where the least certain of a text's decisions is less probable, a person should look.
    """
    limits = np.asarray(thresholds)
    found: list[Prediction] = []
    for row in table:
        order = np.argsort(-row, kind="stable")
        holds = row >= limits
        least = float(np.where(holds, row, 1 - row).min())
        every = [(labels[int(i)], float(row[i])) for i in order]
        told = tuple(pair for pair, i in zip(every, order, strict=True) if holds[i])
        found.append(Prediction(*every[0], least < abstain_below, tuple(every[:TOP]), told))
    return found


def scored(places: NDArray[np.floating[Any]], bounds: Range, margin: float) -> list[Prediction]:
    """The score of each text, its margin, and the score written in as many digits as it deserves.

    The probability is that of the true score lying within the margin, by rows that were held out; nothing abstains.

    Args:
        places: (texts,) in the range, 0 to 1.
        bounds: the least and the greatest score.
        margin: in the units of the scores.
    """
    found: list[Prediction] = []
    for place in places:
        score = at(float(place), bounds)
        label = written(score, bounds)
        found.append(Prediction(label, COVERED, abstained=False, top=((label, COVERED),), score=score, margin=margin))
    return found


def chances(model: Pairs, texts: Sequence[str], temperature: float) -> list[NDArray[np.float64]]:
    """The probabilities of each question's options, which sum to 1.

    Args:
        model: scores pairs.
        texts: questions as `read` gives them.
        temperature: the scores are divided by it.
    """
    found: list[NDArray[np.float64]] = []
    start = 0
    while start < len(texts):
        end, block = start, list[str]()
        while end < len(texts) and (end == start or len(block) < BLOCK):
            block += pairs(change(texts[end], clean))
            end += 1
        scores = model.logits(block).astype(np.float64)
        odds = (scores[:, 0] - scores[:, 1]) / temperature
        sizes = [len(parts(text)) - 1 for text in texts[start:end]]
        for own in np.split(odds, np.cumsum(sizes)[:-1]):
            powers = np.exp(own - own.max())
            found.append(powers / powers.sum())
        start = end
    return found


def read(given: Sequence[object]) -> list[str]:
    """Questions with their options as strings, checked.

    Args:
        given: for each question, the question and a list of its options (or one made by `danlu.text.question.ask`).

    Raises:
        OptionError: one string instead of a list, something that is no question with two options or more, an empty
            text, or an option that stands twice.
    """
    if isinstance(given, str):
        raise OptionError(f"predict takes a list of questions, this is one string. Fix: {_FIX}.")
    return [_question(one, number) for number, one in enumerate(given)]


_FIX = 'predict([("question", ["one option", "another"])])'


def _question(one: object, number: int) -> str:
    if isinstance(one, str) and is_question(one):
        one = (parts(one)[0], parts(one)[1:])
    if not isinstance(one, (tuple, list)) or len(cast("list[object]", one)) != 2:
        what = f"Question {number} is {type(one).__name__}, and this model chooses among a question's options"
        raise OptionError(f"{what}. Fix: {_FIX}.")
    question, options = cast("tuple[object, Any]", one)
    if not isinstance(question, str):
        raise OptionError(f"Question {number} is {type(question).__name__}, not a string. Fix: {_FIX}.")
    if not isinstance(options, (tuple, list)) or not all(isinstance(o, str) for o in cast("list[object]", options)):
        raise OptionError(f"The options of question {number} are not a list of strings. Fix: {_FIX}.")
    told = [str(option) for option in cast("list[str]", options)]
    if len(told) < LEAST_OPTIONS:
        raise OptionError(f"Question {number} has {len(told)} options. Fix: give at least {LEAST_OPTIONS}.")
    cleaned = [clean(option) for option in told]
    if not (clean(question) and all(cleaned)):
        raise OptionError(f"Question {number} or one of its options is empty. Fix: write it, or leave it out.")
    if len(set(cleaned)) < len(cleaned):
        raise OptionError(f"Question {number} has an option twice. Fix: leave one of the two out.")
    return ask(question, told)
