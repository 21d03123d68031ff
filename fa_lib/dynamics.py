"""Training: the right-hand side, and two ways to follow it, by steps and as a flow."""

import contextvars
import itertools
import math
import operator
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import reduce
from typing import Any, NoReturn

import numpy as np
from scipy.integrate import solve_ivp

from fa_lib import _checks
from fa_lib._arrays import (
    Array,
    Result,
    all_finite,
    all_finite_quietly,
    holds,
    is_finite,
    is_jax_array,
    keep_freed_memory,
    namespace,
    product,
)
from fa_lib._compiled import TOGETHER, after_first, checked_step, joined, numbers, scan, together
from fa_lib.activations import relu
from fa_lib.batches import Batch, Drawn
from fa_lib.losses import squared_error
from fa_lib.network import propagate
from fa_lib.rules import feedback_alignment
from fa_lib.state import Activation, Loss, Rule, State, fixed_feedback

# The sizes of each step, one for each layer, and what is learned by, through, and from.
Sizes = Iterator[tuple[Any, ...]]
Learning = tuple[Rule, Activation, Loss]


def velocity(
    state: State,
    x: Array,
    y: Array,
    *,
    rule: Rule = feedback_alignment,
    activation: Activation = relu,
    loss: Loss = squared_error,
) -> State:
    """Return the time derivative of the state: dW_i/dt = -sum over samples of delta_i a_{i-1}^T.

    Parameters
    ----------
    state : State
        The network. Its arrays may be of floats, of exact objects (``fractions.Fraction``, SymPy
        expressions), or of another array library (PyTorch, JAX, CuPy).
    x, y : array (..., N, n_0), array (..., N, n_L)
        Inputs and targets, as rows, in the dtype of the weights.
    rule, activation, loss
        The learning rule, the activation of the hidden layers, and the loss.

    Returns
    -------
    State
        The derivative of every matrix; zero for feedback that is fixed.

    Raises
    ------
    ValueError
        If shapes or dtypes do not fit, or an entry is not finite.

    Notes
    -----
    Equation of motion of Robertson & Koyejo (arXiv 2306.01870) for feedback alignment.

    Examples
    --------
    >>> from fractions import Fraction
    >>> one = np.array([[Fraction(1)]])
    >>> velocity(State((one, one / 2), (3 * one,)), one, 2 * one).weights[0]
    array([[Fraction(9, 2)]], dtype=object)
    """
    _checks.run(state, x, y, rule, activation, loss)
    return _velocity(state, x, y, rule, activation, loss)


def _velocity(
    state: State, x: Array, y: Array, rule: Rule, activation: Activation, loss: Loss
) -> State:
    uphill = _uphill(state, x, y, rule, activation, loss)
    return rule.motion(state, tuple(-S for S in uphill))


def _uphill(
    state: State, x: Array, y: Array, rule: Rule, activation: Activation, loss: Loss
) -> tuple[Result, ...]:
    """Return the sum over samples of delta_i a_{i-1}^T for each layer: for GD, the gradient."""
    inputs, passages, prediction = propagate(state.weights, x, activation)
    deltas = rule.signals(state, passages, loss.error(prediction, y), y)
    return tuple([product(delta.mT, a) for delta, a in zip(deltas, inputs, strict=True)])


class Diverged(FloatingPointError):
    """A run reached a number that is not finite.

    Attributes
    ----------
    last : State
        The last finite state.
    step : int or None
        The step that did; None in a flow.
    lost : array (...)
        Which networks of an ensemble did; None for a single network. The others can go on from
        ``last``, with ``W[~lost]`` for each matrix and set of data.
    """

    def __init__(
        self, message: str, last: State, step: int | None = None, lost: Array | None = None
    ) -> None:
        super().__init__(message, last, step, lost)  # all, so that it survives pickling
        self.last, self.step, self.lost = last, step, lost

    def __str__(self) -> str:
        return str(self.args[0])


