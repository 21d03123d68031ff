"""Counting: derivatives by dual numbers, brackets, and the number of laws on known shapes."""

import itertools

import numpy as np
import pytest

import fa_lib
from fa_lib import feedback_alignment, gradient_descent, lie_closure, linear, relu
from fa_lib.counting import Dual, _as_rows, _rank, bracket

# Sums of some ten products of factors of order one, three brackets deep: 1e-11 is thousands of eps.
ROUNDING = 1e-11
# (n_0, n_1, m): the laws of gradient descent, by Marcotte, Gribonval & Peyré (2023), and of FA.
COUNTS = {
    (1, 1, 1): (1, 1),
    (2, 2, 2): (3, 3),
    (2, 3, 2): (6, 7),
    (3, 3, 1): (6, 9),
    (3, 4, 2): (10, 13),
    (2, 3, 3): (6, 6),
    (4, 2, 1): (3, 6),
    (1, 4, 1): (7, 7),
}


def rng(seed=0):
    return np.random.default_rng(seed)


def size(matrices):
    return max(abs(M).max() for M in matrices)


def quadratic(seed):
    """Return a random field on two 2 x 2 matrices, of products in both orders and a constant."""
    A, B, C = rng(seed).standard_normal((3, 2, 2))
    return lambda at: (A @ at[0] @ at[1] + B, at[1].mT @ C @ at[0] - at[1] * 2)


def two_layer_field(B, M):
    return lambda at: (-(B.T @ M), -(M @ at[0].mT))


def linear_field(A):
    return lambda at: (A @ at[0],)


@pytest.mark.parametrize(("shape", "counts"), COUNTS.items())
@pytest.mark.parametrize(("rule", "column"), [(gradient_descent, 0), (feedback_alignment, 1)])
def test_two_linear_layers_have_the_known_number_of_laws(shape, counts, rule, column):
    assert lie_closure(shape, rule=rule, activation=linear, rng=rng()).laws == counts[column]


def test_fa_has_as_many_laws_as_the_theorem_says():
    for n_0, h, m in itertools.product((1, 2, 4), (2, 3, 5), (1, 2)):
        expected = h * n_0 + m * h - m * n_0 - m * (m - 1) // 2
        assert lie_closure((n_0, h, m), activation=linear, rng=rng(1)).laws == expected


def test_deep_linear_fa_has_as_many_laws_as_the_theorem_says():
    for *hidden, m in [(3, 2, 2, 1), (2, 3, 2, 2), (3, 3, 3, 3), (2, 2, 3, 3, 2)]:
        weights = sum(a * b for a, b in itertools.pairwise((*hidden, m)))
        expected = weights - m * hidden[0] - (len(hidden) - 1) * m * (m - 1) // 2
        assert lie_closure((*hidden, m), activation=linear, rng=rng(2)).laws == expected


@pytest.mark.parametrize("shape", [(2, 2, 1), (3, 3, 2), (2, 4, 2), (4, 3, 1)])
@pytest.mark.parametrize("rule", [gradient_descent, feedback_alignment])
def test_two_relu_layers_have_one_law_for_each_hidden_neuron(shape, rule):
    # Finitely many samples can miss a thin cone of inputs, which only adds laws: take the least.
    counts = [lie_closure(shape, rule=rule, activation=relu, rng=rng(s)).laws for s in range(3)]
    assert min(counts) == shape[1]


@pytest.mark.parametrize(("shape", "counts"), COUNTS.items())
def test_kolen_pollack_has_the_laws_of_gradient_descent_and_the_difference_it_keeps(shape, counts):
    """B moves as W_2 does under gradient descent; W_2 - B rests, with its m h entries."""
    _, h, m = shape
    laws = lie_closure(shape, rule=fa_lib.kolen_pollack, activation=linear, rng=rng()).laws
    assert laws == counts[0] + m * h


def test_deep_dfa_has_the_matrix_law_of_its_last_hidden_layer_at_least():
    """W W^T - B^T V - V^T B of a layer of 3 by 3 weights W: its 6 entries are independent."""
    rule = fa_lib.direct_feedback_alignment
    assert lie_closure((2, 3, 3, 2), rule=rule, activation=linear, rng=rng()).laws >= 6


