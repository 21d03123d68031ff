"""Alignment: cosines of known angles, and of signals that are known to agree."""

import re
from fractions import Fraction

import array_api_strict
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fa_lib import (
    State,
    alignment,
    angle,
    initial_state,
    linear,
    neuron_alignment,
    relu,
    signal_alignment,
    squared_error,
    update_alignment,
    velocity,
    weight_alignment,
)
from strategies import RULES, draw_problem, each, members, problems

EPS = np.finfo(float).eps
ROUNDING = 256 * EPS  # of sums of at most 6 x 5 = 30 terms of one sign, and two square roots


def aligned(make_feedback, *, ensemble=(), scale=1.0):
    """Return a state whose feedback is made from the weights that it replaces."""
    rng = np.random.default_rng(0)
    weights = initial_state((3, 4, 4, 2), rng=rng, ensemble=ensemble, weight_scale=scale).weights
    return State(weights, tuple(map(make_feedback, weights[1:])))


def quarter_turn(W):
    """Swap neighbouring columns with a sign: orthogonal to W, and of its norm."""
    return np.stack([-W[..., 1::2], W[..., ::2]], axis=-1).reshape(W.shape)


@pytest.mark.parametrize("ensemble", [(), (2,), (2, 3)])
@pytest.mark.parametrize(
    ("make_feedback", "cosine"),
    [
        (lambda W: 3 * W, 1),
        (lambda W: -W / 2, -1),
        (quarter_turn, 0),
        (lambda W: W + quarter_turn(W), 0.5**0.5),
    ],
    ids=["along", "against", "across", "at 45 degrees"],
)
def test_weight_alignment_is_the_cosine_of_a_known_angle(make_feedback, cosine, ensemble):
    cosines = weight_alignment(aligned(make_feedback, ensemble=ensemble))
    assert cosines.shape == (*ensemble, 2)
    assert abs(cosines - cosine).max() <= ROUNDING


@pytest.mark.parametrize("ensemble", [(), (2,)])
@pytest.mark.parametrize("zero", ["weights", "feedback", "both"])
def test_weight_alignment_is_not_a_number_where_a_matrix_is_zero(zero, ensemble):
    state = aligned(lambda W: W * (zero == "weights"), ensemble=ensemble)
    if zero != "feedback":
        state = state._replace(weights=tuple(0 * W for W in state.weights))
    assert np.isnan(weight_alignment(state)).all()


def test_a_zero_matrix_leaves_the_cosines_of_the_others_alone():
    state = aligned(lambda W: W, ensemble=(2,))
    state.feedback[0][1] = 0
    cosines = weight_alignment(state)
    assert np.isnan(cosines[1, 0])
    assert abs(np.delete(cosines.ravel(), 2) - 1).max() <= ROUNDING


@pytest.mark.parametrize("scale", [1e-100, 1e-60, 1e60, 1e100])
def test_weight_alignment_does_not_depend_on_the_scale(scale):
    """The product of two squared norms leaves the range of floats long before the norms do."""
    assert abs(weight_alignment(aligned(lambda W: -W, scale=scale)) + 1).max() <= ROUNDING


def test_the_scale_of_one_network_does_not_reach_another():
    """Squares of 1e-200 are zero: each network is scaled by itself."""
    state = aligned(lambda W: W + quarter_turn(W), ensemble=(2,))
    scale = np.array([1e-200, 1e200])[:, None, None]
    cosines = weight_alignment(each(lambda M: scale * M, state))
    assert abs(cosines - 0.5**0.5).max() <= ROUNDING


def test_weight_alignment_does_not_depend_on_the_scale_in_float32():
    state = each(lambda M: M.astype(np.float32), aligned(lambda W: W, scale=1e-12))
    assert abs(weight_alignment(state) - 1).max() <= 256 * np.finfo(np.float32).eps


@given(problem=problems())
def test_weight_alignment_of_an_ensemble_is_that_of_its_networks(problem):
    together = weight_alignment(problem.state)
    for index, alone in members(problem):
        assert abs(together[index] - weight_alignment(alone.state)).max() <= ROUNDING


