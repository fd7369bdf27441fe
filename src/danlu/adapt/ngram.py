"""Task form: a linear classifier on hashed n-grams with TF-IDF weights.

Knows no model. Few texts span a small space whatever the number of features, so each is represented by its dense
coordinates there, and heads are fitted again and again at the price of a few thousand features.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg import solve_triangular

from danlu.text import tfidf
from danlu.train.regression import coordinates

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix


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

    def place(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """(texts, rows) coordinates of other texts in it."""
        sparse = tfidf.weighted(tfidf.counts(texts), self.idf)
        inner = np.asarray((self.sparse @ sparse.T).todense())
        return np.asarray(solve_triangular(self.coordinates, inner, lower=True, check_finite=False).T, np.float32)
