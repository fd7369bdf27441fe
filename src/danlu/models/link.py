"""The scorer of relations: which entity of a window is linked to which, from the same hidden states as the entities.

Every token gets four vectors: as the first and as the last token of a head, and of a tail. An entity's vector is the
sum of those of its two ends, so a pair's score holds the four links between ends that TPLinker (Wang et al., 2020) and
UniEX (Lu et al., ACL 2023) score apart. The product has low rank, and each relation weighs its parts, so neither the
encoder's cost nor the graph's depends on how many relations there are, and only pairs of found entities are scored.
Half of the parts turn with the place of their token (Su et al., 2021), so that how far two entities are apart, and
which of them stands first, is seen. Knows tensors; knows neither texts nor how it is trained.
"""

from __future__ import annotations

import torch
from torch import nn

from danlu.text.links import ENDS

# Shapes: B windows, L tokens, D hidden, K types, Q relations, P parts.

PARTS = 48
UNLIKELY = -1.0  # the logit of any pair before anything is learned
_SLOWEST = 300.0  # tokens over which the slowest part turns by one radian


class LinkScorer(nn.Module):
    """Vectors of ends, and what each relation makes of two of them.

    Args:
        hidden: D.
        allowed: (K, Q, K) whether a head of a type may have a relation to a tail of a type.
        parts: P, even.
    """

    allowed: torch.Tensor
    turns: torch.Tensor

    def __init__(self, hidden: int, allowed: torch.Tensor, parts: int = PARTS) -> None:
        super().__init__()
        relations = allowed.shape[1]
        self.parts = parts
        self.project = nn.Linear(hidden, ENDS * 2 * parts)
        self.weigh = nn.Parameter(torch.randn(relations, parts + 1) / parts**0.5)
        self.weigh.data[:, parts] = UNLIKELY
        turning = _SLOWEST ** -(torch.arange(parts // 2) / max(1, parts // 2 - 1))
        self.register_buffer("turns", torch.cat([turning, torch.zeros(parts - parts // 2)]), persistent=False)
        self.register_buffer("allowed", allowed)

    def forward(self, hidden_BLD: torch.Tensor) -> torch.Tensor:
        """(B, L, ENDS, 2P) vectors of every token, turned by its place in the window."""
        windows, length = hidden_BLD.shape[:2]
        ends_BLE2P = self.project(hidden_BLD).reshape(windows, length, ENDS, 2, self.parts)
        angle_LP = torch.arange(length, dtype=hidden_BLD.dtype).unsqueeze(-1) * self.turns
        cos_L1P, sin_L1P = angle_LP.cos().unsqueeze(1), angle_LP.sin().unsqueeze(1)
        real, other = ends_BLE2P[..., 0, :], ends_BLE2P[..., 1, :]
        return torch.cat([real * cos_L1P - other * sin_L1P, real * sin_L1P + other * cos_L1P], -1)

    def score(self, heads_MX: torch.Tensor, tails_MX: torch.Tensor) -> torch.Tensor:
        """(M, M, Q) logits of pairs of entities; their vectors are sums of those of their ends."""
        weights_QX = self.weigh[:, : self.parts].repeat(1, 2)
        return torch.einsum("ax,qx,bx->abq", heads_MX, weights_QX, tails_MX) + self.weigh[:, self.parts]
