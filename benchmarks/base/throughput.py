"""How much of this machine's arithmetic the training loop uses: each kind and size of base model, end to end.

    python -m benchmarks.base.throughput [--kinds encoder decoder] [--sizes small base] [--steps 12]

Steps of `danlu pretrain` on random tokens in rows of full length: forward, backward, clipping and the optimiser, on
all cores. Operations are those of `Shape.flops`, for an encoder with the output's matrix at the hidden tokens alone.
Beside them, what products of matrices alone reach here, as large as the feed-forward block's, in the same precision
and in float32. The median step counts.
"""

from __future__ import annotations

import argparse
import statistics
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from benchmarks.common import store
from danlu.models.fresh import FRESH, SHAPES
from danlu.parallel.data import World
from danlu.runtime import autocast, start
from danlu.train.objectives import Speaker, causal, masked
from danlu.train.optimisers import OPTIMISERS
from danlu.train.pretrain import Training, one_step

if TYPE_CHECKING:
    from danlu.models.fresh import Kind
    from danlu.train.optimisers import Name

HERE = Path(__file__).parent
VOCABULARY = 16_384
BATCH = 8_192  # tokens of a step
HIDDEN = 0.3  # of an encoder's tokens
ALONE = World(0, 1, torch.device("cpu"))


def products(width: int, inner: int, tokens: int, precision: torch.dtype, seconds: float = 2.0) -> float:
    """GFLOP a second of (tokens, width) by (width, inner) matrices."""
    a, b = torch.randn(tokens, width, dtype=precision), torch.randn(inner, width, dtype=precision)
    times: list[float] = []
    until = time.perf_counter() + seconds
    while time.perf_counter() < until or len(times) < 5:
        began = time.perf_counter()
        torch.nn.functional.linear(a, b)
        times.append(time.perf_counter() - began)
    return 2 * tokens * width * inner / statistics.median(times) / 1e9


def training(kind: Kind, size: str, optimiser: Name, steps: int) -> dict[str, float]:
    """Tokens and GFLOP a second of one training."""
    shape = SHAPES[size]
    torch.manual_seed(0)
    model = Speaker(FRESH[kind](shape, VOCABULARY))
    objective = causal() if kind == "decoder" else masked(VOCABULARY, HIDDEN)
    settings = Training(steps, optimiser=optimiser)
    optimisers = OPTIMISERS[optimiser](model, settings.rate)
    rng = np.random.default_rng(0)
    pieces = [rng.integers(300, VOCABULARY, shape.context - 2).astype(np.uint16) for _ in range(BATCH // shape.context)]
    times: list[float] = []
    tokens = 0
    for step in range(steps):
        began = time.perf_counter()
        _, tokens = one_step(model, objective, pieces, settings, step, optimisers, ALONE)
        times.append(time.perf_counter() - began)
    pace = tokens / statistics.median(times[2:])
    unseen = 6 * (1 - HIDDEN) * VOCABULARY * shape.hidden if kind == "encoder" else 0
    rate = pace * (shape.flops(kind, VOCABULARY, shape.context) - unseen) / 1e9
    return {"tokens a second": round(pace), "GFLOP/s": round(rate, 1)}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--kinds", nargs="+", default=list(FRESH), choices=FRESH)
    parser.add_argument("--sizes", nargs="+", default=["small", "base"], choices=SHAPES)
    parser.add_argument("--optimisers", nargs="+", default=list(OPTIMISERS), choices=OPTIMISERS)
    parser.add_argument("--steps", type=int, default=12)
    parser.add_argument("--out", type=Path, default=HERE / "throughput.json")
    options = parser.parse_args()
    if options.steps < 3:
        parser.error("--steps is 3 at least: the first two are not counted")
    start(0)
    with autocast(ALONE.device):
        fast = torch.get_autocast_dtype("cpu") if torch.is_autocast_enabled("cpu") else torch.float32
    found: dict[str, Any] = {"precision": str(fast).removeprefix("torch.")}
    for size in options.sizes:
        shape = SHAPES[size]
        alone = {p: products(shape.hidden, shape.inner, BATCH, p) for p in {fast, torch.float32}}
        found[size] = {"products": {str(p).removeprefix("torch."): round(rate, 1) for p, rate in alone.items()}}
        for kind in options.kinds:
            for optimiser in options.optimisers:
                one = training(kind, size, optimiser, options.steps)
                one["share of products"] = round(one["GFLOP/s"] / alone[fast], 3)
                found[size][f"{kind}, {optimiser}"] = one
                print(size, kind, optimiser, one, flush=True)
        store(options.out, found)


if __name__ == "__main__":
    main()
