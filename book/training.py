"""What several pages train: two-layer linear networks, until they rest."""

from contextlib import suppress
from typing import Any

from numpy.linalg import matrix_norm as norm

import fa_lib as fa

TOGETHER = 100  # steps of one size


def step_size(state: fa.State, x: Any) -> Any:
    """Return a step for each network: one over a bound on the curvature."""
    (W1, W2), (B,) = state
    data, back, ahead, hidden = (norm(A, ord=2) for A in (x, B, W2, W1 @ x.mT))
    return 1 / (hidden**2 + data**2 * back * (back + ahead))


def settle(
    start: fa.State,
    x: Any,
    y: Any,
    rule: fa.Rule = fa.feedback_alignment,
    *,
    rest: float = 1e-13,
    most_steps: int = 60_000,
) -> fa.State:
    """Train two-layer linear networks until all move slower than ``rest`` times ||Y^T X||.

    Each takes its own `step_size`. Where the curvature grows too fast for that, all begin again
    with half of it.

    Raises
    ------
    RuntimeError
        If some network still moves after ``most_steps``.
    """
    share = 1.0
    while True:
        with suppress(fa.Diverged):
            return _settled(start, x, y, rule, rest, most_steps, share)
        share /= 2


def _settled(
    state: fa.State,
    x: Any,
    y: Any,
    rule: fa.Rule,
    rest: float,
    most_steps: int,
    share: float,
) -> fa.State:
    how: dict[str, Any] = {"rule": rule, "activation": fa.linear}
    run: dict[str, Any] = {"steps": TOGETHER, "every": TOGETHER}
    batches = fa.full_batch(x, y)
    for _ in range(0, most_steps, TOGETHER):
        step = share * step_size(state, x)
        state = fa.train(state, batches, step=step, **run, **how).at(-1)
        moves = fa.velocity(state, x, y, **how).weights
        speed: Any = sum(map(norm, moves)) / norm(y.mT @ x)
        if speed.max() < rest:
            return state
    raise RuntimeError(
        f"not at rest after {most_steps} steps: speed {speed.max():.1e}"
    )
