"""Alignment: cosines between weights and feedback, and between the signals of two rules.

A cosine keeps its sign: what points against the feedback has a negative cosine and an angle of
more than 90 degrees.
"""

import math
from collections.abc import Sequence

from fa_lib import _checks
from fa_lib._arrays import Array, Result, inner, is_lazy_array, namespace, stack_last
from fa_lib.activations import relu
from fa_lib.losses import squared_error
from fa_lib.network import propagate
from fa_lib.rules import feedback_alignment, gradient_descent
from fa_lib.state import Activation, Loss, Rule, State


def weight_alignment(state: State) -> Result:
    """Return the cosine between W_{i+1} and B_{i+1} for each hidden layer i.

    Parameters
    ----------
    state : State
        Floats only, with feedback of the shape of the weights it replaces.

    Returns
    -------
    array (..., L-1)
        From -1 to 1, dimensionless; not a number where one of the two is zero.

    Raises
    ------
    ValueError
        If shapes or dtypes do not fit.

    Notes
    -----
    The layer-wise alignment of Robertson & Koyejo (arXiv 2306.01870).

    Examples
    --------
    >>> import numpy as np
    >>> W_1, W_2, B_2 = np.ones((2, 3)), np.array([[3.0, 0.0]]), np.array([[-4.0, 0.0]])
    >>> weight_alignment(State((W_1, W_2), (B_2,)))
    array([-1.])
    """
    _checks.feedback(state)
    _checks.floats("W_1", state.weights[0])
    return _cosines(state.weights[1:], state.feedback)


def neuron_alignment(state: State) -> tuple[Result, ...]:
    """Return the cosine between v and b for each hidden neuron: its outgoing columns of W and B.

    Parameters
    ----------
    state : State
        As in `weight_alignment`.

    Returns
    -------
    tuple of arrays (..., n_i), one for each hidden layer
        From -1 to 1, dimensionless; not a number where one of the two is zero. With a single
        output, v and b are numbers, and their cosine is 1 or -1.

    Raises
    ------
    ValueError
        As `weight_alignment`.

    Notes
    -----
    Not in the paper; the angle that belongs to `neuron_law`.

    Examples
    --------
    >>> import numpy as np
    >>> W_2, B_2 = np.array([[3.0, 0.0], [0.0, 2.0]]), np.array([[1.0, 1.0], [0.0, 0.0]])
    >>> neuron_alignment(State((np.ones((2, 3)), W_2), (B_2,)))
    (array([1., 0.]),)
    """
    _checks.feedback(state)
    _checks.floats("W_1", state.weights[0])
    return tuple(map(_cosine, map(_columns, state.weights[1:]), map(_columns, state.feedback)))


def signal_alignment(
    state: State,
    x: Array,
    y: Array,
    *,
    rule: Rule = feedback_alignment,
    reference: Rule = gradient_descent,
    activation: Activation = relu,
    loss: Loss = squared_error,
) -> Result:
    """Return the cosine between the teaching signals of two rules, for each hidden layer.

    All samples count as one long vector, so that samples of larger error weigh more.

    Parameters
    ----------
    state : State
        Floats only.
    x, y : array (..., N, n_0), array (..., N, n_L)
    rule, reference : Rule
        Whose signals are compared, at the same state.
    activation, loss
        As in `velocity`.

    Returns
    -------
    array (..., L-1)
        From -1 to 1, dimensionless; not a number where a signal is zero.

    Raises
    ------
    ValueError
        If shapes or dtypes do not fit, or an entry is not finite.

    Notes
    -----
    The angle of Lillicrap et al. (2016) is its arc cosine.
    """
    _, ours, theirs = _hidden_signals(state, x, y, rule, reference, activation, loss)
    return _cosines(ours, theirs)


