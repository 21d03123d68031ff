"""What the public functions refuse. Each message names the argument, what came, what was expected.

The checks stand here, at the door, so that the mathematics inside can trust its input.
"""

import math
import warnings
from collections.abc import Iterable
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise
from numbers import Integral, Number, Rational, Real
from typing import Any, NoReturn

import numpy as np

from fa_lib._arrays import Array, all_finite, device, is_exact, is_lazy_array, namespace
from fa_lib.state import Activation, Loss, Rule, State


def refuse(name: str, came: object, expected: str) -> NoReturn:
    """Raise the one form of error that the library raises for bad input."""
    raise ValueError(f"{name}: got {came}, expected {expected}")


def dims(*axes: object) -> str:
    """Return a shape as the messages write it."""
    return "(..., " + ", ".join(map(str, axes)) + ")"


def array(name: str, value: Array, *, like: Array | None = None) -> None:
    """Refuse what is no matrix of finite reals, or is of another library or dtype than ``like``."""
    of_library(name, value)
    plain(name, value)
    if value.ndim < 2:
        refuse(name, f"shape {tuple(value.shape)}", "at least two axes")
    if not (is_exact(value) or "float" in str(value.dtype)):
        refuse(name, f"dtype {value.dtype}", "a floating-point dtype, or exact objects")
    if like is not None:
        if namespace(value) is not namespace(like):
            refuse(
                name, f"a {type(value).__name__}", f"a {type(like).__name__}, as the weights are"
            )
        if value.dtype != like.dtype:
            refuse(name, f"dtype {value.dtype}", f"{like.dtype}, the dtype of the weights")
    if 0 in value.shape:
        refuse(name, f"shape {tuple(value.shape)}, which is empty", "at least one entry")
    if is_exact(value):
        exact_entries(name, value)
    if not all_finite(value):
        refuse(name, "an entry that is not finite", "finite entries only")


def of_library(name: str, value: Any) -> None:
    """Refuse what is no array of any library, whatever it looks like."""
    try:
        namespace(value)
    except TypeError:
        refuse(name, f"a {type(value).__name__}", "an array")


def plain(name: str, value: Any) -> None:
    """Refuse the kinds of NumPy array whose operators mean something else."""
    if isinstance(value, np.matrix | np.ma.MaskedArray):
        refuse(name, f"a {type(value).__name__}", "a plain array")


def exact_entries(name: str, value: Array) -> None:
    """Refuse objects that do not calculate exactly: one float makes floats of what it meets."""
    for entry in value.flat:
        inexact = isinstance(entry, Number) and not isinstance(entry, Rational)
        if inexact or not hasattr(entry, "__sub__"):
            refuse(name, f"a {type(entry).__name__} among its objects", "exact numbers only")


def weights(state: State) -> None:
    """Refuse weights that do not chain: the columns of each must be the rows of the one before."""
    if not (hasattr(state, "weights") and hasattr(state, "feedback")):
        refuse("state", f"a {type(state).__name__}", "a State(weights, feedback)")
    for name, part in (("weights", state.weights), ("feedback", state.feedback)):
        if not isinstance(part, tuple | list):
            refuse(name, f"a {type(part).__name__}", "a tuple of arrays")
    if len(state.weights) < 2:
        refuse("weights", f"{len(state.weights)} matrices", "at least two: one hidden layer")
    for number, W in enumerate(state.weights, start=1):
        array(f"W_{number}", W, like=state.weights[0])
    for number, (W, after) in enumerate(pairwise(state.weights), start=2):
        if after.shape[-1] != W.shape[-2]:
            expected = f"{dims(after.shape[-2], W.shape[-2])}, to follow W_{number - 1}"
            refuse(f"W_{number}", f"shape {tuple(after.shape)}", expected)
    warn_of_kernels(state)


def warn_of_kernels(state: State) -> None:
    """Say so where arrays that could be kernels of convolutions are taken for an ensemble."""
    # On a path the feedback that rests has another shape than the weights.
    matrices = (*state.weights, *state.feedback)
    shapes = {tuple(getattr(M, "shape", ())) for M in matrices}
    rows, columns = state.weights[0].shape[-2:]
    if len(shapes) == 1 and state.weights[0].ndim == 4 and rows == columns > 1:
        warnings.warn(
            f"weights of shape {shapes.pop()} are taken for an ensemble of networks: the first two "
            "axes count them. For kernels of a convolution the result is wrong",
            stacklevel=4,
        )


