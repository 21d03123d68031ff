"""Real data: seven ways to train networks on handwritten digits, until they stop improving.

A job is a set of images, a network and a rule. Its step size is chosen on validation images, with
networks of their own. Then each of several networks is trained with it, a ledger at every junction.
When some epochs bring no new best on the validation images, the network goes back to its best with
a fifth of the step; the second time it stops there. The test images are the same for all
networks and rules, and nothing is chosen by them. One network is trained on fewer images, too, and
two methods without hidden layers read the same ones.
"""

import functools
import itertools
from collections.abc import Generator, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

import fa_lib as fa
from baselines import least_squares, nearest_neighbours, share
from fa_lib import wiring
from fa_lib.batches import Batch
from images import digits, mnist, mnist_5k

SEEDS = [0, 1, 2, 3, 4]  # of the networks that are reported
CHOOSING = [100, 101]  # of those that only choose the step size
SHORT = 8  # epochs of these
SIZE = 50  # of a mini-batch
BLOCK = 12  # steps that are entered in the books at once
PATIENCE = 8  # epochs without a new best
STAGES = (1.0, 0.2)  # of the step
MOST = 100  # epochs of a network
LEARNED = 0.5  # less, and the step is too large: smaller ones are tried
FIRST, FACTOR, LIMITS = 0.2, 2.0, (-8, 5)  # the step sizes to choose from
LOSS = fa.softmax_cross_entropy

RULES = {
    "GD": fa.gradient_descent,
    "FA": fa.feedback_alignment,
    "FA, aligned start": fa.feedback_alignment,
    "frSF": fa.weighted_sign,
    "KP": fa.kolen_pollack,
    "DFA": fa.direct_feedback_alignment,
    "frozen": fa.feedback_alignment,
}
# Images to train on, to choose by, to test on.
MNIST_5K = (3600, 400, 1000)
PARTS = {"digits": (1197, 200, 400), "mnist_5k": MNIST_5K}
# The same with fewer to train on, repeated, so that an epoch has as many steps.
FEW = {f"{count} of mnist_5k": count for count in (450, 900, 1800)}
BASELINES = {
    "least squares": least_squares,
    "nearest neighbours": nearest_neighbours,
}
DENSE = ["784-128-10", "784-128-64-10", "784-128-64-32-10"]
KERNELS = [
    "1 kernel layer",
    "2 kernel layers",
    "3 kernel layers",
]  # of 28 x 28
SMALL = [
    "small, 1 kernel layer",
    "small, 2 kernel layers",
    "small, 3 kernel layers",
]  # of 8 x 8


class Network(NamedTuple):
    """What does not depend on the seed."""

    widths: tuple[int, ...]
    activation: fa.Activation
    dtype: type = np.float32


class Images(NamedTuple):
    """Images to train on, (seeds, N, pixels), to choose by, and to test on."""

    train: tuple[np.ndarray, np.ndarray]
    choose: tuple[np.ndarray, np.ndarray]
    test: tuple[np.ndarray, np.ndarray]


def jobs(data: str = "mnist_5k") -> list[dict[str, Any]]:
    """Return all jobs; ``data`` may be the path of an ``mnist.npz``, which is read whole."""
    few = ["GD", "FA", "FA, aligned start", "frozen"]
    without_frozen = [rule for rule in RULES if rule != "frozen"]
    plan = [
        ("digits", "64-32-10", list(RULES)),
        ("digits", SMALL[0], few),
        ("digits", SMALL[1], list(RULES)),
        ("digits", SMALL[2], few),
        (data, DENSE[0], list(RULES)),
        (data, DENSE[1], without_frozen),
        (data, DENSE[2], without_frozen),
        (data, KERNELS[1], list(RULES)),
    ]
    others: list[dict[str, Any]] = [
        {"data": images, "network": network, "rule": rule}
        for images, network, rules in plan
        for rule in rules
    ]
    steps = {"GD": 0.4, "FA": 0.1}
    long = [
        {
            "data": data,
            "network": DENSE[0],
            "rule": rule,
            "rate": rate,
            "epochs": 60,
        }
        for rule, rate in steps.items()
    ]
    parts = [*FEW, data] if data == "mnist_5k" else [data]
    curve = [
        {"data": part, "network": DENSE[0], "rule": rule}
        for part in parts[:-1]
        for rule in steps
    ]
    baselines = [
        {"data": part, "network": "none", "rule": rule}
        for part in parts
        for rule in BASELINES
    ]
    return long + others + curve + baselines


