"""What pages measure: against the definitions, written out."""

from fractions import Fraction

import numpy as np
import pytest
from numpy.testing import assert_allclose

import fa_lib as fa
from exact import fractions
from measures import change, departure, distance, error, inner, misfit, scaled_to, total_loss

RNG = np.random.default_rng(0)
STATE = fa.initial_state((5, 4, 3), rng=RNG, ensemble=(2,))
X = RNG.standard_normal((2, 3, 5))
Y = RNG.standard_normal((2, 3, 3))


def test_inner_product_is_the_trace():
    A, B = RNG.standard_normal((2, 7, 3, 4))
    assert_allclose(inner(A, B), np.trace(A.mT @ B, axis1=-2, axis2=-1))


def test_inner_product_of_fractions_is_exact():
    assert inner(fractions([[1, 2]], over=3), fractions([[1, 1]], over=7)) == Fraction(1, 7)


def test_departure_is_the_farthest_in_either_direction():
    assert_allclose(departure(np.array([[1.0, 0.0], [3.0, -5.0], [2.0, 1.0]])), [2, 5])


def test_change_of_laws_is_the_largest_of_all():
    near, far = np.array([[0.0], [1.0]]), np.array([[0.0, 0.0], [0.0, -4.0]])
    assert (change(near), change((near, far))) == (1, 4)


def test_scaled_matrix_has_the_other_norm_and_its_own_direction():
    W, other = STATE.weights
    scaled = scaled_to(W, other)
    assert_allclose(np.linalg.norm(scaled, axis=(-2, -1)), np.linalg.norm(other, axis=(-2, -1)))
    assert np.ptp(scaled / W, axis=(-2, -1)) == pytest.approx(0)


@pytest.mark.parametrize("activation", [fa.linear, fa.relu], ids=lambda phi: phi.name)
def test_total_loss_is_half_the_sum_of_squares(activation):
    W, V = STATE.weights
    residual = activation.value(X @ W.mT) @ V.mT - Y
    assert_allclose(total_loss(STATE, X, Y, activation), (residual**2).sum((-2, -1)) / 2)


def test_error_and_misfit_of_a_linear_network_are_its_residual_and_its_share():
    residual = fa.forward(STATE, X, activation=fa.linear)[1][-1] - Y
    assert_allclose(error(STATE, X, Y).mT, residual)
    norms = (np.linalg.norm(M, axis=(-2, -1)) for M in (residual, Y))
    assert_allclose(misfit(STATE, X, Y), np.divide(*norms))


def test_distance_is_zero_at_the_minimum_norm_solution_alone():
    theta = fa.minimum_norm(X, Y)
    there = fa.State((theta, np.eye(3) + 0 * theta[..., :3]), STATE.feedback[:0])
    assert_allclose(distance(there, X, Y), 0, atol=1e-12)
    assert distance(STATE, X, Y).min() > 0.1


def test_a_path_is_measured_at_all_its_times():
    path = fa.train(STATE, fa.full_batch(X, Y), step=0.01, steps=2, activation=fa.linear)
    for measure in (misfit, distance, total_loss):
        assert_allclose(measure(path, X, Y)[2], measure(path.at(2), X, Y))
