"""What runs here of the ways in `rivals`: each with the conversion of its arrays."""

import os
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

import rivals

os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")  # JAX leaves PyTorch its memory

Way = tuple[rivals.Training, Callable[[np.ndarray], Any]]  # and the conversion of an array

HERE = "fa_lib on the processor"  # beside the ways on an accelerator
BESIDE = {
    "fa_lib on PyTorch": "PyTorch eager, by hand",
    "fa_lib.velocity, JAX jit+scan": "JAX jit+scan, by hand",
}


def torch_ways(device: str) -> dict[str, Way]:
    import torch

    def there(array: np.ndarray) -> rivals.Array:
        return torch.asarray(array.copy(), device=device)

    def finished(train: rivals.Training) -> rivals.Training:
        def run(*arguments: Any) -> rivals.Weights:
            end = train(*arguments)
            if device != "cpu":
                torch.cuda.synchronize()
            return end

        return run

    torch.set_num_threads(1)
    return {
        "PyTorch products": (finished(rivals.bare_products), there),
        "PyTorch eager, by hand": (finished(rivals.by_hand), there),
        "PyTorch eager, by hand, checked": (finished(rivals.by_hand_checked), there),
        "PyTorch autograd Function": (finished(rivals.torch_autograd()), there),
        "fa_lib on PyTorch": (finished(rivals.library), there),
    }


def biotorch_ways() -> dict[str, Way]:
    import torch

    return {"BioTorch layers": (rivals.biotorch_layers(), lambda a: torch.asarray(a.copy()))}


def jax_ways(device: str) -> dict[str, Way]:
    import jax

    by_hand, by_velocity = rivals.jax_scans()
    there = partial(jax.device_put, device=jax.devices(device)[0])
    return {
        "JAX jit+scan, by hand": (by_hand, there),
        "fa_lib.velocity, JAX jit+scan": (by_velocity, there),
    }


def on_processor() -> dict[str, Way]:
    """Return all that runs on the processor."""
    found: dict[str, Way] = {
        "bare products": (rivals.bare_products, np.asarray),
        "NumPy, by hand": (rivals.by_hand, np.asarray),
        "NumPy, by hand, checked": (rivals.by_hand_checked, np.asarray),
        "fa_lib": (rivals.library, np.asarray),
    }
    others: tuple[Callable[[], dict[str, Way]], ...]
    others = (partial(torch_ways, "cpu"), biotorch_ways, partial(jax_ways, "cpu"))
    for load in others:
        try:
            found |= load()
        except ImportError as error:
            print(f"skipped: {error}")
    return found


def on_accelerator() -> dict[str, Way]:
    """Return all that runs on an accelerator, if there is one, and `fa_lib` on the processor."""
    if not accelerator():
        return {}
    found = torch_ways("cuda")
    try:
        found |= jax_ways("gpu")
    except (ImportError, RuntimeError) as error:  # JAX without a backend for it
        print(f"skipped: {error}")
    return found | {HERE: (rivals.library, np.asarray)}


def on_host(array: rivals.Array) -> np.ndarray:
    """Bring an array back to NumPy."""
    return np.asarray(array.cpu() if hasattr(array, "cpu") else array)


def accelerator() -> str:
    """Return the name of the accelerator that PyTorch can use, or nothing."""
    try:
        import torch
    except ImportError:
        return ""
    return str(torch.cuda.get_device_name()) if torch.cuda.is_available() else ""
