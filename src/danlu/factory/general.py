"""The general multiple-choice model as one more voice of the teacher: the labels, in words, are its options.

It was trained before and learns nothing here but how far to be believed. Knows texts and what is asked about them; does
not know who asks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from danlu.adapt import choice
from danlu.factory.asking import put
from danlu.models.choice import marks_of, open_choice
from danlu.models.cross import Around
from danlu.runtime import autocast
from danlu.text.question import parts

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray
    from tokenizers import Tokenizer

    from danlu.factory.asking import Asking
    from danlu.models.base import Base
    from danlu.models.choice import ChoiceModel, Row


@dataclass(frozen=True)
class General:
    """The model with what is asked about the rows of a task.

    Attributes:
        model: the general model.
        tokenizer: of the encoder whose embeddings it shares.
        asking: the question, and what each label says in words; without labels where rows bring options of their own.
    """

    model: ChoiceModel
    tokenizer: Tokenizer
    asking: Asking

    def scores(self, texts: Sequence[str], step: Callable[[int], object] | None = None) -> NDArray[np.float32]:
        """(texts, labels) logits of yes against no; of pairs without an order the mean of both ways round."""
        if not texts:
            return np.zeros((0, len(self.asking.options)), np.float32)
        first = self._scores([self.asking.sides(text) for text in texts], step)
        if not self.asking.both:
            return first
        other = self._scores([self.asking.sides(text)[::-1] for text in texts], None)
        return np.asarray((first + other) / 2, np.float32)

    def _scores(self, texts: Sequence[Sequence[str]], step: Callable[[int], object] | None) -> NDArray[np.float32]:
        rows = choice.encode(self.tokenizer, texts, self.asking.options, self.asking.question)
        with autocast(torch.device("cpu")):
            return choice.score(self.model, rows, marks_of(self.tokenizer), step)

    @property
    def around(self) -> Around:
        """What stands around the two sides of each pair, or before each question and its options."""
        marks, asking = marks_of(self.tokenizer), self.asking
        row = choice.encode(self.tokenizer, [(asking.listed,)], asking.options, asking.question)[0]
        before = [marks.start, *([*row.question, marks.end] if row.question else [])]
        return Around(before, row.sides[0], row.options, marks.mask, marks.end)

    def answers(self, questions: Sequence[str], step: Callable[[int], object] | None = None) -> NDArray[np.float32]:
        """(pairs, 1) logits of the options of some questions, one after the other; each question is read once."""
        rows = [question_row(self.tokenizer, text) for text in questions]
        with autocast(torch.device("cpu")):
            found = choice.score_each(self.model, rows, marks_of(self.tokenizer), step)
        return np.concatenate([np.zeros(0, np.float32), *found])[:, None]


def question_row(tokenizer: Tokenizer, text: str) -> Row:
    """A question with its options, in tokens."""
    question, *options = parts(text)
    asked, read = put(question)
    return choice.encode(tokenizer, [(read,)], options, asked)[0]


def general_of(base: Base, asking: Asking) -> General:
    """The general model asked about some rows.

    Raises:
        OptionError: it does not belong to the base.
    """
    return General(open_choice(base), base.tokenizer, asking)


def names_in_tokens(base: Base, asking: Asking | None) -> int:
    """Tokens that question and options of a task take; 0 where the general model cannot be asked.

    Args:
        base: the encoder; the general model belongs to the embedded one.
        asking: what it would be asked, or None.
    """
    if base.name != "embedded" or asking is None:
        return 0
    words = [*asking.options, *([asking.question] if asking.question else [])]
    return sum(len(encoding.ids) + 1 for encoding in base.tokenizer.encode_batch(words, add_special_tokens=False))


def standing_out(scores: NDArray[np.float32], reference: NDArray[np.float32]) -> NDArray[np.float32]:
    """(texts, labels) how far scores lie above their label's mean in the (any, labels) reference, in its spread."""
    return (scores - reference.mean(0)) / (reference.std() + np.float32(1e-6))
