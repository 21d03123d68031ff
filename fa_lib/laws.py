"""Conserved quantities of feedback alignment, and their exact twins for finite steps.

Every law has the form (something quadratic in W_i) - k (something linear in W_{i+1}), where k is
the degree of the activation. Along the flow it is constant. A step of any size adds to it exactly
the quadratic part of the step: `discrete_law` subtracts what was added, and is constant again.
"""

import itertools
import math
import operator
from collections.abc import Callable, Iterable, Iterator, Sequence
from fractions import Fraction
from functools import partial, wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

import numpy as np

from fa_lib import _checks
from fa_lib._arrays import (
    Array,
    copied,
    device,
    is_exact,
    namespace,
    share_memory,
    stack_last,
)
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
        rule: Any = kwargs.get("rule", feedback_alignment)
        _checks.known_rule(rule)
        (_checks.feedback if rule.reads_feedback else _checks.weights)(state)
        return law(state, *args, **kwargs)

    return checked


def _junctions(state: State) -> Iterable[tuple[Array, Array, Array | None]]:
    """Yield W_i, W_{i+1} and the feedback between them; None where a rule that reads none has none.

    A rule's law may read feedback that its signals do not: that of FA along a run by GD, say.
    """
    hidden = len(state.weights) - 1
    feedback = state.feedback if len(state.feedback) == hidden else (None,) * hidden
    return zip(state.weights, state.weights[1:], feedback, strict=False)


@_of_checked_state
def layer_law(state: State, degree: int = 1, *, rule: Rule = feedback_alignment) -> Array:
    """Return 1/2 ||W_i||^2 - k <W_{i+1}, B_{i+1}> for each hidden layer i (Theorem 5.1).

    For another rule, <W_{i+1}, B_{i+1}> gives way to the rule's potential Psi(W_{i+1}).

    Parameters
    ----------
    state : State
        With feedback of the shape of the weights it replaces; a rule that reads none, as GD, needs
        none.
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
    _checks.known_rule(rule)
    if rule.potential is None:
        _checks.refuse("rule", rule.name, "a rule with a potential, such as FA or GD")
    xp = namespace(*state.weights)
    return tuple(
        xp.sum(W * W, axis=-1) / 2 - degree * rule.potential(after, B)
        for W, after, B in _junctions(state)
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

    Notes
    -----
    For FA and two layers, Lillicrap et al. (2016) are reported to use it in their supplement.
    """
    _checks.known_rule(rule)
    if rule.gram is None:
        _checks.refuse("rule", rule.name, "a rule with a matrix law: FA, GD or KP")
    return tuple(W @ W.mT - rule.gram(after, B) for W, after, B in _junctions(state))


