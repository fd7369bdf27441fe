"""The Student's network: what is exported into a model file.

Knows tensors only. Three branches, each of which may be absent: one that reads tokens (averaged embeddings, or a
transformer, narrow or as wide as the teacher's), a linear one on the mean of static embeddings, and a linear one on
hashed n-grams. Their logits add up; the distillation decides how much each counts. Of pairs of texts the branches that
read tokens read each side by itself, two rows a pair, and compare the vectors; others read both sides together
(`danlu.models.cross`), or a question once with all of its options (`danlu.models.cross_question`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812 - the field's name for it

from danlu.models import pair
from danlu.models.cross import PAIR_INPUTS, CrossBranch
from danlu.models.cross_question import QUESTION_INPUTS, QuestionBranch
from danlu.models.pair import compare

if TYPE_CHECKING:
    from transformers import PreTrainedModel

    from danlu.types import Pairing

_HALF = 1 << 15
TOKEN_INPUTS, STATIC_INPUTS = ("token_ids", "token_mask"), ("static_ids", "static_mask")
NGRAM_INPUTS = ("ngram_ids", "ngram_counts")
SIDES = "sides"

# Shapes: B texts, L tokens, G n-grams, D hidden, K labels; where texts are pairs, tokens come as 2B rows.


class NgramBranch(nn.Module):
    """Linear in TF-IDF weighted n-grams: of all hash buckets only the useful ones have a row.

    index (buckets,) names the row of each bucket, weight is (rows, K), idf is (rows,). Row 0 is that of every other
    bucket: its weights and its idf are 0, so what was not learned does not even lengthen the vector. There are at most
    65,536 rows: the index is kept in 16 bits, with a sign, which lookups can read.
    """

    def __init__(self, index: torch.Tensor, weight: torch.Tensor, idf: torch.Tensor, bias: torch.Tensor) -> None:
        super().__init__()
        assert len(weight) <= 1 << 16
        self.index = nn.Parameter((index.to(torch.int32) - _HALF).to(torch.int16)[:, None], requires_grad=False)
        self.weight = nn.Parameter(weight, requires_grad=False)
        self.idf = nn.Parameter(idf[:, None], requires_grad=False)
        self.bias = nn.Parameter(bias, requires_grad=False)

    def rows(self, ids_BG: torch.Tensor) -> torch.Tensor:
        """(B, G) the rows of buckets."""
        return F.embedding(ids_BG, self.index).squeeze(-1).to(torch.int32) + _HALF

    def forward(self, ids_BG: torch.Tensor, counts_BG: torch.Tensor) -> torch.Tensor:
        """(B, K) logits; a count of 0 is padding."""
        row_BG = self.rows(ids_BG)
        term_BG = torch.where(counts_BG > 0, 1 + torch.log(counts_BG.clamp_min(1)), torch.zeros_like(counts_BG))
        value_BG = term_BG * F.embedding(row_BG, self.idf).squeeze(-1)
        value_BG = value_BG / value_BG.square().sum(1, keepdim=True).sqrt().clamp_min(1e-6)
        return (value_BG.unsqueeze(1) @ F.embedding(row_BG, self.weight)).squeeze(1) + self.bias


class Table(nn.Module):
    """A lookup in rows that are kept in int8 with a scale each, and not trained."""

    def __init__(self, rows: torch.Tensor) -> None:
        super().__init__()
        scale = rows.abs().amax(1, keepdim=True).clamp_min(1e-8) / 127
        self.rows = nn.Parameter((rows / scale).round().to(torch.int8), requires_grad=False)
        self.scale = nn.Parameter(scale, requires_grad=False)

    def forward(self, ids_BL: torch.Tensor) -> torch.Tensor:
        """(B, L, D)."""
        return F.embedding(ids_BL, self.rows).to(self.scale.dtype) * F.embedding(ids_BL, self.scale)


class StaticBranch(nn.Module):
    """Linear in the mean of static embeddings, which are not trained.

    The mean is scaled to unit length, centred, and scaled again; the means of a pair are compared first.
    """

    def __init__(self, table: torch.Tensor, labels: int, pairing: Pairing | None = None) -> None:
        super().__init__()
        width = pair.width(table.shape[1], pairing)
        self.pairing: Pairing | None = pairing
        self.table = Table(table)
        self.centre = nn.Parameter(torch.zeros(width), requires_grad=False)
        self.weight = nn.Parameter(torch.zeros(width, labels), requires_grad=False)
        self.bias = nn.Parameter(torch.zeros(labels), requires_grad=False)

    def means(self, ids_BL: torch.Tensor, mask_BL: torch.Tensor, sides: torch.Tensor | None = None) -> torch.Tensor:
        """(B, D) of unit length, compared where texts are pairs; `sides` says which text each side is."""
        sides_BD = F.normalize((self.table(ids_BL) * mask_BL.unsqueeze(-1)).sum(1), dim=-1)
        return compare(sides_BD if sides is None else sides_BD[sides], self.pairing)

    def forward(self, ids_BL: torch.Tensor, mask_BL: torch.Tensor, sides: torch.Tensor | None = None) -> torch.Tensor:
        """(B, K) logits."""
        return F.normalize(self.means(ids_BL, mask_BL, sides) - self.centre, dim=-1) @ self.weight + self.bias


class StaticEncoder(nn.Module):
    """Averaged token embeddings with a learned weight a token, as model2vec's (Tulkens and van Dongen, 2024)."""

    def __init__(self, embeddings: torch.Tensor) -> None:
        super().__init__()
        self.width: int = embeddings.shape[1]
        self.embeddings: nn.Embedding | Table = nn.Embedding.from_pretrained(embeddings, freeze=False)
        self.importance = nn.Embedding.from_pretrained(torch.zeros(len(embeddings), 1), freeze=False)

    def forward(self, ids_BL: torch.Tensor, mask_BL: torch.Tensor) -> torch.Tensor:
        """(B, D) vectors."""
        weight_BL1 = self.importance(ids_BL).exp() * mask_BL.unsqueeze(-1)
        return (self.embeddings(ids_BL) * weight_BL1).sum(1) / weight_BL1.sum(1).clamp_min(1e-6)

    def shrink(self) -> None:
        """Ends the training: the embeddings are kept in int8 from here on."""
        assert isinstance(self.embeddings, nn.Embedding)
        self.embeddings = Table(self.embeddings.weight.detach())


