"""The rules beyond feedback alignment: their motion, their laws, their virtual read-outs."""

import itertools
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fa_lib import (
    Rule,
    State,
    descend,
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
    minibatches,
    neuron_law,
    pseudo_backpropagation,
    readout_velocity,
    relu,
    rules,
    sign_symmetric,
    squared_relu,
    target_projection,
    train,
    velocity,
    virtual_networks,
    weighted_sign,
    with_weight_decay,
)
from fa_lib.state import Passage
from strategies import ROUNDING, RULES, exact_problems, matrices, problems, seeds

DECAY = 0.25
STEPS = 6
BROADCAST = (direct_feedback_alignment, target_projection)
broadcasts = pytest.mark.parametrize("rule", BROADCAST, ids=lambda rule: rule.name)


def close(actual, expected):
    largest = max(1.0, abs(expected).max())
    return actual.shape == expected.shape and abs(actual - expected).max() <= ROUNDING * largest


# The motion, against loops over samples that know nothing of the library.

DERIVATIVES = {
    "linear": lambda h: 1.0,
    "ReLU": lambda h: float(h > 0),
    "squared ReLU": lambda h: 2 * h * (h > 0),
}
VALUES = {
    "linear": lambda h: h,
    "ReLU": lambda h: h * (h > 0),
    "squared ReLU": lambda h: h * h * (h > 0),
}


def directions(W, M, x, y, name):
    """Return -sum delta_i a_{i-1}^T, sample by sample, with the squared error and carriers M."""
    moved = [np.zeros(V.shape) for V in W]
    for sample, target in zip(x, y, strict=True):
        a, h = [sample], []
        for V in W:
            h.append(V @ a[-1])
            a.append(np.array([VALUES[name](z) for z in h[-1]]))
        delta = h[-1] - target
        for i in reversed(range(len(W))):
            moved[i] -= np.outer(delta, a[i])
            if i > 0:
                slope = np.array([DERIVATIVES[name](z) for z in h[i - 1]])
                delta = (M[i - 1].T @ delta) * slope
    return moved


def random_signed(R, W):
    """Return |R| with the sign of W, entry by entry."""
    carried = np.zeros(R.shape)
    for j, m in np.ndindex(R.shape):
        carried[j, m] = abs(R[j, m]) * (1 if W[j, m] > 0 else -1 if W[j, m] < 0 else 0)
    return carried


def literal(name, state, x, y, phi):
    """Return the derivative of the state, from the definition of the rule."""
    W, B = state
    if name == "frSF":
        moved = directions(W, [random_signed(*p) for p in zip(B, W[1:], strict=True)], x, y, phi)
        return State(tuple(moved), tuple(np.zeros(R.shape) for R in B))
    moved = [D - DECAY * V for D, V in zip(directions(W, B, x, y, phi), W, strict=True)]
    if name == "FA, decay":
        return State(tuple(moved), tuple(np.zeros(C.shape) for C in B))
    # Kolen and Pollack: B moves in the direction of W_{i+1}, and decays by a part of itself.
    following = [D - DECAY * C for D, C in zip(directions(W, B, x, y, phi)[1:], B, strict=True)]
    return State(tuple(moved), tuple(following))


@pytest.mark.parametrize(
    "rule",
    [
        weighted_sign,
        with_weight_decay(kolen_pollack, DECAY),
        with_weight_decay(feedback_alignment, DECAY),
    ],
    ids=lambda rule: rule.name,
)
@given(data=st.data())
def test_motion_equals_a_loop_over_samples(rule, data):
    problem = data.draw(problems(activations=(linear, relu, squared_relu), ensembles=((),)))
    x, y, phi = problem.x, problem.y, problem.activation
    actual = velocity(problem.state, x, y, rule=rule, activation=phi)
    expected = literal(rule.name, problem.state, x, y, phi.name)
    assert all(map(close, matrices(actual), matrices(expected)))


