"""The objective of a scorer of stretches, and the windows it is computed on.

The loss is that of the global pointer (Su et al., 2022, arXiv 2208.03054): of each type, every entity above zero and
everything else below, which bears that nearly all stretches are no entity. Knows tensors and windows; does not know
where the entities come from.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch.nn import functional as F  # noqa: N812 - the field's name for it

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from danlu.models.span import SpanNetwork
    from danlu.text.entities import Reading

# Shapes: B windows in a batch, L tokens, W widths, K types, M entities of a window.

NEVER = -1e4  # the logit of what is no stretch


@dataclass(frozen=True)
class Piece:
    """A window of a text as it is learned from.

    Attributes:
        ids: (L,) tokens, special ones among them.
        shapes: (L,) how they are written.
        marks: (M, 3) first token, width less one, and type of each entity that lies in it.
        links: (M, M, Q) from 0 to 1, how surely a relation leads from one of these to another; None where nobody says.
    """

    ids: NDArray[np.int64]
    shapes: NDArray[np.int64]
    marks: NDArray[np.int64]
    links: NDArray[np.float32] | None = None


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


def loss(logits_BLWK: torch.Tensor, real: torch.Tensor, marks: Sequence[NDArray[np.int64]]) -> torch.Tensor:
    """(B,) the global pointer's loss, summed over the types.

    Args:
        logits_BLWK: scores.
        real: (B, L, W) which stretches lie in the text, or (B, L, W, K) of which it is known whether they are entities.
        marks: of each window.
    """
    real = real if real.ndim == logits_BLWK.ndim else real.unsqueeze(-1)
    gold_BLWK = torch.zeros_like(logits_BLWK, dtype=torch.bool)
    for row, found in enumerate(marks):
        gold_BLWK[row, found[:, 0], found[:, 1], found[:, 2]] = True
    wrong_BLWK = logits_BLWK.masked_fill(gold_BLWK | ~real, NEVER)
    right_BLWK = (-logits_BLWK).masked_fill(~gold_BLWK, NEVER)
    both = [torch.logsumexp(F.pad(part.flatten(1, 2), (0, 0, 0, 1)), 1) for part in (wrong_BLWK, right_BLWK)]
    return (both[0] + both[1]).sum(-1)


def groups(network: SpanNetwork, training: Training) -> list[dict[str, Any]]:
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
