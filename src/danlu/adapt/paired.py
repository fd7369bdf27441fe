"""Task form: the base encoder, tuned so that the comparison of two sides tells the label, or the score, of a pair.

The classification objective of Sentence-BERT (Reimers and Gurevych, 2019) on the comparison that every form uses, from
the head that fits the frozen encoder best. Steps and batch are fixed before training. All layers move, the embeddings
stay as they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch.nn import functional as F  # noqa: N812 - the field's name for it

from danlu.models.base import embed, padded, pooled, tunable
from danlu.models.pair import compare, compared
from danlu.runtime import autocast
from danlu.train.batches import by_length
from danlu.train.loop import minimise
from danlu.train.regression import softmax_regression

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from transformers import PreTrainedModel

    from danlu.models.base import Base
    from danlu.types import Pairing, Truth

# Shapes: B pairs in a batch, C width of a comparison, K labels.

MOST_START = 400  # pairs that the head is fitted on before tuning
STRENGTH = 3.0  # of the head that tuning starts from: gentle, so that there is something to learn


@dataclass(frozen=True)
class Tuning:
    """How long and how hard to tune.

    Attributes:
        steps: optimiser steps.
        batch: pairs a step.
        rate: peak learning rate of the encoder.
        head_rate: of the head.
        smoothing: share of a label that the others get; scores stay as they are.
    """

    steps: int
    batch: int = 32
    rate: float = 5e-5
    head_rate: float = 1e-2
    smoothing: float = 0.05
    seed: int = 0


def fit(
    base: Base,
    rows: Sequence[Sequence[Sequence[int]]],
    truth: Truth,
    pairing: Pairing,
    tuning: Tuning,
    progress: Callable[[int], None] | None = None,
) -> PreTrainedModel:
    """A tuned copy of the base's encoder, in evaluation mode.

    Args:
        base: where to start; left as it is.
        rows: the token ids of both sides of each pair.
        truth: (pairs,) label indices, or (pairs, 1) scores, from 0 to 1.
        pairing: whether the order of the sides matters.
        tuning: the plan.
        progress: called with 1 after each step.
    """
    model = tunable(base.model)
    sample = np.random.default_rng(tuning.seed).permutation(len(rows))[:MOST_START]
    seen = compared(embed(model.eval(), [side for i in sample for side in rows[i]]), pairing)
    centre_C = torch.from_numpy(seen.mean(0))
    centred = F.normalize(torch.from_numpy(seen) - centre_C, dim=-1).numpy()
    apart = truth.ndim == 2
    wanted = truth if apart else np.eye(int(truth.max()) + 1)[truth]
    start = softmax_regression(centred, wanted[sample], strength=STRENGTH, apart=apart)
    weight_CK, bias_K = (torch.nn.Parameter(torch.from_numpy(part)) for part in (start.weight, start.bias))
    targets = torch.from_numpy(truth.astype(np.float32)) if apart else torch.as_tensor(truth)
    model.train()
    torch.manual_seed(tuning.seed)  # dropout

    def losses() -> Iterator[torch.Tensor]:
        for index in by_length([max(map(len, row)) for row in rows], tuning.batch, tuning.seed):
            with autocast(torch.device("cpu")):
                sides = pooled(model, *padded([side for i in index for side in rows[i]]))
            vectors_BC = F.normalize(compare(sides.float(), pairing) - centre_C, dim=-1)
            logits_BK = vectors_BC @ weight_CK + bias_K
            if apart:
                yield F.binary_cross_entropy_with_logits(logits_BK, targets[index])
            else:
                yield F.cross_entropy(logits_BK, targets[index], label_smoothing=tuning.smoothing)

    groups = [
        {"params": [p for p in model.parameters() if p.requires_grad], "lr": tuning.rate},
        {"params": [weight_CK, bias_K], "lr": tuning.head_rate},
    ]
    minimise(losses(), groups, steps=tuning.steps, progress=progress)
    return model.eval()