def test_decay_is_in_the_name_and_takes_the_potential_away():
    rule = with_weight_decay(kolen_pollack, DECAY)
    assert rule.name == "KP, decay"
    assert rule.potential is None
    assert with_weight_decay(direct_feedback_alignment, DECAY).broadcast


# The laws, as identities between velocities: in fractions, so that equal means equal.


def shifted(state, motion, time):
    parts = zip(state, motion, strict=True)
    return State(*(tuple(M + time * dM for M, dM in zip(*part, strict=True)) for part in parts))


def before_any_flip(state, motion):
    """Return a time short enough for every weight to keep its sign, in both directions."""
    pairs = zip(state.weights, motion.weights, strict=True)
    entries = [(w, dw) for W, dW in pairs for w, dw in zip(W.flat, dW.flat, strict=True)]
    return min((abs(w / dw) for w, dw in entries if dw != 0), default=Fraction(1)) / 2


@pytest.mark.parametrize(
    "rule",
    [gradient_descent, feedback_alignment, kolen_pollack, sign_symmetric, weighted_sign],
    ids=lambda rule: rule.name,
)
@given(problem=exact_problems(activations=(relu, squared_relu)))
def test_law_moves_alike_forwards_and_backwards(rule, problem):
    """<dW_i, W_i> = k dPsi/dt. All terms are of degree two or less in time, between flips."""
    motion = velocity(problem.state, problem.x, problem.y, rule=rule, activation=problem.activation)
    time, k = before_any_flip(problem.state, motion), problem.activation.degree
    ahead, behind = (
        layer_law(shifted(problem.state, motion, sign * time), degree=k, rule=rule)
        for sign in (1, -1)
    )
    assert np.all(ahead == behind)


@pytest.mark.parametrize("rule", [sign_symmetric, weighted_sign], ids=lambda rule: rule.name)
def test_law_of_signs_loses_twice_the_weight_that_flips(rule):
    """A flip of w to w' takes 2 k |r w'| more than the steps give."""
    rng, flips = np.random.default_rng(0), 0
    state = initial_state((4, 6, 5, 3), rng=rng, ensemble=(20,))
    x, y = rng.standard_normal((12, 4)) / 4, rng.standard_normal((12, 3))
    run = descend(state, full_batch(x, y), step=0.02, rule=rule)
    for old, new in itertools.pairwise(itertools.islice(run, 41)):
        gained = layer_law(new, rule=rule) - layer_law(old, rule=rule)
        for i, R in enumerate(old.feedback):
            size = abs(R) if rule is weighted_sign else 1
            before, after = old.weights[i + 1], new.weights[i + 1]
            flipped = np.sign(before) != np.sign(after)
            moved = new.weights[i] - old.weights[i]
            expected = (moved**2).sum((-2, -1)) / 2 - (2 * size * abs(after) * flipped).sum(
                (-2, -1)
            )
            assert abs(gained[:, i] - expected).max() < 100 * ROUNDING  # laws are of order 100
            flips += flipped.sum()
    assert flips > 20


@given(problem=exact_problems())
def test_decay_shrinks_the_law_of_kolen_pollack_by_its_own_factor(problem):
    """One step: Q' - rho^2 Q is the law of eta D alone, with rho = 1 - eta lambda."""
    eta, decay, k = Fraction(1, 3), Fraction(1, 2), problem.activation.degree
    rule, rho = with_weight_decay(kolen_pollack, decay), 1 - eta * decay
    run = descend(
        problem.state,
        full_batch(problem.x, problem.y),
        step=eta,
        rule=rule,
        activation=problem.activation,
    )
    old, new = itertools.islice(run, 2)
    undecayed = State(
        *(
            tuple(M - rho * C for M, C in zip(*part, strict=True))
            for part in zip(new, old, strict=True)
        )
    )
    laws = [layer_law(state, degree=k, rule=kolen_pollack) for state in (old, new, undecayed)]
    assert np.all(laws[1] - rho**2 * laws[0] == laws[2])


