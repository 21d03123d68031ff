"""The conservation laws: as identities of the velocity, along steps, exactly, and symbolically."""

import itertools
import warnings
from fractions import Fraction

import numpy as np
import pytest
import sympy
from hypothesis import given, reject
from hypothesis import strategies as st

from fa_lib import (
    State,
    descend,
    discrete_law,
    flow,
    full_batch,
    initial_state,
    layer_law,
    linear,
    matrix_law,
    minibatches,
    neuron_law,
    relu,
    squared_error,
    squared_relu,
    tanh,
    train,
    velocity,
    weight_alignment,
)
from strategies import (
    HOMOGENEOUS,
    ROUNDING,
    RULES,
    draw_problem,
    each,
    exact_problems,
    members,
    problems,
    seeds,
)

# tanh'(h) h and tanh(h) differ by 2/3 h^3 and h is of order 1 here: a violation of order 1, of
# which 1/100 is far from rounding and far from what is expected.
VISIBLE = 0.01
STEPS = 6

# What carries the error back, for each rule that passes it layer by layer.
CARRIERS = {
    "GD": lambda state: state.weights[1:],
    "FA": lambda state: state.feedback,
    "KP": lambda state: state.feedback,
    "uSF": lambda state: tuple(map(np.sign, state.weights[1:])),
    "frSF": lambda state: tuple(
        abs(R) * np.sign(W) for R, W in zip(state.feedback, state.weights[1:], strict=True)
    ),
}
homogeneous = problems(activations=HOMOGENEOUS)
of_linear = problems(activations=(linear,))


def inner(A, B):
    return (A * B).sum(axis=(-2, -1))


def norm(A):
    return np.sqrt(inner(A, A))


def moving(problem, rule="FA"):
    return velocity(problem.state, problem.x, problem.y, rule=RULES[rule], **problem.options)


def identity(problem, rule="FA"):
    """Yield <dW_i, W_i>, k <dW_{i+1}, M_{i+1}>, and the size of their terms, layer by layer."""
    derivative, k = moving(problem, rule), problem.activation.degree or 1
    carriers = CARRIERS[rule](problem.state)
    layers = zip(problem.state.weights, derivative.weights, strict=True)
    for ((W, dW), (_, after)), M in zip(itertools.pairwise(layers), carriers, strict=True):
        size = norm(dW) * norm(W) + k * norm(after) * norm(M)
        yield inner(dW, W), k * inner(after, M), size


@pytest.mark.parametrize("rule", CARRIERS)
@given(problem=homogeneous)
def test_layer_identity_holds_whatever_carries_the_error(rule, problem):
    for left, right, size in identity(problem, rule):
        assert np.all(abs(left - right) <= ROUNDING * size)


@given(problem=homogeneous)
def test_neuron_identity_holds_for_every_neuron(problem):
    derivative, k = moving(problem), problem.activation.degree
    pairs = list(zip(problem.state.weights, derivative.weights, strict=True))
    for (W, dW), (_, after), B in zip(pairs, pairs[1:], problem.state.feedback, strict=False):
        left, right = (dW * W).sum(axis=-1), k * (after * B).sum(axis=-2)
        size = norm(dW) * norm(W) + k * norm(after) * norm(B)
        assert np.all(abs(left - right) <= ROUNDING * size[..., None])


@given(problem=of_linear)
def test_matrix_identity_holds_in_linear_networks(problem):
    """dW_i W_i^T = B^T dW_{i+1}: even before it is made symmetric."""
    derivative = moving(problem)
    pairs = list(zip(problem.state.weights, derivative.weights, strict=True))
    for (W, dW), (_, after), B in zip(pairs, pairs[1:], problem.state.feedback, strict=False):
        size = norm(dW) * norm(W) + norm(after) * norm(B)
        assert np.all(abs(dW @ W.mT - B.mT @ after) <= ROUNDING * size[..., None, None])


