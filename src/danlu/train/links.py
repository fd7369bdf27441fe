"""The objective of a scorer of relations: every pair of entities of a window is related or is not.

The entities are those that a person or the teacher marked, so what is not related is learned from pairs that could be.
Targets may lie between 0 and 1: a teacher's doubt is passed on (Hinton et al., 2015). Knows tensors and windows; does
not know where the entities come from.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch.nn import functional as F  # noqa: N812 - the field's name for it

if TYPE_CHECKING:
    from collections.abc import Sequence

    from danlu.models.link import LinkScorer
    from danlu.text.entities import Reading
    from danlu.train.spans import Piece

# Shapes: B windows in a batch, L tokens, D hidden, M entities of a window, Q relations, X parts of a vector.


def link_loss(scorer: LinkScorer, hidden_BLD: torch.Tensor, pieces: Sequence[Piece], reading: Reading) -> torch.Tensor:
    """The mean over the windows of what their allowed pairs lose in all, by logistic loss.

    Args:
        scorer: of relations.
        hidden_BLD: hidden states of the windows.
        pieces: the windows; one whose relations nobody knows loses nothing.
        reading: for the special tokens.
    """
    ends_BLEX, said_BLHQ = scorer(hidden_BLD)
    lost = [0.0 * (ends_BLEX.sum() + said_BLHQ.sum())]
    for row, piece in enumerate(pieces):
        if piece.links is None or len(piece.marks) < 2:
            continue
        borders = np.stack([piece.marks[:, 0], piece.marks[:, :2].sum(1)], 1)
        real = len(reading.before), len(piece.ids) - len(reading.after)
        kinds = torch.from_numpy(piece.marks[:, 2])
        counted_MMQ = scorer.allowed[kinds][:, :, kinds].transpose(1, 2).clone()
        counted_MMQ.diagonal().zero_()
        logits_MMQ = scorer.score(ends_BLEX[row], said_BLHQ[row], borders, real)
        each_MMQ = F.binary_cross_entropy_with_logits(logits_MMQ, torch.from_numpy(piece.links), reduction="none")
        lost.append((each_MMQ * counted_MMQ).sum())
    return torch.stack(lost).sum() / len(pieces)
