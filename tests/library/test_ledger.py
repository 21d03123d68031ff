"""The ledger: it tells a rule from another in anybody's loop, and which step broke the law."""

import contextlib
import functools
import itertools
import operator
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from fa_lib import (
    Diverged,
    State,
    descend,
    discrete_law,
    full_batch,
    initial_state,
    layer_law,
    leaky_relu,
    ledger,
    linear,
    minibatches,
    squared_error,
    tanh,
    train,
    velocity,
    with_weight_decay,
)
from strategies import HOMOGENEOUS, RULES, draw_problem, each, exact_problems, problems, seeds

LAYERED = [name for name, rule in RULES.items() if rule.carriers]
STEPS = 6


def kept_beside(states, **options):
    """Enter all states into a ledger, one by one as they come."""
    init, update = ledger(**options)
    states = iter(states)
    return functools.reduce(update, states, init(next(states)))


def run_of(problem, rule="FA", step=2e-3, steps=STEPS):
    """Yield the states of a run, as long as float16 can hold their squares."""
    batches = full_batch(problem.x, problem.y)
    run = descend(problem.state, batches, step=step, rule=RULES[rule], **problem.options)
    with contextlib.suppress(Diverged):
        for state in itertools.islice(run, steps + 1):
            if max(abs(W).max() for W in state.weights) > 50:
                return
            yield state


PRECISIONS = [
    (rule, dtype)
    for rule in LAYERED
    for dtype in (np.float16, np.float32, np.float64)
    if rule != "pseudo-BP" or dtype is np.float64  # whose carrier may be huge
]


@pytest.mark.parametrize(("rule", "dtype"), PRECISIONS)
@given(problem=problems(activations=HOMOGENEOUS))
def test_every_rule_keeps_its_balance_to_rounding(rule, dtype, problem):
    """Carriers that move, as of GD and of sign rules, too."""
    assume(max(abs(W).max() for W in problem.state.weights) < 50)  # float16 ends at 65504
    to = functools.partial(np.asarray, dtype=dtype)
    problem = problem._replace(state=each(to, problem.state), x=to(problem.x), y=to(problem.y))
    book = kept_beside(run_of(problem, rule), rule=RULES[rule], degree=problem.activation.degree)
    assert not book.broken.any(), str(book)
    assert np.all(abs(book.residual) <= book.budget)
    assert book.corrected.dtype == dtype


@given(problem=problems(activations=HOMOGENEOUS), size=st.integers(1, 6), seed=seeds)
def test_ledger_and_discrete_law_say_the_same(problem, size, seed):
    batches = minibatches(
        problem.x, problem.y, min(size, problem.x.shape[-2]), rng=np.random.default_rng(seed)
    )
    path = train(problem.state, batches, step=1e-4, steps=STEPS, **problem.options)
    degree = problem.activation.degree
    book = kept_beside(map(path.at, range(STEPS + 1)), degree=degree)
    corrected, law = discrete_law(path, degree=degree), layer_law(path, degree=degree)
    assert np.all(abs(book.corrected - corrected[-1]) <= 4 * book.budget)
    assert np.all(abs(book.value - law[-1]) <= 4 * book.budget)


@given(problem=exact_problems())
def test_ledger_is_exact_in_fractions(problem):
    run = descend(
        problem.state, full_batch(problem.x, problem.y), step=Fraction(1, 3), **problem.options
    )
    book = kept_beside(itertools.islice(run, 3), degree=problem.activation.degree)
    assert not book.broken.any()
    assert np.all(book.residual == 0)
    assert np.all(book.budget == 0)
    assert np.all(book.corrected == layer_law(problem.state, degree=problem.activation.degree))


PROBLEM = draw_problem((3, 5, 4, 2), 6, leaky_relu(0.25), squared_error, seed=0)


def in_place(rule, steps=20):
    state = each(np.copy, PROBLEM.state)
    for _ in range(steps):
        yield state
        moved = velocity(state, PROBLEM.x, PROBLEM.y, rule=RULES[rule], **PROBLEM.options)
        for W, dW in zip(state.weights, moved.weights, strict=True):
            W += 1e-3 * dW


def test_in_a_loop_that_updates_in_place_backpropagation_is_told_from_feedback_alignment():
    assert not kept_beside(in_place("FA")).broken.any()
    assert np.all(kept_beside(in_place("GD")).broken == 1)
    assert not kept_beside(in_place("GD"), rule=RULES["GD"]).broken.any()
    assert np.all(kept_beside(in_place("FA"), rule=RULES["GD"]).broken == 1)


