"""Distillation of a scorer of stretches: fewer layers that end where all of them end.

The student is the lowest layers of its teacher under its teacher's scorer (Sajjad et al., 2020, as for other students);
it learns the entities of every text, marked by people or by the teacher, what holds between them, as surely as people
or the teacher say it, and the teacher's hidden states. Knows networks and windows; does not know where texts come from.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

import torch
from torch.nn import functional as F  # noqa: N812 - the field's name for it

from danlu.models.base import layers
from danlu.runtime import autocast
from danlu.train.batches import by_length
from danlu.train.links import link_loss
from danlu.train.loop import minimise
from danlu.train.spans import batch_of, groups, loss, stretches

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from danlu.models.span import SpanNetwork
    from danlu.text.entities import Reading
    from danlu.train.spans import Piece, Training

# Shapes: as in train/spans.py.

NEARNESS = 10.0  # of the distance between hidden states, beside the loss of the entities
RATE = 3e-4


def shallow(teacher: SpanNetwork, depth: int) -> SpanNetwork:
    """A copy with the lowest layers alone."""
    student = copy.deepcopy(teacher)
    del layers(student.encoder)[depth:]
    student.encoder.config.num_hidden_layers = depth
    return student


def distil(
    teacher: SpanNetwork,
    depth: int,
    pieces: Sequence[Piece],
    weights: NDArray[np.float32],
    reading: Reading,
    training: Training,
    progress: Callable[[int], None] | None = None,
) -> SpanNetwork:
    """A student of some depth, in evaluation mode.

    Args:
        teacher: in evaluation mode; left as it is.
        depth: layers of the student.
        pieces: windows with the entities that people or the teacher marked.
        weights: (pieces,) how often each is drawn beside the others.
        reading: for the special tokens.
        training: the plan.
        progress: called with 1 after each step.
    """
    student = shallow(teacher, depth).train()
    torch.manual_seed(training.seed)

    def losses() -> Iterator[torch.Tensor]:
        lengths = [len(piece.ids) for piece in pieces]
        for index in by_length(lengths, training.batch, training.seed, weights=weights):
            chosen = [pieces[i] for i in index]
            ids_BL, mask_BL, shapes_BL = batch_of(chosen)
            with torch.no_grad(), autocast(torch.device("cpu")):
                wanted_BLD = teacher.hidden(ids_BL, mask_BL, shapes_BL).float()
            with autocast(torch.device("cpu")):
                hidden_BLD = student.hidden(ids_BL, mask_BL, shapes_BL).float()
            logits_BLWK = student.score(hidden_BLD)
            real_BLW = stretches(mask_BL, reading, student.widest)
            own = loss(logits_BLWK, real_BLW, [piece.marks for piece in chosen]).mean()
            own = own if student.links is None else own + link_loss(student.links, hidden_BLD, chosen, reading)
            apart_BL = 1 - F.cosine_similarity(hidden_BLD, wanted_BLD, -1)
            yield own + NEARNESS * (apart_BL * mask_BL).sum() / mask_BL.sum()

    minimise(losses(), groups(student, training), steps=training.steps, progress=progress)
    return student.eval()