@given(problem=problems(activations=HOMOGENEOUS, rule=RULES["DFA"]))
def test_broadcast_errors_obey_the_law_in_the_last_hidden_layer(problem):
    derivative, k = moving(problem, "DFA"), problem.activation.degree
    (W, last), (dW, d_last) = problem.state.weights[-2:], derivative.weights[-2:]
    B = problem.state.feedback[-1]
    assert last.shape == B.shape
    size = norm(dW) * norm(W) + k * norm(d_last) * norm(B)
    assert np.all(abs(inner(dW, W) - k * inner(d_last, B)) <= ROUNDING * size)


def fixed_ensemble(activation, rule=None):
    return draw_problem(
        (4, 5, 5, 5), 6, activation, squared_error, seed=0, ensemble=(64,), rule=rule
    )


def test_layer_identity_fails_for_tanh():
    for left, right, size in identity(fixed_ensemble(tanh)):
        assert np.median(abs(left - right) / size) > VISIBLE


def test_no_degree_makes_the_layer_identity_hold_for_tanh():
    for left, right, size in identity(fixed_ensemble(tanh)):
        best = (left * right).sum() / (right * right).sum()
        assert np.median(abs(left - best * right) / size) > VISIBLE


def test_broadcast_errors_break_the_law_below_the_last_hidden_layer():
    problem = fixed_ensemble(linear, RULES["DFA"])
    derivative = moving(problem, "DFA")
    left = inner(derivative.weights[0], problem.state.weights[0])
    right = inner(derivative.weights[1], problem.state.feedback[0])
    assert np.median(abs(left - right) / (abs(left) + abs(right))) > VISIBLE


# Steps. A path is cut where squared ReLU runs away, whose squares would soon leave the floats.

LAWS = {"layer": layer_law, "neuron": neuron_law, "matrix": matrix_law}
SYMMETRIC = ("GD", "FA", "KP")  # the rules that have a matrix law
BY_RULE = [(rule, level) for rule in CARRIERS for level in ("layer", "neuron")]


def path_of(states):
    """Stack states along an axis of time; feedback that rests has one time."""
    rests = states[-1].feedback is states[0].feedback
    weights, feedback = (
        tuple(map(np.stack, zip(*part, strict=True))) for part in zip(*states, strict=True)
    )
    return State(weights, tuple(B[:1] for B in feedback) if rests else feedback)


def is_moderate(state):
    return all(abs(W).max() < 1e6 for W in state.weights)


def small_step(problem, rule):
    """Return a step that moves no weight by more than 1/64 at the start: the law allows any."""
    return 1 / (64 * max(1.0, *(abs(dW).max() for dW in moving(problem, rule).weights)))


def full(problem):
    return full_batch(problem.x, problem.y)


def parts(problem, size, seed):
    size = min(size, problem.x.shape[-2])
    return minibatches(problem.x, problem.y, size, rng=np.random.default_rng(seed))


def moderate(run):
    states = list(itertools.takewhile(is_moderate, itertools.islice(run, STEPS + 1)))
    if len(states) < 2:
        reject()
    return path_of(states)


def trained(problem, batches, rule="FA"):
    options = {"step": small_step(problem, rule), "rule": RULES[rule], **problem.options}
    return moderate(descend(problem.state, batches, **options))


def in_steps(problem, rule, rates, anew=None):
    """Take steps with a rate for each layer, by hand; ``anew`` draws the feedback of the next."""
    state = problem.state
    while True:
        yield state
        moved = moving(problem._replace(state=state), rule)
        weights, feedback = (
            tuple(M + r * dM for M, dM, r in zip(*part, strict=True))
            for part in zip(state, moved, (rates, rates[1:]), strict=True)
        )
        state = State(weights, tuple(map(anew, feedback)) if anew else feedback)


