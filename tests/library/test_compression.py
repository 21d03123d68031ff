"""Compression: training in the row space of the data is training, to rounding."""

import itertools
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fa_lib import (
    compress,
    direct_feedback_alignment,
    discrete_law,
    feedback_alignment,
    full_batch,
    gradient_descent,
    initial_state,
    kolen_pollack,
    layer_law,
    linear,
    matrix_law,
    neuron_law,
    relu,
    squared_error,
    tanh,
    train,
)
from strategies import Problem, each, matrices, seeds

EXACT = 1e-12  # the requirement, relative to the largest entry
STEPS = 20
STEP = 1e-3
SCALE = 0.5  # with STEP far from divergence, which would amplify rounding in any arithmetic
INPUTS = 30
rules = pytest.mark.parametrize(
    "rule",
    [feedback_alignment, gradient_descent, direct_feedback_alignment, kolen_pollack],
    ids=lambda rule: rule.name,
)


def problem_with(rule, activation, hidden=(6,), samples=5, ensemble=(), seed=0):
    rng = np.random.default_rng(seed)
    scales = {"weight_scale": SCALE, "feedback_scale": SCALE}
    widths = (INPUTS, *hidden, 3)
    state = initial_state(widths, rng=rng, ensemble=ensemble, rule=rule, **scales)
    x = rng.standard_normal((*ensemble, samples, INPUTS))
    y = rng.standard_normal((*ensemble, samples, 3))
    return Problem(state, x, y, activation, squared_error)


def run(state, batches, problem, rule=feedback_alignment):
    return train(state, batches, step=STEP, steps=STEPS, rule=rule, **problem.options)


def full_and_expanded(problem, rule, rows=None):
    """Train both ways, on batches of these rows if given; return both paths."""
    small, small_x, expand = compress(problem.state, problem.x)
    rows = itertools.repeat(slice(None)) if rows is None else rows

    def batches(x):
        return ((x[..., some, :], problem.y[..., some, :]) for some in rows)

    full = run(problem.state, batches(problem.x), problem, rule)
    return full, expand(run(small, batches(small_x), problem, rule))


def assert_same(ours, theirs):
    for A, B in zip(matrices(ours), matrices(theirs), strict=True):
        assert A.shape == B.shape
        assert abs(A - B).max() <= EXACT * max(1.0, abs(B).max())


@rules
@given(
    activation=st.sampled_from([linear, relu, tanh]),
    hidden=st.lists(st.integers(3, 6), min_size=1, max_size=3),
    samples=st.integers(1, 6),
    ensemble=st.sampled_from([(), (2,), (2, 3)]),
    seed=seeds,
)
def test_the_expanded_path_is_the_full_path(rule, activation, hidden, samples, ensemble, seed):
    problem = problem_with(rule, activation, hidden, samples, ensemble, seed)
    full, expanded = full_and_expanded(problem, rule)
    assert len(full.weights[0]) == STEPS + 1
    for time in range(STEPS + 1):
        assert_same(expanded.at(time), full.at(time))


@rules
def test_it_holds_for_every_choice_of_minibatches(rule):
    problem = problem_with(rule, relu, samples=6)
    rng = np.random.default_rng(1)
    rows = [rng.choice(6, size=rng.integers(1, 5), replace=False) for _ in range(STEPS)]
    full, expanded = full_and_expanded(problem, rule, rows)
    assert_same(expanded.at(-1), full.at(-1))
    assert abs(full.weights[0][-1] - full.weights[0][0]).max() > 100 * EXACT


def test_it_holds_where_samples_depend_on_each_other():
    problem = problem_with(feedback_alignment, relu)
    x = problem.x.copy()
    x[1], x[2] = 2 * x[0], 0
    full, expanded = full_and_expanded(problem._replace(x=x), feedback_alignment)
    assert_same(expanded.at(-1), full.at(-1))


def test_it_holds_and_saves_nothing_where_samples_outnumber_inputs():
    problem = problem_with(feedback_alignment, relu, samples=INPUTS + 3)
    small, small_x, _ = compress(problem.state, problem.x)
    assert small.weights[0].shape == problem.state.weights[0].shape
    assert small_x.shape == problem.x.shape
    full, expanded = full_and_expanded(problem, feedback_alignment)
    assert_same(expanded.at(-1), full.at(-1))