@functools.cache
def network_of(name: str) -> Network:
    """Return a dense network, by its widths, or one with layers of kernels; all have biases.

    Of images of 28 x 28: 8 kernels of 5 x 5 in steps of 3, then, of the largest of each 2 x 2, 16
    of 3 x 3, and 16 more. Of images of 8 x 8 the first are of 3 x 3, in steps of 1.
    """
    constant, chain, patches = wiring.constant, wiring.chain, wiring.patches
    if "-" in name:
        widths = tuple(map(int, name.split("-")))
        activation = fa.wired(fa.relu, *map(constant, widths[:-1]))
        return Network(widths, activation)
    small = name in SMALL
    layers = 1 + (SMALL if small else KERNELS).index(name)
    if small:
        side, first = 8, patches((8, 8, 1), 3, padding=1)
    else:
        side, first = 10, patches((28, 28, 1), 5, stride=3, padding=2)
    pool, half = wiring.max_pool((side, side, 8), 2), side // 2
    kernels = [
        first,
        chain(pool, patches((half, half, 8), 3, padding=1)),
        patches((half, half, 16), 3, padding=1),
    ]
    deeper = wiring.flatten((half, half, 16))
    ends = [chain(pool, wiring.flatten((half, half, 8))), deeper, deeper]
    whole = [
        chain(wire, constant(wire.columns))
        for wire in (*kernels[:layers], ends[layers - 1])
    ]
    widths = (*(1, 8, 16, 16)[: layers + 1], 10)
    return Network(widths, fa.wired(fa.relu, *whole))


@functools.cache
def loaded(data: str, dtype: type = float) -> tuple[np.ndarray, np.ndarray]:
    """Read a set once; what is no name of one is the path of an ``mnist.npz``."""
    load = {"digits": digits, **dict.fromkeys(["mnist_5k", *FEW], mnist_5k)}
    x, y = load[data]() if data in load else mnist(data)
    return x.astype(dtype), y.astype(dtype)


