"""Fixed maps between layers: with them, biases, convolutions and pooling are dense layers, too.

A wire stands in front of a weight matrix. It rearranges what one sample gives: it takes patches,
pools, flattens, or appends a 1. A convolution is then a dense layer on patches, and a bias the
weight of the 1; the weights stay matrices, and every rule and every arithmetic works as before.

An image has a row for each pixel and a column for each channel. The columns of the weights behind a
wire are sorted by channel, as those of ``kernel.reshape(n_i, -1)`` in PyTorch.
"""

from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import reduce
from typing import NamedTuple

import numpy as np

from fa_lib import _checks
from fa_lib._arrays import Array, Result, device, is_jax_array, namespace
from fa_lib.state import Activation

Pullback = Callable[[Array], Result]
Tangent = Callable[[Array, Array], Result]


class Wire(NamedTuple):
    """A fixed map in front of a weight matrix.

    Attributes
    ----------
    name : str
    apply : callable
        array -> what the weights receive, and the pullback at that array: the adjoint of the
        derivative.
    tangent : callable
        (array, step) -> how far what the weights receive moves with the step: the derivative at
        that array, applied.
    size : int
        How many numbers it reads at a time, as rows and columns: one sample, or one row of it.
    rows : int
        How many rows it makes of them.
    columns : int
        How many columns: those of the weights.
    units : int
        How many units or channels it reads.
    constants : int
        How many of the last columns do not depend on what it reads.
    """

    name: str
    apply: Callable[[Array], tuple[Array, Pullback]]
    tangent: Tangent
    size: int
    rows: int
    columns: int
    units: int
    constants: int = 0


def patches(shape: tuple[int, int, int], size: int, *, stride: int = 1, padding: int = 0) -> Wire:
    """Return the wire that takes square patches of an image: with it, weights are kernels.

    Parameters
    ----------
    shape : tuple of int
        Height, width and channels of the image.
    size, stride, padding : int
        Of a patch, in pixels; the padding is of zeros.

    Returns
    -------
    Wire
        A row for each place, a column for each channel and pixel of a patch.

    Raises
    ------
    ValueError
        If a number is not a positive integer (zero or more, for the padding), no patch fits, or the
        stride leaves pixels over.
    """
    return _rearranged(f"patches of {size}", shape, _windows(shape, size, stride, padding))


def max_pool(shape: tuple[int, int, int], size: int) -> Wire:
    """Return the wire that keeps the largest entry of each square of ``size``, by channel.

    Of entries that are equally large the first one counts.

    Parameters
    ----------
    shape : tuple of int
        Height, width and channels of the image.
    size : int

    Returns
    -------
    Wire

    Raises
    ------
    ValueError
        If a number is not a positive integer, or the squares do not fill the image.
    """
    return _pooled(f"largest of {size}", shape, size, _largest)


def average_pool(shape: tuple[int, int, int], size: int) -> Wire:
    """Return the wire that takes the mean of each square of ``size``, by channel.

    Parameters
    ----------
    shape, size
        As in `max_pool`.

    Returns
    -------
    Wire

    Raises
    ------
    ValueError
        As `max_pool`.
    """
    return _pooled(f"mean of {size}", shape, size, _mean)


def flatten(shape: tuple[int, int, int]) -> Wire:
    """Return the wire that makes one row of an image: all pixels of a channel, then the next.

    Parameters
    ----------
    shape : tuple of int
        Height, width and channels of the image.

    Returns
    -------
    Wire

    Raises
    ------
    ValueError
        If a number is not a positive integer.
    """
    height, width, channels = _image(shape)
    order = np.arange(height * width * channels).reshape(-1, channels).T
    return _rearranged("flatten", shape, order.reshape(1, -1))


def constant(units: int) -> Wire:
    """Return the wire that appends a 1 to each row: the last column of the weights is the bias.

    Parameters
    ----------
    units : int
        The length of a row without it.

    Returns
    -------
    Wire

    Raises
    ------
    ValueError
        If ``units`` is not a positive integer.
    """
    _checks.count("units", units)

    def apply(a: Array) -> tuple[Result, Pullback]:
        xp = namespace(a)
        return xp.concat([a, xp.ones_like(a[..., :1])], axis=-1), lambda g: g[..., :-1]

    def tangent(_: Array, step: Array) -> Result:
        return namespace(step).concat([step, 0 * step[..., :1]], axis=-1)

    return Wire("constant", apply, tangent, units, 1, units + 1, units, 1)


