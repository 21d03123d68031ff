"""Conserved quantities of feedback alignment, and their exact twins for finite steps.

Every law has the form (something quadratic in W_i) - k (something linear in W_{i+1}), where k is
the degree of the activation. Along the flow it is constant. A step of any size adds to it exactly
the quadratic part of the step: `discrete_law` subtracts what was added, and is constant again.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

from fa_lib import _checks
from fa_lib._arrays import Array, namespace, stack_last
from fa_lib.network import State
from fa_lib.rules import Rule, feedback_alignment

Options = ParamSpec("Options")
Values = TypeVar("Values")


def _of_checked_state(
    law: Callable[Concatenate[State, Options], Values],
) -> Callable[Concatenate[State, Options], Values]:
    """Check the state, then apply the law; ``__wrapped__`` is the law without the check."""

    @wraps(law)
    def checked(state: State, /, *args: Options.args, **kwargs: Options.kwargs) -> Values:
        _checks.feedback(state)
        return law(state, *args, **kwargs)

    return checked


@_of_checked_state
def layer_law(state: State, degree: int = 1, *, rule: Rule = feedback_alignment) -> Array:
    """Return 1/2 ||W_i||^2 - k <W_{i+1}, B_{i+1}> for each hidden layer i (Theorem 5.1).

    For another rule, <W_{i+1}, B_{i+1}> gives way to the rule's potential Psi(W_{i+1}).

    Parameters
    ----------
    state : State
        With feedback of the shape of the weights it replaces.
    degree : number
        k, the activation's degree of homogeneity.
    rule : Rule
        One with a potential: FA, GD, KP, uSF or frSF.

    Returns
    -------
    array (..., L-1)

    Raises
    ------
    ValueError
        If shapes or dtypes do not fit, ``degree`` is not a number, or the rule has no potential.

    Notes
    -----
    Robertson & Koyejo (arXiv 2306.01870), Theorem 5.1, for FA and k = 1; Du, Hu & Lee (2018) for
    GD; the other rules are not in the paper.
    """
    laws = _neuron_law(state, degree, rule)
    xp = namespace(*state.weights)
    sums = [xp.sum(law, axis=-1) for law in laws]
    return stack_last(sums, like=state.weights[0])


@_of_checked_state
def neuron_law(
    state: State, degree: int = 1, *, rule: Rule = feedback_alignment
) -> tuple[Array, ...]:
    """Return 1/2 ||w||^2 - k v.b for each hidden neuron: incoming row w, outgoing columns v, b.

    Parameters
    ----------
    state, degree, rule
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
    return _neuron_law(state, degree, rule)


def _neuron_law(state: State, degree: int, rule: Rule) -> tuple[Array, ...]:
    _checks.degree(degree, state.weights[0])
    if rule.potential is None:
        _checks.refuse("rule", rule.name, "a rule with a potential, such as FA or GD")
    xp = namespace(*state.weights)
    return tuple(
        xp.sum(W * W, axis=-1) / 2 - degree * rule.potential(after, B)
        for W, after, B in zip(state.weights, state.weights[1:], state.feedback, strict=False)
    )


@_of_checked_state
def matrix_law(state: State, *, rule: Rule = feedback_alignment) -> tuple[Array, ...]:
    """Return W_i W_i^T - B_{i+1}^T W_{i+1} - W_{i+1}^T B_{i+1}, conserved in linear networks.

    For gradient descent it is W_i W_i^T - W_{i+1}^T W_{i+1}.

    Parameters
    ----------
    state : State
        As in `layer_law`.
    rule : Rule
        FA, GD or KP.

    Returns
    -------
    tuple of arrays (..., n_i, n_i), one for each hidden layer
        Symmetric; the diagonal is twice `neuron_law`, the trace twice `layer_law`.

    Raises
    ------
    ValueError
        If shapes or dtypes do not fit, or the rule has no such law.
    """
    if rule.gram is None:
        _checks.refuse("rule", rule.name, "a rule with a matrix law: FA, GD or KP")
    return tuple(
        W @ W.mT - rule.gram(after, B)
        for W, after, B in zip(state.weights, state.weights[1:], state.feedback, strict=False)
    )


Law = Callable[[State], Array | tuple[Array, ...]]


def discrete_law(states: Iterable[State], law: Law = layer_law) -> Iterator[tuple[Array, ...]]:
    """Yield law(state) less the quadratic parts of all steps so far: exactly constant.

    For Theorem 5.1 this is Q_i(t) - 1/2 sum over steps of ||W_i(s+1) - W_i(s)||^2. It holds for
    every step size and every choice of batches. Each law that is quadratic in the state has such a
    twin; the quadratic part of a step is the law of the step alone.

    Parameters
    ----------
    states : iterable of State
        Consecutive states, none left out, as `descend` yields them.
    law : callable
        `layer_law`, `neuron_law` or `matrix_law`; for another rule or degree, a function of the
        state that passes it: ``lambda state: layer_law(state, degree=2)``.

    Yields
    ------
    tuple of arrays
        What the law returns, as a tuple (of one array for `layer_law`).

    Raises
    ------
    ValueError
        If a state does not fit the law, or the law is not quadratic in the state, as that of sign
        symmetry is not.

    Notes
    -----
    Not in the paper; the identity is proved on the page about Theorem 5.1.
    """
    unchecked = getattr(law, "__wrapped__", law)  # a step between checked states needs no check
    added: tuple[Array, ...] | None = None
    before: State | None = None
    for state in states:
        values = _as_tuple(law(state))
        if before is None:
            _refuse_unless_quadratic(law, state)
        else:
            terms = _as_tuple(unchecked(_step_alone(before, state)))
            added = terms if added is None else tuple(map(sum, zip(added, terms, strict=True)))
        yield values if added is None else tuple(v - a for v, a in zip(values, added, strict=True))
        before = state


def _refuse_unless_quadratic(law: Law, state: State) -> None:
    """Refuse a law that does not grow fourfold, to the last bit, when the state is doubled."""
    once = _as_tuple(law(state))
    doubled = State(*(tuple(2 * M for M in part) for part in state))
    twice = _as_tuple(law(doubled))
    if not all(namespace(a).all(b == 4 * a) for a, b in zip(once, twice, strict=True)):
        _checks.refuse("law", "one that is not", "one that is quadratic in weights and feedback")


def _step_alone(before: State, after: State) -> State:
    """Return the step as a state: of it, a law keeps the quadratic part."""
    return State(
        *(
            tuple(new - old for old, new in zip(olds, news, strict=True))
            for olds, news in zip(before, after, strict=True)
        )
    )


def _as_tuple(values: Array | tuple[Array, ...]) -> tuple[Array, ...]:
    return values if isinstance(values, tuple) else (values,)
