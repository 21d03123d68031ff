"""Alignment: cosines between weights and feedback, and between the signals of two rules."""

from fa_lib import _checks
from fa_lib._arrays import Array, inner, namespace, stack_last
from fa_lib.network import Activation, Loss, State, propagate, relu, squared_error
from fa_lib.rules import Rule, feedback_alignment, gradient_descent, teach


def weight_alignment(state: State) -> Array:
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
    """
    _checks.feedback(state)
    _checks.floats("W_1", state.weights[0])
    return _cosines(state.weights[1:], state.feedback)


def signal_alignment(
    state: State,
    x: Array,
    y: Array,
    *,
    rule: Rule = feedback_alignment,
    reference: Rule = gradient_descent,
    activation: Activation = relu,
    loss: Loss = squared_error,
) -> Array:
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
    _checks.run(state, x, y, rule)
    _checks.network(state, reference)
    _checks.floats("W_1", state.weights[0])
    _, preactivations = propagate(state.weights, x, activation)
    ours, theirs = (
        teach(state, preactivations, y, each, activation, loss)[:-1] for each in (rule, reference)
    )
    return _cosines(ours, theirs)


def _cosines(ours: tuple[Array, ...], theirs: tuple[Array, ...]) -> Array:
    xp = namespace(*ours)
    cosines = []
    for A, B in zip(map(_unit, ours), map(_unit, theirs), strict=True):
        squares = inner(A, A) * inner(B, B)
        defined = squares > 0
        # Divide by one where there is no angle: 0 / 0 would warn before it gives nan.
        norms = xp.sqrt(xp.where(defined, squares, xp.ones_like(squares)))
        cosines.append(xp.where(defined, inner(A, B) / norms, xp.nan * xp.ones_like(squares)))
    return stack_last(cosines, like=ours[0])


def _unit(A: Array) -> Array:
    """Scale each matrix so that its largest entry is 1: squares then stay within the floats."""
    xp = namespace(A)
    largest = xp.max(xp.abs(A), axis=(-2, -1), keepdims=True)
    return A / xp.where(largest > 0, largest, xp.ones_like(largest))
