"""A student that reads both sides of a pair at once, with a question and options that are always the same.

The multiple-choice model (`danlu.models.choice`) inside the graph of a model file: its inputs are the tokens of each
side, as those of the students that read each side by itself, and what stands around them is fixed. Knows tensors only.
Shapes: B pairs, L tokens of the longest side, T places of a whole row, K options, V tokens of the student.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import nn

from danlu.models.choice import OPTION_START, ChoiceModel, Laid

if TYPE_CHECKING:
    from collections.abc import Sequence

    from danlu.types import Pairing


@dataclass(frozen=True)
class Around:
    """What stands around the two sides, in the ids of the model that a student starts from.

    Attributes:
        before: the first token, the question and its end; the first token alone where nothing is asked.
        between: what is written before the second side; may be empty.
        options: of each label its words; none where rows bring options of their own.
        mask: the token before an option.
        end: the token that ends a side.
    """

    before: Sequence[int]
    between: Sequence[int]
    options: Sequence[Sequence[int]]
    mask: int
    end: int


class CrossBranch(nn.Module):
    """The general model on the tokens of a student, asked one question.

    Args:
        model: where its layers and its head start; left as it is.
        kept: (V,) the model's id of each token of the student.
        around: what stands around the two sides.
        pairing: of the texts.
        depth: layers kept, the lowest ones.
        lead: whether of two options all that is given is how far the second is ahead of the first; K is 1 then.
    """

    def __init__(
        self,
        model: ChoiceModel,
        kept: torch.Tensor,
        around: Around,
        pairing: Pairing,
        depth: int,
        *,
        lead: bool = False,
    ) -> None:
        super().__init__()
        self.pairing: Pairing | None = pairing
        self.lead = lead
        self.model = copy.deepcopy(model)
        del self.model.layers[depth:]
        masked = [[around.mask, *option] for option in around.options]
        fixed = [*around.before, *around.between, *(i for option in masked for i in option)]
        rows = torch.cat([kept, torch.tensor(fixed)])
        self.model.embeddings.word_embeddings = nn.Embedding.from_pretrained(model.table[rows], freeze=True)
        number = torch.arange(len(kept), len(rows))
        sizes = [len(option) for option in masked]
        before, between, options = number.split([len(around.before), len(around.between), sum(sizes)])
        self.before, self.between, self.options = (_fixed(part) for part in (before, between, options))
        self.block = _fixed(torch.cat([torch.full((size,), k + 1) for k, size in enumerate(sizes)]))
        self.position = _fixed(torch.cat([torch.arange(OPTION_START, OPTION_START + size) for size in sizes]))
        self.mask = _fixed(torch.tensor([sum(sizes[:k]) for k in range(len(sizes))]))
        self.end = int((kept == around.end).nonzero()[0, 0])
        self.scale = nn.Parameter(torch.ones(()))
        self.bias = nn.Parameter(torch.zeros(1 if lead else len(sizes)))

    @property
    def width(self) -> int:
        """D, of the hidden states."""
        return int(self.model.config.hidden_size)

    def laid(self, ids_SL: torch.Tensor, mask_SL: torch.Tensor) -> Laid:
        """Both sides of each pair with all that stands around them; S = 2B rows of tokens, framed, side after side.

        Padding between the sides is seen by nothing and has no place of its own, so it changes no score.
        """
        first_BL, second_BL = ids_SL[:, 1:].unflatten(0, (-1, 2)).unbind(1)  # without the token each begins with
        real_first_BL, real_second_BL = mask_SL[:, 1:].unflatten(0, (-1, 2)).unbind(1)
        pairs = first_BL.shape[0]
        before_BP, between_BN, options_BO = (
            part.expand(pairs, -1) for part in (self.before, self.between, self.options)
        )
        read_BC = torch.cat([before_BP, first_BL, between_BN, second_BL], 1)
        real_BC = torch.cat([torch.ones_like(before_BP), real_first_BL, torch.ones_like(between_BN), real_second_BL], 1)
        text_BC = (real_BC > 0) & (read_BC != self.end)
        text_BC = torch.cat([torch.zeros_like(before_BP) > 0, text_BC[:, before_BP.shape[1] :]], 1)
        context = read_BC.shape[1]
        return Laid(
            torch.cat([read_BC, options_BO], 1),
            torch.cat([real_BC - 1, self.block.expand(pairs, -1)], 1),
            torch.cat([(real_BC.cumsum(1) - 1) * real_BC, self.position.expand(pairs, -1)], 1),
            torch.cat([text_BC, torch.zeros_like(options_BO) > 0], 1),
            (self.mask + context).expand(pairs, -1),
            torch.ones_like(self.mask).expand(pairs, -1) > 0,
        )

    def scores(self, ids_SL: torch.Tensor, mask_SL: torch.Tensor) -> torch.Tensor:
        """(B, K) logits of yes against no, as the model gives them, or the lead of the second of them."""
        found_BK = self.model(self.laid(ids_SL, mask_SL))
        return found_BK[:, 1:] - found_BK[:, :1] if self.lead else found_BK

    def forward(self, ids_SL: torch.Tensor, mask_SL: torch.Tensor) -> torch.Tensor:
        """(B, K) logits."""
        return self.scores(ids_SL, mask_SL).float() * self.scale + self.bias


def _fixed(values: torch.Tensor) -> nn.Parameter:
    return nn.Parameter(values, requires_grad=False)
