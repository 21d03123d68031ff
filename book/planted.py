"""Changes to a plain training step, `examples/numpy_training.py`, and what the law says of each.

A change is an edit of the source: some text, and what is put in its place. Theory says beforehand
which hidden layers it breaks, and by which factor, if there is one.
"""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

SOURCE = Path(__file__).parent / "examples" / "numpy_training.py"
FORWARD, BACK = "a1 = relu(h1)", "d1 = (d2 @ B2) * slope(h1)"
RETURN = "return dW, db"
EACH = "[{} for S in dW], [{} for S in db]"


class Pass(NamedTuple):
    """What one backward pass works on, and what the one before left behind."""

    W: list[Any]
    b: list[Any]
    B: list[Any]
    x: Any
    y: Any
    x_before: Any
    before: tuple[list[Any], list[Any]]


Factor = Callable[[Pass], float] | None


class Change(NamedTuple):
    """An edit of the source, and what theory says of it.

    Attributes
    ----------
    name : str
    edits : tuple of pairs of str
        What stands in the source, once, and what is put there.
    breaks : dict of int to Factor
        The hidden layers that it breaks, and by which factor: a function of the pass, or None
        where there is none.
    why : str
        Why it breaks none, or breaks some although it is no fault.
    fits : str
        What carries the error instead, as `audit` calls it.
    """

    name: str
    edits: tuple[tuple[str, str], ...]
    breaks: dict[int, Factor]
    why: str = ""
    fits: str = ""


def breaking(
    name: str,
    old: str,
    new: str,
    *layers: int,
    factor: Factor = None,
    fits: str = "",
) -> Change:
    """Return a change of one place that breaks these hidden layers."""
    return Change(
        name, ((old, new),), dict.fromkeys(layers, factor), fits=fits
    )


def unseen(name: str, why: str, *edits: tuple[str, str]) -> Change:
    """Return a change that breaks no layer."""
    return Change(name, edits, {}, why)


def lines(*texts: str) -> str:
    """Return statements as the body of the step has them."""
    return "\n    ".join(texts)


def returned(each: str) -> str:
    """Return a last line that gives back something for each gradient S."""
    return f"return {EACH.format(each, each)}"


DROPPED = (
    FORWARD,
    lines("keep = rng.integers(0, 2, h1.shape)", "a1 = 2 * keep * relu(h1)"),
)
GD = "the weights themselves (GD)"
USF = "the signs of the weights (uSF)"
FRSF = "the sizes of the feedback with the signs of the weights (frSF)"
TURNED = "the transpose of the feedback"
IN_ERROR = "the error is wrong"
ALLOWED = "it is FA"
OUTSIDE = "in no balance"
NO_LAW = "no fault: another law"

