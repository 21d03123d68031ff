"""What the public functions refuse: each message names the argument, what came, what was expected.

Every row of a table is a call that must be refused, and the message it must give.
"""

import itertools
import re
from fractions import Fraction
from types import SimpleNamespace

import array_api_strict
import numpy as np
import pytest

import fa_lib
from fa_lib import (
    State,
    descend,
    end_to_end,
    flow,
    forward,
    full_batch,
    gaussian_inputs,
    initial_state,
    layer_law,
    leaky_relu,
    linear_teacher,
    matrix_law,
    minibatches,
    minimum_norm,
    neuron_law,
    row_space_split,
    signal_alignment,
    velocity,
    weight_alignment,
)
from strategies import each

rng = np.random.default_rng(0)
state = initial_state((3, 4, 5, 2), rng=rng)
broadcast = initial_state((3, 4, 5, 2), rng=rng, rule=fa_lib.direct_feedback_alignment)
ensemble = initial_state((3, 4, 5, 2), rng=rng, ensemble=(2,))
x, y = rng.standard_normal((6, 3)), rng.standard_normal((6, 2))
exact = each(lambda M: (M * 0).astype(int).astype(object) + Fraction(1, 2), state)
exact_x, exact_y = (a.astype(int).astype(object) for a in (x, y))
W_1, W_2, W_3 = state.weights
B_2, B_3 = state.feedback


def refused(call, name, came, expected):
    """Assert that a call is refused in the one form of the library's errors."""
    message = f"^{re.escape(name)}: got .*{re.escape(came)}.*, expected .*{re.escape(expected)}"
    with pytest.raises(ValueError, match=re.compile(message, re.DOTALL)):
        call()


def table(*rows):
    """Parametrise over rows (call, name, came, expected), numbered in the test's id."""
    ids = [f"{number}-{row[1]}-{row[2]}" for number, row in enumerate(rows)]
    return pytest.mark.parametrize(("call", "name", "came", "expected"), rows, ids=ids)


def with_entry(array, value):
    changed = array.copy()
    changed[0, 0] = value
    return changed


def weights(*matrices):
    return state._replace(weights=matrices)


def feedback(*matrices):
    return state._replace(feedback=matrices)


# Inputs and targets, at every door that takes them.

DOORS = {
    "velocity": velocity,
    "descend": lambda *args: list(descend(args[0], [args[1:]], step=0.1)),
    "flow": lambda *args: flow(*args, [0.1]),
    "train": lambda *args: fa_lib.train(args[0], [args[1:]], step=0.1, steps=1),
    "signal_alignment": signal_alignment,
}
doors = pytest.mark.parametrize("door", DOORS.values(), ids=DOORS)

BAD_ARRAYS = [  # in place of an array of shape (6, width)
    (lambda a: a.tolist(), "a list", "an array"),
    (lambda a: 1.0, "1.0", "an array"),
    (lambda a: None, "None", "an array"),
    (lambda a: a[0], "shape", "at least two axes"),
    (lambda a: np.float64(1), "shape ()", "at least two axes"),
    (lambda a: a.astype(int), "dtype int64", "a floating-point dtype"),
    (lambda a: a.astype(complex), "dtype complex128", "a floating-point dtype"),
    (lambda a: a > 0, "dtype bool", "a floating-point dtype"),
    (lambda a: a.astype(np.float32), "dtype float32", "float64, the dtype of the weights"),
    (lambda a: a.astype(object), "dtype object", "float64, the dtype of the weights"),
    (
        array_api_strict.asarray,
        "an array of array_api_strict",
        "an array of numpy, as the weights are",
    ),
    (lambda a: with_entry(a, np.nan), "an entry that is not finite", "finite entries only"),
    (lambda a: with_entry(a, np.inf), "an entry that is not finite", "finite entries only"),
    (lambda a: with_entry(a, -np.inf), "an entry that is not finite", "finite entries only"),
    (lambda a: a[:0], "shape (0, ", "at least one entry"),
    (lambda a: a[:, :0], "shape (6, 0), which is empty", "at least one entry"),
]
bad_arrays = pytest.mark.parametrize(("spoil", "came", "expected"), BAD_ARRAYS)


