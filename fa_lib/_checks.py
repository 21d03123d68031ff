"""What the public functions refuse. Each message names the argument, what came, what was expected.

The checks stand here, at the door, so that the mathematics inside can trust its input: shapes,
dtypes, finiteness, and the kind of each argument. Plain matrices of NumPy that fit are let in at a
glance, at a small part of what a step costs; all others, and all faults, are looked at one by one.
"""

import math
import warnings
from collections.abc import Iterable, Sequence
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise
from numbers import Number, Rational, Real
from typing import Any, NoReturn

import numpy as np

from fa_lib._arrays import Array, all_finite, device, holds, is_exact, is_lazy_array, namespace
from fa_lib.state import Activation, Loss, Rule, State

KINDS = {
    Activation: "an Activation, such as relu",
    Loss: "a Loss, such as squared_error",
    Rule: "a Rule, such as feedback_alignment",
    np.random.Generator: "a numpy.random.Generator",
}


def refuse(name: str, came: object, expected: str) -> NoReturn:
    """Raise the one form of error that the library raises for bad input."""
    raise ValueError(f"{name}: got {came}, expected {expected}")


def kind(name: str, value: object, expected: type) -> None:
    """Refuse an object of another class: seeds are explicit, and a rule is no name of one."""
    if not isinstance(value, expected):
        refuse(name, _described(value), KINDS.get(expected, f"a {expected.__name__}"))


def _described(value: object) -> str:
    """Name a large object by its class, and show a small one."""
    small = value is None or isinstance(value, str | bool | Number)
    return repr(value) if small else _article(type(value).__name__)


def _article(noun: str) -> str:
    return f"an {noun}" if noun[0].lower() in "aeiou" else f"a {noun}"


def _of(value: Array) -> str:
    return f"an array of {type(value).__module__.partition('.')[0]}"


def dims(*axes: object) -> str:
    """Return a shape as the messages write it."""
    return "(..., " + ", ".join(map(str, axes)) + ")"


# Arrays.


def array(name: str, value: Array, *, like: Array | None = None) -> None:
    """Refuse what is no matrix of finite reals, or is of another library or dtype than ``like``."""
    plain(name, value)
    if value.ndim < 2:
        refuse(name, f"shape {tuple(value.shape)}", "at least two axes")
    entries(name, value, like=like)


def entries(name: str, value: Array, *, like: Array | None = None) -> None:
    """Refuse what is no array of finite reals, of any number of axes."""
    reals(name, value, like=like)
    if not all_finite(value):
        refuse(name, "an entry that is not finite", "finite entries only")


def reals(name: str, value: Array, *, like: Array | None = None) -> None:
    """Refuse what is no array of reals, finite or not."""
    plain(name, value)
    if not (is_exact(value) or "float" in str(value.dtype)):
        refuse(name, f"dtype {value.dtype}", "a floating-point dtype, or exact objects")
    if like is not None:
        if namespace(value) is not namespace(like):
            refuse(name, _of(value), f"{_of(like)}, as the weights are")
        if value.dtype != like.dtype:
            refuse(name, f"dtype {value.dtype}", f"{like.dtype}, the dtype of the weights")
    if 0 in value.shape:
        refuse(name, f"shape {tuple(value.shape)}, which is empty", "at least one entry")
    if is_exact(value):
        exact_entries(name, value)


def plain(name: str, value: Any) -> None:
    """Refuse what is no array, and the kinds of NumPy array whose operators mean something else."""
    try:
        namespace(value)
    except TypeError:
        refuse(name, _described(value), "an array")
    if isinstance(value, np.matrix | np.ma.MaskedArray):
        refuse(name, _article(type(value).__name__), "a plain array")


def exact_entries(name: str, value: Any) -> None:
    """Refuse objects that do not calculate exactly: one float makes floats of what it meets."""
    for entry in value.flat:
        inexact = isinstance(entry, Number) and not isinstance(entry, Rational)
        if inexact or not hasattr(entry, "__sub__"):
            refuse(name, f"a {type(entry).__name__} among its objects", "exact numbers only")


def floats(name: str, value: Array) -> None:
    """Refuse exact numbers where roots are taken."""
    if is_exact(value):
        refuse(name, f"dtype {value.dtype}", "a floating-point dtype")


