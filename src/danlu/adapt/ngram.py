"""Task form: a linear classifier on hashed n-grams with TF-IDF weights.

Knows no model. Few texts span a small space whatever the number of features, so each is represented by its dense
coordinates there, and heads are fitted again and again at the price of a few thousand features.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from danlu.text import tfidf
from danlu.train.regression import Linear, coordinates, dual

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix

BLOCK = 2_000  # texts counted at a time


@dataclass(frozen=True)
class Space:
    """The n-gram features of a set of texts.

    Attributes:
        idf: (features,) learned on all of them.
        sparse: (rows, features) TF-IDF.
        coordinates: (rows, rows) dense, with the same inner products.
    """

    idf: NDArray[np.float32]
    sparse: csr_matrix
    coordinates: NDArray[np.float32]

    @classmethod
    def of(cls, texts: Sequence[str]) -> Space:
        """The space that these texts span."""
        counts = tfidf.counts(texts)
        idf = tfidf.inverse_document_frequency(counts)
        sparse = tfidf.weighted(counts, idf)
        return cls(idf, sparse, coordinates(sparse))

    def logits(self, texts: Sequence[str], head: Linear) -> NDArray[np.float32]:
        """(texts, labels) of other texts, by a head that was fitted on coordinates."""
        weight = dual(self.coordinates, head)
        out = [np.zeros((0, len(head.bias)), np.float32)]
        for start in range(0, len(texts), BLOCK):
            sparse = tfidf.weighted(tfidf.counts(texts[start : start + BLOCK]), self.idf)
            out.append(np.asarray((sparse @ self.sparse.T) @ weight + head.bias, np.float32))
        return np.concatenate(out)