CHANGES: dict[str, list[Change]] = {
    "Slopes": [
        breaking("activity above 1, layer 1", "slope(h1)", "(a1 > 1)", 1),
        breaking("activity above 1, layer 2", "slope(h2)", "(a2 > 1)", 2),
        breaking("of the other layer", "slope(h2)", "slope(h1)", 2),
        breaking("forgotten in layer 1", BACK, "d1 = d2 @ B2", 1),
        breaking("forgotten everywhere", "return h > 0", "return 1", 1, 2),
        breaking(
            "of a sigmoid, in layer 2", "slope(h2)", "(a2 * (1 - a2))", 2
        ),
        breaking(
            "a single unit always open",
            BACK,
            lines(BACK, "d1[:, 0] = (d2 @ B2)[:, 0]"),
            1,
        ),
        breaking(
            "leaky forwards, ReLU backwards",
            "return h * (h > 0)",
            "return np.maximum(h, h / 10)",
            1,
            2,
        ),
        breaking(
            "ReLU forwards, leaky backwards",
            "return h > 0",
            "return np.where(h > 0, 1, 0.1)",
            1,
            2,
        ),
        breaking("activation forgotten, layer 2", "relu(h2)", "h2", 2),
    ],
    "Signs and transposes": [
        breaking(
            "minus before all hidden layers",
            "(e @ B3)",
            "(e @ -B3)",
            2,
            factor=lambda one: -1,
        ),
        breaking(
            "minus before layer 1",
            "(d2 @ B2)",
            "(d2 @ -B2)",
            1,
            factor=lambda one: -1,
        ),
        breaking(
            "minus before the read-out",
            RETURN,
            lines("dW[2], db[2] = -dW[2], -db[2]", RETURN),
            2,
            factor=lambda one: -1,
        ),
        breaking("$B_2$ transposed", "d2 @ B2", "d2 @ B2.T", 1, fits=TURNED),
        breaking("$W_2$ transposed forwards", "a1 @ W2.T", "a1 @ W2", 2),
        breaking(
            "gradient of $W_2$ transposed", "d2.T @ a1", "a1.T @ d2", 1, 2
        ),
    ],
    "Scales": [
        breaking(
            "mean in the read-out, sum in the hidden layers",
            "(e @ B3)",
            "(len(x) * e @ B3)",
            2,
            factor=lambda one: len(one.x),
        ),
        breaking(
            "mean taken twice",
            "(e @ B3)",
            "(e / len(x) @ B3)",
            2,
            factor=lambda one: 1 / len(one.x),
        ),
        Change(
            "mean taken again in each layer",
            (("e @ B3", "e / len(x) @ B3"), ("d2 @ B2", "d2 / len(x) @ B2")),
            {1: lambda one: 1 / len(one.x), 2: lambda one: 1 / len(one.x)},
        ),
        breaking(
            "layer 1 at three times the rate",
            RETURN,
            lines("dW[0], db[0] = 3 * dW[0], 3 * db[0]", RETURN),
            1,
            factor=lambda one: 3,
        ),
        breaking(
            "divided by the width",
            "(d2 @ B2)",
            "(d2 @ B2 / len(B2))",
            1,
            factor=lambda one: 1 / len(one.B[0]),
        ),
        breaking(
            "feedback normalised on the way",
            "(d2 @ B2)",
            "(d2 @ B2 / np.linalg.norm(B2))",
            1,
            factor=lambda one: float(1 / np.linalg.norm(one.B[0])),
        ),
        breaking("biases by the mean", "d1.sum(0)", "d1.mean(0)", 1),
    ],
    "Another rule": [
        Change(
            "backpropagation",
            (("e @ B3", "e @ W3"), ("d2 @ B2", "d2 @ W2")),
            {1: None, 2: None},
            fits=GD,
        ),
        breaking(
            "backpropagation in one layer", "d2 @ B2", "d2 @ W2", 1, fits=GD
        ),
        Change(
            "signs of the weights",
            (("e @ B3", "e @ np.sign(W3)"), ("d2 @ B2", "d2 @ np.sign(W2)")),
            {1: None, 2: None},
            fits=USF,
        ),
        Change(
            "sizes of $B$, signs of $W$",
            (
                ("e @ B3", "e @ (abs(B3) * np.sign(W3))"),
                ("d2 @ B2", "d2 @ (abs(B2) * np.sign(W2))"),
            ),
            {1: None, 2: None},
            fits=FRSF,
        ),
        breaking("direct feedback", "(d2 @ B2)", "(e @ B3)", 1),
        breaking(
            "error that passes layer 2 by", "(d2 @ B2)", "(e @ B3 @ B2)", 1
        ),
        Change(
            "feedback drawn anew at each pass",
            (
                ("e @ B3", "e @ noise(B3)"),
                ("d2 @ B2", "d2 @ noise(B2)"),
            ),
            {1: None, 2: None},
        ),
        Change(
            "feedback that drifts by 1 %",
            (
                ("e @ B3", "e @ (B3 + 0.01 * noise(B3))"),
                (
                    "d2 @ B2",
                    "d2 @ (B2 + 0.01 * noise(B2))",
                ),
            ),
            {1: None, 2: None},
        ),
        breaking(
            "feedback learns before it is read",
            RETURN,
            lines("B2 += dW[1]", "B3 += dW[2]", RETURN),
            1,
            2,
        ),
    ],
    "Biases and data": [
        breaking("bias of layer 1 detached", "d1.sum(0)", "0 * b1", 1),
        unseen(
            "bias of the read-out detached", OUTSIDE, ("e.sum(0)", "0 * b3")
        ),
        breaking("inputs of the last batch", "d1.T @ x", "d1.T @ x_before", 1),
        breaking(
            "activities of the last batch",
            "d2.T @ a1",
            "d2.T @ relu(x_before @ W1.T + b1)",
            1,
            2,
        ),
        breaking("samples in another order", "d1.T @ x", "d1.T @ x[::-1]", 1),
        breaking(
            "half of the batch lost", "d1.T @ x", "d1[::2].T @ x[::2]", 1
        ),
        breaking("read-out before the activation", "e.T @ a2", "e.T @ h2", 2),
    ],
    "What an optimiser or a regulariser adds": [
        breaking(
            "each entry clipped",
            RETURN,
            lines(
                "most = abs(dW[1]).max() / 2",
                "dW = [np.clip(S, -most, most) for S in dW]",
                RETURN,
            ),
            1,
            2,
        ),
        Change(
            "each layer clipped by its norm",
            (
                (
                    RETURN,
                    lines(
                        "size = [np.linalg.norm(np.c_[S, g]) for S, g in zip(dW, db)]",
                        "dW = [S / one for S, one in zip(dW, size)]",
                        "db = [S / one for S, one in zip(db, size)]",
                        RETURN,
                    ),
                ),
            ),
            {1: lambda one: _ratio(one, 0), 2: lambda one: _ratio(one, 1)},
        ),
        breaking(
            "momentum",
            RETURN,
            lines(
                "dW = [S + 0.9 * z for S, z in zip(dW, before[0])]",
                "db = [S + 0.9 * z for S, z in zip(db, before[1])]",
                RETURN,
            ),
            1,
            2,
        ),
        breaking(
            "gradients of the last batch not reset",
            RETURN,
            lines(
                "dW = [S + old for S, old in zip(dW, before[0])]",
                "db = [S + old for S, old in zip(db, before[1])]",
                RETURN,
            ),
            1,
            2,
        ),
        breaking(
            "Adam's first step",
            RETURN,
            lines("dW = [np.sign(S) for S in dW]", RETURN),
            1,
            2,
        ),
        breaking(
            "weight decay of $10^{-4}$ within the gradient",
            RETURN,
            lines("dW = [S + 1e-4 * Z for S, Z in zip(dW, W)]", RETURN),
            1,
            2,
        ),
        breaking(
            "the same with the wrong sign",
            RETURN,
            lines("dW = [S - 1e-4 * Z for S, Z in zip(dW, W)]", RETURN),
            1,
            2,
        ),
        breaking(
            "noise of 1 % on the gradients",
            RETURN,
            lines("dW = [S * (1 + 0.01 * noise(S)) for S in dW]", RETURN),
            1,
            2,
        ),
        breaking(
            "weights read after a step in place",
            RETURN,
            lines("for Z, S in zip(W, dW): Z -= 0.1 * S", RETURN),
            1,
            2,
        ),
        Change(
            "dropout, another mask backwards",
            (
                DROPPED,
                (
                    BACK,
                    "d1 = 2 * rng.permutation(keep) * (d2 @ B2) * slope(h1)",
                ),
            ),
            {1: None},
        ),
        Change(
            "dropout, scaled forwards only",
            (
                DROPPED,
                (BACK, "d1 = keep * (d2 @ B2) * slope(h1)"),
            ),
            {1: lambda one: 1 / 2},
        ),
        unseen(
            "dropout, the same mask",
            ALLOWED,
            DROPPED,
            (BACK, "d1 = 2 * keep * (d2 @ B2) * slope(h1)"),
        ),
        unseen(
            "all layers clipped by one norm",
            ALLOWED,
            (
                RETURN,
                lines(
                    "size = sum((S * S).sum() for S in dW + db) ** 0.5",
                    returned("S / size"),
                ),
            ),
        ),
    ],
    "The error itself": [
        unseen("sum for mean", ALLOWED, ("/ len(x)", "")),
        unseen(
            "labels smoothed", ALLOWED, ("(f) - y", "(f) - (0.9 * y + 0.025)")
        ),
        unseen("sign", IN_ERROR, ("e = (softmax", "e = -(softmax")),
        unseen("softmax forgotten", IN_ERROR, ("softmax(f) - y", "f - y")),
        unseen(
            "labels in another order", IN_ERROR, ("(f) - y", "(f) - y[::-1]")
        ),
        unseen(
            "the error's sign alone",
            IN_ERROR,
            ("(softmax(f) - y)", "np.sign(softmax(f) - y)"),
        ),
    ],
    "Other networks": [
        unseen(
            "no activation at all",
            ALLOWED,
            ("return h * (h > 0)", "return h"),
            ("return h > 0", "return 1"),
        ),
        Change(
            "squared ReLU, and no degree given",
            (
                ("return h * (h > 0)", "return h**2 * (h > 0)"),
                ("return h > 0", "return 2 * h * (h > 0)"),
            ),
            {1: lambda one: 2, 2: lambda one: 2},
            NO_LAW,
        ),
        Change(
            "tanh",
            (
                ("return h * (h > 0)", "return np.tanh(h)"),
                ("return h > 0", "return 1 - np.tanh(h) ** 2"),
            ),
            {1: None, 2: None},
            NO_LAW,
        ),
        Change(
            "a fixed skip past layer 2",
            (
                ("a2 = relu(h2)", "a2 = relu(h2) + a1"),
                ("(d2 @ B2)", "(d2 @ B2 + e @ B3)"),
            ),
            {1: None, 2: None},
            NO_LAW,
        ),
        Change(
            "batch normalisation",
            (
                (
                    FORWARD,
                    lines("z = (h1 - h1.mean(0)) / h1.std(0)", "a1 = relu(z)"),
                ),
                (
                    BACK,
                    lines(
                        "s = (d2 @ B2) * slope(z)",
                        "s = s - s.mean(0) - z * (s * z).mean(0)",
                        "d1 = s / h1.std(0)",
                    ),
                ),
            ),
            {1: None},
            NO_LAW,
        ),
    ],
}


