"""Losses, summed over samples and outputs; all are convex in the prediction."""

from fa_lib import _checks
from fa_lib._arrays import Array, Result, inner, namespace, step
from fa_lib.state import Loss


def _softmax_parts(f: Array) -> tuple[Result, Result]:
    """Return exp(f - max f) and its sum over outputs: the maximum keeps exp from overflowing."""
    xp = namespace(f)
    exponentials = xp.exp(f - xp.max(f, axis=-1, keepdims=True))
    return exponentials, xp.sum(exponentials, axis=-1, keepdims=True)


def _cross_entropy(f: Array, y: Array) -> Result:
    xp = namespace(f)
    _, total = _softmax_parts(f)
    log_sum = xp.log(total) + xp.max(f, axis=-1, keepdims=True)
    return xp.sum(log_sum[..., 0], axis=-1) - inner(y, f)


def _softmax_error(f: Array, y: Array) -> Result:
    exponentials, total = _softmax_parts(f)
    return exponentials / total - y


squared_error = Loss("squared error", lambda f, y: inner(f - y, f - y) / 2, lambda f, y: f - y)
softmax_cross_entropy = Loss("softmax cross-entropy", _cross_entropy, _softmax_error)


def _logistic(f: Array, y: Array) -> Result:
    xp = namespace(f)
    margins = y * f
    return inner(xp.logaddexp(xp.zeros_like(margins), -margins), xp.ones_like(margins))


def _logistic_error(f: Array, y: Array) -> Result:
    # Through tanh: exp(y f) itself would overflow at margins that are large.
    return y * (namespace(f).tanh(y * f / 2) - 1) / 2


def _hinge(f: Array, y: Array) -> Result:
    short = 1 - y * f
    return inner(short, step(short))


def _hinge_error(f: Array, y: Array) -> Result:
    return -y * step(1 - y * f)


def _exponential(f: Array, y: Array) -> Result:
    decayed = namespace(f).exp(-y * f)
    return inner(decayed, namespace(f).ones_like(decayed))


def _exponential_error(f: Array, y: Array) -> Result:
    return -y * namespace(f).exp(-y * f)


logistic_loss = Loss("logistic", _logistic, _logistic_error)
exponential_loss = Loss("exponential", _exponential, _exponential_error)
hinge_loss = Loss("hinge", _hinge, _hinge_error)


def huber_loss(width: float) -> Loss:
    """Return the loss that is squared up to ``width``, and grows in proportion beyond it.

    Parameters
    ----------
    width : number
        Positive; a ``Fraction`` keeps exact arithmetic exact.

    Returns
    -------
    Loss
        r^2 / 2 for a residual r of size up to ``width``, and width * (abs(r) - width / 2) beyond.

    Raises
    ------
    ValueError
        If ``width`` is not a positive number; later, if it is a float and meets exact numbers.

    Examples
    --------
    >>> import numpy as np
    >>> huber_loss(1.0).error(np.array([[0.5, -3.0]]), np.zeros((1, 2)))
    array([[ 0.5, -1. ]])
    """
    _checks.positive_number("width", width)

    def error(f: Array, y: Array) -> Result:
        _checks.exact_enough("width", width, f)
        residual = f - y
        beyond = step(abs(residual) - width)
        return residual * (1 - beyond) + width * namespace(f).sign(residual) * beyond

    def value(f: Array, y: Array) -> Result:
        clipped = error(f, y)
        return inner(clipped, f - y - clipped / 2)

    return Loss(f"Huber ({width})", value, error)
