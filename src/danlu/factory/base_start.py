"""Where the embeddings of a fresh model begin: with the company that tokens keep in its text.

Knows shards and tables. A minute of counting saves many of training.
"""

from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING

import numpy as np
import torch
from tqdm import tqdm

from danlu.archive import write_whole
from danlu.models.base import token_embeddings
from danlu.train.cooccurrence import count_neighbours, static_embeddings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray
    from transformers import PreTrainedModel

    from danlu.corpus.shards import Shard

_COUNTED = 50_000_000  # tokens at most, the same share of each source
_WINDOW = 4  # nearer than where topics are asked for: the next token has to be guessed


def keep_counted(path: Path, shards: Sequence[Shard], vocabulary: int, width: int, *, quiet: bool) -> None:
    """Writes (vocabulary, width) static embeddings of the text, unless they are there.

    Args:
        path: of the .npy file.
        shards: of the sources.
        vocabulary: tokens in all.
        width: of the model.
        quiet: no progress on standard error.
    """
    if path.exists():
        return
    share = _COUNTED // len(shards)
    total = sum(min(share, len(shard.tokens)) for shard in shards)
    with tqdm(total=total, unit=" tokens", unit_scale=True, desc="embeddings", disable=quiet, file=sys.stderr) as bar:
        neighbours, frequency = count_neighbours(_beginnings(shards, share, bar.update), vocabulary, _WINDOW)
        bar.set_description("embeddings: directions")
        found = static_embeddings(neighbours, frequency, min(width, vocabulary))
    buffer = io.BytesIO()
    np.save(buffer, np.pad(found, ((0, 0), (0, width - found.shape[1]))))
    write_whole(path, buffer.getvalue(), force=True)


def begin_with(model: PreTrainedModel, table: NDArray[np.float32]) -> None:
    """Gives tokens that were counted their static embedding's direction, at the length of the fresh ones.

    Args:
        model: with fresh weights; changed.
        table: (vocabulary, width), zeros where a token was not counted.
    """
    weight = token_embeddings(model).weight.data
    length = np.linalg.norm(table, axis=1, keepdims=True)
    counted = torch.from_numpy((length > 0).ravel())
    unit = torch.from_numpy(table / np.maximum(length, 1e-12))
    weight[counted] = unit[counted] * weight.norm(dim=1).mean()


def _beginnings(shards: Sequence[Shard], share: int, progress: Callable[[int], object]) -> Iterator[NDArray[np.int32]]:
    """The pieces at the beginning of each shard, up to so many tokens of each."""
    for shard in shards:
        left = share
        for index in range(len(shard.lengths)):
            if left <= 0:
                break
            piece = shard.piece(index).astype(np.int32)
            left -= len(piece)
            progress(len(piece))
            yield piece
