"""The multiple-choice model: how likely each of several options is, given a question and a text.

UniMC (Yang et al., "Zero-Shot Learners for Natural Language Understanding via a Unified Multiple Choice Perspective",
EMNLP 2022): labels enter as options, each behind a mask of its own, and at that mask the model says yes or no. Options
do not see one another, all begin at the same position, and bear a segment of their own. Differing from the paper, the
question and the text do not see the options either: so an option's score depends on nothing but itself, the question
and the text, whatever else is on offer and in whatever order. Question and text keep the positions and the segment that
a sentence encoder gives them.

Knows tokens and one kind of encoder (BERT); does not know texts, labels or how it was trained. Shapes: B rows, L tokens
of the longest row, K options of the row with most, D hidden, V vocabulary, N tokens of all rows.
"""

from __future__ import annotations

import copy
import hashlib
import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812 - the field's name for it

from danlu.errors import OptionError
from danlu.models.shelf import SHELF, write_sums
from danlu.models.storage import load_config, load_small, save_small

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from tokenizers import Tokenizer
    from transformers import PreTrainedModel

    from danlu.models.base import Base

    Rest = Callable[[Any, torch.Tensor, torch.Tensor], torch.Tensor]

CHOICE = SHELF / "choice"
OPTION_START = 1  # the position of every option's mask, just as of the first token after [CLS]


@dataclass(frozen=True)
class Marks:
    """Ids of the special tokens."""

    start: int
    end: int
    mask: int
    pad: int = 0


def marks_of(tokenizer: Tokenizer) -> Marks:
    """The marks of a BERT vocabulary.

    Raises:
        OptionError: it lacks one.
    """
    known = tokenizer.get_vocab()
    try:
        return Marks(*(known[name] for name in ("[CLS]", "[SEP]", "[MASK]", "[PAD]")))
    except KeyError as error:
        raise OptionError(f"The vocabulary has no {error.args[0]}. Fix: use the embedded encoder.") from error


@dataclass(frozen=True)
class Row:
    """One question in tokens, without special tokens.

    Attributes:
        options: of each option.
        question: may be empty.
        sides: the text, or the two sides of a pair.
    """

    options: Sequence[Sequence[int]]
    question: Sequence[int]
    sides: Sequence[Sequence[int]]

    @property
    def length(self) -> int:
        """Tokens in all, special ones among them."""
        asked = len(self.question) + 1 if self.question else 0
        return 1 + asked + sum(len(side) + 1 for side in self.sides) + sum(len(option) + 1 for option in self.options)


@dataclass(frozen=True)
class Laid:
    """Rows side by side.

    Attributes:
        ids_BL: tokens.
        block_BL: 0 for question and text, n for the n-th option, -1 for padding.
        position_BL: of each token.
        text_BL: whether a token is of the text, neither of the question nor a mark.
        mask_BK: where each option's mask stands; 0 where a row has fewer options.
        real_BK: whether a row has that option.
    """

    ids_BL: torch.Tensor
    block_BL: torch.Tensor
    position_BL: torch.Tensor
    text_BL: torch.Tensor
    mask_BK: torch.Tensor
    real_BK: torch.Tensor


def lay_out(rows: Sequence[Row], marks: Marks) -> Laid:
    """[CLS] question [SEP] text [SEP], then each option behind its mask."""
    most = max(len(row.options) for row in rows)
    shape = (len(rows), max(row.length for row in rows))
    ids, block, position = torch.full(shape, marks.pad), torch.full(shape, -1), torch.zeros(shape, dtype=torch.long)
    text, mask = torch.zeros(shape, dtype=torch.bool), torch.zeros((len(rows), most), dtype=torch.long)
    real = torch.zeros((len(rows), most), dtype=torch.bool)
    for at, row in enumerate(rows):
        tokens = [marks.start, *row.question, marks.end] if row.question else [marks.start]
        is_text = [False] * len(tokens)
        for side in row.sides:
            tokens += [*side, marks.end]
            is_text += [True] * len(side) + [False]
        blocks, positions = [0] * len(tokens), list(range(len(tokens)))
        for number, option in enumerate(row.options):
            mask[at, number], real[at, number] = len(tokens), True
            tokens += [marks.mask, *option]
            blocks += [number + 1] * (len(option) + 1)
            positions += range(OPTION_START, OPTION_START + len(option) + 1)
        ids[at, : len(tokens)] = torch.tensor(tokens)
        block[at, : len(tokens)] = torch.tensor(blocks)
        position[at, : len(tokens)] = torch.tensor(positions)
        text[at, : len(is_text)] = torch.tensor(is_text)
    return Laid(ids, block, position, text, mask, real)


