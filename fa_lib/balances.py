"""What the steps of a run add to a law, and a ledger beside anybody's training loop.

A step of any size, from W to W + dW, adds 1/2 ||dW_i||^2 to the law of hidden layer i, and its
*balance*, <dW_i, W_i> - k <dW_{i+1}, M_{i+1}>, with the carriers M before the step. Along the rule
the balance is zero: that is Theorem 5.1, and needs no potential, so that carriers may move, or be
drawn anew.
"""

from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from fa_lib import _checks
from fa_lib._arrays import (
    Array,
    Result,
    detached,
    device,
    inner,
    is_exact,
    namespace,
    on_host,
    stack_last,
)
from fa_lib.laws import Terms, admit, layer_law, matrix_law, neuron_law, terms_of
from fa_lib.rules import feedback_alignment
from fa_lib.state import Rule, State

# What a step adds, for each law: a function of (dW_i, W_i), and one of (dW_{i+1}, M_{i+1}).
Form = tuple[Callable[[Array, Array], Result], Callable[[Array, Array], Result]]


def _rows(A: Array, B: Array) -> Result:
    return namespace(A).sum(A * B, axis=-1)


def _columns(A: Array, B: Array) -> Result:
    return namespace(A).sum(A * B, axis=-2)


def _outer(A: Array, B: Array) -> Result:
    return A @ B.mT + B @ A.mT


def _gram(A: Array, B: Array) -> Result:
    return A.mT @ B + B.mT @ A


_FORMS: dict[Callable[..., Any], Form] = {
    layer_law: (inner, inner),
    neuron_law: (_rows, _columns),
    matrix_law: (_outer, _gram),
}


def projections(
    steps: Sequence[Array], state: State, terms: Terms, form: Form = (inner, inner)
) -> list[tuple[Result, Result]]:
    """Return <dW_i, W_i> and k <dW_{i+1}, M_{i+1}> for each hidden layer, or what a form gives."""
    return _parts(steps, state.weights, _carriers(state, terms), terms, form)


def _carriers(state: State, terms: Terms) -> Sequence[Any]:
    """Return M_2..M_L, of a rule that has them."""
    assert terms.rule.carriers is not None
    return terms.rule.carriers(state)


def _parts(
    steps: Sequence[Any],
    weights: Sequence[Any],
    carriers: Sequence[Any],
    terms: Terms,
    form: Form = (inner, inner),
) -> list[tuple[Any, Any]]:
    ours, above = form
    r = terms.of_layers(len(steps))
    layers = zip(weights, steps, steps[1:], carriers, r, r[1:], strict=False)
    return [
        (ours(dW, W) / rate, terms.degree * above(dV, M) / next_rate)
        for W, dW, dV, M, rate, next_rate in layers
    ]


def discrete_law(
    path: State,
    law: Callable[..., Any] = layer_law,
    *,
    degree: Any = 1,
    rule: Rule = feedback_alignment,
    rates: Sequence[Any] | None = None,
) -> Result | tuple[Array, ...]:
    """Return the law along a path, less what each step adds to it: exactly constant.

    For Theorem 5.1 this is Q_i(t), less 1/2 ||dW_i||^2 for each step before t. It is constant
    for every step size and every choice of batches, and for carriers that move: each step changes
    it by its balance, <dW_i, W_i> - k <dW_{i+1}, M_{i+1}>, with M the carriers before the step.
    It is also constant where nothing moves, so check that the law itself does.

    Parameters
    ----------
    path : State
        Of all steps, none left out, as `train` returns it with ``every=1``. For a loop of your own
        there is `ledger`.
    law : callable
        `layer_law`, `neuron_law` or, in linear networks, `matrix_law`.
    degree, rule, rates
        As in `layer_law`. `matrix_law` takes no degree.

    Returns
    -------
    as the law returns for the path
        With its axis of time: (T+1, ..., L-1) for `layer_law`.

    Raises
    ------
    ValueError
        If the path does not fit or has fewer than two times, if the law is none of these three, or
        if the rule has no such law.

    Notes
    -----
    Not in the paper; the identity is proved on the page about Theorem 5.1.

    Examples
    --------
    >>> import numpy as np
    >>> from fa_lib import full_batch, initial_state, train
    >>> rng = np.random.default_rng(0)
    >>> x, y = rng.standard_normal((8, 3)), rng.standard_normal((8, 1))
    >>> path = train(initial_state((3, 5, 1), rng=rng), full_batch(x, y), step=0.01, steps=10)
    >>> bool(np.ptp(discrete_law(path)) < 1e-12 < np.ptp(layer_law(path)))
    True
    """
    if not any(law is known for known in _FORMS):
        _checks.refuse("law", repr(law), "layer_law, neuron_law or matrix_law")
    terms = terms_of(rule, degree, rates)
    if rule.carriers is None:
        _checks.refuse("rule", rule.name, "one whose error passes layer by layer, such as FA")
    if law is matrix_law and degree != 1:
        _checks.refuse("degree", degree, "1, as matrix_law is that of linear networks")
    terms = admit(path, terms)
    path = path if rule.reads_feedback else State(path.weights, ())
    _checks.path(path)
    options = {} if law is matrix_law else {"degree": degree}
    start = law(path.at(0), rule=rule, rates=rates, **options)
    steps = [W[1:, ...] - W[:-1, ...] for W in path.weights]
    before = State(
        tuple(W[:-1, ...] for W in path.weights),
        tuple(B if B.shape[0] == 1 else B[:-1, ...] for B in path.feedback),
    )
    balances = [a - b for a, b in projections(steps, before, terms, _FORMS[law])]
    if law is layer_law:
        return _running(start, stack_last(balances, like=steps[0]))
    return tuple(map(_running, start, balances))


