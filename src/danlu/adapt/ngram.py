"""Task form: a linear classifier on hashed n-grams with TF-IDF weights.

Knows no model. Few rows span a small space whatever the number of features, so texts are represented exactly by the
rows of a Cholesky factor of their Gram matrix (the kernel trick with dense coordinates): fitting then costs the same
for ten thousand features as for a million.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg import cholesky
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
    frequency = np.bincount(matrix.indices, minlength=matrix.shape[1])
    return (np.log((1 + matrix.shape[0]) / (1 + frequency)) + 1).astype(np.float32)


def tfidf(matrix: csr_matrix, idf: NDArray[np.float32]) -> csr_matrix:
    """Sublinear term frequency times idf, rows of unit length."""
    weighted = matrix.copy()
    weighted.data = (1 + np.log(weighted.data)) * idf[weighted.indices]
    squares = np.asarray(weighted.multiply(weighted).sum(1)).ravel()
    norm = np.sqrt(np.maximum(squares, 1e-12)).astype(np.float32)
    weighted.data = (weighted.data / np.repeat(norm, np.diff(weighted.indptr))).astype(np.float32)
    return weighted


def dense(weighted: csr_matrix) -> NDArray[np.float32]:
    """(texts, texts) coordinates whose inner products are those of the sparse rows."""
    gram = np.asarray((weighted @ weighted.T).todense(), dtype=np.float64)
    gram[np.diag_indices_from(gram)] += 1e-4
    return cholesky(gram, lower=True, check_finite=False, overwrite_a=True).astype(np.float32)
