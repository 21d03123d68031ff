"""Training on JAX's arrays: a step that is compiled once, and a run of steps as one scan."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from fa_lib._arrays import Array, Result, is_finite

TOGETHER = 256  # steps of one scan, or of one block where that is longer


@lru_cache(maxsize=32)
def checked_step(step: Callable[..., Any], *learning: Any) -> Callable[..., Any]:
    """Return a compiled (state, x, y, etas) -> the next state, and whether it is finite."""
    import jax

    def checked(state: Any, x: Array, y: Array, etas: Any) -> Any:
        moved = step(state, x, y, etas, *learning)
        return moved, jax.numpy.all(
            jax.numpy.asarray([is_finite(M).all() for M in jax.tree.leaves(moved)])
        )

    compiled: Callable[..., Any] = jax.jit(checked)
    return compiled


@lru_cache(maxsize=32)
def scan(
    step: Callable[..., Any], values: Callable[[Any], Any], every: int, *learning: Any
) -> Callable[..., Any]:
    """Return a compiled (state, fixed, moving, blocks) -> the last state, and values by blocks.

    A block is of ``every`` steps, and has the value of its last state. A step needs a batch and its
    sizes. What all steps share is fixed; what differs is moving: stacked, with axes of blocks and
    of steps. Either has None where the other has something.
    """
    import jax

    def run(state: Any, fixed: Any, moving: Any, blocks: int) -> Any:
        def one(state: Any, now: Any) -> Any:
            batch, etas = (a if b is None else b for a, b in zip(fixed, now, strict=True))
            return step(state, *batch, etas, *learning), None

        def block(state: Any, stacked: Any) -> Any:
            state, _ = jax.lax.scan(one, state, stacked, length=every)
            return state, values(state)

        return jax.lax.scan(block, state, moving, length=blocks)

    compiled: Callable[..., Any] = jax.jit(run, static_argnums=3)
    return compiled


def together(pairs: Sequence[Any], etas: Sequence[Any], every: int) -> Any:
    """Return what is fixed, what moves and the blocks, as `scan` takes them.

    None if the batches have several shapes.
    """
    import jax

    def stack(*arrays: Array) -> Result:
        return jax.numpy.stack(arrays).reshape(-1, every, *arrays[0].shape)

    parts: list[tuple[Any, Any]] = []
    for values in (pairs, etas):
        if all(value is values[0] for value in values):
            parts.append((tuple(values[0]), None))
        elif len({tuple(array.shape for array in value) for value in values}) > 1:
            return None
        else:
            parts.append((None, jax.tree.map(stack, *map(tuple, values))))
    fixed, moving = zip(*parts, strict=True)
    return fixed, moving, len(pairs) // every


def numbers(values: Sequence[Any], like: Array) -> list[Result]:
    """Return numbers as arrays, so that they are brought to the device once."""
    import jax

    return [jax.numpy.asarray(value, dtype=like.dtype) for value in values]


def joined(parts: Sequence[Any]) -> Any:
    """Join values along their axes of time."""
    import jax

    return jax.tree.map(lambda *arrays: jax.numpy.concatenate(arrays), *parts)


def after_first(values: Any) -> Any:
    """Return values without those of the first time."""
    import jax

    return jax.tree.map(lambda array: array[1:], values)
