"""The rows of an extraction in the order every list has them, their tokens, and the base cut to what they use.

Knows rows, tokens and the plan; does not know who learns from them.
"""

from __future__ import annotations

import copy
from collections import Counter
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import torch

from danlu.adapt import names, span
from danlu.compress.vocabulary import small_tokenizer
from danlu.factory.extract_links import Schema, gold_links, targets
from danlu.factory.extract_plan import MOST_MARKED, SpanSizes
from danlu.factory.folds import folds_of
from danlu.models.base import token_embeddings
from danlu.models.open_span import open_settings
from danlu.text.links import together
from danlu.text.pieces import by_character, places, read, windows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from tokenizers import Tokenizer

    from danlu.factory.extract_plan import SpanPlan
    from danlu.factory.folds import Folds
    from danlu.factory.inspect import Inspection
    from danlu.models.base import Base
    from danlu.text.entities import Reading
    from danlu.text.pieces import Tokens
    from danlu.train.spans import Piece
    from danlu.types import Example

_LONGEST = 20_000  # tokens of a text that count for the vocabulary
# What short names of types say in words: those of the corpora most people know.
_SAID = {
    "PER": "person", "LOC": "location", "ORG": "organization", "GPE": "country city", "MISC": "miscellaneous",
    "FAC": "facility", "NORP": "nationality", "TIM": "time", "DAT": "date", "NUM": "number", "PROD": "product",
}  # fmt: skip


@dataclass(frozen=True)
class Marked:
    """The rows of a job.

    Attributes:
        labels: the types.
        train: learned from.
        dev: judged by; may be empty.
        test: measured by, once; may be empty.
        pool: unlabelled texts of the loop.
        extra: unlabelled texts beyond it, for students only.
        tokenizer: of teacher and students.
        schema: which relations there can be; None where none are looked for.
    """

    labels: tuple[str, ...]
    train: list[Example]
    dev: list[Example]
    test: list[Example]
    pool: list[str]
    extra: list[str]
    tokenizer: Tokenizer
    schema: Schema | None = None

    def linked(self, rows: Sequence[Example]) -> list[frozenset[tuple[int, ...]] | None]:
        """The relations of each row, as `extract_links` writes them; None where nobody marked any."""
        return gold_links(rows, self.labels, self.schema.relations) if self.schema else [None] * len(rows)

    def gold(self, rows: Sequence[Example]) -> list[NDArray[np.int64]]:
        """(entities, 3) of each row: first character, character after the last, type; unknown types have number K."""
        index = {label: number for number, label in enumerate(self.labels)}
        return [
            np.array([[s.start, s.end, index.get(s.type, len(index))] for s in row.spans or ()], np.int64).reshape(
                -1, 3
            )
            for row in rows
        ]

    def read(self, rows: Sequence[Example]) -> list[Tokens]:
        """The tokens of each row."""
        return read(self.tokenizer, [row.text for row in rows])

    @cached_property
    def unlabelled(self) -> list[Tokens]:
        """The tokens of the pool, then of the other unlabelled texts."""
        return read(self.tokenizer, [*self.pool, *self.extra])

    def pieces(self, reading: Reading) -> list[list[Piece]]:
        """The windows of each training row."""
        relations = self.schema.relations if self.schema else ()
        rows = zip(self.train, self.read(self.train), self.gold(self.train), strict=True)
        return [span.encode(tokens, marks, reading, targets(row, relations)) for row, tokens, marks in rows]

    @property
    def rarest(self) -> NDArray[np.int64]:
        """(train,) the one of each row's types that fewest rows have, another number where it has none."""
        return _rarest([np.unique(marks[:, 2]).tolist() for marks in self.gold(self.train)])


def sizes_of(base: Base, inspection: Inspection, seed: int) -> SpanSizes:
    """What the plan depends on, measured on at most 1,000 training rows."""
    draw = np.random.default_rng(seed).permutation(len(inspection.train))[:1_000]
    rows = [inspection.train[i] for i in draw]
    tokens = read(by_character(base.tokenizer), [row.text for row in rows])
    widths = [
        place[1] - place[0] + 1
        for each, row in zip(tokens, rows, strict=True)
        for mark in row.spans or ()
        if (place := places(each, mark.start, mark.end)) is not None
    ]
    lengths = [len(each) for each in tokens]
    body = sum(p.numel() for p in base.model.parameters()) - token_embeddings(base.model).weight.numel()
    return SpanSizes(
        labelled=min(len(inspection.train), MOST_MARKED),
        unlabelled=len(inspection.unlabeled),
        dev=len(inspection.dev),
        has_test=bool(inspection.test),
        tokens=float(np.mean(lengths)),
        long_tokens=int(np.percentile(lengths, 95)),
        widest=max(widths, default=1),
        cost=body / 10.8e6,
        depth=base.model.config.num_hidden_layers,
        body=body,
        hidden=token_embeddings(base.model).weight.shape[1],
        known=open_settings(base) is not None,
    )