def _running(start: Array, balances: Array) -> Result:
    """Return the start, and the start with all balances so far: (T+1, ...)."""
    xp = namespace(balances)
    return xp.concat([start[None, ...], start + xp.cumulative_sum(balances, axis=0)])


# A weight is stored to within eps / 2 of its size. As much again may come from the two products of
# the step, the two inner products and their difference; the step's own sums cancel a little.
ROUNDINGS = 8


# A balance is tested where rounding could hide less than this share of the two terms it is the
# difference of. Where steps are smaller, nothing can be said in this dtype.
TESTED = 0.01


class Ledger(NamedTuple):
    """What a ledger has recorded; arrays (..., L-1), an entry for each hidden layer.

    Attributes
    ----------
    state : State
        A copy of the last state that was entered.
    value : array
        The law, 1/2 ||W_i||^2 - k <W_{i+1}, M_{i+1}>. Where M moves, its value at the start and
        what the steps have added since.
    corrected : array
        The value less 1/2 ||dW_i||^2 of every step: constant under the rule.
    residual : array
        How far the corrected value has moved, which is the sum of the balances.
    budget : array
        How far the rounding of stored weights may have moved it, in this dtype and so many steps.
    stake : array
        The sum of the sizes of the two terms of every balance: what a wrong rule could have moved.
        Where the budget is not a small part of it, nothing was tested.
    moved : array
        The sum of the sizes of all entries of all dW_i and dW_{i+1}.
    broken : array
        The first step whose balance was beyond rounding; 0 if none was.
    steps : int
    """

    state: State
    value: Result
    corrected: Result
    residual: Result
    budget: Result
    stake: Result
    moved: Result
    broken: Result
    steps: Any

    def __str__(self) -> str:
        """Return a verdict for each hidden layer; of an ensemble, on its worst network."""
        parts = (self.broken, self.residual, self.budget, self.stake, self.moved)
        networks = zip(*map(_by_layer, parts), strict=True)
        verdicts = [max(map(_verdict, *numbers)) for numbers in networks]
        lines = (f"hidden layer {i}: {text}" for i, (*_, text) in enumerate(verdicts, start=1))
        return "\n".join([f"after {int(_flat(self.steps).max())} steps", *lines])


def _flat(values: Array) -> np.ndarray:
    return on_host(values).reshape(-1)


def _by_layer(values: Array) -> np.ndarray:
    """Return the numbers of all networks, for each hidden layer."""
    numbers: np.ndarray = _flat(values).astype(float).reshape(-1, values.shape[-1]).T
    return numbers


def _verdict(
    broken: float, residual: float, budget: float, stake: float, moved: float
) -> tuple[int, float, str]:
    """Return how bad it is, first in kind and then in degree, and what to say."""
    if broken:
        said = f"residual {residual:.1e}, at stake {stake:.1e}"
        return 3, -broken, f"broken at step {broken:g}\n    {said}"
    if not moved:
        return 2, 0.0, "nothing moved, so nothing was tested"
    if not budget <= TESTED * stake:
        said = f"rounding may hide {budget:.1e} of {stake:.1e} at stake"
        return 1, 0.0, f"not tested: {said}; larger steps, or a wider dtype, would be seen"
    # The residual is rounding: its digits depend on the machine, and say nothing of the law.
    said = f"residual within budget {budget:.1e}, at stake {stake:.1e}"
    return 0, abs(residual), f"kept\n    {said}"


class Ledgers(NamedTuple):
    """How to begin a ledger, and how to enter a step: two pure functions.

    Attributes
    ----------
    init : callable
        state -> Ledger.
    update : callable
        (Ledger, state after the next step) -> Ledger.
    """

    init: Callable[[State], Ledger]
    update: Callable[[Ledger, State], Ledger]