class NarrowEncoder(nn.Module):
    """The mean of a narrow encoder's last hidden states over real tokens, of which it has a table of its own.

    Args:
        rows: (tokens, D) where the table starts.
        body: layers that read them.
    """

    def __init__(self, rows: torch.Tensor, body: PreTrainedModel) -> None:
        super().__init__()
        self.width: int = rows.shape[1]
        self.rows: nn.Embedding | Table = nn.Embedding.from_pretrained(rows, freeze=False)
        self.body = body

    def forward(self, ids_BL: torch.Tensor, mask_BL: torch.Tensor) -> torch.Tensor:
        """(B, D) vectors."""
        hidden_BLD = self.body(inputs_embeds=self.rows(ids_BL), attention_mask=mask_BL).last_hidden_state
        return _mean(hidden_BLD, mask_BL)

    def shrink(self) -> None:
        """Ends the training: the table is kept in int8 from here on."""
        assert isinstance(self.rows, nn.Embedding)
        self.rows = Table(self.rows.weight.detach())


class TransformerEncoder(nn.Module):
    """The mean of an encoder's last hidden states over real tokens."""

    def __init__(self, model: PreTrainedModel) -> None:
        super().__init__()
        self.model = model

    def forward(self, ids_BL: torch.Tensor, mask_BL: torch.Tensor) -> torch.Tensor:
        """(B, D) vectors."""
        return _mean(self.model(input_ids=ids_BL, attention_mask=mask_BL).last_hidden_state, mask_BL)


def _mean(hidden_BLD: torch.Tensor, mask_BL: torch.Tensor) -> torch.Tensor:
    """(B, D) over real tokens."""
    weight_BL1 = mask_BL.unsqueeze(-1).to(hidden_BLD.dtype)
    return (hidden_BLD * weight_BL1).sum(1) / weight_BL1.sum(1).clamp_min(1e-6)


