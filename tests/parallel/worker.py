"""One process of tiny trainings: worker.py SHARD KIND STEPS (FOLDER MODEL OPTIMISER)... By torchrun, or alone."""

from __future__ import annotations

import sys
from pathlib import Path

import torch

from danlu.corpus.shards import Shard, open_shard
from danlu.models.fresh import FRESH, SHAPES
from danlu.parallel.data import World, join, leave, spread, wait
from danlu.train import pretrain as loop
from danlu.train.batches import TokenBatches
from danlu.train.objectives import Speaker, causal, masked
from danlu.train.pretrain import Training, pretrain

# In fp32 on every processor: how two processes share the work is what is compared, to more digits than bf16 has. Muon
# turns its gradients in bf16, where another order of summing shows in the fourth digit of the loss.
loop.autocast = lambda where: torch.autocast(where.type, enabled=False)
torch.Tensor.bfloat16 = lambda tensor: tensor.float().clone()


def train(world: World, shard: Shard, folder: Path, steps: int, model: str, optimiser: str) -> None:
    torch.manual_seed(0)
    speaker = Speaker(FRESH[model](SHAPES["tiny"], 280))
    shared = spread(speaker, speaker.model.base_model.layers, world)
    objective = causal() if model == "decoder" else masked(280)
    batches = TokenBatches((shard,), (1.0,), 256, seed=0)
    training = Training(steps, 3e-3, optimiser, places=48, log_every=1, save_every=6, schedule="cosine")
    pieces = [shard.piece(index) for index in range(4)]
    pretrain(shared, objective, batches, training, folder, world, held_out=pieces, quiet=True)


if __name__ == "__main__":
    text, kind, steps, *trainings = sys.argv[1:]
    torch.set_num_threads(1)
    world = join(kind)
    for folder, model, optimiser in zip(*[iter(trainings)] * 3, strict=True):
        train(world, open_shard(Path(text)), Path(folder), int(steps), model, optimiser)
    wait(world)
    leave()
