"""How far what a network says of labels lies from what it should say; the objective of students and of tuned heads.

Knows logits and targets; does not know whose they are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch.nn import functional as F  # noqa: N812 - the field's name for it

if TYPE_CHECKING:
    import torch


def distance(logits: torch.Tensor, targets: torch.Tensor, *, apart: bool) -> torch.Tensor:
    """Cross-entropy of (B, K) logits with targets; where labels are apart, the sum of that of each decision."""
    if apart:
        return F.binary_cross_entropy_with_logits(logits, targets, reduction="none").sum(-1).mean()
    return -(targets * F.log_softmax(logits, -1)).sum(-1).mean()
