"""The network that scores every stretch of a text as an entity of every type, in one pass of the encoder.

Types enter by vectors of their names (UniEX, Lu et al., ACL 2023, section 3.3: a triaffine of start, end and type).
Here the triaffine has low rank: a stretch is described once, by its start, its end, its width and the mean of what lies
inside, and each type weighs that description. So the encoder's cost does not depend on how many types there are, and
theirs is one matrix product. Where there are relations, link.py scores them from the same pass. Knows tensors; knows
neither texts nor how it is trained.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812 - the field's name for it

from danlu.models.base import token_embeddings
from danlu.models.link import LinkScorer
from danlu.text.pieces import SHAPES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from transformers import PreTrainedModel

# Shapes: B windows, L tokens, W widths (0: one token), K types, D hidden, R rank.

RANK = 64
START = 8.0  # how far the vectors of names part types before anything is learned, in logits
UNLIKELY = -2.0  # the logit of any stretch before anything is learned


class SpanNetwork(nn.Module):
    """An encoder under a scorer of stretches.

    Args:
        encoder: hidden states out.
        names: (K, D) unit vectors of what the types are called.
        widest: W.
        rank: R.
        allowed: (K, Q, K) whether a head of a type may have one of Q relations to a tail of a type; None where none are
            looked for.
    """

    def __init__(
        self,
        encoder: PreTrainedModel,
        names: torch.Tensor,
        widest: int,
        rank: int = RANK,
        allowed: torch.Tensor | None = None,
    ) -> None:
        super().__init__()
        types, hidden = names.shape
        self.encoder = encoder
        self.widest = widest
        self.shapes = nn.Embedding(SHAPES, hidden)
        nn.init.zeros_(self.shapes.weight)
        self.project = nn.Linear(hidden, 3 * rank)  # start, end, inside
        self.width = nn.Parameter(torch.ones(widest, rank))
        self.weigh = nn.Linear(2 * rank, types)  # what a type makes of a stretch
        nn.init.normal_(self.weigh.weight, std=0.02)
        said_KD = START / 2 * names / hidden**0.5
        self.start, self.end = nn.Linear(hidden, types), nn.Linear(hidden, types, bias=False)
        for part in (self.start, self.end):
            part.weight.data.copy_(said_KD)
        nn.init.constant_(self.start.bias, UNLIKELY)
        nn.init.zeros_(self.weigh.bias)
        self.wide = nn.Parameter(torch.zeros(widest, types))
        self.links = None if allowed is None else LinkScorer(hidden, allowed)

    def hidden(self, ids_BL: torch.Tensor, mask_BL: torch.Tensor, shapes_BL: torch.Tensor) -> torch.Tensor:
        """(B, L, D) what the encoder makes of the tokens and of how they are written."""
        embedded_BLD = token_embeddings(self.encoder)(ids_BL) + self.shapes(shapes_BL)
        return self.encoder(inputs_embeds=embedded_BLD, attention_mask=mask_BL).last_hidden_state

    def score(self, hidden_BLD: torch.Tensor) -> torch.Tensor:
        """(B, L, W, K) logits of the stretch that starts at a token and is W + 1 tokens wide; beyond the end, any."""
        return stretch_logits(hidden_BLD, dict(self.named_parameters()))

    def forward(
        self, ids_BL: torch.Tensor, mask_BL: torch.Tensor, shapes_BL: torch.Tensor
    ) -> torch.Tensor | tuple[torch.Tensor, ...]:
        """(B, L, W, K) logits; where there are relations, also what link.py makes of them, and its weights."""
        hidden_BLD = self.hidden(ids_BL, mask_BL, shapes_BL)
        if self.links is None:
            return self.score(hidden_BLD)
        return self.score(hidden_BLD), *self.links(hidden_BLD), self.links.weigh.clone()


def stretch_logits(hidden_BLD: torch.Tensor, weights: Mapping[str, torch.Tensor]) -> torch.Tensor:
    """(B, L, W, K) logits of the stretch that starts at a token and is W + 1 tokens wide; beyond the end, any.

    Args:
        hidden_BLD: what the encoder makes of the tokens.
        weights: the scorer's, by the names that they have in a `SpanNetwork`.
    """
    widest = len(weights["width"])
    projected = F.linear(hidden_BLD, weights["project.weight"], weights["project.bias"])
    start_BLR, end_BLR, inside_BLR = projected.chunk(3, -1)
    both_BLWR = start_BLR.unsqueeze(2) * _ahead(end_BLR, widest) * weights["width"]
    counts_W1 = torch.arange(1, widest + 1, dtype=hidden_BLD.dtype).unsqueeze(-1)
    mean_BLWR = _ahead(inside_BLR, widest).cumsum(2) / counts_W1
    described_BLWR = torch.cat([both_BLWR, mean_BLWR], -1)
    described_BLWK = F.linear(described_BLWR, weights["weigh.weight"], weights["weigh.bias"])
    start_BLK = F.linear(hidden_BLD, weights["start.weight"], weights["start.bias"])
    end_BLK = F.linear(hidden_BLD, weights["end.weight"])
    return described_BLWK + start_BLK.unsqueeze(2) + _ahead(end_BLK, widest) + weights["wide"]


def _ahead(values_BLX: torch.Tensor, widest: int) -> torch.Tensor:
    """(B, L, X) to (B, L, W, X): of each token, what stands 0 to W - 1 tokens after it; zeros beyond the end."""
    length = values_BLX.shape[1]
    padded_BMX = F.pad(values_BLX, (0, 0, 0, widest - 1))
    return torch.stack([padded_BMX[:, width : width + length] for width in range(widest)], 2)
