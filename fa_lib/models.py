"""Reads weights, gradients and feedback from models of other libraries, for `audit`.

A layer is whatever has a ``weight`` or a ``kernel``, and perhaps a ``bias``: as attributes, as
modules of PyTorch and Equinox have them, or as keys, as trees of Flax have them. No library is
imported for it. All arrays are copied, since optimisers update in place.
"""

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from itertools import pairwise
from typing import Any, NamedTuple

from fa_lib import _checks
from fa_lib._arrays import Result, detached, namespace


class BackwardPass(NamedTuple):
    """What one backward pass left behind, in the form that `audit` takes.

    Attributes
    ----------
    weights : tuple of layers
        A tuple of W, (outputs, inputs, ...), and of the bias, if there is one.
    gradients : tuple of layers
        In the same form.
    feedback : tuple of arrays
        B_2, ..., B_L.
    """

    weights: tuple[tuple[Result, ...], ...]
    gradients: tuple[tuple[Result, ...], ...]
    feedback: tuple[Result, ...]


class _Layer(NamedTuple):
    """A layer as it was found, and its arrays in PyTorch's layout; ``kernel`` says if in Flax's."""

    node: Any
    arrays: tuple[Any, ...]
    kernel: bool


def backward_pass(model: Any, feedback: Any = (), *, gradients: Any = None) -> BackwardPass:
    """Return the weights of a model, their gradients, and what carried the error, as copies.

    Parameters
    ----------
    model : module or tree
        Its layers, in the order in which they stand: a ``torch.nn.Sequential`` or any module of
        PyTorch or Equinox whose layers are declared in their order, a tree of parameters of Flax,
        or a list of arrays. A ``weight`` is (outputs, inputs, ...), a ``kernel`` (..., inputs,
        outputs), and an array by itself is taken for a weight.
    feedback : str, or a sequence or tree of arrays
        The name of the attribute that holds it, on the layer through which it carries the error
        back or on the one to which it does. Or what carries the error in the place of W_2, ...,
        W_L, like the model, or transposed; what stands in the place of W_1 is not used.
    gradients : tree, optional
        Of the form of the model. Without it they are ``.grad`` of PyTorch's parameters.

    Returns
    -------
    BackwardPass
        For ``audit(*backward_pass(...))``.

    Raises
    ------
    ValueError
        If there are no layers, there was no backward pass, the layers do not follow each other,
        feedback fits nothing, or would fit in two ways, or a layer is a normalisation whose gain
        and shift are trained: build its junction by hand.

    Notes
    -----
    Where the layers of a tree stand in another order, as when a tenth is sorted before the second,
    give a list of them.

    Examples
    --------
    >>> import numpy as np
    >>> params = {
    ...     "Dense_0": {"kernel": np.ones((3, 5)), "bias": np.zeros(5)},
    ...     "Dense_1": {"kernel": np.ones((5, 2)), "bias": np.zeros(2)},
    ... }
    >>> found = backward_pass(params, [np.ones((2, 5))], gradients=params)
    >>> [[W.shape for W in layer] for layer in found.weights]
    [[(5, 3), (5,)], [(2, 5), (2,)]]
    """
    layers = _by_channel(_layers_of("model", model))
    weights = [layer.arrays for layer in layers]
    if gradients is None:
        moves = [tuple(map(_grad, arrays)) for arrays in weights]
    else:
        moves = [layer.arrays for layer in _by_channel(_layers_of("gradients", gradients))]
    carriers = (
        _on_layers(layers, feedback) if isinstance(feedback, str) else _of_tree(layers, feedback)
    )
    return BackwardPass(
        tuple(tuple(map(detached, arrays)) for arrays in weights),
        tuple(tuple(map(detached, arrays)) for arrays in moves),
        tuple(map(detached, carriers)),
    )


def _grad(parameter: Any) -> Any:
    gradient = getattr(parameter, "grad", None)
    if gradient is None:
        _checks.refuse(
            "gradients", "weights without .grad", "a backward pass before, or gradients="
        )
    return gradient


