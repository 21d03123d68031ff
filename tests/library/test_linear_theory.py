"""Linear networks in closed form: rates, end states and risks, against other authorities."""

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import fa_lib as fa
from strategies import seeds

RULES = (fa.feedback_alignment, fa.gradient_descent)
RULE_NAMES = [rule.name for rule in RULES]
EPS = np.finfo(float).eps


def scalar_problem(rng, kappa, size, *, samples=3, inputs=8, hidden=5, ensemble=()):
    """Return (state, x, y) with one output, W_1 X^T = 0, W_2 = kappa b, ||theta*|| = size.

    The singular values of x lie between 1 and 1.5, so that a run comes to rest soon.
    """
    basis = np.linalg.qr(rng.standard_normal((*ensemble, inputs, inputs)))[0].mT
    left = np.linalg.qr(rng.standard_normal((*ensemble, samples, samples)))[0]
    x = left @ (rng.uniform(1, 1.5, (*ensemble, samples, 1)) * basis[..., :samples, :])
    theta = rng.standard_normal((*ensemble, 1, samples)) @ basis[..., :samples, :]
    theta *= size / np.linalg.norm(theta, axis=(-2, -1), keepdims=True)
    outside = rng.standard_normal((*ensemble, hidden, inputs - samples)) @ basis[..., samples:, :]
    b = rng.standard_normal((*ensemble, 1, hidden))
    b *= rng.uniform(0.7, 1.4, (*ensemble, 1, 1)) / np.linalg.norm(b, axis=-1, keepdims=True)
    return fa.State((outside, kappa * b), (b,)), x, x @ theta.mT


def at_rest(state, x, y, rule):
    """Follow the flow, for longer and longer, until the error is gone."""
    how = {"rule": rule, "activation": fa.linear, "rtol": 1e-12, "atol": 1e-13}
    time = 0.1 / np.linalg.norm(y)
    while np.linalg.norm(x @ fa.end_to_end(state).mT - y) > 1e-11 * np.linalg.norm(y):
        state = fa.flow(state, x, y, [time], **how).at(0)
        time *= 1.5
    return state


@pytest.mark.parametrize("kappa", [0.3, 1.0, 2.0])
@pytest.mark.parametrize("size", [0.1, 10.0, 1000.0])
@pytest.mark.parametrize("rule", RULES, ids=RULE_NAMES)
def test_final_readout_norm_is_where_the_flow_comes_to_rest(rule, size, kappa):
    state, x, y = scalar_problem(np.random.default_rng(1), kappa, size, ensemble=(4,))
    b_norm = np.linalg.norm(state.feedback[0], axis=(-2, -1))
    end = at_rest(state, x, y, rule)
    formula = fa.final_readout_norm(size, feedback_norm=b_norm, kappa=kappa, rule=rule)
    assert np.allclose(np.linalg.norm(end.weights[1], axis=(-2, -1)), formula, rtol=1e-9, atol=0)


@given(
    theta=st.floats(1e-3, 1e6), b=st.floats(1e-2, 1e2), kappa=st.sampled_from([1e-9, 1e-3, 1, 30.0])
)
def test_final_readout_norm_is_a_root_to_the_last_digits(theta, b, kappa):
    # The formulas are taken apart by mpmath with 40 digits; a dozen roundings are left to us.
    with mpmath.workdps(40):
        q, m, k = mpmath.mpf(theta), mpmath.mpf(b), mpmath.mpf(kappa)
        ours = fa.final_readout_norm(theta, feedback_norm=b, kappa=kappa)
        s = mpmath.findroot(lambda s: m**2 * (k + s**2 / 2) * s - q, float((2 * q / m**2) ** 0.5))
        assert abs(ours / (m * (k + s**2 / 2)) - 1) < 16 * EPS
        theirs = fa.final_readout_norm(
            theta, feedback_norm=b, kappa=kappa, rule=fa.gradient_descent
        )
        w = mpmath.sqrt(max(mpmath.polyroots([1, -((k * m) ** 2), -(q**2)], extraprec=400)))
        assert abs(theirs / w - 1) < 16 * EPS


@pytest.mark.parametrize(("rule", "slope"), [(RULES[0], 2 / 3), (RULES[1], 1 / 2)], ids=RULE_NAMES)
def test_final_readout_norm_grows_with_its_power_of_theta(rule, slope):
    theta = np.array([1e8, 1e12])
    low, high = fa.final_readout_norm(theta, feedback_norm=1.5, kappa=0.5, rule=rule)
    # Corrections to the power law are of relative order kappa (b^2 / theta)^(2/3) < 1e-5.
    assert abs(np.log(high / low) / np.log(theta[1] / theta[0]) - slope) < 1e-5


