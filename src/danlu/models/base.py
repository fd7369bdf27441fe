"""Opens a base model: the embedded bilingual encoder, or any Hugging Face encoder by name or path.

Knows where weights lie and how they are stored; does not know what they are used for.
"""

from __future__ import annotations

import copy
import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from tokenizers import Tokenizer

from danlu.errors import OptionError
from danlu.models.narrow import CONFIG as NARROW_CONFIG
from danlu.models.narrow import WEIGHTS as NARROW
from danlu.models.narrow import load_narrow
from danlu.models.quiet import quiet
from danlu.models.shelf import SUMS, write_sums
from danlu.models.storage import (
    damaged,
    load_config,
    load_small,
    load_tokenizer,
    save_config,
    save_small,
    save_tokenizer,
)
from danlu.runtime import autocast
from danlu.text.pair import sides

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray
    from transformers import PreTrainedModel

    from danlu.models.narrow import Narrow
    from danlu.types import Pairing

EMBEDDED = Path(__file__).parent / "embedded" / "encoder"
STATIC = "static.safetensors"
_TABLE = "embeddings.word_embeddings.weight"


@dataclass(frozen=True)
class Base:
    """An encoder with its tokenizer.

    Attributes:
        name: what the user called it; "embedded" for the package's own.
        sha256: of the weights and of the static embeddings after them, so that a card can say which they were.
        tokenizer: a Rust tokenizer, without truncation or padding.
        model: hidden states out, (batch, length, hidden).
        static: (vocabulary, width) what each token means wherever it stands, as long as it should weigh in a mean; None
            where the base has no such table.
        narrow: what the narrow student begins as, which reads the same tokens; None where the base has none.
    """

    name: str
    sha256: str
    tokenizer: Tokenizer
    model: PreTrainedModel
    static: NDArray[np.float32] | None = None
    narrow: Narrow | None = None


def open_base(name: str | None = None) -> Base:
    """Opens the embedded encoder (None) or a Hugging Face encoder.

    Args:
        name: a folder, or a name on the hub; the hub is asked only if the name is no folder.

    Raises:
        OptionError: the name cannot be opened as an encoder with a fast tokenizer.
    """
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "true")
    if name is None:
        return _open_embedded(EMBEDDED)
    from transformers import AutoModel, AutoTokenizer

    try:
        with quiet():
            model = AutoModel.from_pretrained(name).float().eval()
            wrapper = AutoTokenizer.from_pretrained(name, use_fast=True)
        _try(model)
    except Exception as error:  # every library below raises types of its own for a folder that is not whole
        raise OptionError(
            f"--base {name} cannot be opened ({(str(error) or type(error).__name__).splitlines()[0]}). "
            "Fix: give the folder of a Hugging Face encoder, or a hub name while online."
        ) from error
    backend = getattr(wrapper, "backend_tokenizer", None)
    if backend is None or backend.get_vocab_size() <= len(wrapper.all_special_tokens):
        raise OptionError(f"--base {name} has no fast tokenizer. Fix: choose a base with a tokenizer.json.")
    tokenizer = Tokenizer.from_str(backend.to_str())
    tokenizer.no_truncation()
    tokenizer.no_padding()
    digest = hashlib.sha256()
    for key, value in sorted(model.state_dict().items()):
        digest.update(key.encode())
        digest.update(value.detach().float().contiguous().numpy().tobytes())
    return Base(name, digest.hexdigest(), tokenizer, model.eval())


def _try(model: PreTrainedModel) -> None:
    """Raises whatever a model raises that is no encoder of token ids with one stack of layers."""
    layers(model)
    token_embeddings(model)
    with torch.inference_mode():
        pooled(model, *padded([[0, 1]]))


def _open_embedded(folder: Path) -> Base:
    from transformers import BertConfig, BertModel

    weights = folder / "model.safetensors"
    model = BertModel(BertConfig(**load_config(folder / "config.json")), add_pooling_layer=False)
    state = load_small(weights)
    try:
        model.load_state_dict(state)
    except RuntimeError as error:
        raise damaged(weights, error) from error
    digest = hashlib.sha256(weights.read_bytes())
    static = None
    if _has(folder, STATIC):
        static = load_small(folder / STATIC)["static"].numpy()
        digest.update((folder / STATIC).read_bytes())
    sha256, narrow = digest.hexdigest(), None
    if static is not None and _has(folder, NARROW):
        narrow = load_narrow(folder, sha256, token_embeddings(model).embedding_dim, static.shape[1])
    return Base("embedded", sha256, load_tokenizer(folder), model.eval(), static, narrow)


def _has(folder: Path, name: str) -> bool:
    """Whether a file is there, or ought to be."""
    return (folder / name).exists() or name in (folder / SUMS).read_text(encoding="utf-8")