def descend(
    state: State,
    batches: Iterable[Batch],
    *,
    step: Any,
    rule: Rule = feedback_alignment,
    activation: Activation = relu,
    loss: Loss = squared_error,
) -> Iterator[State]:
    """Train by steps, W <- W + step * dW/dt, one for each batch; yield the start and each state.

    Lazy, and as endless as the batches: take what you need with ``itertools.islice``.

    Parameters
    ----------
    state : State
        Where to start.
    batches : iterable of pairs (x, y)
        As `full_batch` or `minibatches` gives them; shapes as in `velocity`.
    step : positive number, array (...), sequence of L of either, or callable
        The step size eta; an array gives each network of an ensemble its own, a sequence each
        layer. A callable is a schedule: from the number of the step, 1, 2, .., to any of these.
        Exact weights need an exact step.
    rule, activation, loss
        As in `velocity`.

    Yields
    ------
    State

    Raises
    ------
    ValueError
        If an argument, or a batch, does not fit.
    Diverged
        (a FloatingPointError) If a state would not be finite. The message names the step and the
        step size; ``error.last`` is the last finite state.

    Examples
    --------
    >>> from fa_lib import full_batch, initial_state
    >>> rng = np.random.default_rng(0)
    >>> x, y = rng.standard_normal((8, 3)), rng.standard_normal((8, 1))
    >>> run = descend(initial_state((3, 5, 1), rng=rng), full_batch(x, y), step=0.01)
    >>> len(list(itertools.islice(run, 11)))
    11
    """
    _checks.learning(state, rule, activation, loss)
    return _descend(state, batches, _sizes(step, state), (rule, activation, loss))


def _descend(
    state: State,
    batches: Iterable[Batch],
    sizes: Sizes,
    learning: Learning,
    first: int = 1,
) -> Iterator[State]:
    yield state
    keep_freed_memory()
    last: Any = None
    rule, activation, loss = learning
    compiled = is_jax_array(state.weights[0]) and checked_step(_step, *learning)
    # NumPy keeps in the context what it warns of. To set that once costs less than in each step.
    quiet = contextvars.copy_context()
    quiet.run(np.seterr, over="ignore", invalid="ignore")
    for number, (batch, etas) in enumerate(zip(batches, sizes, strict=False), start=first):
        # The full batch comes again and again, and others from samples that were looked at.
        if batch is not last and not (isinstance(batch, Drawn) and batch.like(last)):
            _admit_batch(number, batch, state, activation)
        last = batch
        if compiled:
            moved, finite = compiled(state, *batch, etas)
            finite = holds(finite)
        else:
            moved = quiet.run(_step, state, *batch, etas, rule, activation, loss)
            finite = quiet.run(_has_only_finite, moved, state)
        if not finite:
            raise _divergence(state, moved, number, etas)
        state = moved
        yield state


def _admit_batch(number: int, batch: Batch, state: State, activation: Activation) -> None:
    _checks.pair(f"batch {number}", batch)
    _checks.batch(*batch, state, activation.wires)
    _checks.homogeneous(activation, state.weights[0], batch[0].shape[-2])


def _sizes(step: Any, state: State) -> Sizes:
    """Return the sizes of each step, for the matrices of each layer."""
    if callable(step):
        return (_of_layers(step(number), state) for number in itertools.count(1))
    return itertools.repeat(_of_layers(step, state))


