"""A run of steps as a path: the states that `descend` goes through, and their laws in one call."""

import itertools
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given

from fa_lib import (
    Diverged,
    State,
    descend,
    discrete_law,
    end_to_end,
    full_batch,
    initial_state,
    layer_law,
    leaky_relu,
    linear,
    minibatches,
    relu,
    squared_error,
    train,
    velocity,
    watch,
    weight_alignment,
)
from strategies import RULES, draw_problem, each, exact_problems, problems

STEPS = 6
SMALL = draw_problem((3, 4, 2), 6, leaky_relu(0.25), squared_error, seed=0)
OPTIONS = {"step": 0.01, "activation": SMALL.activation}


def batches(problem=SMALL):
    return full_batch(problem.x, problem.y)


def states_of(problem, rule="FA", step=1e-3, steps=STEPS, every=1):
    run = descend(problem.state, batches(problem), step=step, rule=RULES[rule], **problem.options)
    return list(itertools.islice(run, 0, steps + 1, every))


@pytest.mark.parametrize("every", [1, 2, 3, 6])
@pytest.mark.parametrize("rule", ["FA", "GD", "KP"])
@given(problem=problems(activations=(linear, relu)))
def test_a_path_has_the_states_of_the_run(rule, every, problem):
    small = 1e-5  # enough for the loudest of the networks that may be drawn to stay finite
    options = {"step": small, "rule": RULES[rule], **problem.options}
    path = train(problem.state, batches(problem), steps=STEPS, every=every, **options)
    states = states_of(problem, rule, step=small, every=every)
    assert {len(W) for W in path.weights} == {len(states)}
    for time, state in enumerate(states):
        for ours, theirs in zip(path.at(time), state, strict=True):
            for A, B in zip(ours, theirs, strict=True):
                assert np.array_equal(A, np.broadcast_to(B, A.shape))


def test_feedback_that_rests_has_an_axis_of_time_of_length_one():
    fixed = train(SMALL.state, batches(), steps=4, **OPTIONS)
    assert [B.shape for B in fixed.feedback] == [(1, 2, 4)]
    moving = train(SMALL.state, batches(), steps=4, rule=RULES["KP"], **OPTIONS)
    assert [B.shape for B in moving.feedback] == [(5, 2, 4)]


@pytest.mark.parametrize("rule", ["FA", "KP"])
def test_the_law_of_a_path_is_that_of_its_states(rule):
    problem = draw_problem((3, 4, 5, 2), 6, linear, squared_error, seed=0, ensemble=(2, 3))
    path = train(
        problem.state, batches(problem), step=1e-3, steps=4, rule=RULES[rule], **problem.options
    )
    for measure in (layer_law, weight_alignment, end_to_end):
        together = measure(path)
        each_alone = [measure(path.at(time)) for time in range(5)]
        assert np.array_equal(together, np.stack(each_alone))
    assert layer_law(path).shape == (5, 2, 3, 2)


@pytest.mark.parametrize("every", [1, 3])
def test_values_are_those_of_the_path(every):
    end, (laws, weights) = watch(
        lambda state: (layer_law(state), state.weights[:1]),
        SMALL.state,
        batches(),
        steps=6,
        every=every,
        **OPTIONS,
    )
    path = train(SMALL.state, batches(), steps=6, every=every, **OPTIONS)
    assert np.array_equal(laws, layer_law(path))
    assert np.array_equal(weights[0], path.weights[0])
    assert np.array_equal(end.weights[1], path.at(-1).weights[1])


def test_values_may_be_named_as_a_state_is():
    _, seen = watch(lambda state: state, SMALL.state, batches(), steps=2, **OPTIONS)
    assert isinstance(seen, State)
    assert seen.feedback[0].shape == (3, 2, 4)


@given(problem=exact_problems())
def test_a_path_of_fractions_is_exact(problem):
    path = train(problem.state, batches(problem), step=Fraction(1, 9), steps=2, **problem.options)
    states = states_of(problem, step=Fraction(1, 9), steps=2)
    assert all(isinstance(entry, Fraction) for W in path.weights for entry in W.flat)
    degree = problem.activation.degree
    for law, state in zip(layer_law(path, degree=degree), states, strict=True):
        assert np.all(law == layer_law(state, degree=degree))