def junction(
    incoming: Sequence[Array], outgoing: Sequence[Array], feedback: Sequence[Array]
) -> State:
    """Return the state of two layers whose laws are those of a group of units in any network.

    The group's incoming weights side by side become W_1, its outgoing ones on top of each other
    W_2, and so with their feedback. Every law of the state is then one of the group:

        1/2 sum ||incoming||^2 - k sum <outgoing, feedback>

    by `layer_law`, that of each unit or channel by `neuron_law`, the matrix by `matrix_law`. As a
    whole the group must be homogeneous of degree k: ReLU, maxout, pooling and dropout are. All that
    leads in belongs to it, biases too, and all that leads out: every branch.

    Parameters
    ----------
    incoming : sequence of arrays, of any shape
        Their first axis counts the n units or channels: dense weights, biases, kernels (as PyTorch
        lays them out).
    outgoing : sequence of arrays, of any shape
        Their second axis counts the units or channels. Where channels were flattened for dense
        weights, these are reshaped first, to three axes: outputs, channels, positions.
    feedback : sequence of arrays, of any shape
        What carries the error back in the place of each of these, in its shape.

    Returns
    -------
    State
        Of new arrays: W_1 has n rows, W_2 and B_2 have n columns.

    Raises
    ------
    ValueError
        If the shapes do not fit.

    Notes
    -----
    Theorem 5.1 of Robertson & Koyejo (arXiv 2306.01870) is that of a dense layer; its proof asks
    for no more than this.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> kernel, bias = rng.standard_normal((4, 3, 5, 5)), rng.standard_normal(4)
    >>> after, B = rng.standard_normal((2, 6, 4, 3, 3))
    >>> state = junction([kernel, bias], [after], [B])
    >>> [W.shape for W in state.weights], layer_law(state).shape
    ([(4, 76), (54, 4)], (1,))
    """
    parts = {"incoming": incoming, "outgoing": outgoing, "feedback": feedback}
    for name, arrays in parts.items():
        if not isinstance(arrays, tuple | list) or not arrays:
            _checks.refuse(name, repr(arrays), "a list of arrays")
    n = incoming[0].shape[0]
    for name, arrays in parts.items():
        axis = 0 if name == "incoming" else 1
        for number, array in enumerate(arrays):
            if array.ndim <= axis or array.shape[axis] != n:
                expected = f"{n} units on axis {axis}"
                _checks.refuse(f"{name}[{number}]", f"shape {tuple(array.shape)}", expected)
    shapes = [[tuple(array.shape) for array in arrays] for arrays in (outgoing, feedback)]
    if shapes[0] != shapes[1]:
        _checks.refuse("feedback", f"shapes {shapes[1]}", f"those of outgoing, {shapes[0]}")
    xp = namespace(*incoming, *outgoing, *feedback)
    leading_in = xp.concat([xp.reshape(array, (n, -1)) for array in incoming], axis=-1)
    leading_out, carriers = (
        xp.concat([xp.reshape(xp.moveaxis(array, 1, 0), (n, -1)) for array in arrays], axis=-1).T
        for arrays in (outgoing, feedback)
    )
    return State((leading_in, leading_out), (carriers,))


Law = Callable[[State], Array | tuple[Array, ...]]


def discrete_law(states: Iterable[State], law: Law = layer_law) -> Iterator[tuple[Array, ...]]:
    """Yield law(state) less the quadratic parts of all steps so far: exactly constant.

    It is constant as well where nothing moves: see that the law itself does.

    For Theorem 5.1 this is Q_i(t) - 1/2 sum over steps of ||W_i(s+1) - W_i(s)||^2. It holds for
    every step size and every choice of batches. Each law that is quadratic in the state has such a
    twin; the quadratic part of a step is the law of the step alone.

    Parameters
    ----------
    states : iterable of State
        Consecutive states, none left out, as `descend` yields them. A loop that updates its arrays
        in place may be followed as it runs, not afterwards: by then all its states are the last.
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
        If a state does not fit the law, or shares the memory of weights with the one before, where
        they have not moved; or if the law is not quadratic in the state, as those of uSF and frSF
        are not.

    Notes
    -----
    Not in the paper; the identity is proved on the page about Theorem 5.1.
    """
    if not callable(law):
        _checks.refuse("law", repr(law), "a function of the state, such as layer_law")
    unchecked = getattr(law, "__wrapped__", law)  # a step between checked states needs no check
    added: tuple[Array, ...] | None = None
    before: tuple[State, State] | None = None  # as it came, and a copy of what it was
    for state in states:
        values = _as_tuple(law(state))
        if before is None:
            _refuse_unless_quadratic(law, state)
        else:
            last, copy = before
            _refuse_aliases(state.weights, last.weights, copy.weights)
            step = _combine(operator.sub, state, copy)
            terms = _as_tuple(unchecked(step))  # of a step alone, a law keeps the quadratic part
            added = terms if added is None else tuple(map(operator.add, added, terms))
        yield values if added is None else tuple(v - a for v, a in zip(values, added, strict=True))
        before = state, State(*(tuple(map(copied, part)) for part in state))


