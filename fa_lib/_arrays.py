"""The few array operations that need to know which library the arrays come from."""

import math
import operator
from functools import reduce
from typing import Any, Protocol

import numpy as np
from array_api_compat import array_namespace, is_torch_array
from array_api_compat import device as device
from array_api_compat import is_jax_array as is_jax_array
from array_api_compat import is_lazy_array as is_lazy_array


class Array(Protocol):
    """What comes in: an array of NumPy (floats, or objects as Fraction), PyTorch, JAX, CuPy, ..."""

    @property
    def shape(self) -> tuple[int, ...]: ...
    @property
    def ndim(self) -> int: ...
    @property
    def dtype(self) -> Any: ...
    @property
    def mT(self) -> Any: ...
    def __getitem__(self, key: Any, /) -> Any: ...
    def __neg__(self) -> Any: ...
    def __abs__(self) -> Any: ...
    def __add__(self, other: Any, /) -> Any: ...
    def __radd__(self, other: Any, /) -> Any: ...
    def __sub__(self, other: Any, /) -> Any: ...
    def __rsub__(self, other: Any, /) -> Any: ...
    def __mul__(self, other: Any, /) -> Any: ...
    def __rmul__(self, other: Any, /) -> Any: ...
    def __truediv__(self, other: Any, /) -> Any: ...
    def __pow__(self, other: Any, /) -> Any: ...
    def __matmul__(self, other: Any, /) -> Any: ...
    def __gt__(self, other: Any, /) -> Any: ...


Result = Any  # what goes out: an array of the library that came in, with the types it has there


_namespaces: dict[tuple[type, ...], Any] = {}
_DOT_WARNS = np.lib.NumpyVersion(np.__version__) >= "2.3.0"  # of an overflow, as matmul does


def namespace(*arrays: Array) -> Any:
    """Return the library of the arrays: `array_namespace`, asked once for each type of array."""
    kinds = tuple(map(type, arrays))
    if kinds not in _namespaces:
        _namespaces[kinds] = array_namespace(*arrays)
    return _namespaces[kinds]


def is_exact(array: Array) -> bool:
    """Tell whether the entries are Python objects, such as Fraction or SymPy expressions."""
    return isinstance(array, np.ndarray) and array.dtype == object


def is_finite(array: Array) -> Result:
    """Mark the matrices of a stack whose entries are all finite: (..., m, n) -> (...)."""
    xp = namespace(array)
    # Python objects have no isfinite; x - x == 0 says the same, of Fraction, SymPy and float alike.
    finite = (array - array == 0) if is_exact(array) else xp.isfinite(array)
    return xp.all(xp.all(finite, axis=-1), axis=-1)


def all_finite(*arrays: Array) -> bool:
    """Tell whether every entry is finite; arrays being traced have no values yet, and pass."""
    with np.errstate(over="ignore", invalid="ignore"):
        return all_finite_quietly(*arrays)


def all_finite_quietly(*arrays: Array) -> bool:
    """Do what `all_finite` does, for arrays of one kind, where NumPy is told not to warn."""
    try:
        return _all_finite(arrays)
    except (TypeError, RuntimeError):
        # Arrays being traced by JAX, or mapped over by PyTorch's vmap, have no values to read.
        if any(map(is_lazy_array, arrays)) or is_torch_array(arrays[0]):
            return True
        raise


def _all_finite(arrays: tuple[Any, ...]) -> bool:
    """Read whether all entries are finite.

    The sum, in NumPy the sum of squares, costs least, and one number is soonest brought back from
    an accelerator. It is finite only if all entries are. Where it is not, as when it overflows, the
    entries decide.
    """
    if is_torch_array(arrays[0]):  # whose parameters warn of being read
        arrays = tuple([array.detach() for array in arrays])
    if not is_exact(arrays[0]):
        of_numpy = isinstance(arrays[0], np.ndarray)
        sums = map(np.vdot, arrays, arrays) if of_numpy else map(namespace(*arrays).sum, arrays)
        if math.isfinite(reduce(operator.add, sums)):
            return True
    return all(bool(namespace(array).all(is_finite(array))) for array in arrays)