class Passed(NamedTuple):
    """A stack of passes: lists of arrays with an axis of passes in front, and planted factors."""

    W: list[Any]
    b: list[Any]
    B: list[Any]
    dW: list[Any]
    db: list[Any]
    factors: dict[int, Any]


def edit(edits: Iterable[tuple[str, str]]) -> str:
    """Return the source, edited.

    Raises
    ------
    ValueError
        If what an edit replaces does not stand in the source exactly once.
    """
    source = SOURCE.read_text(encoding="utf-8")
    for old, new in edits:
        if source.count(old) != 1:
            raise ValueError(f"{old!r} stands {source.count(old)} times")
        source = source.replace(old, new)
    return source


def step(edits: Iterable[tuple[str, str]] = ()) -> dict[str, Any]:
    """Return the names that the source defines, edited."""
    names: dict[str, Any] = {}
    exec(compile(edit(edits), str(SOURCE), "exec"), names)
    return names


def draw_passes(
    number: int,
    widths: Sequence[int],
    samples: int,
    rng: np.random.Generator,
    dtype: Any = float,
) -> list[Pass]:
    """Draw networks, each after a first step on a batch of its own, with their second batch."""
    drawn = (_drawn(widths, samples, rng) for _ in range(number))
    return [Pass(*(_as(dtype, part) for part in one)) for one in drawn]