def feedback(state: State, *, broadcast: bool = False) -> None:
    """Refuse weights that do not chain, and feedback that does not fit them."""
    weights(state)
    if len(state.feedback) != len(state.weights) - 1:
        expected = f"{len(state.weights) - 1}, one for each hidden layer"
        refuse("feedback", f"{len(state.feedback)} matrices", expected)
    outputs = state.weights[-1].shape[-2]
    for number, (B, W) in enumerate(zip(state.feedback, state.weights[1:], strict=True), start=2):
        name = f"B_{number - 1}" if broadcast else f"B_{number}"
        array(name, B, like=W)
        rows, columns = outputs if broadcast else W.shape[-2], W.shape[-1]
        if tuple(B.shape[-2:]) != (rows, columns):
            refuse(name, f"shape {tuple(B.shape)}", dims(rows, columns))
    leading(*state.weights, *state.feedback)


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


def leading(*arrays: Array) -> None:
    """Refuse arrays whose leading axes do not broadcast together."""
    shapes = [tuple(a.shape[:-2]) for a in arrays]
    try:
        np.broadcast_shapes(*shapes)
    except ValueError:
        refuse("leading axes", sorted(set(shapes)), "shapes that broadcast together")


def floats(name: str, value: Array) -> None:
    """Refuse exact numbers where roots or singular values are taken."""
    if is_exact(value):
        refuse(name, f"dtype {value.dtype}", "a floating-point dtype")


def of_numpy(name: str, value: Array) -> None:
    """Refuse the arrays of other libraries where only NumPy's functions are called."""
    if not isinstance(value, np.ndarray):
        refuse(name, f"a {type(value).__name__}", "a NumPy array")


def decomposable(name: str, value: Array) -> None:
    """Refuse what LAPACK does not decompose: exact numbers, half and extended precision."""
    if not str(value.dtype).endswith(("float32", "float64")):
        refuse(name, f"dtype {value.dtype}", "float32 or float64")


def exact_enough(name: str, value: Any, like: Array) -> None:
    """Refuse a float that would turn exact numbers into floats."""
    if is_exact(like) and not isinstance(value, Rational):
        refuse(name, value, "a Fraction, since the weights are exact")


def of_arithmetic(name: str, value: Any, like: Array) -> Any:
    """Return a number, as a float if it meets floats: NumPy's, and fractions, would change them."""
    exact_enough(name, value, like)
    return value if is_exact(like) else float(value)


def samples(name: str, value: Array, state: State, *, width: int, count: int | str = "N") -> None:
    """Refuse samples whose number of columns is not the width of their layer."""
    array(name, value, like=state.weights[0])
    if value.shape[-1] != width or (count != "N" and value.shape[-2] != count):
        refuse(name, f"shape {tuple(value.shape)}", dims(count, width))


def carried(state: State) -> None:
    """Refuse feedback that is no arrays like the weights; which shape fits, a rule decides."""
    for number, B in enumerate(state.feedback, start=2):
        array(f"B_{number}", B, like=state.weights[0])


def batch(x: Array, y: Array, state: State) -> None:
    """Refuse inputs and targets that do not fit the network or each other, or do not broadcast."""
    samples("x", x, state, width=state.weights[0].shape[-1])
    samples("y", y, state, width=state.weights[-1].shape[-2], count=x.shape[-2])
    leading(*state.weights, *state.feedback, x, y)


def known_rule(value: Rule, name: str = "rule") -> None:
    """Refuse what is no rule."""
    if not hasattr(value, "signals"):
        refuse(name, repr(value), "a Rule, such as feedback_alignment")


def broadcasting(rule: Rule) -> None:
    """Refuse what is no rule that broadcasts the output error."""
    known_rule(rule)
    if rule.teacher is None:
        refuse("rule", rule.name, "a rule that broadcasts: DFA or DRTP")


def network(state: State, rule: Rule, name: str = "rule") -> None:
    """Refuse weights that do not chain, and feedback that does not fit a rule that reads it."""
    known_rule(rule, name)
    if rule.reads_feedback:
        feedback(state, broadcast=rule.broadcast)
    else:
        weights(state)


def activation(value: Activation) -> None:
    """Refuse what no network applies to its preactivations."""
    if not hasattr(value, "derivative"):
        refuse("activation", repr(value), "an Activation, such as relu")


def homogeneous(value: Activation, W: Array, samples: int) -> None:
    """Refuse an activation that breaks phi'(h) h = k phi(h) for the degree k that it names.

    It is tried on preactivations of the shape that the first weights give, as it may depend on it.
    """
    if value.degree is None:
        return
    shape = (samples, W.shape[-2])
    try:
        holds = _is_homogeneous(value, namespace(W), W.dtype, device(W), shape)
    except TypeError:
        if is_lazy_array(W):  # being traced, the points have no values
            return
        raise
    if not holds:
        came = f"{value.name}, for which phi'(h) h is not {value.degree} phi(h)"
        refuse("activation", came, "one of the degree it names; degree=None if it has none")


