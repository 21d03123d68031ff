"""Measure `compress`: against the fastest other way, and as n_0 grows."""

import time
from itertools import islice

import numpy as np

import fa_lib
import rivals

SAMPLES, HIDDEN, OUTPUTS, STEPS, STEP = 64, 256, 1, 500, 1e-6
INPUTS = 20_000
REPEATS = 3


def problem(inputs: int, hidden: int = HIDDEN) -> tuple[fa_lib.State, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    state = fa_lib.initial_state((inputs, hidden, OUTPUTS), rng=rng)
    x = rng.standard_normal((SAMPLES, inputs))
    return state, x, rng.standard_normal((SAMPLES, OUTPUTS))


def trained(state: fa_lib.State, x: np.ndarray, y: np.ndarray, steps: int) -> fa_lib.State:
    run = fa_lib.descend(state, fa_lib.full_batch(x, y), step=STEP)
    return next(islice(run, steps, None))


def with_compression(state: fa_lib.State, x: np.ndarray, y: np.ndarray) -> fa_lib.State:
    """Count all of it: the decomposition, the training, the way back."""
    small, small_x, expand = fa_lib.compress(state, x)
    return expand(trained(small, small_x, y, STEPS))


def seconds(call) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def others(steps: int) -> dict:
    """Return the other ways: name -> a call that trains for so many steps."""
    state, x, y = problem(INPUTS)
    arrays = (*state.weights, *state.feedback, x, y)
    ways = {
        "NumPy, by hand": lambda: rivals.by_hand(*arrays, STEP, steps),
        "fa_lib": lambda: trained(state, x, y, steps),
    }
    try:
        import jax.numpy as jnp

        by_hand, _ = rivals.jax_scans()
        there = tuple(map(jnp.asarray, arrays))
        ways["JAX jit+scan, by hand"] = lambda: by_hand(*there, STEP, steps)
    except ImportError:
        pass
    try:
        import torch

        tensors = tuple(torch.asarray(array.copy()) for array in arrays)
        ways["PyTorch eager, by hand"] = lambda: rivals.by_hand(*tensors, STEP, steps)
    except ImportError:
        pass
    return ways


def compressed() -> dict:
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
        "times as long": {name: [float(f"{r:.3g}") for r in rs] for name, rs in times.items()},
        "growth": along_inputs(),
    }


def along_inputs() -> list[dict]:
    """Measure one step, and the way there and back, in units of the step at n_0 = 1000."""
    rows, unit = [], None
    for inputs in (1_000, 10_000, 100_000, 1_000_000):
        state, x, y = problem(inputs, hidden=32)  # a million inputs must fit into memory
        once = seconds(lambda s=state, x=x: fa_lib.compress(s, x))
        small, small_x, expand = fa_lib.compress(state, x)
        back = seconds(lambda e=expand, s=small: e(s))
        step = np.median(
            [seconds(lambda s=small, x=small_x, y=y: trained(s, x, y, 50)) / 50 for _ in range(15)]
        )
        unit = unit or step
        row = {"inputs": inputs, "step": step / unit, "there and back": (once + back) / unit}
        rows.append({name: float(f"{value:.3g}") for name, value in row.items()})
        print(", ".join(f"{name} {value:g}" for name, value in rows[-1].items()), flush=True)
    return rows
