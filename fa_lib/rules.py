"""Learning rules: how the output error becomes a teaching signal for every layer.

A rule turns the output error e into signals delta_1..delta_L, with delta_L = e, and says whether
the feedback moves. Layer i then moves by dW_i/dt = -sum over samples of delta_i a_{i-1}^T.
"""

import operator
from collections.abc import Callable, Sequence
from typing import Any

from fa_lib import _checks
from fa_lib._arrays import Array, Result, namespace, product, pseudoinverse, scaled
from fa_lib.state import Carriers, Passage, Rule, Signals, State


def passed_back(carriers: Carriers) -> Signals:
    """Pass the error layer by layer: delta_i = (M_{i+1}^T delta_{i+1}) * phi'(h_i).

    ``carriers`` gives ``M_2..M_L`` from the state.
    """

    def signals(
        state: State, passages: Sequence[Passage], error: Array, y: Array
    ) -> Sequence[Result]:
        deltas = [error]
        for M, (slope, back) in zip(reversed(carriers(state)), reversed(passages), strict=True):
            carried = product(deltas[-1], M)
            deltas.append(scaled(back(carried) if back else carried, slope))
        return deltas[::-1]

    return signals


def broadcast(teacher: Callable[[Array, Array], Result]) -> Signals:
    """Send one output signal straight to every hidden layer: delta_i = (B_i^T s) * phi'(h_i).

    ``teacher`` gives s from the output error and the target; the read-out still learns from e.
    """

    def signals(
        state: State, passages: Sequence[Passage], error: Array, y: Array
    ) -> Sequence[Result]:
        s = teacher(error, y)
        # The signal may lack the axes of an ensemble, and then no product has memory for it.
        layers = zip(state.feedback, passages, strict=True)
        return (*(_heard(product(s, B), passage) for B, passage in layers), error)

    return signals


def _heard(sent: Array, passage: Passage) -> Result:
    if passage.back:  # a wired layer may have several rows for a sample
        sent = namespace(sent).reshape(sent, (*sent.shape[:-2], *passage.slope.shape[-2:]))
    return sent * passage.slope


def following_feedback(state: State, directions: tuple[Array, ...]) -> State:
    """Move the weights along ``directions``, and B_{i+1} by the same amount as W_{i+1}."""
    return State(directions, directions[1:])


def _columns(A: Array) -> Result:
    """Sum each column: the outgoing weights of one neuron."""
    return namespace(A).sum(A, axis=-2)


def _signs(state: State) -> tuple[Result, ...]:
    return tuple(namespace(W).sign(W) for W in state.weights[1:])


def _weighted_signs(state: State) -> tuple[Result, ...]:
    return tuple(map(operator.mul, map(abs, state.feedback), _signs(state)))


def _pseudoinverses(state: State) -> tuple[Result, ...]:
    return tuple(pseudoinverse(W).mT for W in state.weights[1:])


def _of_weights(state: State) -> tuple[Result, ...]:
    return state.weights[1:]


def _of_feedback(state: State) -> tuple[Result, ...]:
    return state.feedback


def _layered(name: str, carriers: Carriers, **more: Any) -> Rule:
    return Rule(name, passed_back(carriers), carriers=carriers, **more)


def _direct(name: str, teacher: Callable[[Array, Array], Result]) -> Rule:
    return Rule(name, broadcast(teacher), teacher=teacher)


gradient_descent = _layered(
    "GD",
    _of_weights,
    potential=lambda W, B: _columns(W * W) / 2,
    gram=lambda W, B: W.mT @ W,
    reads_feedback=False,
)
feedback_alignment = _layered(
    "FA",
    _of_feedback,
    potential=lambda W, B: _columns(W * B),
    gram=lambda W, B: B.mT @ W + W.mT @ B,
)
sign_symmetric = _layered(
    "uSF", _signs, potential=lambda W, B: _columns(abs(W)), reads_feedback=False
)
weighted_sign = _layered("frSF", _weighted_signs, potential=lambda W, B: _columns(abs(B * W)))
kolen_pollack = _layered(
    "KP",
    _of_feedback,
    motion=following_feedback,
    potential=lambda W, B: _columns(B * B) / 2,
    gram=lambda W, B: B.mT @ B,
)
pseudo_backpropagation = _layered("pseudo-BP", _pseudoinverses, reads_feedback=False)
direct_feedback_alignment = _direct("DFA", lambda error, y: error)
target_projection = _direct("DRTP", lambda error, y: -y)


def with_weight_decay(rule: Rule, decay: float) -> Rule:
    """Return the rule with weights that also decay: dW/dt = (what the rule says) - decay * W.

    Feedback that follows the weights decays with them, as in Kolen and Pollack (1994); feedback
    that is fixed stays fixed.

    Parameters
    ----------
    rule : Rule
    decay : number
        Zero or more, per unit of time.

    Returns
    -------
    Rule
        Without a potential: the laws acquire a term in time.

    Raises
    ------
    ValueError
        If ``decay`` is not a finite number of zero or more.
    """
    _checks.kind("rule", rule, Rule)
    _checks.number("decay", decay)
    if decay < 0:
        _checks.refuse("decay", decay, "zero or more")

    def decayed(direction: Array, M: Array) -> Result:
        return direction - decay * M

    def motion(state: State, directions: tuple[Array, ...]) -> State:
        moved = rule.motion(state, tuple(map(decayed, directions, state.weights)))
        if rule.motion is following_feedback:
            return State(moved.weights, tuple(map(decayed, directions[1:], state.feedback)))
        return moved

    return Rule(
        f"{rule.name}, decay",
        rule.signals,
        motion,
        rule.teacher,
        reads_feedback=rule.reads_feedback,
        carriers=rule.carriers,
    )
