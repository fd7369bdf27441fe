"""What a training will take, said before it starts.

Knows steps, operations and this machine's speed; knows nothing of text.
"""

from __future__ import annotations

import copy
import math
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from danlu.errors import OptionError
from danlu.train.optimisers import OPTIMISERS
from danlu.train.pretrain import one_step

if TYPE_CHECKING:
    from danlu.parallel.data import World
    from danlu.train.batches import TokenBatches
    from danlu.train.objectives import Objective, Speaker
    from danlu.train.pretrain import Training

TRIAL = 4  # steps that speed is measured on; the first is not counted


@dataclass(frozen=True)
class Estimate:
    """What a training will take.

    Attributes:
        parameters: weights of the model.
        steps: of the optimiser.
        tokens: places that the model reads, padding among them.
        flops: floating-point operations of all of it.
        seconds: by the speed of the first steps here; None where many processes train.
    """

    parameters: int
    steps: int
    tokens: int
    flops: float
    seconds: float | None

    @property
    def words(self) -> str:
        """The estimate as a person reads it."""
        needed = f"about {self.seconds / 60:,.1f} minutes" if self.seconds is not None else "time not measured"
        return (
            f"{self.parameters / 1e6:.1f} million weights, {self.steps:,} steps, {self.tokens / 1e6:,.1f} million "
            f"tokens, {self.flops:.2g} operations: {needed}"
        )


def estimate(
    model: Speaker,
    objective: Objective,
    batches: TokenBatches,
    flops: float,
    training: Training,
    world: World,
    *,
    passes: float,
    minutes: float | None,
) -> Estimate:
    """Steps for so many passes over the text, or for so many minutes at the speed of a few steps of a copy.

    Args:
        model: not changed.
        objective: what is trained.
        batches: the text.
        flops: operations to train on one token.
        training: how; its steps are not asked for.
        world: the processes; speed is measured only where there is one.
        passes: over the text, ignored if minutes are given.
        minutes: of training.

    Raises:
        OptionError: minutes are given to more than one process.
    """
    pace = _pace(model, objective, batches, training, world) if world.size == 1 else None
    steps = math.ceil(batches.steps * passes)
    if minutes is not None:
        if pace is None:
            raise OptionError("Minutes are for one process. Fix: say how often the text is to be read instead.")
        steps = round(60 * minutes / pace)
    steps = max(1, steps)
    parameters = sum(parameter.numel() for parameter in model.parameters())
    tokens = steps * batches.tokens
    return Estimate(parameters, steps, tokens, tokens * flops, None if pace is None else pace * steps)


def _pace(model: Speaker, objective: Objective, batches: TokenBatches, training: Training, world: World) -> float:
    """Seconds a step."""
    trial = copy.deepcopy(model).to(world.device)
    short = replace(training, steps=TRIAL)
    optimisers = OPTIMISERS[training.optimiser](trial, training.rate)
    began = 0.0
    for step in range(TRIAL):
        if step == 1:
            began = time.perf_counter()
        one_step(trial, objective, batches[step], short, step, optimisers, world)
    return (time.perf_counter() - began) / (TRIAL - 1)
