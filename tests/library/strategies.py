"""Random problems for hypothesis: it draws sizes, choices and a seed; NumPy draws the arrays."""

from collections.abc import Iterator
from fractions import Fraction
from typing import NamedTuple

import numpy as np
from hypothesis import strategies as st

import fa_lib
from fa_lib import Activation, Loss, Rule, State

# All that the library has: a rule without a reference of its own turns the tests red.
RULES = {value.name: value for value in vars(fa_lib).values() if isinstance(value, Rule)}
HOMOGENEOUS = (fa_lib.linear, fa_lib.relu, fa_lib.leaky_relu(0.25), fa_lib.squared_relu)
ACTIVATIONS = (*HOMOGENEOUS, fa_lib.tanh)
LOSSES = (fa_lib.squared_error, fa_lib.softmax_cross_entropy)
ENSEMBLES = ((), (2,), (2, 3))
EXACT = (fa_lib.linear, fa_lib.relu, fa_lib.leaky_relu(Fraction(1, 4)), fa_lib.squared_relu)

# An identity on a random problem sums at most 5 x 6 x 5 = 150 rounded terms (layers, samples,
# neurons), of factors that cancel by an order of magnitude or so: 4096 eps of the terms' size.
ROUNDING = 4096 * np.finfo(float).eps

seeds = st.integers(0, 2**32 - 1)


class Problem(NamedTuple):
    """A network, its data, and what it learns through and from."""

    state: State
    x: np.ndarray
    y: np.ndarray
    activation: Activation
    loss: Loss

    @property
    def options(self) -> dict[str, Activation | Loss]:
        return {"activation": self.activation, "loss": self.loss}

    @property
    def ensemble(self) -> tuple[int, ...]:
        return self.x.shape[:-2]


def matrices(state: State) -> tuple:
    return (*state.weights, *state.feedback)


def each(function, state: State) -> State:
    """Apply a function to every matrix."""
    return State(tuple(map(function, state.weights)), tuple(map(function, state.feedback)))


def member(problem: Problem, index: tuple[int, ...]) -> Problem:
    state = each(lambda M: M[index], problem.state)
    return problem._replace(state=state, x=problem.x[index], y=problem.y[index])


def members(problem: Problem) -> Iterator[tuple[tuple[int, ...], Problem]]:
    """Yield every network of an ensemble with its index, one by one."""
    for index in np.ndindex(problem.ensemble):
        yield index, member(problem, index)


def draw_problem(widths, samples, activation, loss, *, seed, ensemble=(), rule=None) -> Problem:
    rng = np.random.default_rng(seed)
    state = fa_lib.initial_state(widths, rng=rng, ensemble=ensemble, rule=rule)
    x = rng.standard_normal((*ensemble, samples, widths[0]))
    y = rng.standard_normal((*ensemble, samples, widths[-1]))
    if loss.name == "softmax cross-entropy":
        y = np.exp(y) / np.exp(y).sum(axis=-1, keepdims=True)
    return Problem(tamed(state, x, activation), x, y, activation, loss)


def tamed(state: State, x: np.ndarray, activation: Activation) -> State:
    """Scale the weights so that no preactivation exceeds 2, however deep and whatever the degree.

    Four layers of squared ReLU take the 16th power of what comes in: without this, half of the
    problems would be all zeros or astronomical, and say nothing about rounding.
    """
    a, weights = x, []
    for W in state.weights:
        largest = abs(a @ W.mT).max(axis=(-2, -1), keepdims=True)
        weights.append(W * 2 / np.where(largest > 0, largest, 1))
        a = activation.value(a @ weights[-1].mT)
    return state._replace(weights=tuple(weights))


@st.composite
def problems(
    draw, *, rule=None, activations=ACTIVATIONS, losses=LOSSES, ensembles=ENSEMBLES, deepest=5
) -> Problem:
    depth = draw(st.integers(2, deepest))
    return draw_problem(
        draw(st.tuples(*[st.integers(1, 5)] * (depth + 1))),
        draw(st.integers(1, 6)),
        draw(st.sampled_from(activations)),
        draw(st.sampled_from(losses)),
        seed=draw(seeds),
        ensemble=draw(st.sampled_from(ensembles)),
        rule=rule,
    )


def rational(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """Draw an array of small fractions."""
    values = [Fraction(int(a), int(b)) for a, b in rng.integers(1, 5, (np.prod(shape), 2))]
    signs = rng.choice([-1, 1], len(values)).tolist()
    exact = np.empty(len(values), dtype=object)
    exact[:] = [sign * value for sign, value in zip(signs, values, strict=True)]
    return exact.reshape(shape)


@st.composite
def exact_problems(draw, *, activations=EXACT, deepest=3) -> Problem:
    depth = draw(st.integers(2, deepest))
    widths = draw(st.tuples(*[st.integers(1, 3)] * (depth + 1)))
    samples = draw(st.integers(1, 3))
    rng = np.random.default_rng(draw(seeds))
    shapes = list(zip(widths[1:], widths, strict=False))
    state = State(
        tuple(rational(rng, *shape) for shape in shapes),
        tuple(rational(rng, *shape) for shape in shapes[1:]),
    )
    x, y = rational(rng, samples, widths[0]), rational(rng, samples, widths[-1])
    return Problem(state, x, y, draw(st.sampled_from(activations)), fa_lib.squared_error)
