"""A student that reads both sides of a pair at once, with a question and options that are always the same.

The multiple-choice model (`danlu.models.choice`) inside the graph of a model file: its inputs are the tokens of both
sides, one row a pair, and what stands around them is fixed. Knows tensors only.
Shapes: B pairs, T tokens of the longest pair, K options, V tokens of the student; P, N and O tokens of what stands
before the sides, between them, and of all options.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import nn

from danlu.artifact import pad_pairs
from danlu.models.choice import OPTION_START, ChoiceModel, Laid

if TYPE_CHECKING:
    from collections.abc import Sequence

    from danlu.types import Pairing

PAIR_INPUTS = ("pair_ids", "pair_sides")


def in_rows(pairs: Sequence[Sequence[Sequence[int]]]) -> tuple[torch.Tensor, torch.Tensor]:
    """The inputs of `CrossBranch`, (B, T) each, from the framed tokens of both sides, as a file lays them."""
    ids_BT, sides_BT = pad_pairs(pairs)
    return torch.from_numpy(ids_BT), torch.from_numpy(sides_BT)


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

    def laid(self, ids_BT: torch.Tensor, sides_BT: torch.Tensor) -> Laid:
        """Both sides of each pair with all that stands around them.

        What a token sees depends on its position and not on its place, so what stands between the sides comes before
        them here.
        """
        parts = (self.before, self.between, self.options, self.block, self.position)
        before_BP, between_BN, options_BO, block_BO, position_BO = (part.expand(ids_BT.shape[0], -1) for part in parts)
        read_BT, second_BT = (sides_BT > 0).long(), (sides_BT == 2).long()
        at_P, at_N, at_T = (_places(part) for part in (before_BP, between_BN, ids_BT))
        first_B1 = (sides_BT == 1).sum(1, keepdim=True)  # tokens of the first side
        before, between = before_BP.shape[1], between_BN.shape[1]
        position_BT = (before + at_T + between * second_BT) * read_BT
        position = (at_P.expand_as(before_BP), before + first_B1 + at_N, position_BT, position_BO)
        block = (torch.zeros_like(before_BP), torch.zeros_like(between_BN), read_BT - 1, block_BO)
        words_BT = read_BT * (ids_BT != self.end)
        text = (torch.zeros_like(before_BP), torch.ones_like(between_BN), words_BT, torch.zeros_like(options_BO))
        mask_BK = (self.mask + (before + between + ids_BT.shape[1])).expand(ids_BT.shape[0], -1)
        return Laid(
            torch.cat([before_BP, between_BN, ids_BT, options_BO], 1),
            torch.cat(block, 1),
            torch.cat(position, 1),
            torch.cat(text, 1) > 0,
            mask_BK,
            torch.ones_like(mask_BK) > 0,
        )

    def scores(self, ids_BT: torch.Tensor, sides_BT: torch.Tensor) -> torch.Tensor:
        """(B, K) logits of yes against no, as the model gives them, or the lead of the second of them."""
        found_BK = self.model(self.laid(ids_BT, sides_BT))
        return found_BK[:, 1:] - found_BK[:, :1] if self.lead else found_BK

    def forward(self, ids_BT: torch.Tensor, sides_BT: torch.Tensor) -> torch.Tensor:
        """(B, K) logits."""
        return self.scores(ids_BT, sides_BT).float() * self.scale + self.bias


def _places(row_BL: torch.Tensor) -> torch.Tensor:
    """(L,) 0, 1, 2, ..."""
    return torch.arange(row_BL.shape[1], device=row_BL.device)


def _fixed(values: torch.Tensor) -> nn.Parameter:
    return nn.Parameter(values, requires_grad=False)
