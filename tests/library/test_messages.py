"""What a refusal says, word for word: one call for each sentence that the library can say."""

from fractions import Fraction
from types import SimpleNamespace

import array_api_strict
import numpy as np
import pytest
import sympy

import fa_lib
from fa_lib import State
from strategies import each

rng = np.random.default_rng(0)
state = fa_lib.initial_state((3, 4, 5, 2), rng=rng)
pair = fa_lib.initial_state((3, 4, 5, 2), rng=rng, ensemble=(2,))
three = fa_lib.initial_state((3, 4, 5, 2), rng=rng, ensemble=(3,))
six = State(tuple(np.stack([W] * 2) for W in three.weights), three.feedback)
W_1, W_2, W_3 = state.weights
B_2, B_3 = state.feedback
x, y, theta = rng.standard_normal((6, 3)), rng.standard_normal((6, 2)), np.ones((2, 3))
exact = each(lambda M: (M * 0).astype(int).astype(object) + Fraction(1, 2), state)
exact_x = (x * 0).astype(int).astype(object)
exact_y = (y * 0).astype(int).astype(object)
inexact_x = np.full(x.shape, 0.5, dtype=object)
single = each(lambda M: M.astype(np.float32), state)
small, _, expand = fa_lib.compress(state, x[:2])


def moved(x=x, y=y, state=state, **options):
    fa_lib.velocity(state, x, y, **options)


def stepped(step, start=state):
    fa_lib.descend(start, [], step=step)


def flowed(times=(1.0,), start=state, x=x, y=y, **options):
    fa_lib.flow(start, x, y, times, **options)


def drawn(widths=(3, 4, 2), **options):
    fa_lib.initial_state(widths, **({"rng": rng} | options))


path = each(lambda M: np.stack([M] * 3), state)


def judged(law=fa_lib.layer_law, path=path, **options):
    fa_lib.discrete_law(path, law, **options)


