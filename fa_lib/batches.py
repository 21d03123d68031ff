"""What each training step learns from: all samples, or a few of them in a random order."""

import itertools
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from fa_lib import _checks
from fa_lib._arrays import Array, Result, device, namespace

Batch = tuple[Array, Array]


class Drawn(NamedTuple):
    """A batch from samples that were looked at before it was drawn."""

    x: Result
    y: Result

    def like(self, other: object) -> bool:
        """Tell whether another has its dtypes and, but for the number of samples, its shapes."""
        return isinstance(other, Drawn) and all(
            type(a) is type(b)
            and a.dtype == b.dtype
            and a.shape[-1] == b.shape[-1]
            and a.shape[:-2] == b.shape[:-2]
            for a, b in zip(self, other, strict=True)
        )


def full_batch(x: Array, y: Array) -> Iterator[Batch]:
    """Return all samples as one batch, again and again.

    Parameters
    ----------
    x, y : array (..., N, n_0), array (..., N, n_L)

    Returns
    -------
    iterator of pairs (x, y)

    Raises
    ------
    ValueError
        If the two differ in dtype or in N, or an entry is not finite.
    """
    _checks.data(x, y)
    return itertools.repeat((x, y))


def minibatches(x: Array, y: Array, size: int, *, rng: np.random.Generator) -> Iterator[Batch]:
    """Return batches of ``size`` samples, in a new order each epoch, endlessly.

    Where ``size`` does not divide N, the last batch of an epoch is smaller.

    Parameters
    ----------
    x, y : array (..., N, n_0), array (..., N, n_L)
    size : int
        From 1 to N.
    rng : numpy.random.Generator
        Draws the order, the same for every network of an ensemble.

    Returns
    -------
    iterator of pairs (x, y)

    Raises
    ------
    ValueError
        If x and y do not fit each other, or ``size`` is not from 1 to N.
    """
    _checks.data(x, y)
    _checks.count("size", size, most=x.shape[-2])
    _checks.kind("rng", rng, np.random.Generator)
    return _minibatches(x, y, size, rng)


def _minibatches(x: Array, y: Array, size: int, rng: np.random.Generator) -> Iterator[Batch]:
    while True:
        order = rng.permutation(x.shape[-2])
        for start in range(0, len(order), size):
            chosen = order[start : start + size]
            yield Drawn(_take(x, chosen), _take(y, chosen))


def _take(samples: Array, chosen: np.ndarray) -> Result:
    if isinstance(samples, np.ndarray):
        return samples[..., chosen, :]
    xp = namespace(samples)
    return xp.take(samples, xp.asarray(chosen, device=device(samples)), axis=-2)
