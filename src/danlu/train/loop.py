"""The training loop: losses in, trained parameters out.

Knows optimiser, schedule and clipping; knows nothing of models, data or tasks. A loss arrives from an iterator, so
what is computed a step stands where it belongs: with the objective.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def minimise(
    losses: Iterator[torch.Tensor],
    groups: list[dict[str, Any]],
    *,
    steps: int,
    warmup: float = 0.1,
    clip: float = 1.0,
    progress: Callable[[int], None] | None = None,
) -> float:
    """AdamW with a linear warm-up and a linear decay to zero.

    Args:
        losses: yields one scalar loss a step, computed with the parameters as they are then.
        groups: parameter groups with their peak "lr".
        steps: how many losses to draw.
        warmup: the share of steps over which the rate rises.
        clip: the largest norm of all gradients together.
        progress: called with 1 after each step.

    Returns:
        The mean loss of the last tenth of the steps.
    """
    optimizer = torch.optim.AdamW(groups, betas=(0.9, 0.98), weight_decay=0.01, fused=True)
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    peaks = [group["lr"] for group in optimizer.param_groups]
    rising = max(1, round(steps * warmup))
    last: list[float] = []
    for step, loss in enumerate(itertools.islice(losses, steps)):
        factor = min((step + 1) / rising, (steps - step) / max(1, steps - rising))
        for group, peak in zip(optimizer.param_groups, peaks, strict=True):
            group["lr"] = peak * factor
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, clip)
        optimizer.step()
        if step >= min(steps - 1, steps * 0.9):
            last.append(float(loss.detach()))
        if progress:
            progress(1)
    return sum(last) / max(1, len(last))
