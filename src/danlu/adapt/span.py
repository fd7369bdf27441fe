"""Task form: entities as scored stretches of tokens, all types in one pass (UniEX, arXiv 2305.10306).

The loss is that of the global pointer (Su et al., 2022, arXiv 2208.03054): of each type, every entity above zero and
everything else below, which bears that nearly all stretches are no entity. All layers move, and the embeddings of the
tokens that are read. Steps and batch are fixed before training.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch.nn import functional as F  # noqa: N812 - the field's name for it

from danlu.models.base import embed, token_ids
from danlu.models.span import SpanNetwork
from danlu.runtime import autocast
from danlu.text.entities import Candidates, Reading, candidates
from danlu.text.pieces import places, windows
from danlu.train.batches import by_length
from danlu.train.loop import minimise

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray
    from transformers import PreTrainedModel

    from danlu.models.base import Base
    from danlu.text.pieces import Tokens

# Shapes: B windows in a batch, L tokens, W widths, K types, M entities of a window.

NEVER = -1e4  # the logit of what is no stretch
FLOOR = -4.0  # the lowest logit of a candidate: far below what any threshold takes


@dataclass(frozen=True)
class Piece:
    """A window of a text as it is learned from.

    Attributes:
        ids: (L,) tokens, special ones among them.
        shapes: (L,) how they are written.
        marks: (M, 3) first token, width less one, and type of each entity that lies in it.
    """

    ids: NDArray[np.int64]
    shapes: NDArray[np.int64]
    marks: NDArray[np.int64]


@dataclass(frozen=True)
class Training:
    """How long and how hard to train.

    Attributes:
        steps: optimiser steps.
        batch: windows a step.
        rate: peak learning rate of the encoder.
        head_rate: of the scorer.
        seed: of dropout and the order of the windows.
    """

    steps: int
    batch: int = 16
    rate: float = 2e-4
    head_rate: float = 2e-3
    seed: int = 0


def encode(tokens: Tokens, spans: NDArray[np.int64], reading: Reading) -> list[Piece]:
    """The windows of a text, each with the entities that lie in it whole and that a scorer can reach.

    Args:
        tokens: of the text.
        spans: (n, 3) first character, character after the last, type.
        reading: how texts are cut.
    """
    found = [(*place, kind) for start, end, kind in spans.tolist() if (place := places(tokens, start, end))]
    marks = np.array(found, np.int64).reshape(-1, 3)
    marks[:, 1] -= marks[:, 0]
    marks = marks[marks[:, 1] < reading.widest]
    pieces: list[Piece] = []
    for window in windows(len(tokens), reading.window, reading.widest) if len(tokens) else []:
        inside = (marks[:, 0] >= window.start) & (marks[:, 0] + marks[:, 1] < window.stop)
        shift = np.array([len(reading.before) - window.start, 0, 0])
        pieces.append(Piece(*reading.framed(tokens, window.start, window.stop), marks[inside] + shift))
    return pieces


def head(base: Base, encoder: PreTrainedModel, wording: Sequence[str], widest: int, seed: int) -> SpanNetwork:
    """A network to train: a copy of an encoder under a scorer that starts from what the types are called.

    Args:
        base: whose tokenizer and whole encoder read the names.
        encoder: to train, with any vocabulary.
        wording: what each type is called, in words.
        widest: tokens of the widest entity.
        seed: of the scorer's first weights.
    """
    names = embed(base.model, token_ids(base.tokenizer, wording, 64))
    names -= names.mean(0) if len(names) > 1 else 0.0
    names /= np.maximum(np.linalg.norm(names, axis=1, keepdims=True), 1e-9)
    torch.manual_seed(seed)
    model = copy.deepcopy(encoder)
    for parameter in model.parameters():
        parameter.requires_grad_(True)
    return SpanNetwork(model, torch.from_numpy(names), widest)


def loss(logits_BLWK: torch.Tensor, real_BLW: torch.Tensor, marks: Sequence[NDArray[np.int64]]) -> torch.Tensor:
    """(B,) the global pointer's loss, summed over the types.

    Args:
        logits_BLWK: scores.
        real_BLW: which stretches lie in the text.
        marks: of each window.
    """
    gold_BLWK = torch.zeros_like(logits_BLWK, dtype=torch.bool)
    for row, found in enumerate(marks):
        gold_BLWK[row, found[:, 0], found[:, 1], found[:, 2]] = True
    wrong_BLWK = logits_BLWK.masked_fill(gold_BLWK | ~real_BLW.unsqueeze(-1), NEVER)
    right_BLWK = (-logits_BLWK).masked_fill(~gold_BLWK, NEVER)
    both = [torch.logsumexp(F.pad(part.flatten(1, 2), (0, 0, 0, 1)), 1) for part in (wrong_BLWK, right_BLWK)]
    return (both[0] + both[1]).sum(-1)


def fit(
    network: SpanNetwork,
    pieces: Sequence[Piece],
    weights: NDArray[np.float32],
    reading: Reading,
    training: Training,
    progress: Callable[[int], None] | None = None,
) -> SpanNetwork:
    """The network itself, trained, in evaluation mode.

    Args:
        network: where to start.
        pieces: windows with their entities.
        weights: (pieces,) how often each is drawn beside the others.
        reading: for the special tokens.
        training: the plan.
        progress: called with 1 after each step.
    """
    network.train()
    torch.manual_seed(training.seed)

    def losses() -> Iterator[torch.Tensor]:
        lengths = [len(piece.ids) for piece in pieces]
        for index in by_length(lengths, training.batch, training.seed, weights=weights):
            chosen = [pieces[i] for i in index]
            ids_BL, mask_BL, shapes_BL = batch_of(chosen)
            with autocast(torch.device("cpu")):
                hidden_BLD = network.hidden(ids_BL, mask_BL, shapes_BL)
            logits_BLWK = network.score(F.dropout(hidden_BLD.float(), 0.1))
            real_BLW = stretches(mask_BL, reading, network.widest)
            yield loss(logits_BLWK, real_BLW, [piece.marks for piece in chosen]).mean()

    minimise(losses(), groups(network, training), steps=training.steps, progress=progress)
    return network.eval()


def groups(network: SpanNetwork, training: Training) -> list[dict[str, object]]:
    """The parameters with their rates: the encoder's, and those that start from nothing."""
    inside = {id(parameter) for parameter in network.encoder.parameters()}
    return [
        {"params": list(network.encoder.parameters()), "lr": training.rate},
        {"params": [p for p in network.parameters() if id(p) not in inside], "lr": training.head_rate},
    ]


