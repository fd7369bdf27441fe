"""The embedded encoder with its head for hidden tokens, in the class that transformers has for it.

The head came after the encoder and moved nothing of it (`recipes/head_gpu.py`). Knows weights and tokens; does not know
what is done with what is found. Shapes: B texts, L tokens of the longest, M masks of all texts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

from danlu.errors import OptionError
from danlu.models.base import EMBEDDED, open_base, padded
from danlu.models.shelf import write_sums
from danlu.models.storage import damaged, load_small, save_small
from danlu.runtime import autocast

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from tokenizers import Tokenizer
    from transformers import BertForMaskedLM

HEAD = "head.safetensors"
# Names in the file, of `recipes.encoder_gpu.Encoder`, and in transformers.
_NAMES = {
    "transform.weight": "transform.dense.weight",
    "transform.bias": "transform.dense.bias",
    "norm.weight": "transform.LayerNorm.weight",
    "norm.bias": "transform.LayerNorm.bias",
    "bias": "bias",
}


def open_masked(head: Path = EMBEDDED / HEAD) -> tuple[Tokenizer, BertForMaskedLM]:
    """The tokenizer and the embedded encoder with its head, in evaluation mode.

    Args:
        head: the file of the head's weights.

    Raises:
        OptionError: a file is missing or damaged.
    """
    from transformers import BertForMaskedLM

    if not head.is_file():
        raise OptionError(f"{head.parent} holds no head for hidden tokens. Fix: install danlu again.")
    base = open_base()
    encoder: Any = base.model
    model = BertForMaskedLM(encoder.config)
    model.bert = encoder
    state = load_small(head)
    if state.keys() != _NAMES.keys() or not all(value.isfinite().all() for value in state.values()):
        raise damaged(head, ValueError("it lacks weights, or some are no finite numbers"))
    try:
        model.cls.predictions.load_state_dict({_NAMES[key]: value for key, value in state.items()}, strict=False)
    except RuntimeError as error:
        raise damaged(head, error) from error
    model.tie_weights()
    model.cls.predictions.decoder.bias = model.cls.predictions.bias
    return base.tokenizer, model.eval()


def save_head(state: Mapping[str, torch.Tensor], folder: Path = EMBEDDED) -> None:
    """Stores a head beside the encoder it belongs to, in float16."""
    assert state.keys() == _NAMES.keys()
    save_small(dict(state), folder / HEAD)
    write_sums(folder)


@torch.inference_mode()
def fill(
    tokenizer: Tokenizer, model: BertForMaskedLM, texts: Sequence[str], most: int = 5
) -> list[list[list[tuple[str, float]]]]:
    """What may stand in the places marked [MASK]: of each text, of each of its masks, tokens with their probabilities.

    Args:
        tokenizer: of the model.
        model: with a head.
        texts: "今天天气很[MASK]。"; without a mark, nothing is found.
        most: tokens for a mask, likeliest first.

    Raises:
        OptionError: a text has more tokens than the encoder has places.
    """
    if not texts:
        return []
    mask, places = tokenizer.token_to_id("[MASK]"), model.config.max_position_embeddings
    sequences = [encoding.ids for encoding in tokenizer.encode_batch(list(texts))]
    if (longest := max(map(len, sequences))) > places:
        raise OptionError(f"A text has {longest} tokens, and the encoder reads {places}. Fix: cut it around its mask.")
    ids_BL, seen_BL = padded(sequences)
    with autocast(ids_BL.device):
        x_BLD = model.bert(input_ids=ids_BL, attention_mask=seen_BL).last_hidden_state
    where_BL = ids_BL == mask
    probability_MV = model.cls(x_BLD[where_BL].float()).softmax(-1)
    found = probability_MV.topk(most, dim=-1)
    rows = iter(zip(found.indices.tolist(), found.values.tolist(), strict=True))
    out: list[list[list[tuple[str, float]]]] = []
    for count in where_BL.sum(1).tolist():
        some = [next(rows) for _ in range(count)]
        out.append([[(str(tokenizer.id_to_token(i)), p) for i, p in zip(*row, strict=True)] for row in some])
    return out
