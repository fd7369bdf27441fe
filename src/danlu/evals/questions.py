"""From pairs of a question and an option to questions: tables with a row a question and a column an option.

What a model says of each option by itself becomes a distribution over the options of one question: the odds of each
being right, given that exactly one is. The options of a question stand in consecutive rows. Knows arrays; does not
know texts, models or files.

Shapes: N pairs, Q questions, M the options of the question that has most; where a question has fewer, the last columns
of its row are of no option and have no probability.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from danlu.evals.metrics import softmax, summary

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

NO_OPTION = -1e4  # the log-odds of what is no option
_PER_OPTION = ("macro_f1", "macro_f195", "per_label", "confusion")  # of option numbers, which mean nothing


@dataclass(frozen=True)
class Questions:
    """How many options each of some questions has.

    Attributes:
        sizes: (Q,) options, in the order of the pairs.
    """

    sizes: NDArray[np.int64]

    @classmethod
    def of(cls, sizes: Sequence[int]) -> Questions:
        """Of the numbers of options."""
        return cls(np.asarray(sizes, dtype=np.int64))

    @classmethod
    def together(cls, several: Sequence[Questions]) -> Questions:
        """Of the questions of each, one after the other."""
        return cls(np.concatenate([np.zeros(0, np.int64), *(each.sizes for each in several)]))

    @cached_property
    def starts(self) -> NDArray[np.int64]:
        """(Q + 1,) the first pair of each question, and the number of pairs."""
        return np.concatenate([np.zeros(1, np.int64), np.cumsum(self.sizes)])

    @cached_property
    def owner(self) -> NDArray[np.int64]:
        """(N,) the question of each pair."""
        return np.repeat(np.arange(len(self.sizes)), self.sizes)

    @cached_property
    def place(self) -> NDArray[np.int64]:
        """(N,) which of its question's options each pair has, from 0."""
        return np.arange(len(self.owner)) - self.starts[self.owner]

    @cached_property
    def _ends(self) -> NDArray[np.int64]:
        """(Q, 2) the first pair of each question, and the first of the next."""
        return np.stack([self.starts[:-1], self.starts[1:]], 1)

    @property
    def most(self) -> int:
        """M."""
        return int(self.sizes.max(initial=1))

    @property
    def chance(self) -> float:
        """The expected share of right answers of somebody who guesses."""
        return float((1 / self.sizes).mean()) if len(self.sizes) else 0.0

    def some(self, questions: NDArray[np.int64]) -> Questions:
        """Of some questions alone."""
        return Questions(self.sizes[questions])

    def rows(self, questions: NDArray[np.int64]) -> NDArray[np.int64]:
        """The pairs of some questions, in their order."""
        if not len(questions):
            return np.zeros(0, np.int64)
        return np.concatenate([np.arange(start, end) for start, end in self._ends[questions].tolist()])

    def asked(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """The questions that some pairs belong to, ascending."""
        return np.unique(self.owner[rows])

    def table(self, scores: NDArray[np.floating[Any]], *, settled: bool = False) -> NDArray[np.float64]:
        """(N, 2) logits or log-probabilities of right and wrong to (Q, M) logits of the options.

        Args:
            scores: what is said of each pair by itself; its log-odds are the logits.
            settled: the scores are what `settled` gives: those of right are log-probabilities of the options already.
        """
        out = np.full((len(self.sizes), self.most), NO_OPTION)
        out[self.owner, self.place] = scores[:, 0].astype(np.float64) - (0.0 if settled else scores[:, 1])
        return out

    def shares(
        self, scores: NDArray[np.floating[Any]], temperature: float = 1.0, *, settled: bool = False
    ) -> NDArray[np.float64]:
        """The same to the (Q, M) probabilities of the options."""
        return softmax(self.table(scores, settled=settled), temperature).astype(np.float64)

    def spread(self, table: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
        """(Q, M) probabilities of the options to (N, 2) log-probabilities of right and wrong."""
        right = np.clip(table[self.owner, self.place].astype(np.float64), 1e-12, 1 - 1e-12)
        return np.log(np.stack([right, 1 - right], 1))

    def settled(self, scores: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
        """(N, 2) scores to (N, 2) log-probabilities that know of the other options: of each question one is right."""
        return self.spread(self.shares(scores))

    def truth(self, pairs: NDArray[np.integer[Any]]) -> NDArray[np.int64]:
        """(N,) 0 where the option is right, else 1, to the (Q,) place of the right option."""
        right = np.flatnonzero(pairs == 0)
        assert len(right) == len(self.sizes)
        return self.place[right]


def by_question(
    log_probabilities: NDArray[np.floating[Any]],
    truth: NDArray[np.int64],
    questions: Questions | None,
    rows: NDArray[np.int64],
    *,
    settled: bool = False,
) -> tuple[NDArray[np.int64], NDArray[np.floating[Any]]]:
    """True labels and (rows, K) log-probabilities; of pairs of a question and an option, (Q,) places and (Q, M).

    Args:
        log_probabilities: (rows, K).
        truth: (rows,) label indices.
        questions: of all rows, or None where rows are no such pairs.
        rows: which of them these are, ascending; of a question, all.
        settled: whether the log-probabilities of a question's options know of one another, as those of a teacher do.
    """
    if questions is None:
        return truth, log_probabilities
    some = questions.some(questions.asked(rows))
    table = some.table(log_probabilities, settled=settled)
    table -= table.max(axis=1, keepdims=True)
    return some.truth(truth), table - np.log(np.exp(table).sum(axis=1, keepdims=True))


def figures(truth: NDArray[np.integer[Any]], shares: NDArray[np.floating[Any]], chance: float) -> dict[str, Any]:
    """Every figure of one model on some questions, ready for JSON: those of `summary` that mean something, and chance.

    Args:
        truth: (Q,) places of the right options, Q at least 1.
        shares: (Q, M) probabilities of the options.
        chance: the share of right answers of somebody who guesses.
    """
    found = summary(truth, shares, [str(place) for place in range(shares.shape[1])])
    return {key: value for key, value in found.items() if key not in _PER_OPTION} | {"chance": round(chance, 6)}