def update_alignment(
    state: State,
    x: Array,
    y: Array,
    *,
    rule: Rule = feedback_alignment,
    reference: Rule = gradient_descent,
    activation: Activation = relu,
    loss: Loss = squared_error,
) -> Result:
    """Return the cosine between the weight updates of two rules, for each hidden layer.

    The update of layer i is -sum over samples of delta_i a_{i-1}^T. It is this cosine, and not that
    of the signals, whose sign tells whether the rule's motion of layer i lowers the loss.

    Parameters
    ----------
    state, x, y, rule, reference, activation, loss
        As in `signal_alignment`.

    Returns
    -------
    array (..., L-1)
        From -1 to 1, dimensionless; not a number where an update is zero. The read-out is left out:
        it learns from the output error itself under every rule.

    Raises
    ------
    ValueError
        As `signal_alignment`.

    Notes
    -----
    Along a rule the loss changes at the rate <dW_i/dt, gradient_i>, summed over layers.
    Where the reference is gradient descent, each term has the sign opposite to this cosine.
    """
    inputs, *signals = _hidden_signals(state, x, y, rule, reference, activation, loss)
    ours, theirs = (list(map(_update, deltas, inputs)) for deltas in signals)
    return _cosines(ours, theirs)


def _update(delta: Array, a: Array) -> Result:
    return delta.mT @ a


def _hidden_signals(
    state: State,
    x: Array,
    y: Array,
    rule: Rule,
    reference: Rule,
    activation: Activation,
    loss: Loss,
) -> tuple[list[Result], Sequence[Result], Sequence[Result]]:
    """Return a_0..a_{L-1}, and delta_1..delta_{L-1} by each of the two rules."""
    _checks.run(state, x, y, rule, activation, loss)
    _checks.network(state, reference, activation.wires, name="reference")
    _checks.floats("W_1", state.weights[0])
    inputs, passages, prediction = propagate(state.weights, x, activation)
    error = loss.error(prediction, y)
    ours, theirs = (each.signals(state, passages, error, y)[:-1] for each in (rule, reference))
    return inputs, ours, theirs


def angle(cosine: Array) -> Result:
    """Return the angle of a signed cosine, in degrees: 0 along, 90 across, 180 against.

    Parameters
    ----------
    cosine : array, of any shape
        As the other functions of this module return it. Floats only.

    Returns
    -------
    array of the same shape
        From 0 to 180; not a number where the cosine is not.

    Raises
    ------
    ValueError
        If it is not an array of floats, or lies outside -1 to 1 by more than rounding.

    Notes
    -----
    As Lillicrap et al. (2016) measure it. Near 0 and 180 the rounding of a cosine in float64 is
    worth 1e-6 degrees.

    Examples
    --------
    >>> import numpy as np
    >>> angle(np.array([1.0, 0.0, -1.0]))
    array([  0.,  90., 180.])
    """
    _checks.plain("cosine", cosine)
    if "float" not in str(cosine.dtype):
        _checks.refuse("cosine", f"dtype {cosine.dtype}", "an array of a floating-point dtype")
    xp = namespace(cosine)
    rounding = float(xp.finfo(cosine.dtype).eps) ** 0.5
    if not is_lazy_array(cosine) and bool(xp.any(xp.abs(cosine) > 1 + rounding)):
        _checks.refuse("cosine", "an entry beyond 1 or -1", "entries from -1 to 1")
    return xp.acos(xp.clip(cosine, -1, 1)) * (180 / math.pi)


def _cosines(ours: Sequence[Array], theirs: Sequence[Array]) -> Result:
    cosines = [_cosine(A, B) for A, B in zip(ours, theirs, strict=True)]
    return stack_last(cosines, like=ours[0])


def _cosine(A: Array, B: Array) -> Result:
    """Return the cosine between the matrices of two stacks, nan where one of them is zero."""
    xp = namespace(A)
    A, B = _unit(A), _unit(B)
    squares = inner(A, A) * inner(B, B)
    defined = squares > 0
    # Divide by one where there is no angle: 0 / 0 would warn before it gives nan.
    norms = xp.sqrt(xp.where(defined, squares, xp.ones_like(squares)))
    return xp.where(defined, inner(A, B) / norms, xp.full_like(squares, xp.nan))


def _columns(A: Array) -> Result:
    """Make a stack of matrices of one row each from the columns: (..., m, n) -> (..., n, 1, m)."""
    return A.mT[..., None, :]


def _unit(A: Array) -> Result:
    """Scale each matrix so that its largest entry is 1: squares then stay within the floats."""
    xp = namespace(A)
    largest = xp.max(xp.abs(A), axis=(-2, -1), keepdims=True)
    return A / xp.where(largest > 0, largest, xp.ones_like(largest))
