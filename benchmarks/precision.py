"""Measure how far each arithmetic of an accelerator breaks the exact discrete law.

The networks train in that arithmetic. Their weights are then read in float64, so that what is left
of the law is the rounding of the training alone.
"""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any

import numpy as np

import fa_lib
import ways

WIDTHS, SAMPLES, NETWORKS = (784, 512, 10), 128, 10
STEP, STEPS = 2e-5, 200

Arithmetic = tuple[Callable[[np.ndarray], Any], Callable[[Any], Any]]  # there; as float64


def torch_arithmetics(device: str) -> Iterator[tuple[str, float, Arithmetic]]:
    """Yield names, unit roundoffs of the factors, and arithmetics, each while it is set."""
    import torch

    def of(dtype: Any) -> Arithmetic:
        return lambda array: torch.asarray(array, dtype=dtype, device=device), lambda A: A.double()

    yield "PyTorch, float64", 2.0**-53, of(torch.float64)
    yield "PyTorch, float32", 2.0**-24, of(torch.float32)
    torch.backends.cuda.matmul.allow_tf32 = True
    yield "PyTorch, float32, TF32 allowed", 2.0**-11, of(torch.float32)
    torch.backends.cuda.matmul.allow_tf32 = False
    yield "PyTorch, bfloat16", 2.0**-8, of(torch.bfloat16)


def jax_arithmetics(device: str) -> Iterator[tuple[str, float, Arithmetic]]:
    """Yield JAX's, of float32: as it comes, and as exact as it can be asked to be."""
    import jax

    jax.config.update("jax_enable_x64", True)
    where = jax.devices(device)[0]

    def there(array: np.ndarray) -> Any:
        return jax.device_put(array.astype(np.float32), where)

    for name, precision, roundoff in (
        ("JAX, float32, as it comes", None, 2.0**-11),
        ('JAX, float32, "highest"', "highest", 2.0**-24),
    ):
        jax.config.update("jax_default_matmul_precision", precision)
        yield name, roundoff, (there, lambda A: A.astype("float64"))


def laws(arithmetic: Arithmetic) -> dict[str, list[float]]:
    """Train; return what the law breaks, and what its two parts move, over their size.

    Sorted over the networks.
    """
    there, as_float64 = arithmetic
    rng = np.random.default_rng(0)
    drawn = fa_lib.initial_state(WIDTHS, rng=rng, ensemble=(NETWORKS,))
    x = there(rng.standard_normal((NETWORKS, SAMPLES, WIDTHS[0])))
    y = there(rng.standard_normal((NETWORKS, SAMPLES, WIDTHS[-1])))
    run = fa_lib.descend(_each(there, drawn), fa_lib.full_batch(x, y), step=STEP)
    states = (_each(as_float64, state) for state in islice(run, STEPS + 1))
    first = next(states)
    init, update = fa_lib.ledger()  # which keeps one state; the path would fill gigabytes
    book, residuals = init(first), []
    for state in states:
        book = update(book, state)
        residuals.append(abs(ways.on_host(book.residual)[..., 0]))
    size, end = ((ways.on_host(s.weights[0]) ** 2).sum((-2, -1)) / 2 for s in (first, book.state))
    return {
        "broken": _sorted(np.max(residuals, axis=0) / size),
        "moved": _sorted(abs(end - size) / size),
    }


def _each(convert: Callable[[Any], Any], state: fa_lib.State) -> fa_lib.State:
    weights, feedback = (tuple(map(convert, part)) for part in state)
    return fa_lib.State(weights, feedback)


def _sorted(values: Iterable[float]) -> list[float]:
    return sorted(float(f"{value:.3g}") for value in values)


def precision() -> dict[str, Any]:
    """Return what each arithmetic of the accelerator does to the law."""
    rows = []
    for arithmetics, device in ((torch_arithmetics, "cuda"), (jax_arithmetics, "gpu")):
        for name, roundoff, arithmetic in arithmetics(device):
            row: dict[str, Any] = {"arithmetic": name, "roundoff": roundoff} | laws(arithmetic)
            rows.append(row)
            middle = {key: row[key][NETWORKS // 2] for key in ("broken", "moved")}
            print(f"{name:32} {middle}", flush=True)
    return {
        "widths": WIDTHS,
        "samples": SAMPLES,
        "networks": NETWORKS,
        "steps": STEPS,
        "rows": rows,
    }
