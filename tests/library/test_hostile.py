"""Hostile input at every public function: a clear error or the right answer, and no argument moved.

The table holds a valid call of each function. Every array, number and object in it is then replaced
by what may come instead of it.
"""

import inspect
import itertools
import re
import warnings
from collections.abc import Callable
from fractions import Fraction
from functools import partial
from types import SimpleNamespace
from typing import Any, NamedTuple

import array_api_strict
import numpy as np
import pytest

import fa_lib
from fa_lib import State, initial_state
from strategies import ROUNDING

rng = np.random.default_rng(0)
STATE = initial_state((3, 4, 5, 2), rng=rng)
PATH = State(
    tuple(np.stack([W, W / 2, W / 3]) for W in STATE.weights),
    tuple(B[None] for B in STATE.feedback),
)
SINGLE = initial_state((3, 4, 1), rng=np.random.default_rng(0))
DOMINANT = State((SINGLE.weights[0] / 4, SINGLE.feedback[0]), SINGLE.feedback)
SHALLOW = initial_state((3, 4, 2), rng=rng)
DIRECT = initial_state((3, 4, 5, 2), rng=rng, rule=fa_lib.direct_feedback_alignment)
X, Y = rng.standard_normal((6, 3)), rng.standard_normal((6, 2))
NEARLY = fa_lib.forward(DOMINANT, X[:2])[1][1] + 0.01  # targets that it all but fits
ROOT = rng.standard_normal((3, 3))
COVARIANCE = ROOT @ ROOT.T


class Call(NamedTuple):
    """A call that works. Of ``fixed`` arguments nothing is spoilt: they have tests of their own."""

    run: Callable[..., Any]
    spoilt: dict[str, Any]
    fixed: dict[str, Any] | None = None


def drained(function, count):
    return lambda **arguments: list(itertools.islice(function(**arguments), count))


def descended(x, y, **arguments):
    return list(fa_lib.descend(batches=[(x, y)] * 2, **arguments))


def trained(x, y, **arguments):
    return fa_lib.train(batches=[(x, y)] * 2, steps=2, **arguments)


def watched(x, y, **arguments):
    return fa_lib.watch(fa_lib.layer_law, batches=[(x, y)] * 2, steps=2, **arguments)


def virtual(x, y, **arguments):
    return fa_lib.virtual_networks(batches=[(x, y)] * 2, steps=2, **arguments)


def noted(state, **options):
    init, update = fa_lib.ledger(**options)
    book = update(init(state), State(tuple(W / 2 for W in state.weights), state.feedback))
    return book.value, book.corrected, book.residual, book.moved  # the budget is that of the dtype


def positional(law, name="state"):
    return lambda **arguments: law(arguments.pop(name), **arguments)


def seeded(function):
    return lambda **arguments: function(rng=np.random.default_rng(0), **arguments)


def certified(**arguments):
    rate, gates = fa_lib.relu_certificate(**arguments)
    return rate, gates.astype(float)


def expanded(small, basis, frozen):
    return fa_lib.Expansion(basis, frozen)(small)


