"""Task form: a linear classifier on the mean of a text's static embeddings.

Tokens that keep the same company have like vectors, so one that stands in a labelled text speaks for all those that
could stand there. Order is not seen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from danlu.models.base import means, token_ids
from danlu.models.pair import compared
from danlu.text.pair import pairing_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from danlu.models.base import Base


def encode(base: Base, texts: Sequence[str], length: int) -> NDArray[np.float32] | None:
    """(texts, width) unit vectors, or None where the base has no static embeddings; pairs are compared."""
    if base.static is None:
        return None
    return compared(means(base.static, token_ids(base.tokenizer, texts, length)), pairing_of(texts))