@doors
@bad_arrays
def test_bad_inputs_are_refused(door, spoil, came, expected):
    refused(lambda: door(state, spoil(x), y), "x", came, expected)


@doors
@bad_arrays
def test_bad_targets_are_refused(door, spoil, came, expected):
    refused(lambda: door(state, x, spoil(y)), "y", came, expected)


@bad_arrays
def test_forward_refuses_bad_inputs(spoil, came, expected):
    refused(lambda: forward(state, spoil(x)), "x", came, expected)


MISFITS = [
    (x[:, :2], y, "x", "shape (6, 2)", "(..., N, 3)"),
    (x, x, "y", "shape (6, 3)", "(..., 6, 2)"),
    (x, y[:5], "y", "shape (5, 2)", "(..., 6, 2)"),
    (x.T, y, "x", "shape (3, 6)", "(..., N, 3)"),
    (np.stack([x] * 2), np.stack([y] * 3), "leading axes", "[(), (2,), (3,)]", "broadcast"),
]


@doors
@pytest.mark.parametrize(("xs", "ys", "name", "came", "expected"), MISFITS)
def test_data_that_do_not_fit_are_refused(door, xs, ys, name, came, expected):
    refused(lambda: door(state, xs, ys), name, came, expected)


def test_forward_refuses_inputs_that_do_not_fit_the_ensemble():
    call = lambda: forward(ensemble, np.stack([x] * 3))  # noqa: E731
    refused(call, "leading axes", "[(2,), (3,)]", "shapes that broadcast together")


@doors
@pytest.mark.parametrize(
    "networks",
    [ensemble, State(ensemble.weights, state.feedback), State(state.weights, ensemble.feedback)],
    ids=["all", "of weights", "of feedback"],
)
def test_data_that_do_not_fit_the_ensemble_are_refused(door, networks):
    call = lambda: door(networks, np.stack([x] * 3), y)  # noqa: E731
    refused(call, "leading axes", "[(), (2,), (3,)]", "shapes that broadcast together")


# States, at every door that takes them.

WEIGHT_DOORS = {
    "forward": lambda state: forward(state, x),
    "end_to_end": end_to_end,
}
FEEDBACK_DOORS = {
    **{name: lambda state, door=door: door(state, x, y) for name, door in DOORS.items()},
    "layer_law": layer_law,
    "neuron_law": neuron_law,
    "matrix_law": matrix_law,
    "discrete_law": fa_lib.discrete_law,
    "weight_alignment": weight_alignment,
}
ALL_DOORS = WEIGHT_DOORS | FEEDBACK_DOORS
BAD_WEIGHTS = [
    (None, "state", "None", "a State(weights, feedback)"),
    ([state.weights, state.feedback], "state", "a list", "a State(weights, feedback)"),
    ((state.weights, state.feedback), "state", "a tuple", "a State(weights, feedback)"),
    (weights(W_1), "weights", "1 matrices", "at least two: one hidden layer"),
    (weights(), "weights", "0 matrices", "at least two: one hidden layer"),
    (weights(W_1, W_3), "W_2", "shape (2, 5)", "(..., 2, 4), to follow W_1"),
    (weights(W_1, W_2.T, W_3), "W_2", "shape (4, 5)", "(..., 4, 4), to follow W_1"),
    (weights(W_1, W_2, W_3.T), "W_3", "shape (5, 2)", "(..., 5, 5), to follow W_2"),
    (weights(W_1, W_2.tolist(), W_3), "W_2", "a list", "an array"),
    (weights(W_1, W_2, W_3[0]), "W_3", "shape (5,)", "at least two axes"),
    (weights(W_1, W_2.astype(np.float32), W_3), "W_2", "dtype float32", "float64"),
    (weights(W_1.astype(int), W_2, W_3), "W_1", "dtype int64", "a floating-point dtype"),
    (weights(W_1, W_2, with_entry(W_3, np.nan)), "W_3", "not finite", "finite entries only"),
    (weights(with_entry(W_1, np.inf), W_2, W_3), "W_1", "not finite", "finite entries only"),
    (weights(W_1[:, :0], W_2, W_3), "W_1", "shape (4, 0), which is empty", "at least one entry"),
    (
        weights(W_1, array_api_strict.asarray(W_2), W_3),
        "W_2",
        "an array of array_api_strict",
        "an array of numpy",
    ),
]
BAD_FEEDBACK = [
    (feedback(), "feedback", "0 matrices", "2, one for each hidden layer"),
    (feedback(B_2), "feedback", "1 matrices", "2, one for each hidden layer"),
    (feedback(B_2, B_3, B_3), "feedback", "3 matrices", "2, one for each hidden layer"),
    (feedback(B_2.T, B_3), "B_2", "shape (4, 5)", "(..., 5, 4)"),
    (feedback(B_2, B_3.T), "B_3", "shape (5, 2)", "(..., 2, 5)"),
    (feedback(B_2, B_3.tolist()), "B_3", "a list", "an array"),
    (feedback(B_2, None), "B_3", "None", "an array"),
    (feedback(B_2.astype(np.float32), B_3), "B_2", "dtype float32", "float64"),
    (feedback(B_2, with_entry(B_3, np.inf)), "B_3", "not finite", "finite entries only"),
    (feedback(B_2, with_entry(B_3, np.nan)), "B_3", "not finite", "finite entries only"),
    (broadcast, "B_2", "shape (2, 4)", "(..., 5, 4)"),
]


