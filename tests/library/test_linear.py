"""Linear networks: the minimum-norm solution and the row space, against independent authorities."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fa_lib import end_to_end, forward, linear, minimum_norm, row_space_split
from strategies import ENSEMBLES, problems, seeds

# Products of a matrix and its pseudoinverse lose as many digits as the condition number has. The
# data below are built with singular values from 1 to 8, so 8^2, times the ~60 additions.
ADDITIONS, CONDITION = 64, 64


def rounding(dtype):
    return ADDITIONS * CONDITION * np.finfo(dtype).eps


def orthonormal(rng, *shape):
    return np.linalg.qr(rng.standard_normal(shape))[0]


def of_rank(rank, rows, columns, rng, ensemble=()):
    """Draw a matrix of that rank whose non-zero singular values lie between 1 and 8."""
    U = orthonormal(rng, *ensemble, rows, rank)
    V = orthonormal(rng, *ensemble, columns, rank)
    return (U * rng.uniform(1, 8, rank)) @ V.mT


@st.composite
def matrices_of_any_rank(draw):
    rows, columns = draw(st.integers(1, 6)), draw(st.integers(1, 6))
    rank = draw(st.integers(1, min(rows, columns)))
    rng = np.random.default_rng(draw(seeds))
    return of_rank(rank, rows, columns, rng, draw(st.sampled_from(ENSEMBLES))), rng


def least_squares(x, y):
    """Return the authority's answer, network by network."""
    theta = np.empty((*x.shape[:-2], y.shape[-1], x.shape[-1]))
    for index in np.ndindex(x.shape[:-2]):
        theta[index] = np.linalg.lstsq(x[index], y[index])[0].T
    return theta


@given(drawn=matrices_of_any_rank(), outputs=st.integers(1, 3))
def test_minimum_norm_equals_least_squares_at_any_rank(drawn, outputs):
    x, rng = drawn
    y = rng.standard_normal((*x.shape[:-1], outputs))
    assert abs(minimum_norm(x, y) - least_squares(x, y)).max() <= rounding(float)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(30, 60), (60, 30), (40, 40)], ids=str)
def test_minimum_norm_sees_the_rank_through_the_rounding_of_the_data(shape, dtype):
    """Singular values of the size of a rounding error of x are zero, in any precision."""
    rng = np.random.default_rng(0)
    x = of_rank(20, *shape, rng).astype(dtype)
    y = (x @ rng.standard_normal((shape[1], 2))).astype(dtype)
    theta = minimum_norm(x, y)
    # Between the rounding of the data, 1e-7, and the least true singular value, 1/8 of the largest.
    expected = np.linalg.lstsq(x.astype(float), y.astype(float), rcond=1e-4)[0].T
    assert theta.dtype == dtype
    assert abs(theta - expected).max() <= rounding(dtype) * abs(expected).max()


@given(drawn=matrices_of_any_rank())
def test_minimum_norm_is_orthogonal_to_all_that_the_data_do_not_see(drawn):
    x, rng = drawn
    theta = minimum_norm(x, rng.standard_normal((*x.shape[:-1], 2)))
    assert abs(row_space_split(theta, x)[1]).max() <= rounding(float)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@given(drawn=matrices_of_any_rank(), rows=st.integers(1, 4))
def test_row_space_split_sums_is_orthogonal_and_idempotent(dtype, drawn, rows):
    x, rng = drawn
    x = x.astype(dtype)
    w = rng.standard_normal((*x.shape[:-2], rows, x.shape[-1])).astype(dtype)
    inside, outside = row_space_split(w, x)
    tolerance = rounding(dtype) * abs(w).max()
    assert inside.dtype == outside.dtype == dtype
    assert abs(inside + outside - w).max() <= tolerance
    assert abs(inside @ outside.mT).max() <= tolerance * abs(w).max()
    assert abs(outside @ x.mT).max() <= tolerance * abs(x).max()
    assert abs(row_space_split(inside, x)[1]).max() <= tolerance
    assert abs(row_space_split(outside, x)[0]).max() <= tolerance


@given(drawn=matrices_of_any_rank())
def test_rows_of_the_data_lie_inside_their_row_space(drawn):
    x, rng = drawn
    combinations = rng.standard_normal((*x.shape[:-2], 3, x.shape[-2])) @ x
    outside = row_space_split(combinations, x)[1]
    assert abs(outside).max() <= rounding(float) * abs(combinations).max()


@given(problem=problems(activations=(linear,)))
def test_end_to_end_is_the_matrix_that_a_linear_network_applies(problem):
    prediction = forward(problem.state, problem.x, activation=linear)[1][-1]
    applied = problem.x @ end_to_end(problem.state).mT
    # Preactivations are at most 2, and products of the absolute weights a few times that.
    assert abs(applied - prediction).max() <= rounding(float)
