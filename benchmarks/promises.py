"""What the library adds to the work itself: its checks, its paths, its ledger, its compiled runs.

Each row is a ratio of two calls that do the same work, and the most that we allow it to be.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import islice
from typing import Any, NamedTuple
from unittest.mock import patch

import numpy as np

import fa_lib
import rivals
import ways
from fa_lib import _checks

Call = Callable[[], object]
CALLS = 200  # of a function, in one timing
STEPS = 1024
STEP = 1e-6


class Promise(NamedTuple):
    """Two calls of the same work, and what their ratio may be."""

    what: str
    setting: str
    ours: Call
    bare: Call
    target: float


def unchecked(call: Call) -> Call:
    """Return the call without the checks of its arguments."""

    def nothing(*_: object, **__: object) -> None: ...

    @contextmanager
    def open_door() -> Iterator[None]:
        with patch.multiple(_checks, run=nothing, weights=nothing, feedback=nothing):
            yield

    def run() -> None:
        with open_door():
            for _ in range(CALLS):
                call()

    return run


def repeated(call: Call) -> Call:
    def run() -> None:
        for _ in range(CALLS):
            call()

    return run


def last(state: fa_lib.State, batches: Any) -> fa_lib.State:
    """Train by `descend`, and look at no state but the last."""
    return next(islice(fa_lib.descend(state, batches, step=STEP), STEPS, None))


def noted(state: fa_lib.State, batches: Any) -> object:
    """Do the same with a ledger beside it."""
    init, update = fa_lib.ledger()
    states = islice(fa_lib.descend(state, batches, step=STEP), STEPS // 16 + 1)
    book = init(next(states))
    for now in states:
        book = update(book, now)
    return book


def unnoted(state: fa_lib.State, batches: Any) -> object:
    return next(islice(fa_lib.descend(state, batches, step=STEP), STEPS // 16, None))


def promises(small: Any, digits: Any) -> list[Promise]:
    """Return what is promised, of the two problems (W_1, W_2, B, x, y)."""
    W_1, W_2, B, x, y = small
    state = fa_lib.State((W_1, W_2), (B,))
    rng = np.random.default_rng(0)
    many_x, many_y = (np.tile(a, (50, 1)) for a in (x, y))
    drawn = fa_lib.minibatches(many_x, many_y, len(x), rng=rng)
    large = fa_lib.State(tuple(digits[:2]), (digits[2],))
    batches = fa_lib.full_batch(*digits[3:])
    velocity = partial(fa_lib.velocity, state, x, y)
    law = partial(fa_lib.layer_law, state)
    found = [
        Promise("`velocity`, its checks", "small", repeated(velocity), unchecked(velocity), 1.5),
        Promise("`layer_law`, its checks", "small", repeated(law), unchecked(law), 1.5),
        Promise(
            "a mini-batch step, beside a full batch of its size",
            "small",
            partial(last, state, drawn),
            partial(last, state, fa_lib.full_batch(x, y)),
            1.3,
        ),
        Promise(
            "a ledger beside the loop",
            "digits",
            partial(noted, large, batches),
            partial(unnoted, large, batches),
            1.2,
        ),
    ]
    return found + _of_torch(digits) + _of_jax({"small": small, "digits": digits})


def _of_torch(problem: Any) -> list[Promise]:
    try:
        import torch
    except ModuleNotFoundError:
        print("PyTorch is not installed: what is promised beside it is skipped")
        return []
    W_1, W_2, B, x, y = (torch.asarray(array.copy()) for array in problem)
    passed_back = rivals.torch_layer()

    def trained(*, audits: bool) -> None:
        weights = [W.clone().requires_grad_() for W in (W_1, W_2)]
        optimiser = torch.optim.Adam(weights, lr=STEP)
        for step in range(STEPS // 8):
            optimiser.zero_grad()
            prediction = passed_back((x @ weights[0].mT).relu(), weights[1], B)
            ((prediction - y) ** 2).mean().backward()
            if audits and step % 10 == 0:
                fa_lib.assert_feedback_alignment(*fa_lib.backward_pass(weights, [B]))
            optimiser.step()

    what = "an audit of every tenth pass of PyTorch"
    return [
        Promise(what, "digits", partial(trained, audits=True), partial(trained, audits=False), 1.05)
    ]


def _of_jax(problems: dict[str, Any]) -> list[Promise]:
    try:
        import jax
    except ModuleNotFoundError:
        print("JAX is not installed: what is promised of it is skipped")
        return []
    (by_hand, there), *_ = ways.jax_ways("cpu").values()
    found = []
    for name, arrays in problems.items():
        W_1, W_2, B, x, y = map(there, arrays)
        state, batches = fa_lib.State((W_1, W_2), (B,)), fa_lib.full_batch(x, y)
        steps = STEPS if name == "small" else STEPS // 8

        def path(state: fa_lib.State = state, batches: Any = batches, steps: int = steps) -> object:
            run = fa_lib.train(state, batches, step=STEP, steps=steps, every=steps)
            return jax.block_until_ready(run.weights)

        scan = partial(by_hand, W_1, W_2, B, x, y, STEP, steps)
        found.append(Promise("`train` on JAX, beside a scan by hand", name, path, scan, 1.1))
        if name == "small":
            one_by_one = partial(last, state, batches)
            what = "`descend` on JAX, each state looked at, beside a scan by hand"
            found.append(Promise(what, name, one_by_one, scan, 3))
    return found
