"""Networks: the forward pass, and the state that training starts from."""

import itertools

import numpy as np

from fa_lib import _checks
from fa_lib._arrays import Array, product, scaled
from fa_lib.activations import relu
from fa_lib.state import Activation, Rule, State


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
    rule: Rule | None = None,
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
