"""The law as a test of anybody's code: one backward pass is enough.

Correct feedback alignment moves the weights that lead into a unit and those that lead out of it by
amounts that are tied, <dW_i, W_i> = k <dW_{i+1}, B_{i+1}>, whatever the data, the loss, the size of
the batch and the optimiser. Gradients of code that does something else break the tie.
"""

import math
from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np

from fa_lib import _checks
from fa_lib._arrays import Array, Result, at_rest, is_exact, namespace, on_host, sum_of_sizes
from fa_lib.balances import TESTED
from fa_lib.rules import feedback_alignment, gradient_descent, sign_symmetric, weighted_sign
from fa_lib.state import Carriers, Rule, State

# An entry of the gradients of correct code is taken to be right to so many eps of itself: all but
# its last seven bits.
LOST = 128

Layer = tuple[Any, ...]  # W, and what else leads into the same units


class Audit(NamedTuple):
    """What a backward pass says of a rule; an entry for each hidden layer.

    With p_j = sum <S_W, W> over all weights that lead into unit j, S their gradients, and
    g_j = k <S_V, M> over those that lead out of it, M what carried the error, the rule says that
    p_j = g_j.

    Attributes
    ----------
    balance : tuple of float
        ``r = sum_j |p_j - g_j| / sum_j (|p_j| + |g_j|)``, from 0 to 1; nan where all are zero. At
        degree 0 it is ``sum_j |p_j|`` over the sum of the sizes of their terms.
    bound : tuple of float
        What rounding may make of r in correct code.
    factor : tuple of float
        p_j / g_j, where it is the same for all units: gradients of layer i are that many times
        what those of layer i+1 ask for. 1 in correct code, nan where no number will do.
    fits : tuple of str
        What carried the error, where it was not M: "the weights themselves: GD", for example.
    """

    balance: tuple[float, ...]
    bound: tuple[float, ...]
    factor: tuple[float, ...]
    fits: tuple[str, ...]

    @property
    def holds(self) -> bool:
        """Tell whether each hidden layer was tested, and none breaks the rule."""
        return all(r <= bound <= TESTED for r, bound in zip(self.balance, self.bound, strict=True))

    def __str__(self) -> str:
        """Return a verdict for each hidden layer."""
        layers = enumerate(zip(*self, strict=True), start=1)
        return "\n".join(f"hidden layer {i}: {_verdict(i, *numbers)}" for i, numbers in layers)


def _verdict(i: int, balance: float, bound: float, factor: float, fits: str) -> str:
    if math.isnan(balance):
        return "nothing moved, so nothing was tested"
    measured = f"r = {balance:.1e}, bound {bound:.1e}"
    if balance > bound:
        return f"BROKEN ({measured}){_reason(i, factor, fits)}"
    if bound > TESTED:
        return f"not tested ({measured}): use a wider dtype"
    return f"kept ({measured})"


def _reason(i: int, factor: float, fits: str) -> str:
    if fits:
        return f"\n    The error was carried back by {fits}"
    if math.isnan(factor):
        return ""
    return (
        f"\n    The gradients of W_{i} are {_written(factor)} times what"
        f"\n    those of W_{i + 1}, with its feedback, ask for"
    )


def _written(factor: float) -> str:
    """Write 0.0625 as 1/16."""
    for near in (Fraction(round(factor)), factor and 1 / Fraction(round(1 / factor) or 1)):
        if near and math.isclose(near, factor, rel_tol=1e-4):
            return str(near)
    return f"{factor:.4g}"


