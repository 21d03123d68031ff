"""Networks: their state, their activations and losses, the forward pass, the initial state.

A network has layers i = 1..L of widths n_0..n_L. Samples are rows. Every array may carry leading
axes, written ``...``: they are an ensemble of networks, moved by one call.
"""

import itertools
from collections.abc import Callable
from numbers import Integral
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from fa_lib import _checks
from fa_lib._arrays import Array, inner, namespace, product, scaled

if TYPE_CHECKING:
    from fa_lib.rules import Rule


class State(NamedTuple):
    """Everything that training may move.

    Attributes
    ----------
    weights : tuple of arrays
        ``W_1..W_L``; ``weights[l]`` has shape (..., n_{l+1}, n_l).
    feedback : tuple of arrays
        ``feedback[l]`` carries the error to hidden layer l+1: shape (..., n_{l+2}, n_{l+1}), that
        of ``weights[l+1]``, where the error passes layer by layer; shape (..., n_L, n_{l+1})
        where the output error is broadcast.
    """

    weights: tuple[Array, ...]
    feedback: tuple[Array, ...]

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
    value: Callable[[Array], Array]
    derivative: Callable[[Array], Array]
    degree: int | None


def _relu(h: Array) -> Array:
    return namespace(h).maximum(h, 0)


def _step(h: Array) -> Array:
    """Return 1 where h > 0 and 0 elsewhere, in the arithmetic of h."""
    # Among objects integers: they would be True and False, which SymPy does not multiply.
    on = h > 0
    if isinstance(h, np.ndarray):
        return on.astype(int if h.dtype == object else h.dtype)
    return namespace(h).astype(on, h.dtype)


def _tanh(h: Array) -> Array:
    return namespace(h).tanh(h)


linear = Activation("linear", lambda h: h, lambda h: namespace(h).ones_like(h), 1)
relu = Activation("ReLU", _relu, _step, 1)
squared_relu = Activation("squared ReLU", lambda h: h * h * _step(h), lambda h: 2 * h * _step(h), 2)
tanh = Activation("tanh", _tanh, lambda h: 1 - _tanh(h) ** 2, None)


def leaky_relu(slope: float) -> Activation:
    """Return the activation that multiplies negative inputs by ``slope`` (degree 1).

    Parameters
    ----------
    slope : number
        The factor below zero; a ``Fraction`` keeps exact arithmetic exact.

    Returns
    -------
    Activation

    Raises
    ------
    ValueError
        If ``slope`` is not a finite number; later, if it is a float and meets exact numbers.

    Examples
    --------
    >>> import numpy as np
    >>> leaky_relu(0.5).value(np.array([-2.0, 3.0]))
    array([-1.,  3.])
    """
    _checks.finite_number("slope", slope)

    def derivative(h: Array) -> Array:
        _checks.exact_enough("slope", slope, h)
        return slope + (1 - slope) * _step(h)

    return Activation(f"leaky ReLU ({slope})", lambda h: h * derivative(h), derivative, 1)


class Loss(NamedTuple):
    """A loss, summed over samples and outputs, and its derivative by the prediction.

    ``value`` maps prediction and target, (..., N, n_L) each, to (...); ``error`` to (..., N, n_L).
    """

    name: str
    value: Callable[[Array, Array], Array]
    error: Callable[[Array, Array], Array]


def _softmax_parts(f: Array) -> tuple[Array, Array]:
    """Return exp(f - max f) and its sum over outputs: the maximum keeps exp from overflowing."""
    xp = namespace(f)
    exponentials = xp.exp(f - xp.max(f, axis=-1, keepdims=True))
    return exponentials, xp.sum(exponentials, axis=-1, keepdims=True)


def _cross_entropy(f: Array, y: Array) -> Array:
    xp = namespace(f)
    _, total = _softmax_parts(f)
    log_sum = xp.log(total) + xp.max(f, axis=-1, keepdims=True)
    return xp.sum(log_sum[..., 0], axis=-1) - inner(y, f)


def _softmax_error(f: Array, y: Array) -> Array:
    exponentials, total = _softmax_parts(f)
    return exponentials / total - y


squared_error = Loss("squared error", lambda f, y: inner(f - y, f - y) / 2, lambda f, y: f - y)
softmax_cross_entropy = Loss("softmax cross-entropy", _cross_entropy, _softmax_error)