@given(problem=problems())
def test_weight_alignment_lies_between_minus_one_and_one(problem):
    assert np.all(abs(weight_alignment(problem.state)) <= 1 + ROUNDING)


@pytest.mark.parametrize("rule", RULES)
@given(data=st.data())
def test_signals_of_a_rule_are_aligned_with_themselves(rule, data):
    problem = data.draw(problems(rule=RULES[rule], activations=(linear,)))
    cosines = signal_alignment(
        problem.state,
        problem.x,
        problem.y,
        rule=RULES[rule],
        reference=RULES[rule],
        **problem.options,
    )
    assert cosines.shape == (*problem.ensemble, len(problem.state.weights) - 1)
    defined = cosines[~np.isnan(cosines)]
    assert np.all(abs(defined - 1) <= ROUNDING)


@pytest.mark.parametrize("rule", ["DFA", "DRTP"])
@pytest.mark.parametrize("ensemble", [(), (2,), (2, 3)])
def test_broadcast_signals_have_an_angle_for_every_hidden_layer(rule, ensemble):
    problem = draw_problem(
        (3, 4, 5, 2), 6, relu, squared_error, seed=0, ensemble=ensemble, rule=RULES[rule]
    )
    cosines = signal_alignment(problem.state, problem.x, problem.y, rule=RULES[rule])
    assert cosines.shape == (*ensemble, 2)
    assert np.all(abs(cosines) <= 1 + ROUNDING)


@given(problem=problems(deepest=2, activations=(linear, relu)))
def test_direct_and_layered_feedback_send_the_same_signal_past_one_layer(problem):
    cosines = signal_alignment(
        problem.state,
        problem.x,
        problem.y,
        rule=RULES["DFA"],
        reference=RULES["FA"],
        **problem.options,
    )
    defined = cosines[~np.isnan(cosines)]
    assert np.all(abs(defined - 1) <= ROUNDING)


def test_feedback_equal_to_the_weights_sends_the_gradient():
    problem = draw_problem((3, 4, 5, 2), 6, relu, squared_error, seed=0)
    state = problem.state._replace(feedback=problem.state.weights[1:])
    assert abs(signal_alignment(state, problem.x, problem.y) - 1).max() <= ROUNDING
    against = state._replace(feedback=(state.feedback[0], -state.feedback[1]))
    assert abs(signal_alignment(against, problem.x, problem.y) + 1).max() <= ROUNDING


def test_signal_alignment_weighs_samples_by_their_error():
    """Two samples, one with signals (1, 1) and the other (3, -3): (1 - 9) / (1 + 9)."""
    state = State((np.eye(2), np.ones((1, 2))), (np.array([[1.0, -1.0]]),))
    x, y = np.eye(2), np.zeros((2, 1))
    y[:, 0] = [0, -2]  # the errors are 1 and 3; each sample wakes one ReLU
    assert abs(signal_alignment(state, x, y) - (1 - 9) / (1 + 9)).max() <= ROUNDING


@given(problem=problems())
def test_update_alignment_is_the_cosine_of_the_velocities(problem):
    cosines = update_alignment(problem.state, problem.x, problem.y, **problem.options)
    ours, theirs = (
        velocity(problem.state, problem.x, problem.y, rule=rule, **problem.options).weights[:-1]
        for rule in (RULES["FA"], RULES["GD"])
    )
    for layer, (A, B) in enumerate(zip(ours, theirs, strict=True)):
        norms = np.sqrt((A * A).sum((-2, -1)) * (B * B).sum((-2, -1)))
        defined = norms > 0
        literal = (A * B).sum((-2, -1))[defined] / norms[defined]
        assert np.all(abs(cosines[..., layer][defined] - literal) <= 1e4 * ROUNDING)


