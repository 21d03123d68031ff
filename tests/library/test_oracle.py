"""The audit: it lets correct backward passes through, and names what is wrong with others."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import fa_lib as fa
from fa_lib.wiring import chain, constant, flatten, max_pool, patches
from strategies import HOMOGENEOUS, RULES, each, exact_problems, problems, seeds

LAYERED = [rule for rule in RULES.values() if rule.carriers and "BP" not in rule.name]


def drawn(seed, *, widths=(7, 8, 8, 3), samples=16, dtype=float):
    """Draw a network with feedback, and its data."""
    rng = np.random.default_rng(seed)
    state = each(lambda M: M.astype(dtype), fa.initial_state(widths, rng=rng))
    return (
        state,
        rng.standard_normal((samples, widths[0])).astype(dtype),
        rng.standard_normal((samples, widths[-1])).astype(dtype),
    )


def audited(state, x, y, *, rule=fa.feedback_alignment, activation=fa.relu, claimed=None):
    """Audit what `velocity` does by one rule, as if it were another."""
    moves = fa.velocity(state, x, y, rule=rule, activation=activation).weights
    degree = activation.degree
    return fa.audit(state.weights, moves, state.feedback, degree=degree, rule=claimed or rule)


# Correct code.


@given(problem=exact_problems(), rule=st.sampled_from(LAYERED))
def test_correct_passes_balance_exactly(problem, rule):
    said = audited(problem.state, problem.x, problem.y, rule=rule, activation=problem.activation)
    assert all(r == 0 or np.isnan(r) for r in said.balance)
    assert all(bound == 0 or np.isnan(bound) for bound in said.bound)


@given(problem=problems(activations=HOMOGENEOUS, ensembles=((),)), rule=st.sampled_from(LAYERED))
def test_correct_passes_are_kept_whatever_the_network(problem, rule):
    options = {"rule": rule, **problem.options}
    moves = fa.velocity(problem.state, problem.x, problem.y, **options).weights
    said = fa.audit(
        problem.state.weights,
        moves,
        problem.state.feedback,
        degree=problem.activation.degree,
        rule=rule,
    )
    assert not any(r > bound for r, bound in zip(said.balance, said.bound, strict=True))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_thousand_of_a_thousand_correct_passes_hold(dtype):
    assert all(audited(*drawn(seed, dtype=dtype)).holds for seed in range(1000))


@pytest.mark.parametrize("samples", [1, 4, 256])
def test_gradients_may_be_sums_or_means_of_either_sign(samples):
    state, x, y = drawn(0, samples=samples)
    moves = fa.velocity(state, x, y).weights
    for scale in (1, -1, 1 / samples, 1e-6):
        fa.assert_feedback_alignment(state.weights, [scale * G for G in moves], state.feedback)


def test_biases_kernels_and_flattened_channels_count():
    """A network with wires in the layout of PyTorch: kernels of four axes, biases by themselves."""
    rng = np.random.default_rng(0)
    phi = fa.wired(
        fa.relu,
        chain(patches((6, 6, 2), 3), constant(18)),
        chain(max_pool((4, 4, 5), 2), flatten((2, 2, 5)), constant(20)),
    )
    state = fa.initial_state((2, 5, 3), rng=rng, activation=phi)
    x = rng.standard_normal((4, 72))
    moves = fa.velocity(state, x, rng.standard_normal((4, 3)), activation=phi)

    def parts(weights):
        kernel, dense = weights
        return [
            (kernel[:, :-1].reshape(5, 2, 3, 3), kernel[:, -1]),
            (dense[:, :-1], dense[:, -1]),
        ]

    (B,) = state.feedback
    fa.assert_feedback_alignment(parts(state.weights), parts(moves.weights), [B[:, :-1]])
    incomplete = [[layer[0] for layer in parts(w)] for w in (state.weights, moves.weights)]
    assert not fa.audit(*incomplete, [B[:, :-1]]).holds  # the bias was left out


def normalised_pass(seed):
    """Return weights and gradients of a hidden layer under batch normalisation and ReLU."""
    rng = np.random.default_rng(seed)
    x, e, W, V, B = map(rng.standard_normal, [(16, 7), (16, 3), (8, 7), (3, 8), (3, 8)])
    h = x @ W.T
    z = (h - h.mean(0)) / h.std(0)
    s = (e @ B) * (z > 0)
    delta = (s - s.mean(0) - z * (s * z).mean(0)) / h.std(0)
    return (W, V), [delta.T @ x, e.T @ np.maximum(z, 0)], [B], (s / h.std(0)).T @ x


def test_at_degree_zero_what_leads_in_balances_by_itself():
    for seed in range(100):
        weights, gradients, feedback, without_moments = normalised_pass(seed)
        fa.assert_feedback_alignment(weights, gradients, feedback, degree=0)
        wrong = [without_moments, gradients[1]]  # mean and deviation taken for constants
        said = fa.audit(weights, wrong, feedback, degree=0)
        assert said.balance[0] > 0.01
        assert "BROKEN" in str(said)


@pytest.mark.parametrize("name", ["DFA", "DRTP"])
def test_rules_that_broadcast_are_audited_at_virtual_readouts(name):
    rule = RULES[name]
    rng = np.random.default_rng(0)
    state = fa.initial_state((7, 8, 6, 3), rng=rng, rule=rule)
    x, y = rng.standard_normal((16, 7)), rng.standard_normal((16, 3))
    moves = fa.velocity(state, x, y, rule=rule).weights
    readouts = fa.readout_velocity(state, x, y, rule=rule)
    for W, G, V, B in zip(state.weights, moves, readouts, state.feedback, strict=False):
        fa.assert_feedback_alignment([W, B], [G, V], [B])
        assert not fa.audit([W, B], [-G, V], [B]).holds


# What is wrong, and where.


def planted(change, seed=0):
    """Audit gradients that were changed."""
    state, x, y = drawn(seed)
    moves = list(fa.velocity(state, x, y).weights)
    return fa.audit(state.weights, change(moves), state.feedback)


@pytest.mark.parametrize("factor", [Fraction(1, 16), Fraction(1, 288), Fraction(3), Fraction(-1)])
def test_a_factor_between_two_layers_is_found_and_named(factor):
    for seed in range(100):
        said = planted(lambda moves: [moves[0] * float(factor), *moves[1:]], seed)
        assert said.factor == pytest.approx((factor, 1), rel=1e-12)
        assert "hidden layer 1: BROKEN" in str(said)
        assert "hidden layer 2: kept" in str(said)
        assert f"are {factor} times" in str(said)


def test_a_factor_that_is_no_simple_fraction_is_written_out():
    assert "are 0.378 times" in str(planted(lambda moves: [0.378 * moves[0], *moves[1:]]))


def test_a_layer_of_another_scale_breaks_both_its_junctions():
    said = planted(lambda moves: [moves[0], moves[1] / 5, moves[2]])
    assert said.factor == pytest.approx((5, 0.2))


def test_faults_that_cancel_between_units_are_seen():
    """The sum over the layer is right: only the units tell."""
    state, x, y = drawn(0)
    first, *rest = fa.velocity(state, x, y).weights
    a = (first * state.weights[0]).sum(axis=1)
    scale = np.ones(8)
    scale[:2] = 2, 1 - a[0] / a[1]
    said = fa.audit(state.weights, [scale[:, None] * first, *rest], state.feedback)
    assert said.balance[0] > 0.01
    assert np.isnan(said.factor[0])


CARRIED = {
    "the weights themselves (GD)": fa.gradient_descent,
    "the signs of the weights (uSF)": fa.sign_symmetric,
    "the sizes of the feedback with the signs of the weights (frSF)": fa.weighted_sign,
}


@pytest.mark.parametrize("name", CARRIED)
def test_another_rule_is_recognised(name):
    said = audited(*drawn(0), rule=CARRIED[name], claimed=fa.feedback_alignment)
    assert said.fits == (name, name)
    assert name in str(said)


def test_feedback_where_none_should_be_is_recognised():
    said = audited(*drawn(0), claimed=fa.gradient_descent)
    assert said.fits == ("the feedback (FA)",) * 2


def test_transposed_feedback_is_recognised():
    state, x, y = drawn(0)
    turned = state._replace(feedback=(state.feedback[0].T, state.feedback[1]))
    moves = fa.velocity(turned, x, y).weights
    said = fa.audit(state.weights, moves, state.feedback)
    assert said.fits == ("the transpose of the feedback", "")
    assert said.balance[1] <= said.bound[1]


def test_where_nothing_moves_nothing_was_tested():
    state, x, y = drawn(0)
    none = [0 * G for G in fa.velocity(state, x, y).weights]
    said = fa.audit(state.weights, none, state.feedback)
    assert not said.holds
    assert str(said).count("nothing moved, so nothing was tested") == 2
    with pytest.raises(AssertionError, match="nothing moved"):
        fa.assert_feedback_alignment(state.weights, none, state.feedback)


def test_where_rounding_could_hide_a_fault_nothing_was_tested():
    said = audited(*drawn(0, dtype=np.float16))
    assert not said.holds
    assert str(said).count("not tested") == 2
    state, x, y = drawn(0)
    moves = fa.velocity(state, x, y).weights
    assert not fa.audit(state.weights, moves, state.feedback, accuracy=0.1).holds


@given(seed=seeds)
def test_the_bound_covers_what_the_accuracy_allows(seed):
    """Each entry of each gradient may be off by its share; the worst signs are tried as well."""
    rng = np.random.default_rng(seed)
    state, x, y = drawn(seed)
    moves = fa.velocity(state, x, y).weights
    for signs in (rng.choice([-1, 1], 3), [1, -1, 1], [-1, 1, -1]):
        pairs = zip(moves, state.weights, signs, strict=True)
        off = [G * (1 + 1e-6 * sign * np.sign(G * W)) for G, W, sign in pairs]
        said = fa.audit(state.weights, off, state.feedback, accuracy=1e-6)
        assert not any(r > 1.001 * bound for r, bound in zip(said.balance, said.bound, strict=True))


def test_the_assertion_says_what_a_stranger_needs():
    state, x, y = drawn(0)
    first, *rest = fa.velocity(state, x, y).weights
    with pytest.raises(AssertionError) as failure:
        fa.assert_feedback_alignment(state.weights, [first / 16, *rest], state.feedback)
    assert str(failure.value).splitlines()[0] == "this backward pass is not one of FA"
    said = " ".join(str(failure.value).split())
    assert "The gradients of W_1 are 1/16 times what those of W_2" in said


# Bad input.

STATE, X, Y = drawn(0)
W, G, B = STATE.weights, fa.velocity(STATE, X, Y).weights, STATE.feedback
REFUSED = {
    "no gradient": ((W, [G[0], None, G[2]], B), "the gradient of W_2: got None"),
    "another shape": ((W, [G[0].T, *G[1:]], B), r"the gradient of W_1: got shape \(7, 8\)"),
    "too few layers": ((W, G[:2], B), "gradients: got 2 layers"),
    "a bias without gradient": (([(W[0], W[0][:, 0]), *W[1:]], G, B), "the gradient of W_1: got 1"),
    "too little feedback": ((W, G, B[:1]), "feedback: got 1 arrays"),
    "feedback of another shape": ((W, G, [B[0], B[1].T]), "B_3: got shape"),
    "inputs first": (
        ([A.T for A in W], [A.T for A in G], [A.T for A in B]),
        r"W_2: got shape \(8, 8\)|W_3: got shape \(8, 3\)",
    ),
    "one layer": ((W[:1], G[:1], ()), "W: got 1 layers"),
    "no sequence": ((None, G, B), "W: got None"),
    "no array": ((["W", *W[1:]], G, B), "W_1: got 'W', expected an array"),
    "integers": ((W, [G[0].astype(int), *G[1:]], B), "the gradient of W_1: got dtype int64"),
    "weights that are not finite": (
        ([*W[:2], W[2] * np.inf], G, B),
        "W_3: got an entry",
    ),
    "products that overflow": (
        [[1e25 * M.astype(np.float32) for M in part] for part in (W, G, B)],
        "gradients: got products with the weights that overflow",
    ),
    "not finite": ((W, [G[0] * np.nan, *G[1:]], B), "the gradient of W_1: got an entry"),
    "masked": ((W, [np.ma.array(G[0]), *G[1:]], B), "the gradient of W_1: got a MaskedArray"),
}


@pytest.mark.parametrize("what", REFUSED)
@pytest.mark.parametrize("use", [fa.audit, fa.assert_feedback_alignment])
def test_bad_input_is_refused(use, what):
    arguments, message = REFUSED[what]
    with pytest.raises(ValueError, match=message):
        use(*arguments)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"rule": fa.direct_feedback_alignment}, "rule: got DFA"),
        ({"rule": "FA"}, "rule: got 'FA'"),
        ({"degree": "1"}, "degree: got 1"),
        ({"accuracy": -1}, "accuracy: got -1"),
        ({"accuracy": float("nan")}, "accuracy: got nan"),
    ],
)
def test_bad_options_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        fa.audit(W, G, B, **options)
