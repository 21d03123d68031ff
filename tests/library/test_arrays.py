"""One code, every arithmetic: the same step in each of them, compared with NumPy's float64."""

import contextlib
import itertools
import math
from fractions import Fraction
from functools import partial

import array_api_strict
import numpy as np
import pytest
import sympy

from fa_lib import (
    Diverged,
    State,
    _arrays,
    comparator_prediction,
    compress,
    descend,
    discrete_law,
    full_batch,
    layer_law,
    leaky_relu,
    linear,
    matrix_law,
    minibatches,
    neuron_law,
    relu,
    signal_alignment,
    softmax_cross_entropy,
    squared_distance,
    squared_error,
    tanh,
    train,
    velocity,
    weight_alignment,
)
from strategies import EXACT, HOMOGENEOUS, LOSSES, RULES, draw_problem, each, matrices

STEP = Fraction(1, 64)  # a power of two, so that every arithmetic has the same step
# Three layers, 4 samples, 4 neurons: about 50 additions, and as much amplification.
ADDITIONS = 256


def objects(convert):
    """Return a converter to an array of Python objects, entry by entry."""

    def converted(array):
        exact = np.empty(array.shape, dtype=object)
        exact.flat = [convert(Fraction(value)) for value in array.ravel().tolist()]
        return exact

    return converted


def torch_array(array):
    """Put an array where PyTorch calculates fastest: on an accelerator, if there is one."""
    torch = pytest.importorskip("torch")
    return torch.asarray(array.copy(), device="cuda" if torch.cuda.is_available() else "cpu")


def jax_array(array):
    """Put an array where JAX does: it looks for an accelerator of its own accord."""
    jax = pytest.importorskip("jax")
    # JAX is of single precision unless it is told otherwise, and there of less.
    jax.config.update("jax_default_matmul_precision", "highest")
    return jax.numpy.asarray(array.astype(np.float32))


EXACT_KINDS = {
    "Fraction": objects(lambda value: value),
    "SymPy": objects(lambda value: sympy.Rational(value.numerator, value.denominator)),
}
FLOAT_KINDS = {
    "float64": lambda array: array,
    "float32": lambda array: array.astype(np.float32),
    "float16": lambda array: array.astype(np.float16),
    "array_api_strict": array_api_strict.asarray,
    "torch": torch_array,
    "jax": jax_array,
}
KINDS = FLOAT_KINDS | EXACT_KINDS


def step_for(kind):
    match kind:
        case "Fraction":
            return STEP
        case "SymPy":
            return sympy.Rational(1, 64)
    return float(STEP)


def rounded_problem(activation, loss, rule=None, ensemble=()):
    """Draw a problem whose entries float16 can hold, so that all arithmetics start equal."""
    problem = draw_problem(
        (2, 3, 3, 2), 4, activation, loss, seed=1, rule=RULES.get(rule), ensemble=ensemble
    )

    def rounded(M):
        return M.astype(np.float16).astype(float)

    return problem._replace(
        state=each(rounded, problem.state), x=rounded(problem.x), y=rounded(problem.y)
    )


def convert(problem, kind):
    to = KINDS[kind]
    return problem._replace(state=each(to, problem.state), x=to(problem.x), y=to(problem.y))


def on_host(array):
    return np.asarray(array.cpu() if hasattr(array, "cpu") else array)


def as_floats(array):
    return on_host(array).astype(float)


def tolerance(kind, like):
    """Return the rounding of the arithmetic: none beyond float64's own where it is exact."""
    precision = np.float64 if kind in EXACT_KINDS else on_host(like).dtype
    return ADDITIONS * float(np.finfo(precision).eps)


def assert_agrees(kind, actual, expected):
    for ours, theirs in zip(matrices(actual), matrices(expected), strict=True):
        scale = max(1.0, abs(theirs).max())
        assert abs(as_floats(ours) - theirs).max() <= tolerance(kind, ours) * scale


def one_step(problem, step, rule):
    batch = (problem.x, problem.y)
    _, end = descend(problem.state, [batch], step=step, rule=rule, **problem.options)
    return end