OPTIONS = {"activation": fa_lib.relu, "loss": fa_lib.squared_error}
LEARNING = {"rule": fa_lib.feedback_alignment, **OPTIONS}
BROADCAST = {"rule": fa_lib.direct_feedback_alignment, **OPTIONS}
BATCH = {"x": X, "y": Y}
COMPARED = {"state": STATE, "U": rng.standard_normal((4, 3)), "activation": fa_lib.relu}
SMALL = fa_lib.compress(SHALLOW, X[:2])
CALLS = {
    "assert_feedback_alignment": Call(fa_lib.assert_feedback_alignment, {}),
    "audit": Call(fa_lib.audit, {}),
    "backward_pass": Call(fa_lib.backward_pass, {}),
    "angle": Call(fa_lib.angle, {"cosine": np.array([[1.0, 0.5], [-0.25, 0.0]])}),
    "comparator": Call(fa_lib.comparator, COMPARED),
    "comparator_prediction": Call(fa_lib.comparator_prediction, {**COMPARED, "x": X}),
    "compress": Call(lambda **a: fa_lib.compress(**a)[:2], {"state": STATE, "x": X}),
    "convergence_rate": Call(fa_lib.convergence_rate, {"B": STATE.feedback[1], "x": X[:2]}),
    "descend": Call(descended, {"state": STATE, **BATCH, "step": 0.1, **LEARNING}),
    "discrete_law": Call(
        positional(fa_lib.discrete_law, "path"),
        {"path": PATH, "law": fa_lib.layer_law, "degree": 1, "rule": fa_lib.feedback_alignment},
    ),
    "end_to_end": Call(fa_lib.end_to_end, {"state": STATE}),
    "excess_risk": Call(
        fa_lib.excess_risk, {"theta": X[:2], "teacher": X[2:4], "covariance": COVARIANCE}
    ),
    "final_readout_norm": Call(
        fa_lib.final_readout_norm,
        {"theta_norm": 2.0, "feedback_norm": 1.5, "kappa": 0.5, "rule": fa_lib.feedback_alignment},
    ),
    "flow": Call(
        lambda times=(0.1,), **a: fa_lib.flow(times=times, **a),
        {"state": STATE, **BATCH, "rtol": 1e-6, "atol": 1e-8, "most_evaluations": 300, **LEARNING},
    ),
    "forward": Call(fa_lib.forward, {"state": STATE, "x": X, "activation": fa_lib.relu}),
    "full_batch": Call(drained(fa_lib.full_batch, 2), BATCH),
    "gaussian_inputs": Call(
        seeded(fa_lib.gaussian_inputs), {"samples": 4, "n_0": 3, "covariance": COVARIANCE}
    ),
    "huber_loss": Call(lambda **a: fa_lib.huber_loss(**a).value(X, X), {"width": 0.5}),
    "initial_state": Call(
        seeded(fa_lib.initial_state),
        {
            "weight_scale": 2.0,
            "feedback_scale": 0.5,
            "rule": fa_lib.feedback_alignment,
            "activation": fa_lib.relu,
        },
        {"widths": (3, 4, 2)},
    ),
    "junction": Call(fa_lib.junction, {}),
    "junctions": Call(fa_lib.junctions, {"state": STATE, "activation": fa_lib.relu}),
    "layer_law": Call(
        positional(fa_lib.layer_law),
        {"state": STATE, "degree": 1, "rule": fa_lib.feedback_alignment},
    ),
    "leaky_relu": Call(lambda **a: fa_lib.leaky_relu(**a).value(X), {"slope": 0.25}),
    "ledger": Call(noted, {"state": STATE, "rule": fa_lib.feedback_alignment, "degree": 1}),
    "lie_closure": Call(
        seeded(fa_lib.lie_closure),
        {"activation": fa_lib.linear, "rule": fa_lib.feedback_alignment},
        {"widths": (1, 2, 1)},
    ),
    "linear_teacher": Call(seeded(fa_lib.linear_teacher), {"x": X, "outputs": 2, "noise": 0.5}),
    "matrix_law": Call(
        positional(fa_lib.matrix_law), {"state": STATE, "rule": fa_lib.feedback_alignment}
    ),
    "minibatches": Call(
        lambda **a: drained(partial(fa_lib.minibatches, rng=np.random.default_rng(0)), 3)(**a),
        {**BATCH, "size": 4},
    ),
    "minimum_norm": Call(fa_lib.minimum_norm, BATCH),
    "neuron_alignment": Call(fa_lib.neuron_alignment, {"state": STATE}),
    "neuron_law": Call(
        positional(fa_lib.neuron_law),
        {"state": STATE, "degree": 1, "rule": fa_lib.feedback_alignment},
    ),
    "one_hot": Call(fa_lib.one_hot, {}),
    "readout_velocity": Call(fa_lib.readout_velocity, {"state": DIRECT, **BATCH, **BROADCAST}),
    "relu_certificate": Call(certified, {"state": DOMINANT, "x": X[:2], "y": NEARLY}),
    "row_space_split": Call(fa_lib.row_space_split, {"W": STATE.weights[0], "x": X[:2]}),
    "signal_alignment": Call(
        fa_lib.signal_alignment,
        {"state": STATE, **BATCH, "reference": fa_lib.gradient_descent, **LEARNING},
    ),
    "squared_distance": Call(fa_lib.squared_distance, COMPARED),
    "train": Call(trained, {"state": STATE, **BATCH, "step": 0.1, **LEARNING}),
    "update_alignment": Call(
        fa_lib.update_alignment,
        {"state": STATE, **BATCH, "reference": fa_lib.gradient_descent, **LEARNING},
    ),
    "velocity": Call(fa_lib.velocity, {"state": STATE, **BATCH, **LEARNING}),
    "virtual_networks": Call(virtual, {"state": DIRECT, **BATCH, "step": 0.1, **BROADCAST}),
    "watch": Call(watched, {"state": STATE, **BATCH, "step": 0.1, **LEARNING}),
    "weight_alignment": Call(fa_lib.weight_alignment, {"state": STATE}),
    "wired": Call(lambda **a: fa_lib.wired(**a).value(X), {"activation": fa_lib.relu}),
    "with_weight_decay": Call(
        lambda **a: fa_lib.velocity(STATE, X, Y, rule=fa_lib.with_weight_decay(**a)),
        {"rule": fa_lib.feedback_alignment, "decay": 0.5},
    ),
    "Expansion": Call(expanded, {"small": SMALL[0]}, SMALL[2]._asdict()),
}
# These take labels, arrays of any shape, or models: test_data, test_junction, test_oracle, ...
ELSEWHERE = {"junction", "one_hot", "assert_feedback_alignment", "audit", "backward_pass"}


