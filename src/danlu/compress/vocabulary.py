"""Which tokens a student knows, and a tokenizer cut to them.

Words that are cut fall back to the characters and pieces they consist of, as far as these stay: single ASCII
characters always do. Knows tokenizers and the static embeddings of a base, not its layers.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING

import numpy as np
from tokenizers import Tokenizer

from danlu.models.base import token_ids

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from danlu.models.base import Base

_HAN_FROM, _HAN_TO = "\u4e00", "\u9fff"
COMMON_HANZI = 4_500  # of a base that has them in the order of frequency: kept though no text of the task has them
COMMON_LATIN = 8_000  # likewise, where what a token means alone has to be asked of the encoder


def small_tokenizer(base: Base, texts: Sequence[str], length: int, most: int) -> tuple[Tokenizer, NDArray[np.int64]]:
    """The base's tokenizer cut to what these texts use and to what their scripts use most.

    A few Chinese rows hold a few hundred hanzi and words; what a user asks tomorrow holds others. All hanzi are kept,
    and of everything else what the texts use most often. The hanzi and words of a base with static embeddings stand
    in the order of their frequency, and so, about, do pieces of Latin words: of its hanzi the common ones are kept, and
    where room is left, words and Latin pieces follow, as the texts use them.
    Tokens are numbered by how much they tell, the lightest first.

    Args:
        base: whose tokenizer.
        texts: of the lesson.
        length: tokens read of a text.
        most: tokens in all, if hanzi, characters and special tokens are fewer.
    """
    often = Counter(index for sequence in token_ids(base.tokenizer, texts, length) for index in sequence)
    characters = sorted({c for text in texts for c in text if not c.isspace()})
    kept = {index for sequence in token_ids(base.tokenizer, characters, 8) for index in sequence}
    names = {index: name for name, index in base.tokenizer.get_vocab().items()}
    chinese = [index for index in sorted(names) if _HAN_FROM <= names[index][:1] <= _HAN_TO]
    if any(_HAN_FROM <= c <= _HAN_TO for c in characters):
        hanzi = [index for index in chinese if len(names[index]) == 1]
        kept.update(hanzi if base.static is None else hanzi[:COMMON_HANZI])
    words = [index for index in chinese if len(names[index]) > 1] if base.static is not None else []
    latin = [index for index in sorted(names) if _is_latin(names[index])]
    used = sorted((index for index in often if index not in kept), key=lambda index: (-often[index], index))
    kept.update(used[: max(0, most - len(kept))])
    room = max(0, most - len(kept))
    used_of = [sum(often[index] for index in pieces) for pieces in (chinese, latin)]
    common = latin if base.static is not None else latin[:COMMON_LATIN]
    for pieces, count in zip((words, common), used_of, strict=True):
        kept.update([index for index in pieces if index not in kept][: room * count // max(1, sum(used_of))])
    return cut(base.tokenizer, kept, _telling(base, often))


def _is_latin(token: str) -> bool:
    letters = token.removeprefix("##").casefold()
    return bool(letters) and all("a" <= letter <= "z" for letter in letters)


def _telling(base: Base, often: Counter[int]) -> NDArray[np.float32]:
    """(vocabulary,) how much each token tells of a text: the weight of its static embedding, or else its rarity.

    By rarity, single characters tell least, since words fall back to them, and words that no text has tell most.

    Args:
        base: whose tokens.
        often: how often each stands in the texts.
    """
    if base.static is not None:
        return np.linalg.norm(base.static, axis=1)
    numbers = base.tokenizer.get_vocab()
    telling = np.full(max(numbers.values()) + 1, -np.inf, np.float32)
    words = [index for name, index in numbers.items() if len(name.removeprefix("##")) > 1]
    telling[words] = [-often[index] for index in words]
    return telling


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
