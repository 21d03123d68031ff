"""Dominance: in two layers with one output, when the conservation law makes the loss fall.

Unit j keeps c_j = v_j b_j - 1/2 ||w_j||^2, minus its `neuron_law`. Where no c_j is negative, the
loss never grows; where the gates allow, c_j also sets a rate.
"""

import numpy as np

from fa_lib import _checks
from fa_lib.laws import neuron_law
from fa_lib.network import forward
from fa_lib.state import State


def relu_certificate(state: State, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return a proven rate of a two-layer ReLU network, and the gates that stay open for ever.

    With all c_j = v_j b_j - 1/2 ||w_j||^2 >= 0, the gate of unit j for sample n stays open if

        h_jn > ||x_n|| abs(b_j) ||X||_2 ||E(0)|| / (lambda_min(X X^T) c*),

    where ||X||_2 is the spectral norm, E(0) the errors at this state, and c* the least sum, over
    samples, of the c_j of the units whose gates stay open. The gates returned are the largest such
    set, and the loss is at most its value at this state times exp(-rate * t).

    Parameters
    ----------
    state : State
        Two layers and one output, trained from here by the flow of feedback alignment on the
        squared error. NumPy's floats only.
    x, y : array (..., N, n_0), array (..., N, 1)

    Returns
    -------
    rate : array (...)
        2 lambda_min(X X^T) c*, in units of 1 / time. Zero, which promises nothing, where some c_j
        is negative, N > n_0, or some sample has no gate that is certain.
    gates : array (..., N, n_1)
        True for the gates that stay open.

    Raises
    ------
    ValueError
        If there are more layers or outputs, or shapes or dtypes do not fit.

    Notes
    -----
    Not in the paper; proved on the page about non-linear networks.

    Examples
    --------
    >>> W, v = np.array([[1.0, 0.0], [0.0, 1.0]]), np.array([[2.0, 2.0]])
    >>> x, y = np.eye(2), np.array([[1.5], [2.25]])
    >>> rate, gates = relu_certificate(State((W, v), (v / 2,)), x, y)
    >>> float(rate), gates.tolist()
    (3.0, [[True, False], [False, True]])
    """
    _checks.feedback(state)
    if len(state.weights) != 2:
        _checks.refuse("weights", f"{len(state.weights)} matrices", "two: one hidden layer")
    (W, v), (b,) = state
    if v.shape[-2] != 1:
        expected = f"(..., 1, {v.shape[-1]}), one output"
        _checks.refuse("W_2", f"shape {tuple(v.shape)}", expected)
    _checks.of_numpy("W_1", W)
    _checks.decomposable("W_1", W)
    _checks.batch(x, y, state)
    _, (h, f) = forward(state, x)
    (law,) = neuron_law(state)
    c = -law[..., :, None]  # as a column
    singular = np.linalg.svd(x, compute_uv=False)
    samples, n_0 = x.shape[-2:]
    least = singular[..., -1] ** 2 * (samples <= n_0)
    # Bounds on the way that h_jn can go, times lambda_min(X X^T) c*.
    size = singular[..., 0] * np.linalg.vector_norm(f - y, axis=(-2, -1))
    ways = np.linalg.vector_norm(x, axis=-1, keepdims=True) * abs(b) * size[..., None, None]
    gates = (h > 0) & np.all(c >= 0, axis=(-2, -1), keepdims=True) & np.ones_like(ways, bool)
    while True:  # each round gives up gates, so that this ends
        rate = least * np.min(gates @ c, axis=(-2, -1))
        kept = gates & (h * rate[..., None, None] > ways)
        if np.array_equal(kept, gates):
            return 2 * rate, gates
        gates = kept
