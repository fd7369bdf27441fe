"""Opens a decoder: one that `danlu pretrain` made, or the embedded one where the package has one.

Knows where weights and vocabulary lie; does not know what is written with them.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from danlu.errors import OptionError
from danlu.models.shelf import SHELF
from danlu.text.tokenizer import open_tokenizer

if TYPE_CHECKING:
    from tokenizers import Tokenizer
    from transformers import PreTrainedModel


@dataclass(frozen=True)
class Decoder:
    """A causal language model with its vocabulary.

    Attributes:
        name: what the user called it; "embedded" for the package's own.
        tokenizer: in danlu's form: START, END and the other special tokens have their places.
        model: logits out, (batch, length, vocabulary).
    """

    name: str
    tokenizer: Tokenizer
    model: PreTrainedModel


def open_decoder(name: str | None = None) -> Decoder:
    """Opens a decoder.

    Args:
        name: the `model` folder that `danlu pretrain` made; the embedded decoder if None.

    Raises:
        OptionError: there is no such folder, or it holds no decoder of danlu's.
    """
    from transformers import AutoModelForCausalLM

    folder = SHELF / "decoder" if name is None else Path(name)
    if not (folder / "tokenizer.json").is_file():
        what = f"{folder} holds no decoder" if name else "The package has no decoder yet"
        raise OptionError(f"{what}. Fix: give the model folder of danlu pretrain --kind decoder.")
    tokenizer = open_tokenizer(folder / "tokenizer.json")
    try:
        model = AutoModelForCausalLM.from_pretrained(folder)
    except Exception as error:  # every library below raises types of its own for a folder that is not whole
        line = (str(error) or type(error).__name__).splitlines()[0]
        raise OptionError(f"{folder} cannot be opened ({line}). Fix: give the folder of a whole decoder.") from error
    return Decoder(name or "embedded", tokenizer, model.float().eval())