def test_a_list_of_states_that_are_all_the_last_is_said_to_have_tested_nothing():
    assert "kept" not in str(kept_beside(list(in_place("GD"))))


def test_a_ledger_does_not_change_when_the_loop_goes_on():
    init, _ = ledger()
    loop = in_place("FA")
    state = next(loop)
    book = init(state)
    before = each(np.copy, state)
    next(loop)
    for ours, theirs in zip(book.state.weights, before.weights, strict=True):
        assert np.array_equal(ours, theirs)


@pytest.mark.parametrize("broken", [1, 4, 7])
def test_the_first_step_that_breaks_is_named_even_in_a_run_that_explodes(broken):
    """Layers grow tenfold with each step, and one of the steps is off by a millionth."""
    rng = np.random.default_rng(0)
    states = [PROBLEM.state]
    for number in range(1, 9):
        W = states[-1].weights
        moved = velocity(states[-1], PROBLEM.x, PROBLEM.y, **PROBLEM.options).weights
        scale = [
            10 * np.linalg.norm(w) / np.linalg.norm(dw) for w, dw in zip(W, moved, strict=True)
        ]
        steps = [min(scale) * dw for dw in moved]
        if number == broken:
            steps[1] = steps[1] + 1e-6 * rng.standard_normal(steps[1].shape) * abs(steps[1]).max()
        states.append(State(tuple(map(np.add, W, steps)), PROBLEM.state.feedback))
    book = kept_beside(states)
    assert np.all(book.broken == broken)
    assert f"broken at step {broken}\n" in str(book)


def test_frozen_and_dead_networks_are_said_to_have_tested_nothing():
    dead = PROBLEM.state._replace(
        weights=(-abs(PROBLEM.state.weights[0]), *PROBLEM.state.weights[1:])
    )
    run = descend(dead, full_batch(abs(PROBLEM.x), PROBLEM.y), step=0.05)
    book = kept_beside(itertools.islice(run, 4))
    assert np.all(book.moved == 0)
    assert str(book).count("nothing moved, so nothing was tested") == 2


@pytest.mark.parametrize(
    "fault",
    [
        lambda s, d: [0.9 * d[0], *d[1:]],
        lambda s, d: [d[0] - 0.01 * s.weights[0], *d[1:]],
        lambda s, d: [-d[0], *d[1:]],
        lambda s, d: [np.clip(d[0], -0.01, 0.01), *d[1:]],
    ],
    ids=["another rate", "decay", "sign", "clipping"],
)
def test_an_update_by_something_else_is_seen(fault):
    steps = [
        0.05 * dW for dW in velocity(PROBLEM.state, PROBLEM.x, PROBLEM.y, **PROBLEM.options).weights
    ]
    moved = map(np.add, PROBLEM.state.weights, fault(PROBLEM.state, steps))
    book = kept_beside([PROBLEM.state, PROBLEM.state._replace(weights=tuple(moved))])
    assert book.broken[0] == 1


def as_dtype(problem, dtype):
    to = np.dtype(dtype).type
    return problem._replace(state=each(to, problem.state), x=to(problem.x), y=to(problem.y))


@pytest.mark.parametrize("rule", ["FA", "GD"])
@pytest.mark.parametrize(("dtype", "step"), [(np.float32, 1e-8), (np.float16, 1e-4)])
def test_where_rounding_could_hide_another_rule_nothing_is_said_to_be_kept(rule, dtype, step):
    book = kept_beside(run_of(as_dtype(PROBLEM, dtype), rule, step=step))
    assert not book.broken.any()
    assert "not tested: rounding may hide" in str(book)
    assert "kept" not in str(book)


def test_a_budget_that_overflows_tests_nothing():
    """Of weights whose squares sum to more than float16's largest number, 65504."""
    state = initial_state((64, 64, 10), rng=np.random.default_rng(0), weight_scale=80.0)
    state = each(np.float16, state)
    moved = state._replace(weights=tuple(W + np.float16(1) for W in state.weights))
    with np.errstate(over="ignore", invalid="ignore"):
        book = kept_beside([state, moved])
    assert "kept" not in str(book)