def gather(inspection: Inspection, base: Base, plan: SpanPlan, seed: int) -> tuple[Marked, Base]:
    """The rows that the plan uses, drawn with the seed where there are more, and the base cut to their tokens."""
    rng = np.random.default_rng(seed)
    chosen = np.sort(rng.permutation(len(inspection.train))[:MOST_MARKED])
    train, dev = [inspection.train[i] for i in chosen], inspection.dev
    if plan.holds:
        train, dev = held_out(train, seed)
    drawn = rng.permutation(len(inspection.unlabeled))[: max(plan.distill, plan.pool)]
    texts = [inspection.unlabeled[i].text for i in drawn]
    small = cut_base(base, [*(row.text for row in train), *texts], plan.vocabulary)
    parts = texts[: plan.pool], texts[plan.pool :]
    task = inspection.task
    schema = Schema.of(inspection.train, task.labels, task.relations)
    return Marked(task.labels, train, dev, inspection.test, *parts, small.tokenizer, schema), small


def held_out(rows: list[Example], seed: int) -> tuple[list[Example], list[Example]]:
    """Rows to learn from, and a tenth that is held out for good; near duplicates stay together."""
    texts, types = [row.text for row in rows], [{span.type for span in row.spans or ()} for row in rows]
    names = sorted({kind for each in types for kind in each})
    learned, held = parted(texts, _rarest([[names.index(kind) for kind in each] for each in types]), 10, seed)[0]
    return [rows[i] for i in learned], [rows[i] for i in held]


def parted(texts: Sequence[str], rarest: NDArray[np.int64], most: int, seed: int) -> Folds:
    """(trained on, held out) indices of each fold; types are not looked at where every row has another rarest one.

    Args:
        texts: of the rows, two at least.
        rarest: the rarest type of each.
        most: folds.
        seed: of the shuffle.
    """
    return folds_of(texts, rarest, most, seed) or folds_of(texts, np.zeros_like(rarest), most, seed)


def _rarest(kinds: Sequence[Sequence[int]]) -> NDArray[np.int64]:
    """(rows,) the one of each row's types that fewest rows have; one more than all types where a row has none."""
    often = Counter(kind for each in kinds for kind in each)
    none = max(often, default=0) + 1
    return np.array([min(each, key=lambda kind: (often[kind], kind), default=none) for each in kinds], np.int64)


def cut_base(base: Base, texts: Sequence[str], most: int) -> Base:
    """The base with every hanzi a token of its own, and with the tokens that the texts and their scripts use."""
    apart = replace(base, tokenizer=by_character(base.tokenizer), static=None)
    tokenizer, old_ids = small_tokenizer(apart, texts, _LONGEST, most)
    model = copy.deepcopy(base.model)
    if len(old_ids) < token_embeddings(model).weight.shape[0]:
        table = token_embeddings(model).weight.data
        model.resize_token_embeddings(len(old_ids), mean_resizing=False)
        token_embeddings(model).weight.data.copy_(table[torch.from_numpy(old_ids)])
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return replace(apart, tokenizer=tokenizer, model=model.eval())


def wording(labels: Sequence[str], descriptions: dict[str, str]) -> list[str]:
    """What each type is called in words; names that mean nothing stand as they are."""
    said = {label: _SAID[label.upper()] for label in labels if label.upper() in _SAID} | descriptions
    return names.wording(labels, said) or list(labels)


def unreachable(material: Marked, plan: SpanPlan) -> list[Example]:
    """Training rows with an entity that no scorer can give: its borders lie inside a token, or it is too wide."""
    found: list[Example] = []
    for row, tokens in zip(material.train, material.read(material.train), strict=True):
        for mark in row.spans or ():
            place = places(tokens, mark.start, mark.end)
            if place is None or place[1] - place[0] >= plan.widest:
                found.append(row)
    return found


def far(material: Marked, plan: SpanPlan) -> list[Example]:
    """Training rows with a relation whose entities no window holds together; each as often as it has such."""
    found: list[Example] = []
    for row, tokens in zip(material.train, material.read(material.train), strict=True):
        cut = windows(len(tokens), plan.window, plan.widest)
        for each in row.relations or ():
            head, tail = (places(tokens, end.start, end.end) for end in (each.head, each.tail))
            if head is not None and tail is not None and not together(head, tail, cut):
                found.append(row)
    return found
