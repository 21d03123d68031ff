"""Training on JAX's arrays: a step that is compiled once, and a run of steps as one scan."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from fa_lib._arrays import Array, is_finite

TOGETHER = 256  # steps of one scan, or of one block where that is longer


@lru_cache(maxsize=32)
def checked_step(step: Callable[..., Any], *learning: Any) -> Callable[..., Any]:
    """Return a compiled (state, x, y, eta) -> the next state, and whether it is finite."""
    import jax

    def checked(state: Any, x: Array, y: Array, eta: Any) -> Any:
        moved = step(state, x, y, eta, *learning)
        return moved, jax.numpy.all(
            jax.numpy.asarray([is_finite(M).all() for M in jax.tree.leaves(moved)])
        )

    compiled: Callable[..., Any] = jax.jit(checked)
    return compiled


@lru_cache(maxsize=32)
def scan(
    step: Callable[..., Any], values: Callable[[Any], Any], every: int, *learning: Any
) -> Callable[..., Any]:
    """Return a compiled (state, eta, batches, blocks) -> the last state, and values by blocks.

    A block is of ``every`` steps, and has the value of its last state. Batches that differ come
    stacked, with axes of blocks and of steps; where they are one, ``blocks`` says how many.
    """
    import jax

    def run(state: Any, eta: Any, batches: Any, blocks: int | None) -> Any:
        def one(state: Any, batch: Any) -> Any:
            return step(state, *(batches if blocks else batch), eta, *learning), None

        def block(state: Any, stacked: Any) -> Any:
            state, _ = jax.lax.scan(one, state, stacked, length=every)
            return state, values(state)

        return jax.lax.scan(block, state, None if blocks else batches, length=blocks)

    compiled: Callable[..., Any] = jax.jit(run, static_argnums=3)
    return compiled


def together(pairs: Sequence[Any], every: int) -> tuple[Any, int | None] | None:
    """Return batches and blocks as `scan` takes them; None if the batches have several shapes."""
    import jax

    def stack(*arrays: Array) -> Array:
        return jax.numpy.stack(arrays).reshape(-1, every, *arrays[0].shape)

    if all(pair is pairs[0] for pair in pairs):
        return pairs[0], len(pairs) // every
    if len({tuple(array.shape for array in pair) for pair in pairs}) > 1:
        return None
    return jax.tree.map(stack, *pairs), None


def joined(parts: Sequence[Any]) -> Any:
    """Join values along their axes of time."""
    import jax

    return jax.tree.map(lambda *arrays: jax.numpy.concatenate(arrays), *parts)


def after_first(values: Any) -> Any:
    """Return values without those of the first time."""
    import jax

    return jax.tree.map(lambda array: array[1:], values)
