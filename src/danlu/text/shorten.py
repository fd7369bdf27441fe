"""Which tokens of a long text a model reads that reads only so many: in training and in the shipped file alike.

The tokens of a student's vocabulary are numbered by how much they tell: the higher the number, the more. Other
vocabularies are nearly so, as they are written down from the most frequent token to the rarest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence


def shorten(ids: Sequence[int], length: int) -> list[int]:
    """The first and the last token, which frame a text, and between them those that tell most, in their order.

    Each token counts where it first stands; its repeats are read if there is room for them.

    Args:
        ids: of a text, with its special tokens.
        length: tokens to keep; the frame stays even if this is less than two.
    """
    if len(ids) <= max(2, length):
        return list(ids)
    inner = np.asarray(ids[1:-1])
    repeated = np.ones(len(inner), bool)
    repeated[np.unique(inner, return_index=True)[1]] = False
    kept = np.lexsort((-inner, repeated))[: max(0, length - 2)]
    return [ids[0], *inner[np.sort(kept)].tolist(), ids[-1]]


def shorten_pair(first: Sequence[int], second: Sequence[int], length: int) -> tuple[list[int], list[int]]:
    """The sides of a pair that is read as one row: so many tokens of each, and of one what the other leaves over."""
    of_first, of_second = (max(length, 2 * length - len(other)) for other in (second, first))
    return shorten(first, of_first), shorten(second, of_second)