def size_along(path, degree, rule="FA"):
    """Return the size of the terms of the laws, at most."""
    layers = zip(path.weights, path.weights[1:], CARRIERS[rule](path), strict=False)
    return max(
        float(np.max(norm(W) ** 2 + degree * (norm(V) + (rule == "KP") * norm(M)) * norm(M)))
        for W, V, M in layers
    )


def each_law(values):
    """Return the values of the hidden layers, of any law."""
    return values if isinstance(values, tuple) else (values,)


def twins(path, level, degree, rule="FA", **options):
    """Return the discrete law, for each hidden layer, once its shape is seen to be the law's."""
    law, options = LAWS[level], {"rule": RULES[rule], **options}
    if level != "matrix":
        options["degree"] = degree
    ours, plain = each_law(discrete_law(path, law, **options)), each_law(law(path, **options))
    assert [values.shape for values in ours] == [values.shape for values in plain]
    assert {len(values) for values in ours} == {len(path.weights[0])}
    return ours


def assert_constant(path, level, degree, rule="FA", slowest=1, **options):
    tolerance = STEPS * ROUNDING * size_along(path, degree, rule) / slowest
    for values in twins(path, level, degree, rule, **options):
        assert np.all(abs(values - values[0]) <= tolerance)


def drift(path, degree=1, rule="FA"):
    """Return how far the discrete law moves, as a multiple of the rounding that is allowed."""
    values = discrete_law(path, degree=degree, rule=RULES[rule])
    rounding = STEPS * ROUNDING * size_along(path, degree, rule)
    return np.median(abs(values[-1] - values[0]), axis=-2) / rounding


@pytest.mark.parametrize(("rule", "level"), BY_RULE)
@given(problem=homogeneous)
def test_discrete_law_is_constant_along_the_full_batch(rule, level, problem):
    assert_constant(trained(problem, full(problem), rule), level, problem.activation.degree, rule)


@pytest.mark.parametrize(("rule", "level"), BY_RULE)
@given(problem=homogeneous, size=st.integers(1, 6), seed=seeds)
def test_discrete_law_is_constant_along_every_minibatch(rule, level, problem, size, seed):
    path = trained(problem, parts(problem, size, seed), rule)
    assert_constant(path, level, problem.activation.degree, rule)


@pytest.mark.parametrize("rule", SYMMETRIC)
@given(problem=of_linear, size=st.integers(1, 6), seed=seeds)
def test_discrete_matrix_law_is_constant_along_every_minibatch(rule, problem, size, seed):
    assert_constant(trained(problem, parts(problem, size, seed), rule), "matrix", 1, rule)
    assert_constant(trained(problem, full(problem), rule), "matrix", 1, rule)


def some_rates(problem, rule, seed):
    step = small_step(problem, rule)
    return step * np.random.default_rng(seed).uniform(0.1, 1, len(problem.state.weights))


@pytest.mark.parametrize(("rule", "level"), BY_RULE)
@given(problem=homogeneous, seed=seeds)
def test_discrete_law_is_constant_where_rates_differ_by_layer(rule, level, problem, seed):
    rates, k = some_rates(problem, rule, seed), problem.activation.degree
    path = moderate(in_steps(problem, rule, rates))
    assert_constant(path, level, k, rule, slowest=min(rates), rates=rates)


@given(problem=homogeneous, seed=seeds)
def test_each_part_of_a_law_is_divided_by_the_rate_of_its_layer(problem, seed):
    """By its definition: where a whole path is judged, a constant that is wrong would not show."""
    state, k = problem.state, problem.activation.degree
    rates = np.random.default_rng(seed).uniform(0.5, 2, len(state.weights))
    laws = layer_law(state, degree=k, rates=rates)
    for i, (W, V, B) in enumerate(
        zip(state.weights, state.weights[1:], state.feedback, strict=False)
    ):
        parts = [(W * W).sum((-1, -2)) / (2 * rates[i]), k * (V * B).sum((-1, -2)) / rates[i + 1]]
        allowed = ROUNDING * (parts[0] + (abs(V) * abs(B)).sum((-1, -2)) * k / rates[i + 1])
        assert np.all(abs(laws[..., i] - (parts[0] - parts[1])) <= allowed)


