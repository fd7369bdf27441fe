"""The questions of a job as the pairs that everything learns from; whole questions are drawn, never single options.

Knows questions, pairs and the plan; does not know who learns from them.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from danlu.evals.questions import Questions
from danlu.factory.asking import asking_of_questions
from danlu.factory.folds import folds_of, folds_of_questions, levels_of
from danlu.factory.general import question_row
from danlu.factory.material import Asked, Material
from danlu.factory.plan import Sizes
from danlu.factory.several_folds import folds_of_several
from danlu.factory.student import shortened
from danlu.factory.texts import Texts
from danlu.models.base import most_tokens, token_embeddings, token_ids
from danlu.text.pair import sides
from danlu.text.question import RIGHT, WRONG, essence, pairs, parts, told
from danlu.train.regression import MOST_ROWS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from danlu.factory.inspect import Inspection
    from danlu.factory.plan import Plan
    from danlu.models.base import Base
    from danlu.types import Example


def gather_questions(inspection: Inspection, plan: Plan, seed: int) -> Material:
    """The questions that the plan uses as pairs, drawn with the seed where there are more; the plan counts pairs."""
    rng = np.random.default_rng(seed)
    train = [inspection.train[i] for i in np.sort(_first(inspection.train, rng, MOST_ROWS))]
    drawn = [inspection.unlabeled[i] for i in _first(inspection.unlabeled, rng, plan.distill)]
    sizes = np.cumsum([options_of(row) for row in drawn]) if drawn else np.zeros(0, np.int64)
    pool = int((sizes <= plan.pool).sum())
    asked = [*train, *drawn, *inspection.dev, *inspection.test]
    questions = Questions.of([options_of(row) for row in asked])
    labelled, unlabelled = as_pairs(train), [row.text for row in as_pairs(drawn)]
    inside = int(sizes[pool - 1]) if pool else 0
    texts = Texts(
        [row.text for row in labelled],
        np.array([row.label != RIGHT for row in labelled], dtype=np.int64),
        unlabelled[:inside],
        inspection.task.labels,
        None,
        questions.some(np.arange(len(train) + pool)),
    )
    dev, test = as_pairs(inspection.dev), as_pairs(inspection.test)
    asking = asking_of_questions([told(row.text)[0] for row in train])
    whole = Asked(asked, questions, len(train) + len(drawn))
    return Material(texts, unlabelled[inside:], dev, test, labelled, whole, asking)


def options_of(row: Example) -> int:
    """How many options a question has."""
    return len(parts(row.text)) - 1


def as_pairs(rows: Sequence[Example]) -> list[Example]:
    """The pairs of some questions, each labelled right or wrong where the answer is known."""
    found: list[Example] = []
    for row in rows:
        options = parts(row.text)[1:]
        for text, option in zip(shortened(pairs(row.text)), options, strict=True):
            label = None if row.label is None else RIGHT if option == row.label else WRONG
            found.append(replace(row, text=text, label=label))
    return found


def _first(rows: Sequence[Example], rng: np.random.Generator, most: int) -> NDArray[np.int64]:
    """Indices of questions, drawn at random, that have `most` options together at most."""
    order = rng.permutation(len(rows))
    sizes = np.cumsum([options_of(rows[i]) for i in order]) if len(rows) else np.zeros(0, np.int64)
    return order[sizes <= most]


def folds_for(material: Material, plan: Plan, seed: int) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """(trained on, held out) labelled rows of each fold; of questions, all options of a question together.

    Scores are spread over folds by their levels, as labels are.
    """
    texts = material.texts
    if texts.range is not None:
        return folds_of(texts.labelled, levels_of(texts.truth[:, 0], plan.folds), plan.folds, seed)
    if texts.apart:
        return folds_of_several(texts.labelled, texts.truth, plan.folds, seed)
    if texts.questions is None or material.asked is None:
        truth = np.zeros_like(texts.truth) if texts.guessed else texts.truth  # a guess is nothing to stratify by
        return folds_of(texts.labelled, truth, plan.folds, seed)
    labelled = np.arange(len(texts.labelled))
    asked = [essence(text) for text in material.asked.texts(labelled)]
    return folds_of_questions(asked, material.asked.questions.some(np.arange(len(asked))), plan.folds, seed)


def question_sizes(base: Base, inspection: Inspection, sample: Sequence[Example]) -> Sizes:
    """What the plan depends on, counted in pairs.

    Args:
        base: the encoder.
        inspection: the rows.
        sample: some training questions, whose tokens are counted.
    """
    written = as_pairs(sample)
    lengths = np.array([len(ids) for ids in token_ids(base.tokenizer, [row.text for row in written], 512)])
    distinct = dict(zip((side for row in written for side in sides(row.text)), lengths.tolist(), strict=True))
    count = {role: sum(map(options_of, rows)) for role, rows in _roles(inspection).items()}
    body, (token, averaged) = body_of(base), token_widths(base)
    return Sizes(
        labelled=count["train"],
        unlabelled=count["unlabeled"],
        dev=count["dev"],
        has_test=bool(inspection.test),
        labels=len(inspection.task.labels),
        tokens=float(lengths.mean()),
        long_tokens=most_tokens(base.model, int(np.percentile(lengths, 97.5))),  # half of the sides are options
        smallest=len(inspection.train),
        cost=2 * body / 10.8e6,
        body=body,
        token=token,
        static=averaged,
        depth=base.model.config.num_hidden_layers,
        sides=2,
        fresh=sum(distinct.values()) / float(lengths.sum()),
        options=len(written) / len(sample),
        option_tokens=float(lengths[1::2].mean()),
        **_asked(base, sample),
    )


def _asked(base: Base, sample: Sequence[Example]) -> dict[str, Any]:
    """Tokens that the general model reads of a question on average: its options and what is asked, and its text."""
    if base.name != "embedded":
        return {}
    rows = [question_row(base.tokenizer, row.text) for row in sample]
    read = [len(row.sides[0]) for row in rows]
    return {
        "named": round(float(np.mean([row.length for row in rows]) - np.mean(read))),
        "passage": float(np.mean(read)),
    }


def body_of(base: Base) -> int:
    """The weights of an encoder without those of its vocabulary."""
    return sum(p.numel() for p in base.model.parameters()) - token_embeddings(base.model).weight.numel()


def token_widths(base: Base) -> tuple[int, int]:
    """Numbers that a token of the vocabulary takes in the encoder, and in static embeddings."""
    return token_embeddings(base.model).weight.shape[1], 0 if base.static is None else base.static.shape[1]


def _roles(inspection: Inspection) -> dict[str, list[Example]]:
    return {"train": inspection.train, "dev": inspection.dev, "unlabeled": inspection.unlabeled}
