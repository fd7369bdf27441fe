"""Texts put to the general multiple-choice model: which of some labels fits each, without a single example.

Knows texts and labels; does not know files or how answers are printed. Nothing is learned and nothing is kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from danlu.adapt import choice
from danlu.errors import OptionError, quote
from danlu.models.base import open_base
from danlu.models.choice import marks_of, open_choice
from danlu.text.normalize import clean
from danlu.text.pair import pairing_of, sides

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from danlu.models.base import Base
    from danlu.models.choice import ChoiceModel

NOTE = "Nothing was learned from examples: a general model chose by the words of the labels alone."


@dataclass(frozen=True)
class Answer:
    """What the model says of one text.

    Attributes:
        text: as it was given; a pair is one string.
        probabilities: of each label, the likeliest first.
    """

    text: str
    probabilities: dict[str, float]

    @property
    def label(self) -> str:
        """The likeliest."""
        return next(iter(self.probabilities))


def ask(
    texts: Sequence[str],
    labels: Sequence[str],
    question: str = "",
    *,
    opened: tuple[Base, ChoiceModel] | None = None,
    progress: Callable[[int], object] | None = None,
) -> list[Answer]:
    """The labels of each text with their probabilities.

    Args:
        texts: single ones, or pairs as `danlu.text.pair` joins them; those without an order are read both ways.
        labels: in words, two at least.
        question: in words; may be empty.
        opened: a base with its model, by default the package's own.
        progress: called with the number of texts after each batch.

    Raises:
        OptionError: fewer than two labels, two that are the same, an empty label, or an empty text.
    """
    named = checked(labels)
    cleaned = [tuple(clean(side) for side in sides(text)) for text in texts]
    for number, found in enumerate(cleaned, 1):
        if not all(found):
            raise OptionError(f"Text {number} is empty. Fix: leave it out, or write what it says.")
    if not cleaned:
        return []
    base, model = opened or _opened()
    scores = _scores(base, model, cleaned, named, clean(question), progress)
    either = [number for number, text in enumerate(texts) if pairing_of([text]) == "unordered"]
    if either:
        turned = [cleaned[number][::-1] for number in either]
        scores[either] = (scores[either] + _scores(base, model, turned, named, clean(question), None)) / 2
    probabilities = np.exp(choice.predict(scores))
    order = np.argsort(-probabilities, axis=1, kind="stable")
    ranks: list[list[int]] = order.tolist()
    return [
        Answer(text, {labels[k]: float(row[k]) for k in best})
        for text, row, best in zip(texts, probabilities, ranks, strict=True)
    ]


def _scores(
    base: Base,
    model: ChoiceModel,
    texts: Sequence[tuple[str, ...]],
    labels: Sequence[str],
    question: str,
    progress: Callable[[int], object] | None,
) -> NDArray[np.float32]:
    rows = choice.encode(base.tokenizer, texts, labels, question)
    return choice.score(model, rows, marks_of(base.tokenizer), progress)


def checked(labels: Sequence[str]) -> list[str]:
    """The labels in one spelling.

    Raises:
        OptionError: as in `ask`.
    """
    named = [clean(label) for label in labels]
    if not all(named):
        raise OptionError("A label is empty. Fix: write each label in words.")
    if len(named) < 2:
        raise OptionError(f"There is {len(named) or 'no'} label to choose from. Fix: give two or more.")
    for label in named:
        if named.count(label) > 1:
            raise OptionError(f"The label {quote(label)} is given twice. Fix: leave one of them out.")
    return named


def _opened() -> tuple[Base, ChoiceModel]:
    base = open_base()
    return base, open_choice(base)