def audit(
    weights: Sequence[Any],
    gradients: Sequence[Any],
    feedback: Sequence[Array] = (),
    *,
    degree: Any = 1,
    rule: Rule = feedback_alignment,
    accuracy: float | None = None,
) -> Audit:
    """Tell whether the gradients of anyone's backward pass are those of feedback alignment.

    The gradients are those of one batch, before an optimiser makes steps of them: momentum, Adam,
    weight decay and schedules do not matter then, nor do the loss, and sums or means over samples.

    Parameters
    ----------
    weights : sequence of L layers
        Each a matrix W, or a tuple of W and a bias, as PyTorch lays them out: W is
        (outputs, inputs), or a kernel (channels, inputs, ...). `backward_pass` reads them.
    gradients : sequence
        In the same form, at these weights; their common sign does not matter.
    feedback : sequence of L-1 arrays
        What carried the error back in the place of W_2, ..., W_L, in their shapes.
    degree : number
        k, the activation's degree of homogeneity.
    rule : Rule
        One whose error passes layer by layer. GD and uSF need no ``feedback``.
    accuracy : number, optional
        How exact each entry of the gradients is, relative to itself: 128 eps of their dtype by
        default. Give it where the pass was made in a narrower format (autocast, TF32), or
        where errors of samples cancel, as they do at the end of a training.

    Returns
    -------
    Audit
        Print it for a verdict. ``holds`` is True if every hidden layer was tested and none breaks
        the rule.

    Raises
    ------
    ValueError
        If the shapes do not fit, a gradient is missing, an entry is not finite, or the rule
        broadcasts its error.

    Notes
    -----
    Theorem 5.1 of Robertson & Koyejo (arXiv 2306.01870), for the units of each layer. Where only
    the sum over a layer is conserved, as under layer normalisation, make one unit of it:
    ``W[None]``. Where the network is no chain, `junction` makes one of two layers of each group of
    units. For DFA or DRTP the layers above hidden layer i are one, with the carriers B_i and the
    gradient ``s.T @ a_i`` of a virtual read-out, s being what was sent.

    It does not see what is wrong with the output error itself: a wrong loss or sign passes.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> x, e = rng.standard_normal((8, 3)), rng.standard_normal((8, 2))
    >>> W1, W2, B2 = (rng.standard_normal(shape) for shape in [(5, 3), (2, 5), (2, 5)])
    >>> h = x @ W1.T
    >>> a = h * (h > 0)
    >>> gradients = [((e @ B2) * (h > 0)).T @ x, e.T @ a]
    >>> audit([W1, W2], gradients, [B2]).holds
    True
    >>> print(audit([W1, W2], [gradients[0] / 8, gradients[1]], [B2]))  # doctest: +ELLIPSIS
    hidden layer 1: BROKEN (r = ..., bound ...)
        The gradients of W_1 are 1/8 times what
        those of W_2, with its feedback, ask for
    """
    _checks.kind("rule", rule, Rule)
    if rule.carriers is None:
        _checks.refuse("rule", rule.name, "one whose error passes layer by layer, such as FA")
    _checks.number("degree", degree)
    layers, _ = _layers("W", weights)
    moves, lost = _layers("the gradient of W", gradients)
    unread = not (rule.reads_feedback or len(_checks.sequence("feedback", feedback, "arrays")))
    carriers = [W for W, *_ in layers[1:]] if unread else _carriers(feedback, layers)
    _follow("the gradient of W", moves, layers)
    accuracy = lost if accuracy is None else accuracy
    _checks.number("accuracy", accuracy, "a number of zero or more", least=0)
    pairs = [list(zip(*each, strict=True)) for each in zip(layers, moves, strict=True)]
    balances = [_parts(pair, layer[0].shape[0]) for pair, layer in zip(pairs, layers, strict=True)]
    _finite(balances, layers, moves)
    said = []
    for i, (into, B) in enumerate(zip(balances, carriers, strict=False)):
        units = len(into.sums)
        above = (layers[i + 1][0], B, moves[i + 1][0])
        V, B, G = (_columns(f"W_{i + 2}", array, units) for array in above)
        said.append(_audited(into, State((V, V), (B,)), G, degree, rule, accuracy))
    return Audit(*zip(*said, strict=True))


class _Parts(NamedTuple):
    """p_j or g_j of the units of a layer, and the sum of the sizes of all terms of all of them."""

    sums: np.ndarray
    size: float


