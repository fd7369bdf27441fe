"""The rows of a job: which of them are used, and in which order every matrix has them.

Knows rows and the plan; does not know who learns from them.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from danlu.adapt import names
from danlu.errors import OptionError
from danlu.factory.asking import asking_of
from danlu.factory.general import standing_out
from danlu.factory.plan import SPARE
from danlu.factory.student import shortened
from danlu.factory.texts import Texts
from danlu.text.score import share
from danlu.text.several import held
from danlu.train.regression import MOST_ROWS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from danlu.evals.questions import Questions
    from danlu.factory.asking import Asking
    from danlu.factory.inspect import Inspection
    from danlu.factory.plan import Plan
    from danlu.types import Example, Range, Truth

NEEDS_EMBEDDED = "Names of labels alone need the embedded base. Fix: leave --base out, or label a few rows."
KEPT_OF_EACH = 10  # rows of a rare label that stay when rows are drawn


@dataclass(frozen=True)
class Asked:
    """The questions that pairs of a question and an option come from.

    Attributes:
        rows: the questions, with their options and where they stand.
        questions: how many options each has.
        learned: how many of them, the first ones, are training and unlabelled rows.
    """

    rows: list[Example]
    questions: Questions
    learned: int

    @property
    def options(self) -> int:
        """How many options a question has on average, rounded; dev and test have no say."""
        return max(1, round(float(self.questions.sizes[: self.learned].mean()) if self.learned else 1.0))

    def texts(self, pairs: NDArray[np.int64]) -> list[str]:
        """The questions that some pairs belong to."""
        return [self.rows[i].text for i in self.questions.asked(pairs)]


@dataclass(frozen=True)
class Material:
    """The rows of a job, in the order every matrix has them.

    Attributes:
        texts: labelled and pool texts.
        extra: unlabelled texts beyond the pool, for the student only.
        more: labelled rows beyond those of the texts, for the student only.
        dev: chosen by; may be empty.
        test: measured by, once; may be empty.
        train: the rows of the labelled texts, for where they stand.
        asked: where texts are pairs of a question and an option: the questions, in the order of `everything`.
        asking: what the general model is asked about a row, where it can be asked something.
    """

    texts: Texts
    extra: list[str]
    dev: list[Example]
    test: list[Example]
    train: list[Example]
    asked: Asked | None = None
    asking: Asking | None = None
    more: list[Example] = field(default_factory=list)

    @property
    def everything(self) -> list[str]:
        """Labelled, pool, extra, more, dev, test."""
        return [*self.texts.rows, *self.extra, *(e.text for e in [*self.more, *self.dev, *self.test])]

    @property
    def unlabelled(self) -> slice:
        """Where the texts that nobody labelled stand in `everything`: pool and extra, or all that are learned from."""
        start = 0 if self.texts.guessed else len(self.texts.labelled)
        return slice(start, len(self.texts.rows) + len(self.extra))

    def part(self, name: str) -> slice:
        """Where more, dev or test stands in `everything`."""
        start = self.unlabelled.stop
        for each, rows in (("more", self.more), ("dev", self.dev)):
            if name == each:
                return slice(start, start + len(rows))
            start += len(rows)
        return slice(start, None)

    def questions_in(self, rows: slice | NDArray[np.int64]) -> Questions | None:
        """The questions that some rows of `everything` belong to, all options of each; None where there are none."""
        if self.asked is None:
            return None
        whole = self.asked.questions
        return whole.some(whole.asked(np.arange(len(whole.owner))[rows]))

    def truth(self, examples: Sequence[Example]) -> Truth:
        """(examples,) label indices; of several labels, (examples, K), 1 where one holds.

        Of scores, (examples, 1) their places in the range; those outside of it stand at its end.
        """
        if self.texts.range is not None:
            return np.clip(places_of(examples, self.texts.range), 0, 1)
        return truth_of(examples, self.texts.labels, several=self.texts.several)


def gather(inspection: Inspection, descriptions: dict[str, str], plan: Plan, seed: int) -> Material:
    """The rows that the plan uses, drawn with the seed where there are more.

    Of labelled rows that are too many for the forms some are dev rows where there are none, and students learn from
    others. Where no row is labelled, the texts of the loop stand in the place of labelled ones, with no truth yet.
    """
    if inspection.task.names_only:
        return _gather_unlabelled(inspection, descriptions, plan, seed)
    rng = np.random.default_rng(seed)
    bounds = inspection.task.range
    kinds = [None if bounds else e.label for e in inspection.train]  # scores are drawn as they come
    chosen = drawn_rows(kinds, MOST_ROWS, rng)
    train = _short([inspection.train[i] for i in chosen])
    drawn = [inspection.unlabeled[i].text for i in rng.permutation(len(inspection.unlabeled))[: plan.distill]]
    drawn = shortened(drawn)
    texts = Texts(
        [e.text for e in train],
        places_of(train, bounds)
        if bounds
        else truth_of(train, inspection.task.labels, several=inspection.task.several),
        drawn[: plan.pool],
        inspection.task.labels,
        None if inspection.task.pairing or bounds else names.wording(inspection.task.labels, descriptions),
        range=bounds,
    )
    asking = asking_of(inspection.task, descriptions, [e.text for e in inspection.train])
    left = rng.permutation(np.setdiff1d(np.arange(len(kinds)), chosen))
    spare, left = np.split(left, [0 if inspection.dev else SPARE])
    dev = inspection.dev or [inspection.train[i] for i in np.sort(spare)]
    more = [inspection.train[i] for i in np.sort(left[: plan.more])]
    return Material(
        texts, drawn[plan.pool :], _short(dev), _short(inspection.test), train, asking=asking, more=_short(more)
    )


def _gather_unlabelled(inspection: Inspection, descriptions: dict[str, str], plan: Plan, seed: int) -> Material:
    order = np.random.default_rng(seed).permutation(len(inspection.unlabeled))[: plan.distill]
    drawn = _short([inspection.unlabeled[i] for i in order])
    learned, labels = drawn[: plan.pool], inspection.task.labels
    nothing = np.zeros(len(learned), np.int64)
    wording = names.wording(labels, descriptions)
    texts = Texts([row.text for row in learned], nothing, [], labels, wording, guessed=True)
    asking = asking_of(inspection.task, descriptions, [])
    rest = [row.text for row in drawn[plan.pool :]]
    return Material(texts, rest, [], _short(inspection.test), learned, asking=asking)


def guess(material: Material, asked: NDArray[np.float32] | None) -> Material:
    """The rows with what the general model finds likeliest as their truth, where nobody labelled them.

    Args:
        material: the rows.
        asked: (everything, labels) scores of the general model, compared with those of the same label.

    Raises:
        OptionError: the general model was not asked.
    """
    if not material.texts.guessed:
        return material
    if asked is None:
        raise OptionError(NEEDS_EMBEDDED)
    scores = asked[: len(material.texts.labelled)]
    truth = standing_out(scores, scores).argmax(1)
    return replace(material, texts=replace(material.texts, truth=truth))


def places_of(examples: Sequence[Example], bounds: Range) -> NDArray[np.float64]:
    """(examples, 1) where their scores lie in the range, 0 to 1 inside of it."""
    return np.array([share(float(e.label or 0), bounds) for e in examples], np.float64)[:, None]


def truth_of(examples: Sequence[Example], labels: Sequence[str], *, several: bool) -> NDArray[np.int64]:
    """(examples,) label indices; where a text may have several labels, (examples, K), 1 where one holds."""
    index = {label: i for i, label in enumerate(labels)}
    if not several:
        return np.array([index[e.label or ""] for e in examples], dtype=np.int64)
    table = np.zeros((len(examples), len(labels)), np.int64)
    for row, example in enumerate(examples):
        table[row, [index[label] for label in held(example.label)]] = 1
    return table


def drawn_rows(labels: list[str | None], most: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Up to `most` indices, in order, drawn at random; where not all are, ten of each label stay if it has them."""
    order = rng.permutation(len(labels))
    if len(labels) <= most:
        return np.arange(len(labels))
    seen: Counter[str] = Counter()
    rank = np.zeros(len(labels), dtype=np.int64)
    for i in order:
        own = held(labels[i])
        seen.update(own)
        rank[i] = min((seen[label] for label in own), default=KEPT_OF_EACH + 1)  # by its rarest so far
    first = order[np.argsort(rank[order] > KEPT_OF_EACH, kind="stable")]
    return np.sort(first[:most])


def _short(rows: list[Example]) -> list[Example]:
    """The rows with as much of their texts as a model file reads."""
    return [replace(row, text=text) for row, text in zip(rows, shortened([row.text for row in rows]), strict=True)]
