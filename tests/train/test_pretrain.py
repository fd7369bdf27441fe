"""The long training: it learns, it resumes to the same weights, and cutting batches changes nothing."""

from __future__ import annotations

import json
import math
import multiprocessing
import os
import shutil
import signal
import time

import numpy as np
import pytest
import torch

from danlu.corpus.shards import ShardWriter, open_shard
from danlu.errors import OptionError
from danlu.models.fresh import FRESH, SHAPES
from danlu.parallel.data import World
from danlu.train import pretrain as loop
from danlu.train.batches import TokenBatches
from danlu.train.checkpoint import found
from danlu.train.objectives import Speaker, causal, masked
from danlu.train.pretrain import Training, measure, pretrain

VOCABULARY = 280
ALONE = World(0, 1, torch.device("cpu"))
TRAINING = Training(steps=24, rate=3e-3, places=64, save_every=5, log_every=2, measure_every=12)


@pytest.fixture(autouse=True)
def one_thread():
    """Tiny matrices gain nothing from more, and a forked process must not inherit a pool."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def shard(tmp_path_factory):
    """Pieces in which each token is the one before it plus one or two."""
    rng = np.random.default_rng(0)
    folder = tmp_path_factory.mktemp("text") / "counting"
    with ShardWriter(folder) as writer:
        for _ in range(200):
            steps = rng.integers(1, 3, rng.integers(4, 30))
            writer.append((10 + np.cumsum(steps)).tolist())
        writer.finish({})
    return open_shard(folder)


def train(shard, folder, training=TRAINING, kind="decoder", world=ALONE, seed=0, quiet=True):
    torch.manual_seed(seed)
    model = Speaker(FRESH[kind](SHAPES["tiny"], VOCABULARY))
    objective = causal() if kind == "decoder" else masked(VOCABULARY)
    held_out = [shard.piece(index) for index in range(8)]
    batches = TokenBatches((shard,), (1.0,), 256, seed=0)
    pretrain(model, objective, batches, training, folder, world, held_out=held_out, quiet=quiet)
    return model, objective, held_out


def weights(folder):
    return (found(folder)[-1][1] / "weights.safetensors").read_bytes()


def metrics(folder):
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    return [{key: value for key, value in line.items() if key != "seconds"} for line in lines]


@pytest.mark.parametrize("kind", FRESH)
@pytest.mark.parametrize("optimiser", ["adamw", "muon"])
def test_it_learns(shard, tmp_path, kind, optimiser):
    training = Training(steps=60, rate=5e-3, optimiser=optimiser, measure_every=1000)
    model, objective, held_out = train(shard, tmp_path, training, kind)
    assert measure(model, objective, held_out, training, ALONE) < 0.75 * math.log(VOCABULARY)
    assert metrics(tmp_path)[-1]["held_out"] == pytest.approx(
        measure(model, objective, held_out, training, ALONE), abs=1e-4
    )
    assert "60 steps" in (tmp_path / "curve.html").read_text()


@pytest.mark.parametrize("optimiser", ["adamw", "muon"])
def test_a_run_that_was_stopped_ends_with_the_same_weights(shard, tmp_path, optimiser):
    training = Training(**{**vars(TRAINING), "optimiser": optimiser})
    train(shard, tmp_path / "whole", training)
    (tmp_path / "parts").mkdir()
    shutil.copytree(found(tmp_path / "whole")[0][1], tmp_path / "parts" / found(tmp_path / "whole")[0][1].name)
    train(shard, tmp_path / "parts", training, seed=99)  # its own start does not matter
    assert weights(tmp_path / "parts") == weights(tmp_path / "whole")
    assert [step for step, _ in found(tmp_path / "parts")] == [20, 24]
    whole = metrics(tmp_path / "whole")
    assert [line["loss"] for line in metrics(tmp_path / "parts")] == [line["loss"] for line in whole[-2:]]


def reached(folder, sign):
    """The last step of which there is a line of metrics, or a checkpoint."""
    if sign == "checkpoint":
        return max((step for step, _ in found(folder)), default=0)
    path = folder / "metrics.jsonl"
    lines = path.read_text().split("\n")[:-1] if path.exists() else []
    return json.loads(lines[-1])["step"] if lines else 0


def drawn(folder):
    return [line for line in (folder / "curve.html").read_text().splitlines() if "<polyline" in line]


@pytest.mark.slow
def test_killed_at_any_moment_it_ends_with_the_same_weights(shard, tmp_path, monkeypatch):
    training = Training(**{**vars(TRAINING), "steps": 40})
    train(shard, tmp_path / "whole", training, "encoder")  # whose masks are drawn anew in each step
    killed, begun, restore = tmp_path / "killed", tmp_path / "begun", loop.restore

    def told(*args):
        step = restore(*args)
        with begun.open("a") as file:
            file.write(f"{step}\n")
        return step

    monkeypatch.setattr(loop, "restore", told)
    context = multiprocessing.get_context("fork")
    # The line of a step that is saved comes just before its checkpoint, a checkpoint just before old ones are removed.
    for sign, step in (("line", 4), ("checkpoint", 5), ("line", 15), ("line", 22), ("checkpoint", 30)):
        child = context.Process(target=train, args=(shard, killed, training, "encoder"))
        child.start()
        while reached(killed, sign) < step:
            assert child.is_alive()
            time.sleep(0.001)
        os.kill(child.pid, signal.SIGKILL)
        child.join()
        assert child.exitcode == -signal.SIGKILL  # it was not done yet
    assert found(killed)[-1][0] < training.steps
    train(shard, killed, training, "encoder")
    steps = [int(line) for line in begun.read_text().split()]
    assert len(steps) == 6
    assert all(step >= least for step, least in zip(steps, (0, 0, 5, 10, 20, 30), strict=True))
    assert weights(killed) == weights(tmp_path / "whole")
    assert metrics(killed) == metrics(tmp_path / "whole")
    assert drawn(killed) == drawn(tmp_path / "whole")


def test_a_damaged_checkpoint_is_passed_over(shard, tmp_path):
    train(shard, tmp_path)
    whole = weights(tmp_path)
    for damaged in ("weights.safetensors", "groups.json"):
        (found(tmp_path)[-1][1] / damaged).write_bytes(b"half")
        train(shard, tmp_path)
        assert weights(tmp_path) == whole
    for _, path in found(tmp_path):
        (path / "optimisers.safetensors").unlink()
    with pytest.raises(OptionError, match="No checkpoint"):
        train(shard, tmp_path)


def test_a_checkpoint_of_another_model_is_refused(shard, tmp_path):
    train(shard, tmp_path)
    with pytest.raises(OptionError, match="another model"):
        train(shard, tmp_path, kind="encoder")


def test_accumulation_changes_nothing_but_rounding(shard, tmp_path, monkeypatch):
    # In fp32 on every processor: bf16 would round each part of a batch.
    monkeypatch.setattr(loop, "autocast", lambda where: torch.autocast(where.type, enabled=False))
    losses = []
    for places in (32, 8192):
        train(shard, tmp_path / str(places), Training(**{**vars(TRAINING), "places": places}))
        losses.append([line["loss"] for line in metrics(tmp_path / str(places))])
    assert losses[0] == pytest.approx(losses[1], abs=1e-4)


def test_gradients_longer_than_the_clip_are_made_that_long(shard, tmp_path, monkeypatch):
    def plain(model, rate):
        optimiser = torch.optim.SGD(model.parameters(), lr=rate)
        optimiser.register_step_pre_hook(
            lambda *_: taken.append(torch.cat([parameter.grad.reshape(-1) for parameter in model.parameters()]))
        )
        return [optimiser]

    monkeypatch.setattr(loop, "OPTIMISERS", {"plain": plain})
    seen = {}
    for clip in (0.01, 1e6, 1e9):
        taken = []
        train(shard, tmp_path / str(clip), Training(steps=3, rate=0.05, optimiser="plain", clip=clip))
        seen[clip] = torch.stack(taken)
    whole = seen[1e9]
    assert (whole.norm(dim=1) > 0.1).all()
    assert torch.equal(seen[1e6], whole)  # none is so long
    assert seen[0.01].norm(dim=1).tolist() == pytest.approx([0.01] * 3, rel=1e-3)
    assert torch.allclose(seen[0.01][0], whole[0] * (0.01 / whole[0].norm()), atol=1e-6)  # its direction is kept


def test_a_live_line_says_how_far_it_is(shard, tmp_path, capsys):
    train(shard, tmp_path)
    assert capsys.readouterr().err == ""
    shutil.rmtree(found(tmp_path)[-1][1])
    train(shard, tmp_path, quiet=False)
    first, *_, last = capsys.readouterr().err.strip().split("\r")
    assert " 20/24 " in first
    assert " 24/24 " in last
    assert f"loss {metrics(tmp_path)[-1]['loss']:.3f}, " in last
    assert last.endswith(" tokens/s]")


def test_a_finished_training_does_nothing_more(shard, tmp_path):
    train(shard, tmp_path)
    before = metrics(tmp_path)
    train(shard, tmp_path)
    assert metrics(tmp_path) == before


def test_a_loss_that_is_no_number_stops_the_training(shard, tmp_path):
    with pytest.raises(OptionError, match="lower --rate"):
        train(shard, tmp_path, Training(**{**vars(TRAINING), "rate": math.inf}))