def decomposable(name: str, value: Array, *, columns: int | None = None) -> None:
    """Refuse what LAPACK does not decompose, or of another number of columns."""
    array(name, value)
    of_numpy(name, value)
    lapack(name, value)
    if columns is not None and value.shape[-1] != columns:
        refuse(name, f"shape {tuple(value.shape)}", dims("m", columns))


def of_numpy(name: str, value: Array) -> None:
    """Refuse the arrays of other libraries where only NumPy's functions are called."""
    if not isinstance(value, np.ndarray):
        refuse(name, _of(value), "an array of numpy")


def lapack(name: str, value: Array) -> None:
    """Refuse exact numbers, half and extended precision where matrices are decomposed."""
    if not str(value.dtype).endswith(("float32", "float64")):
        refuse(name, f"dtype {value.dtype}", "float32 or float64")


def leading(*arrays: Array) -> None:
    """Refuse arrays whose leading axes do not broadcast together."""
    shapes = {tuple(a.shape[:-2]) for a in arrays}
    if len(shapes) > 1:
        try:
            np.broadcast_shapes(*shapes)
        except ValueError:
            refuse("leading axes", sorted(shapes), "shapes that broadcast together")


def _at_a_glance(*arrays: Any, like: Any = None) -> bool:
    """Tell whether all are plain matrices of NumPy, of one dtype, finite and not empty."""
    dtype: Any = getattr(arrays[0] if like is None else like, "dtype", None)
    for A in arrays:
        if type(A) is not np.ndarray or A.ndim != 2 or A.dtype != dtype or not A.size:
            return False
    with np.errstate(over="ignore"):  # which decides nothing: look closer
        return dtype.kind == "f" and math.isfinite(sum(map(np.vdot, arrays, arrays)))


# Networks and their data.


def weights(state: State, wires: Sequence[Any] = (), *, seen: bool = False) -> None:
    """Refuse weights that do not chain, through the wires in front of them where there are any.

    Here and below, arrays that were seen at a glance are not looked at again.
    """
    if not (hasattr(state, "weights") and hasattr(state, "feedback")):
        refuse("state", _described(state), "a State(weights, feedback)")
    for name, part in (("weights", state.weights), ("feedback", state.feedback)):
        if not isinstance(part, tuple | list):
            refuse(name, _described(part), "a tuple of arrays")
    if len(state.weights) < 2:
        refuse("weights", f"{len(state.weights)} matrices", "at least two: one hidden layer")
    if not (seen or _at_a_glance(*state.weights)):
        for number, W in enumerate(state.weights, start=1):
            array(f"W_{number}", W, like=state.weights[0])
        _warn_of_kernels(state)
    if wires:
        activity_sizes([W.shape[-2:] for W in state.weights], wires)
        return
    for number, (W, after) in enumerate(pairwise(state.weights), start=2):
        if after.shape[-1] != W.shape[-2]:
            expected = f"{dims(after.shape[-2], W.shape[-2])}, to follow W_{number - 1}"
            refuse(f"W_{number}", f"shape {tuple(after.shape)}", expected)


def activity_sizes(pairs: Sequence[tuple[int, int]], wires: Sequence[Any]) -> list[int]:
    """Return how many activities each hidden layer has for a sample, or refuse wires between them.

    ``pairs`` has the rows and columns of each matrix.
    """
    if len(wires) != len(pairs):
        refuse("wires", f"{len(wires)} of them", f"{len(pairs)}, one for each layer (or None)")
    sizes, rows = [], 1
    size = wires[0].size if wires[0] else pairs[0][1]
    for number, ((units, columns), wire) in enumerate(zip(pairs, wires, strict=True), start=1):
        if wire and size % wire.size:
            refuse(f"wire {number}", f"{wire.name}, for {wire.size} numbers", f"one for {size}")
        if wire and columns != wire.columns:
            expected = f"{wire.columns} columns, as it stands behind {wire.name}"
            refuse(f"W_{number}", f"{columns} columns", expected)
        rows = size // wire.size * wire.rows if wire else rows
        size = rows * units
        sizes.append(size)
    if rows != 1:
        refuse("wires", f"{rows} rows for each sample at the end", "one: flatten or pool them")
    return sizes[:-1]


