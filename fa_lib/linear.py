"""Linear networks: the one matrix that they are, and the minimum-norm solution."""

from functools import reduce

import numpy as np

from fa_lib import _checks
from fa_lib._arrays import Array, pseudoinverse
from fa_lib.network import State


def end_to_end(state: State) -> Array:
    """Return W_L ... W_1, the matrix that a linear network applies.

    Parameters
    ----------
    state : State

    Returns
    -------
    array (..., n_L, n_0)

    Raises
    ------
    ValueError
        If the shapes do not chain.
    """
    _checks.weights(state)
    return reduce(lambda product, W: W @ product, state.weights)


def minimum_norm(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return the matrix theta of least Frobenius norm among those that minimise ||x theta^T - y||.

    It is Y^T (X^+)^T, by the pseudoinverse: the target of Theorem 5.2.

    Parameters
    ----------
    x, y : array (..., N, n_0), array (..., N, n_L)
        Floats only.

    Returns
    -------
    array (..., n_L, n_0)

    Raises
    ------
    ValueError
        If the two do not fit, or an entry is not finite.

    Examples
    --------
    >>> minimum_norm(np.array([[1.0, 1.0]]), np.array([[2.0]])).round(12)
    array([[1., 1.]])
    """
    _checks.data(x, y)
    _checks.floats("x", x)
    return (pseudoinverse(x) @ y).mT


def row_space_split(w: np.ndarray, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Split the rows of w into their parts inside the row space of x and orthogonal to it.

    Parameters
    ----------
    w : array (..., m, n_0)
    x : array (..., N, n_0)
        Floats only.

    Returns
    -------
    inside, outside : arrays (..., m, n_0)
        Their sum is w. Training moves W_1 only inside.

    Raises
    ------
    ValueError
        If w and x differ in their number of columns, or an entry is not finite.
    """
    _checks.array("x", x)
    _checks.floats("x", x)
    _checks.columns("w", w, x.shape[-1])
    if w.dtype != x.dtype:
        _checks.refuse("w", f"dtype {w.dtype}", f"{x.dtype}, the dtype of x")
    _checks.leading(w, x)
    inside = w @ (pseudoinverse(x) @ x)
    return inside, w - inside