def test_signals_may_agree_while_the_rule_raises_the_loss():
    """Two opposite samples, x = 1 and x = -1: GD's signals are (1, 0) and those of FA (1, 3)."""
    state = State((np.zeros((1, 1)), np.array([[1.0], [0.0]])), (np.array([[0.0], [1.0]]),))
    x, y = np.array([[1.0], [-1.0]]), -np.array([[1.0, 1.0], [0.0, 3.0]])
    signals = signal_alignment(state, x, y, activation=linear)
    assert abs(signals - 10**-0.5) <= ROUNDING  # an angle of 71.6 degrees
    assert abs(update_alignment(state, x, y, activation=linear) + 1) <= ROUNDING
    dW = velocity(state, x, y, activation=linear).weights
    uphill = velocity(state, x, y, activation=linear, rule=RULES["GD"]).weights
    assert -sum((A * B).sum() for A, B in zip(dW, uphill, strict=True)) == 2  # dL/dt


@pytest.mark.parametrize("measure", [signal_alignment, update_alignment])
@given(problem=problems(activations=(linear,)))
def test_alignment_of_an_ensemble_is_that_of_its_networks(measure, problem):
    together = measure(problem.state, problem.x, problem.y, **problem.options)
    for index, alone in members(problem):
        cosines = measure(alone.state, alone.x, alone.y, **alone.options)
        both = ~(np.isnan(together[index]) | np.isnan(cosines))
        assert np.all(abs(together[index] - cosines)[both] <= 1e4 * ROUNDING)


@pytest.mark.parametrize("ensemble", [(), (2,), (2, 3)])
def test_neuron_alignment_is_the_cosine_of_each_known_angle(ensemble):
    """Turn each neuron's feedback by an angle of its own, in the plane of its two outputs."""
    turns = np.array([0, 30, 90, 135, 180])
    cosine, sine = np.cos(np.radians(turns)), np.sin(np.radians(turns))
    rng = np.random.default_rng(0)
    state = initial_state((3, 5, 2), rng=rng, ensemble=ensemble)
    first, second = state.weights[1][..., 0, :], state.weights[1][..., 1, :]
    B = np.stack([cosine * first - sine * second, sine * first + cosine * second], axis=-2)
    (cosines,) = neuron_alignment(State(state.weights, (7 * B,)))
    assert cosines.shape == (*ensemble, 5)
    assert abs(cosines - cosine).max() <= ROUNDING
    # The arc cosine takes the root of what rounding leaves near 0 and 180 degrees.
    assert abs(angle(cosines) - turns).max() <= np.degrees((2 * ROUNDING) ** 0.5)


@given(problem=problems())
def test_a_neurons_cosine_is_the_layers_cosine_of_that_neuron_alone(problem):
    """Keep one neuron of layer i: what is left of W_{i+1} and B_{i+1} is its two columns."""
    state = problem.state
    layers = zip(state.weights, state.weights[1:], state.feedback, strict=False)
    for (W, after, B), cosines in zip(layers, neuron_alignment(state), strict=True):
        for j in range(W.shape[-2]):
            alone = State((W[..., j : j + 1, :], after[..., j : j + 1]), (B[..., j : j + 1],))
            assert abs(cosines[..., j] - weight_alignment(alone)[..., 0]).max() <= ROUNDING


def test_a_silent_neuron_has_no_angle_and_leaves_the_others_theirs():
    state = aligned(lambda W: W, ensemble=(2,))
    state.weights[1][1, :, 2] = 0
    first, second = neuron_alignment(state)
    assert np.isnan(first[1, 2])
    assert np.isnan(angle(first)[1, 2])
    assert abs(np.delete(first.ravel(), 6) - 1).max() <= ROUNDING
    assert abs(second - 1).max() <= ROUNDING


def test_neuron_alignment_with_one_output_is_a_sign():
    state = initial_state((3, 6, 1), rng=np.random.default_rng(0))
    (cosines,) = neuron_alignment(state)
    signs = np.sign(state.weights[1] * state.feedback[0])[0]
    assert abs(cosines - signs).max() <= ROUNDING