def test_a_value_that_is_one_exact_number_is_kept():
    exact = each(np.vectorize(Fraction, otypes=[object]), SMALL.state)
    x, y = (np.vectorize(Fraction, otypes=[object])(a.round(1)) for a in (SMALL.x, SMALL.y))
    _, traces = watch(
        lambda state: sum(state.weights[0].ravel()),
        exact,
        full_batch(x, y),
        step=Fraction(1, 9),
        steps=2,
    )
    assert traces.shape == (3,)
    assert isinstance(traces[2], Fraction)


def test_networks_whose_start_is_shared_part_on_the_path():
    problem = draw_problem((3, 4, 2), 6, linear, squared_error, seed=0, ensemble=(5,))
    start = initial_state((3, 4, 2), rng=np.random.default_rng(0))
    path = train(start, batches(problem), step=1e-2, steps=3, activation=linear)
    assert path.weights[0].shape == (4, 5, 4, 3)
    assert np.ptp(path.weights[0][0], axis=0).max() == 0 < np.ptp(path.weights[0][1], axis=0).max()


@pytest.mark.parametrize("own", ["W_1", "W_2", "B", "step", "x", "y"])
@pytest.mark.parametrize("rule", ["GD", "FA", "KP", "DFA", "DRTP"])
def test_every_matrix_of_a_path_has_the_axes_of_the_ensemble_after_one_step_too(rule, own):
    """Of which the first may move nothing in which the networks differ, as with own feedback."""
    shapes = {"W_1": (4, 3), "W_2": (2, 4), "B": (2, 4), "x": (6, 3), "y": (6, 2), "step": ()}
    rng = np.random.default_rng(0)
    one = {name: rng.uniform(0.1, 0.2, shape) for name, shape in shapes.items()}
    one[own] = np.stack([one[own], 2 * one[own]])
    path = train(
        State((one["W_1"], one["W_2"]), (one["B"],)),
        full_batch(one["x"], one["y"]),
        step=one["step"],
        steps=1,
        rule=RULES[rule],
    )
    assert [W.shape for W in path.weights] == [(2, 2, 4, 3), (2, 2, 2, 4)]


@pytest.mark.parametrize("times", [[0, 2, 3], slice(1, 3), slice(None)])
@pytest.mark.parametrize("rule", ["FA", "KP"])
def test_a_part_of_a_path_is_a_path(rule, times):
    path = train(SMALL.state, batches(), steps=4, rule=RULES[rule], **OPTIONS)
    part = path.at(times)
    assert part.weights[0].ndim == part.feedback[0].ndim == 3
    assert np.array_equal(layer_law(part), layer_law(path)[times])


@pytest.mark.parametrize("step", [1e-2, np.array([1e-2, 1e-2, 1e-2, 1e-2, 1e-2])])
def test_the_first_value_has_the_axes_of_all_the_others(step):
    """A mean over networks is taken of the start, too, when data or steps make the ensemble."""
    ensemble = (5,) if isinstance(step, float) else ()
    problem = draw_problem((3, 4, 2), 6, linear, squared_error, seed=0, ensemble=ensemble)
    start = initial_state((3, 4, 2), rng=np.random.default_rng(0))
    options = {"step": step, "steps": 2, "activation": linear}
    _, means = watch(lambda state: layer_law(state).mean(0), start, batches(problem), **options)
    assert means[0] == pytest.approx(layer_law(start), rel=1e-12)


def test_each_batch_makes_one_step_and_no_other_is_drawn():
    drawn = minibatches(SMALL.x, SMALL.y, 2, rng=np.random.default_rng(0))
    path = train(SMALL.state, drawn, steps=4, **OPTIONS)
    again = minibatches(SMALL.x, SMALL.y, 2, rng=np.random.default_rng(0))
    *_, last = itertools.islice(descend(SMALL.state, again, **OPTIONS), 5)
    assert np.array_equal(path.at(-1).weights[0], last.weights[0])
    assert np.array_equal(next(drawn)[0], next(again)[0])


