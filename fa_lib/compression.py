"""Train where the data are: N samples span at most N of the n_0 input dimensions.

W_1 moves by dW_1/dt = -sum over samples of delta_1 x^T, inside the row space of X. With orthonormal
columns Z that span it, W_1 = W_1 Z Z^T + W_perp: the first part trains in N dimensions, the second
sees no sample, and rests unless the weights decay.
"""

from typing import NamedTuple

from fa_lib import _checks
from fa_lib._arrays import Array, Result, namespace
from fa_lib.state import State


class Expansion(NamedTuple):
    """The way back from a compressed state: W_1 = (small W_1) Z^T + W_perp.

    Attributes
    ----------
    basis : array (..., n_0, r)
        Z, orthonormal columns that span the rows of X; r is the lesser of N and n_0.
    frozen : array (..., n_1, n_0)
        W_perp, the part of W_1 that training does not move. The laws of the compressed state lack
        its share: `neuron_law` 1/2 ||w||^2 of each row w, `layer_law` their sum, and `matrix_law`
        W_perp W_perp^T, all of the first hidden layer.
    """

    basis: Result
    frozen: Result

    def __call__(self, small: State) -> State:
        """Return the full state that a compressed one stands for."""
        _checks.weights(small)
        _checks.carried(small)
        W, *others = small.weights
        _checks.array("W_1", W, like=self.basis)
        expected = (self.frozen.shape[-2], self.basis.shape[-1])
        if tuple(W.shape[-2:]) != expected:
            _checks.refuse("W_1", f"shape {tuple(W.shape)}", f"(..., {expected[0]}, {expected[1]})")
        _checks.leading(*small.weights, self.frozen)
        return State((W @ self.basis.mT + self.frozen, *others), small.feedback)


def compress(state: State, x: Array) -> tuple[State, Result, Expansion]:
    """Replace n_0 inputs by as many as there are samples; the network trains the same.

    With the rows of X in the span of orthonormal columns Z, train (W_1 Z, W_2, ..) on X Z. Every
    step, of every batch of these samples, is that of the full network, at a cost without n_0. It
    holds for any activation and loss, and for each rule that moves W_1 by dW_1/dt = -sum over
    samples of delta_1 x^T: for all rules here but those with weight decay, which moves W_perp too.

    Parameters
    ----------
    state : State
        Floats only, of float32 or more.
    x : array (..., N, n_0)
        All samples that training will see, as rows. They may be linearly dependent. If
        N >= n_0 the result is correct, but no smaller.

    Returns
    -------
    small_state : State
        With W_1 Z, (..., n_1, r), for W_1; r is the lesser of N and n_0.
    small_x : array (..., N, r)
        X Z. Take minibatches from it.
    expand : Expansion
        ``expand(small)`` is the full state, which takes any other input too; ``expand.frozen`` is
        the part that does not move, and ``expand.basis`` is Z.

    Raises
    ------
    ValueError
        If shapes or dtypes do not fit, or an entry is not finite.

    Notes
    -----
    Not in the paper. By a QR decomposition of X^T, once.

    Examples
    --------
    >>> import numpy as np
    >>> from fa_lib import initial_state
    >>> rng = np.random.default_rng(0)
    >>> state, x = initial_state((1000, 5, 2), rng=rng), rng.standard_normal((3, 1000))
    >>> small, small_x, expand = compress(state, x)
    >>> small.weights[0].shape, small_x.shape, expand(small).weights[0].shape
    ((5, 3), (3, 3), (5, 1000))
    """
    _checks.weights(state)
    W, *others = state.weights
    _checks.samples("x", x, state, W.shape[-1])
    _checks.lapack("x", x)
    _checks.carried(state)
    _checks.leading(*state.weights, *state.feedback, x)
    basis, _ = namespace(x).linalg.qr(x.mT)
    inside = W @ basis
    small = State((inside, *others), state.feedback)
    return small, x @ basis, Expansion(basis, W - inside @ basis.mT)