@given(problem=exact_problems())
def test_kolen_pollack_keeps_the_difference_of_weights_and_feedback(problem):
    run = descend(
        problem.state,
        full_batch(problem.x, problem.y),
        step=Fraction(1, 3),
        rule=kolen_pollack,
        activation=problem.activation,
    )
    old, new = itertools.islice(run, 2)
    for i in range(len(old.feedback)):
        assert np.all(new.weights[i + 1] - new.feedback[i] == old.weights[i + 1] - old.feedback[i])


# A rule of one's own, of the parts that the library's are made of.

OWN = {
    "FA": lambda: Rule("own", rules.passed_back(lambda state: state.feedback)),
    "GD": lambda: Rule("own", rules.passed_back(lambda state: state.weights[1:])),
    "DFA": lambda: rules._direct("own", lambda error, y: error),
    "DRTP": lambda: rules._direct("own", lambda error, y: -y),
}


@pytest.mark.parametrize("name", OWN)
@given(data=st.data())
def test_a_rule_of_ones_own_moves_as_the_one_it_copies(name, data):
    copied, own = RULES[name], OWN[name]()
    problem = data.draw(problems(rule=copied))
    actual, expected = (
        velocity(problem.state, problem.x, problem.y, rule=rule, **problem.options)
        for rule in (own, copied)
    )
    assert all(map(np.array_equal, matrices(actual), matrices(expected)))
    assert own.name == "own"
    assert own.broadcast == copied.broadcast


@pytest.mark.parametrize(
    "signals",
    [
        lambda: rules.passed_back(lambda state: state.feedback),
        lambda: rules.broadcast(lambda error, y: error),
    ],
    ids=["passed back", "broadcast"],
)
def test_a_rule_of_ones_own_passes_over_no_layer_without_feedback(signals):
    square = initial_state((3, 3, 3, 3), rng=np.random.default_rng(0))
    short = square._replace(feedback=square.feedback[:1])
    with pytest.raises(ValueError, match="argument 2 is longer than argument 1"):
        signals()(short, [Passage(x, None)] * 2, x, x)


def test_signs_of_weights_that_are_zero_carry_nothing():
    still = initial_state((3, 4, 2), rng=np.random.default_rng(0), weight_scale=0)
    for rule in (sign_symmetric, weighted_sign):
        moved = velocity(still, x, y, rule=rule, activation=linear)
        assert not moved.weights[0].any()


def test_magnitudes_that_are_all_equal_make_a_scaled_usf():
    scaled = state._replace(feedback=tuple(0 * B + 0.25 for B in state.feedback))
    ours = velocity(scaled, x, y, rule=weighted_sign)
    signs = tuple(np.sign(W) / 4 for W in state.weights[1:])
    theirs = velocity(state._replace(feedback=signs), x, y)
    assert all(map(np.array_equal, ours.weights, theirs.weights))


@pytest.mark.parametrize("rule", [feedback_alignment, kolen_pollack], ids=lambda rule: rule.name)
def test_a_decay_of_zero_changes_nothing(rule):
    actual = velocity(state, x, y, rule=with_weight_decay(rule, 0))
    expected = velocity(state, x, y, rule=rule)
    assert all(map(np.array_equal, matrices(actual), matrices(expected)))


# Virtual read-outs.


def batches_of(problem, size, seed):
    size = min(size, problem.x.shape[-2])
    return minibatches(problem.x, problem.y, size, rng=np.random.default_rng(seed))


def run_of(train, problem, rule, size, seed):
    fastest = velocity(problem.state, problem.x, problem.y, rule=rule, **problem.options)
    step = 1 / (64 * max(1.0, *(abs(dW).max() for dW in fastest.weights)))
    options = {"step": step, "steps": STEPS, "rule": rule, **problem.options}
    return train(problem.state, batches_of(problem, size, seed), **options)


