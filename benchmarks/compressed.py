"""Measure `compress`: against the fastest other way, and as n_0 grows."""

import time
from collections.abc import Callable
from functools import partial
from itertools import islice
from typing import Any, TypeVar

import numpy as np

import fa_lib
import rivals

Result = TypeVar("Result")

SAMPLES, HIDDEN, OUTPUTS, STEPS, STEP = 64, 256, 1, 500, 1e-6
INPUTS = 20_000
REPEATS = 3
# As n_0 grows: small enough that a million inputs fit into a gigabyte.
FEW, NARROW, ALONG = 16, 16, (1_000, 10_000, 100_000, 1_000_000)


def problem(
    inputs: int, hidden: int = HIDDEN, samples: int = SAMPLES
) -> tuple[fa_lib.State, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    state = fa_lib.initial_state((inputs, hidden, OUTPUTS), rng=rng)
    x = rng.standard_normal((samples, inputs))
    return state, x, rng.standard_normal((samples, OUTPUTS))


def trained(state: fa_lib.State, x: np.ndarray, y: np.ndarray, steps: int) -> fa_lib.State:
    run = fa_lib.descend(state, fa_lib.full_batch(x, y), step=STEP)
    return next(islice(run, steps, None))


def with_compression(state: fa_lib.State, x: np.ndarray, y: np.ndarray) -> fa_lib.State:
    """Count all of it: the decomposition, the training, the way back."""
    small, small_x, expand = fa_lib.compress(state, x)
    return expand(trained(small, small_x, y, STEPS))


def seconds(call: Callable[[], object]) -> float:
    return timed(call)[1]


def others(steps: int) -> dict[str, Callable[[], object]]:
    """Return the other ways: name -> a call that trains for so many steps."""
    state, x, y = problem(INPUTS)
    arrays: rivals.Start = (*state.weights, *state.feedback, x, y)
    ways: dict[str, Callable[[], object]] = {
        "NumPy, by hand": lambda: rivals.by_hand(*arrays, STEP, steps),
        "fa_lib": lambda: trained(state, x, y, steps),
    }
    try:
        import jax.numpy as jnp

        by_hand, _ = rivals.jax_scans()
        there: rivals.Start = tuple(map(jnp.asarray, arrays))
        ways["JAX jit+scan, by hand"] = lambda: by_hand(*there, STEP, steps)
    except ImportError:
        pass
    try:
        import torch

        tensors: rivals.Start = tuple(torch.asarray(array.copy()) for array in arrays)
        ways["PyTorch eager, by hand"] = lambda: rivals.by_hand(*tensors, STEP, steps)
    except ImportError:
        pass
    return ways


def compressed() -> dict[str, Any]:
    """Return how many times longer each other way takes, and the cost as n_0 grows."""
    few = STEPS // 25  # the other ways cost the same in every step, so a part is measured
    ways = others(few)
    for call in ways.values():
        call()  # compile
    arguments = problem(INPUTS)
    rounds = [
        (
            seconds(lambda: with_compression(*arguments)),
            {name: seconds(call) * STEPS / few for name, call in ways.items()},
        )
        for _ in range(REPEATS)
    ]
    times = {name: sorted(other[name] / own for own, other in rounds) for name in ways}
    for name, ratios in times.items():
        print(f"compress, n_0 = {INPUTS}: {name} takes {ratios[REPEATS // 2]:.1f} times as long")
    return {
        "inputs": INPUTS,
        "samples": SAMPLES,
        "hidden": HIDDEN,
        "steps": STEPS,
        "times as long": {name: [_digits(r) for r in rs] for name, rs in times.items()},
        "growth": along_inputs(),
    }


def along_inputs() -> list[dict[str, float]]:
    """Measure one step, and the way there and back, in units of the step at the least n_0.

    The steps of all n_0 are timed one after the other, again and again; the median of their
    ratios counts.
    """
    steps, ways = [], []
    for inputs in ALONG:
        state, x, y = problem(inputs, NARROW, FEW)
        small, small_x, way = there_and_back(state, x)
        ways.append(way)
        steps.append(partial(trained, small, small_x, y, 100))
    rounds = np.array([[seconds(call) / 100 for call in steps] for _ in range(41)])
    unit, relative = np.median(rounds[:, 0]), np.median(rounds / rounds[:, :1], axis=0)
    rows = [
        {"inputs": inputs, "step": _digits(step), "there and back": _digits(way / unit)}
        for inputs, step, way in zip(ALONG, relative, ways, strict=True)
    ]
    for row in rows:
        print(", ".join(f"{name} {value:g}" for name, value in row.items()), flush=True)
    return rows


def there_and_back(state: fa_lib.State, x: np.ndarray) -> tuple[fa_lib.State, np.ndarray, float]:
    """Compress and expand; return the small state, its inputs, and the seconds that both took."""
    (small, small_x, expand), there = timed(lambda: fa_lib.compress(state, x))
    _, back = timed(lambda: expand(small))
    return small, small_x, there + back


def timed(call: Callable[[], Result]) -> tuple[Result, float]:
    """Return what the call returns, and the seconds it took."""
    start = time.perf_counter()
    result = call()
    return result, time.perf_counter() - start


def _digits(value: float) -> float:
    return float(f"{value:.3g}")