def test_a_closure_reports_what_the_chain_of_single_units_does():
    """All data move the chain along one curve: one field, no bracket adds to it."""
    closure = lie_closure((1, 1, 1, 1), activation=linear, rng=rng())
    assert (closure.parameters, closure.dimension, closure.depth) == (3, 1, 1)
    assert closure.gap > 1e6  # between rounding (1e-16) and numbers of order one


def test_dual_numbers_give_the_derivative_of_a_product_and_of_a_multiple():
    """d(A X^T X - 3 X) = A (dX^T X + X^T dX) - 3 dX, for a matrix X."""
    A, X, dX = rng().standard_normal((3, 4, 4))
    at = Dual(X, dX)
    result = A @ at.mT @ at - at * 3
    expected = A @ (dX.T @ X + X.T @ dX) - 3 * dX
    np.testing.assert_allclose(result.value, A @ X.T @ X - 3 * X, atol=ROUNDING)
    np.testing.assert_allclose(result.tangent, expected, atol=ROUNDING)


def test_dual_numbers_give_the_derivative_of_a_product_entry_by_entry():
    X, dX, Y, dY = rng().standard_normal((4, 3, 3))
    result = Dual(X, dX) * Dual(Y, dY)
    np.testing.assert_allclose(result.value, X * Y, atol=ROUNDING)
    np.testing.assert_allclose(result.tangent, dX * Y + X * dY, atol=ROUNDING)


def test_dual_numbers_nest_to_second_derivatives():
    """d^2(X X X) along U and V is the sum of the six products that hold U, V and one X."""
    X, U, V = rng().standard_normal((3, 3, 3))
    at = Dual(Dual(X, U), Dual(V, 0 * X))
    second = (at @ at @ at).tangent.tangent
    expected = sum(a @ b @ c for a, b, c in itertools.permutations((X, U, V)))
    np.testing.assert_allclose(second, expected, atol=ROUNDING)


def test_the_bracket_of_linear_fields_is_the_commutator():
    A, B, X = rng().standard_normal((3, 3, 3))
    (result,) = bracket(linear_field(A), linear_field(B))((X,))
    np.testing.assert_allclose(result, (B @ A - A @ B) @ X, atol=ROUNDING)


def test_the_bracket_of_two_layer_fields_is_that_of_the_theorem():
    """[F_M, F_N] = (0, (N M^T - M N^T) B), and one more bracket vanishes."""
    B, W_2 = rng().standard_normal((2, 2, 5))
    W_1 = rng(1).standard_normal((5, 3))
    M, N, K = rng(2).standard_normal((3, 2, 3))
    first = bracket(two_layer_field(B, M), two_layer_field(B, N))
    at_1, at_2 = first((W_1, W_2))
    assert not at_1.any()
    np.testing.assert_allclose(at_2, (N @ M.T - M @ N.T) @ B, atol=ROUNDING)
    assert size(bracket(two_layer_field(B, K), first)((W_1, W_2))) == 0


def test_the_bracket_of_deep_fields_is_that_of_the_theorem():
    """[F_M, F_N]_i = C_i^T M_i, with M_1 = 0 and M_{i+1} = M_i W_i^T + S_i C_i."""
    widths = (3, 4, 3, 2)
    W = tuple(rng(3).standard_normal((b, a)) for a, b in itertools.pairwise(widths))
    B_2, B_3 = (rng(4).standard_normal(M.shape) for M in W[1:])
    C = (B_3 @ B_2, B_3, np.eye(2))
    M, N = rng(5).standard_normal((2, 2, 3))

    def deep_field(M):
        def field(at):
            outer = (M, M @ at[0].mT, M @ at[0].mT @ at[1].mT)
            return tuple(-(C_i.T @ M_i) for C_i, M_i in zip(C, outer, strict=True))

        return field

    result = bracket(deep_field(M), deep_field(N))(W)
    M_i, A = np.zeros((2, 3)), np.eye(3)
    for W_i, C_i, part in zip(W, C, result, strict=True):
        np.testing.assert_allclose(part, C_i.T @ M_i, atol=ROUNDING)
        S = N @ A.T @ A @ M.T - M @ A.T @ A @ N.T
        M_i, A = M_i @ W_i.T + S @ C_i, W_i @ A


def test_fields_on_other_matrices_have_no_bracket():
    one, two = linear_field(np.eye(2)), quadratic(0)
    at = tuple(rng().standard_normal((2, 2, 2)))
    for F, G in ((one, two), (two, one)):
        with pytest.raises(ValueError, match="argument 2 is shorter than argument 1"):
            bracket(F, G)(at)