@pytest.mark.parametrize("rule", SYMMETRIC)
@given(problem=of_linear, seed=seeds)
def test_discrete_matrix_law_is_constant_where_rates_differ_by_layer(rule, problem, seed):
    rates = some_rates(problem, rule, seed)
    path = moderate(in_steps(problem, rule, rates))
    assert_constant(path, "matrix", 1, rule, slowest=min(rates), rates=rates)


@pytest.mark.parametrize("rule", ["FA", "frSF"])
@pytest.mark.parametrize("level", ["layer", "neuron"])
@given(problem=homogeneous, seed=seeds)
def test_discrete_law_is_constant_where_feedback_is_drawn_anew(level, rule, problem, seed):
    rates = [small_step(problem, rule)] * len(problem.state.weights)
    draw = np.random.default_rng(seed).standard_normal
    path = moderate(in_steps(problem, rule, rates, anew=lambda B: draw(B.shape)))
    assert_constant(path, level, problem.activation.degree, rule)


def gains(problem):
    """Return what each step adds to the law, the path, and the rounding to allow for."""
    k, path = problem.activation.degree, trained(problem, full(problem))
    return np.diff(layer_law(path, degree=k), axis=0), path, ROUNDING * size_along(path, k)


@given(problem=homogeneous)
def test_the_law_itself_never_decreases_by_steps(problem):
    gained, _, tolerance = gains(problem)
    assert np.all(gained >= -tolerance)


@given(problem=homogeneous)
def test_the_law_itself_moves_where_the_discrete_law_does_not(problem):
    """By 1/2 ||W_i(t+1) - W_i(t)||^2: so a constant discrete law says something."""
    gained, path, tolerance = gains(problem)
    moves = [norm(np.diff(W, axis=0)) ** 2 / 2 for W in path.weights[:-1]]
    assert np.all(abs(gained - np.stack(moves, axis=-1)) <= tolerance)


@given(problem=problems(), degree=st.sampled_from([1, 2, 3]))
def test_discrete_law_is_the_law_less_the_squares_of_all_steps(problem, degree):
    """Along whatever run: also where neither of the two is constant."""
    path = trained(problem, full(problem))
    squares = [norm(np.diff(W, axis=0)) ** 2 / 2 for W in path.weights[:-1]]
    expected = layer_law(path, degree=degree)
    expected[1:] -= np.cumsum(np.stack(squares, axis=-1), axis=0)
    tolerance = STEPS * ROUNDING * size_along(path, degree)
    assert np.all(abs(discrete_law(path, degree=degree) - expected) <= tolerance)