def holds(flag: Array) -> bool:
    """Read a truth value of JAX; one that is being traced has no value yet, and passes."""
    try:
        return bool(flag)
    except TypeError:
        return True


def detached(array: Array) -> Result:
    """Return a copy that no later write or donation can touch, and that keeps no graph."""
    if is_torch_array(array):
        return array.detach().clone()
    return namespace(array).asarray(array, copy=True)


def at_rest(array: Array) -> Result:
    """Return an array to be read at once, which need be no copy: without a graph, and not lazy.

    Floats of 16 bits become float32, in which their products do not underflow. An array of JAX
    becomes one of NumPy, whose small operations cost a hundredth as much.
    """
    if is_torch_array(array):
        array = array.detach()
    xp = namespace(array)
    rested = xp.astype(array, xp.float32) if array.dtype.itemsize == 2 else array
    return on_host(rested) if is_jax_array(array) else rested


def on_host(array: Array) -> np.ndarray:
    """Return an array of NumPy with the same entries."""
    return np.asarray(array.cpu() if hasattr(array, "cpu") else array)


def sum_of_sizes(array: Array) -> float:
    """Return the sum of the absolute values of all entries; PyTorch needs no memory for them."""
    if is_exact(array):
        return float(abs(array).sum())
    return float(namespace(array).linalg.vector_norm(array, ord=1))


def keep_freed_memory() -> None:
    """Have the C library keep the memory of arrays that are freed, for those that come next.

    glibc gives blocks back to the system if they are larger than any that was freed before, and
    each step of an ensemble would ask for all its pages anew, at twice the cost of its arithmetic.
    It learns from blocks of up to 32 MiB. This one is never touched, so it costs nothing.
    """
    np.empty(31 * 2**20, dtype=np.uint8)


def product(A: Any, B: Any) -> Result:
    """Return A B, a new array, as ``A @ B`` does: (..., m, k), (..., k, n) -> (..., m, n).

    For two small matrices NumPy's ``dot`` has less overhead than its ``matmul``.
    """
    if _DOT_WARNS and isinstance(A, np.ndarray) and A.ndim == B.ndim == 2:
        return A.dot(B)
    return A @ B


def scaled(A: Array, factors: Array) -> Result:
    """Return A times factors, entry by entry, in place; nothing else may hold A."""
    A *= factors
    return A


def step(h: Array) -> Result:
    """Return 1 where h > 0 and 0 elsewhere, in the arithmetic of h."""
    # Among objects integers: they would be True and False, which SymPy does not multiply.
    on = h > 0
    if isinstance(h, np.ndarray):
        return on.astype(int if h.dtype == object else h.dtype)
    return namespace(h).astype(on, h.dtype)


def inner(A: Any, B: Any) -> Result:
    """Return the trace inner product <A, B> = tr(A^T B) of the last two axes: (...)."""
    if isinstance(A, np.ndarray) and A.dtype != object:  # without the memory of a product
        return np.sum(np.vecdot(A, B), axis=-1)
    xp = namespace(A)
    # One axis at a time: NumPy refuses to sum objects over two axes at once.
    return xp.sum(xp.sum(A * B, axis=-1), axis=-1)


def stack_last(arrays: list[Array], *, like: Array) -> Result:
    """Stack along a new last axis; ensembles may share arrays, so shapes are first made equal."""
    xp = namespace(like)  # exact sums are bare numbers, of no library
    return xp.stack(xp.broadcast_arrays(*arrays), axis=-1)


def pseudoinverse(A: np.ndarray) -> np.ndarray:
    """Return A^+ of the last two axes."""
    # NumPy's default cuts singular values at 1e-15 of the largest, which is below their rounding.
    return np.linalg.pinv(A, rcond=max(A.shape[-2:]) * np.finfo(A.dtype).eps)