@pytest.mark.parametrize("seed", range(3))
def test_the_bracket_is_antisymmetric(seed):
    F, G = quadratic(seed), quadratic(seed + 10)
    at = tuple(rng(seed + 20).standard_normal((2, 2, 2)))
    there, back = bracket(F, G)(at), bracket(G, F)(at)
    assert size(there) > 0.01
    assert size([a + b for a, b in zip(there, back, strict=True)]) < ROUNDING


@pytest.mark.parametrize("seed", range(3))
def test_the_bracket_satisfies_the_jacobi_identity(seed):
    F, G, H = (quadratic(seed + k) for k in (0, 10, 20))
    at = tuple(rng(seed + 30).standard_normal((2, 2, 2)))
    terms = [bracket(a, bracket(b, c))(at) for a, b, c in [(F, G, H), (G, H, F), (H, F, G)]]
    assert min(map(size, terms)) > 0.01
    # Third-order terms of entries that reach some tens: their products some thousands.
    assert size([sum(parts) for parts in zip(*terms, strict=True)]) < 100 * ROUNDING


def test_a_closure_refuses_an_activation_that_is_not_piecewise_linear():
    for activation in (fa_lib.tanh, fa_lib.squared_relu):
        with pytest.raises(ValueError, match=f"activation: got {activation.name}"):
            lie_closure((2, 3, 2), activation=activation, rng=rng())


def test_a_closure_follows_no_rule_that_leaves_out_a_layer():
    silent = feedback_alignment._replace(signals=lambda state, passages, error, y: [error])
    with pytest.raises(ValueError, match="argument 2 is longer than argument 1"):
        lie_closure((2, 3, 2), rule=silent, activation=linear, rng=rng())


@pytest.mark.parametrize("widths", [(2, 3), (2, 0, 1), (2, 3.5, 1), 3])
def test_a_closure_refuses_widths_that_are_no_network(widths):
    with pytest.raises(ValueError, match="widths: got"):
        lie_closure(widths, activation=linear, rng=rng())


def test_a_closure_refuses_a_seed_in_the_place_of_a_generator():
    with pytest.raises(ValueError, match="rng: got 0"):
        lie_closure((2, 3, 2), activation=linear, rng=0)


def test_no_data_move_a_dead_network():
    """Behind negative weights no ReLU opens, so each of the three weights is a law of its own."""
    counts = {lie_closure((1, 1, 1, 1), activation=relu, rng=rng(seed)).laws for seed in range(8)}
    assert counts == {2, 3}  # else one field moves the chain: one law less


def test_a_rank_in_doubt_is_said():
    """Singular values of 1, 1e-6 and 1e-8: none of the gaps tells numbers from rounding."""
    with pytest.raises(ArithmeticError, match=r"^the rank is in doubt: singular values \["):
        _rank(np.diag([1.0, 1e-6, 1e-8]))


def test_the_gap_of_a_rank_is_that_to_the_next_singular_value_or_to_rounding():
    assert _rank(np.diag([1.0, 1e-2, 1e-12])) == (2, pytest.approx(1e10))
    rank, gap = _rank(np.diag([1.0, 0.5]))
    assert (rank, gap) == (2, pytest.approx(0.5 / (2 * np.finfo(float).eps)))
    assert _rank(np.zeros((3, 2))) == (0, np.inf)


@pytest.mark.parametrize("scale", [2.0**-20, 2.0**20])
def test_the_rank_is_that_at_every_scale(scale):
    for values in ([1.0, 1e-2, 1e-12], [1.0, 0.5], [1.0, 0.0]):
        assert _rank(scale * np.diag(values)) == pytest.approx(_rank(np.diag(values)))
    assert _rank(np.diag([scale, 0.0]))[0] == 1


def test_velocities_become_rows_of_length_one_and_zeros_stay():
    A, B = rng().standard_normal((4, 2, 3)), rng(1).standard_normal((4, 1, 2))
    A[1], B[1] = 0, 0
    A[2], B[2] = A[2] / 100, B[2] / 100
    rows, flat = _as_rows((A, B), 4), np.hstack([A.reshape(4, 6), B.reshape(4, 2)])
    assert not rows[1].any()
    for row, velocity in zip(rows[[0, 2, 3]], flat[[0, 2, 3]], strict=True):
        np.testing.assert_allclose(row, velocity / np.linalg.norm(velocity), rtol=ROUNDING)