def visible(block_BL: torch.Tensor) -> torch.Tensor:
    """(B, L, L) whether a token sees another: question and text see themselves, an option them and itself."""
    seer, seen = block_BL[:, :, None], block_BL[:, None, :]
    return (seen == 0) | (seen == seer)  # padding sees what any option sees, so that no row of the softmax is empty


def after_attention(
    layer: Any,  # noqa: ANN401
    x_ND: torch.Tensor,
    mixed_ND: torch.Tensor,
    dropout: float = 0.0,
) -> torch.Tensor:
    """All of a BERT layer that regards each of N tokens by itself: (N, D)."""
    out = layer.attention.output
    x_ND = out.LayerNorm(x_ND + F.dropout(out.dense(mixed_ND), dropout))
    inner = F.gelu(layer.intermediate.dense(x_ND))
    return layer.output.LayerNorm(x_ND + F.dropout(layer.output.dense(inner), dropout))


class ChoiceModel(nn.Module):
    """Layers of a BERT encoder of their own, its embeddings shared and fixed, and a small head.

    Args:
        encoder: where the embeddings are, and what the layers start as; left as it is.
        no_yes: token ids of the two words whose embeddings the head starts from.
    """

    def __init__(self, encoder: PreTrainedModel, no_yes: tuple[int, int]) -> None:
        super().__init__()
        shared: Any = encoder
        self.config = encoder.config
        self.embeddings = shared.embeddings
        self.layers = copy.deepcopy(shared.encoder.layer)
        self.segments = nn.Parameter(shared.embeddings.token_type_embeddings.weight.detach().clone())
        width = self.config.hidden_size
        self.transform = nn.Linear(width, width)
        self.norm = nn.LayerNorm(width)
        self.no_yes = nn.Linear(width, 2)
        self.likeness = nn.Parameter(torch.tensor(4.0))
        with torch.no_grad():
            nn.init.normal_(self.transform.weight, std=0.02)
            nn.init.zeros_(self.transform.bias)
            words = self.table[list(no_yes)]
            self.no_yes.weight.copy_(words / words.norm(dim=1, keepdim=True).clamp_min(1e-6) / math.sqrt(width))
            nn.init.zeros_(self.no_yes.bias)

    @property
    def table(self) -> torch.Tensor:
        """(V, D) the shared token embeddings."""
        return self.embeddings.word_embeddings.weight.detach()

    def own(self) -> dict[str, torch.Tensor]:
        """Weights that are this model's own and not the encoder's."""
        return {key: value for key, value in self.state_dict().items() if not key.startswith("embeddings.")}

    def own_parameters(self) -> list[nn.Parameter]:
        """The parameters of `own`."""
        return [p for name, p in self.named_parameters() if not name.startswith("embeddings.")]

    def hidden(self, laid: Laid, rest: Rest = after_attention) -> torch.Tensor:
        """(B, L, D) the last layer.

        Args:
            laid: rows.
            rest: what computes `after_attention`; a compiled one saves memory traffic where rows are many.
        """
        shared = self.embeddings
        with torch.no_grad():
            fixed_BLD = shared.word_embeddings(laid.ids_BL) + shared.position_embeddings(laid.position_BL)
        x_BLD = fixed_BLD + torch.where((laid.block_BL > 0)[..., None], self.segments[1], self.segments[0])
        x_BLD = F.layer_norm(
            x_BLD, x_BLD.shape[-1:], shared.LayerNorm.weight, shared.LayerNorm.bias, shared.LayerNorm.eps
        )
        seen_B1LL = visible(laid.block_BL)[:, None]
        for layer in self.layers:
            mixed_BLD = _attention(layer, x_BLD, seen_B1LL, self.config.num_attention_heads)
            x_BLD = rest(layer, x_BLD.flatten(0, 1), mixed_BLD.flatten(0, 1)).view_as(x_BLD)
        return x_BLD

    def said(self, hidden: torch.Tensor) -> torch.Tensor:
        """(..., D) to (..., D): the head in front of yes and no, and of the tied token embeddings."""
        return self.norm(F.gelu(self.transform(hidden)) + hidden)

    def scores(self, laid: Laid, hidden_BLD: torch.Tensor) -> torch.Tensor:
        """(B, K) logits of yes against no; -inf where a row has no such option.

        To what the option's mask says comes how alike the mean of the option and the mean of the text are: the encoder
        that this starts from knows nothing else.
        """
        at_BKD = hidden_BLD.gather(1, laid.mask_BK[..., None].expand(-1, -1, hidden_BLD.shape[-1]))
        no_yes_BK2 = self.no_yes(self.said(at_BKD))
        number_K = torch.arange(1, laid.mask_BK.shape[1] + 1, device=hidden_BLD.device)
        option_BKL = (laid.block_BL[:, None] == number_K[:, None]).float()
        option_BKL = option_BKL.scatter(2, laid.mask_BK[..., None], 0.0)
        text_BL = laid.text_BL.float()
        option_BKD = F.normalize(option_BKL @ hidden_BLD, dim=-1)
        text_BD = F.normalize((text_BL[:, None] @ hidden_BLD).squeeze(1), dim=-1)
        alike_BK = (option_BKD @ text_BD[..., None]).squeeze(-1)
        score_BK = no_yes_BK2[..., 1] - no_yes_BK2[..., 0] + self.likeness * alike_BK
        return score_BK.masked_fill(~laid.real_BK, -torch.inf)

    def forward(self, laid: Laid) -> torch.Tensor:
        """(B, K) scores."""
        return self.scores(laid, self.hidden(laid))