@pytest.mark.parametrize("door", ALL_DOORS.values(), ids=ALL_DOORS)
@pytest.mark.parametrize(("bad", "name", "came", "expected"), BAD_WEIGHTS)
def test_bad_weights_are_refused(door, bad, name, came, expected):
    refused(lambda: door(bad), name, came, expected)


@pytest.mark.parametrize("door", FEEDBACK_DOORS.values(), ids=FEEDBACK_DOORS)
@pytest.mark.parametrize(("bad", "name", "came", "expected"), BAD_FEEDBACK)
def test_bad_feedback_is_refused(door, bad, name, came, expected):
    refused(lambda: door(bad), name, came, expected)


@pytest.mark.parametrize("rule", [fa_lib.direct_feedback_alignment, fa_lib.target_projection])
@table(
    (lambda rule: velocity(state, x, y, rule=rule), "B_1", "shape (5, 4)", "(..., 2, 4)"),
    (lambda rule: flow(state, x, y, [1.0], rule=rule), "B_1", "shape (5, 4)", "(..., 2, 4)"),
    (lambda rule: descend(state, [], step=1, rule=rule), "B_1", "shape (5, 4)", "(..., 2, 4)"),
    (lambda rule: signal_alignment(state, x, y, rule=rule), "B_1", "shape (5, 4)", "(..., 2, 4)"),
    (
        lambda rule: signal_alignment(state, x, y, reference=rule),
        "B_1",
        "shape (5, 4)",
        "(..., 2, 4)",
    ),
    (
        lambda rule: signal_alignment(
            broadcast, x, y, rule=rule, reference=fa_lib.feedback_alignment
        ),
        "B_2",
        "shape (2, 4)",
        "(..., 5, 4)",
    ),
)
def test_feedback_of_another_rule_is_refused(call, name, came, expected, rule):
    refused(lambda: call(rule), name, came, expected)


STILL = each(lambda M: np.stack([M] * 3), state).feedback


@pytest.mark.parametrize(
    "law", [layer_law, neuron_law, matrix_law, weight_alignment], ids=lambda law: law.__name__
)
def test_weights_and_feedback_of_different_ensembles_are_refused(law):
    call = lambda: law(State(ensemble.weights, STILL))  # noqa: E731
    refused(call, "leading axes", "(2,)", "shapes that broadcast together")


# Steps.


def stepping(step, start=state):
    return lambda: descend(start, [], step=step)


