"""Softmax regression, or a logistic one for each label, on fixed features with soft targets, to the optimum.

Knows matrices only. Full batch L-BFGS: a few thousand rows take under a second, and there is no step to tune. A few
sparse rows with very many weights are fitted in the space that the rows span (the kernel trick, with dense
coordinates).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.linalg import cholesky, solve_triangular
from scipy.optimize import minimize
from scipy.special import log_softmax
from threadpoolctl import ThreadpoolController

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix

    Features = NDArray[np.float32] | csr_matrix


# Coordinates are rows × rows: 6,000 rows take 150 MB, four times that on the way, and a few seconds.
MOST_ROWS = 6_000
# A weight costs an iteration about as much as this many numbers of a dense matrix of coordinates.
WEIGHT_COST = 8


@dataclass(frozen=True)
class Linear:
    """weight (features, labels) and bias (labels,)."""

    weight: NDArray[np.float32]
    bias: NDArray[np.float32]

    def logits(self, features: Features) -> NDArray[np.float32]:
        """(rows, features) to (rows, labels)."""
        return np.asarray(features @ self.weight + self.bias, dtype=np.float32)


def coordinates(features: csr_matrix) -> NDArray[np.float32]:
    """(rows, rows), lower triangular: dense rows with the inner products of the sparse ones.

    A ten-thousandth of the mean square stands on the diagonal as well, so that repeated and empty rows are no trouble.
    """
    gram = np.asarray((features @ features.T).toarray(), dtype=np.float64)
    gram[np.diag_indices_from(gram)] += 1e-4 * max(gram.trace() / len(gram), 1e-12)
    factor = cholesky(gram.T, lower=True, check_finite=False, overwrite_a=True)  # symmetric: no copy is needed
    return np.ascontiguousarray(factor, np.float32)  # row by row: products with a few columns are faster


def dual(own: NDArray[np.float32], head: Linear) -> NDArray[np.float32]:
    """(rows, labels): what each row weighs, so that a text's logits are its inner products with the rows times this.

    Args:
        own: the coordinates of the rows.
        head: fitted on coordinates.
    """
    return np.asarray(solve_triangular(own, head.weight, lower=True, trans=1, check_finite=False), np.float32)


@lru_cache(maxsize=1)
def _scipy_blas() -> ThreadpoolController:
    """The BLAS of scipy's wheel.

    numpy's wheel brings one of its own. Where an optimiser of scipy calls products of numpy, two pools of spinning
    threads share the cores, and every product takes ten times as long.
    """
    found = ThreadpoolController()
    return found.select(filepath=[str(lib.filepath) for lib in found.lib_controllers if "scipy.libs" in lib.filepath])


def softmax_regression(
    features: Features,
    targets: NDArray[np.floating[Any]],
    *,
    strength: float,
    weights: NDArray[np.floating[Any]] | None = None,
    iterations: int = 100,
    apart: bool = False,
) -> Linear:
    """Minimises the weighted cross-entropy plus |W|² / (2 strength); the bias is free.

    Args:
        features: (rows, features), dense or CSR.
        targets: (rows, labels), each row a distribution; of labels apart, the probability of each.
        strength: the inverse of the L2 penalty, scikit-learn's C.
        weights: (rows,), 1 by default.
        iterations: at most this many L-BFGS steps.
        apart: whether each label is a decision of its own, with a logistic regression of its own.
    """
    rows, width = features.shape  # pyright: ignore[reportGeneralTypeIssues]
    labels = targets.shape[1]
    many = WEIGHT_COST * width * labels > rows * rows
    if not isinstance(features, np.ndarray) and many and rows <= min(width, MOST_ROWS):
        own = coordinates(features)
        inside = softmax_regression(
            own, targets, strength=strength, weights=weights, iterations=iterations, apart=apart
        )
        return Linear(np.asarray(features.T @ dual(own, inside), np.float32), inside.bias)
    scale = np.ones(rows, np.float32) if weights is None else weights.astype(np.float32)
    wanted = targets.astype(np.float32)

    def objective(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        parameters = flat.reshape(width + 1, labels).astype(np.float32)
        logits = features @ parameters[:-1] + parameters[-1]
        log_probability = log_softmax(logits, axis=1) if not apart else -np.logaddexp(np.float32(0), -logits)
        residual = (np.exp(log_probability) - wanted) * scale[:, None]
        gradient = np.empty((width + 1, labels), np.float64)
        gradient[:-1] = features.T @ residual + parameters[:-1] / strength
        gradient[-1] = residual.sum(0)
        likely = wanted * log_probability
        if apart:  # the log-probability of not holding is that of holding less the logit
            likely += (1 - wanted) * (log_probability - logits)
        loss = -float(likely.sum(1) @ scale) + float((parameters[:-1] ** 2).sum()) / (2 * strength)
        return loss, gradient.ravel()

    start = np.zeros((width + 1) * labels)
    with _scipy_blas().limit(limits=1):
        found = minimize(objective, start, jac=True, method="L-BFGS-B", options={"maxiter": iterations, "maxcor": 8})
    parameters = found.x.reshape(width + 1, labels).astype(np.float32)
    return Linear(parameters[:-1], parameters[-1])