def _attention(layer: Any, x_BLD: torch.Tensor, seen_B1LL: torch.Tensor, heads: int) -> torch.Tensor:  # noqa: ANN401
    """What the tokens of a BERT layer see of one another, (B, L, D)."""
    attention = layer.attention.self
    query, key, value = (
        part(x_BLD).unflatten(-1, (heads, -1)).transpose(1, 2)
        for part in (attention.query, attention.key, attention.value)
    )
    mixed = F.scaled_dot_product_attention(query, key, value, attn_mask=seen_B1LL)
    return mixed.transpose(1, 2).flatten(2)


def save_choice(model: ChoiceModel, encoder: str, folder: Path) -> None:
    """Stores what is the model's own: the matrices of the layers in int8 with a scale a row, all else in fp16.

    Args:
        model: the model.
        encoder: SHA-256 of the base whose embeddings it shares.
        folder: where to.
    """
    folder.mkdir(parents=True, exist_ok=True)
    state = {key: value.detach() for key, value in model.own().items()}
    save_small(
        state, folder / "model.safetensors", rough=lambda key: key.startswith("layers.") and state[key].ndim == 2
    )
    (folder / "config.json").write_text(json.dumps({"encoder": encoder}, indent=1) + "\n", encoding="utf-8")
    write_sums(folder)


def choice_sha256(folder: Path = CHOICE) -> str:
    """Of the stored weights, so that a card can say which they were."""
    with (folder / "model.safetensors").open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def open_choice(base: Base, folder: Path = CHOICE) -> ChoiceModel:
    """The stored model on the embeddings of a base, in evaluation mode.

    Raises:
        OptionError: it was trained on another base's embeddings, or is not there.
    """
    if not (folder / "config.json").exists():
        raise OptionError(f"{folder} holds no multiple-choice model. Fix: install danlu again.")
    wanted = load_config(folder / "config.json").get("encoder")
    if wanted != base.sha256:
        raise OptionError("The multiple-choice model belongs to another encoder. Fix: use the embedded encoder.")
    model = ChoiceModel(base.model, (0, 0))
    missing = model.load_state_dict(load_small(folder / "model.safetensors"), strict=False)
    assert not missing.unexpected_keys
    assert all(key.startswith("embeddings.") for key in missing.missing_keys)
    return model.eval()