def matrices_of(arguments):
    """Yield the path to every array among the arguments: its name, and where in a state it is."""
    for name, value in arguments.items():
        if isinstance(value, State):
            yield from ((name, "weights", 0), (name, "weights", 1), (name, "feedback", -1))
        elif isinstance(value, np.ndarray):
            yield name, None, None


def at(arguments, path):
    name, part, number = path
    return arguments[name] if part is None else getattr(arguments[name], part)[number]


def put(arguments, path, array):
    name, part, number = path
    if part is None:
        return {**arguments, name: array}
    matrices = list(getattr(arguments[name], part))
    matrices[number] = array
    return {**arguments, name: arguments[name]._replace(**{part: tuple(matrices)})}


def called(name, arguments):
    with warnings.catch_warnings(), np.errstate(all="warn", under="ignore"):
        warnings.simplefilter("error")
        return CALLS[name].run(**arguments, **(CALLS[name].fixed or {}))


def leaves(result):
    """Return every array and number of a result, whatever tuples and lists they come in."""
    if isinstance(result, tuple | list):
        return [leaf for part in result for leaf in leaves(part)]
    return [np.asarray(result)]


# These read weights alone.
WITHOUT_FEEDBACK = {"end_to_end", "forward"}
PLACES = [
    (name, path)
    for name, call in CALLS.items()
    for path in matrices_of(call.spoilt)
    if not (name in WITHOUT_FEEDBACK and "feedback" in path)
]
places = pytest.mark.parametrize(
    ("name", "path"),
    PLACES,
    ids=["-".join(str(p) for p in (name, *path) if p is not None) for name, path in PLACES],
)


def test_every_public_function_is_attacked():
    functions = {n for n in fa_lib.__all__ if inspect.isfunction(getattr(fa_lib, n))}
    assert set(CALLS) == functions | {"Expansion"}
    assert {name for name, call in CALLS.items() if not call.spoilt} <= ELSEWHERE


def test_every_parameter_is_attacked_or_has_a_reason():
    """Widths, rng, times and ensembles are refused by the calls of test_refusals."""
    elsewhere = {
        "rng",
        "widths",
        "times",
        "ensemble",
        "batches",
        "classes",
        "path",
        "rates",
        "steps",
        "every",
        "values",
        "entries",
        "wires",
    }
    for name, call in CALLS.items():
        if name not in ELSEWHERE | {"Expansion"}:
            parameters = set(inspect.signature(getattr(fa_lib, name)).parameters)
            assert parameters - set(call.spoilt) <= elsewhere


# Arrays that lie in memory in another way are the same arrays.


def strided(a):
    return np.repeat(np.repeat(a, 2, axis=0), 3, axis=1)[::2, ::3]


def backwards(a):
    return np.ascontiguousarray(a[::-1, ::-1])[::-1, ::-1]


def read_only(a):
    copy = a.copy()
    copy.flags.writeable = False
    return copy


def swapped(a):
    return a.astype(a.dtype.newbyteorder())


LAYOUTS = [strided, backwards, np.asfortranarray, read_only]


@places
def test_the_layout_in_memory_changes_nothing(name, path):
    spoilt = CALLS[name].spoilt
    laid_out = [layout(at(spoilt, path)) for layout in LAYOUTS]
    assert all(np.array_equal(other, at(spoilt, path)) for other in laid_out)
    expected = leaves(called(name, spoilt)) * len(LAYOUTS)
    actual = [leaf for a in laid_out for leaf in leaves(called(name, put(spoilt, path, a)))]
    for ours, theirs in zip(actual, expected, strict=True):
        assert ours.dtype == theirs.dtype
        scale = abs(theirs).max() if theirs.size else 0
        # An adaptive solver may round a step size otherwise: its own tolerance is what it promises.
        allowed = 1e-6 if name == "flow" else ROUNDING
        assert np.all(abs(ours - theirs) <= allowed * scale)


