"""The velocity is what the equations say, for every rule, activation, loss and ensemble."""

from fractions import Fraction

import numpy as np
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st

import fa_lib
import reference
from fa_lib import (
    State,
    forward,
    gradient_descent,
    linear,
    relu,
    softmax_cross_entropy,
    squared_error,
    velocity,
)
from fa_lib.rules import with_weight_decay
from strategies import (
    LOSSES,
    ROUNDING,
    RULES,
    draw_problem,
    each,
    matrices,
    members,
    problems,
    seeds,
)

SMALL = 1e-30  # an imaginary step whose square vanishes beside any real part
LAYERED = [name for name in RULES if name not in reference.BROADCAST]

rule_names = pytest.mark.parametrize("rule", RULES)


def assert_close(actual, expected):
    """Compare two matrices up to rounding, relative to the largest entry."""
    assert actual.shape == expected.shape
    largest = max(1.0, abs(expected).max())
    assert abs(actual - expected).max() <= ROUNDING * largest


def assert_states_close(actual, expected):
    for ours, theirs in zip(matrices(actual), matrices(expected), strict=True):
        assert_close(ours, theirs)


def problems_for(rule, **options):
    return problems(rule=RULES[rule], **options)


def rotation(rng, size):
    return np.linalg.qr(rng.standard_normal((size, size)))[0]


@rule_names
@given(data=st.data())
def test_velocity_equals_the_loops_of_the_reference(rule, data):
    problem = data.draw(problems_for(rule, ensembles=((),)))
    actual = velocity(problem.state, problem.x, problem.y, rule=RULES[rule], **problem.options)
    expected = reference.velocity(
        problem.state, problem.x, problem.y, rule, problem.activation.name, problem.loss.name
    )
    assert_states_close(actual, expected)


@rule_names
@given(data=st.data())
def test_an_ensemble_moves_as_its_networks_move_alone(rule, data):
    problem = data.draw(problems_for(rule, ensembles=((2,), (2, 3))))
    options = {"rule": RULES[rule], **problem.options}
    together = velocity(problem.state, problem.x, problem.y, **options)
    for index, alone in members(problem):
        expected = velocity(alone.state, alone.x, alone.y, **options)
        assert_states_close(each(lambda M, index=index: M[index], together), expected)


@rule_names
@given(data=st.data())
def test_networks_may_share_their_data(rule, data):
    problem = data.draw(problems_for(rule, ensembles=((2, 3),)))
    options = {"rule": RULES[rule], **problem.options}
    shared = velocity(problem.state, problem.x[0, 0], problem.y[0, 0], **options)
    copies = (np.broadcast_to(a[0, 0], a.shape) for a in (problem.x, problem.y))
    assert_states_close(shared, velocity(problem.state, *copies, **options))


@given(problem=problems(ensembles=((),)))
def test_forward_equals_the_loops_of_the_reference(problem):
    inputs, sums = forward(problem.state, problem.x, activation=problem.activation)
    for n, sample in enumerate(problem.x):
        expected = reference.forward(problem.state.weights, sample, problem.activation.name)
        for actual, literal in zip((*inputs, *sums), (*expected[0], *expected[1]), strict=True):
            assert_close(actual[n], np.array(literal))


@given(problem=problems(ensembles=((),)))
def test_the_loss_equals_the_loops_of_the_reference(problem):
    prediction = forward(problem.state, problem.x, activation=problem.activation)[1][-1]
    expected = reference.loss(
        problem.state.weights, problem.x, problem.y, problem.activation.name, problem.loss.name
    )
    assert_close(problem.loss.value(prediction, problem.y), expected)


@given(problem=problems(ensembles=((),), deepest=4))
def test_gradient_descent_follows_the_derivative_of_the_loss(problem):
    downhill = velocity(
        problem.state, problem.x, problem.y, rule=gradient_descent, **problem.options
    )
    for layer, dW in enumerate(downhill.weights):
        assert_close(-dW, complex_step(problem, layer))


def complex_step(problem, layer):
    """Return the derivative of the loss by W_{layer+1}: Im loss(W + i h) / h."""
    gradient = np.zeros(problem.state.weights[layer].shape)
    for entry in np.ndindex(gradient.shape):
        weights = [W.astype(complex) for W in problem.state.weights]
        weights[layer][entry] += SMALL * 1j
        value = reference.loss(
            weights, problem.x, problem.y, problem.activation.name, problem.loss.name
        )
        gradient[entry] = value.imag / SMALL
    return gradient