@broadcasts
@given(data=st.data(), size=st.integers(1, 6), seed=seeds)
def test_virtual_networks_leave_the_run_as_it_is(rule, data, size, seed):
    problem = data.draw(problems(rule=rule))
    plain = run_of(train, problem, rule, size, seed)
    nets = run_of(virtual_networks, problem, rule, size, seed)
    assert len(nets) == len(plain.feedback)
    for i, net in enumerate(nets):
        assert np.array_equal(net.weights[0], plain.weights[i])
        assert np.array_equal(net.feedback[0], plain.feedback[i])
        assert len(net.weights[1]) == STEPS + 1
        assert not net.weights[1][0].any()


@broadcasts
@given(data=st.data(), size=st.integers(1, 6), seed=seeds)
def test_virtual_networks_obey_the_exact_law_on_every_batch(rule, data, size, seed):
    homogeneous = (linear, relu, squared_relu)
    problem = data.draw(problems(rule=rule, activations=homogeneous))
    k, paths = problem.activation.degree, run_of(virtual_networks, problem, rule, size, seed)
    for path in paths:
        largest = max((M**2).sum((-2, -1)).max() for M in matrices(path))
        laws = discrete_law(path, degree=k)
        assert laws.shape == (STEPS + 1, *problem.ensemble, 1)
        assert abs(laws - laws[0]).max() <= STEPS * ROUNDING * (1 + k) * largest


@broadcasts
def test_virtual_networks_obey_the_law_exactly_in_fractions(rule):
    rng = np.random.default_rng(0)
    widths, size = (2, 3, 3, 2), 4

    def draw(*shape):
        whole = rng.integers(-4, 5, shape).astype(object)
        return whole * Fraction(1, 8)

    state = State(
        tuple(draw(*shape) for shape in zip(widths[1:], widths, strict=False)),
        tuple(draw(widths[-1], n) for n in widths[1:-1]),
    )
    feed = minibatches(draw(size, 2), draw(size, 2), 2, rng=rng)
    for path in virtual_networks(state, feed, step=Fraction(1, 4), steps=3, rule=rule):
        laws = discrete_law(path)
        assert np.all(laws == laws[0])
        assert np.any(path.weights[1][-1] != 0)  # or nothing was tested


@broadcasts
def test_virtual_networks_draw_a_batch_for_each_step_and_no_other(rule):
    rng = np.random.default_rng(0)
    batches = iter([(rng.standard_normal((4, 3)), rng.standard_normal((4, 2)))] * 5)
    start = initial_state((3, 4, 2), rng=rng, rule=rule)
    (path,) = virtual_networks(start, batches, step=0.1, steps=3, rule=rule)
    assert len(path.weights[1]) == 4
    assert len(list(batches)) == 2
    with pytest.raises(ValueError, match=r"^batches: got 0 of them, expected 3, one for each step"):
        virtual_networks(start, batches, step=0.1, steps=3, rule=rule)


@broadcasts
@pytest.mark.parametrize("own", ["W_1", "W_2", "B", "step", "x", "y"])
def test_virtual_networks_of_an_ensemble_may_share_all_but_one_of_their_arrays(rule, own):
    rng = np.random.default_rng(0)
    shapes = {"W_1": (4, 3), "W_2": (2, 4), "B": (2, 4), "x": (5, 3), "y": (5, 2)}
    arrays = {name: rng.standard_normal((2, *shape)) for name, shape in shapes.items()}
    arrays["step"] = np.array([0.01, 0.02])

    def paths(of):
        W_1, W_2, B, x, y, step = (of(name) for name in ("W_1", "W_2", "B", "x", "y", "step"))
        start, batches = State((W_1, W_2), (B,)), full_batch(x, y)
        return virtual_networks(start, batches, step=step, steps=1, rule=rule)

    (together,) = paths(lambda name: arrays[name][0] if name != own else arrays[name])
    assert np.ptp(discrete_law(together), axis=0).max() < 1e-12
    for n in range(2):
        (alone,) = paths(lambda name, n=n: arrays[name][n if name == own else 0])
        for ours, theirs in zip(together.weights, alone.weights, strict=True):
            assert close(ours[:, n], theirs)


