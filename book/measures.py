"""What several pages measure of a network: products, losses, what is left of the error.

A path is a State with an axis of time in front; of it, all times are measured
at once.
"""

from typing import Any

from numpy.linalg import matrix_norm as norm

import fa_lib as fa


def inner(A: Any, B: Any) -> Any:
    """Return the trace inner product <A, B> of the last two axes, in any arithmetic."""
    return (A * B).sum(-1).sum(-1)


def departure(series: Any) -> Any:
    """Return how far a series was from its start at its farthest, without the axis of time."""
    return abs(series - series[0]).max(axis=0)


def change(laws: Any) -> Any:
    """Return the farthest departure of all: of a law along a path, or of a tuple of laws."""
    each = laws if isinstance(laws, tuple) else (laws,)
    return max(departure(law).max() for law in each)


def scaled_to(W: Any, other: Any) -> Any:
    """Return each matrix W, made as large as another by its Frobenius norm."""
    ratio: Any = norm(other) / norm(W)
    return W * ratio[..., None, None]


def total_loss(
    state: fa.State, x: Any, y: Any, activation: fa.Activation = fa.relu
) -> Any:
    """Return the squared error, summed over samples and outputs and halved."""
    _, (*_, prediction) = fa.forward(state, x, activation=activation)
    return fa.squared_error.value(prediction, y)


def error(state: fa.State, x: Any, y: Any) -> Any:
    """Return E = W_L .. W_1 X^T - Y^T of a linear network."""
    return fa.end_to_end(state) @ x.mT - y.mT


def misfit(state: fa.State, x: Any, y: Any) -> Any:
    """Return ||E|| / ||Y|| of a linear network."""
    return norm(error(state, x, y)) / norm(y)


def distance(state: fa.State, x: Any, y: Any) -> Any:
    """Return how far a linear network is from the minimum-norm solution."""
    return norm(fa.end_to_end(state) - fa.minimum_norm(x, y))
