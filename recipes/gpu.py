"""What the recipes for one GPU share: a clock that ends them in time, compiled layers, text in the card's memory.

Knows tensors and seconds; does not know what is trained.
"""

from __future__ import annotations

import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch
from safetensors.torch import load_file, save_file
from torch.nn import functional as F  # noqa: N812 - the field's name for it

from danlu.train.optimisers import warmup_stable_decay
from recipes.packed import unpack

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray
    from torch.optim import Optimizer

PART = 15_000_000  # bytes of a file of weights: a transfer that breaks off is repeated in parts


def log(message: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {message}", file=sys.stderr, flush=True)


def read_all(paths: Sequence[Path]) -> list[NDArray[np.uint16]]:
    """Packed streams; xz lets other threads run while it works."""
    with ThreadPoolExecutor() as pool:
        return list(pool.map(unpack, paths))


class Clock:
    """The share of a training that is over, by its wall time; the device is waited for at every `every`-th asking.

    Args:
        seconds: of the training, from now on.
        device: that works.
        every: how often to look.
    """

    def __init__(self, seconds: float, device: torch.device, every: int = 10) -> None:
        self._seconds, self._device, self._every = seconds, device, every
        self._started = time.monotonic()
        self.steps, self.done = 0, 0.0

    def __call__(self) -> float:
        """Counts a step, unless the time is over: then 1 or more."""
        if self.steps % self._every == 0:
            self._wait()
            self.done = (time.monotonic() - self._started) / self._seconds
        self.steps += self.done < 1
        return self.done

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """What happens inside takes no time of the training."""
        self._wait()
        began = time.monotonic()
        yield
        self._wait()
        self._started += time.monotonic() - began

    def _wait(self) -> None:
        if self._device.type == "cuda":
            torch.cuda.synchronize()


class Told:
    """Losses and places of the steps since the last line, summed on the device."""

    def __init__(self, every: int = 50) -> None:
        self._every, self._steps, self._places = every, 0, 0
        self._sums: dict[str, tuple[torch.Tensor, int]] = {}
        self._began = time.monotonic()

    def add(self, name: str, loss: torch.Tensor, places: int) -> None:
        """Takes in one loss."""
        before, count = self._sums.get(name, (torch.zeros_like(loss.detach()), 0))
        self._sums[name] = (before + loss.detach(), count + 1)
        self._places += places

    def step(self, done: float) -> None:
        """Writes a line where one is due."""
        self._steps += 1
        if self._steps % self._every:
            return
        means = ", ".join(f"{name} {float(total) / count:.3f}" for name, (total, count) in self._sums.items())
        seconds = time.monotonic() - self._began
        log(f"step {self._steps}, {done:.0%}: {means}; {self._places / seconds:,.0f} places a second")
        self._sums, self._places, self._began = {}, 0, time.monotonic()


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, compiled for each shape that comes."""
    torch._dynamo.config.recompile_limit = 64
    return torch.compile(function, dynamic=False)


def told_apart(
    hidden_ND: torch.Tensor, table_VD: torch.Tensor, bias_V: torch.Tensor, target_N: torch.Tensor
) -> torch.Tensor:
    """The mean cross-entropy of tokens, told from the whole vocabulary."""
    return F.cross_entropy((F.linear(hidden_ND, table_VD) + bias_V).float(), target_N)


def set_rates(
    optimisers: Sequence[Optimizer], peaks: Sequence[float], done: float, warmup: float, decay: float
) -> None:
    """Rates of all groups at a share of the time."""
    share = warmup_stable_decay(round(done * 100_000), 100_000, warmup, decay)
    groups = [group for optimiser in optimisers for group in optimiser.param_groups]
    for group, peak in zip(groups, peaks, strict=True):
        group["lr"] = peak * share


def save_parts(state: Mapping[str, torch.Tensor], folder: Path, name: str) -> None:
    """Writes tensors in float16 into as many files as keep each small: NAME-00.safetensors, NAME-01.safetensors.

    Raises:
        ValueError: a weight is no finite number in float16; nothing is written then.
    """
    folder.mkdir(parents=True, exist_ok=True)
    parts: list[dict[str, torch.Tensor]] = [{}]
    filled = 0
    for key, value in state.items():
        small = value.detach().half().cpu().contiguous().clone()
        if not small.isfinite().all():
            raise ValueError(f"{key} holds what is no finite number in float16")
        if filled and filled + small.nbytes > PART:
            parts.append({})
            filled = 0
        parts[-1][key] = small
        filled += small.nbytes
    for path in folder.glob(f"{name}-[0-9]*.safetensors"):  # of an earlier training
        path.unlink()
    for number, part in enumerate(parts):
        save_file(part, folder / f"{name}-{number:02}.safetensors")


def loaded(folder: Path, name: str) -> dict[str, torch.Tensor]:
    """What `save_parts` wrote, in float32."""
    paths = sorted(folder.glob(f"{name}-[0-9]*.safetensors"))
    return {key: value.float() for path in paths for key, value in load_file(path).items()}


def between(old: Mapping[str, torch.Tensor], new: Mapping[str, torch.Tensor], share: float) -> dict[str, torch.Tensor]:
    """Weights on the line from old to new ones (Wortsman et al., 2022)."""
    return {key: value + share * (new[key].to(value) - value) for key, value in old.items()}