def chain(first: Wire, *others: Wire) -> Wire:
    """Return one wire for several, in the order in which they stand.

    Parameters
    ----------
    first, others : Wire

    Returns
    -------
    Wire

    Raises
    ------
    ValueError
        If what one gives does not fill the next.

    Examples
    --------
    >>> kernels = chain(patches((28, 28, 1), 5), constant(25))
    >>> kernels.rows, kernels.columns
    (576, 26)
    """
    _checks.kind("first", first, Wire)
    for number, second in enumerate(others, start=1):
        _checks.kind(f"others[{number - 1}]", second, Wire)
        first = _joined(first, second)
    return first


def _joined(first: Wire, second: Wire) -> Wire:
    times, left = divmod(first.rows * first.columns, second.size)
    if left:
        came = f"{second.name}, which reads {second.size} numbers"
        _checks.refuse("wire", came, f"one for {first.rows} rows of {first.columns}: {first.name}")

    def apply(a: Array) -> tuple[Result, Pullback]:
        a, inner_back = first.apply(a)
        a, back = second.apply(a)
        return a, lambda g: inner_back(back(g))

    def tangent(a: Array, step: Array) -> Result:
        return second.tangent(first.apply(a)[0], first.tangent(a, step))

    taps = (second.columns - second.constants) // second.units
    return Wire(
        f"{first.name}, {second.name}",
        apply,
        tangent,
        first.size,
        times * second.rows,
        second.columns,
        first.units,
        first.constants * taps + second.constants,
    )


def wired(activation: Activation, *wires: Wire | None) -> Activation:
    """Return the activation of a network that has wires: to be used wherever one is asked for.

    Parameters
    ----------
    activation : Activation
    wires : Wire or None
        One for each layer, in front of its weights; None where there is none.

    Returns
    -------
    Activation

    Raises
    ------
    ValueError
        If an argument is of another kind.

    Examples
    --------
    A network with biases:

    >>> import fa_lib as fa
    >>> rng = np.random.default_rng(0)
    >>> phi = wired(fa.relu, constant(3), constant(5))
    >>> state = fa.initial_state((3, 5, 1), rng=rng, activation=phi)
    >>> [W.shape for W in state.weights]
    [(5, 4), (1, 6)]
    >>> fa.velocity(state, np.ones((2, 3)), np.ones((2, 1)), activation=phi).weights[0].shape
    (5, 4)
    """
    _checks.kind("activation", activation, Activation)
    for number, wire in enumerate(wires, start=1):
        if wire is not None:
            _checks.kind(f"wire {number}", wire, Wire)
    return activation._replace(wires=wires)


def _image(shape: tuple[int, int, int]) -> tuple[int, int, int]:
    _checks.counts("shape", shape, "height, width and channels: three positive integers", only=3)
    return shape


def _windows(shape: tuple[int, int, int], size: int, stride: int, padding: int) -> np.ndarray:
    """Return which entry of the image each entry of each patch is; -1 stands for a zero."""
    height, width, channels = _image(shape)
    _checks.count(
        "size", size, most=min(height, width) + 2 * _checks.count("padding", padding, least=0)
    )
    _checks.count("stride", stride)
    for side in (height, width):
        left = side + 2 * padding - size
        if left % stride:
            expected = f"a divisor of {left}, what {side} pixels leave beside a patch of {size}"
            _checks.refuse("stride", stride, expected)
    entries = np.arange(height * width * channels).reshape(height, width, channels)
    ring = ((padding, padding), (padding, padding), (0, 0))
    image = np.pad(entries, ring, constant_values=-1)
    windows = np.lib.stride_tricks.sliding_window_view(image, (size, size), (0, 1))
    chosen = windows[::stride, ::stride]
    return chosen.reshape(-1, channels * size * size)


def _rearranged(name: str, shape: Sequence[int], table: np.ndarray) -> Wire:
    size = int(np.prod(shape))
    rows, columns = table.shape
    gather, scatter = _gathering(table, size)

    def apply(a: Array) -> tuple[Result, Pullback]:
        def back(g: Array) -> Result:
            return namespace(g).reshape(scatter(_by_sample(g, rows * columns)), a.shape)

        return _as_rows(gather(_by_sample(a, size)), rows, columns), back

    return Wire(name, apply, lambda _, step: apply(step)[0], size, rows, columns, shape[-1])