@pytest.mark.parametrize("name", [name for name in CALLS if name not in ELSEWHERE])
def test_no_argument_is_changed(name):
    spoilt = CALLS[name].spoilt
    paths = list(matrices_of(spoilt))
    before = [at(spoilt, path).tobytes() for path in paths]
    called(name, spoilt)
    assert [at(spoilt, path).tobytes() for path in paths] == before


# Whatever else comes: an error in the house's form, or what another arithmetic says is right.


def entry(value, dtype=None):
    def spoil(a):
        changed = a.astype(dtype or a.dtype)
        changed[0, 0] = value
        return changed

    spoil.__name__ = f"entry_{value!r}"
    return spoil


def among_fractions(value):
    def spoil(a):
        exact = np.vectorize(Fraction, otypes=[object])(a.round(2))
        exact[0, 0] = value
        return exact

    spoil.__name__ = f"fractions_and_{value!r}"
    return spoil


def named(name, spoil):
    spoil.__name__ = name
    return spoil


REFUSED = [
    named("None", lambda a: None),
    named("a_number", lambda a: 1.0),
    named("a_word", lambda a: "abc"),
    named("a_list", lambda a: a.tolist()),
    named("an_imitation", lambda a: SimpleNamespace(shape=a.shape, ndim=2, dtype=a.dtype)),
    named("matrix", lambda a: a.reshape(-1, a.shape[-1]).view(np.matrix)),
    named("masked", lambda a: np.ma.masked_array(a, mask=a > 0)),
    named("int", lambda a: (10 * a).astype(int)),
    named("bool", lambda a: a > 0),
    named("complex", lambda a: a.astype(complex)),
    named("words", lambda a: a.astype(str)),
    named("dates", lambda a: a.astype(int).astype("datetime64[s]")),
    named("record", lambda a: a.astype([("a", "f8")])),
    among_fractions(0.5),
    among_fractions(np.float64(0.5)),
    among_fractions(1j),
    among_fractions(None),
    among_fractions("1"),
    among_fractions(float("nan")),
]
# `angle` takes any shape and keeps nan, which says that there is no angle.
REFUSED_BUT_BY_ANGLE = [
    named("one_axis", lambda a: a[0]),
    named("no_axis", lambda a: a[0, 0]),
    named("no_rows", lambda a: a[:0]),
    named("no_columns", lambda a: a[:, :0]),
    named("empty_ensemble", lambda a: a[None][:0]),
    entry(np.nan),
]
REFUSED_BY_ALL = [entry(np.inf), entry(-np.inf)]


@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")
@places
def test_what_is_no_array_of_finite_numbers_is_refused(name, path):
    spoilt = CALLS[name].spoilt
    spoils = REFUSED + REFUSED_BY_ALL + (REFUSED_BUT_BY_ANGLE if name != "angle" else [])
    # The one at fault is named, or one that it is compared with.
    known = {*spoilt, "weights", "feedback", "leading axes", "W_1", "W_2", "W_3", "B_2", "B_3"}
    for spoil in spoils:
        if path[0] == "covariance" and spoil is REFUSED[0]:
            continue  # None stands for the identity
        message = error_of(name, put(spoilt, path, spoil(at(spoilt, path))))
        assert message is not None, spoil.__name__
        assert message.partition(":")[0] in known, spoil.__name__


MISFITS = [
    named("transposed", lambda a: a.T),
    named("a_row_less", lambda a: a[1:]),
    named("a_row_more", lambda a: np.vstack([a, a[:1]])),
    named("a_column_less", lambda a: a[:, 1:]),
    named("a_column_more", lambda a: np.hstack([a, a[:, :1]])),
    named("three_stacked", lambda a: np.stack([a] * 3)),
    named("float32", lambda a: a.astype(np.float32)),
    named("float16", lambda a: a.astype(np.float16)),
    named("longdouble", lambda a: a.astype(np.longdouble)),
    named("strict", array_api_strict.asarray),
    swapped,
]


