"""A base model of the package as a folder that transformers opens, for whoever works with other tools.

Knows which class a model has. Does not know what is done with it.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

from danlu.errors import OptionError
from danlu.factory.base_folder import framed
from danlu.models.decoder import open_decoder
from danlu.models.masked import open_masked
from danlu.models.quiet import quiet

if TYPE_CHECKING:
    from pathlib import Path

_BERT = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]", "mask_token": "[MASK]"}


def hand_over(name: str, out: Path) -> str:
    """Writes a model in float32 with its tokenizer: the encoder with its head, or the decoder; whole or not at all.

    Args:
        name: of the model in the package.
        out: a folder that does not exist.

    Returns:
        The Auto class that opens it for what it was trained for.

    Raises:
        OptionError: the folder exists, or transformers has no class for the model.
    """
    from transformers import PreTrainedTokenizerFast

    if out.exists():
        raise OptionError(f"{out} exists. Fix: choose another --out.")
    model: Any
    if name == "encoder":
        tokenizer, model = open_masked()
        whole = PreTrainedTokenizerFast(tokenizer_object=tokenizer, model_max_length=512, **_BERT)
        opens = "AutoModelForMaskedLM"
    elif name == "decoder":
        decoder = open_decoder()
        model, whole, opens = decoder.model, framed(decoder.tokenizer), "AutoModelForCausalLM"
    else:
        raise OptionError(f"transformers has no class for {name}. Fix: danlu ask uses it; give encoder or decoder.")
    out.parent.mkdir(parents=True, exist_ok=True)
    partial = out.with_name(f".{out.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        with quiet():
            model.save_pretrained(partial)
        whole.save_pretrained(partial)
        partial.replace(out)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return opens