# What each arithmetic can do: exact numbers have no exp, tanh or singular values.
CASES = [
    pytest.param(kind, rule, activation, loss, id=f"{kind}-{rule}-{activation.name}-{loss.name}")
    for kind in KINDS
    for rule, activation, loss in itertools.chain(
        ((rule, relu, squared_error) for rule in RULES if rule != "pseudo-BP"),
        (("FA", activation, squared_error) for activation in (*HOMOGENEOUS[::2], *HOMOGENEOUS[3:])),
        () if kind in EXACT_KINDS else [("FA", tanh, softmax_cross_entropy)],
    )
]


@pytest.mark.parametrize(("kind", "rule", "activation", "loss"), CASES)
def test_velocity_and_step_agree_with_float64(kind, rule, activation, loss):
    problem = rounded_problem(activation, loss, rule)
    expected = velocity(problem.state, problem.x, problem.y, rule=RULES[rule], **problem.options)
    end = one_step(problem, float(STEP), RULES[rule])
    other = convert(problem, kind)
    options = {"rule": RULES[rule], **other.options}
    if kind in EXACT_KINDS and activation in HOMOGENEOUS:
        options["activation"] = EXACT[HOMOGENEOUS.index(activation)]
        other = other._replace(activation=options["activation"])
    assert_agrees(kind, velocity(other.state, other.x, other.y, **options), expected)
    assert_agrees(kind, one_step(other, step_for(kind), RULES[rule]), end)


@pytest.mark.parametrize("kind", KINDS)
def test_comparator_agrees_with_float64(kind):
    problem = rounded_problem(relu, squared_error)
    U, other = problem.state.weights[0] / 2, convert(problem, kind)
    expected = (
        squared_distance(problem.state, U),
        comparator_prediction(problem.state, U, problem.x),
    )
    U = KINDS[kind](U)
    actual = squared_distance(other.state, U), comparator_prediction(other.state, U, other.x)
    for ours, theirs in zip(map(np.asarray, map(on_host, actual)), expected, strict=True):
        scale, allowed = max(1.0, abs(theirs).max()), tolerance(kind, other.x)
        assert abs(ours.astype(float) - theirs).max() <= allowed * scale


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("rule", [rule for rule in RULES if rule != "pseudo-BP"])
def test_training_keeps_the_type_and_the_dtype(kind, rule):
    problem = convert(rounded_problem(relu, squared_error, rule), kind)
    end = one_step(problem, step_for(kind), RULES[rule])
    for before, after in zip(matrices(problem.state), matrices(end), strict=True):
        assert type(after) is type(before)
        assert after.dtype == before.dtype


@pytest.mark.parametrize("step", [np.float64(0.25), np.array(0.25), Fraction(1, 4)], ids=repr)
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_no_step_size_changes_the_dtype_of_the_weights(dtype, step):
    """Or else it is refused: a run that turns to another precision by itself is a wrong answer."""
    problem = rounded_problem(relu, squared_error)
    to = np.dtype(dtype).type
    state = each(lambda M: M.astype(to), problem.state)
    try:
        run = descend(state, [(problem.x.astype(to), problem.y.astype(to))], step=step)
        _, end = run
    except ValueError as error:
        assert str(error).startswith("step: got ")  # noqa: PT017
    else:
        assert {M.dtype for M in matrices(end)} == {np.dtype(dtype)}


@pytest.mark.parametrize("kind", EXACT_KINDS)
def test_exact_numbers_stay_exact(kind):
    problem = convert(rounded_problem(relu, squared_error), kind)
    end = one_step(problem, step_for(kind), RULES["FA"])
    exact = (Fraction, int, sympy.Rational)
    assert all(isinstance(entry, exact) for M in matrices(end) for entry in M.flat)


def test_no_slope_makes_exact_numbers_inexact():
    """Or else it is refused: 0.1 is no tenth."""
    problem = convert(rounded_problem(relu, squared_error), "Fraction")
    try:
        moved = velocity(problem.state, problem.x, problem.y, activation=leaky_relu(0.1))
    except ValueError as error:
        assert "got " in str(error)  # noqa: PT017
    else:
        assert all(isinstance(entry, (Fraction, int)) for M in moved.weights for entry in M.flat)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("ensemble", [(), (2,)])
