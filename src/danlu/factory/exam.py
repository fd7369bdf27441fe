"""What students are chosen by: texts none of them learned from, and what a teacher and people say of these.

Knows how an answer is scored; does not know who made the texts, or how a student answers.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import log_softmax

from danlu.evals import several
from danlu.evals.scores import determination
from danlu.loops.opinion_pool import pool_forms

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from danlu.evals.questions import Questions
    from danlu.types import Range


@dataclass(frozen=True)
class Exam:
    """What candidates are chosen by: texts none of them learned from.

    Attributes:
        texts: N texts.
        targets: (N, K) distributions: the teacher's belief, averaged with the label where a person gave one.
        questions: where the texts are pairs of a question and an option: which belong together. Answers are those to
            whole questions then.
        apart: whether each label is a decision of its own; targets are the probabilities that it holds then.
        range: of the scores, where texts are scored; targets are places in it then.
        sources: how many texts, or questions, these count for where they are few, and some may be passages of one
            another's text; None where they are enough.
    """

    texts: list[str]
    targets: NDArray[np.float32]
    questions: Questions | None = None
    apart: bool = False
    range: Range | None = None
    sources: int | None = None

    def answers(self, logits: NDArray[np.float32]) -> NDArray[Any]:
        """The answers that (N, K) logits give: a label a text, an option's place a question, or (N, K) decisions.

        Of scores, (N, 1) their places in the range.
        """
        if self.range is not None:
            return np.exp(several.log_sigmoid(logits.astype(np.float64)))
        if self.apart:
            return (logits > 0).astype(np.int64)
        return (logits if self.questions is None else self.questions.table(logits)).argmax(1)

    def score(self, answers: NDArray[Any]) -> float:
        """The expected share of right answers; of decisions, the expected micro-F1; of scores, the expected R²."""
        if self.range is not None:
            return determination(self.targets[:, 0], answers[:, 0])
        if self.apart:
            return several.micro_f1(self.targets, answers)
        targets = self.targets if self.questions is None else self._shares
        return float(targets[np.arange(len(answers)), answers].mean())

    @property
    def doubt(self) -> float:
        """By how much two shares of right answers may differ by chance where few texts judge.

        A standard error of so many, a tenth at most; 0 of decisions and of scores, which are no shares.
        """
        if self.sources is None or self.apart or self.range is not None:
            return 0.0
        return min(0.1, 0.5 / self.sources**0.5)

    def fitted(self, votes: Sequence[NDArray[np.float32]], head_start: float = 0.0) -> list[float]:
        """How much each of several (N, K) log-probabilities should count, by these targets.

        Args:
            votes: of the branches.
            head_start: the log-likelihood that the first has from the outset.
        """
        start = np.array([head_start, *[0.0] * (len(votes) - 1)])
        rows = self.sources and self.sources * (self.targets.shape[1] if self.apart else 1)
        if self.apart:
            odds = [np.asarray(several.as_rows(several.log_odds(vote)), np.float32) for vote in votes]
            found = pool_forms(odds, several.as_targets(self.targets), total=1.0, start=start, rows=rows)
        elif self.questions is None:
            found = pool_forms(votes, self.targets, total=1.0, start=start, rows=rows)
        else:
            tables = [np.asarray(log_softmax(self.questions.table(vote), axis=1), np.float32) for vote in votes]
            found = pool_forms(tables, self._shares, total=1.0, start=start, rows=rows)
        return [float(weight) for weight in found]

    @property
    def _shares(self) -> NDArray[np.float64]:
        """(Q, M) the same as `targets`, of questions."""
        assert self.questions is not None
        return self.questions.shares(np.log(np.maximum(self.targets, 1e-12)), settled=True)

    def units(self) -> list[list[str]]:
        """What is predicted at a time: a text, or all options of a question."""
        if self.questions is None:
            return [[text] for text in self.texts]
        starts = self.questions.starts.tolist()
        return [self.texts[start:end] for start, end in pairwise(starts)]
