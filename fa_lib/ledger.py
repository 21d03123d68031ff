"""A ledger beside anybody's training loop: which steps keep the law, and which do not.

It adds up the balances that `laws` speaks of, for a loop that is not ours: it is told the state
after each step, and keeps copies.
"""

from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from fa_lib import _checks
from fa_lib._arrays import Array, detached, device, inner, is_exact, namespace, stack_last
from fa_lib.laws import Terms, admit, projections, terms_of
from fa_lib.network import State
from fa_lib.rules import Rule, feedback_alignment

# A weight is stored to within eps / 2 of its size. As much again may come from the two products of
# the step, the two inner products and their difference; the step's own sums cancel a little.
ROUNDINGS = 8


class Ledger(NamedTuple):
    """What a ledger knows; arrays (..., L-1), an entry for each hidden layer.

    Attributes
    ----------
    state : State
        A copy of the last state that it was told.
    value : array
        The law, 1/2 ||W_i||^2 - k <W_{i+1}, M_{i+1}>. Where M moves, its value at the start and
        what the steps have added since.
    corrected : array
        The value less 1/2 ||dW_i||^2 of every step: along the rule it rests.
    drift : array
        How far it has moved all the same, which is the sum of the balances.
    budget : array
        How far rounding may have moved it, in this dtype and so many steps.
    moved : array
        The sum over steps and entries of |dW_i| and |dW_{i+1}|; zero says that nothing was tested.
    broken : array
        The first step whose balance was beyond rounding; 0 if none was.
    steps : int
    """

    state: State
    value: Array
    corrected: Array
    drift: Array
    budget: Array
    moved: Array
    broken: Array
    steps: Any

    def __str__(self) -> str:
        """Return a verdict for each hidden layer; of an ensemble, on its worst network."""
        parts = map(_by_layer, (self.drift, self.budget, self.moved, self.broken))
        verdicts = map(_verdict, *parts)
        lines = (f"hidden layer {i}: {verdict}" for i, verdict in enumerate(verdicts, start=1))
        return "\n".join([f"after {int(self.steps)} steps", *lines])


def _by_layer(values: Array) -> list[list[float]]:
    """Return the numbers of all networks, for each hidden layer."""
    flat = namespace(values).reshape(values, (-1, values.shape[-1]))
    return [[float(value) for value in flat[:, layer]] for layer in range(values.shape[-1])]


def _verdict(
    drift: list[float], budget: list[float], moved: list[float], broken: list[float]
) -> str:
    if not any(moved):
        return "nothing moved, so nothing was tested"
    off = f"drift {max(map(abs, drift)):.1e}, rounding budget {max(budget):.1e}"
    if any(broken):
        return f"broken at step {min(filter(None, broken)):g} ({off})"
    return f"kept ({off})"


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

    What it is told it copies, so that a loop may update its arrays in place, and it keeps no graph
    of PyTorch. Both functions may stand inside ``jax.jit`` and ``jax.lax.scan``.

    Parameters
    ----------
    rule : Rule
        By what the loop claims to train; its error must pass layer by layer. The feedback of a
        state is that by which the *next* step is made.
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
        If the rule broadcasts its error, ``degree`` is no number, or a rate is not positive.

    Notes
    -----
    Theorem 5.1 of Robertson & Koyejo (arXiv 2306.01870), in steps. Momentum, weight decay and Adam
    move the weights by something else, and break the balance.

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
        return Ledger(now, value, value, 0 * value, 0 * value, 0 * value, none, steps)

    def update(book: Ledger, state: State) -> Ledger:
        fitted, now = admit(state, terms), _copied(state)
        for number, (W, V) in enumerate(zip(now.weights, book.state.weights, strict=True), start=1):
            if W.shape[-2:] != V.shape[-2:]:
                came = f"shape {tuple(W.shape)}"
                _checks.refuse(f"W_{number}", came, f"{tuple(V.shape)}, as before")
        return _entered(book, now, fitted)

    return Ledgers(init, update)


def _copied(state: State) -> State:
    return State(*(tuple(map(detached, part)) for part in state))


def _stacked(values: Iterable[Array], like: State) -> Array:
    return stack_last(list(values), like=like.weights[0])


def _absolute_inner(A: Array, B: Array) -> Array:
    return inner(abs(A), abs(B))


def _entered(book: Ledger, now: State, terms: Terms) -> Ledger:
    """Enter the step from the last state to this one."""
    before, xp = book.state, namespace(*now.weights)
    steps = [new - old for new, old in zip(now.weights, before.weights, strict=True)]
    balance = _stacked((a - b for a, b in projections(steps, before, terms)), now)
    rates = terms.of_layers(len(steps))
    squares = (inner(dW, dW) / (2 * r) for dW, r in zip(steps[:-1], rates, strict=False))

    absolute = (_absolute_inner, _absolute_inner)
    sizes = [projections(moves, before, terms, absolute) for moves in (steps, now.weights)]
    size = _stacked(
        (abs(a) + abs(b) + abs(c) + abs(d) for (a, b), (c, d) in zip(*sizes, strict=True)), now
    )
    eps = 0 if is_exact(now.weights[0]) else float(xp.finfo(now.weights[0].dtype).eps)
    budget = ROUNDINGS * eps * size
    count = book.steps + 1
    kept = (abs(balance) <= budget) | (book.broken > 0)
    lengths = [xp.sum(xp.sum(abs(dW), axis=-1), axis=-1) for dW in steps]
    return Ledger(
        now,
        book.value + balance + _stacked(squares, now),
        book.corrected + balance,
        book.drift + balance,
        book.budget + budget,
        book.moved + _stacked((a + b for a, b in pairwise(lengths)), now),
        xp.where(kept, book.broken, count),
        count,
    )