@pytest.mark.parametrize("depth", [2, 3])
def test_gradient_descent_is_the_symbolic_derivative_of_the_squared_error(depth):
    state = State(
        tuple(symbols(f"w{i}", 2, 2) for i in range(depth)), (symbols("b", 2, 2),) * (depth - 1)
    )
    x, y = symbols("x", 1, 2), symbols("y", 1, 2)
    loss = squared_error.value(forward(state, x, activation=linear)[1][-1], y)
    downhill = velocity(state, x, y, rule=gradient_descent, activation=linear)
    for W, dW in zip(state.weights, downhill.weights, strict=True):
        for w, moved in zip(W.flat, dW.flat, strict=True):
            assert sympy.expand(sympy.diff(loss, w) + moved) == 0


def symbols(name, rows, columns):
    return np.array(sympy.symbols(f"{name}_:{rows}:{columns}"), dtype=object).reshape(rows, columns)


@rule_names
@given(data=st.data())
def test_rotating_inputs_and_first_weights_rotates_the_motion(rule, data):
    problem = data.draw(problems_for(rule))
    R = rotation(np.random.default_rng(data.draw(seeds)), problem.x.shape[-1])
    options = {"rule": RULES[rule], **problem.options}
    first, *others = problem.state.weights
    turned = problem.state._replace(weights=(first @ R, *others))
    dW, *rest = velocity(problem.state, problem.x, problem.y, **options).weights
    expected = State((dW @ R, *rest), ())
    actual = velocity(turned, problem.x @ R, problem.y, **options)
    assert_states_close(actual._replace(feedback=()), expected)


@pytest.mark.parametrize("rule", ["GD", "FA", "KP", "pseudo-BP", "DFA", "DRTP"])
@given(data=st.data())
def test_rotating_outputs_and_what_meets_them_rotates_the_motion(rule, data):
    problem = data.draw(problems_for(rule, losses=(squared_error,)))
    R = rotation(np.random.default_rng(data.draw(seeds)), problem.y.shape[-1])
    options = {"rule": RULES[rule], **problem.options}
    turned = State(turn_last(problem.state.weights, R), turn_feedback(problem.state, rule, R))
    still = velocity(problem.state, problem.x, problem.y, **options)
    actual = velocity(turned, problem.x, problem.y @ R, **options)
    expected = State(turn_last(still.weights, R), turn_feedback(still, rule, R))
    assert_states_close(actual, expected)


def turn_last(parts, R):
    return (*parts[:-1], R.T @ parts[-1])


def turn_feedback(state, rule, R):
    """Rotate the feedback that the output error meets: all of it where the error is broadcast."""
    if rule in reference.BROADCAST:
        return tuple(R.T @ B for B in state.feedback)
    return turn_last(state.feedback, R)


@rule_names
@given(data=st.data())
def test_renumbering_hidden_neurons_renumbers_the_motion(rule, data):
    problem = data.draw(problems_for(rule))
    order = np.random.default_rng(data.draw(seeds)).permutation(problem.state.weights[0].shape[-2])
    options = {"rule": RULES[rule], **problem.options}
    expected = renumber(velocity(problem.state, problem.x, problem.y, **options), order)
    actual = velocity(renumber(problem.state, order), problem.x, problem.y, **options)
    assert_states_close(actual, expected)


def renumber(state, order):
    """Renumber the neurons of the first hidden layer."""
    W_1, W_2, *others = state.weights
    B, *rest = state.feedback
    return State((W_1[..., order, :], W_2[..., order], *others), (B[..., order], *rest))


def test_sign_symmetric_motion_does_not_rotate_with_the_outputs():
    problem = draw_problem((3, 4, 3), 5, relu, squared_error, seed=0)
    R = rotation(np.random.default_rng(1), 3)
    turned = problem.state._replace(weights=turn_last(problem.state.weights, R))
    rule = {"rule": RULES["uSF"], **problem.options}
    still = velocity(problem.state, problem.x, problem.y, **rule).weights[0]
    actual = velocity(turned, problem.x, problem.y @ R, **rule).weights[0]
    assert abs(actual - still).max() > 0.1 * abs(still).max()


@rule_names
@given(data=st.data())
def test_velocity_leaves_its_arguments_unchanged(rule, data):
    problem = data.draw(problems_for(rule))
    arguments = (*matrices(problem.state), problem.x, problem.y)
    before = [M.copy() for M in arguments]
    velocity(problem.state, problem.x, problem.y, rule=RULES[rule], **problem.options)
    assert all(map(np.array_equal, arguments, before))


