"""The objective of a scorer of relations: every pair of entities of a window is related or is not.

The entities are those that a person or the teacher marked, so what is not related is learned from pairs that could be.
Targets may lie between 0 and 1: a teacher's doubt is passed on (Hinton et al., 2015). Knows tensors and windows; does
not know where the entities come from.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch.nn import functional as F  # noqa: N812 - the field's name for it

if TYPE_CHECKING:
    from collections.abc import Sequence

    from danlu.models.link import LinkScorer
    from danlu.train.spans import Piece

# Shapes: B windows in a batch, L tokens, D hidden, M entities of a window, Q relations, X parts of a vector.


def link_loss(scorer: LinkScorer, hidden_BLD: torch.Tensor, pieces: Sequence[Piece]) -> torch.Tensor:
    """The mean over the windows of what their allowed pairs lose in all, by logistic loss.

    Args:
        scorer: of relations.
        hidden_BLD: hidden states of the windows.
        pieces: the windows; one whose relations nobody knows loses nothing.
    """
    ends_BLEX = scorer(hidden_BLD)
    lost = [ends_BLEX.sum() * 0.0]
    for row, piece in enumerate(pieces):
        if piece.links is None or len(piece.marks) < 2:
            continue
        first, last = torch.from_numpy(piece.marks[:, 0]), torch.from_numpy(piece.marks[:, :2].sum(1))
        heads_MX = ends_BLEX[row, first, 0] + ends_BLEX[row, last, 1]
        tails_MX = ends_BLEX[row, first, 2] + ends_BLEX[row, last, 3]
        kinds = torch.from_numpy(piece.marks[:, 2])
        counted_MMQ = scorer.allowed[kinds][:, :, kinds].transpose(1, 2).clone()
        counted_MMQ.diagonal().zero_()
        logits_MMQ = scorer.score(heads_MX, tails_MX)
        each_MMQ = F.binary_cross_entropy_with_logits(logits_MMQ, torch.from_numpy(piece.links), reduction="none")
        lost.append((each_MMQ * counted_MMQ).sum())
    return torch.stack(lost).sum() / len(pieces)
