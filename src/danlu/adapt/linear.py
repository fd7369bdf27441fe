"""Task form: a linear classifier on the vectors of the frozen base encoder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from danlu.models.base import embed, token_ids
from danlu.models.pair import compared
from danlu.text.pair import pairing_of, sides

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import torch
    from numpy.typing import NDArray
    from tokenizers import Tokenizer

WORTH_SHARING = 2 / 3  # of all sides of ordered pairs are distinct at most: then each is read once for all options


@dataclass(frozen=True)
class Centre:
    """Where the texts of this task lie: few tasks use the whole sphere, and what all texts share tells nothing.

    Attributes:
        mean: (hidden,) mean vector of the task's texts.
    """

    mean: NDArray[np.float32]

    def apply(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """(texts, hidden) moved to the centre and scaled to unit length."""
        centred = vectors - self.mean
        return centred / (np.linalg.norm(centred, axis=1, keepdims=True) + 1e-6)


def encode(
    model: torch.nn.Module,
    tokenizer: Tokenizer,
    texts: Sequence[str],
    length: int,
    progress: Callable[[int], None] | None = None,
) -> NDArray[np.float32]:
    """(texts, hidden) unit vectors of an encoder as it stands; of pairs, (texts, comparison) of both sides' vectors."""
    pairing, done = pairing_of(texts), 0
    written = [side for text in texts for side in sides(text)]
    place = {side: number for number, side in enumerate(dict.fromkeys(written))}
    repeated = pairing == "ordered" and len(place) <= WORTH_SHARING * len(written)
    read = len(place) if repeated else len(written)

    def tell(count: int) -> None:
        nonlocal done
        before, done = done, done + count
        if progress:
            progress(done * len(texts) // read - before * len(texts) // read)

    if repeated:
        vectors = embed(model, token_ids(tokenizer, list(place), length), progress=tell)
        return compared(vectors[[place[side] for side in written]], pairing)
    return compared(embed(model, token_ids(tokenizer, texts, length), progress=tell), pairing)
