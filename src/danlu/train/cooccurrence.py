"""Static embeddings: what a token means by the company it keeps, learned by counting.

Neighbours within a window are counted, turned into positive pointwise mutual information, and the matrix of that into
a few dozen or hundred directions by a randomised singular value decomposition; this does what word2vec does, the same
every time, in minutes (Levy, Goldberg and Dagan, 2015). The length of a row is what the token should weigh in a mean
over a text (smooth inverse frequency: Arora, Liang and Ma, 2017).

Knows sequences of token ids and matrices. Does not know texts or tokenizers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse
from sklearn.utils.extmath import randomized_svd

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

_BLOCK = 3_000_000  # tokens counted at a time
_CONTEXTS = 0.75  # the exponent of contexts' frequencies: rare ones say less than their ratio claims
_ITERATIONS = 3  # of the randomised decomposition
_STRENGTH = 0.25  # the exponent of singular values: large directions are the least specific
_COMMON = 2e-4  # the share of all tokens at which a token weighs half

# Shapes: V tokens of the vocabulary, D directions.


def count_neighbours(
    sequences: Iterable[NDArray[np.int32]], vocabulary: int, window: int = 8
) -> tuple[sparse.csr_matrix, NDArray[np.int64]]:
    """How often tokens stand near one another, in both directions; a neighbour k places away counts 1/√k.

    Args:
        sequences: token ids of each text; there are no neighbours across texts.
        vocabulary: V.
        window: the farthest neighbour counted, in tokens.

    Returns:
        (V, V) symmetric counts, and (V,) how often each token stands anywhere.
    """
    counts = sparse.csr_matrix((vocabulary, vocabulary), dtype=np.float32)
    frequency = np.zeros(vocabulary, np.int64)
    for block in _blocks(sequences, window):
        frequency += np.bincount(block[block >= 0], minlength=vocabulary)
        for distance in range(1, window + 1):
            left, right = block[:-distance], block[distance:]
            real = (left >= 0) & (right >= 0)
            value = np.full(int(real.sum()), distance**-0.5, np.float32)
            near = sparse.coo_matrix((value, (left[real], right[real])), shape=counts.shape)
            counts = counts + near.tocsr()
    return counts + counts.T, frequency


def static_embeddings(
    neighbours: sparse.csr_matrix, frequency: NDArray[np.int64], width: int, seed: int = 0
) -> NDArray[np.float32]:
    """(V, width) rows in the directions of largest association, each as long as the token should weigh.

    Args:
        neighbours: (V, V) counts.
        frequency: (V,) how often each token stands anywhere; one that never does gets a row of zeros.
        width: D, at most V.
        seed: of the random projection.
    """
    totals = np.asarray(neighbours.sum(1, dtype=np.float64)).ravel()
    usual = totals**_CONTEXTS
    usual /= max(usual.sum(), 1e-12)
    of_token, of_context = (np.log(np.maximum(values, 1e-12)).astype(np.float32) for values in (totals, usual))
    information = np.log(neighbours.data)
    information -= np.repeat(of_token, np.diff(neighbours.indptr))
    information -= of_context[neighbours.indices]
    np.maximum(information, 0, out=information)
    positive = sparse.csr_matrix((information, neighbours.indices, neighbours.indptr), shape=neighbours.shape)
    rounds: Any = _ITERATIONS  # the stubs know "auto" alone
    left, strength, _ = randomized_svd(positive, width, n_iter=rounds, random_state=seed)
    rows = left * strength**_STRENGTH
    rows /= np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)
    share = frequency / max(frequency.sum(), 1)
    weight = np.where(frequency > 0, _COMMON / (_COMMON + share), 0.0)
    return np.asarray(rows * weight[:, None], np.float32)


def _blocks(sequences: Iterable[NDArray[np.int32]], window: int) -> Iterable[NDArray[np.int32]]:
    """Texts one after another, with places between them that are no token."""
    gap = np.full(window, -1, np.int32)
    parts: list[NDArray[np.int32]] = []
    size = 0
    for sequence in sequences:
        parts += [sequence, gap]
        size += len(sequence)
        if size >= _BLOCK:
            yield np.concatenate(parts)
            parts, size = [], 0
    if parts:
        yield np.concatenate(parts)
