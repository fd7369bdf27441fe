"""What a base model is trained to do: say the next token, or the hidden ones.

Knows tokens and logits; knows nothing of optimisers, data files or devices. An objective is two functions: one makes a
batch of pieces into rows of inputs and targets, the same for everyone who has the seed; the other sums the loss over
the targets of some of the rows. So a batch can be cut between accumulation steps or processes without changing what is
computed.

Suffixes: B rows, L longest row, T places with a target, V vocabulary.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import numpy as np
import torch
from torch.nn.functional import cross_entropy, kl_div, log_softmax

from danlu.models.base import padded
from danlu.text.tokenizer import MASK, PAD, SPECIAL

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray
    from transformers import PreTrainedModel

    Piece = NDArray[np.uint16] | Sequence[int]

IGNORED = -100  # a place without a target, as torch's cross-entropy has it


@dataclass(frozen=True)
class Rows:
    """A batch ready for a model.

    Attributes:
        inputs_BL: token ids, padded at the end.
        mask_BL: 1 for tokens, 0 for padding.
        targets_BL: the token wanted at each place, or IGNORED.
    """

    inputs_BL: torch.Tensor
    mask_BL: torch.Tensor
    targets_BL: torch.Tensor

    @property
    def count(self) -> int:
        """How many places have a target."""
        return int((self.targets_BL != IGNORED).sum())

    def part(self, start: int, stop: int, step: int = 1) -> Rows:
        """Some of the rows; the last without targets where there are none, so that a model always has one to read."""
        if start >= len(self.inputs_BL):
            return Rows(self.inputs_BL[-1:], self.mask_BL[-1:], torch.full_like(self.targets_BL[-1:], IGNORED))
        return Rows(*(t[start:stop:step] for t in (self.inputs_BL, self.mask_BL, self.targets_BL)))

    def to(self, device: torch.device) -> Rows:
        """The rows on another device."""
        return Rows(*(t.to(device, non_blocking=True) for t in (self.inputs_BL, self.mask_BL, self.targets_BL)))


@dataclass(frozen=True)
class Objective:
    """What is trained.

    Attributes:
        rows: pieces and a seeded generator to rows.
        loss: model, rows and the share of the training that is over, to the sum of the loss over all targets.
    """

    rows: Callable[[Sequence[Piece], np.random.Generator], Rows]
    loss: Callable[[Speaker, Rows, float], torch.Tensor]


class Speaker(torch.nn.Module):
    """A language model that gives logits only where they are asked for; the rest of the vocabulary's work is saved."""

    def __init__(self, model: PreTrainedModel) -> None:
        """Takes a causal or masked language model of transformers."""
        super().__init__()
        self.model = model
        self.both_ways = hasattr(model, "head")  # what masked models have between hidden states and vocabulary

    def forward(self, rows: Rows) -> torch.Tensor:
        """(T, V). Padding stands at the end, where no token of a causal model sees it."""
        mask = rows.mask_BL if self.both_ways else None
        hidden = self.model.base_model(input_ids=rows.inputs_BL, attention_mask=mask).last_hidden_state
        wanted = hidden[rows.targets_BL != IGNORED]
        output = self.model.get_output_embeddings()
        assert output is not None
        return output(cast("torch.nn.Module", self.model.head)(wanted) if self.both_ways else wanted)


def causal() -> Objective:
    """The next token, everywhere."""
    return Objective(next_token_rows, lambda model, rows, _: _cross_entropy(model(rows), rows))


def masked(vocabulary: int, share: float = 0.3, span: float = 2.0) -> Objective:
    """Hidden tokens from the others, in spans (SpanBERT: Joshi et al., 2020).

    Args:
        vocabulary: tokens in all; one in ten hidden ones is replaced by a random token, one in ten stays.
        share: of the tokens that are hidden; 0.3 as ModernBERT has it.
        span: mean tokens of a span. Chinese tokens are words or parts of words, so a span hides whole words.
    """

    def rows(pieces: Sequence[Piece], rng: np.random.Generator) -> Rows:
        return masked_rows(pieces, rng, vocabulary, share, span)

    return Objective(rows, lambda model, rows, _: _cross_entropy(model(rows), rows))


def inherited(own: Objective, elder: Speaker, start: float = 1.0, over: float = 0.5) -> Objective:
    """An objective with what a smaller, finished model says beside it (knowledge inheritance: Qin et al., 2022).

    Args:
        own: of the new model.
        elder: the finished model, of the same vocabulary; it is not changed.
        start: the weight of the elder's distribution at the beginning; it falls linearly.
        over: the share of the training after which it is zero, and the elder is not asked any more.
    """
    elder.eval().requires_grad_(requires_grad=False)

    def loss(model: Speaker, rows: Rows, done: float) -> torch.Tensor:
        weight = start * max(0.0, 1 - done / over)
        if weight == 0.0:
            return own.loss(model, rows, done)
        logits_TV = model(rows).float()
        with torch.no_grad():
            known_TV = elder(rows).float()
        soft = kl_div(log_softmax(logits_TV, -1), log_softmax(known_TV, -1), reduction="sum", log_target=True)
        return (1 - weight) * _cross_entropy(logits_TV, rows) + weight * soft

    return Objective(own.rows, loss)


def next_token_rows(pieces: Sequence[Piece], _: np.random.Generator) -> Rows:
    """Every token but a row's last is an input; its target is the token after it."""
    inputs, mask = _padded([piece[:-1] for piece in pieces])
    targets, _mask = _padded([piece[1:] for piece in pieces])
    return Rows(inputs, mask, targets.masked_fill(mask == 0, IGNORED))


def masked_rows(pieces: Sequence[Piece], rng: np.random.Generator, vocabulary: int, share: float, span: float) -> Rows:
    """Spans of tokens hidden; special tokens never are, and every row with a plain token hides at least one."""
    inputs, mask = _padded(pieces)
    plain = ((inputs >= len(SPECIAL)) & (mask == 1)).numpy()
    lengths = rng.geometric(1 / span, plain.shape)
    starts = rng.random(plain.shape) < share / span * 1.15  # spans overlap now and then
    hidden = np.zeros_like(plain)
    for offset in range(min(int(lengths.max(initial=1)), plain.shape[1])):
        hidden[:, offset:] |= (starts & (lengths > offset))[:, : plain.shape[1] - offset]
    hidden &= plain
    first = np.where(plain, rng.random(plain.shape), -1.0).argmax(1)
    nothing = plain.any(1) & ~hidden.any(1)
    hidden[nothing, first[nothing]] = True
    fate = rng.random(plain.shape)
    other = rng.integers(len(SPECIAL), vocabulary, plain.shape)
    ids = inputs.numpy()
    shown = np.where(hidden & (fate < 0.8), MASK, np.where(hidden & (fate < 0.9), other, ids))
    return Rows(torch.from_numpy(shown), mask, torch.from_numpy(np.where(hidden, ids, IGNORED)))


def _padded(pieces: Sequence[Piece]) -> tuple[torch.Tensor, torch.Tensor]:
    return padded([np.array(piece, np.int64) for piece in pieces], PAD)


def _cross_entropy(logits_TV: torch.Tensor, rows: Rows) -> torch.Tensor:
    return cross_entropy(logits_TV.float(), rows.targets_BL[rows.targets_BL != IGNORED], reduction="sum")
