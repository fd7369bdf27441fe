"""Softmax regression on fixed features with soft targets, to the optimum.

Knows matrices only. Full batch L-BFGS: a few thousand rows take under a second, and there is no step to tune.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.optimize import minimize
from scipy.special import log_softmax

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix

    Features = NDArray[np.float32] | csr_matrix


@dataclass(frozen=True)
class Linear:
    """weight (features, labels) and bias (labels,)."""

    weight: NDArray[np.float32]
    bias: NDArray[np.float32]

    def logits(self, features: Features) -> NDArray[np.float32]:
        """(rows, features) to (rows, labels)."""
        return np.asarray(features @ self.weight + self.bias, dtype=np.float32)


def softmax_regression(
    features: Features,
    targets: NDArray[np.floating[Any]],
    *,
    strength: float,
    weights: NDArray[np.floating[Any]] | None = None,
    iterations: int = 100,
) -> Linear:
    """Minimises the weighted cross-entropy plus |W|² / (2 strength); the bias is free.

    Args:
        features: (rows, features), dense or CSR.
        targets: (rows, labels), each row a distribution.
        strength: the inverse of the L2 penalty, scikit-learn's C.
        weights: (rows,), 1 by default.
        iterations: at most this many L-BFGS steps.
    """
    rows, width = features.shape  # pyright: ignore[reportGeneralTypeIssues]
    labels = targets.shape[1]
    scale = np.ones(rows, np.float32) if weights is None else weights.astype(np.float32)
    wanted = targets.astype(np.float32)

    def objective(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        parameters = flat.reshape(width + 1, labels).astype(np.float32)
        logits = features @ parameters[:-1] + parameters[-1]
        log_probability = log_softmax(logits, axis=1)
        residual = (np.exp(log_probability) - wanted) * scale[:, None]
        gradient = np.empty((width + 1, labels), np.float64)
        gradient[:-1] = features.T @ residual + parameters[:-1] / strength
        gradient[-1] = residual.sum(0)
        loss = -float((wanted * log_probability).sum(1) @ scale) + float((parameters[:-1] ** 2).sum()) / (2 * strength)
        return loss, gradient.ravel()

    start = np.zeros((width + 1) * labels)
    found = minimize(objective, start, jac=True, method="L-BFGS-B", options={"maxiter": iterations, "maxcor": 8})
    parameters = found.x.reshape(width + 1, labels).astype(np.float32)
    return Linear(parameters[:-1], parameters[-1])