def test_laws_agree_with_float64(kind, ensemble):
    problem = rounded_problem(relu, squared_error, ensemble=ensemble)
    other = convert(problem, kind)
    for law in (lambda state: (layer_law(state),), neuron_law, matrix_law):
        for ours, theirs in zip(law(other.state), law(problem.state), strict=True):
            scale = max(1.0, abs(theirs).max())
            assert np.all(abs(as_floats(ours) - theirs) <= tolerance(kind, ours) * scale)


@pytest.mark.parametrize("kind", FLOAT_KINDS)
@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: loss.name)
def test_alignments_agree_with_float64(kind, loss):
    problem = rounded_problem(relu, loss)
    other = convert(problem, kind)
    pairs = [
        (weight_alignment(other.state), weight_alignment(problem.state)),
        (
            signal_alignment(other.state, other.x, other.y, loss=loss),
            signal_alignment(problem.state, problem.x, problem.y, loss=loss),
        ),
    ]
    for ours, theirs in pairs:
        assert abs(as_floats(ours) - theirs).max() <= tolerance(kind, ours)


@pytest.mark.parametrize("kind", KINDS)
def test_minibatches_come_from_every_arithmetic(kind):
    problem = convert(rounded_problem(relu, squared_error), kind)
    batches = minibatches(problem.x, problem.y, 3, rng=np.random.default_rng(0))
    for expected in (3, 1, 3):
        x, y = next(batches)
        assert (x.shape, y.shape) == ((expected, 2), (expected, 2))
        assert x.dtype == problem.x.dtype


@pytest.mark.parametrize("kind", KINDS)
def test_each_network_has_its_own_step_in_every_arithmetic(kind):
    problem = convert(rounded_problem(relu, squared_error, ensemble=(2,)), kind)
    steps = KINDS[kind](np.array([[0.25, 0.5]]))[0, :]
    _, end = descend(problem.state, [(problem.x, problem.y)], step=steps)
    moved = velocity(problem.state, problem.x, problem.y)
    for n, eta in enumerate((0.25, 0.5)):
        for W, dW, new in zip(problem.state.weights, moved.weights, end.weights, strict=True):
            before, motion, after = (as_floats(M)[n] for M in (W, dW, new))
            scale = max(1.0, abs(motion).max())
            assert abs(before + eta * motion - after).max() <= tolerance(kind, dW) * scale


@pytest.mark.parametrize("kind", ["torch", "jax"])
def test_full_batch_training_runs_for_several_steps(kind):
    problem = rounded_problem(tanh, squared_error)
    other = convert(problem, kind)
    ours, theirs = (
        list(
            itertools.islice(
                descend(p.state, full_batch(p.x, p.y), step=1 / 64, activation=tanh), 4
            )
        )
        for p in (other, problem)
    )
    assert_agrees(kind, ours[-1], theirs[-1])


@pytest.mark.parametrize("kind", FLOAT_KINDS)
def test_divergence_counts_networks_in_every_arithmetic(kind):
    problem = convert(rounded_problem(linear, squared_error, ensemble=(2, 2)), kind)
    steps = KINDS[kind](np.array([[2.0**-6, 2.0**15], [2.0**-6, 2.0**-6]]))
    batches = itertools.repeat((problem.x, problem.y), 20)
    with pytest.raises(Diverged, match=r"in 1 of 4 networks") as caught:
        list(descend(problem.state, batches, step=steps, activation=linear))
    assert all(np.isfinite(as_floats(M)).all() for M in matrices(caught.value.last))


@pytest.mark.parametrize("kind", ["float32", "array_api_strict", "torch", "jax"])
def test_compressed_training_is_the_full_one_in_every_arithmetic(kind):
    problem = rounded_problem(tanh, squared_error)
    few = convert(problem._replace(x=problem.x[:1], y=problem.y[:1]), kind)
    small, small_x, expand = compress(few.state, few.x)
    assert small_x.shape == (1, 1)
    full, compressed = (
        one_step(few._replace(state=state, x=x), float(STEP), RULES["FA"])
        for state, x in ((few.state, few.x), (small, small_x))
    )
    assert_agrees(kind, expand(compressed), each(as_floats, full))