@pytest.mark.parametrize("rule", RULES, ids=RULE_NAMES)
def test_final_readout_norm_is_its_start_where_there_is_nothing_to_learn(rule):
    kappa = np.array([0.25, 1.0, 3.0])
    assert np.all(
        fa.final_readout_norm(0.0, feedback_norm=2.0, kappa=kappa, rule=rule) == 2 * kappa
    )


def test_final_readout_norm_of_feedback_alignment_leaves_zero():
    assert fa.final_readout_norm(0.0, feedback_norm=1.0, kappa=0.0) == 0
    # s^3 / 2 = theta, so c = s^2 / 2 = (2 theta)^(2/3) / 2
    assert np.isclose(fa.final_readout_norm(4.0, feedback_norm=1.0, kappa=0.0), 2, rtol=4 * EPS)


def test_final_readout_norm_broadcasts():
    norms = fa.final_readout_norm(np.ones((4, 1)), feedback_norm=np.ones(3), kappa=0.5)
    assert norms.shape == (4, 3)
    assert np.ptp(norms) == 0


@given(kappa=st.floats(0.01, 0.99), b=st.floats(0.1, 10))
def test_the_two_rules_end_alike_at_one_size_of_theta(kappa, b):
    """Insert c = 2 - kappa into both equations: they agree, and on either side they do not."""
    crossing = 2 * (2 - kappa) * (1 - kappa) ** 0.5 * b**2
    how = {"feedback_norm": b, "kappa": kappa}
    for rule in RULES:
        end = fa.final_readout_norm(crossing, **how, rule=rule)
        # The roots of theta, its square and the norm of b together lose a few roundings.
        assert np.isclose(end, (2 - kappa) * b, rtol=32 * EPS, atol=0)
    for factor, sign in ((0.5, -1), (2, 1)):
        by_feedback, by_gradient = (
            fa.final_readout_norm(factor * crossing, **how, rule=rule) for rule in RULES
        )
        assert np.sign(by_feedback - by_gradient) == sign


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(4, 3), (3, 3), (2, 3)], ids=["tall", "square", "wide"])
def test_convergence_rate_has_the_axes_and_the_dtype_of_its_arguments(shape, dtype):
    """And promises nothing exactly where B B^T has a kernel whatever its entries: where tall."""
    B = np.random.default_rng(0).standard_normal((2, 1, *shape)).astype(dtype)
    x = np.ones((5, 1, 3), dtype)
    rate = fa.convergence_rate(B, x)
    assert rate.shape == (2, 5)
    assert rate.dtype == dtype
    assert np.all((rate > 0) == (shape != (4, 3)))


def test_convergence_rate_of_matrices_whose_eigenvalues_are_known():
    B = np.array([[3.0, 0.0, 0.0], [0.0, 2.0, 0.0]])  # B B^T has the eigenvalues 9 and 4
    x = np.array([[1.0, 1.0, 0.0], [1.0, -1.0, 0.0]]) * 1.5  # X X^T is 4.5 times the identity
    assert np.isclose(fa.convergence_rate(B, x), 2 * 4 * 4.5, rtol=16 * EPS)


@given(seed=seeds)
def test_convergence_rate_is_that_of_the_eigenvalues(seed):
    rng = np.random.default_rng(seed)
    B, x = rng.standard_normal((5, 2, 6)), rng.standard_normal((5, 3, 9))
    G, K = B @ B.mT, x @ x.mT
    expected = 2 * np.linalg.eigvalsh(G)[..., 0] * np.linalg.eigvalsh(K)[..., 0]
    # eigvalsh is right to a few roundings of the largest eigenvalue.
    scale = np.linalg.norm(G, axis=(-2, -1)) * np.linalg.norm(K, axis=(-2, -1))
    assert np.all(abs(fa.convergence_rate(B, x) - expected) <= 64 * EPS * scale)


@pytest.mark.parametrize(("B", "x"), [((3, 2), (2, 4)), ((2, 3), (5, 4))], ids=["B", "x"])
def test_convergence_rate_is_zero_where_rows_must_be_dependent(B, x):
    rng = np.random.default_rng(0)
    assert fa.convergence_rate(rng.standard_normal(B), rng.standard_normal(x)) == 0


@given(seed=seeds)
def test_no_run_is_slower_than_its_convergence_rate(seed):
    rng = np.random.default_rng(seed)
    x, y = rng.standard_normal((3, 6)), rng.standard_normal((3, 2))
    B = rng.standard_normal((2, 4))
    times = np.linspace(0.1, 1, 4)
    start = fa.State((np.zeros((4, 6)), B), (B,))
    path = fa.flow(start, x, y, times, activation=fa.linear)

    def weighted_loss(state):
        error = B.T @ (fa.end_to_end(state) @ x.T - y.T)
        return (error**2).sum((-2, -1)) / 2

    bounds = weighted_loss(start) * np.exp(-fa.convergence_rate(B, x) * times)
    # The solver's tolerance, 1e-10, counts against a loss that may be 1e-4 of its start by then.
    assert np.all(weighted_loss(path) <= bounds * (1 + 1e-9) + 1e-12 * weighted_loss(start))


