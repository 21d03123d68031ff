"""Networks: the forward pass, and the state that training starts from."""

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np

from fa_lib import _checks
from fa_lib._arrays import Array, Result, product, scaled
from fa_lib.activations import relu
from fa_lib.state import Activation, Passage, Rule, State


def forward(
    state: State, x: Array, *, activation: Activation = relu
) -> tuple[tuple[Result, ...], tuple[Result, ...]]:
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
    _checks.kind("activation", activation, Activation)
    _checks.weights(state, activation.wires)
    wire = wires_of(activation, state.weights)[0]
    _checks.samples("x", x, state, wire.size if wire else state.weights[0].shape[-1])
    _checks.leading(*state.weights, x)
    _checks.homogeneous(activation, state.weights[0], x.shape[-2])
    inputs: list[Array] = []
    preactivations: list[Array] = []
    for W, wire in zip(state.weights, wires_of(activation, state.weights), strict=True):
        a = activation.value(preactivations[-1]) if preactivations else x
        inputs.append(wire.apply(a)[0] if wire else a)
        preactivations.append(inputs[-1] @ W.mT)
    return tuple(inputs), tuple(preactivations)


def wires_of(activation: Activation, weights: tuple[Array, ...]) -> tuple[Any, ...]:
    """Return the wire in front of each matrix, None where there is none."""
    return activation.wires or (None,) * len(weights)


def propagate(
    weights: tuple[Array, ...], x: Array, activation: Activation
) -> tuple[list[Result], list[Passage], Result]:
    """Return what training reads of a forward pass: what each W_i receives, the way back, h_L.

    Unchecked: the inside of every training step. No preactivation outlives its layer.
    """
    inputs: list[Array] = []
    passages: list[Passage] = []
    h = x
    for W, wire in zip(weights, wires_of(activation, weights), strict=True):
        a = h
        if inputs:
            slope = activation.derivative(h)
            # For degree 1, phi(h) is phi'(h) h: a product costs less than the value anew.
            a = scaled(h, slope) if activation.degree == 1 else activation.value(h)
        a, back = wire.apply(a) if wire else (a, None)
        if inputs:
            passages.append(Passage(slope, back))
        inputs.append(a)
        h = product(a, W.mT)
    return inputs, passages, h


def gaussian(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Draw independent entries of the standard normal distribution."""
    return rng.standard_normal(shape)


def initial_state(
    widths: tuple[int, ...],
    *,
    rng: np.random.Generator,
    weight_scale: float | np.ndarray = 1.0,
    feedback_scale: float | np.ndarray = 1.0,
    ensemble: tuple[int, ...] = (),
    rule: Rule | None = None,
    activation: Activation = relu,
    entries: Callable[[np.random.Generator, tuple[int, ...]], np.ndarray] = gaussian,
) -> State:
    """Draw weights and feedback of mean 0 and standard deviation scale / sqrt(fan in).

    Parameters
    ----------
    widths : tuple of int
        ``n_0..n_L``, at least three: input, one or more hidden layers, output. Where there are
        wires, n_i counts channels.
    rng : numpy.random.Generator
        The only source of randomness.
    weight_scale, feedback_scale : float or array that broadcasts to ``ensemble``
        Zero gives zero matrices.
    ensemble : tuple of int
        The leading axes of every matrix drawn.
    rule : Rule, optional
        The rule that will use the feedback; it decides the shapes. Feedback alignment by default.
    activation : Activation
        Only its wires are used.
    entries : callable
        (rng, shape) -> entries of mean 0 and variance 1: Gaussian ones by default.

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
    _checks.counts("widths", widths, "three or more positive integers n_0..n_L", least=3)
    _checks.kind("rng", rng, np.random.Generator)
    _checks.ensemble(ensemble)
    _checks.kind("activation", activation, Activation)
    scales = [
        _checks.scale("weight_scale", weight_scale, ensemble),
        _checks.scale("feedback_scale", feedback_scale, ensemble),
    ]
    if rule is not None:
        _checks.kind("rule", rule, Rule)

    def draw(scale: np.ndarray, rows: int, columns: int) -> np.ndarray:
        drawn = entries(rng, (*ensemble, rows, columns))
        matrices: np.ndarray = scale[..., None, None] * drawn / columns**0.5
        return matrices

    wires = activation.wires or (None,) * (len(widths) - 1)
    pairs = [
        (rows, wire.columns if wire else columns)
        for (columns, rows), wire in zip(itertools.pairwise(widths), wires, strict=True)
    ]
    carriers = pairs[1:]
    if rule is not None and rule.broadcast:
        carriers = [(widths[-1], size) for size in _checks.activity_sizes(pairs, wires)]
    return State(
        tuple(draw(scales[0], *pair) for pair in pairs),
        tuple(draw(scales[1], *pair) for pair in carriers),
    )
