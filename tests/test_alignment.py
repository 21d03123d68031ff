"""Alignment: cosines of known angles, and of signals that are known to agree."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fa_lib import (
    State,
    initial_state,
    linear,
    relu,
    signal_alignment,
    squared_error,
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


@given(problem=problems(activations=(linear,)))
def test_signal_alignment_of_an_ensemble_is_that_of_its_networks(problem):
    together = signal_alignment(problem.state, problem.x, problem.y, **problem.options)
    for index, alone in members(problem):
        cosines = signal_alignment(alone.state, alone.x, alone.y, **alone.options)
        both = ~(np.isnan(together[index]) | np.isnan(cosines))
        assert np.all(abs(together[index] - cosines)[both] <= 1e4 * ROUNDING)