def images_of(data: str, seed: int, dtype: type = np.float32) -> Images:
    """Return the images of a seed; the test images are those of every seed."""
    x, y = loaded(data, dtype)
    parts = PARTS | dict.fromkeys(FEW, MNIST_5K)
    train, choose, test = parts.get(data, (55000, 5000, 10000))
    # A file of MNIST has its test images at the end.
    order = (
        np.random.default_rng(0).permutation(len(x))
        if data in parts
        else np.arange(len(x))
    )
    others, last = order[: len(x) - test], order[len(x) - test :]
    others = np.random.default_rng([seed, 1]).permutation(others)
    first, then = others[:train], others[train : train + choose]
    if data in FEW:
        first = np.tile(first[: FEW[data]], train // FEW[data])
    return Images((x[first], y[first]), (x[then], y[then]), (x[last], y[last]))


def start_of(network: Network, rule: str, seed: int) -> fa.State:
    """Draw the start of a seed: the same weights for all rules, and B = W(0) or 0 for two."""
    drawn = fa.initial_state(
        network.widths,
        rng=np.random.default_rng([seed, 2]),
        weight_scale=2**0.5,
        feedback_scale=0.0 if rule == "frozen" else 2**0.5,
        rule=RULES[rule],
        activation=network.activation,
    )
    weights, feedback = (
        tuple(M.astype(network.dtype) for M in part) for part in drawn
    )
    return fa.State(
        weights, weights[1:] if rule == "FA, aligned start" else feedback
    )


def accuracy(
    state: fa.State, network: Network, images: tuple[np.ndarray, np.ndarray]
) -> float:
    """Return the share of images read correctly."""
    x, y = images
    prediction = fa.forward(state, x, activation=network.activation)[1][-1]
    return share(prediction, y)


class Books(NamedTuple):
    """What the ledgers of a run say, (..., L-1), at the virtual read-outs under DFA."""

    residual: np.ndarray
    budget: np.ndarray
    stake: np.ndarray
    broken: np.ndarray  # the first step beyond rounding, or 0
    steps: np.ndarray  # so far, for each hidden layer
    readouts: tuple[np.ndarray, ...]


class Trained(NamedTuple):
    """A network with its books, if it has any."""

    state: fa.State
    books: Books | None = None


# An epoch that a network asks for: from where, its batches, and the step size.
Asked = tuple[Trained, list[Batch], float]
Ended = tuple[Trained, list[float], list[int]]
Course = Generator[Asked, Trained | None, Ended]


def junctions(
    state: fa.State,
    readouts: Sequence[np.ndarray],
    network: Network,
    rule: str,
) -> list[fa.State]:
    """Return a state of two layers for each hidden layer."""
    if not RULES[rule].broadcast:
        return list(fa.junctions(state, network.activation))
    layers = zip(state.weights, readouts, state.feedback, strict=False)
    return [
        fa.State(
            (W, by_channel(V, W.shape[-2])), (by_channel(B, W.shape[-2]),)
        )
        for W, V, B in layers
    ]


def by_channel(V: np.ndarray, channels: int) -> np.ndarray:
    """Give each channel a column: (n_L, places * channels) -> (n_L * places, channels)."""
    return V.reshape(*V.shape[:-2], -1, channels)


def law_of(rule: str) -> fa.Rule:
    """Return the rule whose law the ledger tests: of a virtual read-out it is that of FA."""
    return fa.feedback_alignment if RULES[rule].broadcast else RULES[rule]


def open_books(state: fa.State, network: Network, rule: str) -> Books:
    """Begin the ledgers; virtual read-outs start at zero."""
    readouts = tuple(0 * B for B in state.feedback)
    init, _ = fa.ledger(rule=law_of(rule))
    books = map(init, junctions(state, readouts, network, rule))
    zero = np.concatenate([book.residual for book in books], axis=-1)
    none = zero.astype(int)
    return Books(zero, zero, zero, none, none, readouts)


def entered(
    books: Books,
    states: list[fa.State],
    batches: Sequence[Batch],
    network: Network,
    rule: str,
    step: Any,
) -> Books:
    """Enter the steps between these states: each has a ledger of its own, and they are added up."""
    readouts = [books.readouts]
    for before, batch in zip(states, batches, strict=False):
        readouts.append(
            learned(readouts[-1], before, batch, network, rule, step)
        )
    init, update = fa.ledger(rule=law_of(rule))
    each = [
        update(init(passage.at(slice(-1))), passage.at(slice(1, None)))
        for passage in junctions(
            stacked(states), stacked(readouts), network, rule
        )
    ]
    residual, budget, stake, broken = (
        np.concatenate([getattr(one, name) for one in each], axis=-1)
        for name in ("residual", "budget", "stake", "broken")
    )
    first = books.steps + 1 + (broken > 0).argmax(axis=0)
    late = (books.broken == 0) & (broken > 0).any(axis=0)
    return Books(
        running(books.residual, residual),
        running(books.budget, budget),
        running(books.stake, stake),
        np.where(late, first, books.broken),
        books.steps + len(batches),
        readouts[-1],
    )


def learned(
    readouts: tuple[np.ndarray, ...],
    state: fa.State,
    batch: Batch,
    network: Network,
    rule: str,
    step: Any,
) -> tuple[np.ndarray, ...]:
    """Return the virtual read-outs after a step; rules but DFA have none that learn."""
    if not RULES[rule].broadcast:
        return readouts
    x, y = batch
    _, (*hidden, prediction) = fa.forward(
        state, x, activation=network.activation
    )
    error = LOSS.error(prediction, y).mT
    read = [fa.relu.value(h).reshape(*y.shape[:-1], -1) for h in hidden]
    eta = np.asarray(step, error.dtype)[..., None, None]
    pairs = zip(readouts, read, strict=True)
    moved: tuple[np.ndarray, ...] = tuple(
        V - eta * (error @ a) for V, a in pairs
    )
    return moved


def running(start: np.ndarray, added: np.ndarray) -> np.ndarray:
    """Add along the first axis, one after the other."""
    total: np.ndarray = np.add.accumulate([start, *added])[-1]
    return total


def epoch(
    run: Trained,
    batches: Iterable[Batch],
    count: int,
    network: Network,
    rule: str,
    rate: Any,
) -> Trained:
    """Train by so many batches, and keep the books; networks side by side have an axis in front."""
    state, books = run
    taken = list(itertools.islice(batches, count))
    how: dict[str, Any] = {
        "rule": RULES[rule],
        "activation": network.activation,
        "loss": LOSS,
    }
    states = fa.descend(state, taken, step=rate / SIZE, **how)
    state = next(states)
    for first in range(0, count, BLOCK):
        block = taken[first : first + BLOCK]
        passed = [state, *itertools.islice(states, len(block))]
        if books:
            books = entered(books, passed, block, network, rule, rate / SIZE)
        state = passed[-1]
    return Trained(state, books)


def batches_of(images: Images, seed: int) -> Iterator[list[Batch]]:
    """Yield the batches of each epoch."""
    x, y = images.train
    batches = fa.minibatches(x, y, SIZE, rng=np.random.default_rng([seed, 3]))
    while True:
        yield list(itertools.islice(batches, -(-len(x) // SIZE)))


def epochs(
    run: Trained,
    images: Images,
    network: Network,
    rule: str,
    rate: float,
    seed: int,
) -> Iterator[Trained]:
    """Yield the network after each epoch, endlessly."""
    for batches in batches_of(images, seed):
        run = epoch(run, batches, len(batches), network, rule, rate)
        yield run


def tried(
    data: str, network: Network, rule: str, rate: float, seed: int
) -> float:
    """Return the share of validation images read after a short training, 0 if it diverges."""
    images = images_of(data, seed, network.dtype)
    run = epochs(
        Trained(start_of(network, rule, seed)),
        images,
        network,
        rule,
        rate,
        seed,
    )
    try:
        ends = [
            accuracy(now.state, network, images.choose)
            for now in itertools.islice(run, SHORT)
        ]
    except fa.Diverged:
        return 0.0
    return float(np.mean(ends[-2:]))


def chosen(
    data: str, network: Network, rule: str
) -> list[tuple[float, float]]:
    """Return the step sizes that were tried, with shares: on both sides of the best, to be sure."""
    shares: dict[int, float] = {}
    best, now = None, 0
    while now != best:
        best = now
        for k in (best - 1, best, best + 1):
            if LIMITS[0] <= k <= LIMITS[1] and k not in shares:
                rate = FIRST * FACTOR**k
                shares[k] = float(
                    np.mean(
                        [
                            tried(data, network, rule, rate, seed)
                            for seed in CHOOSING
                        ]
                    )
                )
        now = max(sorted(shares), key=lambda k: shares[k])
        if shares[now] < LEARNED:
            now = min(shares)
    return [(FIRST * FACTOR**k, shares[k]) for k in sorted(shares)]


def trained(
    images: Images, network: Network, rule: str, rate: float, seed: int
) -> Course:
    """Train a network; return its best state, its validation shares, and when the step fell.

    Each epoch is asked for by a ``yield``, and done for all networks of a job side by side.
    """
    start = start_of(network, rule, seed)
    best = Trained(start, open_books(start, network, rule))
    highest = 0.0
    shares: list[float] = []
    falls: list[int] = []
    for stage in STAGES:
        batches = batches_of(images, seed + 1000 * len(falls))
        now, waited = best, 0
        while waited < PATIENCE and len(shares) < MOST:
            after = yield now, next(batches), rate * stage
            if after is None:  # it diverged
                break
            now = after
            shares.append(accuracy(now.state, network, images.choose))
            waited += 1
            if shares[-1] > highest:
                best, highest, waited = now, shares[-1], 0
        falls.append(len(shares))
    return best, shares, falls


def side_by_side(
    courses: list[Course], network: Network, rule: str
) -> list[Ended]:
    """Train networks to their ends, each epoch of all that still train at once."""
    ends: dict[int, Ended] = {}
    asked = {k: next(course) for k, course in enumerate(courses)}
    while asked:
        done = zip(
            asked, each_epoch([*asked.values()], network, rule), strict=True
        )
        asked = {}
        for k, run in done:
            try:
                asked[k] = courses[k].send(run)
            except StopIteration as end:
                ends[k] = end.value
    return [ends[k] for k in range(len(courses))]


def each_epoch(
    asked: list[Asked], network: Network, rule: str
) -> list[Trained | None]:
    """Return each network after its epoch, or None if it diverged."""
    runs, batches, rates = zip(*asked, strict=True)
    try:
        together = epoch(
            stacked(runs),
            map(stacked, zip(*batches, strict=True)),
            len(batches[0]),
            network,
            rule,
            np.array(rates, network.dtype),
        )
    except fa.Diverged:
        if len(asked) == 1:
            return [None]
        return [
            run for one in asked for run in each_epoch([one], network, rule)
        ]
    return [one_of(together, k) for k in range(len(asked))]


def stacked(values: Sequence[Any]) -> Any:
    """Stack arrays, or tuples of them, part by part."""
    if not isinstance(values[0], tuple):
        return np.stack(values)
    return remade(values[0], map(stacked, zip(*values, strict=True)))


def one_of(values: Any, k: int) -> Any:
    """Return what stands at place k of a stack."""
    if not isinstance(values, tuple):
        return values[k]
    return remade(values, (one_of(part, k) for part in values))


def remade(like: Any, parts: Iterable[Any]) -> Any:
    """Return a tuple of the kind of another."""
    kind = type(like)
    return kind(*parts) if hasattr(kind, "_fields") else kind(parts)


def run(
    data: str,
    network: str,
    rule: str,
    rate: float | None = None,
    epochs: int | None = None,
) -> dict[str, Any]:
    """Choose a step size, train until nothing improves, and return what came of it.

    With a step size and a number of epochs, train by these and choose nothing.
    """
    if rule in BASELINES:
        shares = []
        for seed in SEEDS:
            (x, y), *others = images_of(data, seed, float)
            once = slice(FEW.get(data))  # a vote should count no image twice
            shares.append(BASELINES[rule]((x[once], y[once]), *others))
        return {"accuracy": list(map(number, shares))}
    made = network_of(network)
    if rate and epochs:
        return to_the_end(data, made, rule, rate, epochs)
    grid = chosen(data, made, rule)
    rate = max(grid, key=lambda pair: pair[1])[0]
    return {
        "grid": [[rate, number(share)] for rate, share in grid],
        "rate": rate,
        **reports(data, made, rule, rate, SEEDS),
    }


def to_the_end(
    data: str, network: Network, rule: str, rate: float, count: int
) -> dict[str, Any]:
    """Train for so many epochs, whatever the validation images say."""
    result: dict[str, list[float | None]] = {"accuracy": [], "training": []}
    for seed in SEEDS:
        images = images_of(data, seed, network.dtype)
        start = Trained(start_of(network, rule, seed))
        run = epochs(start, images, network, rule, rate, seed)
        state = next(itertools.islice(run, count - 1, None)).state
        result["accuracy"].append(
            number(accuracy(state, network, images.test))
        )
        result["training"].append(
            number(accuracy(state, network, images.train))
        )
    return dict(result)


def reports(
    data: str, network: Network, rule: str, rate: float, seeds: list[int]
) -> dict[str, list[Any]]:
    """Train a network for each seed; return what is kept of them."""
    images = [images_of(data, seed, network.dtype) for seed in seeds]
    courses = [
        trained(part, network, rule, rate, seed)
        for part, seed in zip(images, seeds, strict=True)
    ]
    ends = side_by_side(courses, network, rule)
    each = [
        report(part, network, rule, seed, end)
        for part, seed, end in zip(images, seeds, ends, strict=True)
    ]
    return {name: [one[name] for one in each] for name in each[0]}


def report(
    images: Images, network: Network, rule: str, seed: int, end: Ended
) -> dict[str, Any]:
    """Return what is kept of a network that was trained."""
    (state, books), shares, falls = end
    assert books is not None
    result: dict[str, Any] = {
        "accuracy": number(accuracy(state, network, images.test)),
        "training": number(accuracy(state, network, images.train)),
        "validation": list(map(number, shares)),
        "falls": falls,
    }
    x, y = (part[:500] for part in images.train)
    how: dict[str, Any] = {
        "rule": RULES[rule],
        "activation": network.activation,
        "loss": LOSS,
    }
    start = start_of(network, rule, seed)
    for name, measure in (
        ("signal", fa.signal_alignment),
        ("update", fa.update_alignment),
    ):
        for when, at in (("start", start), ("end", state)):
            result[f"{name} {when}"] = list(
                map(number, fa.angle(measure(at, x, y, **how)))
            )
    above = junctions(state, books.readouts, network, rule)
    result["weights end"] = [
        number(fa.angle(fa.weight_alignment(each))[0]) for each in above
    ]
    for name, values in said(books).items():
        result[name] = list(map(number, values))
    return result


def said(books: Books) -> dict[str, list[float]]:
    """Return what the ledgers of a network say, for each hidden layer."""
    return {
        "steps": [float(books.steps[0])],
        "residual": list(map(float, abs(books.residual))),
        "budget": list(map(float, books.budget)),
        "stake": list(map(float, books.stake)),
        "broken": list(map(float, books.broken)),
    }


def number(value: Any) -> float | None:
    """Return four digits of a number, and None of what is none."""
    return float(f"{value:.4g}") if np.isfinite(value) else None
