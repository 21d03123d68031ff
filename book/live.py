"""Explorable figures: what a page hands to the browser, and the same in Python.

A figure is a problem (arrays), settings (what the reader moves), and a start
made of both. The browser runs it by static/live.js and the file of the
figure's name; tests/book/test_live.py compares that with `run`.
"""

import html
import json
import math
from collections.abc import Callable
from typing import Any, NamedTuple, TypedDict

import numpy as np
from IPython.display import display
from numpy.linalg import matrix_norm as norm

import fa_lib as fa
import figures

Problem = dict[str, Any]  # name -> an array, a list of arrays, or a number
Settings = dict[str, Any]  # name of a control -> a number, or a rule's name

RULES = {
    rule.name: rule
    for rule in (
        fa.feedback_alignment,
        fa.gradient_descent,
        fa.direct_feedback_alignment,
    )
}


class Slider(TypedDict):
    """A number that the reader moves."""

    name: str
    label: str
    min: float
    max: float
    step: float
    value: float
    unit: str


class Choice(TypedDict):
    """A list that the reader chooses from."""

    name: str
    label: str
    options: list[str]
    value: str


class Explorable(NamedTuple):
    """A figure: its name in static/, its data from a seed, and its runs."""

    name: str
    problem: Callable[[int], Problem]
    start: Callable[[Problem, Settings], fa.State]
    time: float  # the steps are as many as it takes
    controls: tuple[Slider | Choice, ...]


def slider(
    name: str,
    label: str,
    span: tuple[float, float],
    by: float,
    value: float,
    unit: str = "",
) -> Slider:
    """Return a control: a number that the reader moves."""
    low, high = span
    return {
        "name": name,
        "label": label,
        "min": low,
        "max": high,
        "step": by,
        "value": value,
        "unit": unit,
    }


RULE: Choice = {
    "name": "rule",
    "label": "Rule",
    "options": [*RULES],
    "value": "FA",
}
ANGLE = slider("angle", "Angle of B from W(0)", (0, 180), 5, 90, "°")


def turned(W: np.ndarray, other: np.ndarray, angle: float) -> np.ndarray:
    """Return the matrix at this angle, in degrees, from W and as long as W.

    It lies in the plane of W and ``other``.
    """
    off = other - (other * W).sum() / (W * W).sum() * W
    across = np.linalg.norm(W) / np.linalg.norm(off) * off
    radians = math.radians(angle)
    result: np.ndarray = math.cos(radians) * W + math.sin(radians) * across
    return result


def rounded(**problem: Any) -> Problem:
    """Round arrays to 12 decimals, so that a page is the same everywhere.

    Machines differ in the last bits of a product. Both sides, Python and the
    browser, then start from the very same doubles.
    """
    return {
        name: [np.round(M, 12) for M in value]
        if isinstance(value, tuple)
        else np.round(value, 12)
        for name, value in problem.items()
    }


def law_problem(seed: int) -> Problem:
    """Draw a network of three layers, and data from a linear teacher.

    The last two widths agree: so DFA's feedback has the shapes of FA's. With
    a leaky ReLU no unit dies, and training goes on under every rule.
    """
    rng = np.random.default_rng(seed)
    widths = (4, 6, 3, 3)
    x = fa.gaussian_inputs(8, widths[0], rng=rng)
    y, _ = fa.linear_teacher(x, widths[-1], rng=rng)
    weights = fa.initial_state(widths, rng=rng).weights
    others = tuple(rng.standard_normal(W.shape) for W in weights[1:])
    return rounded(slope=0.5, x=x, y=y, weights=weights, others=others)


def law_start(problem: Problem, settings: Settings) -> fa.State:
    """Scale the weights; turn the feedback from them, at its own scale."""
    weights = problem["weights"]
    pairs = zip(weights[1:], problem["others"], strict=True)
    return fa.State(
        tuple(settings["scale"] * W for W in weights),
        tuple(turned(W, other, settings["angle"]) for W, other in pairs),
    )


def foot_problem(_: int) -> Problem:
    """Return the smallest network with a choice: two inputs, one sample."""
    x, one = np.array([[0.8, -0.6]]), np.ones((1, 1))
    return {
        "slope": 1,  # of the leaky ReLU: none
        "x": x,
        "y": one,
        "inside": x,  # of length 1, as is what is orthogonal to it
        "outside": np.array([[0.6, 0.8]]),
        "readout": one,
        "theta": np.round(fa.minimum_norm(x, one), 12),
    }