@pytest.mark.parametrize("kind", KINDS)
def test_an_entry_that_is_not_finite_is_refused_in_every_arithmetic(kind):
    problem = convert(rounded_problem(relu, squared_error), kind)
    x = problem.x * math.inf if kind in FLOAT_KINDS else problem.x + sympy.nan
    with pytest.raises(ValueError, match=r"^x: got an? (entry that is not finite|NaN among)"):
        velocity(problem.state, x, problem.y)


@pytest.mark.parametrize("lazy", [True, False])
def test_only_arrays_without_values_pass_the_checks_unread(monkeypatch, lazy):
    """Whoever traces has none to look at. JAX is no package of the tests: feign it."""

    def unreadable(array):
        raise TypeError

    monkeypatch.setattr(_arrays, "is_finite", unreadable)
    monkeypatch.setattr(_arrays, "is_lazy_array", lambda array: lazy)
    with contextlib.nullcontext() if lazy else pytest.raises(TypeError):
        assert _arrays.all_finite(array_api_strict.asarray(np.full((2, 2), np.inf)))


def test_jax_may_trace_a_velocity():
    jax = pytest.importorskip("jax")
    problem = rounded_problem(tanh, squared_error)
    other = convert(problem, "jax")
    moved = velocity(problem.state, problem.x, problem.y, activation=tanh)
    traced = jax.jit(partial(velocity, activation=tanh))(other.state, other.x, other.y)
    assert_agrees("jax", traced, moved)


def test_large_numbers_of_another_library_pass_the_checks_without_a_warning():
    """Their sum overflows in NumPy, which calculates for it: a warning is an error here."""
    assert _arrays.all_finite(array_api_strict.asarray(np.full((2, 2), 1e308)))


def test_small_singular_values_count_in_a_large_ensemble_too():
    """100 eps of the largest is above the rounding of two rows, and below that of a thousand."""
    eps = np.finfo(float).eps
    A = np.stack([np.diag([1.0, 100 * eps])] * 1000)
    expected = np.diag([1.0, 1 / (100 * eps)])
    assert np.allclose(_arrays.pseudoinverse(A), expected, rtol=1e-12, atol=0)


@pytest.mark.parametrize("ensemble", [(), (2,)])
@pytest.mark.parametrize("rule", ["GD", "FA", "KP", "uSF", "frSF"])
@pytest.mark.parametrize("kind", KINDS)
def test_discrete_laws_of_paths_are_constant_in_every_arithmetic(kind, rule, ensemble):
    problem = convert(rounded_problem(linear, squared_error, rule, ensemble), kind)
    options = {"step": step_for(kind), "steps": 3, "rule": RULES[rule], "activation": linear}
    path = train(problem.state, full_batch(problem.x, problem.y), **options)
    sizes = [abs(as_floats(M)).max() ** 2 * M.shape[-2] * M.shape[-1] for M in matrices(path)]
    for law in (layer_law, neuron_law) + (matrix_law,) * (rule in ("GD", "FA", "KP")):
        laws = discrete_law(path, law, rule=RULES[rule])
        for values in laws if isinstance(laws, tuple) else (laws,):
            assert values.shape[: 1 + len(ensemble)] == (4, *ensemble)
            assert values.dtype == problem.x.dtype
            off = as_floats(values - values[:1, ...])
            if kind in EXACT_KINDS:
                assert not off.any()
            else:
                assert abs(off).max() <= tolerance(kind, values) * max(1.0, *sizes)


def test_a_path_of_parameters_has_a_law():
    torch = pytest.importorskip("torch")
    problem = convert(rounded_problem(relu, squared_error), "torch")
    path = train(problem.state, full_batch(problem.x, problem.y), step=1 / 64, steps=3)
    parameters = each(lambda M: torch.nn.Parameter(M), path)
    assert torch.equal(discrete_law(parameters), discrete_law(path))


