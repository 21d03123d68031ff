"""The comparator: the distance identity, in steps and at once, for every activation and loss."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given

import fa_lib as fa
import strategies
from fa_lib import State, wiring
from refusing import refused
from strategies import EXACT, ROUNDING

DEPTHS = ((2, 3, 2), (2, 3, 2, 1), (2, 2, 3, 2, 2), (1, 2, 2, 2, 2, 1))
LOSSES = (fa.squared_error, fa.huber_loss(Fraction(1, 2)), fa.hinge_loss)


def whole(rng, *shape):
    """Return small fractions."""
    return np.asarray(rng.integers(-4, 5, shape), dtype=object) * Fraction(1, 2)


def exact_problem(widths, samples, seed):
    rng = np.random.default_rng(seed)
    layers = list(zip(widths[1:], widths, strict=False))
    state = State(
        tuple(whole(rng, *shape) for shape in layers),
        tuple(whole(rng, *shape) for shape in layers[1:]),
    )
    signs = np.asarray(rng.choice([-1, 1], (samples, widths[-1])), dtype=object) * Fraction(1)
    return state, whole(rng, *layers[0]), whole(rng, samples, widths[0]), signs


def inner(A, B):
    return (A * B).sum()


def sides(state, U, x, y, activation, loss):
    """Return <dW, W - W*> and - sum e . (f - f^)."""
    dW = fa.velocity(state, x, y, activation=activation, loss=loss).weights
    theirs = fa.comparator(state, U, activation=activation).weights
    f = fa.forward(state, x, activation=activation)[1][-1]
    away = f - fa.comparator_prediction(state, U, x, activation=activation)
    layers = zip(dW, state.weights, theirs, strict=True)
    return sum(inner(D, W - V) for D, W, V in layers), -inner(loss.error(f, y), away)


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: loss.name)
@pytest.mark.parametrize("activation", EXACT, ids=lambda activation: activation.name)
@pytest.mark.parametrize("widths", DEPTHS, ids=str)
def test_the_distance_changes_as_the_errors_say_exactly(widths, activation, loss):
    state, U, x, y = exact_problem(widths, 3, len(widths))
    left, right = sides(state, U, x, y, activation, loss)
    assert left == right


def test_the_distance_of_a_step_is_exact():
    state, U, x, y = exact_problem((2, 3, 2, 1), 3, 5)
    eta = Fraction(1, 7)
    path = fa.train(state, fa.full_batch(x, y), step=eta, steps=1)
    before, after = fa.squared_distance(path, U)
    *_, right = sides(state, U, x, y, fa.relu, fa.squared_error)
    moved = sum(inner(W[1] - W[0], W[1] - W[0]) for W in path.weights)
    assert after - before == 2 * eta * right + moved


def test_tanh_needs_its_tangent_and_no_degree():
    rng = np.random.default_rng(0)
    state = fa.initial_state((3, 4, 5, 2), rng=rng)
    U, x, y = rng.standard_normal((4, 3)), *map(rng.standard_normal, ((6, 3), (6, 2)))
    left, right = sides(state, U, x, y, fa.tanh, fa.logistic_loss)
    assert abs(left - right) <= ROUNDING * max(1, abs(left))


def wired_network(phi, pool):
    """Return kernels, pooled, and a second layer of them, then a dense one; all have biases."""
    constant, chain, patches = wiring.constant, wiring.chain, wiring.patches
    first = chain(patches((4, 4, 1), 3, padding=1), constant(9))
    second = chain(pool((4, 4, 2), 2), patches((2, 2, 2), 2), constant(8))
    return fa.wired(phi, first, second, constant(3)), (1, 2, 3, 2), 16


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: loss.name)
@pytest.mark.parametrize("phi", EXACT, ids=lambda phi: phi.name)
@pytest.mark.parametrize("pool", [wiring.max_pool, wiring.average_pool])
def test_the_distance_identity_is_exact_behind_wires(pool, phi, loss):
    activation, widths, pixels = wired_network(phi, pool)
    rng = np.random.default_rng(3)
    drawn = fa.initial_state(widths, rng=rng, activation=activation)
    state = State(*(tuple(whole(rng, *M.shape) for M in part) for part in drawn))
    U, x = whole(rng, *state.weights[0].shape), whole(rng, 3, pixels)
    y = np.asarray(rng.choice([-1, 1], (3, 2)), dtype=object) * Fraction(1)
    left, right = sides(state, U, x, y, activation, loss)
    assert left == right != 0
    eta = Fraction(1, 7)
    how = {"activation": activation, "loss": loss, "step": eta, "steps": 1}
    path = fa.train(state, fa.full_batch(x, y), **how)
    before, after = fa.squared_distance(path, U, activation=activation)
    moved = sum(inner(W[1] - W[0], W[1] - W[0]) for W in path.weights)
    assert after - before == 2 * eta * right + moved


@given(strategies.seeds)
def test_where_the_comparator_is_the_network_it_predicts_the_same(seed):
    problem = strategies.draw_problem((3, 4, 2, 2), 5, fa.relu, fa.squared_error, seed=seed)
    W1, *rest = problem.state.weights
    aligned = State((W1, *rest), tuple(rest))
    for activation in strategies.ACTIVATIONS:
        f = fa.forward(aligned, problem.x, activation=activation)[1][-1]
        theirs = fa.comparator_prediction(aligned, W1, problem.x, activation=activation)
        assert np.all(abs(theirs - f) <= ROUNDING * max(1, abs(f).max()))
    assert fa.squared_distance(aligned, W1) == 0


def test_in_a_linear_network_the_prediction_does_not_depend_on_the_weights():
    state, U, x, _ = exact_problem((2, 3, 2, 1), 3, 0)
    other = State(tuple(W + 1 for W in state.weights), state.feedback)
    one, two = (fa.comparator_prediction(s, U, x, activation=fa.linear) for s in (state, other))
    B_2, B_3 = state.feedback
    assert (one == two).all()
    assert (one == x @ (B_3 @ B_2 @ U).T).all()


def test_paths_and_ensembles_have_leading_axes():
    rng = np.random.default_rng(0)
    state = fa.initial_state((3, 4, 2), rng=rng, ensemble=(5,))
    x, y = rng.standard_normal((6, 3)), rng.standard_normal((6, 2))
    path, U = fa.train(state, fa.full_batch(x, y), step=0.01, steps=2), np.ones((4, 3))
    assert [W.shape for W in fa.comparator(path, U).weights] == [(4, 3), (1, 5, 2, 4)]
    distances, predictions = fa.squared_distance(path, U), fa.comparator_prediction(path, U, x)
    assert distances.shape == (3, 5)
    assert predictions.shape == (3, 5, 6, 2)
    one = State(*(tuple(M[3] for M in part) for part in path.at(1)))
    assert np.isclose(fa.squared_distance(one, U), distances[1, 3])
    assert np.allclose(fa.comparator_prediction(one, U, x), predictions[1, 3])


def test_a_first_layer_of_another_shape_or_kind_is_refused():
    state = fa.initial_state((3, 4, 2), rng=np.random.default_rng(0))
    for function in (fa.comparator, fa.squared_distance):
        refused(lambda f=function: f(state, np.ones((3, 4))), "U", "(3, 4)", "(..., 4, 3)")
    single = np.ones((4, 3), np.float32)
    refused(lambda: fa.comparator(state, single), "U", "float32", "float64")
    call = lambda: fa.comparator(state, np.ones((4, 3)), activation="relu")  # noqa: E731
    refused(call, "activation", "'relu'", "an Activation")
