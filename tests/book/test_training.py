"""Training until rest: at the end that is known, also where the first steps are too long."""

import numpy as np
import pytest

import fa_lib as fa
import training
from measures import distance, misfit
from training import settle, step_size

RNG = np.random.default_rng(0)
X = fa.gaussian_inputs(3, 8, rng=RNG, ensemble=(4,))
Y, _ = fa.linear_teacher(X, 2, rng=RNG)
(W, V), (B,) = fa.initial_state((8, 5, 2), rng=RNG, ensemble=(4,))
START = fa.State((0 * W, V), (B,))


@pytest.mark.parametrize("rule", [fa.feedback_alignment, fa.gradient_descent], ids=lambda r: r.name)
def test_settled_networks_are_at_the_minimum_norm_solution(rule):
    end = settle(START, X, Y, rule)
    assert misfit(end, X, Y).max() < 1e-10
    assert distance(end, X, Y).max() < 1e-10


def test_steps_that_diverge_are_halved_until_they_do_not(monkeypatch):
    longer = []

    def too_long(state, x):
        longer.append(1)
        return 60 * step_size(state, x)

    monkeypatch.setattr(training, "step_size", too_long)
    with pytest.raises(fa.Diverged):
        training._settled(START, X, Y, fa.feedback_alignment, 1e-9, 60_000, 1.0)
    begun = len(longer)
    assert misfit(settle(START, X, Y, rest=1e-9), X, Y).max() < 1e-6
    assert len(longer) > begun


def test_networks_that_do_not_rest_are_an_error():
    with pytest.raises(RuntimeError, match="not at rest after 200 steps: speed"):
        settle(START, X, Y, rest=0.0, most_steps=200)


def test_a_step_is_at_most_one_over_the_norm_of_the_map_that_moves_the_error():
    """E moves by E P^T P + W_2 B^T E K, with P = W_1 X^T and K = X X^T."""
    P, M, K = W @ X.mT, V @ B.mT, X @ X.mT
    for eta, p, m, k in zip(step_size(fa.State((W, V), (B,)), X), P, M, K, strict=True):
        moves = np.kron(np.eye(len(m)), p.T @ p) + np.kron(m, k)
        assert eta * np.linalg.norm(moves, ord=2) < 1