def test_excess_risk_is_the_squared_distance_for_the_identity():
    theta, teacher = np.array([[1.0, 2.0], [0.0, 4.0]]), np.array([[1.0, 0.0], [3.0, 4.0]])
    assert fa.excess_risk(theta, teacher) == 13
    assert fa.excess_risk(theta, teacher, np.eye(2)) == 13
    assert fa.excess_risk(theta, theta, np.diag([1.0, 7.0])) == 0


def test_excess_risk_is_the_mean_squared_error_on_fresh_inputs():
    rng = np.random.default_rng(3)
    root = rng.standard_normal((5, 5))
    covariance = root @ root.T
    theta, teacher = rng.standard_normal((2, 4, 2, 5))
    x = fa.gaussian_inputs(100_000, 5, rng=rng, covariance=covariance)
    errors = ((x @ (theta - teacher).mT) ** 2).sum(-1)
    standard_error = errors.std(axis=-1) / errors.shape[-1] ** 0.5
    risks = fa.excess_risk(theta, teacher, covariance)
    assert np.all(abs(errors.mean(-1) - risks) < 4 * standard_error)


@given(seed=seeds)
def test_excess_risk_is_the_quadratic_form(seed):
    rng = np.random.default_rng(seed)
    root = rng.standard_normal((4, 3))  # a singular covariance
    theta, teacher = rng.standard_normal((6, 2, 4)), rng.standard_normal((2, 4))
    covariance = root @ root.T
    expected = np.einsum("...mi,ij,...mj", theta - teacher, covariance, theta - teacher)
    risks = fa.excess_risk(theta, teacher, covariance)
    # The square root of a singular matrix keeps half of the digits of its zero eigenvalue.
    scale = np.linalg.norm(theta - teacher, axis=(-2, -1)) ** 2 * np.linalg.norm(covariance)
    assert np.all(abs(risks - expected) <= 64 * EPS * scale)
    assert np.all(risks >= 0)


ROW = np.ones((1, 2))


@pytest.mark.parametrize(
    ("call", "names"),
    [
        (lambda: fa.convergence_rate(np.ones(2), ROW), "B"),
        (lambda: fa.convergence_rate(ROW, np.full((1, 2), np.nan)), "x"),
        (lambda: fa.convergence_rate(ROW, ROW.astype(object)), "x"),
        (lambda: fa.convergence_rate(np.ones((2, 1, 2)), np.ones((3, 1, 2))), "leading axes"),
        (lambda: fa.final_readout_norm(-1, feedback_norm=1, kappa=1), "theta_norm"),
        (lambda: fa.final_readout_norm("much", feedback_norm=1, kappa=1), "theta_norm"),
        (lambda: fa.final_readout_norm(np.inf, feedback_norm=1, kappa=1), "theta_norm"),
        (lambda: fa.final_readout_norm(1, feedback_norm=0, kappa=1), "feedback_norm"),
        (lambda: fa.final_readout_norm(1, feedback_norm=1, kappa=-1), "kappa"),
        (
            lambda: fa.final_readout_norm(
                1, feedback_norm=1, kappa=[0, 1], rule=fa.gradient_descent
            ),
            "kappa",
        ),
        (lambda: fa.final_readout_norm(1, feedback_norm=1, kappa=1, rule=fa.kolen_pollack), "rule"),
        (lambda: fa.final_readout_norm(1, feedback_norm=1, kappa=1, rule="FA"), "rule"),
        (
            lambda: fa.final_readout_norm([1, 2], feedback_norm=[1, 2, 3], kappa=1),
            "leading axes",
        ),
        (lambda: fa.excess_risk(ROW, np.ones(2)), "teacher"),
        (lambda: fa.excess_risk(np.ones((1, 3)), ROW), "theta"),
        (lambda: fa.excess_risk(np.ones((2, 2)), ROW), "theta"),
        (lambda: fa.excess_risk(ROW.astype(np.float32), ROW), "theta"),
        (lambda: fa.excess_risk(np.ones((2, 1, 2)), np.ones((3, 1, 2))), "leading axes"),
        (lambda: fa.excess_risk(ROW, ROW, np.eye(3)), "covariance"),
        (lambda: fa.excess_risk(ROW, ROW, -np.eye(2)), "covariance"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(call, names):
    with pytest.raises(ValueError, match=rf"^{names}: got .*, expected "):
        call()