def _audited(
    into: _Parts, above: State, G: Array, degree: Any, rule: Rule, accuracy: float
) -> tuple[float, float, float, str]:
    """Return what an `Audit` says of one hidden layer."""

    def asked(carriers: Carriers) -> _Parts:
        """Return what the layer above asks for, if these carry its error."""
        (M,) = carriers(above)
        return _parts([((degree * M).mT, G.mT)], G.shape[-1])

    out = asked(_carriers_of(rule))
    balance, bound = _balance(into, out, accuracy)
    if not balance > bound:
        return balance, bound, 1.0, ""
    fits = (name for name, carriers in _OTHERS.items() if _kept(into, asked(carriers), accuracy))
    return balance, bound, _factor(into, out, accuracy), next(fits, "")


def _transposed(state: State) -> tuple[Result, ...]:
    return tuple(B.mT if B.shape[0] == B.shape[1] else B for B in state.feedback)


def _carriers_of(rule: Rule) -> Carriers:
    assert rule.carriers is not None
    return rule.carriers


_OTHERS: dict[str, Carriers] = {
    "the feedback (FA)": _carriers_of(feedback_alignment),
    "the weights themselves (GD)": _carriers_of(gradient_descent),
    "the signs of the weights (uSF)": _carriers_of(sign_symmetric),
    "the sizes of the feedback with the signs of the weights (frSF)": _carriers_of(weighted_sign),
    "the transpose of the feedback": _transposed,
}


def _parts(pairs: Iterable[tuple[Array, Array]], units: int) -> _Parts:
    sums, size = np.zeros(units), 0.0
    for A, G in pairs:
        xp = namespace(A, G)
        with np.errstate(over="ignore", invalid="ignore"):  # `_finite` looks at what comes of it
            terms = xp.reshape(A * G, (units, -1))
            sums = sums + on_host(xp.sum(terms, axis=-1)).astype(float)
            size += sum_of_sizes(terms)
    return _Parts(sums, size)


def _balance(into: _Parts, out: _Parts, accuracy: float) -> tuple[float, float]:
    """Return r and its bound: entries that are off by a part of themselves move no sum by more.

    Where the layer above asks for nothing, as at degree 0, all of p_j is off: of the sizes of its
    terms, which must cancel.
    """
    whole = float(np.sum(abs(into.sums)) + np.sum(abs(out.sums))) if out.size else into.size
    if whole == 0:
        return math.nan, math.nan
    off = float(np.sum(abs(into.sums - out.sums)))
    return off / whole, accuracy * (into.size + out.size) / whole


def _kept(into: _Parts, out: _Parts, accuracy: float) -> bool:
    balance, bound = _balance(into, out, accuracy)
    return balance <= bound


def _factor(into: _Parts, out: _Parts, accuracy: float) -> float:
    """Return p_j / g_j, or nan: if units differ, or if a single unit would have its say."""
    square = float(out.sums @ out.sums)
    if np.count_nonzero(out.sums) < 2 or square == 0:
        return math.nan
    c = float(into.sums @ out.sums) / square
    scaled = _Parts(c * out.sums, abs(c) * out.size)
    return c if c and _kept(into, scaled, accuracy) else math.nan


def _layers(name: str, values: Sequence[Any]) -> tuple[list[Layer], float]:
    """Return a tuple of arrays for each layer, or refuse what is none; and how exact they are."""
    values = _checks.sequence(name, values, "an array, or a tuple of arrays, for each layer")
    layers = [tuple(value) if isinstance(value, tuple | list) else (value,) for value in values]
    if len(layers) < 2:
        _checks.refuse(name, f"{len(layers)} layers", "at least two: one hidden layer")
    for number, layer in enumerate(layers, start=1):
        for array in layer:
            if array is None:
                _checks.refuse(f"{name}_{number}", "None", "an array: was there a backward pass?")
            _checks.reals(f"{name}_{number}", array)
    lost = max(_lost(array) for layer in layers for array in layer)
    return [tuple(map(at_rest, layer)) for layer in layers], lost