@lru_cache(maxsize=256)
def _is_homogeneous(
    value: Activation, xp: Any, dtype: Any, where: Any, shape: tuple[int, int]
) -> bool:
    points = np.resize([Fraction(-2), Fraction(-1, 2), Fraction(1, 4), Fraction(3)], shape)
    exact = str(dtype) == "object"
    h = points if exact else xp.asarray(points.astype(float), dtype=dtype, device=where)
    left, right = value.derivative(h) * h, value.degree * value.value(h)
    if exact:  # what holds a symbol has no value to compare
        return not any(isinstance(off, Real) and off for off in (left - right).flat)
    rounding = float(xp.finfo(dtype).eps) ** 0.5
    return bool(xp.all(abs(left - right) <= rounding * (abs(left) + abs(right))))


def loss(value: Loss) -> None:
    """Refuse what no network learns from."""
    if not hasattr(value, "error"):
        refuse("loss", repr(value), "a Loss, such as squared_error")


def learning(state: State, rule: Rule, by: Activation, of: Loss) -> None:
    """Refuse what no network could be trained with."""
    network(state, rule)
    activation(by)
    loss(of)


def run(state: State, x: Array, y: Array, rule: Rule, activation: Activation, loss: Loss) -> None:
    """Refuse what no training step could use."""
    learning(state, rule, activation, loss)
    batch(x, y, state)
    homogeneous(activation, state.weights[0], x.shape[-2])


def pair(name: str, value: object) -> None:
    """Refuse what does not unpack into inputs and targets."""
    if not (isinstance(value, tuple) and len(value) == 2):
        refuse(name, f"a {type(value).__name__}", "a pair (x, y)")


def data(x: Array, y: Array) -> None:
    """Refuse inputs and targets that differ in dtype or in the number of samples."""
    array("x", x)
    array("y", y, like=x)
    if x.shape[-2] != y.shape[-2]:
        refuse("y", f"shape {tuple(y.shape)}", f"{dims(x.shape[-2], 'n_L')}, a row per row of x")
    leading(x, y)


def table(x: Array, y: Array) -> None:
    """Refuse samples and targets that are not one matrix of floats each, row for row."""
    data(x, y)
    floats("x", x)
    for name, value in (("x", x), ("y", y)):
        if value.ndim != 2:
            refuse(name, f"shape {tuple(value.shape)}", "two axes: a row for each sample")


def columns(name: str, value: Array, width: int) -> None:
    """Refuse a matrix that does not have ``width`` columns."""
    array(name, value)
    floats(name, value)
    if value.shape[-1] != width:
        refuse(name, f"shape {tuple(value.shape)}", dims("m", width))


def step_size(step: Any, state: State) -> Any:
    """Return the step, as a float if the weights are floats; refuse one that is not positive.

    A step of another type would take the weights to its own: NumPy's float64 turns float32 into
    float64, a Fraction turns floats into objects, a float turns fractions into floats.
    """
    if isinstance(step, Real):
        exact_enough("step", step, state.weights[0])
        if not (_positive(step) and (isinstance(step, Rational) or math.isfinite(step))):
            refuse("step", step, "a positive finite number")
        return of_arithmetic("step", step, state.weights[0])
    elif hasattr(step, "shape"):
        plain("step", step)
        if step.dtype != state.weights[0].dtype:
            refuse("step", f"dtype {step.dtype}", f"{state.weights[0].dtype}, as the weights")
        if 0 in step.shape:
            refuse("step", f"shape {tuple(step.shape)}, which is empty", "at least one entry")
        if is_exact(step):
            exact_entries("step", step)
        xp = namespace(step)
        if not bool(xp.all(step > 0)) or not (is_exact(step) or bool(xp.all(xp.isfinite(step)))):
            refuse("step", "an array with entries that are not", "positive finite entries only")
        axes = [tuple(M.shape[:-2]) for M in (*state.weights, *state.feedback)]
        try:
            np.broadcast_shapes(tuple(step.shape), *axes)
        except ValueError:
            expected = f"one that broadcasts to the leading axes {max(axes, key=len)}"
            refuse("step", f"shape {tuple(step.shape)}", expected)
    elif not getattr(step, "is_positive", False):  # a SymPy number or positive symbol has it
        refuse("step", f"a {type(step).__name__}", "a positive number, or an array of them")
    return step


