"""A training on this machine that goes on where it was: what is stored of it, and how many steps there is time for.

Knows one model, its optimiser and a clock; does not know what is learned.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from pathlib import Path

    from torch import nn

STATE = "state.pt"


def planned_steps(minutes: float, spent: float, step: int) -> int:
    """How many steps there is time for in all, once `step` of them took `spent` seconds."""
    return max(step + 1, int(minutes * 60 / (spent / step)))


def checkpoint(
    work: Path, model: nn.Module, optimiser: torch.optim.Optimizer, *, step: int, planned: int, spent: float
) -> None:
    """Writes everything a resumed run needs, whole or not at all; `spent` is in seconds."""
    state = {"model": model.state_dict(), "optimiser": optimiser.state_dict()}
    torch.save(state | {"step": step, "planned": planned, "spent": spent}, work / "state.tmp")
    (work / "state.tmp").replace(work / STATE)


def resume(work: Path, model: nn.Module, optimiser: torch.optim.Optimizer) -> tuple[int, int, float]:
    """Puts the last checkpoint, if there is one, into model and optimiser: steps done, steps planned, seconds spent."""
    if not (work / STATE).exists():
        return 0, 0, 0.0
    state = torch.load(work / STATE, weights_only=True)
    model.load_state_dict(state["model"])
    optimiser.load_state_dict(state["optimiser"])
    return state["step"], state["planned"], state["spent"]


def load_finished(work: Path, model: nn.Module) -> None:
    """Puts the weights of a training that came to its end into a model.

    Raises:
        SystemExit: it did not.
    """
    state = torch.load(work / STATE, weights_only=True)
    if state["step"] < state["planned"]:
        raise SystemExit(f"training is at step {state['step']} of {state['planned']}: run it to its end first")
    model.load_state_dict(state["model"])