def _refuse_aliases(
    weights: tuple[Array, ...], last: tuple[Array, ...], copies: tuple[Array, ...]
) -> None:
    """Refuse weights in the memory of the ones before, unless they have moved since.

    Those that moved are followed as they go. Otherwise nothing tells a layer that rests from a list
    of states that are all one array, updated in place: there the law of any rule seems to rest.
    """
    for number, (W, before, copy) in enumerate(zip(weights, last, copies, strict=True), start=1):
        if share_memory(W, before) and bool(namespace(W).all(copy == W)):
            _checks.refuse(
                f"W_{number}", "the memory of the state before", "a copy of its own for each state"
            )


def _refuse_unless_quadratic(law: Law, like: State) -> None:
    """Refuse a law that breaks q(t + s) + q(t - s) = 2 q(t) + 2 q(s), as no quadratic one does.

    To grow fourfold with a doubled state is not enough: the sum of |W B| does. Signs tell the two
    apart, so t is greater than s everywhere, and half of its signs are turned. Both have the shapes
    and the arithmetic of the state, and not its entries, of which too many may be zero to tell.
    """
    s, t = (_map_matrices(partial(_probe, turned=turned), like) for turned in (False, True))
    states = (_combine(operator.add, t, s), _combine(operator.sub, t, s), t, s)
    exact = is_exact(like.weights[0])
    terms = sum(math.prod(M.shape[-2:]) for part in like for M in part)
    for values in zip(*(_as_tuple(law(state)) for state in states), strict=True):
        if not _obeys_parallelogram(*values, terms=terms, exact=exact):
            _checks.refuse(
                "law", "one that is not", "one that is quadratic in weights and feedback"
            )


def _probe(M: Array, number: int, *, turned: bool) -> Array:
    """Return small multiples of 1/32, short enough for half precision, in the arithmetic of M.

    Where ``turned``, they are larger, and the signs alternate, from matrix to matrix too: those of
    W_{i+1} are then opposite to those of B_{i+1}.
    """
    rows, columns = M.shape[-2:]
    places = np.arange(rows)[:, None] + np.arange(columns)
    values = (places % 2 + 4) * (-1) ** (places + number) if turned else places % 3 + 1
    if is_exact(M):
        return 0 * M + values * Fraction(1, 32)
    return namespace(M).zeros_like(M) + namespace(M).asarray(
        values / 32, dtype=M.dtype, device=device(M)
    )


def _obeys_parallelogram(
    plus: Array, minus: Array, one: Array, other: Array, *, terms: int, exact: bool
) -> bool:
    """Tell whether plus + minus = 2 one + 2 other, up to the rounding of sums of so many terms."""
    off = plus + minus - 2 * (one + other)
    if exact:
        return bool(np.all(off == 0))
    xp = namespace(off)
    # n rounded terms err by sqrt(n) eps or so; here some ten sums of up to 1.6^2 times the size of
    # the greatest. With a degree like 1 or 1/2 nothing is rounded at all. Beyond 1/64 the tolerance
    # would pass frSF's law, which breaks the identity by 4 of 16 to 25 in each of its terms.
    rounding = min(32 * terms**0.5 * float(xp.finfo(off.dtype).eps), 1 / 64)
    size = max(float(xp.max(xp.abs(values))) for values in (plus, minus, one, other))
    return bool(xp.all(xp.abs(off) <= rounding * size))


def _map_matrices(function: Callable[[Array, int], Array], state: State) -> State:
    """Apply a function to every matrix and its number within weights or feedback."""
    return State(*(tuple(map(function, part, itertools.count())) for part in state))


def _combine(function: Callable[[Array, Array], Array], ours: State, theirs: State) -> State:
    """Apply a function to every two matrices of the same place."""
    weights = zip(ours.weights, theirs.weights, strict=True)
    feedback = zip(ours.feedback, theirs.feedback, strict=True)
    return State(
        tuple(itertools.starmap(function, weights)), tuple(itertools.starmap(function, feedback))
    )


def _as_tuple(values: Array | tuple[Array, ...]) -> tuple[Array, ...]:
    return values if isinstance(values, tuple) else (values,)
