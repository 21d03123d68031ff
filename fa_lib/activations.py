"""Activations, each with its degree of homogeneity."""

from fa_lib import _checks
from fa_lib._arrays import Array, Result, namespace, step
from fa_lib.state import Activation


def _relu(h: Array) -> Result:
    return namespace(h).maximum(h, 0)


def _tanh(h: Array) -> Result:
    return namespace(h).tanh(h)


linear = Activation("linear", lambda h: h, lambda h: namespace(h).ones_like(h), 1)
relu = Activation("ReLU", _relu, step, 1)
squared_relu = Activation("squared ReLU", lambda h: h * h * step(h), lambda h: 2 * h * step(h), 2)
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
    _checks.number("slope", slope)

    def derivative(h: Array) -> Result:
        _checks.exact_enough("slope", slope, h)
        return slope + (1 - slope) * step(h)

    return Activation(f"leaky ReLU ({slope})", lambda h: h * derivative(h), derivative, 1)
