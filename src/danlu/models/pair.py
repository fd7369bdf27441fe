"""How two sides of a pair are compared: one function of two vectors, for every encoder, teacher and student alike.

Each side is encoded by itself and the two vectors are compared (Reimers and Gurevych, Sentence-BERT, 2019), so a text
that stands in many pairs is the same vector in all of them. Knows vectors; does not know texts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch.nn import functional as F  # noqa: N812 - the field's name for it

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from danlu.types import Pairing

# Shapes: N pairs, S = 2N sides, D width of a side's vector, C width of a comparison.


def width(side: int, pairing: Pairing | None) -> int:
    """C, the width of what `compare` makes of vectors with `side` numbers."""
    return {None: side, "unordered": 2 * side + 1, "ordered": 3 * side + 1}[pairing]


def cosine_place(comparison: int, pairing: Pairing) -> int:
    """Where in a comparison of C numbers the cosine stands: after products and distances."""
    return comparison - 1 if pairing == "unordered" else 2 * (comparison - 1) // 3


def compare(sides_SD: torch.Tensor, pairing: Pairing | None) -> torch.Tensor:
    """(2N, D) unit vectors, the two sides of a pair in a row, to (N, C) unit vectors; as they are for single texts.

    Products and distances, number by number, with their sum, the cosine, as a number of its own: what few rows can
    learn is how near the sides are, what many can is in which respects. Where order matters the difference joins them,
    which changes its sign with it.
    """
    if pairing is None:
        return sides_SD
    first_ND, second_ND = sides_SD.unflatten(0, (-1, 2)).unbind(1)
    product_ND, difference_ND = first_ND * second_ND, first_ND - second_ND
    scale = 0.5 * sides_SD.shape[1] ** 0.5  # about as long as the distances: numbers of unit vectors are near 1 / √D
    parts = [scale * product_ND, difference_ND.abs(), product_ND.sum(1, keepdim=True)]
    if pairing == "ordered":
        parts.append(difference_ND)
    return F.normalize(torch.cat(parts, 1), dim=-1)


def compared(sides: NDArray[np.float32], pairing: Pairing | None) -> NDArray[np.float32]:
    """`compare` for arrays."""
    return compare(torch.from_numpy(sides), pairing).numpy()
