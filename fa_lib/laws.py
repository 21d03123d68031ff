"""Conserved quantities of feedback alignment, and their exact twins for finite steps.

Every law has the form (something quadratic in W_i) - k (something linear in W_{i+1}), where k is
the degree of the activation. Along the flow it is constant. A step of any size adds to it exactly
the quadratic part of the step: `discrete_law` subtracts what was added, and is constant again.
"""

from collections.abc import Callable, Iterable, Iterator

from fa_lib import _checks
from fa_lib._arrays import Array, inner, namespace
from fa_lib.network import State


def layer_law(state: State, degree: int = 1) -> Array:
    """Return 1/2 ||W_i||^2 - k <W_{i+1}, B_{i+1}> for each hidden layer i (Theorem 5.1).

    Parameters
    ----------
    state : State
        With feedback of the shape of the weights it replaces.
    degree : number
        k, the activation's degree of homogeneity.

    Returns
    -------
    array (..., L-1)

    Raises
    ------
    ValueError
        If shapes or dtypes do not fit, or ``degree`` is not a number.

    Notes
    -----
    Robertson & Koyejo (arXiv 2306.01870), Theorem 5.1, where k = 1.
    """
    layers = _layers(state, degree)
    laws = [inner(W, W) / 2 - degree * inner(after, B) for W, after, B in layers]
    return namespace(*state.weights).stack(laws, axis=-1)


def neuron_law(state: State, degree: int = 1) -> tuple[Array, ...]:
    """Return 1/2 ||w||^2 - k v.b for each hidden neuron: incoming row w, outgoing columns v, b.

    Parameters
    ----------
    state, degree
        As in `layer_law`.

    Returns
    -------
    tuple of arrays (..., n_i), one for each hidden layer
        Their sums over neurons are `layer_law`.

    Raises
    ------
    ValueError
        As `layer_law`.
    """
    xp = namespace(*state.weights)
    return tuple(
        xp.sum(W * W, axis=-1) / 2 - degree * xp.sum(after * B, axis=-2)
        for W, after, B in _layers(state, degree)
    )


def matrix_law(state: State) -> tuple[Array, ...]:
    """Return W_i W_i^T - B_{i+1}^T W_{i+1} - W_{i+1}^T B_{i+1}, conserved in linear networks.

    Parameters
    ----------
    state : State
        As in `layer_law`.

    Returns
    -------
    tuple of arrays (..., n_i, n_i), one for each hidden layer
        Symmetric; the diagonal is twice `neuron_law`, the trace twice `layer_law`.

    Raises
    ------
    ValueError
        If shapes or dtypes do not fit.
    """
    return tuple(W @ W.mT - B.mT @ after - after.mT @ B for W, after, B in _layers(state, degree=1))


def _layers(state: State, degree: int) -> list[tuple[Array, Array, Array]]:
    """Return each layer's weights, those of the next, and the feedback between."""
    _checks.feedback(state)
    _checks.degree(degree)
    return list(zip(state.weights, state.weights[1:], state.feedback, strict=False))


Law = Callable[[State], Array | tuple[Array, ...]]


def discrete_law(states: Iterable[State], law: Law = layer_law) -> Iterator[tuple[Array, ...]]:
    """Yield law(state) less the quadratic parts of all steps so far: exactly constant.

    For Theorem 5.1 this is Q_i(t) - 1/2 sum over steps of ||W_i(s+1) - W_i(s)||^2. It holds for
    every step size and every choice of batches, as long as the feedback stays where it is.

    Parameters
    ----------
    states : iterable of State
        Consecutive states, none left out, as `descend` yields them.
    law : callable
        `layer_law`, `neuron_law` or `matrix_law`; for a degree k other than 1, a function of the
        state that passes it: ``lambda state: layer_law(state, degree=2)``.

    Yields
    ------
    tuple of arrays
        What the law returns, as a tuple (of one array for `layer_law`).

    Raises
    ------
    ValueError
        If a state does not fit the law.

    Notes
    -----
    Not in the paper; the identity is proved on the page about Theorem 5.1.
    """
    added: tuple[Array, ...] | None = None
    before: State | None = None
    for state in states:
        if before is not None:
            terms = _as_tuple(law(_step_alone(before, state)))
            added = terms if added is None else tuple(map(sum, zip(added, terms, strict=True)))
        values = _as_tuple(law(state))
        yield values if added is None else tuple(v - a for v, a in zip(values, added, strict=True))
        before = state


def _step_alone(before: State, after: State) -> State:
    """Return the step as a state with no feedback, of which a law keeps the quadratic part."""
    moved = tuple(new - old for old, new in zip(before.weights, after.weights, strict=True))
    return State(moved, tuple(0 * B for B in after.feedback))


def _as_tuple(values: Array | tuple[Array, ...]) -> tuple[Array, ...]:
    return values if isinstance(values, tuple) else (values,)
