"""Task form: every text as a multiple-choice question whose options are the labels' names.

UniMC (Yang et al., EMNLP 2022; the model is `danlu.models.choice`). The general model answers without a single
example; a copy of it can be tuned on a few. Two losses of the paper: at each option's mask, yes for the right one and
no for the others; and the options' scores against one another.

Knows texts, names and questions in words; does not know files. Shapes: B texts in a batch, K options.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from scipy.special import log_softmax
from torch.nn import functional as F  # noqa: N812 - the field's name for it

from danlu.models.choice import Row, lay_out
from danlu.train.batches import by_length
from danlu.train.loop import minimise

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray
    from tokenizers import Tokenizer

    from danlu.models.choice import ChoiceModel, Marks

LENGTH = 128  # tokens of a text, both sides of a pair together
OPTION = 64  # tokens of an option
PLACES = 4096  # tokens of a batch, padding among them
GROUP = 400  # tokens of the options that are scored together


@dataclass(frozen=True)
class Tuning:
    """How long and how hard to tune.

    Attributes:
        steps: optimiser steps.
        batch: texts a step.
        rate: peak learning rate.
    """

    steps: int
    batch: int = 16
    rate: float = 3e-5
    seed: int = 0


def encode(
    tokenizer: Tokenizer,
    texts: Sequence[Sequence[str]],
    options: Sequence[str],
    question: str = "",
    *,
    length: int = LENGTH,
) -> list[Row]:
    """Rows of tokens, one a text; special tokens spelt out in a text are text.

    Args:
        tokenizer: of the encoder.
        texts: the one side of each, or two of a pair.
        options: names of the labels, in words.
        question: what is asked; may be empty.
        length: most tokens of a text; the longer side of a pair is cut first.
    """
    flat = _ids(tokenizer, [side for sides in texts for side in sides])
    named = [ids[:OPTION] for ids in _ids(tokenizer, options)]
    asked = _ids(tokenizer, [question])[0][:OPTION] if question else []
    rows, at = [], 0
    for sides in texts:
        rows.append(Row(named, asked, _cut(flat[at : at + len(sides)], length)))
        at += len(sides)
    return rows


def _ids(tokenizer: Tokenizer, texts: Sequence[str]) -> list[list[int]]:
    usual = tokenizer.encode_special_tokens
    tokenizer.encode_special_tokens = True
    try:
        return [found.ids for found in tokenizer.encode_batch(list(texts), add_special_tokens=False)]
    finally:
        tokenizer.encode_special_tokens = usual


def _cut(sides: Sequence[list[int]], length: int) -> list[list[int]]:
    """The beginnings of the sides, `length` tokens in all; a short side leaves its room to the other."""
    room = [len(side) for side in sides]
    if sum(room) > length:
        short = min(room)
        half = length // len(room)
        room = [min(size, half if short >= half else (size if size == short else length - short)) for size in room]
    return [side[:size] for side, size in zip(sides, room, strict=True)]


def loss(score_BK: torch.Tensor, answer_B: torch.Tensor, real_BK: torch.Tensor) -> torch.Tensor:
    """Yes or no at each option, the right one weighing as much as all the others together; and which option it is."""
    yes_BK = F.one_hot(answer_B, score_BK.shape[1]).bool()
    wrong_BK = real_BK & ~yes_BK
    finite_BK = score_BK.masked_fill(~real_BK, 0.0)
    said_no_B = (F.softplus(finite_BK) * wrong_BK).sum(1) / wrong_BK.sum(1).clamp_min(1)
    said_yes_B = F.softplus(-finite_BK.gather(1, answer_B[:, None])).squeeze(1)
    return F.cross_entropy(score_BK, answer_B) + (said_yes_B + said_no_B).mean() / 2


@torch.inference_mode()
def score(
    model: ChoiceModel, rows: Sequence[Row], marks: Marks, progress: Callable[[int], object] | None = None
) -> NDArray[np.float32]:
    """(texts, K) logits of yes against no. Options are scored in groups where they are many, and none is cut.

    Args:
        model: the general model, or a tuned one.
        rows: all with the same options.
        marks: of the vocabulary.
        progress: called with the number of texts after each batch.
    """
    groups = _groups([len(option) + 1 for option in rows[0].options])
    out = np.empty((len(rows), len(rows[0].options)), np.float32)
    order = np.argsort([row.length for row in rows], kind="stable").tolist()
    while order:
        index = [order.pop()]  # the longest first: what does not fit into memory fails at once
        size = max(1, PLACES // rows[index[0]].length)
        index += [order.pop() for _ in range(min(size - 1, len(order)))]
        for start, stop in groups:
            some = [replace(rows[i], options=rows[i].options[start:stop]) for i in index]
            out[index, start:stop] = model(lay_out(some, marks)).float().numpy()
        if progress:
            progress(len(index))
    return out


@torch.inference_mode()
def score_each(
    model: ChoiceModel, rows: Sequence[Row], marks: Marks, progress: Callable[[int], object] | None = None
) -> list[NDArray[np.float32]]:
    """Of each row, (options,) logits of yes against no, where rows have options of their own; else as `score`."""
    out: list[NDArray[np.float32]] = [np.zeros(0, np.float32)] * len(rows)
    order = np.argsort([row.length for row in rows], kind="stable").tolist()
    while order:
        size = max(1, PLACES // rows[order[-1]].length)
        index, order = order[-size:], order[:-size]
        found = model(lay_out([rows[i] for i in index], marks)).float().numpy()
        for i, scores in zip(index, found, strict=True):
            out[i] = scores[: len(rows[i].options)]
        if progress:
            progress(len(index))
    return out


def _groups(sizes: Sequence[int]) -> list[tuple[int, int]]:
    """Runs of options of at most `GROUP` tokens."""
    starts, filled = [0], 0
    for number, size in enumerate(sizes):
        if filled and filled + size > GROUP:
            starts.append(number)
            filled = 0
        filled += size
    return list(zip(starts, [*starts[1:], len(sizes)], strict=True))


def fit(
    model: ChoiceModel,
    rows: Sequence[Row],
    labels: NDArray[np.int64],
    marks: Marks,
    tuning: Tuning,
    progress: Callable[[int], None] | None = None,
) -> ChoiceModel:
    """A copy of the model tuned on labelled texts, in evaluation mode; the embeddings stay shared.

    Args:
        model: where to start; left as it is.
        rows: all with the same options.
        labels: (texts,) which option is right.
        marks: of the vocabulary.
        tuning: the plan.
        progress: called with 1 after each step.
    """
    tuned = copy.deepcopy(model, {id(model.embeddings): model.embeddings})
    for parameter in tuned.own_parameters():
        parameter.requires_grad_(True)
    truth = torch.as_tensor(labels)

    def losses() -> Iterator[torch.Tensor]:
        for index in by_length([row.length for row in rows], tuning.batch, tuning.seed):
            laid = lay_out([rows[i] for i in index], marks)
            yield loss(tuned(laid), truth[index], laid.real_BK)

    minimise(losses(), [{"params": tuned.own_parameters(), "lr": tuning.rate}], steps=tuning.steps, progress=progress)
    return tuned.eval()


def predict(scores: NDArray[np.float32], scale: float = 1.0) -> NDArray[np.float32]:
    """(texts, K) log-probabilities."""
    return np.asarray(log_softmax(scores * scale, axis=1), dtype=np.float32)
