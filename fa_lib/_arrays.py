"""The few array operations that need to know which library the arrays come from."""

import math
from typing import Any

import numpy as np
from array_api_compat import array_namespace, is_numpy_array
from array_api_compat import device as device
from array_api_compat import is_lazy_array as is_lazy_array

Array = Any  # NumPy (floats, or objects such as Fraction), PyTorch, JAX, CuPy, ...
_namespaces: dict[tuple[type, ...], Any] = {}


def namespace(*arrays: Array) -> Any:
    """Return the library of the arrays: `array_namespace`, asked once for each type of array."""
    kinds = tuple(map(type, arrays))
    if kinds not in _namespaces:
        _namespaces[kinds] = array_namespace(*arrays)
    return _namespaces[kinds]


def is_exact(array: Array) -> bool:
    """Tell whether the entries are Python objects, such as Fraction or SymPy expressions."""
    return is_numpy_array(array) and array.dtype == object


def is_finite(array: Array) -> Array:
    """Mark the matrices of a stack whose entries are all finite: (..., m, n) -> (...)."""
    xp = namespace(array)
    # Python objects have no isfinite; x - x == 0 says the same, of Fraction, SymPy and float alike.
    finite = (array - array == 0) if is_exact(array) else xp.isfinite(array)
    return xp.all(xp.all(finite, axis=-1), axis=-1)


def all_finite(array: Array) -> bool:
    """Tell whether every entry is finite; arrays being traced have no values yet, and pass."""
    with np.errstate(over="ignore", invalid="ignore"):
        return all_finite_quietly(array)


def all_finite_quietly(array: Array) -> bool:
    """Do what `all_finite` does, where NumPy is told not to warn.

    A sum of squares costs least, and is finite only if all entries are. Where it is not, as when
    squares overflow, the entries decide.
    """
    if is_lazy_array(array):
        return True
    xp = namespace(array)
    if not is_exact(array):
        flat = xp.reshape(array, (-1,))
        if math.isfinite(flat @ flat):
            return True
    return bool(xp.all(is_finite(array)))


def inner(A: Array, B: Array) -> Array:
    """Return the trace inner product <A, B> = tr(A^T B) of the last two axes: (...)."""
    xp = namespace(A, B)
    # One axis at a time: NumPy refuses to sum objects over two axes at once.
    return xp.sum(xp.sum(A * B, axis=-1), axis=-1)


def stack_last(arrays: list[Array], *, like: Array) -> Array:
    """Stack along a new last axis; ensembles may share arrays, so shapes are first made equal."""
    xp = namespace(like)  # exact sums are bare numbers, of no library
    return xp.stack(xp.broadcast_arrays(*arrays), axis=-1)


def pseudoinverse(A: np.ndarray) -> np.ndarray:
    """Return A^+ of the last two axes."""
    # NumPy's default cuts singular values at 1e-15 of the largest, which is below their rounding.
    return np.linalg.pinv(A, rcond=max(A.shape[-2:]) * np.finfo(A.dtype).eps)