def ledger(
    *, rule: Rule = feedback_alignment, degree: int = 1, rates: Sequence[Any] | None = None
) -> Ledgers:
    """Return how to begin a ledger of a training run, and how to enter each of its steps.

    It copies each state, so a loop may update its arrays in place, and keeps no graph of PyTorch.
    Both functions may stand inside ``jax.jit`` and ``jax.lax.scan``.

    Parameters
    ----------
    rule : Rule
        The rule that the loop claims to follow; its error must pass layer by layer. The feedback of
        a state is what the *next* step uses.
    degree : number
        k, the activation's degree of homogeneity.
    rates : sequence of L numbers, optional
        The learning rates of the layers, where they differ: what concerns layer i is divided by its
        rate.

    Returns
    -------
    init, update : callables
        As `Ledgers` says. Both raise ValueError if a state does not fit.

    Raises
    ------
    ValueError
        If the rule broadcasts its error, ``degree`` is not a number, or a rate is not positive.

    Notes
    -----
    Theorem 5.1 of Robertson & Koyejo (arXiv 2306.01870), in steps. Momentum, weight decay and Adam
    move the weights by something else, and break the balance; at very small rates by less than
    rounding, and then the verdict says that nothing was tested. Enter the states in the dtype
    that the loop calculates in: rounding to a narrower one looks like a fault. So does
    cancellation, where the errors of many samples are large and their sum is not. Faults that
    cancel between the units of a layer are not seen; `discrete_law` by `neuron_law` sees them.
    Nor is what is wrong in the output error itself: a loop that goes uphill keeps the balance, too.

    Examples
    --------
    >>> import itertools
    >>> import numpy as np
    >>> from fa_lib import descend, full_batch, initial_state
    >>> rng = np.random.default_rng(0)
    >>> x, y = rng.standard_normal((8, 3)), rng.standard_normal((8, 1))
    >>> start = initial_state((3, 5, 1), rng=rng)
    >>> init, update = ledger()
    >>> book = init(start)
    >>> for state in itertools.islice(descend(start, full_batch(x, y), step=0.01), 1, 11):
    ...     book = update(book, state)
    >>> int(book.steps), book.broken
    (10, array([0], dtype=int32))
    """
    terms = terms_of(rule, degree, rates)
    if rule.carriers is None:
        _checks.refuse("rule", rule.name, "one whose error passes layer by layer, such as FA")

    def init(state: State) -> Ledger:
        fitted, now = admit(state, terms), _copied(state)
        value = _stacked((a / 2 - b for a, b in projections(now.weights, now, fitted)), now)
        xp, where = namespace(*now.weights), device(now.weights[0])
        none = xp.zeros(value.shape, dtype=xp.int32, device=where)
        steps = xp.asarray(0, dtype=xp.int32, device=where)
        zero = 0 * value
        return Ledger(now, value, value, zero, zero, zero, zero, none, steps)

    def update(book: Ledger, state: State) -> Ledger:
        fitted, now = admit(state, terms), _copied(state)
        for number, (W, V) in enumerate(zip(now.weights, book.state.weights, strict=True), start=1):
            _follows(f"W_{number}", W, V)
        return _entered(book, now, fitted)

    return Ledgers(init, update)


def _copied(state: State) -> State:
    return State(*(tuple(map(detached, part)) for part in state))


def _follows(name: str, W: Array, before: Array) -> None:
    """Refuse what is no later value of the same weights; a shared start may get leading axes."""
    try:
        fits = np.broadcast_shapes(tuple(W.shape), tuple(before.shape)) == tuple(W.shape)
    except ValueError:
        fits = False
    if not fits or W.dtype != before.dtype or W.shape[-2:] != before.shape[-2:]:
        came = f"shape {tuple(W.shape)} of {W.dtype}"
        _checks.refuse(name, came, f"{tuple(before.shape)} of {before.dtype}, as before")


def _stacked(values: Iterable[Array], like: State) -> Result:
    return stack_last(list(values), like=like.weights[0])


def _entered(book: Ledger, now: State, terms: Terms) -> Ledger:
    """Enter the step from the last state to this one."""
    before, xp = book.state, namespace(*now.weights)
    steps = [new - old for new, old in zip(now.weights, before.weights, strict=True)]
    pairs = projections(steps, before, terms)
    balance = _stacked((a - b for a, b in pairs), now)
    stake = _stacked((abs(a) + abs(b) for a, b in pairs), now)
    rates = terms.of_layers(len(steps))
    squares = (inner(dW, dW) / (2 * r) for dW, r in zip(steps[:-1], rates, strict=False))

    lengths, weights = ([abs(M) for M in part] for part in (steps, before.weights))
    carriers = [abs(M) for M in _carriers(before, terms)]
    sizes = [_parts(moves, weights, carriers, terms) for moves in (lengths, weights)]
    # Twice the step: once as a factor, once because the new weights are no larger than the sum.
    size = _stacked(
        (2 * (a + abs(b)) + c + abs(d) for (a, b), (c, d) in zip(*sizes, strict=True)), now
    )
    eps = 0 if is_exact(now.weights[0]) else float(xp.finfo(now.weights[0].dtype).eps)
    budget = ROUNDINGS * eps * size
    count = book.steps + 1
    kept = (abs(balance) <= budget) | (book.broken > 0)
    totals = [xp.sum(xp.sum(length, axis=-1), axis=-1) for length in lengths]
    return Ledger(
        now,
        book.value + balance + _stacked(squares, now),
        book.corrected + balance,
        book.residual + balance,
        book.budget + budget,
        book.stake + stake,
        book.moved + _stacked((a + b for a, b in pairwise(totals)), now),
        xp.where(kept, book.broken, count),
        count,
    )