def _carriers(feedback: Sequence[Any], layers: list[Layer]) -> list[Any]:
    values = _checks.sequence("feedback", feedback, "an array for each hidden layer")
    if len(values) != len(layers) - 1:
        expected = f"{len(layers) - 1}, one for each hidden layer"
        _checks.refuse("feedback", f"{len(values)} arrays", expected)
    for number, (B, (W, *_)) in enumerate(zip(values, layers[1:], strict=True), start=2):
        _checks.entries(f"B_{number}", B)
        _same(f"B_{number}", B, W)
    return list(map(at_rest, values))


def _follow(name: str, moves: list[Layer], layers: list[Layer]) -> None:
    """Refuse gradients that are not those of these weights."""
    for number, (move, layer) in enumerate(zip(moves, layers, strict=False), start=1):
        for G, W in zip(move, layer, strict=False):
            _same(f"{name}_{number}", G, W)
        if len(move) != len(layer):
            _checks.refuse(f"{name}_{number}", f"{len(move)} arrays", f"{len(layer)}, as there")
    if len(moves) != len(layers):
        _checks.refuse("gradients", f"{len(moves)} layers", f"{len(layers)}, as of weights")


def _finite(balances: list[_Parts], layers: list[Layer], moves: list[Layer]) -> None:
    """Refuse what is not finite: then their products are not, and only then are all looked at."""
    if all(math.isfinite(part.size) for part in balances):
        return
    for name, parts in (("W", layers), ("the gradient of W", moves)):
        for number, layer in enumerate(parts, start=1):
            for array in layer:
                _checks.entries(f"{name}_{number}", array)
    _checks.refuse("gradients", "products with the weights that overflow", "a wider dtype")


def _same(name: str, array: Array, like: Array) -> None:
    if tuple(array.shape) != tuple(like.shape):
        _checks.refuse(name, f"shape {tuple(array.shape)}", f"{tuple(like.shape)}, as the weights")


def _lost(G: Array) -> float:
    return 0.0 if is_exact(G) else LOST * float(namespace(G).finfo(G.dtype).eps)


def _columns(name: str, array: Array, units: int) -> Result:
    """Give each unit a column of all that reads it: (outputs, inputs, ...) -> (M, n).

    Behind a layer of channels that was flattened, the inputs are sorted by channel.
    """
    xp, shape = namespace(array), tuple(array.shape)
    flat = len(shape) == 2 and shape[1] % units == 0
    if len(shape) < 2 or (shape[1] != units and not flat):
        expected = f"{units} units on axis 1: (outputs, inputs, ...), as PyTorch lays them out"
        _checks.refuse(name, f"shape {shape}", expected)
    by_unit = xp.reshape(array, (shape[0], units, -1))
    return xp.reshape(xp.moveaxis(by_unit, -1, -2), (-1, units))


def assert_feedback_alignment(
    weights: Sequence[Any],
    gradients: Sequence[Any],
    feedback: Sequence[Array] = (),
    *,
    degree: Any = 1,
    rule: Rule = feedback_alignment,
    accuracy: float | None = None,
) -> None:
    """Fail, with a verdict for each hidden layer, unless a backward pass follows the rule.

    For tests: it fails as well where nothing moved, or where rounding could hide a fault.

    Parameters
    ----------
    weights, gradients, feedback, degree, rule, accuracy
        As in `audit`.

    Returns
    -------
    None

    Raises
    ------
    AssertionError
        If a hidden layer breaks the rule, or was not tested.
    ValueError
        As `audit`.
    """
    __tracebackhide__ = True  # pytest shows the line of the test
    said = audit(weights, gradients, feedback, degree=degree, rule=rule, accuracy=accuracy)
    if not said.holds:
        raise AssertionError(f"this backward pass is not one of {rule.name}\n{said}")
