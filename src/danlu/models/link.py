"""The scorer of relations: which entity of a window is linked to which, from the same hidden states as the entities.

Every token gets four vectors: as the first and as the last token of a head, and of a tail. An entity's vector is the
sum of those of its two ends, so a pair's score holds the four links between ends that TPLinker (Wang et al., 2020) and
UniEX (Lu et al., ACL 2023) score apart. The product has low rank, and each relation weighs its parts, so neither the
encoder's cost nor the graph's depends on how many relations there are, and only pairs of found entities are scored.
Half of the parts turn with the place of their token (Su et al., 2021), so that how far two entities are apart, and
which of them stands first, is seen. The words between two entities and around them speak for a relation as well, each
by a score of its own, whose mean is added: "left", or "bought", is learned from few examples. Knows tensors; knows
neither texts nor how it is trained.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn

from danlu.text.links import ENDS, HEARD, Zones

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# Shapes: B windows, L tokens, D hidden, K types, Q relations, M entities, P parts, H HEARD.

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
        self.speak = nn.Linear(hidden, HEARD * relations, bias=False)
        nn.init.zeros_(self.speak.weight)
        self.weigh = nn.Parameter(torch.randn(relations, parts + 1) / parts**0.5)
        self.weigh.data[:, parts] = UNLIKELY
        turning = _SLOWEST ** -(torch.arange(parts // 2) / max(1, parts // 2 - 1))
        self.register_buffer("turns", torch.cat([turning, torch.zeros(parts - parts // 2)]), persistent=False)
        self.register_buffer("allowed", allowed)

    def forward(self, hidden_BLD: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """(B, L, ENDS, 2P) vectors of tokens, turned by their place, and (B, L, H, Q) what they say as words."""
        windows, length = hidden_BLD.shape[:2]
        ends_BLE2P = self.project(hidden_BLD).reshape(windows, length, ENDS, 2, self.parts)
        angle_LP = torch.arange(length, dtype=hidden_BLD.dtype).unsqueeze(-1) * self.turns
        cos_L1P, sin_L1P = angle_LP.cos().unsqueeze(1), angle_LP.sin().unsqueeze(1)
        real, other = ends_BLE2P[..., 0, :], ends_BLE2P[..., 1, :]
        turned_BLEX = torch.cat([real * cos_L1P - other * sin_L1P, real * sin_L1P + other * cos_L1P], -1)
        return turned_BLEX, self.speak(hidden_BLD).reshape(windows, length, HEARD, -1)

    def score(
        self, ends_LEX: torch.Tensor, said_LHQ: torch.Tensor, borders: NDArray[np.int64], real: tuple[int, int]
    ) -> torch.Tensor:
        """(M, M, Q) logits of pairs of entities of one window, as `danlu.text.links` computes them without gradients.

        Args:
            ends_LEX: vectors of its tokens.
            said_LHQ: what they say.
            borders: (M, 2) first and last token of each entity.
            real: the first token that is not special, and the one after the last.
        """
        first, last = torch.from_numpy(borders).T
        heads_MX, tails_MX = (ends_LEX[first, i] + ends_LEX[last, i + 1] for i in (0, 2))
        weights_QX = self.weigh[:, : self.parts].repeat(1, 2)
        linked_MMQ = torch.einsum("ax,qx,bx->abq", heads_MX, weights_QX, tails_MX) + self.weigh[:, self.parts]
        zones = Zones.of(borders, *real)
        until_LHQ = torch.cat([torch.zeros_like(said_LHQ[:1]), said_LHQ.cumsum(0)])
        order = torch.from_numpy(zones.order)
        for number, parts in enumerate(((zones.between,), (zones.before, zones.after))):
            count = torch.zeros_like(order)
            total_MMQ = torch.zeros_like(linked_MMQ)
            for start, end in (tuple(map(torch.from_numpy, part)) for part in parts):
                total_MMQ = total_MMQ + until_LHQ[end, 2 * number + order] - until_LHQ[start, 2 * number + order]
                count = count + end - start
            linked_MMQ = linked_MMQ + total_MMQ / count.clamp_min(1).unsqueeze(-1)
        return linked_MMQ
