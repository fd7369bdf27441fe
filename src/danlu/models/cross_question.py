"""A student that reads a question once and each of its options together with it.

The multiple-choice model (`danlu.models.choice`) inside the graph of a model file. There an option sees itself and the
question, and the question sees no option; so questions and options are rows of their own here, each as long as it is,
and an option looks back at the layers of its question. Knows tensors only.
Shapes: Q questions, L tokens of the longest, C places of a question with what stands before it, B options of all
questions, M tokens of the longest option, H heads, D hidden, V tokens of the student.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812 - the field's name for it

from danlu.models.base import padded
from danlu.models.choice import OPTION_START, ChoiceModel, after_attention

if TYPE_CHECKING:
    from collections.abc import Sequence

    from danlu.models.cross import Around
    from danlu.types import Pairing

QUESTION_INPUTS = ("question_ids", "question_mask", "option_ids", "option_mask", "question_of")


def laid(rows: Sequence[Sequence[Sequence[int]]]) -> tuple[torch.Tensor, ...]:
    """The inputs of `QuestionBranch` from the framed tokens of pairs of a question and an option.

    A question that stands in several pairs is one row, and is read once.
    """
    places: dict[tuple[int, ...], int] = {}
    owners = [places.setdefault(tuple(question), len(places)) for question, _ in rows]
    return *padded(list(places)), *padded([option for _, option in rows]), torch.tensor(owners)


class QuestionBranch(nn.Module):
    """The general model on the tokens of a student, its options read in the light of their question.

    Args:
        model: where its layers and its head start; left as it is.
        kept: (V,) the model's id of each token of the student.
        around: what stands before every question and every option.
        depth: layers kept, the lowest ones.
    """

    pairing: Pairing = "ordered"

    def __init__(self, model: ChoiceModel, kept: torch.Tensor, around: Around, depth: int) -> None:
        super().__init__()
        self.model = copy.deepcopy(model)
        del self.model.layers[depth:]
        fixed = [*around.before, around.mask]
        rows = torch.cat([kept, torch.tensor(fixed)])
        self.model.embeddings.word_embeddings = nn.Embedding.from_pretrained(model.table[rows], freeze=True)
        self.before = nn.Parameter(torch.arange(len(kept), len(rows) - 1), requires_grad=False)
        self.mask, self.end = len(rows) - 1, int((kept == around.end).nonzero()[0, 0])
        self.scale = nn.Parameter(torch.ones(()))
        self.bias = nn.Parameter(torch.zeros(2), requires_grad=False)  # of several options one is right, whatever it is

    @property
    def width(self) -> int:
        """D, of the hidden states."""
        return int(self.model.config.hidden_size)

    def scores(
        self,
        ids_QL: torch.Tensor,
        mask_QL: torch.Tensor,
        option_ids_BM: torch.Tensor,
        option_mask_BM: torch.Tensor,
        owner_B: torch.Tensor,
    ) -> torch.Tensor:
        """(B,) logits of yes against no, as the model gives them; tokens come framed, owners say whose an option is."""
        before_QP = self.before.expand(ids_QL.shape[0], -1)
        ids_QC = torch.cat([before_QP, ids_QL[:, 1:]], 1)
        real_QC = torch.cat([torch.ones_like(before_QP), mask_QL[:, 1:]], 1)
        text_QC = torch.cat([torch.zeros_like(before_QP), mask_QL[:, 1:] * (ids_QL[:, 1:] != self.end)], 1)
        words_BM = option_mask_BM[:, 1:] * (option_ids_BM[:, 1:] != self.end)
        ids_BM = torch.cat([torch.full_like(option_ids_BM[:, :1], self.mask), option_ids_BM[:, 1:]], 1)
        seen_BM = torch.cat([torch.ones_like(words_BM[:, :1]), words_BM], 1) > 0
        x_QCD = self._embedded(ids_QC, (real_QC.cumsum(1) - 1) * real_QC, 0)
        y_BMD = self._embedded(ids_BM, torch.arange(ids_BM.shape[1]).expand_as(ids_BM) + OPTION_START, 1)
        of_question_Q11C = (real_QC > 0)[:, None, None]
        of_option_B11T = torch.cat([(real_QC > 0)[owner_B], seen_BM], 1)[:, None, None]
        for layer in self.model.layers:
            x_QCD, y_BMD = self._layer(layer, x_QCD, y_BMD, (of_question_Q11C, of_option_B11T), owner_B)
        no_yes_B2 = self.model.no_yes(self.model.said(y_BMD[:, 0]))
        option_BD = F.normalize((y_BMD[:, 1:] * words_BM[..., None]).sum(1), dim=-1)
        text_QD = F.normalize((x_QCD * text_QC[..., None]).sum(1), dim=-1)
        alike_B = (option_BD * text_QD[owner_B]).sum(-1)
        return no_yes_B2[:, 1] - no_yes_B2[:, 0] + self.model.likeness * alike_B

    def forward(self, *inputs: torch.Tensor) -> torch.Tensor:
        """(B, 2) logits of right and wrong, from what `QUESTION_INPUTS` names."""
        half_B = self.scores(*inputs).float() * self.scale / 2
        return torch.stack([half_B, -half_B], 1) + self.bias

    def _embedded(self, ids: torch.Tensor, positions: torch.Tensor, segment: int) -> torch.Tensor:
        shared = self.model.embeddings
        x = shared.word_embeddings(ids) + shared.position_embeddings(positions) + self.model.segments[segment]
        return shared.LayerNorm(x)

    def _layer(
        self,
        layer: Any,  # noqa: ANN401
        x_QCD: torch.Tensor,
        y_BMD: torch.Tensor,
        seen: tuple[torch.Tensor, torch.Tensor],
        owner_B: torch.Tensor,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """One layer: the tokens of questions and of options side by side wherever each counts by itself."""
        own, heads = layer.attention.self, self.model.config.num_attention_heads
        both_ND = torch.cat([x_QCD.flatten(0, 1), y_BMD.flatten(0, 1)])
        count = x_QCD.shape[0] * x_QCD.shape[1]
        sides: list[tuple[torch.Tensor, torch.Tensor]] = []
        for part in (own.query, own.key, own.value):
            x_ND, y_ND = part(both_ND).tensor_split([count])
            sides.append((_headed(x_ND, x_QCD, heads), _headed(y_ND, y_BMD, heads)))
        (query_x, query_y), (key_x, key_y), (value_x, value_y) = sides
        mixed_x = F.scaled_dot_product_attention(query_x, key_x, value_x, attn_mask=seen[0])
        keys, values = torch.cat([key_x[owner_B], key_y], 2), torch.cat([value_x[owner_B], value_y], 2)
        mixed_y = F.scaled_dot_product_attention(query_y, keys, values, attn_mask=seen[1])
        mixed_ND = torch.cat([part.transpose(1, 2).flatten(2).flatten(0, 1) for part in (mixed_x, mixed_y)])
        out_x, out_y = after_attention(layer, both_ND, mixed_ND).tensor_split([count])
        return out_x.view_as(x_QCD), out_y.view_as(y_BMD)


def _headed(flat_ND: torch.Tensor, like: torch.Tensor, heads: int) -> torch.Tensor:
    """(N, D) to (rows, H, tokens, D / H)."""
    return flat_ND.view_as(like).unflatten(-1, (heads, -1)).transpose(1, 2)