WRONG = {
    "degree": (squared_relu, "FA", 1, "FA"),
    "rule, FA for GD": (relu, "GD", 1, "FA"),
    "rule, GD for FA": (relu, "FA", 1, "GD"),
    "rule, uSF for frSF": (relu, "frSF", 1, "uSF"),
    "activation": (tanh, "FA", 1, "FA"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_discrete_law_of_the_wrong_degree_rule_or_activation_is_not_constant(wrong):
    activation, taught, degree, believed = WRONG[wrong]
    problem = fixed_ensemble(activation)
    path = trained(problem, full(problem), taught)
    assert np.all(drift(path, degree, believed) > 1e6)


def test_discrete_law_of_rates_that_are_not_told_is_not_constant():
    problem = fixed_ensemble(relu)
    rates = small_step(problem, "FA") * np.array([1, 0.5, 0.25])
    path = moderate(in_steps(problem, "FA", rates))
    assert np.all(drift(path) > 1e6)


@given(problem=homogeneous, degree=st.sampled_from([1, 2, 3]))
def test_neuron_laws_sum_to_the_layer_law(problem, degree):
    sums = [law.sum(axis=-1) for law in neuron_law(problem.state, degree=degree)]
    tolerance = ROUNDING * size_along(problem.state, degree)
    assert np.all(
        abs(np.stack(sums, axis=-1) - layer_law(problem.state, degree=degree)) <= tolerance
    )


@given(problem=homogeneous)
def test_trace_and_diagonal_of_the_matrix_law_are_twice_the_others(problem):
    state, tolerance = problem.state, ROUNDING * size_along(problem.state, 1)
    laws = zip(
        matrix_law(state), neuron_law(state), np.moveaxis(layer_law(state), -1, 0), strict=True
    )
    for matrix, neurons, layer in laws:
        assert np.all(abs(matrix.trace(axis1=-2, axis2=-1) - 2 * layer) <= tolerance)
        assert np.all(abs(matrix.diagonal(axis1=-2, axis2=-1) - 2 * neurons) <= tolerance)
        assert np.all(abs(matrix - matrix.mT) <= tolerance)


@given(problem=problems(activations=HOMOGENEOUS, ensembles=((2,), (2, 3))))
def test_laws_of_an_ensemble_are_the_laws_of_its_networks(problem):
    tolerance = ROUNDING * size_along(problem.state, 1)
    together = (layer_law(problem.state), *neuron_law(problem.state), *matrix_law(problem.state))
    for index, alone in members(problem):
        laws = (layer_law(alone.state), *neuron_law(alone.state), *matrix_law(alone.state))
        for ours, theirs in zip(together, laws, strict=True):
            assert np.all(abs(ours[index] - theirs) <= tolerance)


@pytest.mark.parametrize("law", [layer_law, neuron_law, matrix_law])
def test_networks_of_an_ensemble_may_share_matrices(law):
    state = initial_state((3, 4, 5, 2), rng=np.random.default_rng(0), ensemble=(3,))
    shared = State(
        (state.weights[0], *(W[0] for W in state.weights[1:])), tuple(B[0] for B in state.feedback)
    )
    full = State(
        (state.weights[0], *(np.broadcast_to(W[0], W.shape) for W in state.weights[1:])),
        tuple(np.broadcast_to(B[0], B.shape) for B in state.feedback),
    )
    actual, expected = law(shared), law(full)
    for ours, theirs in zip(actual, expected, strict=True):
        assert np.all(abs(ours - theirs) <= ROUNDING * size_along(full, 1))


# The laws of other rules: of all whose carrier is the gradient of a potential.


def shifted(state, derivative, distance):
    parts = zip(state, derivative, strict=True)
    return State(*(tuple(M + distance * dM for M, dM in zip(*part, strict=True)) for part in parts))


@pytest.mark.parametrize("rule", CARRIERS)
@given(problem=homogeneous)
def test_the_law_of_every_rule_rests_along_its_velocity(rule, problem):
    """By a central difference, which is exact for quadratic laws and, off sign flips, for 1-norms.

    A term of the law that is wrong moves by 1e-6 of its size, and rounding is 1e-12.
    """
    derivative, k = moving(problem, rule), problem.activation.degree
    fastest = max(1.0, *(abs(dW).max() for dW in derivative.weights))
    values = [
        layer_law(shifted(problem.state, derivative, distance), degree=k, rule=RULES[rule])
        for distance in (2**-20 / fastest, -(2**-20) / fastest)
    ]
    size = size_along(problem.state, k) + k * max(
        float(np.max(abs(W).sum(axis=(-2, -1)) + norm(W) ** 2 + norm(B) ** 2 + norm(W) * norm(B)))
        for W, B in zip(problem.state.weights[1:], problem.state.feedback, strict=True)
    )
    assert np.all(abs(values[0] - values[1]) <= ROUNDING * size)


@pytest.mark.parametrize("rule", ["DFA", "DRTP", "pseudo-BP"])
@pytest.mark.parametrize("law", [layer_law, neuron_law, matrix_law], ids=lambda law: law.__name__)
def test_a_rule_without_a_potential_has_no_law(law, rule):
    state = initial_state((3, 4, 2), rng=np.random.default_rng(0))
    with pytest.raises(ValueError, match=f"^rule: got {rule}, expected a rule with a "):
        law(state, rule=RULES[rule])


# Exactly: no tolerance.


def exactly(problem, rule, steps=2):
    """Train on one sample at a time."""
    batches = [(problem.x[n : n + 1], problem.y[n : n + 1]) for n in range(len(problem.x))]
    options = {"step": Fraction(1, 3), "rule": RULES[rule], **problem.options}
    return train(problem.state, itertools.cycle(batches), steps=steps, **options)


def assert_exactly_constant(path, level, degree=1, rule="FA", **options):
    for values in twins(path, level, degree, rule, **options):
        assert all(isinstance(entry, Fraction) for entry in values.flat)
        assert np.all(values - values[0] == 0)


@given(problem=exact_problems())
def test_layer_identity_is_exact_in_fractions(problem):
    derivative, k = moving(problem), problem.activation.degree
    for i, B in enumerate(problem.state.feedback):
        left = (derivative.weights[i] * problem.state.weights[i]).sum()
        assert left == k * (derivative.weights[i + 1] * B).sum()


@pytest.mark.parametrize(("rule", "level"), BY_RULE)
@given(problem=exact_problems())
def test_discrete_law_is_exact_in_fractions(rule, level, problem):
    path = exactly(problem, rule)
    assert_exactly_constant(path, level, problem.activation.degree, rule)


@pytest.mark.parametrize("rule", SYMMETRIC)
@given(problem=exact_problems(activations=(linear,)))
def test_discrete_matrix_law_is_exact_in_fractions(rule, problem):
    assert_exactly_constant(exactly(problem, rule), "matrix", rule=rule)


@pytest.mark.parametrize(("rule", "level"), BY_RULE)
@given(problem=exact_problems())
def test_discrete_law_is_exact_where_rates_differ_and_feedback_is_drawn_anew(rule, level, problem):
    rates = [Fraction(1, 3 + n) for n in range(len(problem.state.weights))]
    anew = None if rule == "KP" else lambda B: B - Fraction(1, 7)
    path = path_of(list(itertools.islice(in_steps(problem, rule, rates, anew), 3)))
    assert_exactly_constant(path, level, problem.activation.degree, rule, rates=rates)


def symbols(name, rows, columns):
    return np.array(sympy.symbols(f"{name}_:{rows}:{columns}"), dtype=object).reshape(rows, columns)


def symbolic(*widths):
    """Return a linear network, one sample and its target, of nothing but symbols."""
    shapes = list(zip(widths[1:], widths, strict=False))
    weights = tuple(symbols(f"w{i}", *shape) for i, shape in enumerate(shapes))
    feedback = tuple(symbols(f"b{i}", *shape) for i, shape in enumerate(shapes[1:]))
    return State(weights, feedback), symbols("x", 1, widths[0]), symbols("y", 1, widths[-1])


@pytest.mark.parametrize("widths", [(1, 2, 2), (2, 2, 1, 2)])
def test_layer_identity_is_proved_by_symbols(widths):
    state, x, y = symbolic(*widths)
    derivative = velocity(state, x, y, activation=linear)
    for i, B in enumerate(state.feedback):
        left = (derivative.weights[i] * state.weights[i]).sum()
        assert sympy.expand(left - (derivative.weights[i + 1] * B).sum()) == 0


@pytest.mark.parametrize("level", LAWS)
@pytest.mark.parametrize("rule", SYMMETRIC)
def test_one_step_of_the_discrete_law_is_proved_by_symbols(rule, level):
    """Signs of symbols are not known: the laws of sign rules are proved by fractions alone."""
    state, x, y = symbolic(1, 2, 2)
    eta = sympy.symbols("eta", positive=True)
    path = train(state, [(x, y)], step=eta, steps=1, rule=RULES[rule], activation=linear)
    for start, end in twins(path, level, 1, rule):
        assert {sympy.expand(off) for off in np.asarray(end - start).flat} == {0}


# What discrete_law takes for a path, and what it refuses.

NETWORK = draw_problem((3, 4, 5, 2), 5, linear, squared_error, seed=0)
PATH = train(NETWORK.state, full(NETWORK), step=0.01, steps=STEPS, activation=linear)


@pytest.mark.parametrize("level", LAWS)
def test_discrete_law_starts_at_the_law(level):
    start = each_law(LAWS[level](PATH.at(0)))
    for ours, theirs in zip(twins(PATH, level, 1), start, strict=True):
        assert np.array_equal(ours[0], theirs)


def test_a_path_of_the_flow_is_a_path():
    """Between whose times the law does not move, and the discrete law does."""
    path = flow(NETWORK.state, NETWORK.x, NETWORK.y, [0, 0.1, 0.2], activation=linear)
    assert np.ptp(layer_law(path), axis=0).max() < 1e-8
    moved = sum(norm(np.diff(W, axis=0)) ** 2 / 2 for W in path.weights[:1])
    corrected = discrete_law(path)[:, 0]
    assert np.allclose(np.diff(corrected), -moved, rtol=1e-6)


def with_weights(*weights):
    return PATH._replace(weights=weights)


W_1, W_2, W_3 = PATH.weights
B_2, B_3 = PATH.feedback
ONE_TIME = (
    r"path: got weights of shape \(.*4, 3\), expected an axis of at least two times before all"
)
NO_PATHS = [
    (PATH.at(0), ONE_TIME),
    (with_weights(W_1[:1], W_2[:1], W_3[:1]), ONE_TIME),
    (
        with_weights(W_1, W_2[0], W_3),
        r"W_2: got shape \(5, 4\), expected an axis of 7 times before",
    ),
    (with_weights(W_1, W_2[:1], W_3), r"W_2: got shape \(1, 5, 4\), expected an axis of 7 times"),
    (
        with_weights(W_1, W_2[1:], W_3),
        r"leading axes: got \[\(1,\), \(6,\), \(7,\)\], expected shapes",
    ),
    (
        with_weights(np.concatenate([W_1, W_1[:1] * np.nan]), W_2, W_3),
        "W_1: got an entry that is no",
    ),
    (
        PATH._replace(feedback=(B_2[0], B_3)),
        r"B_2: got shape \(5, 4\), expected an axis of 7 times",
    ),
    (
        PATH._replace(feedback=(B_2, np.stack([B_3] * 7))),
        r"B_3: got shape \(7, 1, 2, 5\), expected an",
    ),
    ([PATH.at(time) for time in range(STEPS + 1)], "state: got a list, expected a State"),
    (descend(NETWORK.state, [], step=1), "state: got a generator, expected a State"),
]


@pytest.mark.parametrize(("path", "message"), NO_PATHS)
@pytest.mark.parametrize("law", LAWS.values(), ids=LAWS)
def test_discrete_law_refuses_what_is_no_path(law, path, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        discrete_law(path, law)


NO_LAWS = [
    (
        {"law": lambda state: layer_law(state)},
        "law: got <function <lambda>.*, expected layer_law, ",
    ),
    ({"law": weight_alignment}, "law: got <function weight_alignment"),
    ({"law": [layer_law]}, "law: got .*, expected layer_law, neuron_law or matrix_law"),
    ({"rule": RULES["DFA"]}, "rule: got DFA, expected one whose error passes layer by layer"),
    ({"rule": RULES["DRTP"]}, "rule: got DRTP, expected one whose error passes layer by layer"),
    ({"rule": RULES["pseudo-BP"]}, "rule: got pseudo-BP, expected a rule with a potential"),
    ({"law": matrix_law, "rule": RULES["uSF"]}, "rule: got uSF, expected a rule with a matrix law"),
    ({"law": matrix_law, "degree": 2}, "degree: got 2, expected 1, as matrix_law"),
    ({"degree": None}, "degree: got None, expected a finite number"),
    ({"rates": 0.1}, "rates: got 0.1, expected a number for each layer"),
    ({"rates": (1, 2)}, "rates: got 2 numbers, expected 3, one for each layer"),
    ({"rates": (1, 2, 0)}, "rate 3: got 0, expected a positive number"),
]


@pytest.mark.parametrize(("options", "message"), NO_LAWS)
def test_discrete_law_refuses_what_is_no_law(options, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        discrete_law(PATH, **options)


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
@pytest.mark.parametrize("law", LAWS.values(), ids=LAWS)
def test_no_degree_and_no_rate_changes_the_dtype_of_a_law(law, dtype):
    path = each(lambda M: M.astype(dtype), PATH)
    for rates in ([np.float64(0.5)] * 3, [Fraction(1, 2)] * 3):
        options = {} if law is matrix_law else {"degree": rates[0]}
        values = [law(path, rates=rates, **options)]
        if law is not matrix_law:
            values += [discrete_law(path, law, rates=rates, **options)]
        for value in itertools.chain(*map(each_law, values)):
            assert value.dtype == dtype


@pytest.mark.parametrize("rule", ["GD", "uSF"])
@pytest.mark.parametrize("law", [layer_law, neuron_law])
def test_the_law_of_a_rule_that_reads_no_feedback_needs_none(law, rule):
    state = draw_problem((3, 4, 5, 2), 5, linear, squared_error, seed=0).state
    for feedback in ((), state.feedback[:1], (np.ones((1, 1)),)):
        bare = State(state.weights, feedback)
        for ours, theirs in zip(
            law(bare, rule=RULES[rule]), law(state, rule=RULES[rule]), strict=True
        ):
            assert np.array_equal(ours, theirs)


def test_the_matrix_law_of_gradient_descent_needs_no_feedback():
    state = draw_problem((3, 4, 5, 2), 5, linear, squared_error, seed=0).state
    bare = State(state.weights, ())
    laws = matrix_law(bare, rule=RULES["GD"])
    W_1, W_2, W_3 = state.weights
    assert np.array_equal(laws[0], W_1 @ W_1.T - W_2.T @ W_2)
    assert np.array_equal(laws[1], W_2 @ W_2.T - W_3.T @ W_3)
    with pytest.raises(ValueError, match=r"^feedback: got 0 matrices, expected 2"):
        matrix_law(bare)


@pytest.mark.parametrize("feedback", [(), (np.ones((1, 1)),)], ids=["none", "of another shape"])
def test_discrete_law_of_a_rule_that_reads_no_feedback_needs_none(feedback):
    start = State(NETWORK.state.weights, ())
    path = train(start, full(NETWORK), step=0.05, steps=STEPS, rule=RULES["GD"])
    path = path._replace(feedback=feedback)
    for law in LAWS.values():
        assert len(each_law(discrete_law(path, law, rule=RULES["GD"]))[0]) == STEPS + 1
    assert np.ptp(discrete_law(path, rule=RULES["GD"]), axis=0).max() < 1e-12


def test_kernels_are_not_taken_for_an_ensemble_without_a_word():
    kernel = np.random.default_rng(0).standard_normal((4, 4, 3, 3))
    with pytest.warns(
        UserWarning, match=r"weights of shape \(4, 4, 3, 3\) are taken for an ensemble"
    ):
        layer_law(State((kernel, kernel + 1), (kernel,)))


def test_a_path_of_an_ensemble_of_one_width_is_not_taken_for_kernels():
    problem = draw_problem((3, 3, 3), 5, linear, squared_error, seed=0, ensemble=(2,))
    path = train(problem.state, full(problem), step=0.01, steps=STEPS, activation=linear)
    assert path.weights[0].ndim == 4
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        layer_law(path)
        discrete_law(path)
