"""The long training: steps over token batches, checkpoints, measurements, and a curve to look at.

Knows steps. Does not know models, texts or objectives beyond their signatures. What a step computes depends on the
seed and its number alone, so a run that was killed and goes on from its last checkpoint ends with the same weights as
one that was not.
"""

from __future__ import annotations

import json
import math
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from tqdm import tqdm

from danlu.archive import write_whole
from danlu.errors import OptionError
from danlu.parallel.data import World, add_gradients, scale, total, whole
from danlu.runtime import autocast
from danlu.train.checkpoint import restore, save
from danlu.train.curve import curve
from danlu.train.optimisers import OPTIMISERS, SCHEDULES

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from torch.optim import Optimizer

    from danlu.train.batches import TokenBatches
    from danlu.train.objectives import Objective, Piece, Speaker
    from danlu.train.optimisers import Name


@dataclass(frozen=True)
class Training:
    """How a model is trained.

    Attributes:
        steps: optimiser steps in all.
        rate: the peak learning rate.
        optimiser: a name in `OPTIMISERS`.
        schedule: a name in `SCHEDULES`.
        clip: the largest norm of all gradients together.
        places: of a batch, padding among them, that pass through the model at a time in each process; gradients
            accumulate over the rest.
        seed: of everything drawn at random.
        save_every: steps between checkpoints.
        measure_every: steps between measurements on held-out text.
        log_every: steps between lines of metrics.jsonl.
    """

    steps: int
    rate: float = 1e-3
    optimiser: Name = "adamw"
    schedule: str = "wsd"
    clip: float = 1.0
    places: int = 8192
    seed: int = 0
    save_every: int = 500
    measure_every: int = 1000
    log_every: int = 10


def pretrain(
    model: Speaker,
    objective: Objective,
    batches: TokenBatches,
    training: Training,
    folder: Path,
    world: World,
    *,
    held_out: Sequence[Piece] = (),
    quiet: bool = False,
) -> None:
    """Trains from the newest checkpoint in `folder`, or from the start, to the last step.

    Args:
        model: on its device, spread over the world's processes.
        objective: what is trained.
        batches: the text.
        training: how.
        folder: gets checkpoints, metrics.jsonl and curve.html.
        world: the processes; all call this with the same arguments.
        held_out: pieces that the loss is measured on.
        quiet: no live line.

    Raises:
        OptionError: the loss or its gradient is no finite number; the last checkpoint is from before that.
    """
    optimisers = OPTIMISERS[training.optimiser](model, training.rate)
    folder.mkdir(parents=True, exist_ok=True)
    first = restore(folder, model, optimisers)
    log = _Log(folder, first, world)
    bar = tqdm(total=training.steps, initial=first, unit=" steps", disable=quiet or not world.first, file=sys.stderr)
    for step in range(first, training.steps):
        began = time.perf_counter()
        loss, tokens = one_step(model, objective, batches[step], training, step, optimisers, world)
        log.add(step + 1, loss, tokens, time.perf_counter() - began)
        last = step + 1 == training.steps
        saves = last or (step + 1) % training.save_every == 0
        if held_out and (last or (step + 1) % training.measure_every == 0):
            log.held_out = measure(model, objective, held_out, training, world)
        if saves or (step + 1) % training.log_every == 0:
            bar.set_postfix_str(log.write(), refresh=False)
        bar.update()
        if saves:
            save(folder, step + 1, model, optimisers, write=world.first)
            log.draw()
    bar.close()