@table(
    (stepping(0), "step", "0", "a positive finite number"),
    (stepping(-0.1), "step", "-0.1", "a positive finite number"),
    (stepping(np.nan), "step", "nan", "a positive finite number"),
    (stepping(np.inf), "step", "inf", "a positive finite number"),
    (stepping(Fraction(-1, 2)), "step", "-1/2", "a positive finite number"),
    (stepping("0.1"), "step", "'0.1'", "a positive number, or an array of them"),
    (stepping(None), "step", "None", "a positive number, or an array of them"),
    (stepping([0.1, 0.2]), "step", "2 of them", "3, one for each layer"),
    (stepping(0.1j), "step", "0.1j", "a positive number, or an array of them"),
    (stepping(np.array([0.1, 0.0])), "step", "an array", "positive finite ones"),
    (stepping(np.array([0.1, -1])), "step", "an array", "positive finite ones"),
    (stepping(np.array([0.1, np.nan])), "step", "an array", "positive finite ones"),
    (stepping(np.array([0.1, np.inf])), "step", "an array", "positive finite ones"),
    (stepping(np.array([1, 2])), "step", "dtype int64", "float64, as the weights"),
    (stepping(np.float32([0.1])), "step", "dtype float32", "float64, as the weights"),
    (stepping(np.full(3, 0.1), ensemble), "step", "shape (3,)", "broadcast"),
    (stepping(0.1, exact), "step", "0.1", "a Fraction, since the weights are exact"),
    (stepping(np.float64(0.5), exact), "step", "0.5", "a Fraction, since the weights are exact"),
    (stepping(np.float32(0.5), exact), "step", "0.5", "a Fraction, since the weights are exact"),
    (stepping(np.array([0.5]), exact), "step", "dtype float64", "object, as the weights"),
)
def test_bad_step_sizes_are_refused_before_the_first_step(call, name, came, expected):
    refused(call, name, came, expected)


# Batches.


def first_step(*batches):
    return lambda: list(descend(state, batches, step=0.1))


@table(
    (first_step((x, y, y)), "batch 1", "a tuple", "a pair (x, y)"),
    (first_step((x, y), x), "batch 2", "a ndarray", "a pair (x, y)"),
    (first_step((x, y), (x, y[:5])), "y", "shape (5, 2)", "(..., 6, 2)"),
    (lambda: full_batch(x.tolist(), y), "x", "a list", "an array"),
    (lambda: full_batch(x, y.tolist()), "y", "a list", "an array"),
    (lambda: full_batch(x, y[:5]), "y", "shape (5, 2)", "(..., 6, n_L), a row per row of x"),
    (lambda: full_batch(x, y.astype(np.float32)), "y", "dtype float32", "float64"),
    (lambda: full_batch(with_entry(x, np.nan), y), "x", "not finite", "finite entries only"),
    (lambda: full_batch(x[:0], y[:0]), "x", "which is empty", "at least one entry"),
    (lambda: minibatches(x, y, 0, rng=rng), "size", "0", "a positive integer of at most 6"),
    (lambda: minibatches(x, y, 7, rng=rng), "size", "7", "a positive integer of at most 6"),
    (lambda: minibatches(x, y, 2.0, rng=rng), "size", "2.0", "a positive integer of at most 6"),
    (lambda: minibatches(x, y, None, rng=rng), "size", "None", "a positive integer"),
    (lambda: minibatches(x, y[:5], 2, rng=rng), "y", "shape (5, 2)", "(..., 6, n_L)"),
    (lambda: minibatches(x[0], y, 2, rng=rng), "x", "shape (3,)", "at least two axes"),
    (lambda: minibatches(x[:0], y[:0], 1, rng=rng), "x", "which is empty", "at least one entry"),
    (lambda: minibatches(x, y, 2, rng=0), "rng", "0", "a numpy.random.Generator"),
    (lambda: minibatches(x, y, 2, rng=None), "rng", "None", "a numpy.random.Generator"),
    (
        lambda: minibatches(x, y, 2, rng=np.random.RandomState(0)),
        "rng",
        "a RandomState",
        "a numpy.random.Generator",
    ),
)
def test_bad_batches_are_refused(call, name, came, expected):
    refused(call, name, came, expected)


