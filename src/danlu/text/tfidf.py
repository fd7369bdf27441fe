"""TF-IDF over hashed n-grams as sparse matrices; needs scipy, which the shipped file does not.

Knows nothing of labels.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_matrix

from danlu.text.ngrams import ngrams

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

BITS = 22


def counts(texts: Sequence[str], bits: int = BITS) -> csr_matrix:
    """(texts, 2**bits) sparse counts of n-grams."""
    rows, columns, values = ngrams(texts, bits)
    return csr_matrix((values, (rows, columns)), shape=(len(texts), 1 << bits))


def inverse_document_frequency(matrix: csr_matrix) -> NDArray[np.float32]:
    """(features,) smoothed idf: ln((1 + n) / (1 + df)) + 1."""
    rows, features = matrix.shape  # pyright: ignore[reportGeneralTypeIssues] - the stub allows None
    frequency = np.bincount(matrix.indices, minlength=features)
    return (np.log((1 + rows) / (1 + frequency)) + 1).astype(np.float32)


def weighted(matrix: csr_matrix, idf: NDArray[np.float32]) -> csr_matrix:
    """Sublinear term frequency times idf, rows of unit length."""
    out = matrix.copy()
    out.data = (1 + np.log(out.data)) * idf[out.indices]
    squares = np.asarray(out.multiply(out).sum(1)).ravel()
    norm = np.sqrt(np.maximum(squares, 1e-12)).astype(np.float32)
    out.data = (out.data / np.repeat(norm, np.diff(out.indptr))).astype(np.float32)
    return out