def test_a_run_that_diverges_says_at_which_step():
    with pytest.raises(Diverged, match=r"^step \d+ with step size 1000 left the finite numbers"):
        train(SMALL.state, batches(), step=1e3, steps=100, activation=SMALL.activation)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"steps": 0}, "steps: got 0, expected a positive integer"),
        ({"steps": 6, "every": 4}, "every: got 4, expected a divisor of 6, the number of steps"),
        ({"steps": 6, "every": 7}, "every: got 7, expected a positive integer of at most 6"),
        ({"steps": 3, "batches": [(SMALL.x, SMALL.y)] * 2}, "batches: got 2 of them, expected 3"),
        ({"steps": 1, "batches": [SMALL.x]}, "batch 1: got a ndarray, expected a pair"),
        ({"steps": 1, "step": -1}, "step: got -1, expected a positive finite number"),
    ],
)
def test_what_makes_no_path_is_refused(arguments, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        train(SMALL.state, **{"batches": batches(), **OPTIONS, **arguments})


def test_a_value_that_is_no_function_is_refused():
    with pytest.raises(ValueError, match=r"^values: got 'law', expected a function of the state"):
        watch("law", SMALL.state, batches(), steps=1, **OPTIONS)


# On JAX's arrays the same, by a compiled scan.


def on_jax(problem):
    jax = pytest.importorskip("jax")
    to = lambda array: jax.numpy.asarray(array, dtype="float32")  # noqa: E731
    return problem._replace(state=each(to, problem.state), x=to(problem.x), y=to(problem.y))


CLOSE = 1e-5  # some hundred roundings of float32, of entries of order one


@pytest.mark.parametrize("rule", ["FA", "KP", "uSF"])
@pytest.mark.parametrize("ensemble", [(), (3,)])
@pytest.mark.parametrize(("steps", "every"), [(6, 1), (6, 3), (600, 1), (600, 300)])
def test_a_compiled_path_is_that_of_numpy(steps, every, ensemble, rule):
    problem = draw_problem((3, 4, 2), 6, leaky_relu(0.25), squared_error, seed=0, ensemble=ensemble)
    options = {"step": 1e-3, "steps": steps, "every": every, "rule": RULES[rule], **problem.options}
    theirs = train(problem.state, batches(problem), **options)
    ours = train(on_jax(problem).state, batches(on_jax(problem)), **options)
    for A, B in zip(
        (*ours.weights, *ours.feedback), (*theirs.weights, *theirs.feedback), strict=True
    ):
        assert A.shape == B.shape
        assert abs(np.asarray(A) - B).max() < CLOSE * abs(B).max()


@pytest.mark.parametrize("size", [2, 4])  # the second leaves batches of two shapes
def test_a_compiled_path_takes_batches_of_several_shapes(size):
    options = {"steps": 30, "every": 10, **OPTIONS}
    drawn = minibatches(SMALL.x, SMALL.y, size, rng=np.random.default_rng(0))
    _, theirs = watch(layer_law, SMALL.state, drawn, **options)
    there = on_jax(SMALL)
    drawn = minibatches(there.x, there.y, size, rng=np.random.default_rng(0))
    _, ours = watch(layer_law, there.state, drawn, **options)
    assert abs(np.asarray(ours) - theirs).max() < CLOSE * abs(theirs).max()


def test_a_compiled_run_that_diverges_says_at_which_step_as_numpy_does():
    there = on_jax(SMALL)
    as_float32 = lambda M: M.astype("float32")  # noqa: E731
    here = SMALL._replace(
        state=each(as_float32, SMALL.state), x=as_float32(SMALL.x), y=as_float32(SMALL.y)
    )
    said = []
    for problem in (here, there):
        with pytest.raises(Diverged) as caught:
            train(problem.state, batches(problem), step=30.0, steps=600, activation=linear)
        said.append(str(caught.value))
    assert said[0] == said[1]


def test_a_compiled_run_refuses_what_numpy_refuses():
    there = on_jax(SMALL)
    with pytest.raises(ValueError, match=r"^batches: got 2 of them, expected 3, one for each step"):
        train(there.state, [(there.x, there.y)] * 2, steps=3, **OPTIONS)
    with pytest.raises(ValueError, match=r"^batch 2: got|^x: got an entry that is not finite"):
        train(there.state, [(there.x, there.y), (there.x * np.nan, there.y)], steps=2, **OPTIONS)


# Step sizes: one for each layer, and schedules.


@pytest.mark.parametrize("rule", ["FA", "KP", "DFA"])
def test_each_layer_may_have_a_step_of_its_own(rule):
    state = initial_state((3, 4, 5, 2), rng=np.random.default_rng(0), rule=RULES[rule])
    x, y = (np.random.default_rng(1).standard_normal((6, n)) for n in (3, 2))
    etas = (0.01, 0.02, 0.03)
    moved = train(state, [(x, y)], step=etas, steps=1, rule=RULES[rule]).at(-1)
    velocities = velocity(state, x, y, rule=RULES[rule])
    for W, new, dW, eta in zip(state.weights, moved.weights, velocities.weights, etas, strict=True):
        assert np.allclose(new, W + eta * dW, rtol=1e-14)
    for B, new, dB, eta in zip(
        state.feedback, moved.feedback, velocities.feedback, etas[1:], strict=True
    ):
        assert np.allclose(new, B + eta * dB, rtol=1e-14)


def test_the_law_of_unequal_steps_is_exact_in_fractions():
    state, x, y = (
        initial_state((2, 3, 1), rng=np.random.default_rng(0)),
        *(np.random.default_rng(1).standard_normal((3, n)) for n in (2, 1)),
    )
    exact = np.vectorize(lambda n: Fraction(round(n * 8), 8), otypes=[object])
    etas = (Fraction(1, 16), Fraction(1, 128))
    path = train(each(exact, state), [(exact(x), exact(y))] * 3, step=etas, steps=3)
    kept, equal = discrete_law(path, rates=etas), discrete_law(path)
    assert (kept == kept[:1]).all()
    assert (equal[0] != equal[-1]).all()


def test_a_schedule_is_asked_for_each_step_by_its_number():
    asked = []

    def schedule(number):
        asked.append(number)
        return 0.01 / number

    path = train(SMALL.state, batches(), step=schedule, steps=4, activation=SMALL.activation)
    state = SMALL.state
    for number in (1, 2, 3, 4):
        options = {"step": 0.01 / number, "steps": 1, "activation": SMALL.activation}
        state = train(state, batches(), **options).at(-1)
    assert asked[:4] == [1, 2, 3, 4]
    assert all(map(np.array_equal, path.at(-1).weights, state.weights))


def test_a_schedule_is_refused_at_the_step_at_which_it_ends():
    run = descend(SMALL.state, batches(), step=lambda number: 2 - number)
    assert len(list(itertools.islice(run, 2))) == 2
    with pytest.raises(ValueError, match="step: got 0, expected a positive finite number"):
        next(run)


def test_batches_may_come_as_lists():
    as_lists = [[SMALL.x, SMALL.y]] * 2
    ours = train(SMALL.state, as_lists, steps=2, **OPTIONS)
    theirs = train(SMALL.state, batches(), steps=2, **OPTIONS)
    assert all(map(np.array_equal, ours.weights, theirs.weights))


def test_a_fresh_sample_may_be_drawn_for_each_step():
    def fresh():
        rng = np.random.default_rng(0)
        while True:
            x = rng.standard_normal((5, 3))
            yield x, x[:, :2]

    path = train(SMALL.state, fresh(), step=0.01, steps=6)
    assert np.ptp(discrete_law(path), axis=0).max() < 1e-12


@pytest.mark.parametrize("kind", [dict, list, tuple])
def test_what_is_watched_keeps_its_form(kind):
    def values(state):
        laws = {"law": layer_law(state), "first": state.weights[0]}
        return laws if kind is dict else kind(laws.values())

    _, seen = watch(values, SMALL.state, batches(), steps=3, **OPTIONS)
    path = train(SMALL.state, batches(), steps=3, **OPTIONS)
    law, first = seen.values() if kind is dict else seen
    assert type(seen) is kind
    assert np.array_equal(law, layer_law(path))
    assert np.array_equal(first, path.weights[0])