def _warn_of_kernels(state: State) -> None:
    """Say so where arrays that could be kernels of convolutions are taken for an ensemble."""
    # On a path the feedback that rests has another shape than the weights.
    shapes = {tuple(getattr(M, "shape", ())) for M in (*state.weights, *state.feedback)}
    rows, columns = state.weights[0].shape[-2:]
    if len(shapes) == 1 and state.weights[0].ndim == 4 and rows == columns > 1:
        warnings.warn(
            f"weights of shape {shapes.pop()} are taken for an ensemble of networks: the first two "
            "axes count them. For kernels of a convolution the result is wrong",
            stacklevel=4,
        )


def feedback(
    state: State, wires: Sequence[Any] = (), *, broadcast: bool = False, seen: bool = False
) -> None:
    """Refuse weights that do not chain, and feedback that does not fit them."""
    weights(state, wires, seen=seen)
    if len(state.feedback) != len(state.weights) - 1:
        expected = f"{len(state.weights) - 1}, one for each hidden layer"
        refuse("feedback", f"{len(state.feedback)} matrices", expected)
    shapes = [tuple(W.shape[-2:]) for W in state.weights[1:]]
    if broadcast:
        pairs = [W.shape[-2:] for W in state.weights]
        sizes = activity_sizes(pairs, wires) if wires else [n for _, n in shapes]
        shapes = [(shapes[-1][0], size) for size in sizes]
    carried(state, first=1 if broadcast else 2, seen=seen)
    for number, (B, shape) in enumerate(zip(state.feedback, shapes, strict=True)):
        if tuple(B.shape[-2:]) != shape:
            name = f"B_{number + (1 if broadcast else 2)}"
            refuse(name, f"shape {tuple(B.shape)}", dims(*shape))
    leading(*state.weights, *state.feedback)


def carried(state: State, first: int = 2, *, seen: bool = False) -> None:
    """Refuse feedback that is no arrays like the weights; which shape fits, a rule decides."""
    like = state.weights[0]
    if not (seen or _at_a_glance(*state.feedback, like=like)):
        for number, B in enumerate(state.feedback, start=first):
            array(f"B_{number}", B, like=like)


def network(
    state: State,
    rule: Rule,
    wires: Sequence[Any] = (),
    *,
    name: str = "rule",
    seen: bool = False,
) -> None:
    """Refuse weights that do not chain, and feedback that does not fit a rule that reads it."""
    kind(name, rule, Rule)
    if rule.reads_feedback:
        feedback(state, wires, broadcast=rule.broadcast, seen=seen)
    else:
        weights(state, wires, seen=seen)


def path(value: State) -> None:
    """Refuse a state whose matrices have no axis of time, or none of the same length.

    Feedback that rests has one time.
    """
    first = value.weights[0]
    if first.ndim < 3 or first.shape[0] < 2:
        came = f"weights of shape {tuple(first.shape)}"
        refuse("path", came, "an axis of at least two times before all others")
    named = [
        *((f"W_{number}", W) for number, W in enumerate(value.weights, start=1)),
        *((f"B_{number}", B) for number, B in enumerate(value.feedback, start=2)),
    ]
    for name, M in named:
        moves = M.ndim == first.ndim and M.shape[0] == first.shape[0]
        rests = name[0] == "B" and M.ndim > 2 and M.shape[0] == 1
        if not (moves or rests):
            expected = f"an axis of {first.shape[0]} times before all others, as that of W_1"
            refuse(name, f"shape {tuple(M.shape)}", expected)


def samples(
    name: str,
    value: Array,
    state: State,
    width: int,
    count: int | str = "N",
    *,
    seen: bool = False,
) -> None:
    """Refuse samples whose number of columns is not the width of their layer."""
    if not (seen or _at_a_glance(value, like=state.weights[0])):
        array(name, value, like=state.weights[0])
    if value.shape[-1] != width or (count != "N" and value.shape[-2] != count):
        refuse(name, f"shape {tuple(value.shape)}", dims(count, width))


def batch(
    x: Array, y: Array, state: State, wires: Sequence[Any] = (), *, seen: bool = False
) -> None:
    """Refuse inputs and targets that do not fit the network or each other, or do not broadcast."""
    wire = wires[0] if wires else None
    samples("x", x, state, wire.size if wire else state.weights[0].shape[-1], seen=seen)
    samples("y", y, state, state.weights[-1].shape[-2], x.shape[-2], seen=seen)
    leading(*state.weights, *state.feedback, x, y)


def pair(name: str, value: object) -> None:
    """Refuse what does not unpack into inputs and targets."""
    if not (isinstance(value, tuple | list) and len(value) == 2):
        refuse(name, _described(value), "a pair (x, y)")


