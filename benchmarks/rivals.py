"""The same training step written by hand, in each way that a researcher would use instead.

Each takes (weights W_1, W_2, feedback B, x, y, step size, number of steps), for two layers and
ReLU, and returns the last weights. None but `by_hand_checked` looks whether they are finite;
`fa_lib.descend` does.
"""

from collections.abc import Callable, Iterable
from itertools import islice
from typing import Any

import numpy as np

import fa_lib

Array = Any  # NumPy, PyTorch or JAX
Start = tuple[Array, Array, Array, Array, Array]  # W_1, W_2, B, x, y
Weights = tuple[Array, Array]
Training = Callable[[Array, Array, Array, Array, Array, float, int], Weights]


def bare_products(
    W_1: Array, W_2: Array, B: Array, x: Array, y: Array, step: float, steps: int
) -> Weights:
    """Do the five matrix products of a step and nothing else."""
    a, e, d = x @ W_1.mT, y, x @ W_1.mT
    for _ in range(steps):
        x @ W_1.mT
        a @ W_2.mT
        e @ B
        e.mT @ a
        d.mT @ x
    return W_1, W_2


def by_hand(
    W_1: Array, W_2: Array, B: Array, x: Array, y: Array, step: float, steps: int
) -> Weights:
    """Train with the array's own operations: plain NumPy, or PyTorch eager."""
    for _ in range(steps):
        h = x @ W_1.mT
        on = h > 0
        a = h * on
        e = a @ W_2.mT - y
        d = (e @ B) * on
        W_1 = W_1 - step * (d.mT @ x)
        W_2 = W_2 - step * (e.mT @ a)
    return W_1, W_2


def by_hand_checked(
    W_1: Array, W_2: Array, B: Array, x: Array, y: Array, step: float, steps: int
) -> Weights:
    """Train as `by_hand` does, and stop where a weight is not finite."""
    for _ in range(steps):
        W_1, W_2 = by_hand_once(W_1, W_2, B, x, y, step)
        if not all(abs(W).max() < np.inf for W in (W_1, W_2)):
            raise FloatingPointError
    return W_1, W_2


def library(
    W_1: Array, W_2: Array, B: Array, x: Array, y: Array, step: float, steps: int
) -> Weights:
    """Train with `fa_lib.descend`."""
    state = fa_lib.State((W_1, W_2), (B,))
    run = fa_lib.descend(state, fa_lib.full_batch(x, y), step=step)
    *_, (weights, _) = islice(run, steps, steps + 1)
    return weights


def one_by_one(*arguments: Any) -> Weights:
    """Train the networks of an ensemble with `fa_lib.descend`, one after the other."""
    *arrays, step, steps = arguments
    networks: Iterable[Start] = zip(*arrays, strict=True)
    ends = [library(*network, step, steps) for network in networks]
    stacked: tuple[Any, ...] = tuple(np.stack(each) for each in zip(*ends, strict=True))
    return stacked


def torch_layer() -> Callable[[Array, Array, Array], Array]:
    """Return a layer of PyTorch whose error is carried back by B, as an autograd Function."""
    import torch

    class Layer(torch.autograd.Function):  # type: ignore[misc]  # PyTorch is not installed here
        @staticmethod
        def forward(context: Any, a: Array, W: Array, B: Array) -> Array:
            context.save_for_backward(a, B)
            return a @ W.mT

        @staticmethod
        def backward(context: Any, delta: Array) -> tuple[Array, Array, None]:
            a, B = context.saved_tensors
            return delta @ B, delta.mT @ a, None

    applied: Callable[[Array, Array, Array], Array] = Layer.apply
    return applied


def torch_autograd() -> Training:
    """Return training by PyTorch, with feedback alignment as an autograd Function."""
    import torch

    layer = torch_layer()

    def train(
        W_1: Array, W_2: Array, B: Array, x: Array, y: Array, step: float, steps: int
    ) -> Weights:
        W_1, W_2 = (W.clone().requires_grad_() for W in (W_1, W_2))
        optimiser = torch.optim.SGD([W_1, W_2], lr=step)
        for _ in range(steps):
            optimiser.zero_grad()
            f = layer((x @ W_1.mT).relu(), W_2, B)
            (0.5 * ((f - y) ** 2).sum()).backward()
            optimiser.step()
        return W_1.detach(), W_2.detach()

    return train


def biotorch_layers() -> Training:
    """Return training by BioTorch's layers; they know no ensembles."""
    import torch
    from biotorch.layers.fa import Linear

    def train(
        W_1: Array, W_2: Array, B: Array, x: Array, y: Array, step: float, steps: int
    ) -> Weights:
        hidden, readout = (Linear(W.shape[1], W.shape[0], bias=False) for W in (W_1, W_2))
        for layer, W in ((hidden, W_1), (readout, W_2)):
            layer.weight = torch.nn.Parameter(W.clone())
            layer.weight_backward = torch.nn.Parameter(W.clone(), requires_grad=False)
        readout.weight_backward.data = B.clone()
        optimiser = torch.optim.SGD([hidden.weight, readout.weight], lr=step)
        for _ in range(steps):
            optimiser.zero_grad()
            f = readout(hidden(x).relu())
            (0.5 * ((f - y) ** 2).sum()).backward()
            optimiser.step()
        return hidden.weight.detach(), readout.weight.detach()

    return train


def jax_scans() -> tuple[Training, Training]:
    """Return two trainings by `jax.jit` and `lax.scan`: by hand, and with `fa_lib.velocity`."""
    from functools import partial

    import jax

    jax.config.update("jax_enable_x64", True)
    # On an accelerator it would round the factors of a float32 product to ten bits.
    jax.config.update("jax_default_matmul_precision", "highest")

    def scan(update: Callable[..., Weights]) -> Training:
        @partial(jax.jit, static_argnums=6)
        def train(
            W_1: Array, W_2: Array, B: Array, x: Array, y: Array, step: float, steps: int
        ) -> Weights:
            def body(weights: Weights, _: None) -> tuple[Weights, None]:
                return update(*weights, B, x, y, step), None

            last: Weights = jax.lax.scan(body, (W_1, W_2), length=steps)[0]
            return last

        return lambda *arguments: jax.block_until_ready(train(*arguments))

    def by_velocity(W_1: Array, W_2: Array, B: Array, x: Array, y: Array, step: float) -> Weights:
        moved = fa_lib.velocity(fa_lib.State((W_1, W_2), (B,)), x, y).weights
        return tuple(W + step * dW for W, dW in zip((W_1, W_2), moved, strict=True))

    return scan(partial(by_hand_once)), scan(by_velocity)


def by_hand_once(W_1: Array, W_2: Array, B: Array, x: Array, y: Array, step: float) -> Weights:
    """Take one step of `by_hand`."""
    return by_hand(W_1, W_2, B, x, y, step, 1)