def save_embedded(
    model: PreTrainedModel, tokenizer: Tokenizer, folder: Path, static: NDArray[np.float32] | None = None
) -> None:
    """Stores an encoder small: token and static embeddings in int4, other matrices in int8, everything else in fp16.

    Args:
        model: the encoder.
        tokenizer: its vocabulary.
        folder: where to.
        static: (vocabulary, width) static embeddings, or None.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name in (NARROW, NARROW_CONFIG):  # those of an earlier encoder
        (folder / name).unlink(missing_ok=True)
    state = {key: value for key, value in model.state_dict().items() if not key.startswith("pooler.")}
    weights = folder / "model.safetensors"
    save_small(state, weights, rough=lambda key: state[key].ndim == 2, coarse=lambda key: key == _TABLE)
    save_config(model.config, tokenizer.get_vocab_size(), folder / "config.json")
    if static is not None:
        save_small({"static": torch.from_numpy(static)}, folder / STATIC, coarse=lambda _: True)
    save_tokenizer(tokenizer, folder)
    write_sums(folder)


def layers(model: PreTrainedModel) -> torch.nn.ModuleList:
    """The stack of transformer layers of an encoder, whatever its architecture calls it."""
    depth = model.config.num_hidden_layers
    for module in model.modules():
        if isinstance(module, torch.nn.ModuleList) and len(module) == depth:
            return module
    raise ValueError(f"{type(model).__name__} has no stack of {depth} layers")


def most_tokens(model: PreTrainedModel, wanted: int) -> int:
    """As many tokens of a text as are wanted, or as an encoder has places for."""
    return min(wanted, getattr(model.config, "max_position_embeddings", None) or wanted)


def tunable(model: PreTrainedModel) -> PreTrainedModel:
    """A copy whose layers can be trained, and nothing else of it."""
    copied = copy.deepcopy(model)
    for parameter in copied.parameters():
        parameter.requires_grad_(False)
    for parameter in layers(copied).parameters():
        parameter.requires_grad_(True)
    return copied


def token_embeddings(model: PreTrainedModel) -> torch.nn.Embedding:
    """The table from token id to vector, whatever the architecture calls it."""
    table = model.get_input_embeddings()
    assert isinstance(table, torch.nn.Embedding)
    return table


def means(static: NDArray[np.float32], sequences: Sequence[Sequence[int]]) -> NDArray[np.float32]:
    """(texts, width) unit vectors along the means of static embeddings; zeros where no token of a text has any.

    Args:
        static: (vocabulary, width), each row as long as its token weighs.
        sequences: token ids of each text.
    """
    sums = np.array([static[list(ids)].sum(0) for ids in sequences], np.float32).reshape(-1, static.shape[1])
    return sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-9)


def token_ids(tokenizer: Tokenizer, texts: Sequence[str], length: int) -> list[list[int]]:
    """Token ids of each text with its special tokens, cut to `length`; of both sides of a pair, one after the other."""
    tokenizer.enable_truncation(length)
    try:
        return [encoding.ids for encoding in tokenizer.encode_batch([side for text in texts for side in sides(text)])]
    finally:
        tokenizer.no_truncation()


def by_row(sequences: Sequence[Sequence[int]], pairing: Pairing | None) -> list[Sequence[Sequence[int]]]:
    """What `token_ids` gives, a row each: the one sequence of a text, or the two of a pair."""
    size = 2 if pairing else 1
    return [sequences[start : start + size] for start in range(0, len(sequences), size)]


def padded(sequences: Sequence[Sequence[int] | NDArray[np.int64]], pad: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    """Token ids and attention mask, both (batch, longest), int64; one token long at least."""
    longest = max(1, *(len(sequence) for sequence in sequences))
    ids = torch.full((len(sequences), longest), pad, dtype=torch.long)
    mask = torch.zeros((len(sequences), longest), dtype=torch.long)
    for row, sequence in enumerate(sequences):
        ids[row, : len(sequence)] = torch.as_tensor(sequence)
        mask[row, : len(sequence)] = 1
    return ids, mask


def pooled(model: torch.nn.Module, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """(batch, length) tokens to (batch, hidden): the mean over real tokens, scaled to unit length."""
    hidden = model(input_ids=ids, attention_mask=mask).last_hidden_state.float()
    weight = mask.unsqueeze(-1).to(hidden.dtype)
    return torch.nn.functional.normalize((hidden * weight).sum(1) / weight.sum(1), dim=-1)


@torch.inference_mode()
def embed(
    model: torch.nn.Module,
    sequences: Sequence[Sequence[int]],
    *,
    batch: int = 64,
    progress: Callable[[int], object] | None = None,
) -> NDArray[np.float32]:
    """(texts, hidden) unit vectors of token ids, batched by length.

    Args:
        model: an encoder whose output has `last_hidden_state`.
        sequences: token ids a text.
        batch: texts at a time.
        progress: called with the number of texts after each batch.
    """
    order = np.argsort([len(sequence) for sequence in sequences], kind="stable")
    where = next(model.parameters()).device
    out: list[NDArray[np.float32]] = []
    for start in range(0, len(order), batch):
        ids, mask = padded([sequences[i] for i in order[start : start + batch]])
        with autocast(where):
            vectors = pooled(model, ids.to(where), mask.to(where))
        out.append(vectors.cpu().numpy())
        if progress:
            progress(len(out[-1]))
    found = np.concatenate(out)
    result = np.empty_like(found)
    result[order] = found
    return result