def _as(dtype: Any, part: Any) -> Any:
    if isinstance(part, np.ndarray):
        return part.astype(dtype)
    return type(part)(_as(dtype, each) for each in part)


def _drawn(
    widths: Sequence[int], samples: int, rng: np.random.Generator
) -> Pass:
    W, b, B = CORRECT["draw_network"](widths, rng)
    xs = 2 * rng.standard_normal((2, samples, widths[0]))
    ys = np.eye(widths[-1])[rng.integers(widths[-1], size=(2, samples))]
    before = CORRECT["gradients"](W, b, B, xs[0], ys[0])
    W, b = (
        [Z - S / 10 for Z, S in zip(Zs, Ss, strict=True)]
        for Zs, Ss in zip((W, b), before, strict=True)
    )
    return Pass(W, b, B, xs[1], ys[1], xs[0], before)


def run(
    change: Change, passes: Sequence[Pass], rng: np.random.Generator
) -> Passed:
    """Run the changed step on copies of each pass, and stack what an audit would read."""
    changed = step(change.edits)
    changed |= {"rng": rng, "noise": lambda A: rng.standard_normal(A.shape)}
    W, b, B = _stacked([one[:3] for one in passes])  # copies
    moves, factors = [], []
    for j, one in enumerate(passes):
        changed |= one._asdict()
        own = ([Z[j] for Z in Zs] for Zs in (W, b, B))
        moves.append(changed["gradients"](*own, one.x, one.y))
        asked = change.breaks.items()
        factors.append({i: factor(one) for i, factor in asked if factor})
    found = {i: np.array([f[i] for f in factors]) for i in factors[0]}
    dW, db = _stacked(moves)
    return Passed(W, b, B, dW, db, found)


def _stacked(passes: Sequence[Any]) -> list[list[Any]]:
    """Stack each matrix of the same lists of them."""
    return [
        [np.stack(each) for each in zip(*Zs, strict=True)]
        for Zs in zip(*passes, strict=True)
    ]


def _ratio(one: Pass, i: int) -> float:
    """Return ||S_{i+2}|| / ||S_{i+1}|| of the correct step, each with its bias."""
    dW, db = CORRECT["gradients"](*one[:5])
    below, above = (np.linalg.norm(np.c_[dW[j], db[j]]) for j in (i, i + 1))
    return float(above / below)


CORRECT = step()
