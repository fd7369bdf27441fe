"""Distillation: students of five kinds learn a teacher's soft labels.

Each function takes texts with target distributions and gives a branch of a student. Knows nothing of how the targets
came about, of files, or of which student is shipped.
"""

from __future__ import annotations

import copy
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch.nn import functional as F  # noqa: N812 - the field's name for it

from danlu.compress.vocabulary import cut
from danlu.models import pair
from danlu.models.base import by_row, embed, layers, means, padded, token_embeddings, token_ids
from danlu.models.cross import CrossBranch
from danlu.models.pair import compared
from danlu.models.student import (
    ConvolutionEncoder,
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
from danlu.train.loop import minimise
from danlu.train.regression import Linear, softmax_regression

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray
    from tokenizers import Tokenizer
    from transformers import PreTrainedModel

    from danlu.models.base import Base
    from danlu.models.choice import ChoiceModel
    from danlu.models.cross import Around

LIGHT_WIDTH = 192  # of the token embeddings of students that have no layers
_HAN_FROM, _HAN_TO = "\u4e00", "\u9fff"
NGRAM_BITS = 20
COMMON_HANZI = 4_500  # of a base that has them in the order of frequency: kept though no text of the task has them
COMMON_LATIN = 8_000  # likewise, where what a token means alone has to be asked of the encoder
START_SAMPLE = 128  # pairs that say what the general model usually says of each label
STATIC_STRENGTH = 1.0  # a labelled row weighs three times that here, which is what it weighs in the teacher


@dataclass(frozen=True)
class Light:
    """A student of token embeddings and no layers.

    Attributes:
        filters: of the convolution over the embeddings; with none they are averaged.
        rate: peak learning rate of the encoder.
        batch: texts a step.
    """

    filters: int
    rate: float
    batch: int


LIGHT = {"static": Light(0, 3e-3, 128), "convolution": Light(64, 2e-3, 64)}


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
    """

    texts: list[str]
    targets: NDArray[np.float32]
    weights: NDArray[np.float32]
    vectors: NDArray[np.float32]
    head: tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]
    apart: bool = False


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


def small_tokenizer(base: Base, texts: Sequence[str], length: int, most: int) -> tuple[Tokenizer, NDArray[np.int64]]:
    """The base's tokenizer cut to what these texts use and to what their scripts use most.

    A few Chinese rows hold a few hundred hanzi and words; what a user asks tomorrow holds others. All hanzi are kept,
    and of everything else what the texts use most often. The hanzi and words of a base with static embeddings stand
    in the order of their frequency, and so, about, do pieces of Latin words: of its hanzi the common ones are kept, and
    where room is left, words and Latin pieces follow, as the texts use them.
    Tokens are numbered by how much they tell, the lightest first.

    Args:
        base: whose tokenizer.
        texts: of the lesson.
        length: tokens read of a text.
        most: tokens in all, if hanzi, characters and special tokens are fewer.
    """
    often = Counter(index for sequence in token_ids(base.tokenizer, texts, length) for index in sequence)
    characters = sorted({c for text in texts for c in text if not c.isspace()})
    kept = {index for sequence in token_ids(base.tokenizer, characters, 8) for index in sequence}
    names = {index: name for name, index in base.tokenizer.get_vocab().items()}
    chinese = [index for index in sorted(names) if _HAN_FROM <= names[index][:1] <= _HAN_TO]
    if any(_HAN_FROM <= c <= _HAN_TO for c in characters):
        hanzi = [index for index in chinese if len(names[index]) == 1]
        kept.update(hanzi if base.static is None else hanzi[:COMMON_HANZI])
    words = [index for index in chinese if len(names[index]) > 1] if base.static is not None else []
    latin = [index for index in sorted(names) if _is_latin(names[index])]
    used = sorted((index for index in often if index not in kept), key=lambda index: (-often[index], index))
    kept.update(used[: max(0, most - len(kept))])
    room = max(0, most - len(kept))
    used_of = [sum(often[index] for index in pieces) for pieces in (chinese, latin)]
    common = latin if base.static is not None else latin[:COMMON_LATIN]
    for pieces, count in zip((words, common), used_of, strict=True):
        kept.update([index for index in pieces if index not in kept][: room * count // max(1, sum(used_of))])
    return cut(base.tokenizer, kept, _telling(base, often))


def _is_latin(token: str) -> bool:
    letters = token.removeprefix("##").casefold()
    return bool(letters) and all("a" <= letter <= "z" for letter in letters)


def _telling(base: Base, often: Counter[int]) -> NDArray[np.float32]:
    """(vocabulary,) how much each token tells of a text: the weight of its static embedding, or else its rarity.

    By rarity, single characters tell least, since words fall back to them, and words that no text has tell most.

    Args:
        base: whose tokens.
        often: how often each stands in the texts.
    """
    if base.static is not None:
        return np.linalg.norm(base.static, axis=1)
    numbers = base.tokenizer.get_vocab()
    telling = np.full(max(numbers.values()) + 1, -np.inf, np.float32)
    words = [index for name, index in numbers.items() if len(name.removeprefix("##")) > 1]
    telling[words] = [-often[index] for index in words]
    return telling


def light_embeddings(base: Base, old_ids: NDArray[np.int64]) -> NDArray[np.float32]:
    """(tokens, width): static ones, or else what the base makes of each token alone, in its own main directions."""
    if base.static is not None:
        return base.static[old_ids]
    framed = token_ids(base.tokenizer, ["x"], 8)[0]
    alone = embed(base.model, [[framed[0], int(i), framed[-1]] for i in old_ids], batch=256)
    alone -= alone.mean(0)
    direction = np.linalg.svd(alone.T @ alone)[0][:, : min(LIGHT_WIDTH, alone.shape[1])]
    return np.ascontiguousarray(alone @ direction)


def light_branch(
    light: Light,
    embeddings: NDArray[np.float32],
    lesson: Lesson,
    sequences: list[list[int]],
    *,
    steps: int,
    seed: int,
    progress: Callable[[int], None] | None = None,
) -> TokenBranch:
    """Token embeddings and no layers: averaged, or under a convolution.

    Args:
        light: which of the two.
        embeddings: (tokens, width) where they start.
        lesson: what it learns from.
        sequences: the student's tokens of each text of the lesson, of each side of a pair.
        steps: of the training.
        seed: of dropout, the first filters and the order of the texts.
        progress: called with 1 after each step.
    """
    start = torch.from_numpy(embeddings)
    width = start.shape[1]
    torch.manual_seed(seed)
    if light.filters:
        encoder = ConvolutionEncoder(start / start.norm(dim=1).mean(), light.filters)
    else:
        encoder = StaticEncoder(start * width**0.5 * 0.1)
    pairing = pairing_of(lesson.texts)
    branch = TokenBranch(encoder, pair.width(width + light.filters, pairing), lesson.targets.shape[1], pairing)
    groups = [
        {"params": list(encoder.parameters()), "lr": light.rate},
        {"params": [branch.weight, branch.bias], "lr": 3e-2},
    ]
    branch.centre.requires_grad_(False)
    branch.train()
    losses = _losses(branch, sequences, lesson, light.batch, seed, towards=None)
    minimise(losses, groups, steps=steps, progress=progress)
    (encoder.tokens if isinstance(encoder, ConvolutionEncoder) else encoder).shrink()
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


def cross_branch(
    model: ChoiceModel,
    around: Around,
    lesson: Lesson,
    sequences: list[list[int]],
    old_ids: NDArray[np.int64],
    *,
    depth: int,
    steps: int,
    batch: int,
    seed: int,
    progress: Callable[[int], None] | None = None,
) -> CrossBranch:
    """The general model with its vocabulary cut, reading both sides of a pair at once; its embeddings stay fixed.

    It starts where it is, what it says of each label counted from what it usually says: of a task it knows only the
    labels' words, and how often it would name each of them is not among what these tell.

    Args:
        model: where it starts.
        around: the question and the options.
        lesson: what it learns from; of pairs.
        sequences: the student's tokens of each side of each pair, framed.
        old_ids: the model's id of each token of the student.
        depth: layers kept.
        steps: of the training.
        batch: pairs a step.
        seed: of the order of the pairs.
        progress: called with 1 after each step.
    """
    pairing = pairing_of(lesson.texts)
    assert pairing is not None
    branch = CrossBranch(model, torch.from_numpy(old_ids), around, pairing, depth, lead=lesson.apart)
    rows = by_row(sequences, pairing)
    sample = np.argsort(-lesson.weights, kind="stable")[:START_SAMPLE]
    with torch.inference_mode(), autocast(torch.device("cpu")):
        seen = torch.cat([branch.scores(*padded(rows[i])).float() for i in sample])
    mean = torch.from_numpy(lesson.targets[sample]).mean(0)
    usual = mean.logit(1e-3) if lesson.apart else mean.clamp_min(1e-3).log()
    branch.scale.data.copy_(1 / seen.std().clamp_min(1e-3))
    branch.bias.data.copy_(usual - seen.mean(0) * branch.scale.data)
    branch.model.embeddings.requires_grad_(False)
    own = branch.model.own_parameters()
    for parameter in own:
        parameter.requires_grad_(True)
    targets = torch.from_numpy(lesson.targets)

    def losses() -> Iterator[torch.Tensor]:
        for index in by_length([sum(map(len, row)) for row in rows], batch, seed, weights=lesson.weights):
            with autocast(torch.device("cpu")):
                logits = branch(*padded([sequence for i in index for sequence in rows[i]]))
            yield _distance(logits.float(), targets[index], apart=lesson.apart)

    groups = [{"params": own, "lr": 5e-5}, {"params": [branch.scale, branch.bias], "lr": 1e-2}]
    minimise(losses(), groups, steps=steps, progress=progress)
    return branch.eval()


def _distance(logits: torch.Tensor, targets: torch.Tensor, *, apart: bool) -> torch.Tensor:
    """Cross-entropy of (B, K) logits with targets; where labels are apart, the sum of that of each decision."""
    if apart:
        return F.binary_cross_entropy_with_logits(logits, targets, reduction="none").sum(-1).mean()
    return -(targets * F.log_softmax(logits, -1)).sum(-1).mean()


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
        loss = _distance(logits, targets[index], apart=lesson.apart)
        if towards is not None:
            loss = loss + 2 * (1 - (raw * towards[index]).sum(-1)).mean()
        yield loss