@given(data=st.data(), size=st.integers(1, 6), seed=seeds)
def test_last_virtual_read_out_is_what_the_read_out_learned(data, size, seed):
    rule = direct_feedback_alignment
    problem = data.draw(problems(rule=rule))
    plain = run_of(train, problem, rule, size, seed)
    *_, last = run_of(virtual_networks, problem, rule, size, seed)
    assert close(last.weights[1], plain.weights[-1] - plain.weights[-1][0])


@given(data=st.data())
def test_last_readout_velocity_is_that_of_the_read_out(data):
    rule = direct_feedback_alignment
    problem = data.draw(problems(rule=rule))
    actual = readout_velocity(problem.state, problem.x, problem.y, rule=rule, **problem.options)
    expected = velocity(problem.state, problem.x, problem.y, rule=rule, **problem.options)
    assert len(actual) == len(problem.state.feedback)
    assert close(actual[-1], expected.weights[-1])


@given(data=st.data())
def test_readout_velocity_of_target_projection_knows_no_error(data):
    rule = target_projection
    problem = data.draw(problems(rule=rule))
    first, *others = problem.state.weights
    doubled = problem.state._replace(weights=(first, *(2 * W for W in others)))
    actual, expected = (
        readout_velocity(state, problem.x, problem.y, rule=rule, **problem.options)[0]
        for state in (problem.state, doubled)
    )
    assert np.array_equal(actual, expected)


# Refusals.

state = initial_state((3, 4, 5, 2), rng=np.random.default_rng(0))
x, y = np.ones((6, 3)), np.ones((6, 2))


@pytest.mark.parametrize("law", [layer_law, neuron_law], ids=lambda law: law.__name__)
@pytest.mark.parametrize(
    "rule",
    [pseudo_backpropagation, *BROADCAST, with_weight_decay(kolen_pollack, DECAY)],
    ids=lambda rule: rule.name,
)
def test_a_rule_without_a_potential_is_refused(law, rule):
    with pytest.raises(ValueError, match=f"^rule: got {rule.name}, expected a rule with a pot"):
        law(state, rule=rule)


@pytest.mark.parametrize("rule", [sign_symmetric, weighted_sign], ids=lambda rule: rule.name)
def test_a_rule_without_a_gram_matrix_is_refused(rule):
    with pytest.raises(ValueError, match=f"^rule: got {rule.name}, expected a rule with a matrix"):
        matrix_law(state, rule=rule)


@pytest.mark.parametrize("decay", [-0.1, Fraction(-1, 2), np.nan, np.inf, "1", None])
def test_a_decay_that_is_no_rate_is_refused(decay):
    with pytest.raises(ValueError, match=r"^decay: got .*, expected (zero or more|a finite num)"):
        with_weight_decay(kolen_pollack, decay)


@pytest.mark.parametrize(
    "rule", [feedback_alignment, gradient_descent, kolen_pollack], ids=lambda rule: rule.name
)
def test_virtual_read_outs_of_a_rule_that_does_not_broadcast_are_refused(rule):
    message = f"^rule: got {rule.name}, expected a rule that broadcasts"
    with pytest.raises(ValueError, match=message):
        readout_velocity(state, x, y, rule=rule)
    with pytest.raises(ValueError, match=message):
        virtual_networks(state, full_batch(x, y), step=0.1, steps=2, rule=rule)


@pytest.mark.parametrize("steps", [None, 0, -1, 2.0])
def test_virtual_networks_of_no_number_of_steps_are_refused(steps):
    start = initial_state((3, 4, 2), rng=np.random.default_rng(0), rule=target_projection)
    options = {"step": 0.1, "steps": steps, "rule": target_projection}
    with pytest.raises(ValueError, match=r"^steps: got .*, expected a positive integer"):
        virtual_networks(start, full_batch(x, y), **options)
