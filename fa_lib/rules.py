"""Learning rules: how the output error becomes a teaching signal for every layer.

A rule turns the output error e into signals delta_1..delta_L, with delta_L = e, and says whether
the feedback moves. Layer i then moves by dW_i/dt = -sum over samples of delta_i a_{i-1}^T.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from fa_lib._arrays import Array, namespace
from fa_lib.network import Activation, Loss, State

Signals = Callable[[State, tuple[Array, ...], Array, Array], tuple[Array, ...]]


def passed_back(carriers: Callable[[State], tuple[Array, ...]]) -> Signals:
    """Pass the error layer by layer: delta_i = (M_{i+1}^T delta_{i+1}) * phi'(h_i).

    ``carriers`` gives ``M_2..M_L`` from the state.
    """

    def signals(
        state: State, slopes: tuple[Array, ...], error: Array, y: Array
    ) -> tuple[Array, ...]:
        deltas = [error]
        for M, slope in zip(reversed(carriers(state)), reversed(slopes), strict=True):
            deltas.append((deltas[-1] @ M) * slope)
        return tuple(reversed(deltas))

    return signals


def broadcast(teacher: Callable[[Array, Array], Array]) -> Signals:
    """Send one output signal straight to every hidden layer: delta_i = (B_i^T s) * phi'(h_i).

    ``teacher`` gives s from the output error and the target; the read-out still learns from e.
    """

    def signals(
        state: State, slopes: tuple[Array, ...], error: Array, y: Array
    ) -> tuple[Array, ...]:
        s = teacher(error, y)
        hidden = ((s @ B) * slope for B, slope in zip(state.feedback, slopes, strict=True))
        return (*hidden, error)

    return signals


def fixed_feedback(state: State, directions: tuple[Array, ...]) -> State:
    """Move the weights along ``directions``; leave the feedback where it is."""
    return State(directions, tuple(0 * B for B in state.feedback))


def following_feedback(state: State, directions: tuple[Array, ...]) -> State:
    """Move the weights along ``directions``, and B_{i+1} by the same amount as W_{i+1}."""
    return State(directions, directions[1:])


class Rule(NamedTuple):
    """A learning rule.

    Attributes
    ----------
    name : str
        As the field abbreviates it.
    signals : callable
        (state, slopes phi'(h_1)..phi'(h_{L-1}), output error, target) -> (delta_1..delta_L).
    motion : callable
        (state, directions -sum delta_i a_{i-1}^T) -> the time derivative, as a State.
    broadcast : bool
        Whether the feedback matrices reach from the output to each hidden layer.
    """

    name: str
    signals: Signals
    motion: Callable[[State, tuple[Array, ...]], State] = fixed_feedback
    broadcast: bool = False


def _signs(state: State) -> tuple[Array, ...]:
    return tuple(namespace(W).sign(W) for W in state.weights[1:])


def _pseudoinverses(state: State) -> tuple[Array, ...]:
    return tuple(np.linalg.pinv(W).mT for W in state.weights[1:])


gradient_descent = Rule("GD", passed_back(lambda state: state.weights[1:]))
feedback_alignment = Rule("FA", passed_back(lambda state: state.feedback))
sign_symmetric = Rule("uSF", passed_back(_signs))
kolen_pollack = Rule("KP", passed_back(lambda state: state.feedback), following_feedback)
pseudo_backpropagation = Rule("pseudo-BP", passed_back(_pseudoinverses))
direct_feedback_alignment = Rule("DFA", broadcast(lambda error, y: error), broadcast=True)
target_projection = Rule("DRTP", broadcast(lambda error, y: -y), broadcast=True)


def teach(
    state: State,
    preactivations: tuple[Array, ...],
    y: Array,
    rule: Rule,
    activation: Activation,
    loss: Loss,
) -> tuple[Array, ...]:
    """Return delta_1..delta_L, (..., N, n_i) each, for a forward pass already made; unchecked."""
    *hidden, prediction = preactivations
    slopes = tuple(activation.derivative(h) for h in hidden)
    return rule.signals(state, slopes, loss.error(prediction, y), y)
