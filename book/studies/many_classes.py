"""How feedback alignment fares as the number of classes grows, and what its angle has to do with it.

A job is one rule, one number of classes, one depth, and one *dose*: the angle, in degrees, by which
the feedback starts away from the weights, B = cos(dose) W(0) + sin(dose) Z. At 90 that is feedback
alignment as it is known; at 0 it starts with the signals of gradient descent. Each job chooses
its step size by validation images, and tells what the networks read of other images, the test.
"""

import itertools
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

import fa_lib as fa
from baselines import least_squares, nearest_neighbours
from glyphs import CHARACTERS, glyphs

CLASSES = (2, 5, 10, 20, 50, 100)
MAIN = (("GD", 90), ("FA", 90), ("FA", 0))  # and dose
DOSES = (0, 60, 90)
RULES = {
    "GD": fa.gradient_descent,
    "FA": fa.feedback_alignment,
    "DFA": fa.direct_feedback_alignment,
    "KP": fa.kolen_pollack,
    "sign": fa.weighted_sign,  # with equal magnitudes: uSF at FA's scale
    "frozen": fa.feedback_alignment,  # with B = 0: only the read-out learns
    "long": fa.feedback_alignment,  # at rate 4, to the limit: would it still improve?
}

SEED = 15
PIXELS = 12  # in each direction
WIDTH = 100  # of each hidden layer
EACH = 50  # training images of a class, whatever the number of classes
VALIDATION, TEST = 1000, 2000  # images in all, in equal parts by class
SIZE = 50  # of a mini-batch
LOOK = 1000  # training images at most from which angles are taken, in equal parts by class
ROUND = 60  # steps between two looks at the validation images
PATIENCE = 8  # rounds without a better mean share of validation images, and a run ends
MOST = 256  # rounds, at which a run is cut off
NETWORKS = 5  # of each job
MOMENTS = (0, *(2**k for k in range(9)))  # rounds at which angles are taken
LOSS = fa.softmax_cross_entropy

Job = dict[str, Any]


def jobs() -> list[Job]:
    """Return the jobs: rules by number of classes; then at 100 the dial, other rules, two layers."""
    every = [(c, rule, 3, dose) for c in CLASSES for rule, dose in MAIN]
    every += [(100, "long", 3, dose) for dose in (90, 0)]
    every += [(c, "baselines", 1, 90) for c in CLASSES]
    every += [(100, "sign", 3, 90), (100, "long", 3, 60)]
    every += [(100, "frozen", 3, 90), (100, "KP", 3, 90)]
    every += [(100, "DFA", 3, 90), (100, "GD", 2, 90)]
    every += [(100, "FA", 2, dose) for dose in (90, 0)]
    names = ("classes", "rule", "layers", "dose")
    return [dict(zip(names, each, strict=True)) for each in every]


class Task(NamedTuple):
    """Images and targets of an ensemble, each network with classes and images of its own."""

    x: np.ndarray
    y: np.ndarray
    x_validation: np.ndarray
    y_validation: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray


@lru_cache(maxsize=1)
def task(classes: int) -> Task:
    """Draw the classes and images of each network: the same for every rule and dose."""
    counts = (classes * EACH, VALIDATION, TEST)
    sets = []
    for network in range(NETWORKS):
        rng = np.random.default_rng([SEED, classes, network])
        characters = rng.permutation(len(CHARACTERS))[:classes]
        for count in counts:
            label = np.arange(count) % classes
            sets.append(
                glyphs(characters[label], rng=rng, pixels=PIXELS).astype(
                    np.float32
                )
            )
            sets.append(fa.one_hot(label, classes=classes).astype(np.float32))
    return Task(
        *(
            np.stack(sets[place :: 2 * len(counts)])
            for place in range(2 * len(counts))
        )
    )


def start(classes: int, rule: str, layers: int, dose: float) -> fa.State:
    """Draw the start: the same weights for every rule and dose."""
    weights, feedback = fa.initial_state(
        (PIXELS**2, *[WIDTH] * (layers - 1), classes),
        rng=np.random.default_rng([SEED, classes, 1000, layers]),
        weight_scale=2**0.5,
        feedback_scale=2**0.5,
        ensemble=(NETWORKS,),
        rule=RULES[rule],
    )
    if rule == "sign":
        feedback = tuple(
            np.full_like(B, (2 / B.shape[-1]) ** 0.5) for B in feedback
        )
    elif rule == "frozen":
        feedback = tuple(0 * B for B in feedback)
    elif dose != 90:
        t = np.radians(dose)
        turned = zip(weights[1:], feedback, strict=True)
        feedback = tuple(np.cos(t) * W + np.sin(t) * B for W, B in turned)
    return fa.State(
        *(
            tuple(M.astype(np.float32) for M in part)
            for part in (weights, feedback)
        )
    )