def test_descend_refuses_the_first_bad_batch_only_when_it_comes():
    run = descend(state, [(x, y), (x, y[:5])], step=0.01)
    assert len(list(itertools.islice(run, 2))) == 2
    with pytest.raises(ValueError, match=r"^y: got shape"):
        next(run)


# The flow.

float32 = each(lambda M: M.astype(np.float32), state)


@table(
    (lambda: flow(state, x, y, []), "times", "shape (0,)", "a sequence of times"),
    (lambda: flow(state, x, y, 1.0), "times", "shape ()", "a sequence of times"),
    (lambda: flow(state, x, y, None), "times", "None", "finite times that increase"),
    (lambda: flow(state, x, y, [[1.0]]), "times", "shape (1, 1)", "a sequence of times"),
    (lambda: flow(state, x, y, [1, 0]), "times", "[1, 0]", "finite times that increase"),
    (lambda: flow(state, x, y, [1, 1]), "times", "[1, 1]", "finite times that increase"),
    (lambda: flow(state, x, y, [-1, 1]), "times", "[-1, 1]", "from 0 or later"),
    (lambda: flow(state, x, y, [0, np.inf]), "times", "inf", "finite times that increase"),
    (lambda: flow(state, x, y, [np.nan]), "times", "nan", "finite times that increase"),
    (lambda: flow(state, x, y, ["soon"]), "times", "soon", "times"),
    (lambda: flow(state, x, y, [1], rtol=0), "rtol", "0", "a positive number"),
    (lambda: flow(state, x, y, [1], rtol=-1e-9), "rtol", "-1e-09", "a positive number"),
    (lambda: flow(state, x, y, [1], atol=np.nan), "atol", "nan", "a positive number"),
    (lambda: flow(state, x, y, [1], atol=np.inf), "atol", "inf", "a positive number"),
    (
        lambda: flow(state, x, y, [1], most_evaluations=0),
        "most_evaluations",
        "0",
        "a positive integer",
    ),
    (
        lambda: flow(state, x, y, [1], most_evaluations=1e4),
        "most_evaluations",
        "10000.0",
        "a positive integer",
    ),
    (
        lambda: flow(float32, x.astype(np.float32), y.astype(np.float32), [1]),
        "state",
        "ndarray of dtype float32",
        "NumPy arrays of float64",
    ),
    (
        lambda: flow(exact, exact_x, exact_y, [1]),
        "state",
        "ndarray of dtype object",
        "NumPy arrays of float64",
    ),
    (
        lambda: flow(
            each(array_api_strict.asarray, state),
            array_api_strict.asarray(x),
            array_api_strict.asarray(y),
            [1],
        ),
        "state",
        "Array of dtype",
        "NumPy arrays of float64",
    ),
)
def test_bad_arguments_of_flow_are_refused(call, name, came, expected):
    refused(call, name, came, expected)


# Drawing states and data.


def drawing(widths=(3, 4, 2), **options):
    return lambda: initial_state(widths, **({"rng": rng} | options))


