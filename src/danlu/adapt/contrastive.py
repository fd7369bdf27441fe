"""Task form: the base encoder, tuned so that texts of one label lie together.

SetFit's idea (Tunstall et al., 2022) without its pairs: every batch holds a few labels with several texts each, and
all pairs inside it count at once (supervised contrastive loss, Khosla et al., 2020), together with a cosine
classifier over all labels. Steps and batch are fixed before training, so neither time nor memory grows with the
square of the rows. All layers move, the embeddings stay as they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch.nn import functional as F  # noqa: N812 - the field's name for it

from danlu.models.base import embed, padded, pooled, tunable
from danlu.runtime import autocast
from danlu.train.loop import minimise

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray
    from transformers import PreTrainedModel

    from danlu.models.base import Base

# Shapes: B texts in a batch, D hidden, K labels.


@dataclass(frozen=True)
class Tuning:
    """How long and how hard to tune.

    Attributes:
        steps: optimiser steps.
        batch: texts a step.
        per_label: texts of one label in a batch.
        rate: peak learning rate of the encoder.
        temperature: of the contrastive loss.
        scale: of the cosine classifier.
    """

    steps: int
    batch: int = 32
    per_label: int = 4
    rate: float = 5e-5
    temperature: float = 0.1
    scale: float = 16.0
    seed: int = 0


def head(vectors: torch.Tensor, labels: torch.Tensor, count: int) -> torch.nn.Parameter:
    """(K, D) prototypes: the mean vector of each label's texts."""
    sums = torch.zeros(count, vectors.shape[1]).index_add_(0, labels, vectors)
    return torch.nn.Parameter(F.normalize(sums, dim=-1))


def loss(
    vectors_BD: torch.Tensor,
    labels_B: torch.Tensor,
    prototypes_KD: torch.Tensor,
    tuning: Tuning,
) -> torch.Tensor:
    """Supervised contrastive loss within the batch plus cross-entropy of the cosine classifier."""
    similar_BB = vectors_BD @ vectors_BD.T / tuning.temperature
    self_BB = torch.eye(len(labels_B), dtype=torch.bool)
    same_BB = (labels_B[:, None] == labels_B[None]) & ~self_BB
    log_share_BB = similar_BB - similar_BB.masked_fill(self_BB, -torch.inf).logsumexp(1, keepdim=True)
    pairs_B = same_BB.sum(1)
    contrast = -(log_share_BB.masked_fill(~same_BB, 0).sum(1) / pairs_B.clamp_min(1))[pairs_B > 0]
    logits_BK = tuning.scale * vectors_BD @ F.normalize(prototypes_KD, dim=-1).T
    classify = F.cross_entropy(logits_BK, labels_B, label_smoothing=0.05)
    return classify + (contrast.mean() if len(contrast) else 0)


def fit(
    base: Base,
    sequences: Sequence[Sequence[int]],
    labels: NDArray[np.int64],
    tuning: Tuning,
    progress: Callable[[int], None] | None = None,
) -> PreTrainedModel:
    """A tuned copy of the base's encoder, in evaluation mode.

    Args:
        base: where to start; left as it is.
        sequences: token ids a text.
        labels: (texts,) label indices.
        tuning: the plan.
        progress: called with 1 after each step.
    """
    model = tunable(base.model)
    truth = torch.as_tensor(labels)
    sample = _balanced(labels, np.random.default_rng(tuning.seed), batch=4 * len(np.unique(labels)), per_label=4)
    start = torch.from_numpy(embed(model.eval(), [sequences[i] for i in sample]))
    prototypes = head(start, truth[sample], int(labels.max()) + 1)
    model.train()
    torch.manual_seed(tuning.seed)  # dropout

    def losses() -> Iterator[torch.Tensor]:
        rng = np.random.default_rng(tuning.seed)
        while True:
            index = _balanced(labels, rng, tuning.batch, tuning.per_label)
            with autocast(torch.device("cpu")):
                vectors = pooled(model, *padded([sequences[i] for i in index]))
            yield loss(vectors.float(), truth[index], prototypes, tuning)

    groups = [
        {"params": [p for p in model.parameters() if p.requires_grad], "lr": tuning.rate},
        {"params": [prototypes], "lr": 1e-2},
    ]
    minimise(losses(), groups, steps=tuning.steps, progress=progress)
    return model.eval()


def _balanced(labels: NDArray[np.int64], rng: np.random.Generator, batch: int, per_label: int) -> list[int]:
    """Indices of a batch with `per_label` texts from each of a few labels drawn at random."""
    present = np.unique(labels)
    chosen = rng.permutation(present)[: max(2, batch // per_label)]
    share = max(1, batch // len(chosen))
    index: list[int] = []
    for label in chosen:
        mine = np.flatnonzero(labels == label)
        index += rng.choice(mine, size=min(share, len(mine)), replace=False).tolist()
    return index