def batch_of(pieces: Sequence[Piece]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Ids, mask and shapes, (B, L) each, padded with zeros."""
    longest = max(len(piece.ids) for piece in pieces)
    ids_BL, mask_BL, shapes_BL = (torch.zeros((len(pieces), longest), dtype=torch.long) for _ in range(3))
    for row, piece in enumerate(pieces):
        ids_BL[row, : len(piece.ids)] = torch.from_numpy(piece.ids)
        shapes_BL[row, : len(piece.ids)] = torch.from_numpy(piece.shapes)
        mask_BL[row, : len(piece.ids)] = 1
    return ids_BL, mask_BL, shapes_BL


def stretches(mask_BL: torch.Tensor, reading: Reading, widest: int) -> torch.Tensor:
    """(B, L, W) whether a stretch lies between the special tokens."""
    length = mask_BL.shape[1]
    first_L1, width_W = torch.arange(length).unsqueeze(-1), torch.arange(widest)
    stop_B = mask_BL.sum(1) - len(reading.after)
    return (first_L1 >= len(reading.before)) & (first_L1 + width_W < stop_B.view(-1, 1, 1))


@torch.inference_mode()
def predict(network: SpanNetwork, texts: Sequence[Tokens], reading: Reading) -> list[Candidates]:
    """The candidates of each text, by the code that a model file runs."""

    def score(*inputs: NDArray[np.int64]) -> NDArray[np.float32]:
        return network(*map(torch.from_numpy, inputs)).float().numpy()

    return candidates(score, texts, reading, FLOOR)