def test_a_shared_start_meets_data_of_its_own_in_each_network():
    problem = problem_with(feedback_alignment, relu, ensemble=(3,))
    problem = problem._replace(state=each(lambda M: M[0], problem.state))
    full, expanded = full_and_expanded(problem, feedback_alignment)
    assert_same(expanded.at(-1), full.at(-1))


@pytest.mark.parametrize("ensemble", [(), (2,)])
def test_laws_differ_by_the_frozen_part(ensemble):
    problem = problem_with(feedback_alignment, linear, (6, 4), ensemble=ensemble)
    small, small_x, expand = compress(problem.state, problem.x)
    W = expand.frozen
    shares = {
        layer_law: lambda values: (values[0] + (W**2).sum((-2, -1)) / 2,),
        neuron_law: lambda values: (values[0] + (W**2).sum(-1) / 2, *values[1:]),
        matrix_law: lambda values: (values[0] + W @ W.mT, *values[1:]),
    }
    full = run(problem.state, full_batch(problem.x, problem.y), problem)
    path = run(small, full_batch(small_x, problem.y), problem)
    for law, with_share in shares.items():
        actual, expected = discrete_law(path, law), discrete_law(full, law)
        if law is layer_law:
            actual, expected = ((values[..., 0],) for values in (actual, expected))
        for ours, theirs in zip(with_share(actual), expected, strict=True):
            assert abs(ours - theirs).max() <= EXACT * max(1.0, abs(theirs).max())


def test_the_frozen_part_sees_no_sample_and_the_basis_is_orthonormal():
    problem = problem_with(feedback_alignment, relu)
    small, small_x, expand = compress(problem.state, problem.x)
    assert abs(problem.x @ expand.frozen.mT).max() < EXACT
    assert abs(expand.basis.mT @ expand.basis - np.eye(5)).max() < EXACT
    assert small.weights[0].shape == (6, 5)
    assert small_x.shape == (5, 5)
    assert_same(expand(small), problem.state)


def test_bad_input_is_refused():
    state, x, *_ = problem_with(feedback_alignment, relu)
    exact = each(lambda M: (M * 0).astype(int).astype(object) + Fraction(1, 2), state)
    half = each(lambda M: M.astype(np.float16), state)
    of_half_feedback = state._replace(feedback=half.feedback)
    pair = problem_with(feedback_alignment, relu, ensemble=(2,)).state
    *_, of_pair = compress(pair, x)
    three = np.stack([x] * 3)
    small, _, expand = compress(state, x)
    for call, message in (
        (lambda: compress(state, x[:, 1:]), r"^x: got shape \(5, 29\), expected \(\.\.\., N, 30\)"),
        (lambda: compress(state, x * np.nan), r"^x: got an entry that is not finite"),
        (lambda: compress(state, x.astype(np.float32)), r"^x: got dtype float32"),
        (lambda: compress(None, x), r"^state: got None"),
        (lambda: compress(exact, x.astype(int).astype(object)), r"^x: got dtype object"),
        (lambda: compress(half, x.astype(np.float16)), r"^x: got dtype float16"),
        (lambda: compress(of_half_feedback, x), "^B_2: got dtype float16, expected float64"),
        (lambda: expand(of_half_feedback), "^B_2: got dtype float16, expected float64"),
        (lambda: compress(pair._replace(feedback=state.feedback), three), "^leading axes: got"),
        (lambda: compress(state._replace(feedback=pair.feedback), three), "^leading axes: got"),
        (lambda: of_pair(each(lambda M: np.stack([M] * 3), small)), "^leading axes: got"),
        (lambda: expand(each(lambda M: M.astype(np.float32), small)), "^W_1: got dtype float32"),
        (lambda: expand(state), r"^W_1: got shape \(6, 30\), expected \(\.\.\., 6, 5\)"),
    ):
        with pytest.raises(ValueError, match=message):
            call()
    assert_same(expand(small), state)
