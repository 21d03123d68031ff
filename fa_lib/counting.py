"""Counting conservation laws: as many as there are directions that no data can move the state in.

One sample (x, y) gives one velocity field on the parameters. Training composes the fields of all
samples, and reaches what their Lie algebra spans: the fields, their brackets, the brackets of
those. At a generic state, (number of parameters) - (dimension of that span) is the number of
independent quantities that are conserved whatever the data.
"""

import operator
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from fa_lib import _checks
from fa_lib._arrays import Array
from fa_lib.network import initial_state, propagate
from fa_lib.rules import feedback_alignment
from fa_lib.state import Activation, Rule, State, fixed_feedback

Matrices = tuple[Any, ...]  # arrays or Duals: the moving parts of a state
Field = Callable[[Matrices], Matrices]


class Dual:
    """A number a + b eps with eps^2 = 0, where a and b are arrays, or Duals in their turn.

    A product rule for each product of `velocity` is all that an exact derivative needs.
    """

    __array_ufunc__ = None  # let NumPy's operators give way to these

    def __init__(self, value: Any, tangent: Any) -> None:
        self.value, self.tangent = value, tangent

    def __neg__(self) -> "Dual":
        return Dual(-self.value, -self.tangent)

    def __add__(self, other: Any) -> "Dual":
        value, tangent = _parts(other)
        return Dual(self.value + value, self.tangent + tangent)

    def __sub__(self, other: Any) -> "Dual":
        value, tangent = _parts(other)
        return Dual(self.value - value, self.tangent - tangent)

    def __mul__(self, other: Any) -> "Dual":
        value, tangent = _parts(other)
        return Dual(self.value * value, self.tangent * value + self.value * tangent)

    def __matmul__(self, other: Any) -> "Dual":
        if not isinstance(other, Dual):
            return Dual(self.value @ other, self.tangent @ other)
        tangent = self.tangent @ other.value + self.value @ other.tangent
        return Dual(self.value @ other.value, tangent)

    def __rmatmul__(self, other: Array) -> "Dual":
        return Dual(other @ self.value, other @ self.tangent)

    __radd__, __rmul__ = __add__, __mul__

    @property
    def mT(self) -> "Dual":
        """The transposed matrix."""
        return Dual(self.value.mT, self.tangent.mT)


def _parts(other: Any) -> tuple[Any, Any]:
    return (other.value, other.tangent) if isinstance(other, Dual) else (other, 0)


def _derivative(field: Field, at: Matrices, along: Matrices) -> Matrices:
    """Return the derivative of a field at a point, along a direction; exact, by eps^2 = 0."""
    moved = field(tuple(Dual(M, dM) for M, dM in zip(at, along, strict=True)))
    return tuple(M.tangent if isinstance(M, Dual) else 0 * M for M in moved)


def bracket(F: Field, H: Field) -> Field:
    """Return the Lie bracket [F, H]: how far moves along F and H do not commute."""

    def field(at: Matrices) -> Matrices:
        there, back = _derivative(H, at, F(at)), _derivative(F, at, H(at))
        return tuple(map(operator.sub, there, back))

    return field


def _sample_field(x: Array, y: Array, start: State, rule: Rule, activation: Activation) -> Field:
    """Return the velocity that samples give, each for itself: (..., 1, n_0) and (..., 1, n_L).

    Near a generic state no preactivation changes its sign, so the slopes phi' are fixed numbers and
    the field is a polynomial.
    """
    _, passages, _ = propagate(start.weights, x, activation)
    layers = len(start.weights)

    def field(at: Matrices) -> Matrices:
        state = State(at[:layers], at[layers:] or start.feedback)
        inputs = [x]
        for W, passage in zip(state.weights, passages, strict=False):
            inputs.append((inputs[-1] @ W.mT) * passage.slope)
        error = inputs[-1] @ state.weights[-1].mT - y
        deltas = rule.signals(state, passages, error, y)
        directions = (-(delta.mT @ a) for delta, a in zip(deltas, inputs, strict=True))
        motion = rule.motion(state, tuple(directions))
        return (*motion.weights, *motion.feedback)[: len(at)]

    return field


