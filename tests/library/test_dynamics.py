"""Training: steps, batches and the flow, against closed forms and against each other."""

import collections
import itertools
import pickle
import platform
import re
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.linalg import expm

from fa_lib import (
    Diverged,
    Loss,
    State,
    _checks,
    descend,
    flow,
    full_batch,
    initial_state,
    leaky_relu,
    linear,
    minibatches,
    relu,
    squared_error,
    tanh,
    velocity,
)
from strategies import ROUNDING, RULES, draw_problem, each, matrices, member, problems, seeds

# The solver keeps each of a few hundred steps to its default rtol = 1e-10.
SOLVED = 1e-8
# Order 1 means a slope of 1 up to a term of the order of the step, at most 1/64 here.
ORDER = 0.05

# The loss that pays for distance from zero: e = -f. From W_1 = W_2 = B = 1 and x = 1, Theorem 5.1
# gives W_2 = (w^2 + 1)/2, so dw/dt = w (w^2 + 1)/2, and w^2 = exp(t) / (2 - exp(t)): infinite at
# t = ln 2.
repulsion = Loss("repulsion", lambda f, y: -(f**2).sum(axis=(-2, -1)) / 2, lambda f, y: -f)
one = np.ones((1, 1))
explosive = State((one, one), (one,))


def take(run, count):
    return list(itertools.islice(run, count))


def distance(ours, theirs):
    pairs = zip(matrices(ours), matrices(theirs), strict=True)
    return max(abs(A - B).max() for A, B in pairs)


def size(state):
    return max(1.0, *(abs(M).max() for M in matrices(state)))


def test_descend_yields_the_start_itself():
    problem = draw_problem((3, 4, 2), 5, relu, squared_error, seed=0)
    run = descend(problem.state, full_batch(problem.x, problem.y), step=0.1)
    assert next(run) is problem.state


def test_descend_takes_one_batch_for_each_state_asked_for():
    problem = draw_problem((3, 4, 2), 5, relu, squared_error, seed=0)
    taken = []

    def batches():
        for number in itertools.count():
            taken.append(number)
            yield problem.x, problem.y

    run = descend(problem.state, batches(), step=0.1)
    for expected in ([], [0], [0, 1]):
        next(run)
        assert taken == expected


def test_descend_ends_when_the_batches_end():
    problem = draw_problem((3, 4, 2), 5, relu, squared_error, seed=0)
    assert len(list(descend(problem.state, [(problem.x, problem.y)] * 3, step=0.1))) == 4


@pytest.mark.parametrize("rule", RULES)
@given(data=st.data())
def test_a_step_adds_the_step_size_times_the_velocity(rule, data):
    problem = data.draw(problems(rule=RULES[rule]))
    options = {"rule": RULES[rule], **problem.options}
    before, after = descend(problem.state, [(problem.x, problem.y)], step=0.01, **options)
    moved = velocity(problem.state, problem.x, problem.y, **options)
    for M, new, dM in zip(matrices(before), matrices(after), matrices(moved), strict=True):
        assert np.all(abs(new - (M + 0.01 * dM)) <= ROUNDING * np.maximum(abs(M), abs(dM)))