@pytest.mark.parametrize("law", [layer_law, discrete_law])
def test_jax_may_trace_a_law_of_a_path(law):
    jax = pytest.importorskip("jax")
    problem = rounded_problem(relu, squared_error)
    other = convert(problem, "jax")
    paths = [train(p.state, full_batch(p.x, p.y), step=1 / 64, steps=3) for p in (problem, other)]
    expected, traced = law(paths[0]), jax.jit(law)(paths[1])
    assert abs(as_floats(traced) - expected).max() <= tolerance("jax", traced) * abs(expected).max()


# The transformations of JAX and PyTorch pass through training and laws.


def few_steps(problem, step):
    return train(problem.state, full_batch(problem.x, problem.y), step=step, steps=3)


@pytest.mark.parametrize("run", [train, descend], ids=lambda run: run.__name__)
def test_jax_may_trace_a_run_and_its_step(run):
    jax = pytest.importorskip("jax")
    problem = convert(rounded_problem(relu, squared_error), "jax")

    def end(step):
        batches = full_batch(problem.x, problem.y)
        if run is train:
            return few_steps(problem, step).at(-1).weights
        return list(itertools.islice(descend(problem.state, batches, step=step), 4))[-1].weights

    for traced, plain in zip(jax.jit(end)(1 / 64), end(1 / 64), strict=True):
        assert abs(traced - plain).max() <= tolerance("jax", plain) * abs(plain).max()


def test_jax_differentiates_through_a_run():
    jax = pytest.importorskip("jax")
    problem, h = rounded_problem(relu, squared_error), 2.0**-20

    def law(step, problem=problem):
        return layer_law(few_steps(problem, step).at(-1)).sum()

    slope = jax.grad(partial(law, problem=convert(problem, "jax")))(1 / 64)
    measured = (law(1 / 64 + h) - law(1 / 64 - h)) / (2 * h)  # off by h^2, and by eps / h
    assert abs(float(slope) - measured) < tolerance("jax", slope) * abs(measured)


@pytest.mark.parametrize("library", ["torch", "jax"])
@pytest.mark.parametrize("of", ["velocity", "law"])
def test_a_map_over_networks_is_their_ensemble(library, of):
    module = pytest.importorskip(library)
    problem = convert(rounded_problem(relu, squared_error), library)
    W_1, *others = problem.state.weights
    several = [W_1, 2 * W_1, -W_1]
    stacked = module.stack(several) if library == "torch" else module.numpy.stack(several)

    def one(W):
        state = State((W, *others), problem.state.feedback)
        if of == "law":
            return layer_law(state)
        return velocity(state, problem.x, problem.y).weights[0]

    mapped = (module.func.vmap if library == "torch" else module.vmap)(one)(stacked)
    for ours, W in zip(mapped, several, strict=True):
        theirs = as_floats(one(W))
        assert abs(as_floats(ours) - theirs).max() <= tolerance(library, mapped) * abs(theirs).max()


def test_a_loader_of_torch_gives_batches():
    torch = pytest.importorskip("torch")
    problem = convert(rounded_problem(relu, squared_error), "torch")
    samples = torch.utils.data.TensorDataset(problem.x, problem.y)
    path = train(
        problem.state, torch.utils.data.DataLoader(samples, batch_size=2), step=1 / 64, steps=2
    )
    pairs = [(problem.x[start : start + 2], problem.y[start : start + 2]) for start in (0, 2)]
    by_hand = train(problem.state, pairs, step=1 / 64, steps=2)
    assert all(map(torch.equal, path.weights, by_hand.weights))


def test_an_activation_that_is_first_met_while_jax_traces_is_let_in():
    """It cannot be tried there, as nothing has a value."""
    jax = pytest.importorskip("jax")
    problem = convert(rounded_problem(relu, squared_error), "jax")
    phi = leaky_relu(0.375)
    traced = jax.jit(lambda x: velocity(problem.state, x, problem.y, activation=phi).weights[0])
    expected = velocity(problem.state, problem.x, problem.y, activation=phi).weights[0]
    phi = leaky_relu(0.375)  # another object: of this one nothing is known yet
    actual = traced(problem.x)
    assert abs(actual - expected).max() <= tolerance("jax", expected) * abs(expected).max()