def accuracy(state: fa.State, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return the share of images read correctly, for each network."""
    prediction = fa.forward(state, x)[1][-1]
    share: np.ndarray = (prediction.argmax(-1) == y.argmax(-1)).mean(-1)
    return share


def cosines(state: fa.State, rule: str, data: Task) -> dict[str, np.ndarray]:
    """Return the cosines to gradient descent's signals and updates, and of W and B, by layer."""
    x, y = data.x[:, :LOOK], data.y[:, :LOOK]
    how: dict[str, Any] = {"rule": RULES[rule], "loss": LOSS}
    seen = {
        "signal": fa.signal_alignment(state, x, y, **how),
        "update": fa.update_alignment(state, x, y, **how),
    }
    if not RULES[rule].broadcast:
        carriers = RULES[rule].carriers
        assert carriers is not None
        seen["weight"] = fa.weight_alignment(
            fa.State(state.weights, tuple(carriers(state)))
        )
    return seen


def sizes(state: fa.State) -> dict[str, np.ndarray]:
    """Return what the law of feedback alignment is made of, by hidden layer."""
    pairs = list(
        zip(state.weights, state.weights[1:], state.feedback, strict=False)
    )
    return {
        "below": np.stack([(W * W).sum((-2, -1)) for W, _, _ in pairs], -1),
        "above": np.stack([(V * V).sum((-2, -1)) for _, V, _ in pairs], -1),
        "feedback": np.stack([(B * B).sum((-2, -1)) for _, _, B in pairs], -1),
        "inner": np.stack([(V * B).sum((-2, -1)) for _, V, B in pairs], -1),
    }


class Run(NamedTuple):
    """What a run came to; arrays with an entry for each network."""

    best: np.ndarray  # share of validation images, at each network's best look
    at: np.ndarray  # the round of that look
    rounds: (
        int  # until no network had a better look for as long as the patience
    )
    kept: fa.State  # each network at its best look
    trace: list[dict[str, Any]]  # angles and validation shares at the moments


def learn(state: fa.State, rule: str, data: Task, rate: float) -> Run:
    """Train until the validation images are read no better, and keep each network's best state.

    Raises
    ------
    Diverged
        If a network leaves the finite numbers.
    """
    # In units of 1 / (size of the batch x mean squared norm of an image).
    step = float(rate / (SIZE * (data.x**2).sum(-1).mean()))
    batches = fa.minibatches(
        data.x, data.y, SIZE, rng=np.random.default_rng([SEED, 1])
    )
    best, at = np.full(NETWORKS, -1.0), np.zeros(NETWORKS, int)
    kept, trace, means = state, [], []
    for number in itertools.count():
        share = accuracy(state, data.x_validation, data.y_validation)
        better = share > best
        best, at = np.where(better, share, best), np.where(better, number, at)
        kept = fa.State(
            *(
                tuple(
                    np.where(better[:, None, None], new, old)
                    for new, old in zip(*two, strict=True)
                )
                for two in zip(state, kept, strict=True)
            )
        )
        if number in MOMENTS:
            trace.append(
                {"round": number, "share": share, **cosines(state, rule, data)}
            )
        means.append(share.mean())
        waited = number - int(np.argmax(means))
        if number == MOST or (waited >= PATIENCE and rule != "long"):
            break
        options: dict[str, Any] = {
            "rule": RULES[rule],
            "loss": LOSS,
            "every": ROUND,
            "steps": ROUND,
        }
        state = fa.train(state, batches, step=step, **options).at(-1)
    return Run(best, at, number, kept, trace)


def run(
    *, classes: int, rule: str, layers: int, dose: float
) -> dict[str, Any]:
    """Choose a rate for an ensemble, and return what it came to with that.

    The rate is a power of 2, the same for all networks of the job, with the highest mean share of
    validation images. The search climbs from 4 until a worse or equal rate stands on either side:
    from below, since high rates kill single networks at random. A long run takes 4.
    """
    if rule == "baselines":  # what no network is needed for
        return baselines(classes)
    data, first = task(classes), start(classes, rule, layers, dose)
    runs: dict[int, Run] = {}
    shares: dict[int, float] = {}

    def look(power: int) -> None:
        if power not in shares:
            try:
                runs[power] = learn(first, rule, data, 2.0**power)
                shares[power] = float(runs[power].best.mean())
            except fa.Diverged:
                shares[power] = -1.0

    best = 2
    look(best)
    while rule != "long" and not {best - 1, best + 1} <= shares.keys():
        look(best - 1)
        look(best + 1)
        best = max(shares, key=lambda power: (shares[power], -power))
    said: dict[str, Any] = plain(
        {"power": best, "search": {str(p): shares[p] for p in sorted(shares)}}
        | told(first, runs[best], rule, data)
    )
    return said


def told(first: fa.State, run: Run, rule: str, data: Task) -> dict[str, Any]:
    """Return what a run came to, in numbers."""
    ends = {
        "test": accuracy(run.kept, data.x_test, data.y_test),
        "train": accuracy(run.kept, data.x, data.y),
        "validation": run.best,
        "at": run.at,
        "rounds": run.rounds,
        "end": cosines(run.kept, rule, data),
        "trace": run.trace,
    }
    return ends | (
        {"sizes": [sizes(first), sizes(run.kept)]} if rule == "FA" else {}
    )


def plain(value: Any) -> Any:
    """Return numbers, lists and dictionaries; floats to five decimals, no number as None."""
    if isinstance(value, dict):
        return {name: plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, float):
        return round(value, 5) if np.isfinite(value) else None
    return value


def baselines(classes: int) -> dict[str, Any]:
    """Return what least squares and nearest neighbours read of the test images, by network."""
    shares: dict[str, list[float]] = {
        "least squares": [],
        "nearest neighbours": [],
    }
    for one in itertools.starmap(Task, zip(*task(classes), strict=True)):
        parts = [(one[k], one[k + 1]) for k in (0, 2, 4)]
        shares["least squares"].append(least_squares(*parts))
        shares["nearest neighbours"].append(nearest_neighbours(*parts))
    return shares
