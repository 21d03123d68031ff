"""The comparator W* = (U, B_2, ..., B_L): the network that feedback alignment is drawn towards.

Its first layer U is free, the others are the feedback. Along feedback alignment, whatever the
activation, the loss and the data,

    d/dt 1/2 ||W - W*||^2 = - sum over samples of e . (f - f^),

where f^ is what the comparator predicts with each activation replaced by its tangent at the
preactivations of the network, and each wire by its tangent at what it reads there.
"""

from fa_lib import _checks
from fa_lib._arrays import Array, Result, inner
from fa_lib.activations import relu
from fa_lib.network import forward, wires_of
from fa_lib.state import Activation, State


def comparator(state: State, U: Array, *, activation: Activation = relu) -> State:
    """Return the network W* = (U, B_2, ..., B_L), with the feedback of the state.

    Parameters
    ----------
    state : State
        With feedback of the shape of the weights it replaces. For a path, the comparator has one
        time, as the feedback has.
    U : array (..., n_1, n_0)
        The first layer of the comparator.
    activation : Activation
        Only its wires are used.

    Returns
    -------
    State

    Raises
    ------
    ValueError
        If shapes or dtypes do not fit, or an entry is not finite.

    Notes
    -----
    Not in the paper; see the page on why feedback alignment converges.
    """
    _checks.kind("activation", activation, Activation)
    _checks.feedback(state, activation.wires)
    _checks.array("U", U, like=state.weights[0])
    expected = tuple(state.weights[0].shape[-2:])
    if tuple(U.shape[-2:]) != expected:
        _checks.refuse("U", f"shape {tuple(U.shape)}", f"{_checks.dims(*expected)}, that of W_1")
    _checks.leading(*state.weights, *state.feedback, U)
    return State((U, *state.feedback), state.feedback)


def squared_distance(state: State, U: Array, *, activation: Activation = relu) -> Result:
    """Return ||W - W*||^2, the squared distance of all weights from those of the comparator.

    Parameters
    ----------
    state, U, activation
        As in `comparator`. For a path, the distance at each time is returned.

    Returns
    -------
    array (...)

    Raises
    ------
    ValueError
        As `comparator`.

    Notes
    -----
    Not in the paper; proved on the page on why feedback alignment converges: in a deep linear
    network this distance never grows, if W* minimises a convex loss.

    Examples
    --------
    >>> from fractions import Fraction
    >>> import numpy as np
    >>> one = np.array([[Fraction(1)]])
    >>> squared_distance(State((one, one / 2), (3 * one,)), 2 * one)
    Fraction(29, 4)
    """
    pairs = zip(state.weights, comparator(state, U, activation=activation).weights, strict=True)
    distance: Result = sum(inner(W - V, W - V) for W, V in pairs)
    return distance


def comparator_prediction(
    state: State, U: Array, x: Array, *, activation: Activation = relu
) -> Result:
    """Return f^: what the comparator predicts through the tangents of the network's activations.

    With the preactivations h of the state, and its activities a = phi(h),

        a^_0 = x,  a^_i = a_i + phi'(h_i) (W*_i a^_{i-1} - h_i),  f^ = B_L a^_{L-1}.

    A wire is applied to a_i, and its derivative at a_i to a^_i - a_i.
    For degree 1 this is the comparator behind the gates that are open in the network now; in a
    linear network it is B_L ... B_2 U x, whatever the weights.

    Parameters
    ----------
    state, U
        As in `comparator`.
    x : array (..., N, n_0)
        The samples, as rows.
    activation : Activation
        Of any degree, or of none.

    Returns
    -------
    array (..., N, n_L)

    Raises
    ------
    ValueError
        As `comparator` and `forward`.

    Notes
    -----
    Not in the paper; see the page on why feedback alignment converges.

    Examples
    --------
    >>> import numpy as np
    >>> one = np.ones((1, 1))
    >>> state = State((one, one), (3 * one,))
    >>> comparator_prediction(state, 2 * one, np.array([[1.0], [-1.0]]))  # its gate shuts for -1
    array([[6.],
           [0.]])
    """
    *hidden, readout = comparator(state, U, activation=activation).weights
    received, (*preactivations, _) = forward(state, x, activation=activation)
    theirs = received[0]
    layers = zip(
        hidden, preactivations, received[1:], wires_of(activation, state.weights)[1:], strict=True
    )
    for V, h, ours, wire in layers:
        slope = activation.derivative(h)
        theirs = slope * (theirs @ V.mT)
        if activation.degree != 1:  # for degree 1 the tangent passes through the origin
            theirs = theirs + (activation.value(h) - slope * h)
        if wire:
            a = activation.value(h)
            theirs = ours + wire.tangent(a, theirs - a)
    return theirs @ readout.mT