class TokenBranch(nn.Module):
    """An encoder, its vectors centred and scaled to unit length, and a linear head.

    Args:
        encoder: of one text, or one side of a pair.
        width: of `raw`.
        labels: how many.
        pairing: of the texts.
    """

    def __init__(
        self,
        encoder: StaticEncoder | NarrowEncoder | TransformerEncoder,
        width: int,
        labels: int,
        pairing: Pairing | None = None,
    ) -> None:
        super().__init__()
        self.encoder = encoder
        self.pairing: Pairing | None = pairing
        self.centre = nn.Parameter(torch.zeros(width))
        self.weight = nn.Parameter(torch.zeros(width, labels))
        self.bias = nn.Parameter(torch.zeros(labels))

    def raw(self, ids_BL: torch.Tensor, mask_BL: torch.Tensor, sides: torch.Tensor | None = None) -> torch.Tensor:
        """(B, D) unit vectors of the encoder, compared where texts are pairs; `sides` as in `StaticBranch.means`."""
        vectors_BD = F.normalize(self.encoder(ids_BL, mask_BL).float(), dim=-1)
        return compare(vectors_BD if sides is None else vectors_BD[sides], self.pairing)

    def vectors(self, ids_BL: torch.Tensor, mask_BL: torch.Tensor, sides: torch.Tensor | None = None) -> torch.Tensor:
        """(B, D) unit vectors, centred."""
        return F.normalize(self.raw(ids_BL, mask_BL, sides) - self.centre, dim=-1)

    def forward(self, ids_BL: torch.Tensor, mask_BL: torch.Tensor, sides: torch.Tensor | None = None) -> torch.Tensor:
        """(B, K) logits."""
        return self.vectors(ids_BL, mask_BL, sides) @ self.weight + self.bias


Branch: TypeAlias = "TokenBranch | CrossBranch | QuestionBranch | StaticBranch | NgramBranch"


class Student(nn.Module):
    """The sum of the branches that are present, each multiplied by its share.

    Where it is `shared`, tokens come as one row for each distinct side of the pairs, and one more input, (2B,), says
    which of these each side is: a question stands beside each of its options and is read once.
    """

    def __init__(
        self,
        tokens: TokenBranch | CrossBranch | QuestionBranch | None,
        static: StaticBranch | None,
        ngrams: NgramBranch | None,
        shares: tuple[float, float, float],
    ) -> None:
        super().__init__()
        self.shared = False
        self.tokens = tokens
        self.static = static
        self.ngrams = ngrams
        self.shares = shares

    @property
    def pairing(self) -> Pairing | None:
        """Of the texts that its token branches read."""
        return next((branch.pairing for branch in (self.tokens, self.static) if branch is not None), None)

    @property
    def width(self) -> int:
        """Of the hidden states of its transformer layers; 0 without any."""
        if isinstance(self.tokens, CrossBranch | QuestionBranch):
            return self.tokens.width
        encoder = self.tokens.encoder if self.tokens else None
        if isinstance(encoder, NarrowEncoder):
            return encoder.width
        return int(encoder.model.config.hidden_size) if isinstance(encoder, TransformerEncoder) else 0

    @property
    def branches(self) -> list[tuple[Branch, float, tuple[str, ...]]]:
        """The branches that are present, in their order, with the share and the names of the inputs of each."""
        sides = (SIDES,) if self.shared else ()
        if isinstance(self.tokens, QuestionBranch):
            of_tokens = QUESTION_INPUTS
        else:
            of_tokens = PAIR_INPUTS if isinstance(self.tokens, CrossBranch) else (*TOKEN_INPUTS, *sides)
        branches = (self.tokens, self.static, self.ngrams)
        names = (of_tokens, (*STATIC_INPUTS, *sides), NGRAM_INPUTS)
        found = zip(branches, self.shares, names, strict=True)
        return [(branch, share, inputs) for branch, share, inputs in found if branch is not None]

    @property
    def inputs(self) -> tuple[str, ...]:
        """The names of the inputs of `forward`, in order."""
        return tuple(dict.fromkeys(name for _, _, names in self.branches for name in names))

    def forward(self, *inputs: torch.Tensor) -> torch.Tensor:
        """(B, K) logits of the inputs named by `inputs`."""
        given = dict(zip(self.inputs, inputs, strict=True))
        logits = [share * branch(*(given[name] for name in names)) for branch, share, names in self.branches]
        return torch.stack(logits).sum(0) if len(logits) > 1 else logits[0]
