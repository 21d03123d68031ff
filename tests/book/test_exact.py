"""Matrices of fractions: exact, the same for the same seed, in the shapes of a network."""

from fractions import Fraction

import numpy as np
import pytest

from exact import draw_fractions, draw_state, fractions


@pytest.mark.parametrize("values", [[[1, -2], [0, 4]], np.array([[1, -2], [0, 4]])])
def test_whole_numbers_become_fractions_of_the_denominator(values):
    matrix = fractions(values, over=3)
    assert matrix.tolist() == [[Fraction(1, 3), Fraction(-2, 3)], [Fraction(0), Fraction(4, 3)]]
    assert all(type(entry) is Fraction for entry in matrix.flat)
    assert all(type(entry.numerator) is int for entry in matrix.flat)  # as large as need be


def test_drawn_fractions_fill_the_range_and_keep_to_it():
    drawn = draw_fractions(np.random.default_rng(0), (50, 4), over=4)
    assert set(drawn.flat) == {Fraction(k, 4) for k in range(-4, 5)}


def test_a_drawn_state_has_the_shapes_of_the_network():
    state = draw_state(np.random.default_rng(0), (2, 3, 4, 1), ensemble=(5,))
    assert [W.shape for W in state.weights] == [(5, 3, 2), (5, 4, 3), (5, 1, 4)]
    assert [B.shape for B in state.feedback] == [(5, 4, 3), (5, 1, 4)]


def test_the_same_seed_draws_the_same_state():
    one, other = (draw_state(np.random.default_rng(1), (2, 3, 1)) for _ in range(2))
    assert all((A == B).all() for A, B in zip(one.weights, other.weights, strict=True))
