"""Dominance: what falls, exactly; the certificate, against loops over all sets of gates."""

import itertools
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given

import fa_lib as fa
from fa_lib import State, relu_certificate
from refusing import refused
from strategies import seeds


def drawn(seed, widths=(3, 3, 1), samples=2, ensemble=()):
    """Return a dominant state of small error, and its data."""
    rng = np.random.default_rng(seed)
    (W, _), (b,) = fa.initial_state(widths, rng=rng, ensemble=ensemble)
    x = fa.gaussian_inputs(samples, widths[0], rng=rng, ensemble=ensemble)
    W *= abs(b).mT / np.linalg.vector_norm(W, axis=-1, keepdims=True)
    state = State((W, rng.uniform(0.5, 2, (*ensemble, 1, 1)) * b), (b,))
    _, (_, f) = fa.forward(state, x)
    return state, x, f + rng.uniform(0, 0.1) * rng.standard_normal(f.shape)


def by_loops(state, x, y):
    """Return the largest c of all self-consistent sets of gates, and the union of these sets."""
    (W, v), (b,) = state
    v, b = v[0], b[0]
    c = [v[j] * b[j] - sum(W[j] ** 2) / 2 for j in range(len(v))]
    h = x @ W.T
    e = np.maximum(h, 0) @ v - y[:, 0]
    least = np.linalg.eigvalsh(x @ x.T)[0]
    best, union = 0.0, np.zeros(h.shape, bool)
    if min(c) < 0:
        return best, union
    for bits in itertools.product((False, True), repeat=h.size):
        gates = np.reshape(bits, h.shape)
        floor = min(sum(c[j] for j in range(len(c)) if row[j]) for row in gates)
        certain = all(
            h[i, j] * least * floor
            > np.linalg.norm(x[i]) * abs(b[j]) * np.linalg.norm(x, 2) * np.linalg.norm(e)
            for i, j in zip(*np.nonzero(gates), strict=True)
        )
        if floor > 0 and certain:
            best, union = max(best, floor), union | gates
    return 2 * least * best, union


@given(seeds)
def test_the_certificate_is_the_greatest_of_all_self_consistent_sets(seed):
    problem = drawn(seed)
    (rate, gates), (expected, union) = relu_certificate(*problem), by_loops(*problem)
    assert np.array_equal(gates, union)
    assert rate == pytest.approx(expected, rel=1e-9)


def test_some_of_these_problems_are_certified_and_some_are_not():
    rates, _ = relu_certificate(*drawn(0, ensemble=(200,)))
    assert 20 < (rates > 0).sum() < 180


def test_an_ensemble_is_its_members():
    state, x, y = drawn(1, ensemble=(5, 2))
    rates, gates = relu_certificate(state, x, y)
    for index in np.ndindex(5, 2):
        member = State(*(tuple(M[index] for M in part) for part in state))
        rate, gate = relu_certificate(member, x[index], y[index])
        assert rate == pytest.approx(rates[index])
        assert np.array_equal(gate, gates[index])


def test_data_of_an_ensemble_give_each_its_certificate():
    state, x, y = drawn(2)
    rates, gates = relu_certificate(state, np.stack([x, x]), np.stack([y, y]))
    assert rates.shape == (2,)
    assert gates.shape == (2, 2, 3)


W, v = np.eye(2), np.array([[2.0, 2.0]])
X, Y = np.eye(2), np.array([[1.5], [2.25]])
STATE = State((W, v), (v / 2,))


@pytest.mark.parametrize(
    ("state", "x", "y"),
    [
        (State((-W, v), (v / 2,)), X, Y),  # dead: all units are off
        (State((W, v), (-v,)), X, Y),  # opposed: c_j < 0
        (State((3 * W, v), (v / 2,)), X, Y),  # too large: c_j < 0
        (STATE, np.vstack([X, X[:1] + X[1:]]), np.vstack([Y, Y[:1] + Y[1:]])),  # N > n_0
        (STATE, X, Y + 5),  # too far from its targets
        (STATE, np.vstack([X[:1], X[:1]]), Y),  # the samples depend on each other
    ],
)
def test_without_its_conditions_nothing_is_promised(state, x, y):
    rate, gates = relu_certificate(state, x, y)
    assert rate == 0
    assert not gates.any()


def test_a_network_that_fits_keeps_the_gates_that_are_open():
    rate, gates = relu_certificate(STATE, X, 2 * X[:, :1] + 2 * X[:, 1:])
    assert rate == 3
    assert gates.tolist() == [[True, False], [False, True]]


def test_certified_gates_stay_open_and_the_loss_keeps_below_its_bound():
    state, x, _ = drawn(3, widths=(6, 40, 1), samples=3, ensemble=(80,))
    _, (_, f) = fa.forward(state, x)
    y = f + 0.02  # near enough for a certificate, far enough to move
    rate, gates = relu_certificate(state, x, y)
    assert (rate > 0).sum() > 5
    step, steps = 0.01, 400
    path = fa.train(state, fa.full_batch(x, y), step=step, steps=steps)
    _, (h, f) = fa.forward(path, x)
    assert (h > 0)[:, gates].all()
    loss, times = fa.squared_error.value(f, y), step * np.arange(steps + 1)
    assert (loss <= loss[0] * np.exp(-rate * times[:, None]) * (1 + 1e-9)).all()


@given(seeds)
def test_the_loss_falls_by_what_the_units_dissipate(seed):
    """-dL/dt = sum_j v_j b_j ||g_j||^2 + (w_j . g_j)^2, with v_j b_j = c_j + 1/2 ||w_j||^2."""
    rng = np.random.default_rng(seed)

    def exact(*shape):
        return rng.integers(-9, 10, shape) * Fraction(1, 4)

    state = State((exact(4, 3), exact(1, 4)), (exact(1, 4),))
    how = {"activation": fa.leaky_relu(Fraction(1, 3)), "loss": fa.hinge_loss}
    x, y = exact(5, 3), rng.choice([-1, 1], (5, 1)) * Fraction(1)
    gradient = fa.velocity(state, x, y, rule=fa.gradient_descent, **how).weights
    moves = fa.velocity(state, x, y, **how).weights
    falls = sum((G * D).sum() for G, D in zip(gradient, moves, strict=True))

    (W, _), _ = state
    (law,) = fa.neuron_law(state)
    _, (h, f) = fa.forward(state, x, activation=how["activation"])
    g = (fa.hinge_loss.error(f, y) * how["activation"].derivative(h)).T @ x
    sizes = (W * W).sum(-1) / 2
    dissipated = (sizes - law) * (g * g).sum(-1) + (W * g).sum(-1) ** 2
    assert falls == dissipated.sum()


def test_several_outputs_and_several_layers_are_refused():
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((2, 2, 3))
    deep = fa.initial_state((3, 4, 4, 1), rng=rng)
    refused(lambda: relu_certificate(deep, x, y[:, :1]), "weights", "3 matrices", "one hidden")
    wide = fa.initial_state((3, 4, 3), rng=rng)
    refused(lambda: relu_certificate(wide, x, y), "W_2", "(3, 4)", "one output")
