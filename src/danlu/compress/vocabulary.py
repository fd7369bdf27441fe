"""Cuts a tokenizer to the tokens a task uses.

Words that are cut fall back to the characters and pieces they consist of, as far as these stay: single ASCII
characters always do. Knows tokenizers, not models.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
from tokenizers import Tokenizer

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray


def cut(tokenizer: Tokenizer, used: Iterable[int], weight: NDArray[np.float32]) -> tuple[Tokenizer, NDArray[np.int64]]:
    """A smaller tokenizer, its tokens numbered by weight, and the old id of each.

    Only WordPiece vocabularies are cut; any other tokenizer is returned whole.

    Args:
        tokenizer: without truncation or padding.
        used: token ids that must stay, beside special tokens and single ASCII characters.
        weight: (vocabulary,) how much each token tells: special tokens have the lowest numbers, then the lightest.

    Returns:
        the tokenizer, and (new vocabulary,) old ids.
    """
    state = json.loads(tokenizer.to_str())
    size = tokenizer.get_vocab_size()
    if state["model"]["type"] != "WordPiece":
        return tokenizer, np.arange(size)
    keep = set(used)
    names: dict[int, str] = {index: name for name, index in tokenizer.get_vocab().items()}
    special = {token["id"] for token in state["added_tokens"] if token["special"]}
    special.add(state["model"]["vocab"][state["model"]["unk_token"]])
    keep |= special | {i for i, name in names.items() if len(name.removeprefix("##")) == 1 and name.isascii()}
    told = weight.copy()
    told[list(special)] = -np.inf
    order = sorted((i for i in keep if i in names), key=lambda i: (told[i], i))
    new = {old: i for i, old in enumerate(order)}
    # Added words as well: where the model does not know them, they are numbered as they come, whatever is written.
    state["model"]["vocab"] = {names[old]: index for old, index in new.items()}
    state["added_tokens"] = [token | {"id": new[token["id"]]} for token in state["added_tokens"] if token["id"] in new]
    _renumber(state["post_processor"], new)
    return Tokenizer.from_str(json.dumps(state, ensure_ascii=False)), np.array(order)


def _renumber(node: object, new: dict[int, int]) -> None:
    """Replaces token ids inside a post-processor's description, whatever its type."""
    if isinstance(node, dict):
        if "ids" in node and "tokens" in node:  # a special token of TemplateProcessing
            node["ids"] = [new[i] for i in node["ids"]]
        for key, value in node.items():
            if key in {"sep", "cls"} and isinstance(value, list) and len(value) == 2:  # BertProcessing
                node[key] = [value[0], new[value[1]]]
            else:
                _renumber(value, new)
    elif isinstance(node, list):
        for value in node:
            _renumber(value, new)