def test_of_an_ensemble_the_worst_network_is_told():
    problem = draw_problem((3, 4, 2), 5, linear, squared_error, seed=0, ensemble=(3,))
    states = list(run_of(problem))
    weights = [W.copy() for W in states[4].weights]
    weights[0][1] += 0.1  # one network is moved by something else
    states[4] = states[4]._replace(weights=tuple(weights))
    book = kept_beside(states)
    assert book.broken[:, 0].tolist() == [0, 4, 0]
    assert f"broken at step 4\n    residual {book.residual[1, 0]:.1e}, at" in str(book)
    resting = each(np.copy, problem.state)
    frozen = [
        s._replace(
            weights=tuple(
                np.where(np.arange(3)[:, None, None] == 2, R, W)
                for R, W in zip(resting.weights, s.weights, strict=True)
            )
        )
        for s in run_of(problem)
    ]
    assert "nothing moved, so nothing was tested" in str(kept_beside(frozen))


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (
            lambda s: each(np.float32, s),
            r"got shape \(5, 3\) of float32, expected \(5, 3\) of float64",
        ),
        (lambda s: each(lambda M: M[None], s), None),
    ],
    ids=["another dtype", "leading axes come"],
)
def test_what_follows_a_state_has_its_dtype_and_its_axes(other, message):
    init, update = ledger()
    book = init(PROBLEM.state)
    if message is None:
        assert update(book, other(PROBLEM.state)).residual.shape == (1, 2)
        book, other = update(book, other(PROBLEM.state)), lambda s: s
        message = r"got shape \(5, 3\) of float64, expected \(1, 5, 3\) of float64"
    with pytest.raises(ValueError, match=f"^W_1: {message}, as before"):
        update(book, other(PROBLEM.state))


@given(problem=problems(activations=HOMOGENEOUS, ensembles=((),)), seed=seeds)
def test_rates_that_differ_between_layers_keep_their_own_law(problem, seed):
    rates = np.random.default_rng(seed).uniform(0.01, 0.1, len(problem.state.weights))
    states = [problem.state]
    for _ in range(STEPS):
        moved = velocity(states[-1], problem.x, problem.y, **problem.options).weights
        steps = zip(states[-1].weights, moved, rates, strict=True)
        weights = tuple(W + r * dW for W, dW, r in steps)
        states.append(states[-1]._replace(weights=weights))
    degree = problem.activation.degree
    assert not kept_beside(states, rates=rates, degree=degree).broken.any()


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_no_degree_and_no_rate_changes_the_dtype_of_a_ledger(dtype):
    to = np.dtype(dtype).type
    for number in (np.float64(0.5), Fraction(1, 2)):
        book = kept_beside([each(to, PROBLEM.state)] * 2, degree=number, rates=[number] * 3)
        assert {part.dtype for part in (book.value, book.corrected, book.budget)} == {
            np.dtype(dtype)
        }


def test_equal_rates_need_not_be_known_and_unequal_ones_must():
    rates = (0.05, 0.02, 0.05)
    moved = velocity(PROBLEM.state, PROBLEM.x, PROBLEM.y, **PROBLEM.options).weights
    steps = zip(PROBLEM.state.weights, moved, rates, strict=True)
    after = PROBLEM.state._replace(weights=tuple(W + r * dW for W, dW, r in steps))
    states = [PROBLEM.state, after]
    assert np.all(kept_beside(states).broken == 1)
    assert not kept_beside(states, rates=rates).broken.any()
    assert not kept_beside(run_of(PROBLEM), rates=(0.3, 0.3, 0.3)).broken.any()


def test_feedback_drawn_anew_for_every_step_keeps_the_balance():
    rng = np.random.default_rng(0)
    states = [PROBLEM.state]
    for _ in range(STEPS):
        moved = velocity(states[-1], PROBLEM.x, PROBLEM.y, **PROBLEM.options).weights
        weights = tuple(W + 0.05 * dW for W, dW in zip(states[-1].weights, moved, strict=True))
        states.append(
            State(weights, tuple(rng.standard_normal(B.shape) for B in PROBLEM.state.feedback))
        )
    assert not kept_beside(states).broken.any()
    fixed = [State(state.weights, PROBLEM.state.feedback) for state in states]
    assert np.all(kept_beside(fixed).broken == 2)


def test_decay_and_tanh_break_the_balance():
    rule = with_weight_decay(RULES["FA"], 0.1)
    batches = full_batch(PROBLEM.x, PROBLEM.y)
    run = descend(PROBLEM.state, batches, step=0.05, rule=rule, **PROBLEM.options)
    assert np.all(kept_beside(itertools.islice(run, 3)).broken == 1)
    assert np.all(kept_beside(run_of(PROBLEM._replace(activation=tanh))).broken == 1)