class LieClosure(NamedTuple):
    """What the update fields of all data generate.

    Attributes
    ----------
    parameters : int
        How many numbers the rule moves.
    dimension : int
        Of the span of the fields and all their brackets, at a generic state.
    depth : int
        How many fields are in the longest bracket that still added to the span.
    gap : float
        The least singular value counted over the greatest one not counted.
    """

    parameters: int
    dimension: int
    depth: int
    gap: float

    @property
    def laws(self) -> int:
        """How many independent quantities the rule conserves, whatever the data."""
        return self.parameters - self.dimension


def lie_closure(
    widths: tuple[int, ...],
    *,
    rule: Rule = feedback_alignment,
    activation: Activation,
    rng: np.random.Generator,
) -> LieClosure:
    """Close the update fields of all data under brackets, at a random state, and take the rank.

    The brackets [F_1, [F_2, [.. F_r]]] of random samples span the whole of depth r, in exact
    arithmetic and for linear networks with probability one. When one more depth adds nothing, no
    further one can. Rounding, and ReLU's gates that no sample happens to open, can only hide
    directions: the dimension is a lower bound, and the number of laws an upper one. Draw again to
    be safe, and keep the least.

    Parameters
    ----------
    widths : tuple of int
        ``n_0..n_L``.
    rule : Rule
        GD, FA, DFA or KP: a rule whose signals are polynomials in weights and feedback.
    activation : Activation
        Piecewise linear: linear, ReLU or leaky ReLU.
    rng : numpy.random.Generator
        Draws the state and the samples.

    Returns
    -------
    LieClosure

    Raises
    ------
    ValueError
        If the widths do not describe a network, or the activation is not of degree 1.
    ArithmeticError
        If the singular values leave the rank in doubt (a gap below 1000): draw again.

    Examples
    --------
    >>> from fa_lib import linear
    >>> lie_closure((2, 3, 2), activation=linear, rng=np.random.default_rng(0)).laws
    7
    """
    _checks.kind("rule", rule, Rule)
    _checks.kind("activation", activation, Activation)
    if activation.degree != 1:
        _checks.refuse("activation", activation.name, "a piecewise linear one, of degree 1")
    start = _generic_state(widths, rule, rng)
    _checks.homogeneous(activation, start.weights[0], 1)
    moving = start.weights if rule.motion is fixed_feedback else (*start.weights, *start.feedback)
    parameters = sum(M.size for M in moving)
    samples = 8 * parameters

    def draw() -> Field:
        x = rng.standard_normal((samples, 1, widths[0]))
        y = rng.standard_normal((samples, 1, widths[-1]))
        return _sample_field(x, y, start, rule, activation)

    nested, rows = draw(), np.empty((0, parameters))
    rank, gap, depth = 0, np.inf, 0
    while True:
        rows = np.concatenate([rows, _as_rows(nested(moving), samples)])
        deeper, gap = _rank(rows)
        if deeper == rank:
            return LieClosure(parameters, rank, depth, gap)
        rank, depth, nested = deeper, depth + 1, bracket(draw(), nested)


def _generic_state(widths: tuple[int, ...], rule: Rule, rng: np.random.Generator) -> State:
    """Draw a state with no entry near zero, where a bracket could be taken for rounding."""

    def away_from_zero(M: np.ndarray) -> np.ndarray:
        moved: np.ndarray = np.sign(M) * rng.uniform(0.5, 1.5, M.shape)
        return moved

    drawn = initial_state(widths, rng=rng, rule=rule)
    return State(*(tuple(map(away_from_zero, part)) for part in drawn))


def _as_rows(matrices: Matrices, samples: int) -> np.ndarray:
    """Flatten the velocities, one row for each sample, each of length one."""
    rows = np.concatenate([M.reshape(samples, -1) for M in matrices], axis=1)
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return rows / np.where(lengths > 0, lengths, 1)


def _rank(rows: np.ndarray) -> tuple[int, float]:
    """Return the numerical rank, and the ratio of the singular values on its two sides."""
    values = np.linalg.svd(rows, compute_uv=False)
    if values[0] == 0:  # a dead network: no data move it
        return 0, np.inf
    rounding = np.finfo(float).eps * max(rows.shape) * values[0]
    # Between rounding and one there is room for nine decades: cut in their middle.
    rank = int((values > np.sqrt(rounding * values[0])).sum())
    gap = values[rank - 1] / max(values[rank] if rank < len(values) else 0, rounding)
    if gap < 1e3:
        raise ArithmeticError(f"the rank is in doubt: singular values {values}; draw again")
    return rank, float(gap)