@pytest.mark.skipif(
    platform.libc_ver()[0] != "glibc", reason="only glibc gives memory back so soon"
)
def test_the_steps_of_an_ensemble_use_the_same_memory_again():
    """In a new process: what others did before decides what the C library keeps."""
    code = """
import itertools, resource, numpy, fa_lib
rng = numpy.random.default_rng(0)
x, y = rng.standard_normal((256, 16, 10)), rng.standard_normal((256, 16, 2))
start = fa_lib.initial_state((10, 20, 2), rng=rng, ensemble=(256,))
run = fa_lib.descend(start, fa_lib.full_batch(x, y), step=1e-6)
used = []
for _ in itertools.islice(run, 120):
    used.append(resource.getrusage(resource.RUSAGE_SELF).ru_minflt)
print(resource.getpagesize() * (used[-1] - used[19]), x.nbytes)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=True
    )
    new, of_one_array = map(int, done.stdout.split())
    assert new < of_one_array  # in a hundred steps; given back, it would be more in every step


def test_descend_leaves_its_start_and_its_batches_unchanged():
    problem = draw_problem((3, 4, 2), 5, relu, squared_error, seed=0)
    arrays = (*matrices(problem.state), problem.x, problem.y)
    before = [M.copy() for M in arrays]
    take(descend(problem.state, full_batch(problem.x, problem.y), step=0.1), 5)
    assert all(map(np.array_equal, arrays, before))


@pytest.mark.parametrize("ensemble", [(3,), (2, 3)])
def test_each_network_of_an_ensemble_has_its_own_step(ensemble):
    problem = draw_problem((3, 4, 2), 5, relu, squared_error, seed=0, ensemble=ensemble)
    steps = np.linspace(0.01, 0.05, np.prod(ensemble)).reshape(ensemble)
    *_, together = take(descend(problem.state, full_batch(problem.x, problem.y), step=steps), 6)
    for index in np.ndindex(ensemble):
        alone = member(problem, index)
        batches = full_batch(alone.x, alone.y)
        *_, expected = take(descend(alone.state, batches, step=float(steps[index])), 6)
        actual = each(lambda M, index=index: M[index], together)
        assert distance(actual, expected) <= ROUNDING * size(expected)


def test_an_array_of_steps_makes_an_ensemble_of_one_network():
    problem = draw_problem((3, 4, 2), 5, relu, squared_error, seed=0)
    steps = np.array([0.01, 0.02])
    *_, last = take(descend(problem.state, full_batch(problem.x, problem.y), step=steps), 3)
    assert [W.shape for W in last.weights] == [(2, 4, 3), (2, 2, 4)]


@pytest.mark.parametrize("own", ["W_1", "W_2", "B", "data"])
@pytest.mark.parametrize("rule", ["FA", "KP", "DFA", "DRTP"])
def test_networks_of_an_ensemble_may_share_all_but_one_of_their_arrays(rule, own):
    problem = draw_problem(
        (3, 4, 2), 5, relu, squared_error, seed=0, ensemble=(2,), rule=RULES[rule]
    )
    (W_1, W_2), (B,) = problem.state
    names = ("W_1", "W_2", "B", "data", "data")
    shared = [
        array if name == own else array[0]
        for name, array in zip(names, (W_1, W_2, B, problem.x, problem.y), strict=True)
    ]
    ends = []
    for W_1, W_2, B, x, y in (shared, [np.broadcast_to(A, (2, *A.shape[-2:])) for A in shared]):
        run = descend(State((W_1, W_2), (B,)), full_batch(x, y), step=0.1, rule=RULES[rule])
        ends.append(take(run, 3)[-1])
    for ours, theirs in zip(*map(matrices, ends), strict=True):
        assert np.allclose(np.broadcast_to(ours, theirs.shape), theirs, rtol=0, atol=ROUNDING)


# Batches.


def numbered(samples, ensemble=()):
    """Return data whose rows tell their number: x = n and y = 10 n, in every network."""
    rows = np.arange(float(samples))[:, None]
    return (np.broadcast_to(a, (*ensemble, samples, 1)) for a in (rows, 10 * rows))


@given(samples=st.integers(1, 12), seed=seeds, data=st.data())
def test_minibatches_cover_every_sample_once_per_epoch(samples, seed, data):
    size = data.draw(st.integers(1, samples))
    x, y = numbered(samples)
    batches = minibatches(x, y, size, rng=np.random.default_rng(seed))
    for _ in range(3):
        epoch = take(batches, -(-samples // size))
        assert sorted(np.concatenate([xs for xs, _ in epoch])[:, 0]) == list(range(samples))
        assert [len(xs) for xs, _ in epoch[:-1]] == [size] * (len(epoch) - 1)


@given(samples=st.integers(1, 12), seed=seeds, data=st.data())
def test_minibatches_keep_inputs_and_targets_together(samples, seed, data):
    x, y = numbered(samples, ensemble=(2,))
    batches = minibatches(x, y, data.draw(st.integers(1, samples)), rng=np.random.default_rng(seed))
    for xs, ys in take(batches, 5):
        assert np.array_equal(10 * xs, ys)
        assert np.array_equal(xs[0], xs[1])


def order(seed, epochs):
    x, y = numbered(20)
    batches = take(minibatches(x, y, 20, rng=np.random.default_rng(seed)), epochs)
    return [xs[:, 0].tolist() for xs, _ in batches]


def test_the_order_of_minibatches_is_that_of_the_seed_and_new_in_every_epoch():
    first, second = order(seed=0, epochs=2)
    assert order(seed=0, epochs=2) == [first, second]
    assert first != second
    assert order(seed=1, epochs=1) != [first]


def test_full_batch_gives_the_very_arrays_again_and_again():
    x, y = numbered(3)
    assert all(xs is x and ys is y for xs, ys in take(full_batch(x, y), 3))


# Divergence of steps.


def diverging(ensemble=(), step=1e3):
    problem = draw_problem((3, 4, 2), 5, linear, squared_error, seed=0, ensemble=ensemble)
    run = descend(problem.state, full_batch(problem.x, problem.y), step=step, activation=linear)
    states = []
    with pytest.raises(Diverged) as caught:
        collections.deque(map(states.append, itertools.islice(run, 1000)))
    return caught.value, states


def test_divergence_names_the_step_and_the_step_size():
    error, states = diverging()
    assert str(error) == (
        f"step {len(states)} with step size 1000 left the finite numbers. Try a smaller step, "
        "smaller initial weights or smaller inputs; the last finite state is in `.last`"
    )


def test_divergence_keeps_the_last_finite_state():
    error, states = diverging()
    assert error.last is states[-1]
    assert all(np.isfinite(M).all() for M in matrices(error.last))


def test_divergence_counts_the_networks_that_left():
    error, _ = diverging((3,), np.array([1e3, 1e-3, 1e-3]))
    assert "in 1 of 3 networks" in str(error)
    error, _ = diverging((2, 3), np.array([[1e3, 1e-3, 1e3], [1e-3, 1e-3, 1e-3]]))
    assert re.search(r"in [12] of 6 networks", str(error))


def test_the_others_go_on_without_the_networks_that_left():
    steps = np.array([1e3, 1e-3, 1e-3])
    error, states = diverging((3,), steps)
    assert error.step == len(states)
    assert error.lost.tolist() == [True, False, False]
    assert "step sizes 0.001 to 1e+03 left" in str(error)
    problem = draw_problem((3, 4, 2), 5, linear, squared_error, seed=0, ensemble=(3,))
    rest = each(lambda M: M[~error.lost], error.last)
    x, y = problem.x[~error.lost], problem.y[~error.lost]
    (*_, last) = take(
        descend(rest, full_batch(x, y), step=steps[~error.lost], activation=linear), 5
    )
    alone = member(problem, (1,))
    run = descend(alone.state, full_batch(alone.x, alone.y), step=1e-3, activation=linear)
    (*_, expected) = take(run, len(states) + 4)
    # The same products, in an ensemble or alone: rounding of sums of five.
    assert abs(last.weights[0][0] - expected.weights[0]).max() < 1e-12
    assert diverging()[0].lost is None


def blown_up(state, directions):
    """Send W_1 of network 0, W_2 of network 1 and B_2 of network 2 beyond the floats."""
    moved = [0 * M for M in matrices(state)]
    for network, M in enumerate(moved):
        M[network] = np.finfo(float).max
    return State(tuple(moved[:2]), tuple(moved[2:]))


def test_divergence_is_seen_in_whatever_matrix_it_is():
    start = initial_state((3, 4, 2), rng=np.random.default_rng(0), ensemble=(4,))
    rule = RULES["FA"]._replace(motion=blown_up)
    batch = np.ones((5, 3)), np.ones((5, 2))
    with pytest.raises(Diverged, match=r"^step 1 .*, in 3 of 4 networks \(see `.lost`\)\. "):
        list(descend(start, [batch], step=2, rule=rule))


@pytest.mark.parametrize("network", range(3))
def test_divergence_of_one_matrix_ends_the_run(network):
    start = initial_state((3, 4, 2), rng=np.random.default_rng(0), ensemble=(4,))
    chosen = (np.arange(4) == network)[:, None, None]

    def motion(state, directions):
        return each(lambda M: np.where(chosen, M, 0), blown_up(state, directions))

    rule = RULES["FA"]._replace(motion=motion)
    with pytest.raises(Diverged, match="in 1 of 4 networks"):
        list(descend(start, [(np.ones((5, 3)), np.ones((5, 2)))], step=2, rule=rule))


def test_divergence_survives_pickling():
    error, _ = diverging()
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again)) == (Diverged, str(error))
    assert again.step == error.step
    for last in (again.last, again.args[1]):
        assert all(map(np.array_equal, matrices(last), matrices(error.last)))


def test_a_batch_that_comes_again_and_again_is_checked_once(monkeypatch):
    problem = draw_problem((3, 4, 2), 5, relu, squared_error, seed=0)
    checked, check = [], _checks.batch
    monkeypatch.setattr(_checks, "batch", lambda *args: checked.append(check(*args)))
    take(descend(problem.state, full_batch(problem.x, problem.y), step=0.01), 5)
    assert len(checked) == 1


def test_a_rule_that_leaves_out_a_matrix_is_not_followed():
    problem = draw_problem((3, 4, 2), 5, relu, squared_error, seed=0)
    batch, rule = (problem.x, problem.y), RULES["FA"]
    silent = rule._replace(signals=lambda state, passages, error, y: [error])
    resting = rule._replace(motion=lambda state, directions: State(directions[:1], state.feedback))
    with pytest.raises(ValueError, match="argument 2 is longer than argument 1"):
        velocity(problem.state, *batch, rule=silent)
    with pytest.raises(ValueError, match="argument 2 is shorter than argument 1"):
        list(descend(problem.state, [batch], step=0.1, rule=resting))


def test_divergence_is_a_floating_point_error():
    assert issubclass(Diverged, FloatingPointError)


# The flow.


@pytest.mark.parametrize("activation", [linear, tanh], ids=lambda activation: activation.name)
@pytest.mark.parametrize("rule", ["GD", "FA", "KP", "DFA"])
def test_descend_converges_to_flow_at_order_one(rule, activation):
    problem = draw_problem((3, 4, 3, 2), 4, activation, squared_error, seed=0, rule=RULES[rule])
    options = {"rule": RULES[rule], **problem.options}
    time, counts = 0.05, np.array([64, 128, 256, 512])
    limit = flow(problem.state, problem.x, problem.y, [time], **options).at(0)
    errors = []
    for count in counts.tolist():
        batches = itertools.repeat((problem.x, problem.y), count)
        *_, end = descend(problem.state, batches, step=time / count, **options)
        errors.append(distance(end, limit))
    slope = np.polyfit(np.log(time / counts), np.log(errors), 1)[0]
    assert abs(slope - 1) < ORDER


def frozen_first_layer(activation, ensemble=()):
    """Return a problem with zero feedback: W_1 rests, and W_2 solves a linear equation."""
    problem = draw_problem((3, 4, 2), 6, activation, squared_error, seed=0, ensemble=ensemble)
    state = problem.state
    return problem._replace(state=State(state.weights, tuple(0 * B for B in state.feedback)))


def read_out_after(problem, propagator):
    """Return W_2* + (W_2 - W_2*) P(A^T A), where W_2* fits the targets best on the features A.

    dW_2/dt = -(W_2 A^T - Y^T) A = -(W_2 - W_2*) A^T A.
    """
    W_1, W_2 = problem.state.weights
    A = problem.activation.value(problem.x @ W_1.T)
    best = np.linalg.lstsq(A, problem.y)[0].T
    return best + (W_2 - best) @ propagator(A.T @ A)


smooth_or_not = pytest.mark.parametrize(
    "activation", [linear, leaky_relu(0.25), tanh], ids=lambda activation: activation.name
)


@smooth_or_not
def test_flow_is_the_matrix_exponential_where_the_first_layer_rests(activation):
    problem = frozen_first_layer(activation)
    times = [0.0, 0.1, 0.5, 2.0]
    path = flow(problem.state, problem.x, problem.y, times, **problem.options)
    expected = [read_out_after(problem, lambda K, time=time: expm(-K * time)) for time in times]
    assert abs(path.weights[1] - expected).max() <= SOLVED * size(problem.state)
    assert np.array_equal(path.weights[0], [problem.state.weights[0]] * 4)


@smooth_or_not
def test_descend_is_the_matrix_power_where_the_first_layer_rests(activation):
    problem, steps, eta = frozen_first_layer(activation), 20, 0.01
    run = descend(problem.state, full_batch(problem.x, problem.y), step=eta, **problem.options)
    *_, end = take(run, steps + 1)
    expected = read_out_after(
        problem, lambda K: np.linalg.matrix_power(np.eye(len(K)) - eta * K, steps)
    )
    assert abs(end.weights[1] - expected).max() <= ROUNDING * size(problem.state)


def test_flow_follows_the_closed_form_of_a_scalar_network():
    times = np.array([0.0, 0.2, 0.4, 0.6])
    path = flow(explosive, one, one, times, activation=linear, loss=repulsion)
    square = np.exp(times) / (2 - np.exp(times))
    first, second = (W[:, 0, 0] for W in path.weights)
    assert np.all(abs(first**2 - square) <= SOLVED * square)
    assert np.all(abs(second - (square + 1) / 2) <= SOLVED * square)


@pytest.mark.parametrize("rule", RULES)
def test_flow_of_an_ensemble_is_the_flow_of_its_networks(rule):
    problem = draw_problem(
        (2, 3, 2), 3, tanh, squared_error, seed=0, ensemble=(2,), rule=RULES[rule]
    )
    options = {"rule": RULES[rule], **problem.options}
    together = flow(problem.state, problem.x, problem.y, [0.1], **options).at(0)
    for n in range(2):
        alone = member(problem, (n,))
        expected = flow(alone.state, alone.x, alone.y, [0.1], **options).at(0)
        actual = each(lambda M, n=n: M[n], together)
        assert distance(actual, expected) <= SOLVED * size(expected)


def test_networks_of_a_flow_may_share_their_start():
    problem = draw_problem((2, 3, 2), 3, tanh, squared_error, seed=0, ensemble=(2,))
    start = each(lambda M: M[0], problem.state)
    together = flow(start, problem.x, problem.y, [0.1], **problem.options).at(0)
    for n in range(2):
        expected = flow(start, problem.x[n], problem.y[n], [0.1], **problem.options).at(0)
        actual = each(lambda M, n=n: M[n], together)
        assert distance(actual, expected) <= SOLVED * size(expected)


@pytest.mark.parametrize("ensemble", [(), (2,)])
@pytest.mark.parametrize("rule", ["FA", "KP"])
def test_flow_gives_a_path_with_a_state_for_every_time_that_starts_at_the_start(rule, ensemble):
    problem = draw_problem((2, 3, 2), 3, tanh, squared_error, seed=0, ensemble=ensemble)
    for times in ([0.0], [0.0, 0.01, 0.3]):
        options = {"rule": RULES[rule], **problem.options}
        path = flow(problem.state, problem.x, problem.y, times, **options)
        assert distance(path.at(0), problem.state) == 0
        assert path.weights[0].shape == (len(times), *ensemble, 3, 2)
        assert path.feedback[0].shape == (len(times) if rule == "KP" else 1, *ensemble, 2, 3)


def test_flow_leaves_its_arguments_unchanged():
    problem = draw_problem((2, 3, 2), 3, tanh, squared_error, seed=0)
    arrays = (*matrices(problem.state), problem.x, problem.y)
    before = [M.copy() for M in arrays]
    flow(problem.state, problem.x, problem.y, [0.1], **problem.options)
    assert all(map(np.array_equal, arrays, before))


def test_flow_gives_up_when_its_evaluations_are_spent():
    problem = draw_problem((2, 3, 2), 3, tanh, squared_error, seed=0)
    message = (
        r"^20 evaluations brought the solver to time 0\.\d+ of 9 only\. Allow more, or loosen "
        r"rtol and atol\. Where a flow slides along a kink, no number is enough: use `descend` "
        r"with small steps$"
    )
    with pytest.raises(RuntimeError, match=message):
        flow(problem.state, problem.x, problem.y, [9.0], most_evaluations=20, **problem.options)


def test_flow_may_spend_all_of_its_evaluations_and_no_more():
    problem, spent = draw_problem((2, 3, 2), 3, tanh, squared_error, seed=0), []

    def error(f, y):
        spent.append(f)
        return f - y

    arguments = (problem.state, problem.x, problem.y, [0.1])
    options = {"activation": tanh, "loss": squared_error._replace(error=error)}
    expected = flow(*arguments, **options)
    needed = len(spent)
    actual = flow(*arguments, most_evaluations=needed, **options)
    assert distance(actual, expected) == 0
    with pytest.raises(RuntimeError, match=f"^{needed - 1} evaluations"):
        flow(*arguments, most_evaluations=needed - 1, **options)


@pytest.mark.parametrize("scale", [1e100, 1e160])
def test_a_flow_beyond_the_floats_is_an_error_and_no_warning(scale):
    problem = draw_problem((2, 3, 2), 3, linear, squared_error, seed=0)
    start = each(lambda M: scale * M, problem.state)
    with pytest.raises((Diverged, RuntimeError)):
        flow(start, problem.x, problem.y, [1.0], most_evaluations=200, **problem.options)


@pytest.mark.parametrize("scale", [1e160, 1e200, 1e300])
def test_a_flow_that_finds_no_first_step_keeps_its_start(scale):
    problem = draw_problem((3, 4, 2), 5, linear, squared_error, seed=0)
    start = each(lambda M: scale * M, problem.state)
    message = (
        "^the solution leaves the finite numbers at once: the solver finds no first step. "
        r"Try smaller initial weights or inputs; the last finite state is in `\.last`$"
    )
    with pytest.raises(Diverged, match=message) as caught:
        flow(start, problem.x, problem.y, [0.1], activation=linear)
    assert distance(caught.value.last, start) == 0


@pytest.mark.parametrize("times", [[0.5, 1.0], [0.25, 0.5, 0.75]], ids=str)
def test_a_flow_that_blows_up_keeps_the_last_state_before(times):
    with pytest.raises(Diverged, match=r"^after time 0\.5 ") as caught:
        flow(explosive, one, one, times, activation=linear, loss=repulsion)
    square = np.exp(0.5) / (2 - np.exp(0.5))
    assert abs(caught.value.last.weights[0] ** 2 - square).max() <= SOLVED * square


@pytest.mark.parametrize("times", [[1.0], [0.0, 1.0], [1.0, 2.0]], ids=str)
def test_a_flow_that_blows_up_before_the_first_time_keeps_the_start(times):
    message = (
        r"^after time 0 the solution left the finite numbers \(.*\)\. Try earlier times or smaller "
        r"initial weights; the last finite state is in `\.last`$"
    )
    with pytest.raises(Diverged, match=message) as caught:
        flow(explosive, one, one, times, activation=linear, loss=repulsion)
    assert distance(caught.value.last, explosive) == 0
