"""Two processes train what one trains."""

from __future__ import annotations

import functools
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from danlu.corpus.shards import ShardWriter
from danlu.parallel.data import World, add_gradients, join, scale, total

WORKER = Path(__file__).parent / "worker.py"
PAIR = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]


@pytest.fixture(scope="module")
def shard(tmp_path_factory):
    rng = np.random.default_rng(0)
    folder = tmp_path_factory.mktemp("text") / "counting"
    with ShardWriter(folder) as writer:
        for _ in range(60):
            writer.append((10 + np.cumsum(rng.integers(1, 3, rng.integers(4, 30)))).tolist())
        writer.finish({})
    return folder


def run(shard, kind, trainings, launcher=()):
    """Trains (folder, model, optimiser) one after another in one start of the processes: [(losses, those held out)]."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    words = [str(word) for training in trainings for word in training]
    command = [sys.executable, *launcher, str(WORKER), str(shard), kind, "12", *words]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return [read(folder) for folder, *_ in trainings]


def read(folder):
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    return [line["loss"] for line in lines], lines[-1]["held_out"]


TRAININGS = [("decoder", "adamw"), ("decoder", "muon"), ("encoder", "muon")]


@pytest.fixture(scope="module")
def trained(shard, tmp_path_factory):
    """The folder of all trainings by one process (None), or by two of a kind; each has a folder there. Made once."""

    @functools.cache
    def train(kind=None):
        folder = tmp_path_factory.mktemp("trained")
        trainings = [(folder / f"{model}-{optimiser}", model, optimiser) for model, optimiser in TRAININGS]
        run(shard, kind or "replicate", trainings, PAIR if kind else ())
        return folder

    return train


@pytest.mark.slow
@pytest.mark.parametrize(("model", "optimiser"), TRAININGS)
@pytest.mark.parametrize("kind", ["replicate", "shard"])
def test_two_processes_have_the_losses_of_one(trained, kind, model, optimiser):
    name = f"{model}-{optimiser}"
    alone, held_alone = read(trained() / name)
    together, held_together = read(trained(kind) / name)
    assert len(alone) == 12
    assert together == pytest.approx(alone, abs=1e-4)
    assert held_together == pytest.approx(held_alone, abs=1e-4)


@pytest.mark.slow
def test_what_two_began_one_can_end(shard, trained, tmp_path):
    whole, _ = read(trained() / "decoder-adamw")
    begun, moved = trained("shard") / "decoder-adamw", tmp_path / "moved"
    shutil.copytree(begun, moved, ignore=shutil.ignore_patterns("step-000000012"))
    ((losses, _),) = run(shard, "shard", [(moved, "decoder", "adamw")])
    assert losses == pytest.approx(whole, abs=1e-4)


def test_alone_there_is_nothing_to_add(monkeypatch):
    for name in ("RANK", "LOCAL_RANK", "WORLD_SIZE"):
        monkeypatch.delenv(name, raising=False)
    world = join()
    assert (world.rank, world.size, world.first, scale(world)) == (0, 1, True, 1.0)
    model = torch.nn.Linear(2, 1)
    model(torch.ones(1, 2)).sum().backward()
    before = model.weight.grad.clone()
    add_gradients(model, world)
    assert torch.equal(model.weight.grad, before)
    assert total(2.5, world) == 2.5
    assert scale(World(0, 4, torch.device("cpu"), "shard")) == 4.0