@table(
    (drawing((3, 2)), "widths", "(3, 2)", "three or more positive integers"),
    (drawing(()), "widths", "()", "three or more positive integers"),
    (drawing(3), "widths", "3", "three or more positive integers"),
    (drawing((3, 0, 2)), "widths", "(3, 0, 2)", "three or more positive integers"),
    (drawing((3, -4, 2)), "widths", "(3, -4, 2)", "three or more positive integers"),
    (drawing((3, 4.0, 2)), "widths", "(3, 4.0, 2)", "three or more positive integers"),
    (drawing("342"), "widths", "342", "three or more positive integers"),
    (drawing(rng=0), "rng", "0", "a numpy.random.Generator"),
    (drawing(rng=np.random), "rng", "a module", "a numpy.random.Generator"),
    (drawing(weight_scale=-1), "weight_scale", "-1", "finite numbers of zero or more"),
    (drawing(weight_scale=np.nan), "weight_scale", "nan", "finite numbers of zero or more"),
    (drawing(weight_scale="big"), "weight_scale", "big", "finite numbers of zero or more"),
    (drawing(feedback_scale=np.inf), "feedback_scale", "inf", "finite numbers of zero or more"),
    (drawing(feedback_scale=-0.5), "feedback_scale", "-0.5", "finite numbers of zero or more"),
    (drawing(weight_scale=np.ones(2)), "weight_scale", "shape (2,)", "ensemble ()"),
    (
        drawing(weight_scale=np.ones(2), ensemble=(3,)),
        "weight_scale",
        "shape (2,)",
        "one that broadcasts to ensemble (3,)",
    ),
    (drawing(feedback_scale=np.ones(2), ensemble=(3,)), "feedback_scale", "shape (2,)", "(3,)"),
    (drawing(ensemble=5), "ensemble", "5", "integers"),
    (drawing(ensemble=(0,)), "ensemble", "(0,)", "positive integers"),
    (drawing(ensemble=(-1,)), "ensemble", "(-1,)", "positive integers"),
)
def test_bad_initial_states_are_refused(call, name, came, expected):
    refused(call, name, came, expected)


def gaussian(samples=6, n_0=3, **options):
    return lambda: gaussian_inputs(samples, n_0, **({"rng": rng} | options))


@table(
    (gaussian(samples=0), "samples", "0", "a positive integer"),
    (gaussian(samples=2.5), "samples", "2.5", "a positive integer"),
    (gaussian(n_0=-1), "n_0", "-1", "a positive integer"),
    (gaussian(rng=1), "rng", "1", "a numpy.random.Generator"),
    (gaussian(covariance=[[1.0]]), "covariance", "a list", "an array"),
    (gaussian(covariance=np.eye(2)), "covariance", "shape (2, 2)", "(3, 3)"),
    (gaussian(covariance=-np.eye(3)), "covariance", "another matrix", "positive semidefinite"),
    (gaussian(covariance=np.triu(np.ones((3, 3)))), "covariance", "another", "a symmetric"),
    (gaussian(covariance=np.eye(3) * np.nan), "covariance", "not finite", "finite entries only"),
    (
        gaussian(covariance=np.eye(3, dtype=np.float16)),
        "covariance",
        "dtype float16",
        "float32 or float64",
    ),
    (gaussian(ensemble=(0,)), "ensemble", "(0,)", "positive integers"),
    (lambda: linear_teacher(exact_x, 2, rng=rng), "x", "dtype object", "a floating-point dtype"),
    (lambda: linear_teacher(x, 2, rng=rng, noise=np.ones(2)), "noise", "shape (2,)", "ensemble ()"),
    (lambda: linear_teacher(x.tolist(), 2, rng=rng), "x", "a list", "an array"),
    (lambda: linear_teacher(x[:0], 2, rng=rng), "x", "which is empty", "at least one entry"),
    (lambda: linear_teacher(x, 0, rng=rng), "outputs", "0", "a positive integer"),
    (lambda: linear_teacher(x, 1.5, rng=rng), "outputs", "1.5", "a positive integer"),
    (lambda: linear_teacher(x, 2, rng=None), "rng", "None", "a numpy.random.Generator"),
    (lambda: linear_teacher(x, 2, rng=rng, noise=-1), "noise", "-1", "zero or more"),
    (lambda: linear_teacher(x, 2, rng=rng, noise=np.nan), "noise", "nan", "zero or more"),
)
def test_bad_data_to_draw_are_refused(call, name, came, expected):
    refused(call, name, came, expected)


# Laws, activations, linear algebra.


@pytest.mark.parametrize("law", [layer_law, neuron_law], ids=lambda law: law.__name__)
@pytest.mark.parametrize("degree", [None, np.nan, np.inf, "1", 1j, np.ones(2)], ids=repr)
def test_a_degree_that_is_no_number_is_refused(law, degree):
    refused(lambda: law(state, degree=degree), "degree", str(degree), "a finite number")