def one_step(
    model: Speaker,
    objective: Objective,
    pieces: Sequence[Piece],
    training: Training,
    step: int,
    optimisers: list[Optimizer],
    world: World,
) -> tuple[float, int]:
    """One optimiser step on one batch; the mean loss of its targets, and how many tokens it read."""
    model.train()
    torch.manual_seed(training.seed * 1_000_003 + step)
    rows = objective.rows(pieces, np.random.default_rng((training.seed, step)))
    count = max(1, rows.count)
    summed = 0.0
    for optimiser in optimisers:
        optimiser.zero_grad(set_to_none=True)
    together = world.size * max(1, training.places // rows.inputs_BL.shape[1])
    for start in range(0, len(pieces), together):
        part = rows.part(start + world.rank, start + together, world.size)
        with autocast(world.device):
            loss = objective.loss(model, part.to(world.device), step / training.steps)
        (loss * (scale(world) / count)).backward()
        summed += float(loss.detach())
    add_gradients(model, world)
    norm = float(whole(torch.nn.utils.clip_grad_norm_(model.parameters(), training.clip)))
    if not math.isfinite(norm) or not math.isfinite(summed):
        raise OptionError(
            f"The loss has no gradient any more at step {step + 1}. Fix: train in another folder with a lower --rate."
        )
    share = SCHEDULES[training.schedule](step, training.steps)
    for optimiser in optimisers:
        for group in optimiser.param_groups:
            group["lr"] = training.rate * share
        optimiser.step()
    return total(summed, world) / count, int(rows.mask_BL.sum())


@torch.no_grad()
def measure(model: Speaker, objective: Objective, pieces: Sequence[Piece], training: Training, world: World) -> float:
    """The mean loss, in nats a target, of pieces that are not trained on; each process measures all of them."""
    model.eval()
    summed, count = 0.0, 0
    ordered = sorted(pieces, key=len, reverse=True)
    start = 0
    while start < len(ordered):
        part = ordered[start : start + max(1, training.places // len(ordered[start]))]
        rows = objective.rows(part, np.random.default_rng((training.seed, start)))
        start += len(part)
        with autocast(world.device):
            summed += float(objective.loss(model, rows.to(world.device), 1.0))
        count += rows.count
    return summed / max(1, count)


class _Log:
    """Metrics as lines of JSON, those of steps that a resumed run repeats taken out."""

    def __init__(self, folder: Path, first: int, world: World) -> None:
        self._path = folder / "metrics.jsonl"
        self._writes = world.first
        self.lines: list[dict[str, Any]] = []
        self.held_out: float | None = None
        self._losses: list[float] = []
        self._tokens, self._seconds = 0, 0.0
        if self._path.exists():
            stored = [json.loads(line) for line in self._path.read_text().split("\n") if line.endswith("}")]
            self.lines = [line for line in stored if line["step"] <= first]
        if self._writes:
            write_whole(self._path, "".join(map(_as_line, self.lines)).encode(), force=True)

    def add(self, step: int, loss: float, tokens: int, seconds: float) -> None:
        """Takes in one step."""
        self._step = step
        self._losses.append(loss)
        self._tokens += tokens
        self._seconds += seconds

    def write(self) -> str:
        """Writes a line of the steps since the last, and gives it in words."""
        last = self.lines[-1] if self.lines else {"tokens": 0, "seconds": 0.0}
        line: dict[str, Any] = {
            "step": self._step,
            "loss": round(sum(self._losses) / len(self._losses), 5),
            "tokens": last["tokens"] + self._tokens,
            "seconds": round(last["seconds"] + self._seconds, 2),
        }
        if self.held_out is not None:
            line["held_out"] = round(self.held_out, 5)
        speed = self._tokens / max(1e-9, self._seconds)
        self._losses, self._tokens, self._seconds, self.held_out = [], 0, 0.0, None
        self.lines.append(line)
        if self._writes:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(_as_line(line))
        return f"loss {line['loss']:.3f}, {speed:,.0f} tokens/s"

    def draw(self) -> None:
        """Draws the curve of all lines so far."""
        if self._writes:
            write_whole(self._path.with_name("curve.html"), curve(self.lines).encode(), force=True)


def _as_line(line: dict[str, Any]) -> str:
    return json.dumps(line) + "\n"