@pytest.mark.parametrize("rule", LAYERED)
@given(data=st.data())
def test_without_error_nothing_moves(rule, data):
    problem = data.draw(problems_for(rule, losses=(squared_error,)))
    y = forward(problem.state, problem.x, activation=problem.activation)[1][-1]
    still = velocity(problem.state, problem.x, y, rule=RULES[rule], **problem.options)
    assert not any(M.any() for M in matrices(still))


@pytest.mark.parametrize("rule", ["GD", "FA", "KP", "DFA"])
@given(data=st.data())
def test_decay_takes_its_part_of_whatever_moves(rule, data):
    problem = data.draw(problems_for(rule))
    still = velocity(problem.state, problem.x, problem.y, rule=RULES[rule], **problem.options)
    decaying = with_weight_decay(RULES[rule], 0.25)
    actual = velocity(problem.state, problem.x, problem.y, rule=decaying, **problem.options)
    moves = rule == "KP"
    expected = State(
        tuple(dW - W / 4 for dW, W in zip(still.weights, problem.state.weights, strict=True)),
        tuple(
            dB - moves * B / 4 for dB, B in zip(still.feedback, problem.state.feedback, strict=True)
        ),
    )
    assert_states_close(actual, expected)


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: loss.name)
def test_fixed_feedback_has_zero_velocity_and_moving_feedback_follows_the_weights(loss):
    problem = draw_problem((3, 4, 5, 2), 6, relu, loss, seed=0)
    for name in LAYERED:
        moved = velocity(problem.state, problem.x, problem.y, rule=RULES[name], **problem.options)
        expected = moved.weights[1:] if name == "KP" else [0 * B for B in problem.state.feedback]
        assert all(map(np.array_equal, moved.feedback, expected))


def test_a_start_is_gaussian_of_its_scale_over_the_root_of_the_fan_in():
    rng = np.random.default_rng(0)
    scales = {"weight_scale": np.array([2.0, 3.0]), "feedback_scale": Fraction(1, 2)}
    state = fa_lib.initial_state((3, 4, 5, 2), rng=rng, ensemble=(2,), **scales)
    plain = fa_lib.initial_state((3, 4, 5, 2), rng=rng)
    rng = np.random.default_rng(0)
    shapes = [(4, 3), (5, 4), (2, 5), (5, 4), (2, 5)]
    factors = [np.array([[[2.0]], [[3.0]]])] * 3 + [0.5] * 2
    for M, shape, factor in zip(matrices(state), shapes, factors, strict=True):
        assert_close(M, factor * rng.standard_normal((2, *shape)) / shape[1] ** 0.5)
    for M, shape in zip(matrices(plain), shapes, strict=True):
        assert_close(M, rng.standard_normal(shape) / shape[1] ** 0.5)


@pytest.mark.parametrize("slope", [0.25, -2, Fraction(1, 4)])
def test_leaky_relu_multiplies_what_is_below_zero(slope):
    activation = fa_lib.leaky_relu(slope)
    h = np.array([-3.0, -0.0, 0.0, 2.0])
    assert activation.value(h).tolist() == [-3 * slope, 0, 0, 2]
    assert activation.derivative(h).tolist() == [slope, slope, slope, 1]
    assert (activation.name, activation.degree) == (f"leaky ReLU ({slope})", 1)


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: loss.name)
def test_losses_of_an_ensemble_are_the_losses_of_its_networks(loss):
    f, y = np.random.default_rng(0).standard_normal((2, 2, 3, 5, 4))
    together = loss.value(f, y), loss.error(f, y)
    assert [array.shape for array in together] == [(2, 3), (2, 3, 5, 4)]
    for index in np.ndindex(2, 3):
        alone = loss.value(f[index], y[index]), loss.error(f[index], y[index])
        assert all(map(np.allclose, (array[index] for array in together), alone))


def test_softmax_survives_predictions_that_exp_does_not():
    f = np.array([[2000.0, 0.0, -2000.0]])
    y = np.array([[0.0, 1.0, 0.0]])
    assert softmax_cross_entropy.value(f, y) == 2000
    assert np.array_equal(softmax_cross_entropy.error(f, y), [[1, -1, 0]])


def test_an_error_inside_an_activation_is_not_hidden():
    broken = fa_lib.Activation("broken", lambda h: h, lambda h: len(3), 1)
    problem = draw_problem((3, 4, 3), 5, fa_lib.relu, squared_error, seed=0)
    with pytest.raises(TypeError, match="object of type 'int' has no len"):
        fa_lib.velocity(problem.state, problem.x, problem.y, activation=broken)