def foot_start(problem: Problem, settings: Settings) -> fa.State:
    """Put both parts of the first layer together; take the feedback."""
    W_1 = sum(settings[part] * problem[part] for part in ("inside", "outside"))
    B = np.array([[float(settings["feedback"])]])
    return fa.State((W_1, problem["readout"]), (B,))


law = Explorable(
    "law",
    law_problem,
    law_start,
    4,
    (
        RULE,
        slider("step", "Step size", (0.01, 0.12), 0.01, 0.02),
        slider("scale", "Scale of W(0)", (0.1, 1.5), 0.1, 1),
        ANGLE,
    ),
)
foot = Explorable(
    "foot",
    foot_problem,
    foot_start,
    20,
    (
        slider("outside", "W⊥, orthogonal to x", (-1, 1), 0.01, 0.5),
        slider("inside", "W∥, along x", (-1, 1), 0.01, 0.2),
        slider("feedback", "Feedback B", (0.1, 1), 0.05, 0.3),
        slider("step", "Step size", (0.05, 1.8), 0.05, 0.1),
    ),
)


def plane_problem(_: int) -> Problem:
    """Return the one sample and the feedback of the smallest network."""
    one = np.ones((1, 1))
    return {"slope": 0.5, "x": one, "y": one, "feedback": one}


def plane_start(problem: Problem, settings: Settings) -> fa.State:
    """Start from the point of the plane that the reader has chosen."""
    weights = (np.array([[float(settings[name])]]) for name in ("w1", "w2"))
    return fa.State(tuple(weights), (problem["feedback"],))


plane = Explorable(
    "plane",
    plane_problem,
    plane_start,
    10,
    (
        {**RULE, "options": ["FA", "GD"]},
        {
            "name": "activation",
            "label": "Activation",
            "options": ["linear", "leaky ReLU", "tanh"],
            "value": "linear",
        },
        slider("step", "Step size", (0.01, 0.5), 0.01, 0.02),
        slider("w1", "w₁ at the start", (-2.5, 2.5), 0.01, 0.5),
        slider("w2", "w₂ at the start", (-2.5, 2.5), 0.01, -1.5),
    ),
)


def walk_problem(_: int) -> Problem:
    """Return the one sample of a network of two weights."""
    one = np.ones((1, 1))
    return {"slope": 1, "x": one, "y": one}  # slope of the leaky ReLU: none


def walk_start(_: Problem, settings: Settings) -> fa.State:
    """Start from the chosen point; take the feedback."""
    w_1, w_2, b = (
        np.array([[float(settings[name])]])
        for name in ("w1", "w2", "feedback")
    )
    return fa.State((w_1, w_2), (b,))


walk = Explorable(
    "walk",
    walk_problem,
    walk_start,
    10,
    (
        slider("w1", "w₁ at the start", (-2.5, 2.5), 0.01, 0),
        slider("w2", "w₂ at the start", (-2.5, 2.5), 0.01, 0),
        slider("feedback", "Feedback b", (0.5, 2), 0.05, 1),
        slider("step", "Step size", (0.01, 0.5), 0.01, 0.02),
    ),
)


def border_problem(seed: int) -> Problem:
    """Draw a problem of the map of all sizes, at size 1: ||theta*|| = ||b||^2."""
    rng = np.random.default_rng(seed)
    x = fa.gaussian_inputs(2, 4, rng=rng)
    y, _ = fa.linear_teacher(x, 1, rng=rng)
    (W_1, _), (b,) = fa.initial_state((4, 3, 1), rng=rng)
    y *= norm(b) ** 2 / norm(fa.minimum_norm(x, y))
    _, outside = fa.row_space_split(W_1, x)
    return rounded(
        slope=1,  # of the leaky ReLU: none
        x=x,
        y=y,
        feedback=b,
        outside=outside,
        theta=fa.minimum_norm(x, y),
        curvature=norm(x, ord=2) ** 2,
    )


def border_start(problem: Problem, settings: Settings) -> fa.State:
    """Start where no sample sees the first layer, and W_2 = kappa b."""
    b = problem["feedback"]
    return fa.State((problem["outside"], settings["kappa"] * b), (b,))