def error_of(name, arguments):
    """Return the message of a clear error; whatever else is raised fails the test."""
    try:
        called(name, arguments)
    except ValueError as error:
        assert re.match(r"\w+( axes)?: got .*, expected ", str(error), re.DOTALL)  # noqa: PT017
        return str(error)
    return None


@places
def test_what_does_not_fit_is_refused_or_is_another_valid_problem(name, path):
    spoilt = CALLS[name].spoilt
    for spoil in MISFITS:
        changed = put(spoilt, path, spoil(at(spoilt, path)))
        if error_of(name, changed) is None:
            actual = leaves(called(name, changed))
            for leaf in actual:
                assert leaf.dtype.kind in "fi", spoil.__name__
                assert np.all(np.isfinite(np.asarray(leaf, float))), spoil.__name__
            # Of a path the axis in front is that of time.
            if spoil.__name__ == "three_stacked" and path[0] != "path":
                for ours, theirs in zip(actual, leaves(called(name, spoilt)), strict=True):
                    assert is_an_ensemble_of(ours, theirs, name)


def is_an_ensemble_of(ours, theirs, name):
    """Tell whether stacked arguments gave stacked results, or did not matter.

    On a path the axis of the ensemble comes after that of time.
    """
    stacked = [ours, *(np.moveaxis(ours, axis, 0) for axis in range(min(2, ours.ndim)))]
    stacked = [each for each in stacked if each.shape in (theirs.shape, (3, *theirs.shape))]
    if name in ("linear_teacher", "gaussian_inputs"):  # more is drawn
        return bool(stacked)
    allowed = (1e-6 if name == "flow" else ROUNDING) * max(1, abs(theirs).max())
    return any(np.all(abs(each - theirs) <= allowed) for each in stacked)


# Scales: right as far as the floats reach, and a warning or an error beyond.

SCALES = [1e-300, 1e-160, 1e160, 1e300]
WIDE = np.finfo(np.longdouble).maxexp > 10_000  # elsewhere long double is nothing but double
# LAPACK and the solver have no long double; these have analytic checks below.
NO_LONG_DOUBLE = {"compress", "convergence_rate", "excess_risk", "flow", "gaussian_inputs"}
NO_LONG_DOUBLE |= {
    "minimum_norm",
    "relu_certificate",
    "row_space_split",
    "Expansion",
    "linear_teacher",
}


def in_long_double(value):
    if isinstance(value, State):
        return State(*(tuple(M.astype(np.longdouble) for M in part) for part in value))
    return value.astype(np.longdouble) if isinstance(value, np.ndarray) else value


@pytest.mark.skipif(not WIDE, reason="long double has no wider range here")
@pytest.mark.parametrize("scale", SCALES)
@places
def test_at_every_scale_the_answer_is_that_of_wider_floats_or_an_error(name, path, scale):
    spoilt = CALLS[name].spoilt
    scaled = put(spoilt, path, at(spoilt, path) / abs(at(spoilt, path)).max() * scale)
    try:
        actual = leaves(called(name, scaled))
    except (ArithmeticError, RuntimeError, RuntimeWarning, ValueError):
        return
    assert all(np.all(np.isfinite(leaf)) for leaf in actual)
    if name in NO_LONG_DOUBLE:
        return
    expected = leaves(called(name, {key: in_long_double(v) for key, v in scaled.items()}))
    for ours, theirs in zip(actual, expected, strict=True):
        allowed = ROUNDING * abs(theirs).max() if theirs.size else 0
        assert np.all(abs(ours - theirs) <= allowed + 100 * np.finfo(float).tiny)


@pytest.mark.parametrize("scale", SCALES)
def test_linear_algebra_is_right_at_every_scale(scale):
    inside, _ = fa_lib.row_space_split(STATE.weights[0], X[:2])
    again, _ = fa_lib.row_space_split(STATE.weights[0], X[:2] * scale)
    np.testing.assert_allclose(again, inside, rtol=1e-12)
    theta = fa_lib.minimum_norm(X, Y)
    np.testing.assert_allclose(fa_lib.minimum_norm(X * scale, Y * scale), theta, rtol=1e-12)
    for functions in (fa_lib.weight_alignment, fa_lib.neuron_alignment):
        expected = leaves(functions(STATE))
        scaled = STATE._replace(weights=tuple(W * scale for W in STATE.weights))
        for ours, theirs in zip(leaves(functions(scaled)), expected, strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=1e-12)


# Numbers and objects.