@pytest.mark.parametrize("law", [layer_law, neuron_law], ids=lambda law: law.__name__)
def test_a_degree_that_makes_exact_laws_inexact_is_refused(law):
    refused(lambda: law(exact, degree=2.0), "degree", "2.0", "exact")


@pytest.mark.parametrize("slope", [None, np.nan, -np.inf, "0.1", 1j], ids=repr)
def test_a_slope_that_is_no_number_is_refused(slope):
    refused(lambda: leaky_relu(slope), "slope", str(slope), "a finite number")


@table(
    (lambda: minimum_norm(x.tolist(), y), "x", "a list", "an array"),
    (lambda: minimum_norm(x, y[0]), "y", "shape (2,)", "at least two axes"),
    (lambda: minimum_norm(x, y[:5]), "y", "shape (5, 2)", "(..., 6, n_L), a row per row of x"),
    (lambda: minimum_norm(x, y.astype(np.float32)), "y", "dtype float32", "float64"),
    (lambda: minimum_norm(with_entry(x, np.inf), y), "x", "not finite", "finite entries only"),
    (lambda: minimum_norm(x[:0], y[:0]), "x", "which is empty", "at least one entry"),
    (lambda: minimum_norm(np.stack([x] * 2), np.stack([y] * 3)), "leading axes", "(2,)", "broad"),
    (lambda: minimum_norm(exact_x, exact_y), "x", "dtype object", "float"),
    (lambda: row_space_split(W_1.tolist(), x), "w", "a list", "an array"),
    (lambda: row_space_split(W_1, x.tolist()), "x", "a list", "an array"),
    (lambda: row_space_split(W_1.T, x), "w", "shape (3, 4)", "(..., m, 3)"),
    (lambda: row_space_split(with_entry(W_1, np.nan), x), "w", "not finite", "finite"),
    (lambda: row_space_split(W_1, with_entry(x, np.nan)), "x", "not finite", "finite"),
    (lambda: row_space_split(W_1, x[:0]), "x", "which is empty", "at least one entry"),
    (lambda: row_space_split(W_1.astype(np.float32), x), "w", "dtype float32", "float64"),
    (
        lambda: row_space_split(np.stack([W_1] * 2), np.stack([x] * 3)),
        "leading axes",
        "(2,)",
        "shapes that broadcast together",
    ),
    (lambda: row_space_split(exact_x, exact_x), "x", "dtype object", "float"),
    (lambda: row_space_split(exact_x, x), "w", "dtype object", "float32 or float64"),
    (lambda: weight_alignment(exact), "W_1", "dtype object", "float"),
    (lambda: fa_lib.neuron_alignment(exact), "W_1", "dtype object", "float"),
    (lambda: signal_alignment(exact, exact_x, exact_y), "W_1", "dtype object", "float"),
)
def test_bad_matrices_are_refused(call, name, came, expected):
    refused(call, name, came, expected)


strict_x, strict_y = map(array_api_strict.asarray, (x, y))


@table(
    (
        lambda: minimum_norm(strict_x, strict_y),
        "x",
        "an array of array_api_strict",
        "an array of numpy",
    ),
    (
        lambda: row_space_split(x, strict_x),
        "x",
        "an array of array_api_strict",
        "an array of numpy",
    ),
    (
        lambda: row_space_split(strict_x, x),
        "w",
        "an array of array_api_strict",
        "an array of numpy",
    ),
    (
        lambda: fa_lib.convergence_rate(strict_x, x),
        "B",
        "an array of array_api_strict",
        "an array of numpy",
    ),
    (
        lambda: fa_lib.convergence_rate(x, strict_x),
        "x",
        "an array of array_api_strict",
        "an array of numpy",
    ),
    (
        lambda: fa_lib.excess_risk(strict_x, x),
        "theta",
        "an array of array_api_strict",
        "an array of numpy",
    ),
    (
        lambda: fa_lib.excess_risk(x, strict_x),
        "teacher",
        "an array of array_api_strict",
        "an array of numpy",
    ),
    (
        lambda: linear_teacher(strict_x, 2, rng=rng),
        "x",
        "an array of array_api_strict",
        "an array of numpy",
    ),
    (
        gaussian(covariance=array_api_strict.asarray(np.eye(3))),
        "covariance",
        "an array of array_api_strict",
        "an array of numpy",
    ),
)
def test_arrays_of_another_library_are_refused_where_numpy_calculates(call, name, came, expected):
    refused(call, name, came, expected)


