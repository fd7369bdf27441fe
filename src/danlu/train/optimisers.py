"""Which optimiser moves which weights, and how fast at each step.

Knows parameters and rates; knows nothing of losses or data.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

import torch

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch.optim import Optimizer

Name = Literal["adamw", "muon"]


def adamw(model: torch.nn.Module, rate: float, decay: float = 0.1) -> list[Optimizer]:
    """AdamW (Loshchilov and Hutter, 2019); matrices decay, vectors and embeddings do not."""
    matrices, others = _matrices_and_others(model)
    groups = [{"params": matrices, "weight_decay": decay}, {"params": others, "weight_decay": 0.0}]
    return [torch.optim.AdamW([g for g in groups if g["params"]], lr=rate, betas=(0.9, 0.95))]


def muon(model: torch.nn.Module, rate: float, decay: float = 0.1) -> list[Optimizer]:
    """Muon (Jordan et al., 2024) for the layers' matrices, at AdamW's scale of rates; AdamW for the rest."""
    matrices, others = _matrices_and_others(model)
    return [
        torch.optim.Muon(matrices, lr=rate, weight_decay=decay, adjust_lr_fn="match_rms_adamw"),
        torch.optim.AdamW(others, lr=rate, betas=(0.9, 0.95), weight_decay=0.0),
    ]


def _matrices_and_others(model: torch.nn.Module) -> tuple[list[torch.nn.Parameter], list[torch.nn.Parameter]]:
    tables = {id(m.weight) for m in model.modules() if isinstance(m, torch.nn.Embedding)}
    trained = [p for p in model.parameters() if p.requires_grad]
    matrices = [p for p in trained if p.ndim == 2 and id(p) not in tables]
    return matrices, [p for p in trained if p.ndim != 2 or id(p) in tables]


def warmup_stable_decay(step: int, steps: int, warmup: float = 0.02, decay: float = 0.3) -> float:
    """The share of the peak rate: up, level, and down to zero in a line (MiniCPM: Hu et al., 2024, section 4)."""
    rising, falling = max(1.0, steps * warmup), max(1.0, steps * decay)
    return max(0.0, min(1.0, (step + 1) / rising, (steps - step) / falling))


def cosine(step: int, steps: int, warmup: float = 0.02, least: float = 0.1) -> float:
    """The share of the peak rate: up in a line, down to `least` along half a cosine."""
    rising = max(1.0, steps * warmup)
    if step + 1 < rising:
        return (step + 1) / rising
    done = min(1.0, (step - rising) / max(1.0, steps - rising))
    return least + (1 - least) * (1 + math.cos(math.pi * max(0.0, done))) / 2


OPTIMISERS: dict[Name, Callable[[torch.nn.Module, float], list[Optimizer]]] = {"adamw": adamw, "muon": muon}
SCHEDULES: dict[str, Callable[[int, int], float]] = {"wsd": warmup_stable_decay, "cosine": cosine}
