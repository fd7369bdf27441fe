"""The narrow encoder: few layers of half the width, trained to end where the embedded encoder ends.

Light students begin as it. It has no table of tokens of its own: one matrix makes a token's row of what the encoder
knows of it, another of its static embedding, and the sum is read. Knows tensors and two files; `recipes/narrow.py`
trains it as Jiao et al. (TinyBERT, 2020) train theirs on general text.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

import torch
from torch import nn

from danlu.errors import OptionError
from danlu.models.shelf import SHELF
from danlu.models.storage import damaged, load_config, load_small, save_small

if TYPE_CHECKING:
    from pathlib import Path

    from transformers import BertConfig

ENCODER = SHELF / "encoder"
WEIGHTS, CONFIG = "narrow.safetensors", "narrow.json"

# Shapes: B texts, L tokens, N tokens of a vocabulary, E width of the encoder, S of static embeddings, D of this.


class Narrow(nn.Module):
    """Layers of width D, and what makes their inputs.

    Args:
        config: of the layers; its vocabulary is not used.
        tokens: E.
        static: S.
    """

    def __init__(self, config: BertConfig, tokens: int, static: int) -> None:
        from transformers import BertModel

        super().__init__()
        self.from_tokens = nn.Linear(tokens, config.hidden_size, bias=False)
        self.from_static = nn.Linear(static, config.hidden_size, bias=False)
        self.body = BertModel(config, add_pooling_layer=False)

    def rows(self, tokens_NE: torch.Tensor, static_NS: torch.Tensor) -> torch.Tensor:
        """(N, D) what the layers read of tokens; any shape before the last dimension."""
        return self.from_tokens(tokens_NE) + self.from_static(static_NS)

    def forward(self, rows_BLD: torch.Tensor, mask_BL: torch.Tensor) -> torch.Tensor:
        """(B, L, D) hidden states."""
        return self.body(inputs_embeds=rows_BLD, attention_mask=mask_BL).last_hidden_state


def config_of(width: int, depth: int, length: int) -> BertConfig:
    """Layers with heads of 32, feed-forward four times as wide, no dropout."""
    from transformers import BertConfig

    return BertConfig(
        vocab_size=1,
        hidden_size=width,
        num_hidden_layers=depth,
        num_attention_heads=width // 32,
        intermediate_size=4 * width,
        max_position_embeddings=length,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
    )


def save_narrow(narrow: Narrow, encoder: str, folder: Path) -> None:
    """Stores it beside an encoder: matrices in int8, everything else in fp16.

    Args:
        narrow: the narrow encoder.
        encoder: SHA-256 of the base whose tables it reads.
        folder: where to.
    """
    state = {key: value.detach() for key, value in narrow.state_dict().items()}
    save_small(state, folder / WEIGHTS, rough=lambda key: state[key].ndim == 2)
    body = narrow.body.config
    shape = {"encoder": encoder, "width": body.hidden_size, "depth": body.num_hidden_layers}
    shape["length"] = body.max_position_embeddings
    (folder / CONFIG).write_text(json.dumps(shape, indent=1) + "\n", encoding="utf-8")


def narrow_sha256(folder: Path = ENCODER) -> str:
    """Of the stored weights and of what they belong to, so that a card can say which they were."""
    digest = hashlib.sha256((folder / CONFIG).read_bytes())
    digest.update((folder / WEIGHTS).read_bytes())
    return digest.hexdigest()


def load_narrow(folder: Path, encoder: str, tokens: int, static: int) -> Narrow:
    """What `save_narrow` stored.

    Args:
        folder: where.
        encoder: SHA-256 of the base that it stands beside.
        tokens: E.
        static: S.

    Raises:
        OptionError: a file is not there, or not whole, or belongs to another encoder.
    """
    shape = load_config(folder / CONFIG)
    if shape.pop("encoder", None) != encoder:
        raise OptionError(
            f"{folder / WEIGHTS} belongs to another encoder. Fix: train it again, or install danlu again."
        )
    try:
        narrow = Narrow(config_of(**shape), tokens, static)
    except TypeError as error:
        raise damaged(folder / CONFIG, error) from error
    try:
        narrow.load_state_dict(load_small(folder / WEIGHTS))
    except RuntimeError as error:
        raise damaged(folder / WEIGHTS, error) from error
    return narrow.eval()
