"""The nouns: the state of a network, what it computes by, and what it learns by and from.

A network has layers i = 1..L of widths n_0..n_L. Samples are rows. Every array may carry leading
axes, written ``...``: they are an ensemble of networks, moved by one call.
"""

from collections.abc import Callable, Sequence
from numbers import Integral
from typing import Any, NamedTuple

from fa_lib._arrays import Array, Result


class State(NamedTuple):
    """Everything that training may move.

    Attributes
    ----------
    weights : tuple of arrays
        ``W_1..W_L``; W_i, which is ``weights[i-1]``, has shape (..., n_i, n_{i-1}).
    feedback : tuple of arrays
        ``feedback[i-1]`` carries the error to hidden layer i. It is B_{i+1}, of the shape of
        W_{i+1}, where the error passes layer by layer, and B_i, of shape (..., n_L, n_i), where
        the output error is broadcast.
    """

    weights: tuple[Result, ...]
    feedback: tuple[Result, ...]

    def at(self, time: Any) -> "State":
        """Return the state of a path at an index of its axis of time; at several, their path."""
        resting = 0 if isinstance(time, Integral) else slice(None)
        return State(
            tuple(W[time, ...] for W in self.weights),
            tuple(B[resting if B.shape[0] == 1 else time, ...] for B in self.feedback),
        )


class Activation(NamedTuple):
    """An activation phi, its derivative, and its degree of homogeneity.

    Degree k means phi'(h) h = k phi(h) for every h; None means that there is no such k. The laws
    of the paper hold exactly for those activations that have a degree. Where it is 1, training
    takes the value from the derivative: phi(h) = phi'(h) h. So an activation is tried at a few
    points before a network uses it, and refused if it does not have the degree that it names.
    """

    name: str
    value: Callable[[Array], Result]
    derivative: Callable[[Array], Result]
    degree: int | None
    wires: tuple[Any, ...] = ()  # fixed maps in front of the weights: `wiring`


class Passage(NamedTuple):
    """What a signal meets on its way back into hidden layer i: a wire's pullback, and phi'(h_i)."""

    slope: Result
    back: Callable[[Array], Result] | None


class Loss(NamedTuple):
    """A loss, summed over samples and outputs, and its derivative by the prediction.

    ``value`` maps prediction and target, (..., N, n_L) each, to (...); ``error`` to (..., N, n_L).
    """

    name: str
    value: Callable[[Array, Array], Result]
    error: Callable[[Array, Array], Result]


Signals = Callable[[State, Sequence[Passage], Array, Array], Sequence[Array]]
Carriers = Callable[[State], tuple[Array, ...]]


def fixed_feedback(state: State, directions: tuple[Array, ...]) -> State:
    """Move the weights along ``directions``; leave the feedback where it is."""
    return State(directions, tuple(0 * B for B in state.feedback))


class Rule(NamedTuple):
    """A learning rule.

    Attributes
    ----------
    name : str
        As the field abbreviates it.
    signals : callable
        (state, a `Passage` for each hidden layer, output error, target) -> (delta_1..delta_L).
    motion : callable
        (state, directions -sum delta_i a_{i-1}^T) -> the time derivative, as a State.
    teacher : callable, optional
        (output error, target) -> the signal that is broadcast, where the feedback matrices reach
        from the output to each hidden layer; None where the error passes layer by layer.
    potential : callable, optional
        (W_{i+1}, B_{i+1}) -> Psi for each neuron of layer i, (..., n_i), whose gradient carries the
        error back. What `layer_law` and `neuron_law` subtract. B_{i+1} is None where the rule reads
        no feedback.
    gram : callable, optional
        (W_{i+1}, B_{i+1}) -> the symmetric matrix (..., n_i, n_i) that `matrix_law` subtracts; its
        diagonal is twice the potential.
    reads_feedback : bool
        Whether the signals depend on the feedback at all.
    carriers : callable, optional
        state -> the matrices M_2..M_L that carry the error back, where it passes layer by layer;
        None where it is broadcast.
    """

    name: str
    signals: Signals
    motion: Callable[[State, tuple[Array, ...]], State] = fixed_feedback
    teacher: Callable[[Array, Array], Result] | None = None
    potential: Callable[[Array, Any], Result] | None = None
    gram: Callable[[Array, Any], Result] | None = None
    reads_feedback: bool = True
    carriers: Carriers | None = None

    @property
    def broadcast(self) -> bool:
        """Whether the feedback matrices reach from the output to each hidden layer."""
        return self.teacher is not None