def data(x: Array, y: Array) -> None:
    """Refuse inputs and targets that differ in dtype or in the number of samples."""
    array("x", x)
    array("y", y, like=x)
    if x.shape[-2] != y.shape[-2]:
        refuse("y", f"shape {tuple(y.shape)}", f"{dims(x.shape[-2], 'n_L')}, a row per row of x")
    leading(x, y)


def learning(state: State, rule: Rule, by: Activation, of: Loss, *, seen: bool = False) -> None:
    """Refuse what no network could be trained with."""
    kind("activation", by, Activation)
    kind("loss", of, Loss)
    network(state, rule, by.wires, seen=seen)


def run(state: State, x: Array, y: Array, rule: Rule, activation: Activation, loss: Loss) -> None:
    """Refuse what no training step could use."""
    whole = isinstance(state, State) and all(isinstance(part, tuple) for part in state)
    seen = whole and _at_a_glance(*state.weights, *state.feedback, x, y)
    learning(state, rule, activation, loss, seen=seen)
    batch(x, y, state, activation.wires, seen=seen)
    homogeneous(activation, state.weights[0], x.shape[-2])


def broadcasting(rule: Rule, activation: Activation) -> None:
    """Refuse what is no rule that broadcasts the output error, or has no virtual read-outs."""
    kind("rule", rule, Rule)
    kind("activation", activation, Activation)
    if rule.teacher is None:
        refuse("rule", rule.name, "a rule that broadcasts: DFA or DRTP")
    if activation.wires:
        refuse("activation", "one with wires", "one without: read-outs stand on whole layers")


def homogeneous(value: Activation, W: Array, samples: int) -> None:
    """Refuse an activation that breaks phi'(h) h = k phi(h) for the degree k that it names.

    It is tried on preactivations of the shape that the first weights give, as it may depend on it.
    """
    if value.degree is None:
        return
    try:
        fits = _is_homogeneous(value, namespace(W), W.dtype, device(W), (samples, W.shape[-2]))
    except TypeError:
        if is_lazy_array(W):  # being traced, the points have no values
            return
        raise
    if not fits:
        came = f"{value.name}, for which phi'(h) h is not {value.degree} phi(h)"
        refuse("activation", came, "one of the degree it names; degree=None if it has none")


@lru_cache(maxsize=256)
def _is_homogeneous(
    value: Activation, xp: Any, dtype: Any, where: Any, shape: tuple[int, int]
) -> bool:
    exact = str(dtype) == "object"
    few = np.array([Fraction(-2), Fraction(-1, 2), Fraction(1, 4), Fraction(3)])
    points = np.resize(few if exact else few.astype(float), shape)
    h = points if exact else xp.asarray(points, dtype=dtype, device=where)
    left, right = value.derivative(h) * h, value.degree * value.value(h)
    if exact:  # what holds a symbol has no value to compare
        return not any(isinstance(off, Real) and off for off in (left - right).flat)
    rounding = float(xp.finfo(dtype).eps) ** 0.5
    return bool(xp.all(abs(left - right) <= rounding * (abs(left) + abs(right))))


# Numbers.


def number(
    name: str, value: Any, expected: str = "a finite number", least: float = -math.inf
) -> None:
    """Refuse what is not one finite real number of at least ``least``."""
    finite = isinstance(value, Rational) or (isinstance(value, Real) and math.isfinite(value))
    if not finite or value < least:
        refuse(name, value, expected)


def positive_number(name: str, value: Any, expected: str = "a positive number") -> None:
    """Refuse what is not one finite number above zero."""
    number(name, value, expected)
    if value == 0 or value < 0:
        refuse(name, value, expected)


def exact_enough(name: str, value: Any, like: Array) -> None:
    """Refuse a float that would turn exact numbers into floats."""
    if is_exact(like) and not isinstance(value, Rational):
        refuse(name, value, "a Fraction, since the weights are exact")


def of_arithmetic(name: str, value: Any, like: Array) -> Any:
    """Return a number, as a float if it meets floats: NumPy's, and fractions, would change them."""
    exact_enough(name, value, like)
    return value if is_exact(like) else float(value)