def _pooled(
    name: str, shape: tuple[int, int, int], size: int, over: Callable[[Array], tuple[Array, Array]]
) -> Wire:
    """Return the wire that makes one number of each window; ``over`` says how, and its slopes."""
    for side in _image(shape)[:2]:
        if side % _checks.count("size", size):
            _checks.refuse("size", size, f"a divisor of {side}, the pixels of a side")
    windows = _rearranged(name, shape, _windows(shape, size, size, 0))
    channels = shape[-1]

    def squares(a: Array) -> Result:
        return namespace(a).reshape(a, (*a.shape[:-1], channels, size * size))

    def apply(a: Array) -> tuple[Result, Pullback]:
        value, slopes = over(squares(a))
        return value, lambda g: namespace(g).reshape(g[..., None] * slopes, a.shape)

    def tangent(a: Array, step: Array) -> Result:
        return namespace(step).sum(over(squares(a))[1] * squares(step), axis=-1)

    by_channel = Wire(name, apply, tangent, windows.columns, 1, channels, channels)
    return _joined(windows, by_channel)._replace(name=name)


def _largest(windows: Array) -> tuple[Result, Result]:
    xp = namespace(windows)
    places = xp.arange(windows.shape[-1])
    first = xp.argmax(windows, axis=-1)[..., None] == (
        places if is_jax_array(windows) else xp.asarray(places, device=device(windows))
    )
    slopes = first.astype(int) if windows.dtype == object else xp.astype(first, windows.dtype)
    # Entry by entry: NumPy's maximum over a short last axis is several times slower.
    entries = (windows[..., k] for k in range(windows.shape[-1]))
    return reduce(xp.maximum, entries), slopes


def _mean(windows: Array) -> tuple[Result, Result]:
    xp, count = namespace(windows), windows.shape[-1]
    if windows.dtype == object:
        # Integers may be among them, as ReLU's zeros are: divided, they would be rounded floats.
        return xp.sum(windows, axis=-1) * Fraction(1, count), 0 * windows + Fraction(1, count)
    return xp.sum(windows, axis=-1) / count, xp.ones_like(windows) / count


def _by_sample(a: Array, size: int) -> Result:
    """Give each sample a row of its own: (..., M, n) -> (..., N, size)."""
    rows, columns = a.shape[-2:]
    return namespace(a).reshape(a, (*a.shape[:-2], rows * columns // size, size))


def _as_rows(a: Array, rows: int, columns: int) -> Result:
    """Give each sample that many rows: (..., N, rows * columns) -> (..., N * rows, columns)."""
    return namespace(a).reshape(a, (*a.shape[:-2], a.shape[-2] * rows, columns))


def _gathering(table: np.ndarray, size: int) -> tuple[Pullback, Pullback]:
    """Return the linear map that reads by a table of places, -1 for zero, and its adjoint.

    The adjoint gathers, too, as not every library can add to places: each place of the input reads
    all the places that it went to, and zero where others went to more.
    """
    sources = table.reshape(-1)
    kept = np.flatnonzero(sources >= 0)
    order = kept[np.argsort(sources[kept], kind="stable")]
    counts = np.bincount(sources[kept], minlength=size)
    targets = np.full((size, max(1, counts.max())), -1)
    rank = np.arange(len(order)) - np.repeat(np.cumsum(counts) - counts, counts)
    targets[sources[order], rank] = order

    def gather(flat: Array) -> Result:
        return _taken(flat, sources)

    def scatter(flat: Array) -> Result:
        xp = namespace(flat)
        taken = _taken(flat, targets.reshape(-1))
        if targets.shape[-1] == 1:
            return taken
        return xp.sum(xp.reshape(taken, (*flat.shape[:-1], *targets.shape)), axis=-1)

    return gather, scatter


def _taken(flat: Array, places: np.ndarray) -> Result:
    """Return entries of the last axis, and zero for -1."""
    xp = namespace(flat)
    if places.min() < 0:
        flat = xp.concat([flat, xp.zeros_like(flat[..., :1])], axis=-1)
        places = np.where(places < 0, flat.shape[-1] - 1, places)
    where = None if is_jax_array(flat) else device(flat)
    return xp.take(flat, xp.asarray(places, device=where), axis=-1)