border = Explorable(
    "border",
    border_problem,
    border_start,
    0,  # it has stages of steps instead
    (
        slider("size", "Size, power of ten", (-1.5, 2.5), 0.01, 1),
        slider("kappa", "κ", (0.02, 1.5), 0.01, 0.5),
    ),
)
BORDER_STAGES = ((0.1, 500), (1, 200))  # as in border.js


def border_run(problem: Problem, settings: Settings) -> fa.State:
    """Return the path of a run of the map: steps that suit its own end."""
    rule, kappa = RULES[settings["rule"]], settings["kappa"]
    theta = float(norm(10 ** settings["size"] * problem["theta"]))
    b = float(norm(problem["feedback"]))
    how = {"feedback_norm": b, "kappa": kappa, "rule": rule}
    end = fa.final_readout_norm(theta, **how)
    carrier = b if settings["rule"] == "FA" else end
    pull = problem["curvature"] * (end * carrier + (theta / end) ** 2)
    steps = [
        part / pull for part, count in BORDER_STAGES for _ in range(count)
    ]
    return fa.train(
        border.start(problem, settings),
        fa.full_batch(problem["x"], 10 ** settings["size"] * problem["y"]),
        step=lambda number: steps[number - 1],
        steps=len(steps),
        rule=rule,
        activation=fa.linear,
    )


def defaults(figure: Explorable) -> Settings:
    """Return the settings that the reader finds."""
    return {each["name"]: each["value"] for each in figure.controls}


def steps_of(figure: Explorable, settings: Settings) -> int:
    """Return how many steps a run has."""
    steps: int = math.ceil(figure.time / settings["step"])
    return steps


def activation_of(problem: Problem, settings: Settings) -> fa.Activation:
    """Return the activation that the reader has chosen, or the only one."""
    known = {
        "linear": fa.linear,
        "leaky ReLU": fa.leaky_relu(float(problem["slope"])),
        "tanh": fa.tanh,
    }
    return known[settings.get("activation", "leaky ReLU")]


def run(
    figure: Explorable,
    problem: Problem,
    settings: Settings,
    steps: int | None = None,
) -> fa.State:
    """Return the path of a run: the start, and the state after each step."""
    return fa.train(
        figure.start(problem, settings),
        fa.full_batch(problem["x"], problem["y"]),
        step=settings["step"],
        steps=steps_of(figure, settings) if steps is None else steps,
        rule=RULES[settings["rule"]],
        activation=activation_of(problem, settings),
    )


def breaking_step(figure: Explorable, problem: Problem) -> float:
    """Return the smallest step of the slider with which the run diverges."""
    settings = defaults(figure)
    by: Any = next(each for each in figure.controls if each["name"] == "step")
    for step in np.round(np.arange(by["min"], by["max"], by["step"]), 12):
        try:
            run(figure, problem, {**settings, "step": float(step)})
        except fa.Diverged:
            return float(step)
    raise ValueError("the slider's steps are too small to diverge")


def losses(
    problem: Problem, path: fa.State, settings: Settings | None = None
) -> np.ndarray:
    """Return the loss at each time of a path."""
    activation = activation_of(problem, settings or {})
    _, (*_, outputs) = fa.forward(path, problem["x"], activation=activation)
    values: np.ndarray = fa.squared_error.value(outputs, problem["y"])
    return values


def explore(figure: Explorable, problem: Problem, instead: str) -> None:
    """Show the figure where a browser runs it, and elsewhere say ``instead``.

    Parameters
    ----------
    figure : Explorable
    problem : dict
        As ``figure.problem`` draws it.
    instead : str
        What the figure shows at first, for readers without JavaScript.
    """
    data = {
        "figure": figure.name,
        "problem": problem,
        "time": figure.time,
        "controls": figure.controls,
        "colours": {name: figures.COLOURS[name] for name in RULES},
    }
    # repr of a float, which JSON uses, gives back the same float.
    text = json.dumps(data, default=lambda M: M.tolist()).replace(
        "<", r"\u003c"
    )
    page = (
        f'<div class="live">\n<p>{html.escape(instead)}</p>\n'
        f'<script type="application/json">{text}</script>\n</div>\n'
    )
    display({"text/html": page, "text/plain": instead}, raw=True)