def step_size(step: Any, state: State) -> Any:
    """Return the step, as a float if the weights are floats; refuse one that is not positive.

    A step of another type would take the weights to its own: NumPy's float64 turns float32 into
    float64, a Fraction turns floats into objects, a float turns fractions into floats.
    """
    like = state.weights[0]
    if isinstance(step, Real):
        exact_enough("step", step, like)
        positive_number("step", step, "a positive finite number")
        return of_arithmetic("step", step, like)
    if not hasattr(step, "shape"):
        if not getattr(step, "is_positive", False):  # as SymPy's positive numbers and symbols are
            refuse("step", _described(step), "a positive number, or an array of them")
        return step
    plain("step", step)
    if step.dtype != like.dtype:
        refuse("step", f"dtype {step.dtype}", f"{like.dtype}, as the weights")
    if 0 in step.shape:
        refuse("step", f"shape {tuple(step.shape)}, which is empty", "at least one entry")
    if is_exact(step):
        exact_entries("step", step)
    xp = namespace(step)
    if not (holds(xp.all(step > 0)) and (is_exact(step) or holds(xp.all(xp.isfinite(step))))):
        refuse("step", "an array with zero, negative or infinite entries", "positive finite ones")
    axes = [tuple(M.shape[:-2]) for M in (*state.weights, *state.feedback)]
    try:
        np.broadcast_shapes(tuple(step.shape), *axes)
    except ValueError:
        expected = f"one that broadcasts to the leading axes {max(axes, key=len)}"
        refuse("step", f"shape {tuple(step.shape)}", expected)
    return step


def count(name: str, value: Any, *, least: int = 1, most: int | None = None) -> int:
    """Return a whole number from ``least`` to ``most``; a truth value is none."""
    whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
    if not whole or value < least or (most is not None and value > most):
        kind = "a positive integer" if least else "an integer of zero or more"
        refuse(name, value, kind + (f" of at most {most}" if most else ""))
    return int(value)


def counts(
    name: str, value: Any, expected: str, *, least: int = 0, only: int | None = None
) -> None:
    """Refuse what is no tuple or list of positive integers, too few, or not ``only`` so many."""
    fits = isinstance(value, tuple | list) and len(value) >= least
    whole = fits and all(isinstance(n, int | np.integer) and n > 0 for n in value)
    if not whole or (only is not None and len(value) != only):
        refuse(name, value, expected)


def ensemble(value: Any) -> None:
    """Refuse leading axes that are no shape, or hold no network."""
    expected = "a tuple of positive integers"
    if not isinstance(value, tuple):
        refuse("ensemble", value, expected)
    counts("ensemble", value, expected)


def sequence(name: str, value: Any, expected: str) -> tuple[Any, ...]:
    """Return what is given as a tuple, or refuse what has no parts."""
    try:
        return tuple(value)
    except TypeError:
        refuse(name, _described(value), expected)


def _numbers(name: str, value: Any, expected: str) -> np.ndarray:
    try:
        values = np.asarray(value)
        # NumPy would read words as numbers, and drop imaginary parts and masks.
        objects = values.dtype == object and all(isinstance(entry, Real) for entry in values.flat)
        if not isinstance(value, np.ma.MaskedArray) and (objects or values.dtype.kind in "biuf"):
            floats = values.astype(float)
            if np.isfinite(floats).all():
                return floats
    except (OverflowError, ValueError):  # rows of different lengths; integers beyond the floats
        pass
    refuse(name, value, expected)


def scale(name: str, value: Any, ensemble: tuple[int, ...] | None = None) -> np.ndarray:
    """Return a scale as an array, or refuse one that is negative or does not fit the ensemble."""
    values = _numbers(name, value, "finite numbers of zero or more")
    if not np.all(values >= 0):
        refuse(name, value, "finite numbers of zero or more")
    if ensemble is not None:
        try:
            fits = np.broadcast_shapes(values.shape, ensemble) == tuple(ensemble)
        except ValueError:
            fits = False
        if not fits:
            expected = f"one that broadcasts to ensemble {tuple(ensemble)}"
            refuse(name, f"shape {values.shape}", expected)
    return values


def times(value: Iterable[float]) -> np.ndarray:
    """Return times as an array, or refuse those that are not increasing from zero or later."""
    values = _numbers("times", value, "finite times that increase, from 0 or later")
    if values.ndim != 1 or values.size == 0:
        refuse("times", f"shape {values.shape}", "a sequence of times")
    if values[0] < 0 or not np.all(np.diff(values) > 0):
        refuse("times", value, "finite times that increase, from 0 or later")
    return values