def _layers_of(name: str, tree: Any) -> list[_Layer]:
    layers = list(_found(name, tree))
    if not layers:
        _checks.refuse(name, f"{type(tree).__name__} without layers", "a weight or kernel in it")
    return layers


def _found(name: str, node: Any) -> Iterator[_Layer]:
    """Yield the layers of a tree in the order in which they stand."""
    W, kernel = _part(node, "weight"), _part(node, "kernel")
    if _is_array(W) or _is_array(kernel):
        bias = _part(node, "bias")
        more = (bias,) if _is_array(bias) else ()
        W = W if _is_array(W) else _outputs_first(kernel)
        if W.ndim < 2:
            came = f"{type(node).__name__} with weights of shape {tuple(W.shape)}"
            _checks.refuse(name, came, "dense layers and convolutions alone")
        yield _Layer(node, (W, *more), _is_array(kernel))
    elif _is_array(node):
        yield _Layer(node, (node,), kernel=False)
    else:
        for child in _children(node):
            yield from _found(name, child)


def _part(node: Any, key: str) -> Any:
    return node.get(key) if isinstance(node, Mapping) else getattr(node, key, None)


def _is_array(value: Any) -> bool:
    return all(hasattr(value, name) for name in ("shape", "dtype", "ndim"))


def _children(node: Any) -> Iterator[Any]:
    if isinstance(node, Mapping):
        yield from node.values()
    elif isinstance(node, list | tuple):
        yield from node
    elif callable(getattr(node, "children", None)):
        yield from node.children()
    elif is_dataclass(node):
        yield from (getattr(node, field.name, None) for field in fields(node))


def _outputs_first(kernel: Any) -> Result:
    """Give a kernel of Flax, (..., inputs, outputs), the layout of PyTorch."""
    *places, inputs, outputs = range(kernel.ndim)
    return namespace(kernel).permute_dims(kernel, (outputs, inputs, *places))


def _by_channel(layers: list[_Layer]) -> list[_Layer]:
    """Sort by channel what reads channels that Flax has flattened, by place."""
    return layers[:1] + [_behind(before, layer) for before, layer in pairwise(layers)]


def _behind(before: _Layer, layer: _Layer) -> _Layer:
    units, (W, *more) = before.arrays[0].shape[0], layer.arrays
    flattened = layer.kernel and before.arrays[0].ndim > 2 and W.ndim == 2
    if not flattened or W.shape[1] % units:
        return layer
    xp = namespace(W)
    by_place = xp.reshape(W, (W.shape[0], -1, units))
    return layer._replace(arrays=(xp.moveaxis(by_place, 1, 2), *more))


def _on_layers(layers: list[_Layer], name: str) -> list[Any]:
    """Return what stands under a name on the layers above the first, or on those below the last."""
    held = [_part(layer.node, name) for layer in layers]
    weights = [layer.arrays[0] for layer in layers[1:]]
    ways = [list(map(_as, part, weights)) for part in (held[1:], held[:-1])]
    fitting = [way for way in ways if all(B is not None for B in way)]
    if len(fitting) != 1:
        came = f"{name!r}, which fits {'in two ways' if fitting else 'no way'}"
        _checks.refuse("feedback", came, "an attribute of the layers, of the shapes of W_2, ...")
    return fitting[0]


def _of_tree(layers: list[_Layer], tree: Any) -> list[Any]:
    found = list(_found("feedback", tree))
    if found and len(found) == len(layers) - 1:
        found = layers[:1] + found
    pairs = zip(_by_channel(found)[1:], layers[1:], strict=False)
    # What does not fit stays as it is, and `audit` refuses it by its number.
    return [_as(B.arrays[0], of.arrays[0], B.arrays[0]) for B, of in pairs]


def _as(B: Any, W: Any, otherwise: Any = None) -> Any:
    """Return B in the shape of W, where it has that or the transposed one."""
    if _is_array(B) and B.ndim >= 2:
        for turned in (B, B.mT):
            if tuple(turned.shape) == tuple(W.shape):
                return turned
    return otherwise