@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")
@pytest.mark.parametrize("kind", [np.matrix, np.ma.masked_array], ids=lambda kind: kind.__name__)
def test_arrays_whose_operators_mean_something_else_are_refused(kind):
    """numpy.matrix multiplies matrices by ``*``: square layers would be silently wrong."""
    square = initial_state((3, 3, 3), rng=np.random.default_rng(0))
    data = np.eye(3)
    call = lambda: velocity(each(kind, square), kind(data), kind(data))  # noqa: E731
    with pytest.raises(ValueError, match=r"^W_1: got "):
        call()


def test_an_object_that_looks_like_an_array_is_refused():
    fake = SimpleNamespace(shape=(6, 3), ndim=2, dtype="float64")
    refused(lambda: forward(state, fake), "x", "a SimpleNamespace", "an array")


def softplus(h):
    return np.logaddexp(h, 0)


def sigmoid(h):
    return 1 / (1 + np.exp(-h))


# Each says of itself that it has a degree, and has another one or none.
LIARS = {
    "softplus": fa_lib.Activation("softplus", softplus, sigmoid, 1),
    "ReLU whose slope begins at 1": fa_lib.relu._replace(derivative=lambda h: (h > 1) * 1.0),
    "squared ReLU of degree 1": fa_lib.squared_relu._replace(degree=1),
    "slope of the wrong sign": fa_lib.relu._replace(derivative=lambda h: (h < 0) * 1.0),
    "not a number": fa_lib.relu._replace(value=lambda h: h * np.nan),
}


@pytest.mark.parametrize("liar", LIARS)
@pytest.mark.parametrize(
    "use",
    [
        lambda phi: forward(state, x, activation=phi),
        lambda phi: velocity(state, x, y, activation=phi),
        lambda phi: velocity(state, x[:1], y[:1], activation=phi),
        lambda phi: list(
            itertools.islice(descend(state, full_batch(x, y), step=0.1, activation=phi), 2)
        ),
        lambda phi: flow(state, x, y, [0.1], activation=phi),
        lambda phi: signal_alignment(state, x, y, activation=phi),
        lambda phi: fa_lib.lie_closure((1, 4, 1), activation=phi, rng=np.random.default_rng(0)),
    ],
    ids=["forward", "velocity", "one sample", "descend", "flow", "alignment", "count"],
)
def test_an_activation_that_breaks_its_word_is_refused(use, liar):
    refused(lambda: use(LIARS[liar]), "activation", "for which phi'(h) h is not 1 phi(h)", "degree")


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, object])
@pytest.mark.parametrize("degree", [1, 2, 3])
def test_an_activation_that_keeps_its_word_is_used(degree, dtype):
    """By absolute values, with masks of the shape of what comes in."""
    convert = np.vectorize(Fraction, otypes=[object]) if dtype is object else np.dtype(dtype).type
    mask = convert(np.arange(4)[None, :] % 2)
    phi = fa_lib.Activation(
        "masked",
        lambda h: mask * abs(h**degree),
        lambda h: mask * degree * abs(h**degree) / h,
        degree,
    )
    small = each(convert, initial_state((3, 4, 2), rng=np.random.default_rng(0)))
    moved = velocity(small, convert(x), convert(y), activation=phi)
    assert moved.weights[0].shape == (4, 3)


def test_an_activation_without_a_degree_gives_no_word():
    phi = fa_lib.Activation("softplus", softplus, sigmoid, None)
    _, (*_, prediction) = forward(state, x, activation=phi)
    assert prediction.shape == y.shape
