"""Task form: the base encoder, tuned so that a linear head tells what people said of a text or a pair.

Of pairs the head sees the comparison of both sides that every form uses (Sentence-BERT's classification objective,
Reimers and Gurevych, 2019); where a text may have several labels each is a decision of its own (binary relevance). The
head begins as the one that fits the frozen encoder best. Steps and batch are fixed before training. All layers move,
the embeddings stay as they are. Single texts of one label are tuned by `danlu.adapt.contrastive`.
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
from danlu.train.distance import distance
from danlu.train.loop import minimise
from danlu.train.regression import softmax_regression

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray
    from transformers import PreTrainedModel

    from danlu.models.base import Base
    from danlu.types import Pairing, Truth

# Shapes: R rows in all, B texts or pairs in a batch, C width of a vector or a comparison, K labels.

MOST_START = 400  # rows that the head is fitted on before tuning
STRENGTH = 3.0  # of the head that tuning starts from: gentle, so that there is something to learn


@dataclass(frozen=True)
class Tuning:
    """How long and how hard to tune.

    Attributes:
        steps: optimiser steps.
        batch: rows a step.
        rate: peak learning rate of the encoder.
        head_rate: of the head.
        smoothing: the share of each target that is spread evenly over the answers; scores stay as they are.
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
    pairing: Pairing | None,
    tuning: Tuning,
    progress: Callable[[int], None] | None = None,
) -> PreTrainedModel:
    """A tuned copy of the base's encoder, in evaluation mode.

    Args:
        base: where to start; left as it is.
        rows: the token ids of each text, or of both sides of each pair, as `by_row` gives them.
        truth: (rows,) label indices; (rows, K), 1 where a label holds; or (rows, 1) scores, from 0 to 1.
        pairing: whether the order of the sides matters; None of single texts.
        tuning: the plan.
        progress: called with 1 after each step.
    """
    model = tunable(base.model)
    sample = np.random.default_rng(tuning.seed).permutation(len(rows))[:MOST_START]
    seen = compared(embed(model.eval(), [side for i in sample for side in rows[i]]), pairing)
    centre_C = torch.from_numpy(seen.mean(0))
    centred = F.normalize(torch.from_numpy(seen) - centre_C, dim=-1).numpy()
    apart = truth.ndim == 2
    wanted = np.asarray(truth if apart else np.eye(int(truth.max()) + 1)[truth], np.float32)
    start = softmax_regression(centred, wanted[sample], strength=STRENGTH, apart=apart)
    weight_CK, bias_K = (torch.nn.Parameter(torch.from_numpy(part)) for part in (start.weight, start.bias))
    targets_RK = torch.from_numpy(_smoothed(wanted, truth, tuning.smoothing))
    model.train()
    torch.manual_seed(tuning.seed)  # dropout

    def losses() -> Iterator[torch.Tensor]:
        for index in by_length([max(map(len, row)) for row in rows], tuning.batch, tuning.seed):
            with autocast(torch.device("cpu")):
                sides = pooled(model, *padded([side for i in index for side in rows[i]]))
            vectors_BC = F.normalize(compare(sides.float(), pairing) - centre_C, dim=-1)
            logits_BK = vectors_BC @ weight_CK + bias_K
            yield distance(logits_BK, targets_RK[index], apart=apart)

    groups = [
        {"params": [p for p in model.parameters() if p.requires_grad], "lr": tuning.rate},
        {"params": [weight_CK, bias_K], "lr": tuning.head_rate},
    ]
    minimise(losses(), groups, steps=tuning.steps, progress=progress)
    return model.eval()


def _smoothed(wanted: NDArray[np.float32], truth: Truth, smoothing: float) -> NDArray[np.float32]:
    """(rows, K) the targets of (rows, K) what people said."""
    if np.issubdtype(truth.dtype, np.floating):  # scores
        return wanted
    even = 0.5 if truth.ndim == 2 else 1 / wanted.shape[1]
    return wanted * (1 - smoothing) + even * smoothing
