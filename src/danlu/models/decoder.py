"""Opens a decoder: the embedded one, or one that `danlu pretrain` made.

Knows where weights and vocabulary lie; does not know what is written with them.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from danlu.errors import OptionError
from danlu.models.quiet import quiet
from danlu.models.shelf import SHELF, write_sums
from danlu.models.storage import (
    damaged,
    load_config,
    load_small,
    load_tokenizer,
    save_config,
    save_small,
    save_tokenizer,
)
from danlu.text.tokenizer import literal, open_tokenizer

if TYPE_CHECKING:
    from tokenizers import Tokenizer
    from transformers import PreTrainedModel


_TABLE, _TIED = "model.embed_tokens.weight", "lm_head.weight"


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
        name: the `model` folder that `danlu pretrain` made; the embedded bilingual decoder if None.

    Raises:
        OptionError: there is no such folder, or it holds no decoder of danlu's.
    """
    from transformers import AutoModelForCausalLM

    if name is None:
        return _open_embedded(SHELF / "decoder")
    folder = Path(name)
    if not (folder / "tokenizer.json").is_file():
        raise OptionError(f"{folder} holds no decoder. Fix: give the model folder of danlu pretrain --kind decoder.")
    tokenizer = open_tokenizer(folder / "tokenizer.json")
    try:
        with quiet():
            model = AutoModelForCausalLM.from_pretrained(folder)
    except Exception as error:  # every library below raises types of its own for a folder that is not whole
        line = (str(error) or type(error).__name__).splitlines()[0]
        raise OptionError(f"{folder} cannot be opened ({line}). Fix: give the folder of a whole decoder.") from error
    return Decoder(name, tokenizer, model.float().eval())


def save_embedded_decoder(decoder: Decoder, folder: Path, card: str) -> None:
    """Stores a decoder small, with its card: token embeddings in int4, other matrices in int8, the rest in float16."""
    partial = folder.with_name(f".{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    state = {key: value for key, value in decoder.model.state_dict().items() if key != _TIED}
    weights = partial / "model.safetensors"
    save_small(state, weights, rough=lambda key: state[key].ndim == 2, coarse=lambda key: key == _TABLE)
    save_config(decoder.model.config, decoder.tokenizer.get_vocab_size(), partial / "config.json")
    save_tokenizer(decoder.tokenizer, partial)
    (partial / "CARD.md").write_text(card, encoding="utf-8")
    write_sums(partial)
    shutil.rmtree(folder, ignore_errors=True)
    partial.replace(folder)


def _open_embedded(folder: Path) -> Decoder:
    from transformers import Qwen3Config, Qwen3ForCausalLM

    if not folder.is_dir():
        raise OptionError(f"{folder} holds no decoder. Fix: install danlu again.")
    model = Qwen3ForCausalLM(Qwen3Config(**load_config(folder / "config.json")))
    weights = folder / "model.safetensors"
    state = load_small(weights)
    try:
        model.load_state_dict({**state, _TIED: state[_TABLE]})
    except (KeyError, RuntimeError) as error:
        raise damaged(weights, error) from error
    return Decoder("embedded", literal(load_tokenizer(folder)), model.eval())
