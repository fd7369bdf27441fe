"""Task form: the base encoder, tuned so that a linear head tells of each label by itself whether it holds.

Binary relevance on one shared encoder, from the heads that fit the frozen encoder best, by binary cross-entropy. Steps
and batch are fixed before training. All layers move, the embeddings stay as they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch.nn import functional as F  # noqa: N812 - the field's name for it

from danlu.models.base import embed, padded, pooled, tunable
from danlu.runtime import autocast
from danlu.train.batches import by_length
from danlu.train.loop import minimise
from danlu.train.regression import softmax_regression

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from transformers import PreTrainedModel

    from danlu.models.base import Base
    from danlu.types import Truth

# Shapes: B texts in a batch, D hidden, K labels.

MOST_START = 400  # texts that the heads are fitted on before tuning
STRENGTH = 3.0  # of the heads that tuning starts from: gentle, so that there is something to learn


@dataclass(frozen=True)
class Tuning:
    """How long and how hard to tune.

    Attributes:
        steps: optimiser steps.
        batch: texts a step.
        rate: peak learning rate of the encoder.
        head_rate: of the heads.
        smoothing: how far from 0 and 1 the targets stay.
    """

    steps: int
    batch: int = 32
    rate: float = 5e-5
    head_rate: float = 1e-2
    smoothing: float = 0.02
    seed: int = 0


def fit(
    base: Base,
    sequences: Sequence[Sequence[int]],
    truth: Truth,
    tuning: Tuning,
    progress: Callable[[int], None] | None = None,
) -> PreTrainedModel:
    """A tuned copy of the base's encoder, in evaluation mode.

    Args:
        base: where to start; left as it is.
        sequences: token ids a text.
        truth: (texts, K), 1 where a label holds; or (texts, 1) scores, from 0 to 1.
        tuning: the plan.
        progress: called with 1 after each step.
    """
    model = tunable(base.model)
    sample = np.random.default_rng(tuning.seed).permutation(len(sequences))[:MOST_START]
    seen = embed(model.eval(), [sequences[i] for i in sample])
    centre_D = torch.from_numpy(seen.mean(0))
    centred = F.normalize(torch.from_numpy(seen) - centre_D, dim=-1).numpy()
    start = softmax_regression(centred, truth[sample].astype(np.float32), strength=STRENGTH, apart=True)
    weight_DK, bias_K = (torch.nn.Parameter(torch.from_numpy(part)) for part in (start.weight, start.bias))
    wanted = torch.from_numpy(truth.astype(np.float32)) * (1 - 2 * tuning.smoothing) + tuning.smoothing
    model.train()
    torch.manual_seed(tuning.seed)  # dropout

    def losses() -> Iterator[torch.Tensor]:
        for index in by_length([len(ids) for ids in sequences], tuning.batch, tuning.seed):
            with autocast(torch.device("cpu")):
                vectors = pooled(model, *padded([sequences[i] for i in index]))
            centred_BD = F.normalize(vectors.float() - centre_D, dim=-1)
            logits_BK = centred_BD @ weight_DK + bias_K
            yield F.binary_cross_entropy_with_logits(logits_BK, wanted[index], reduction="none").sum(1).mean()

    groups = [
        {"params": [p for p in model.parameters() if p.requires_grad], "lr": tuning.rate},
        {"params": [weight_DK, bias_K], "lr": tuning.head_rate},
    ]
    minimise(losses(), groups, steps=tuning.steps, progress=progress)
    return model.eval()
