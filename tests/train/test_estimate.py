"""What a training will take: steps from passes, steps from minutes, and a model that is left as it was."""

from __future__ import annotations

import pytest
import torch

from danlu.corpus.shards import ShardWriter, open_shard
from danlu.errors import OptionError
from danlu.models.fresh import SHAPES, fresh_decoder
from danlu.parallel.data import World
from danlu.train.batches import TokenBatches
from danlu.train.estimate import Estimate, estimate
from danlu.train.objectives import Speaker, causal
from danlu.train.pretrain import Training

ALONE = World(0, 1, torch.device("cpu"))


@pytest.fixture
def batches(tmp_path):
    with ShardWriter(tmp_path / "s") as writer:
        for index in range(40):
            writer.append([10 + index] * 16)
        writer.finish({})
    return TokenBatches((open_shard(tmp_path / "s"),), (1.0,), 64, seed=0)


def test_steps(batches):
    torch.manual_seed(0)
    model = Speaker(fresh_decoder(SHAPES["tiny"], 300))
    before = {name: value.clone() for name, value in model.state_dict().items()}
    plan = estimate(model, causal(), batches, 2.0, Training(9), ALONE, passes=1.5, minutes=None)
    assert (plan.steps, plan.tokens, plan.flops) == (15, 15 * 64, 2.0 * 15 * 64)
    assert plan.parameters == sum(p.numel() for p in model.parameters())
    assert plan.seconds > 0
    long = estimate(model, causal(), batches, 2.0, Training(9), ALONE, passes=1.5, minutes=10.0)
    assert long.steps > 100
    assert long.seconds == pytest.approx(600, rel=0.05)
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())


def test_minutes_are_for_one_process(batches):
    pair = World(0, 2, torch.device("cpu"))
    model = Speaker(fresh_decoder(SHAPES["tiny"], 300))
    assert estimate(model, causal(), batches, 2.0, Training(9), pair, passes=0.01, minutes=None).steps == 1
    with pytest.raises(OptionError, match="one process"):
        estimate(model, causal(), batches, 2.0, Training(9), pair, passes=1.0, minutes=1.0)


def test_words():
    assert Estimate(2_500_000, 1200, 3_000_000, 1e12, 90.0).words == (
        "2.5 million weights, 1,200 steps, 3.0 million tokens, 1e+12 operations: about 1.5 minutes"
    )