def forward(
    state: State, x: Array, *, activation: Activation = relu
) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
    """Run the network: a_0 = x, h_i = a_{i-1} W_i^T, a_i = phi(h_i); the prediction is h_L.

    Parameters
    ----------
    state : State
        Only its weights are used.
    x : array (..., N, n_0)
        The samples, as rows.
    activation : Activation
        phi, applied to the hidden layers; the read-out is linear.

    Returns
    -------
    inputs : tuple of arrays
        ``a_0..a_{L-1}``, what each layer receives: (..., N, n_{i-1}).
    preactivations : tuple of arrays
        ``h_1..h_L``: (..., N, n_i). The last is the prediction.

    Raises
    ------
    ValueError
        If shapes or dtypes do not fit, or an entry is not finite.
    """
    _checks.weights(state)
    _checks.samples("x", x, state, width=state.weights[0].shape[-1])
    _checks.activation(activation)
    _checks.leading(*state.weights, x)
    _checks.homogeneous(activation, state.weights[0], x.shape[-2])
    *hidden, readout = state.weights
    inputs, preactivations = [x], []
    for W in hidden:
        preactivations.append(inputs[-1] @ W.mT)
        inputs.append(activation.value(preactivations[-1]))
    return tuple(inputs), (*preactivations, inputs[-1] @ readout.mT)


def propagate(
    weights: tuple[Array, ...], x: Array, activation: Activation
) -> tuple[list[Array], list[Array], Array]:
    """Return what training reads of a forward pass: a_0..a_{L-1}, phi'(h_1).., the prediction.

    Unchecked: the inside of every training step. No preactivation outlives its layer.
    """
    *hidden, readout = weights
    inputs, slopes = [x], []
    for W in hidden:
        h = product(inputs[-1], W.mT)
        slope = activation.derivative(h)
        # For degree 1, phi(h) is phi'(h) h: a product costs less than the value anew.
        inputs.append(scaled(h, slope) if activation.degree == 1 else activation.value(h))
        slopes.append(slope)
    return inputs, slopes, product(inputs[-1], readout.mT)


def initial_state(
    widths: tuple[int, ...],
    *,
    rng: np.random.Generator,
    weight_scale: float | np.ndarray = 1.0,
    feedback_scale: float | np.ndarray = 1.0,
    ensemble: tuple[int, ...] = (),
    rule: "Rule | None" = None,
) -> State:
    """Draw Gaussian weights and feedback, of standard deviation scale / sqrt(fan in).

    Parameters
    ----------
    widths : tuple of int
        ``n_0..n_L``, at least three: input, one or more hidden layers, output.
    rng : numpy.random.Generator
        The only source of randomness.
    weight_scale, feedback_scale : float or array that broadcasts to ``ensemble``
        Zero gives zero matrices.
    ensemble : tuple of int
        The leading axes of every matrix drawn.
    rule : Rule, optional
        The rule that will use the feedback; it decides the shapes. Feedback alignment by default.

    Returns
    -------
    State
        In float64.

    Raises
    ------
    ValueError
        If a width is not a positive integer, there are fewer than three, or a scale is negative.

    Examples
    --------
    >>> state = initial_state((10, 20, 2), rng=np.random.default_rng(0), ensemble=(5,))
    >>> [W.shape for W in state.weights], [B.shape for B in state.feedback]
    ([(5, 20, 10), (5, 2, 20)], [(5, 2, 20)])
    """
    _checks.widths(widths)
    _checks.generator(rng)
    _checks.ensemble(ensemble)
    scales = [
        _checks.scale("weight_scale", weight_scale, ensemble),
        _checks.scale("feedback_scale", feedback_scale, ensemble),
    ]
    if rule is not None:
        _checks.known_rule(rule)
    broadcast = rule is not None and rule.broadcast

    def draw(scale: np.ndarray, rows: int, columns: int) -> np.ndarray:
        normal = rng.standard_normal((*ensemble, rows, columns))
        matrices: np.ndarray = scale[..., None, None] * normal / columns**0.5
        return matrices

    pairs = [(rows, columns) for columns, rows in itertools.pairwise(widths)]
    carriers = [(widths[-1] if broadcast else rows, columns) for rows, columns in pairs[1:]]
    return State(
        tuple(draw(scales[0], *pair) for pair in pairs),
        tuple(draw(scales[1], *pair) for pair in carriers),
    )