def _of_layers(step: Any, state: State) -> tuple[Any, ...]:
    """Return a step for each layer, in a shape that multiplies matrices, or refuse it."""
    steps = step if isinstance(step, tuple | list) else [step]
    if len(steps) not in (1, len(state.weights)):
        expected = f"{len(state.weights)}, one for each layer"
        _checks.refuse("step", f"{len(steps)} of them", expected)
    sizes = [_checks.step_size(size, state) for size in steps]
    etas = [size[..., None, None] if getattr(size, "ndim", 0) else size for size in sizes]
    if is_jax_array(state.weights[0]):
        etas = numbers(etas, like=state.weights[0])
    return tuple(etas * (len(state.weights) // len(etas)))


def train(
    state: State,
    batches: Iterable[Batch],
    *,
    step: Any,
    steps: int,
    every: int = 1,
    rule: Rule = feedback_alignment,
    activation: Activation = relu,
    loss: Loss = squared_error,
) -> State:
    """Train by steps and return the path: the state after each of them, or after every few.

    A path is a State with an axis of time before all others: its law, its angles or its end-to-end
    map are one call, without a loop. ``path.at(-1)`` is the last state. On JAX's arrays the run is
    one compiled scan.

    Parameters
    ----------
    state, batches, step, rule, activation, loss
        As in `descend`.
    steps : int
        How many; each takes one batch.
    every : int
        The path has the states after 0, every, 2 every, .. steps; it divides ``steps``. With
        ``every=steps`` these are the first and the last.

    Returns
    -------
    State
        Matrices (T+1, ..., n_i, n_{i-1}); fixed feedback has an axis of time of length 1.

    Raises
    ------
    ValueError
        If an argument or a batch does not fit, or there are too few batches.
    Diverged
        As `descend`.

    Examples
    --------
    >>> from fa_lib import full_batch, initial_state, layer_law
    >>> rng = np.random.default_rng(0)
    >>> x, y = rng.standard_normal((8, 3)), rng.standard_normal((8, 1))
    >>> path = train(initial_state((3, 5, 1), rng=rng), full_batch(x, y), step=0.01, steps=10)
    >>> path.weights[0].shape, layer_law(path).shape
    ((11, 5, 3), (11, 1))
    """
    options = {"step": step, "rule": rule, "activation": activation, "loss": loss}
    rests = getattr(rule, "motion", None) is fixed_feedback
    moving = _weights if rests else _all_matrices
    _, (weights, *feedback) = watch(moving, state, batches, steps=steps, every=every, **options)
    return State(weights, feedback[0] if feedback else tuple(B[None, ...] for B in state.feedback))


def _weights(state: State) -> tuple[tuple[Result, ...], ...]:
    return (state.weights,)


def _all_matrices(state: State) -> tuple[tuple[Result, ...], ...]:
    return state.weights, state.feedback


def watch(
    values: Callable[[State], Any],
    state: State,
    batches: Iterable[Batch],
    *,
    step: Any,
    steps: int,
    every: int = 1,
    rule: Rule = feedback_alignment,
    activation: Activation = relu,
    loss: Loss = squared_error,
) -> tuple[State, Any]:
    """Train by steps and keep a function of the states, where the states are too large to keep.

    Parameters
    ----------
    values : callable
        state -> an array, or a tuple, list or dictionary of arrays, tuples and so on. On JAX's
        arrays it is compiled once: define it outside of loops, and let it depend on nothing that
        changes.
    state, batches, step, steps, every, rule, activation, loss
        As in `train`.

    Returns
    -------
    end : State
    values
        As the function returns them, with an axis of time before all others.

    Raises
    ------
    ValueError, Diverged
        As `train`, or if ``values`` is not a function.

    Examples
    --------
    >>> from fa_lib import full_batch, initial_state, layer_law
    >>> rng = np.random.default_rng(0)
    >>> x, y = rng.standard_normal((8, 3)), rng.standard_normal((8, 1))
    >>> start = initial_state((3, 5, 1), rng=rng)
    >>> end, laws = watch(layer_law, start, full_batch(x, y), step=0.01, steps=10, every=5)
    >>> laws.shape
    (3, 1)
    """
    if not callable(values):
        _checks.refuse("values", repr(values), "a function of the state, such as layer_law")
    _checks.learning(state, rule, activation, loss)
    sizes = _sizes(step, state)
    _checks.count("steps", steps)
    _checks.count("every", every, most=steps)
    if steps % every:
        _checks.refuse("every", every, f"a divisor of {steps}, the number of steps")
    _checks.leading(*state.weights, *state.feedback)
    batches = iter(batches)
    for batch in itertools.islice(batches, 1):
        _admit_batch(1, batch, state, activation)
        etas = next(sizes)
        # Or the start, and what has not moved, would lack axes of the rest.
        state = _spread(state, *batch, *[eta for eta in etas if getattr(eta, "ndim", 0)])
        batches, sizes = itertools.chain([batch], batches), itertools.chain([etas], sizes)
    how = _scanned if is_jax_array(state.weights[0]) else _looked_at
    return how(values, state, batches, sizes, steps, every, (rule, activation, loss))


def _looked_at(
    values: Callable[[State], Any],
    state: State,
    batches: Iterator[Batch],
    sizes: Sizes,
    steps: int,
    every: int,
    learning: Learning,
    first: int = 1,
) -> tuple[State, Any]:
    """Train step by step; return the last state, and the values stacked."""
    seen, number = [], 0
    run = _descend(state, itertools.islice(batches, steps), sizes, learning, first)
    for number, state in enumerate(run):
        if number % every == 0:
            seen.append(values(state))
    if number < steps:
        _too_few(number, steps)
    return state, _stacked(seen)


def _scanned(
    values: Callable[[State], Any],
    state: State,
    batches: Iterator[Batch],
    sizes: Sizes,
    steps: int,
    every: int,
    learning: Learning,
) -> tuple[State, Any]:
    """Do the same on JAX's arrays, by scans where the batches are of one shape.

    Where a scan leaves the finite numbers, it is taken again step by step, to say at which.
    """
    run = scan(_step, values, every, *learning)
    held = every * max(1, TOGETHER // every)
    seen: list[Any] = [_stacked([values(state)])]
    for done in range(0, steps, held):
        count = min(held, steps - done)
        pairs, etas = list(itertools.islice(batches, count)), list(itertools.islice(sizes, count))
        if len(pairs) < count:
            _too_few(done + len(pairs), steps)
        _admit_batch(done + 1, pairs[0], state, learning[1])
        stacked = together(pairs, etas, every)
        end, said = run(state, *stacked) if stacked else (None, None)
        if end is None or not all_finite(*end.weights, *end.feedback):
            end, said = _looked_at(
                values, state, iter(pairs), iter(etas), count, every, learning, done + 1
            )
            said = after_first(said)
        state = end
        seen.append(said)
    return state, joined(seen)


def _too_few(came: int, steps: int) -> NoReturn:
    _checks.refuse("batches", f"{came} of them", f"{steps}, one for each step")


def _stacked(seen: list[Any]) -> Any:
    """Stack what was seen along a new first axis, whatever tuples and dictionaries it stands in."""
    if isinstance(seen[0], dict):
        return {name: _stacked([each[name] for each in seen]) for name in seen[0]}
    if isinstance(seen[0], tuple | list):
        parts = map(_stacked, map(list, zip(*seen, strict=True)))
        return seen[0]._make(parts) if hasattr(seen[0], "_make") else type(seen[0])(parts)
    if not hasattr(seen[-1], "shape"):  # exact numbers, of no library
        return np.asarray(seen)
    return namespace(seen[-1]).stack(seen)


def _step(
    state: State,
    x: Array,
    y: Array,
    etas: tuple[Any, ...],
    rule: Rule,
    activation: Activation,
    loss: Loss,
) -> State:
    """Return state + eta * velocity; feedback moves at the rate of the weights that it mirrors."""
    if rule.motion is fixed_feedback:  # which rests, and hands on the directions as they are
        uphill = _uphill(state, x, y, rule, activation, loss)
        return State(tuple(map(_downhill, state.weights, uphill, etas)), state.feedback)
    weights, feedback = _velocity(state, x, y, rule, activation, loss)
    return State(
        _advance(state.weights, weights, etas), _advance(state.feedback, feedback, etas[1:])
    )


def _downhill(W: Array, S: Array, eta: Any) -> Result:
    """Return W - eta S, in one new array: S has every axis that W has."""
    moved = -eta * S
    moved += W
    return moved


def _has_only_finite(moved: State, state: State) -> bool:
    """Tell whether all that moved is finite; what rests was looked at before."""
    resting = moved.feedback is state.feedback
    return all_finite_quietly(*moved.weights, *(() if resting else moved.feedback))


def _advance(
    matrices: tuple[Array, ...], derivatives: tuple[Array, ...], etas: tuple[Any, ...]
) -> tuple[Result, ...]:
    return tuple([M + eta * dM for M, dM, eta in zip(matrices, derivatives, etas, strict=True)])


def _divergence(state: State, moved: State, number: int, etas: tuple[Any, ...]) -> Diverged:
    finite = reduce(operator.and_, map(is_finite, (*moved.weights, *moved.feedback)))
    who = ""
    if finite.ndim:
        lost = namespace(finite).nonzero(~finite)[0].shape[0]
        who = f", in {lost} of {math.prod(finite.shape)} networks (see `.lost`)"
    sizes = [float(size) for eta in etas for size in np.asarray(eta, dtype=object).flat]
    size = f"step size {sizes[0]:g}"
    if max(sizes) > min(sizes):
        size = f"step sizes {min(sizes):.3g} to {max(sizes):.3g}"
    return Diverged(
        f"step {number} with {size} left the finite numbers{who}. Try a smaller step, "
        "smaller initial weights or smaller inputs; the last finite state is in `.last`",
        state,
        number,
        ~finite if finite.ndim else None,
    )


def readout_velocity(
    state: State,
    x: Array,
    y: Array,
    *,
    rule: Rule,
    activation: Activation = relu,
    loss: Loss = squared_error,
) -> tuple[Result, ...]:
    """Return how virtual read-outs would move: dV_i/dt = -sum over samples of s a_i^T.

    A rule that broadcasts a signal s teaches hidden layer i as if a read-out V_i stood on it and
    learned from s. The network has no such weights, but they complete the law.

    Parameters
    ----------
    state, x, y, activation, loss
        As in `velocity`.
    rule : Rule
        One that broadcasts: DFA or DRTP.

    Returns
    -------
    tuple of arrays (..., n_L, n_i), one for each hidden layer

    Raises
    ------
    ValueError
        As `velocity`, or if the rule does not broadcast.
    """
    _checks.broadcasting(rule, activation)
    _checks.run(state, x, y, rule, activation, loss)
    assert rule.teacher is not None
    inputs, _, prediction = propagate(state.weights, x, activation)
    s = rule.teacher(loss.error(prediction, y), y)
    return tuple(-(s.mT @ a) for a in inputs[1:])


def virtual_networks(
    state: State,
    batches: Iterable[Batch],
    *,
    step: Any,
    steps: int,
    rule: Rule,
    activation: Activation = relu,
    loss: Loss = squared_error,
) -> tuple[State, ...]:
    """Train as `train` does, and return what each hidden layer sees: a path of two layers.

    For hidden layer i it has the states (W_i, V_i; B_i) with the virtual read-out V_i, which starts
    from zero and moves by `readout_velocity`. Theorem 5.1 holds for it: apply any law.

    Parameters
    ----------
    state, batches, step, steps, activation, loss
        As in `train`; the run is the same.
    rule : Rule
        One that broadcasts: DFA or DRTP.

    Returns
    -------
    tuple of State, one path for each hidden layer

    Raises
    ------
    ValueError, Diverged
        As `train`, or if the rule does not broadcast.
    """
    options: Any = {"rule": rule, "activation": activation, "loss": loss}
    _checks.broadcasting(rule, activation)
    _checks.learning(state, rule, activation, loss)
    sizes = _sizes(step, state)
    _checks.count("steps", steps)
    batches = list(itertools.islice(batches, steps))
    path = train(state, batches, step=step, steps=steps, **options)
    readouts = [tuple(0 * B for B in _spread(path.at(0)).feedback)]
    for time, (x, y) in enumerate(batches):
        moved = readout_velocity(path.at(time), x, y, **options)
        # What V_i mirrors is the next layer, and moves at its rate.
        readouts.append(_advance(readouts[-1], moved, next(sizes)[1:]))
    layers = zip(path.weights, map(list, zip(*readouts, strict=True)), path.feedback, strict=False)
    return tuple(State((W, _stacked(V)), (B,)) for W, V, B in layers)


def flow(
    state: State,
    x: Array,
    y: Array,
    times: Sequence[float],
    *,
    rule: Rule = feedback_alignment,
    activation: Activation = relu,
    loss: Loss = squared_error,
    rtol: float = 1e-10,
    atol: float = 1e-12,
    most_evaluations: int = 50_000,
) -> State:
    """Solve d(state)/dt = velocity from time 0 and return the path: the state at each of ``times``.

    An explicit Runge-Kutta method of order 8 with adaptive steps (SciPy's DOP853): the limit of
    `descend` for small steps, to the tolerances given.

    Parameters
    ----------
    state : State
        Where to start, in NumPy's float64.
    x, y : array (..., N, n_0), array (..., N, n_L)
    times : sequence of float
        Increasing, from 0 or later; in units of 1 / (loss per squared weight).
    rule, activation, loss
        As in `velocity`.
    rtol, atol : float
        Tolerances of the solver for each step.
    most_evaluations : int
        How often the velocity may be evaluated before the solver gives up.

    Returns
    -------
    State
        With an axis of time before all others, as that of `train`.

    Raises
    ------
    ValueError
        If an argument does not fit.
    Diverged
        (a FloatingPointError) If the solution leaves the finite numbers; ``error.last`` is the
        last state that was reached among ``times``, or the start.
    RuntimeError
        If ``most_evaluations`` are not enough.

    Notes
    -----
    ReLU's velocity jumps where a preactivation changes sign. Where it pushes towards zero from
    both sides, the flow slides along zero, and no explicit method can follow it with tight
    tolerances. There `descend` with small steps is the way, and `discrete_law` is exact.
    """
    _checks.run(state, x, y, rule, activation, loss)
    W = state.weights[0]
    if not (isinstance(W, np.ndarray) and W.dtype == np.float64):
        came = f"{type(W).__name__} of dtype {W.dtype}"
        _checks.refuse("state", came, "NumPy arrays of float64")
    instants = _checks.times(times)
    for name, tolerance in (("rtol", rtol), ("atol", atol)):
        _checks.positive_number(name, tolerance)
    _checks.count("most_evaluations", most_evaluations)
    state = _spread(state, x, y)
    evaluations = itertools.count(1)

    def derivative(t: float, vector: np.ndarray) -> np.ndarray:
        if math.isnan(t):  # the first step is a ratio of norms; both have overflowed
            raise Diverged(
                "the solution leaves the finite numbers at once: the solver finds no first step. "
                "Try smaller initial weights or inputs; the last finite state is in `.last`",
                state,
            )
        if next(evaluations) > most_evaluations:
            raise RuntimeError(
                f"{most_evaluations} evaluations brought the solver to time {t:.3g} of "
                f"{instants[-1]:.3g} only. Allow more, or loosen rtol and atol. Where a flow "
                "slides along a kink, no number is enough: use `descend` with small steps"
            )
        return _flatten(_velocity(_unflatten(vector, state), x, y, rule, activation, loss))

    with np.errstate(over="ignore", invalid="ignore"):
        span = (0.0, max(instants[-1], np.finfo(float).tiny))
        solution = solve_ivp(
            derivative, span, _flatten(state), "DOP853", instants, rtol=rtol, atol=atol
        )
    reached = np.asarray(solution.y).T  # SciPy's y is an empty list where no time was reached
    if not solution.success:
        time = instants[len(reached) - 1] if len(reached) else 0.0
        raise Diverged(
            f"after time {time:g} the solution left the finite numbers ({solution.message}). "
            "Try earlier times or smaller initial weights; the last finite state is in `.last`",
            _unflatten(reached[-1], state) if len(reached) else state,
        )
    path = _unflatten(reached, state)
    rests = rule.motion is fixed_feedback
    return State(path.weights, tuple(B[:1] for B in path.feedback) if rests else path.feedback)


def _spread(state: State, *others: Array) -> State:
    """Give every matrix all leading axes, so that what it becomes has its shape."""
    matrices = (*state.weights, *state.feedback)
    leading = np.broadcast_shapes(*(tuple(M.shape[:-2]) for M in (*matrices, *others)))
    xp = namespace(*matrices)
    return State(
        *(tuple(xp.broadcast_to(M, leading + tuple(M.shape[-2:])) for M in part) for part in state)
    )


def _flatten(state: State) -> np.ndarray:
    return np.concatenate([M.ravel() for M in (*state.weights, *state.feedback)])


def _unflatten(vectors: np.ndarray, like: State) -> State:
    """Return the state of a vector, or the path of a stack of them."""
    matrices = (*like.weights, *like.feedback)
    ends = np.cumsum([M.size for M in matrices])[:-1]
    pieces = zip(np.split(vectors, ends, axis=-1), matrices, strict=True)
    parts = [piece.reshape(*vectors.shape[:-1], *M.shape) for piece, M in pieces]
    return State(tuple(parts[: len(like.weights)]), tuple(parts[len(like.weights) :]))
