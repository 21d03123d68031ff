"""The losses: each error is the derivative of its value, and each value is convex."""

from fractions import Fraction

import numpy as np
import pytest

import fa_lib as fa
from refusing import refused

OF_MARGINS = (fa.logistic_loss, fa.exponential_loss, fa.hinge_loss)
ALL = (*OF_MARGINS, fa.huber_loss(0.75), fa.squared_error, fa.softmax_cross_entropy)
BOTH = pytest.mark.parametrize("loss", ALL, ids=lambda loss: loss.name)


def drawn(seed=0, shape=(4, 7, 3)):
    rng = np.random.default_rng(seed)
    return rng.standard_normal(shape) * 2, rng.choice([-1.0, 1.0], shape)


@BOTH
def test_the_error_is_the_derivative_of_the_value(loss):
    f, y = drawn()
    direction, h = np.random.default_rng(1).standard_normal(f.shape), 1e-6
    ahead, behind = loss.value(f + h * direction, y), loss.value(f - h * direction, y)
    # No entry of f lies within h of a kink; central differences are off by h^2 and by eps / h.
    assert np.allclose((ahead - behind) / (2 * h), (loss.error(f, y) * direction).sum((-2, -1)))


@BOTH
def test_the_value_lies_above_its_tangents(loss):
    (f, y), (g, _) = drawn(), drawn(2)
    tangent = loss.value(f, y) + (loss.error(f, y) * (g - f)).sum((-2, -1))
    assert (loss.value(g, y) >= tangent * (1 - 1e-12)).all()


@pytest.mark.parametrize("loss", [fa.hinge_loss, fa.huber_loss(Fraction(1, 2))])
def test_what_has_no_exponential_stays_among_the_fractions(loss):
    f, y = np.array([[Fraction(1, 3), Fraction(-2)]]), np.array([[Fraction(1), Fraction(1)]])
    expected = {"hinge": (Fraction(11, 3), [-1, -1])}
    value, error = expected.get(
        loss.name, (Fraction(2, 3) / 2 - Fraction(1, 8) + Fraction(11, 8), [-Fraction(1, 2)] * 2)
    )
    assert loss.value(f, y) == value
    assert loss.error(f, y).tolist() == [error]


def test_the_logistic_loss_of_a_large_margin_neither_overflows_nor_warns():
    f, y = np.array([[1e4, -1e4]]), np.ones((1, 2))
    assert fa.logistic_loss.value(f, y) == 1e4
    assert fa.logistic_loss.error(f, y).tolist() == [[0.0, -1.0]]


def test_at_the_margin_the_hinge_rests():
    assert fa.hinge_loss.error(np.ones((1, 1)), np.ones((1, 1))) == 0


@pytest.mark.parametrize("width", [0, -1.0, np.inf, np.nan, "1"])
def test_a_width_is_a_positive_number(width):
    refused(lambda: fa.huber_loss(width), "width", str(width), "a positive number")