def test_neuron_alignment_broadcasts_one_feedback_to_an_ensemble():
    state = initial_state((3, 4, 4, 2), rng=np.random.default_rng(0), ensemble=(5,))
    shared = tuple(B[0] for B in state.feedback)
    cosines = neuron_alignment(State(state.weights, shared))
    assert [c.shape for c in cosines] == [(5, 4), (5, 4)]


@pytest.mark.parametrize("scale", [1e-100, 1e100])
def test_neuron_alignment_does_not_depend_on_the_scale(scale):
    for cosines in neuron_alignment(aligned(lambda W: -W, scale=scale)):
        assert abs(cosines + 1).max() <= ROUNDING


@given(st.floats(0, 180))
def test_angle_undoes_the_cosine_and_keeps_its_sign(degrees):
    there_and_back = angle(np.cos(np.radians(np.array([degrees]))))
    assert abs(there_and_back - degrees).max() <= np.degrees((8 * EPS) ** 0.5)


def test_angle_allows_the_root_of_eps_for_rounding_and_no_more():
    allowed = 1 + EPS**0.5
    assert angle(np.array([allowed, -allowed])).tolist() == [0, 180]
    with pytest.raises(ValueError, match=r"^cosine: got an entry beyond 1 or -1"):
        angle(np.array([allowed + EPS]))


def test_a_cosine_without_values_yet_has_an_angle(monkeypatch):
    """Whoever traces has none to look at. JAX and Dask are no packages of the tests: feign it."""
    monkeypatch.setattr(alignment, "is_lazy_array", lambda array: array is not None)
    assert angle(np.array([2.0])).tolist() == [0]


def test_signals_for_fewer_layers_have_no_angle_to_those_for_all():
    state = initial_state((3, 4, 4, 2), rng=np.random.default_rng(0))
    own = RULES["FA"]._replace(
        signals=lambda state, passages, error, y: [error @ state.feedback[1], error]
    )
    with pytest.raises(ValueError, match="argument 2 is longer than argument 1"):
        signal_alignment(state, np.ones((5, 3)), np.ones((5, 2)), rule=own)


def test_angle_of_what_rounding_took_past_one_is_zero_or_a_half_turn():
    past = 1 + 4 * EPS
    assert angle(np.array([past, -past])).tolist() == [0, 180]


def test_alignment_runs_on_another_array_library():
    state = aligned(lambda W: W + quarter_turn(W))
    strict = each(array_api_strict.asarray, state)
    for theirs, ours in zip(neuron_alignment(strict), neuron_alignment(state), strict=True):
        assert abs(np.asarray(angle(theirs)) - angle(ours)).max() <= 1e-6
    assert np.max(abs(np.asarray(angle(weight_alignment(strict))) - 45)) <= 1e-6


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: angle(0.5), "cosine: got 0.5, expected an array"),
        (lambda: angle([0.5]), "cosine: got a list, expected an array"),
        (lambda: angle(np.array([1])), "cosine: got dtype int64, expected an array of a floating"),
        (lambda: angle(np.array([0.5j])), "cosine: got dtype complex128, expected an array of a "),
        (lambda: angle(np.array([Fraction(1, 2)])), "cosine: got dtype object, expected an array"),
        (lambda: angle(np.array([0.0, 1.5])), "cosine: got an entry beyond 1 or -1"),
        (lambda: angle(np.array([-np.inf])), "cosine: got an entry beyond 1 or -1"),
        (
            lambda: neuron_alignment(aligned(lambda W: W[:1])),
            "B_2: got shape (1, 4), expected (..., 4, 4)",
        ),
        (
            lambda: neuron_alignment(each(lambda M: M.astype(object), aligned(lambda W: W))),
            "W_1: got a float among its objects, expected exact numbers only",
        ),
    ],
)
def test_what_alignment_refuses(call, message):
    with pytest.raises(ValueError, match="^" + re.escape(message)):
        call()