MESSAGES = {
    # Arrays.
    "x: got a list, expected an array": lambda: moved(x.tolist()),
    "y: got a list, expected an array": lambda: moved(y=y.tolist()),
    "x: got a MaskedArray, expected a plain array": lambda: moved(np.ma.masked_array(x)),
    "x: got shape (3,), expected at least two axes": lambda: moved(x[0]),
    "x: got dtype int64, expected a floating-point dtype, or exact objects": lambda: moved(
        x.astype(np.int64)
    ),
    "x: got an array of array_api_strict, expected an array of numpy, as the weights are": (
        lambda: moved(array_api_strict.asarray(x))
    ),
    "x: got dtype float32, expected float64, the dtype of the weights": lambda: moved(
        x.astype(np.float32)
    ),
    "x: got shape (0, 3), which is empty, expected at least one entry": lambda: moved(x[:0]),
    "x: got an entry that is not finite, expected finite entries only": lambda: moved(x * np.nan),
    "x: got a float among its objects, expected exact numbers only": lambda: moved(
        inexact_x, state=exact
    ),
    "x: got a Float among its objects, expected exact numbers only": lambda: moved(
        exact_x + sympy.Float(0.5), state=exact
    ),
    "W_1: got dtype object, expected a floating-point dtype": lambda: fa_lib.weight_alignment(
        exact
    ),
    "B: got an array of array_api_strict, expected an array of numpy": (
        lambda: fa_lib.convergence_rate(array_api_strict.asarray(B_2), x)
    ),
    "x: got an array of array_api_strict, expected an array of numpy": (
        lambda: fa_lib.linear_teacher(array_api_strict.asarray(x), 2, rng=rng)
    ),
    "B: got dtype float16, expected float32 or float64": lambda: fa_lib.convergence_rate(
        B_2.astype(np.float16), x
    ),
    "B: got dtype object, expected float32 or float64": lambda: fa_lib.convergence_rate(
        exact.feedback[0], x
    ),
    "x: got shape (6, 2), expected (..., N, 3)": lambda: moved(x[:, :2]),
    "y: got shape (5, 2), expected (..., 6, 2)": lambda: moved(y=y[:5]),
    "y: got shape (5, 2), expected (..., 6, n_L), a row per row of x": lambda: fa_lib.full_batch(
        x, y[:5]
    ),
    "W: got shape (3, 4), expected (..., m, 3)": lambda: fa_lib.row_space_split(W_1.T, x),
    "W: got dtype float32, expected float64, the dtype of x": lambda: fa_lib.row_space_split(
        W_1.astype(np.float32), x
    ),
    "theta: got dtype float32, expected float64, the dtype of teacher": lambda: fa_lib.excess_risk(
        theta.astype(np.float32), theta
    ),
    "theta: got shape (2, 3), expected 6 rows, as the teacher": lambda: fa_lib.excess_risk(
        theta, x
    ),
    "theta: got shape (2, 3), expected 2 columns, as the teacher": (
        lambda: fa_lib.excess_risk(theta, y)
    ),
    "covariance: got shape (2, 2), expected (3, 3)": lambda: fa_lib.gaussian_inputs(
        6, 3, rng=rng, covariance=np.eye(2)
    ),
    "covariance: got another matrix, expected a symmetric positive semidefinite one": (
        lambda: fa_lib.gaussian_inputs(6, 3, rng=rng, covariance=-np.eye(3))
    ),
    "cosine: got 0.5, expected an array": lambda: fa_lib.angle(0.5),
    "cosine: got dtype int64, expected an array of a floating-point dtype": lambda: fa_lib.angle(
        np.zeros(2, np.int64)
    ),
    "cosine: got an entry beyond 1 or -1, expected entries from -1 to 1": lambda: fa_lib.angle(
        2 * x
    ),
    # States.
    "state: got None, expected a State(weights, feedback)": lambda: moved(state=None),
    "state: got a SimpleNamespace, expected a State(weights, feedback)": lambda: moved(
        state=SimpleNamespace(weights=state.weights)
    ),
    "weights: got 1.0, expected a tuple of arrays": lambda: moved(
        state=state._replace(weights=1.0)
    ),
    "weights: got 1 matrices, expected at least two: one hidden layer": lambda: moved(
        state=State((W_1,), ())
    ),
    "W_2: got shape (2, 5), expected (..., 2, 4), to follow W_1": lambda: moved(
        state=State((W_1, W_3), (B_3,))
    ),
    "W_1: got shape (4, 3), expected (..., 4, 2)": lambda: expand(state),
    "feedback: got 0 matrices, expected 2, one for each hidden layer": lambda: moved(
        state=state._replace(feedback=())
    ),
    "B_2: got shape (4, 5), expected (..., 5, 4)": lambda: moved(
        state=state._replace(feedback=(B_2.T, B_3))
    ),
    "B_1: got shape (5, 4), expected (..., 2, 4)": lambda: moved(
        rule=fa_lib.direct_feedback_alignment
    ),
    "leading axes: got [(), (2,), (3,)], expected shapes that broadcast together": lambda: moved(
        np.stack([x] * 3), state=pair
    ),
    "state: got ndarray of dtype float32, expected NumPy arrays of float64": lambda: flowed(
        start=single, x=x.astype(np.float32), y=y.astype(np.float32)
    ),
    # What learns, and by what.
    "rule: got 1, expected a Rule, such as feedback_alignment": lambda: moved(rule=1),
    "reference: got 1, expected a Rule, such as feedback_alignment": lambda: (
        fa_lib.signal_alignment(state, x, y, reference=1)
    ),
    "rule: got FA, expected a rule that broadcasts: DFA or DRTP": lambda: fa_lib.readout_velocity(
        state, x, y, rule=fa_lib.feedback_alignment
    ),
    "rule: got DFA, expected a rule with a potential, such as FA or GD": lambda: fa_lib.layer_law(
        state, rule=fa_lib.direct_feedback_alignment
    ),
    "rule: got KP, expected FA or GD": lambda: fa_lib.final_readout_norm(
        1, feedback_norm=1, kappa=1, rule=fa_lib.kolen_pollack
    ),
    "activation: got 1, expected an Activation, such as relu": lambda: moved(activation=1),
    "activation: got tanh, expected a piecewise linear one, of degree 1": lambda: (
        fa_lib.lie_closure((1, 2, 1), activation=fa_lib.tanh, rng=rng)
    ),
    "loss: got 1, expected a Loss, such as squared_error": lambda: moved(loss=1),
    "rule: got uSF, expected a rule with a matrix law: FA, GD or KP": lambda: fa_lib.matrix_law(
        state, rule=fa_lib.sign_symmetric
    ),
    "rule: got DFA, expected one whose error passes layer by layer, such as FA": lambda: judged(
        rule=fa_lib.direct_feedback_alignment
    ),
    "law: got 1, expected layer_law, neuron_law or matrix_law": lambda: judged(1),
    "path: got weights of shape (4, 3), expected an axis of at least two times before all others": (
        lambda: judged(path=state)
    ),
    "W_2: got shape (5, 4), expected an axis of 3 times before all others, as that of W_1": (
        lambda: judged(path=path._replace(weights=(path.weights[0], W_2, path.weights[2])))
    ),
    "degree: got 2, expected 1, as matrix_law is that of linear networks": lambda: judged(
        fa_lib.matrix_law, degree=2
    ),
    "rates: got 1, expected a number for each layer": lambda: judged(rates=1),
    "rates: got 2 numbers, expected 3, one for each layer": lambda: judged(rates=(1, 2)),
    "rate 2: got 0, expected a positive number": lambda: judged(rates=(1, 0, 1)),
    "values: got 1, expected a function of the state, such as layer_law": lambda: fa_lib.watch(
        1, state, [(x, y)], step=0.1, steps=1
    ),
    "every: got 2, expected a divisor of 3, the number of steps": lambda: fa_lib.train(
        state, [(x, y)] * 3, step=0.1, steps=3, every=2
    ),
    "batches: got 2 of them, expected 3, one for each step": lambda: fa_lib.train(
        state, [(x, y)] * 2, step=0.01, steps=3
    ),
    "batch 1: got a dict, expected a pair (x, y)": lambda: list(
        fa_lib.descend(state, [{"x": x, "y": y}], step=1)
    ),
    "rng: got 0, expected a numpy.random.Generator": lambda: drawn(rng=0),
    # Numbers.
    "step: got 0, expected a positive finite number": lambda: stepped(0),
    "step: got 0.5, expected a Fraction, since the weights are exact": lambda: stepped(0.5, exact),
    "step: got dtype float32, expected float64, as the weights": lambda: stepped(np.float32([1])),
    "step: got shape (0,), which is empty, expected at least one entry": lambda: stepped(
        np.empty(0)
    ),
    "step: got an array with zero, negative or infinite entries, expected positive finite ones": (
        lambda: stepped(np.zeros(1))
    ),
    "step: got shape (3,), expected one that broadcasts to the leading axes (2,)": lambda: stepped(
        np.ones(3), pair
    ),
    "step: got shape (5,), expected one that broadcasts to the leading axes (2, 3)": (
        lambda: stepped(np.ones(5), six)
    ),
    "step: got 2 of them, expected 3, one for each layer": lambda: stepped([0.1, 0.2]),
    "step: got '1', expected a positive number, or an array of them": lambda: stepped("1"),
    "slope: got 0.5, expected a Fraction, since the weights are exact": lambda: moved(
        exact_x, exact_y, exact, activation=fa_lib.leaky_relu(0.5)
    ),
    "degree: got nan, expected a finite number": lambda: fa_lib.layer_law(state, degree=np.nan),
    "decay: got -1, expected zero or more": lambda: fa_lib.with_weight_decay(
        fa_lib.kolen_pollack, -1
    ),
    "rtol: got 0, expected a positive number": lambda: flowed(rtol=0),
    "times: got shape (0,), expected a sequence of times": lambda: flowed([]),
    "times: got [1, 0], expected finite times that increase, from 0 or later": lambda: flowed(
        [1, 0]
    ),
    "times: got None, expected finite times that increase, from 0 or later": lambda: flowed(None),
    "widths: got (3, 2), expected three or more positive integers n_0..n_L": lambda: drawn((3, 2)),
    "ensemble: got 5, expected a tuple of positive integers": lambda: drawn(ensemble=5),
    "weight_scale: got -1, expected finite numbers of zero or more": lambda: drawn(weight_scale=-1),
    "weight_scale: got 1j, expected finite numbers of zero or more": lambda: drawn(weight_scale=1j),
    "weight_scale: got shape (2,), expected one that broadcasts to ensemble (3,)": lambda: drawn(
        weight_scale=np.ones(2), ensemble=(3,)
    ),
    "feedback_norm: got 0, expected positive numbers": lambda: fa_lib.final_readout_norm(
        1, feedback_norm=0, kappa=1
    ),
    "kappa: got 0, expected positive numbers: gradient descent does not leave zero": (
        lambda: fa_lib.final_readout_norm(1, feedback_norm=1, kappa=0, rule=fa_lib.gradient_descent)
    ),
    "size: got 7, expected a positive integer of at most 6": lambda: fa_lib.minibatches(
        x, y, 7, rng=rng
    ),
    "samples: got 0, expected a positive integer": lambda: fa_lib.gaussian_inputs(0, 3, rng=rng),
    "labels: got shape (1, 1) of int64, expected whole numbers (N,) of zero or more": (
        lambda: fa_lib.one_hot(np.zeros((1, 1), np.int64))
    ),
    "labels: got [[0], [1, 2]], expected whole numbers (N,) of zero or more": lambda: (
        fa_lib.one_hot([[0], [1, 2]])
    ),
}


@pytest.mark.parametrize(("message", "call"), MESSAGES.items(), ids=MESSAGES)
def test_a_refusal_says_what_came_and_what_was_expected(message, call):
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        call()
    assert str(caught.value) == message