NUMBERS = {"step", "degree", "slope", "decay", "noise", "rtol", "atol", "most_evaluations"}
NUMBERS |= {"samples", "n_0", "outputs", "size", "train", "test"}
NUMBERS |= {"theta_norm", "feedback_norm", "kappa", "weight_scale", "feedback_scale"}
OBJECTS = {"rule", "reference", "activation", "loss", "law"}
OPTIONAL = {("initial_state", "rule"), ("excess_risk", "covariance")}
NO_NUMBERS = [
    np.nan,
    np.inf,
    -np.inf,
    None,
    "1",
    1j,
    {},
    np.array([1j]),
    np.array([np.nan]),
    [[1], [1, 2]],
]
NO_OBJECTS = [None, "relu", 1, print, X]


@pytest.mark.parametrize("value", NO_NUMBERS, ids=repr)
@pytest.mark.parametrize(
    ("name", "argument"), [(n, a) for n, call in CALLS.items() for a in call.spoilt if a in NUMBERS]
)
def test_what_is_no_number_is_refused_by_name(name, argument, value):
    with pytest.raises(ValueError, match=rf"(?s)^{argument}: got .*, expected "):
        called(name, {**CALLS[name].spoilt, argument: value})


@pytest.mark.parametrize("value", NO_OBJECTS, ids=["None", "a word", "1", "a function", "an array"])
@pytest.mark.parametrize(
    ("name", "argument"), [(n, a) for n, call in CALLS.items() for a in call.spoilt if a in OBJECTS]
)
def test_what_is_no_rule_activation_loss_or_law_is_refused_by_name(name, argument, value):
    if value is None and (name, argument) in OPTIONAL:
        return
    with pytest.raises(ValueError, match=rf"(?s)^{argument}: got .*, expected "):
        called(name, {**CALLS[name].spoilt, argument: value})


@pytest.mark.parametrize(
    "rates", [1.0, "123", 1j, (), [1, 2], [1, 0, 1], [1, 1, np.inf], [[1]] * 3]
)
@pytest.mark.parametrize(
    "name", ["layer_law", "neuron_law", "matrix_law", "discrete_law", "ledger"]
)
def test_rates_that_are_no_positive_numbers_one_for_each_layer_are_refused(name, rates):
    with pytest.raises(ValueError, match=r"(?s)^rate(s| \d): got .*, expected "):
        called(name, {**CALLS[name].spoilt, "rates": rates})


@pytest.mark.parametrize(
    "labels",
    [
        None,
        "abc",
        [0.0, 1.0],
        [-1, 2],
        [],
        [[0, 1]],
        [[0], [1, 2]],
        [True, False],
        [None],
        np.ma.masked_array([0, 1], mask=[0, 1]),
        np.array(["a"]),
        [1j],
        np.nan,
    ],
    ids=repr,
)
def test_labels_that_are_no_whole_numbers_are_refused(labels):
    with pytest.raises(ValueError, match=r"(?s)^labels: got .*, expected "):
        fa_lib.one_hot(labels)


@pytest.mark.parametrize(
    "times",
    [["1", "2"], np.array([1j, 2j]), np.ma.masked_array([1.0, 2.0], mask=[0, 1]), [[1], [1, 2]]],
    ids=repr,
)
def test_times_that_are_no_numbers_are_refused(times):
    with pytest.raises(ValueError, match=r"(?s)^times: got .*, expected "):
        fa_lib.flow(STATE, X, Y, times)


@pytest.mark.parametrize("part", ["weights", "feedback"])
@pytest.mark.parametrize("value", [None, 1.0, "ab", X], ids=["None", "1.0", "a word", "an array"])
def test_a_state_of_no_tuples_is_refused(part, value):
    with pytest.raises(ValueError, match=rf"^{part}: got .*, expected a tuple of arrays"):
        fa_lib.layer_law(STATE._replace(**{part: value}))


@pytest.mark.parametrize(
    "step",
    [np.empty(0), np.ma.masked_array([0.1]), np.array(["1"]), np.array([0.1], object)],
    ids=repr,
)
def test_steps_in_no_plain_array_of_floats_are_refused(step):
    with pytest.raises(ValueError, match=r"^step: got .*, expected "):
        fa_lib.descend(STATE, [], step=step)


def test_floats_among_exact_steps_are_refused():
    exact = State(*(tuple(np.vectorize(Fraction, otypes=[object])(M) for M in p) for p in STATE))
    with pytest.raises(ValueError, match=r"^step: got a float among its objects"):
        fa_lib.descend(exact, [], step=np.array([0.5], dtype=object))