def test_an_ensemble_has_an_entry_for_each_network():
    problem = draw_problem((3, 4, 2), 5, linear, squared_error, seed=0, ensemble=(2, 3))
    book = kept_beside(run_of(problem))
    assert book.residual.shape == book.broken.shape == (2, 3, 1)
    assert "hidden layer 1: kept" in str(book)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"rule": RULES["DFA"]}, "rule: got DFA, expected one whose error passes layer by layer"),
        ({"rule": 1}, "rule: got 1, expected a Rule"),
        ({"degree": None}, "degree: got None, expected a finite number"),
        ({"rates": 0.1}, "rates: got 0.1, expected a number for each layer"),
        ({"rates": (0.1, -0.1)}, "rate 2: got -0.1, expected a positive number"),
    ],
)
def test_options_that_make_no_ledger_are_refused(options, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        ledger(**options)


def test_states_that_do_not_fit_are_refused():
    init, _ = ledger(rates=(0.1, 0.2))
    with pytest.raises(ValueError, match=r"^rates: got 2 numbers, expected 3, one for each layer"):
        init(PROBLEM.state)
    book = ledger().init(PROBLEM.state)
    with pytest.raises(ValueError, match=r"^W_1: got an entry that is not finite"):
        ledger().update(book, each(lambda M: M * np.nan, PROBLEM.state))
    other = initial_state((3, 4, 2), rng=np.random.default_rng(0))
    with pytest.raises(
        ValueError, match=r"^W_1: got shape \(4, 3\) of float64, expected \(5, 3\) of"
    ):
        ledger().update(book, other)


# In other libraries: inside a compiled loop of JAX, and beside parameters of PyTorch.


def literal(state, x, y, activation):
    """Return dW of one FA step, by operators that every library has."""
    (W, V), (B,) = state
    h = x @ W.mT
    slope = activation.derivative(h)
    e = (h * slope) @ V.mT - y
    return -((e @ B) * slope).mT @ x, -e.mT @ (h * slope)


SMALL = draw_problem((3, 5, 2), 6, leaky_relu(0.25), squared_error, seed=0)


@pytest.mark.parametrize("wrong", [0.0, 1e-3])
def test_a_ledger_runs_inside_a_compiled_loop(wrong):
    jax = pytest.importorskip("jax")
    start, x, y = jax.tree.map(
        lambda array: jax.numpy.asarray(array, dtype="float32"), (SMALL.state, SMALL.x, SMALL.y)
    )
    init, update = ledger()

    def step(carry, number):
        state, book = carry
        dW, dV = literal(state, x, y, SMALL.activation)
        moved = (0.01 * dW + (number == 5) * wrong, 0.01 * dV)
        state = state._replace(weights=tuple(map(operator.add, state.weights, moved)))
        return (state, update(book, state)), None

    run = jax.jit(lambda start: jax.lax.scan(step, (start, init(start)), jax.numpy.arange(9))[0])
    _, book = run(start)
    assert int(book.steps) == 9
    assert book.broken.tolist() == [6 if wrong else 0]


def test_a_ledger_outlives_arrays_that_are_donated_and_speaks_for_many():
    jax = pytest.importorskip("jax")
    start = jax.tree.map(lambda array: jax.numpy.asarray(array, dtype="float32"), SMALL.state)
    doubled = jax.jit(lambda state: jax.tree.map(lambda M: 2 * M, state), donate_argnums=0)
    init, update = ledger()
    book = init(start)
    assert int(update(book, doubled(start)).steps) == 1
    many = jax.tree.map(lambda M: jax.numpy.stack([M, 2 * M]), book.state)
    books = jax.vmap(lambda state: update(init(state), state))(many)
    assert str(books).startswith("after 1 steps\nhidden layer 1: nothing moved")


def test_a_ledger_of_parameters_keeps_no_graph_and_no_memory():
    torch = pytest.importorskip("torch")
    W, V = (torch.nn.Parameter(torch.asarray(M.copy())) for M in SMALL.state.weights)
    B, x, y = (torch.asarray(M.copy()) for M in (*SMALL.state.feedback, SMALL.x, SMALL.y))
    init, update = ledger()
    book = init(State((W, V), (B,)))
    for _ in range(9):
        moved = literal(State((W.detach(), V.detach()), (B,)), x, y, SMALL.activation)
        with torch.no_grad():
            W += 0.01 * moved[0]
            V += 0.01 * moved[1]
        book = update(book, State((W, V), (B,)))
    assert str(book).startswith("after 9 steps\nhidden layer 1: kept\n")
    for part in (book.value, book.residual, *book.state.weights):
        assert part.grad_fn is None
        assert not part.requires_grad
