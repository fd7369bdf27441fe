"""Distillation: students that read each text by itself learn a teacher's soft labels.

Each function takes texts with target distributions and gives a branch of a student; those that read both sides of a
pair together are in `distil_cross`. Knows nothing of how the targets came about, of files, or of which student ships.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch.nn import functional as F  # noqa: N812 - the field's name for it

from danlu.models import pair
from danlu.models.base import by_row, embed, layers, means, padded, token_embeddings, token_ids
from danlu.models.pair import compared
from danlu.models.student import (
    NarrowEncoder,
    NgramBranch,
    StaticBranch,
    StaticEncoder,
    TokenBranch,
    TransformerEncoder,
)
from danlu.runtime import autocast
from danlu.text import tfidf
from danlu.text.pair import pairing_of
from danlu.train.batches import by_length
from danlu.train.distance import distance
from danlu.train.loop import minimise
from danlu.train.regression import Linear, softmax_regression

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray
    from tokenizers import Tokenizer
    from transformers import PreTrainedModel

    from danlu.evals.questions import Questions
    from danlu.models.base import Base

LIGHT_WIDTH = 192  # of the token embeddings of students that have no layers
NGRAM_BITS = 20
STATIC_STRENGTH = 1.0  # a labelled row weighs three times that here, which is what it weighs in the teacher


@dataclass(frozen=True)
class Light:
    """How a student without layers of the base's width learns.

    Attributes:
        rate: peak learning rate of the encoder.
        batch: texts a step.
    """

    rate: float
    batch: int


NARROW = "narrow"
LIGHT = {"static": Light(3e-3, 128), NARROW: Light(1e-3, 64)}
DROPOUT = 0.1  # of the narrow encoder


@dataclass(frozen=True)
class Lesson:
    """What a student learns from.

    Attributes:
        texts: N texts.
        targets: (N, K) distributions.
        weights: (N,) how much each counts.
        vectors: (N, hidden) the teacher's unit vectors, for students to land on; of pairs, their comparisons.
        head: (hidden, K) weight, (K,) bias and (hidden,) centre of the teacher's head on those vectors.
        apart: whether each label is a decision of its own; targets are the probabilities that it holds then.
        questions: where the texts are pairs of a question and an option: which belong together.
    """

    texts: list[str]
    targets: NDArray[np.float32]
    weights: NDArray[np.float32]
    vectors: NDArray[np.float32]
    head: tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]
    apart: bool = False
    questions: Questions | None = None


def ngram_branch(lesson: Lesson, rows: int, bits: int = NGRAM_BITS) -> NgramBranch:
    """A linear student on hashed n-grams, cut to those that tell most.

    Args:
        lesson: what it learns from.
        rows: n-grams that keep a row of weights; those with the longest rows of a first fit.
        bits: the hash has 2 to this power buckets.
    """
    counts = tfidf.counts(lesson.texts, bits)
    idf = tfidf.inverse_document_frequency(counts)
    frequency = np.bincount(counts.indices, minlength=1 << bits)
    frequency[counts[np.flatnonzero(lesson.weights == lesson.weights.max())].indices] += 1  # no label is given in vain
    kept = np.flatnonzero(frequency >= (2 if len(lesson.texts) > 500 else 1))
    kept = np.sort(kept[np.argsort(-frequency[kept], kind="stable")][: 3 * rows])

    def fit(iterations: int) -> Linear:
        features = tfidf.weighted(counts[:, kept], idf[kept])
        return softmax_regression(
            features,
            lesson.targets,
            strength=100.0,
            weights=lesson.weights,
            iterations=iterations,
            apart=lesson.apart,
        )

    head = fit(30 if len(kept) > rows else 80)
    if len(kept) > rows:
        length = np.linalg.norm(head.weight, axis=1)
        kept = np.sort(kept[np.argsort(-length, kind="stable")][:rows])
        head = fit(80)
    index = np.zeros(1 << bits, np.int32)
    index[kept] = np.arange(1, len(kept) + 1)
    weight = np.concatenate([np.zeros((1, lesson.targets.shape[1]), np.float32), head.weight])
    importance = np.concatenate([np.zeros(1, np.float32), idf[kept]])
    parts = (torch.from_numpy(part) for part in (index, weight, importance, head.bias))
    return NgramBranch(*parts)


def static_branch(lesson: Lesson, tokenizer: Tokenizer, table: NDArray[np.float32], length: int) -> StaticBranch:
    """A linear student on the mean of static embeddings.

    Args:
        lesson: what it learns from.
        tokenizer: of the student.
        table: (tokens, width) of the base, a row for each token of the student.
        length: tokens read of a text.
    """
    pairing = pairing_of(lesson.texts)
    branch = StaticBranch(torch.from_numpy(table), lesson.targets.shape[1], pairing)
    stored = branch.table(torch.arange(len(table))).numpy()  # as the student will read them
    vectors = compared(means(stored, token_ids(tokenizer, lesson.texts, length)), pairing)
    centre = vectors.mean(0)
    vectors -= centre
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    head = softmax_regression(
        vectors, lesson.targets, strength=STATIC_STRENGTH, weights=lesson.weights, apart=lesson.apart
    )
    for parameter, value in zip(
        (branch.centre, branch.weight, branch.bias), (centre, head.weight, head.bias), strict=True
    ):
        parameter.copy_(torch.from_numpy(value))
    return branch


def light_embeddings(base: Base, old_ids: NDArray[np.int64]) -> NDArray[np.float32]:
    """(tokens, width): static ones, or else what the base makes of each token alone, in its own main directions."""
    if base.static is not None:
        return base.static[old_ids]
    framed = token_ids(base.tokenizer, ["x"], 8)[0]
    alone = embed(base.model, [[framed[0], int(i), framed[-1]] for i in old_ids], batch=256)
    alone -= alone.mean(0)
    direction = np.linalg.svd(alone.T @ alone)[0][:, : min(LIGHT_WIDTH, alone.shape[1])]
    return np.ascontiguousarray(alone @ direction)


def static_encoder(embeddings: NDArray[np.float32]) -> StaticEncoder:
    """Averages that start from (tokens, width) embeddings."""
    start = torch.from_numpy(embeddings)
    return StaticEncoder(start * start.shape[1] ** 0.5 * 0.1)


@torch.no_grad()
def narrow_encoder(base: Base, old_ids: NDArray[np.int64]) -> NarrowEncoder:
    """The narrow encoder of a base, which has one, with a table of some of the base's tokens.

    Args:
        base: with static embeddings and a narrow encoder; both are left as they are.
        old_ids: (tokens,) the base's number of each token.
    """
    assert base.narrow is not None
    assert base.static is not None
    chosen = torch.from_numpy(old_ids)
    rows = base.narrow.rows(token_embeddings(base.model).weight[chosen], torch.from_numpy(base.static)[chosen])
    body = copy.deepcopy(base.narrow.body)
    for module in body.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = DROPOUT
    return NarrowEncoder(rows, body)


def light_branch(
    light: Light,
    encoder: StaticEncoder | NarrowEncoder,
    lesson: Lesson,
    sequences: list[list[int]],
    *,
    steps: int,
    seed: int,
    progress: Callable[[int], None] | None = None,
) -> TokenBranch:
    """Token embeddings, averaged, or read by the layers of a narrow encoder.

    Args:
        light: how it learns.
        encoder: where it starts.
        lesson: what it learns from.
        sequences: the student's tokens of each text of the lesson, of each side of a pair.
        steps: of the training.
        seed: of dropout and the order of the texts.
        progress: called with 1 after each step.
    """
    pairing = pairing_of(lesson.texts)
    torch.manual_seed(seed)
    branch = TokenBranch(encoder, pair.width(encoder.width, pairing), lesson.targets.shape[1], pairing)
    groups = [
        {"params": list(encoder.parameters()), "lr": light.rate},
        {"params": [branch.weight, branch.bias], "lr": 3e-2},
    ]
    branch.centre.requires_grad_(False)
    branch.train()
    losses = _losses(branch, sequences, lesson, light.batch, seed, towards=None)
    minimise(losses, groups, steps=steps, progress=progress)
    encoder.shrink()
    return branch.eval()


def transformer_branch(
    encoder: PreTrainedModel,
    lesson: Lesson,
    sequences: list[list[int]],
    old_ids: NDArray[np.int64],
    *,
    depth: int,
    steps: int,
    batch: int,
    seed: int,
    progress: Callable[[int], None] | None = None,
) -> TokenBranch:
    """The lowest `depth` layers of an encoder, its vocabulary cut, trained to end where the whole encoder ends.

    The lowest layers are the ones to keep when little training follows (Sajjad et al., 2020). The head starts as the
    teacher's, so a student of full depth starts as its teacher.
    """
    model = copy.deepcopy(encoder)
    whole = model.config.num_hidden_layers
    stack = layers(model)
    del stack[depth:]
    model.config.num_hidden_layers = depth
    table = token_embeddings(model).weight.data
    model.resize_token_embeddings(len(old_ids), mean_resizing=False)
    token_embeddings(model).weight.data.copy_(table[torch.from_numpy(old_ids)])
    for parameter in model.parameters():
        parameter.requires_grad_(True)
    torch.manual_seed(seed)
    pairing = pairing_of(lesson.texts)
    branch = TokenBranch(TransformerEncoder(model), lesson.vectors.shape[1], lesson.targets.shape[1], pairing)
    for parameter, value in zip((branch.weight, branch.bias, branch.centre), lesson.head, strict=True):
        parameter.data.copy_(torch.from_numpy(value))
    branch.centre.requires_grad_(False)
    rate = 5e-5 if depth == whole else 3e-4
    groups = [
        {"params": [p for p in branch.encoder.parameters() if p.requires_grad], "lr": rate},
        {"params": [branch.weight, branch.bias], "lr": 1e-2},
    ]
    branch.train()
    losses = _losses(branch, sequences, lesson, batch, seed, towards=torch.from_numpy(lesson.vectors))
    minimise(losses, groups, steps=steps, progress=progress)
    return branch.eval()


def _losses(
    branch: TokenBranch,
    sequences: list[list[int]],
    lesson: Lesson,
    batch: int,
    seed: int,
    towards: torch.Tensor | None,
) -> Iterator[torch.Tensor]:
    """Cross-entropy with the targets, plus the cosine distance to the teacher's vectors where they are given.

    A text is drawn as often as it weighs: where steps are few, they go to what counts.
    """
    targets = torch.from_numpy(lesson.targets)
    rows = by_row(sequences, branch.pairing)
    for index in by_length([max(map(len, row)) for row in rows], batch, seed, weights=lesson.weights):
        ids, mask = padded([sequence for i in index for sequence in rows[i]])
        with autocast(torch.device("cpu")):
            raw = branch.raw(ids, mask).float()
        logits = F.normalize(raw - branch.centre, dim=-1) @ branch.weight + branch.bias
        loss = distance(logits, targets[index], apart=lesson.apart)
        if towards is not None:
            loss = loss + 2 * (1 - (raw * towards[index]).sum(-1)).mean()
        yield loss
