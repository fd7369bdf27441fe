"""One process of a tiny training: worker.py SHARD FOLDER KIND STEPS MODEL OPTIMISER. Started by torchrun, or alone."""

from __future__ import annotations

import sys
from pathlib import Path

import torch

from danlu.corpus.shards import open_shard
from danlu.models.fresh import FRESH, SHAPES
from danlu.parallel.data import join, leave, spread
from danlu.train import pretrain as loop
from danlu.train.batches import TokenBatches
from danlu.train.objectives import Speaker, causal, masked
from danlu.train.pretrain import Training, pretrain

# In fp32 on every processor: how two processes share the work is what is compared, to more digits than bf16 has.
loop.autocast = lambda where: torch.autocast(where.type, enabled=False)

if __name__ == "__main__":
    shard, folder, kind = open_shard(Path(sys.argv[1])), Path(sys.argv[2]), sys.argv[3]
    torch.set_num_threads(1)
    torch.manual_seed(0)
    world = join(kind)
    kind, optimiser = sys.argv[5:7]
    speaker = Speaker(FRESH[kind](SHAPES["tiny"], 280))
    model = spread(speaker, speaker.model.base_model.layers, world)
    objective = causal() if kind == "decoder" else masked(280)
    batches = TokenBatches((shard,), (1.0,), 256, seed=0)
    training = Training(int(sys.argv[4]), 3e-3, optimiser, places=48, log_every=1, save_every=6, schedule="cosine")
    pieces = [shard.piece(index) for index in range(4)]
    pretrain(model, objective, batches, training, folder, world, held_out=pieces, quiet=True)
    leave()