def widths(value: tuple[int, ...]) -> None:
    """Refuse widths that do not describe a network with a hidden layer."""
    try:
        enough = len(value) >= 3
    except TypeError:
        enough = False
    if not enough or not all(isinstance(n, Integral) and n > 0 for n in value):
        refuse("widths", value, "three or more positive integers n_0..n_L")


def count(name: str, value: int, *, most: int | None = None) -> None:
    """Refuse what is not a whole number from 1 to ``most``."""
    if not isinstance(value, Integral) or value < 1 or (most is not None and value > most):
        refuse(name, value, "a positive integer" + (f" of at most {most}" if most else ""))


def as_array(name: str, value: Any, expected: str) -> np.ndarray:
    """Return NumPy's array of what is given, or refuse rows of different lengths."""
    try:
        return np.asarray(value)
    except ValueError:
        refuse(name, value, expected)


def sequence(name: str, value: Any, expected: str) -> tuple[Any, ...]:
    """Return what is given as a tuple, or refuse what has no parts."""
    try:
        return tuple(value)
    except TypeError:
        refuse(name, repr(value), expected)


def integers(name: str, value: Any) -> list[int]:
    """Return whole numbers as a list; a truth value is none, and would select and not count."""
    numbers: list[Any] = list(value) if isinstance(value, Iterable) else [None]
    if not all(isinstance(n, Integral) and not isinstance(n, bool | np.bool_) for n in numbers):
        refuse(name, value, "whole numbers")
    return numbers


def finite_number(name: str, value: Any) -> None:
    """Refuse what is not one finite real number."""
    if not isinstance(value, Real) or not (isinstance(value, Rational) or math.isfinite(value)):
        refuse(name, value, "a finite number")


def positive_number(name: str, value: Any) -> None:
    """Refuse what is not one finite number above zero."""
    if not isinstance(value, Real) or not _positive(value) or value == math.inf:
        refuse(name, value, "a positive number")


def _positive(value: Any) -> bool:
    return bool(value > 0)


def _numbers(name: str, value: Any, expected: str) -> np.ndarray:
    try:
        values = np.asarray(value)
        # NumPy would read words as numbers, and drop imaginary parts and masks.
        objects = values.dtype == object and all(isinstance(entry, Real) for entry in values.flat)
        if not isinstance(value, np.ma.MaskedArray) and (objects or values.dtype.kind in "biuf"):
            return values.astype(float)
    except (OverflowError, ValueError):  # rows of different lengths; integers beyond the floats
        pass
    refuse(name, value, expected)


def ensemble(value: Any) -> None:
    """Refuse leading axes that are no shape, or hold no network."""
    if not (
        isinstance(value, tuple) and all(isinstance(n, Integral) and _positive(n) for n in value)
    ):
        refuse("ensemble", value, "a tuple of positive integers")


def scale(name: str, value: Any, ensemble: tuple[int, ...] | None = None) -> np.ndarray:
    """Return a scale as an array, or refuse one that is negative or does not fit the ensemble."""
    values = _numbers(name, value, "finite numbers of zero or more")
    if not np.all(values >= 0) or not np.all(np.isfinite(values)):
        refuse(name, value, "finite numbers of zero or more")
    if ensemble is None:
        return values
    try:
        fits = np.broadcast_shapes(values.shape, ensemble) == tuple(ensemble)
    except ValueError:
        fits = False
    if not fits:
        refuse(name, f"shape {values.shape}", f"one that broadcasts to ensemble {tuple(ensemble)}")
    return values


def generator(rng: Any) -> None:
    """Refuse what is not NumPy's Generator: seeds are explicit, and passed along."""
    if not isinstance(rng, np.random.Generator):
        refuse("rng", f"a {type(rng).__name__}", "a numpy.random.Generator")


def times(value: Iterable[float]) -> np.ndarray:
    """Return times as an array, or refuse those that are not increasing from zero or later."""
    values = _numbers("times", value, "finite times that increase, from 0 or later")
    if values.ndim != 1 or values.size == 0:
        refuse("times", f"shape {values.shape}", "a sequence of times")
    if not np.all(np.isfinite(values)) or values[0] < 0 or not np.all(np.diff(values) > 0):
        refuse("times", value, "finite times that increase, from 0 or later")
    return values


def double(state: State) -> None:
    """Refuse what the adaptive solver cannot integrate."""
    W = state.weights[0]
    if not (isinstance(W, np.ndarray) and W.dtype == np.float64):
        refuse("state", f"{type(W).__name__} of dtype {W.dtype}", "NumPy arrays of float64")
