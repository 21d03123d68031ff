"""Conserved quantities of feedback alignment and of other rules.

A law has the form 1/2 ||W_i||^2 - k Psi(W_{i+1}), where k is the degree of the activation and the
gradient of Psi carries the error back; for feedback alignment Psi = <W_{i+1}, B_{i+1}>. Along the
flow it is constant; `balances` has what steps of any size add.
"""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from fa_lib import _checks
from fa_lib._arrays import Array, Result, namespace, stack_last
from fa_lib.rules import feedback_alignment
from fa_lib.state import Activation, Rule, State


class Terms(NamedTuple):
    """What a law depends on, besides the state: the rule, the degree k, the rates of the layers."""

    rule: Rule
    degree: Any
    rates: tuple[Any, ...] | None

    def of_layers(self, count: int) -> tuple[Any, ...]:
        """Return a rate for each layer."""
        return self.rates or (1,) * count


def terms_of(rule: Rule, degree: Any, rates: Sequence[Any] | None) -> Terms:
    """Return the terms, or refuse what is none."""
    _checks.kind("rule", rule, Rule)
    _checks.number("degree", degree)
    if rates is not None:
        rates = _checks.sequence("rates", rates, "a number for each layer")
    for number, rate in enumerate(rates or (), start=1):
        _checks.positive_number(f"rate {number}", rate)
    return Terms(rule, degree, rates)


def admit(state: State, terms: Terms) -> Terms:
    """Return the terms in the arithmetic of a state, or refuse one to which they do not apply."""
    (_checks.feedback if terms.rule.reads_feedback else _checks.weights)(state)
    like, rates = state.weights[0], terms.rates
    if rates is not None and len(rates) != len(state.weights):
        expected = f"{len(state.weights)}, one for each layer"
        _checks.refuse("rates", f"{len(rates)} numbers", expected)
    return Terms(
        terms.rule,
        _checks.of_arithmetic("degree", terms.degree, like),
        rates and tuple(_checks.of_arithmetic("rates", rate, like) for rate in rates),
    )


def layer_law(
    state: State,
    *,
    degree: Any = 1,
    rule: Rule = feedback_alignment,
    rates: Sequence[Any] | None = None,
) -> Result:
    """Return 1/2 ||W_i||^2 - k <W_{i+1}, B_{i+1}> for each hidden layer i (Theorem 5.1).

    For another rule, its potential Psi(W_{i+1}) takes the place of <W_{i+1}, B_{i+1}>.

    Parameters
    ----------
    state : State
        With feedback of the shape of the weights it replaces; a rule that reads none, such as
        GD, needs none.
    degree : number
        k, the activation's degree of homogeneity.
    rule : Rule
        One with a potential: FA, GD, KP, uSF or frSF.
    rates : sequence of L numbers, optional
        The learning rates of the layers, where they differ: what concerns layer i is divided by its
        rate.

    Returns
    -------
    array (..., L-1)

    Raises
    ------
    ValueError
        If shapes or dtypes do not fit, ``degree`` is not a number, a rate is not positive, or the
        rule has no potential.

    Notes
    -----
    Robertson & Koyejo (arXiv 2306.01870), Theorem 5.1, for FA and k = 1; Du, Hu & Lee (2018) for
    GD; the other rules, and rates, are not in the paper.
    """
    laws = neuron_law(state, degree=degree, rule=rule, rates=rates)
    xp = namespace(*state.weights)
    return stack_last([xp.sum(law, axis=-1) for law in laws], like=state.weights[0])


def neuron_law(
    state: State,
    *,
    degree: Any = 1,
    rule: Rule = feedback_alignment,
    rates: Sequence[Any] | None = None,
) -> tuple[Result, ...]:
    """Return 1/2 ||w||^2 - k v.b for each hidden neuron: incoming row w, outgoing columns v, b.

    Parameters
    ----------
    state, degree, rule, rates
        As in `layer_law`.

    Returns
    -------
    tuple of arrays (..., n_i), one for each hidden layer
        Their sums over neurons are `layer_law`.

    Raises
    ------
    ValueError
        As `layer_law`.
    """
    terms = terms_of(rule, degree, rates)
    if rule.potential is None:
        _checks.refuse("rule", rule.name, "a rule with a potential, such as FA or GD")
    terms = admit(state, terms)
    xp = namespace(*state.weights)
    k, r = terms.degree, terms.of_layers(len(state.weights))
    return tuple(
        xp.sum(W * W, axis=-1) / (2 * r[i]) - k * rule.potential(after, B) / r[i + 1]
        for i, (W, after, B) in enumerate(_junctions(state))
    )


def matrix_law(
    state: State, *, rule: Rule = feedback_alignment, rates: Sequence[Any] | None = None
) -> tuple[Result, ...]:
    """Return W_i W_i^T - B_{i+1}^T W_{i+1} - W_{i+1}^T B_{i+1}, conserved in linear networks.

    For gradient descent it is W_i W_i^T - W_{i+1}^T W_{i+1}.

    Parameters
    ----------
    state, rates
        As in `layer_law`.
    rule : Rule
        FA, GD or KP.

    Returns
    -------
    tuple of arrays (..., n_i, n_i), one for each hidden layer
        Symmetric; the diagonal is twice `neuron_law`, the trace twice `layer_law`.

    Raises
    ------
    ValueError
        If shapes or dtypes do not fit, or the rule has no such law.

    Notes
    -----
    For FA and two layers, Lillicrap et al. (2016) are reported to use it in their supplement.
    """
    terms = terms_of(rule, 1, rates)
    if rule.gram is None:
        _checks.refuse("rule", rule.name, "a rule with a matrix law: FA, GD or KP")
    r = admit(state, terms).of_layers(len(state.weights))
    return tuple(
        W @ W.mT / r[i] - rule.gram(after, B) / r[i + 1]
        for i, (W, after, B) in enumerate(_junctions(state))
    )


def _junctions(state: State) -> Iterable[tuple[Result, Result, Result | None]]:
    """Yield W_i, W_{i+1} and the feedback between them; None where a rule that reads none has none.

    A rule's law may read feedback that its signals do not: that of FA along a run by GD, say.
    """
    hidden = len(state.weights) - 1
    feedback = state.feedback if len(state.feedback) == hidden else (None,) * hidden
    return zip(state.weights, state.weights[1:], feedback, strict=False)


def junction(
    incoming: Sequence[Array], outgoing: Sequence[Array], feedback: Sequence[Array]
) -> State:
    """Return the state of two layers whose laws are those of a group of units in any network.

    The group's incoming weights side by side become W_1, its outgoing ones on top of each other
    W_2, and likewise their feedback. Every law of the state is then one of the group:

        1/2 sum ||incoming||^2 - k sum <outgoing, feedback>

    by `layer_law`, that of each unit or channel by `neuron_law`, the matrix by `matrix_law`. As a
    whole the group must be homogeneous of degree k: ReLU, maxout, pooling and dropout are. All that
    leads in belongs to it, biases too, and all that leads out: every branch.

    Parameters
    ----------
    incoming : sequence of arrays, of any shape
        Their first axis counts the n_1 units or channels: dense weights, biases, kernels (as
        PyTorch lays them out).
    outgoing : sequence of arrays, of any shape
        Their second axis counts the units or channels. Where channels were flattened for dense
        weights, these are reshaped first, to three axes: outputs, channels, positions.
    feedback : sequence of arrays, of any shape
        What carries the error back in the place of each of these, in its shape.

    Returns
    -------
    State
        Of new arrays: W_1 has n_1 rows, W_2 and B_2 have n_1 columns.

    Raises
    ------
    ValueError
        If the shapes do not fit.

    Notes
    -----
    Theorem 5.1 of Robertson & Koyejo (arXiv 2306.01870) is about a dense layer; its proof needs
    no more than this.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> kernel, bias = rng.standard_normal((4, 3, 5, 5)), rng.standard_normal(4)
    >>> after, B = rng.standard_normal((2, 6, 4, 3, 3))
    >>> state = junction([kernel, bias], [after], [B])
    >>> [W.shape for W in state.weights], layer_law(state).shape
    ([(4, 76), (54, 4)], (1,))
    """
    parts = {"incoming": incoming, "outgoing": outgoing, "feedback": feedback}
    for name, arrays in parts.items():
        if not isinstance(arrays, tuple | list) or not arrays:
            _checks.refuse(name, repr(arrays), "a list of arrays")
    n = incoming[0].shape[0]
    for name, arrays in parts.items():
        axis = 0 if name == "incoming" else 1
        for number, array in enumerate(arrays):
            if array.ndim <= axis or array.shape[axis] != n:
                expected = f"{n} units on axis {axis}"
                _checks.refuse(f"{name}[{number}]", f"shape {tuple(array.shape)}", expected)
    shapes = [[tuple(array.shape) for array in arrays] for arrays in (outgoing, feedback)]
    if shapes[0] != shapes[1]:
        _checks.refuse("feedback", f"shapes {shapes[1]}", f"those of outgoing, {shapes[0]}")
    xp = namespace(*incoming, *outgoing, *feedback)
    leading_in = xp.concat([xp.reshape(array, (n, -1)) for array in incoming], axis=-1)
    leading_out, carriers = (
        xp.concat([xp.reshape(xp.moveaxis(array, 1, 0), (n, -1)) for array in arrays], axis=-1).T
        for arrays in (outgoing, feedback)
    )
    return State((leading_in, leading_out), (carriers,))


def junctions(state: State, activation: Activation) -> tuple[State, ...]:
    """Return the junction at each hidden layer of a network with wires: a state of two layers.

    For a convolution a unit is a channel, and `neuron_law` that of each channel. Weights that do
    not read the layer, such as biases of the next, are not among its outgoing ones.

    Parameters
    ----------
    state : State
        Or a path; its feedback in the shapes of the weights it replaces.
    activation : Activation
        That of the network, as `wired` makes it.

    Returns
    -------
    tuple of State, one for each hidden layer

    Raises
    ------
    ValueError
        If the state does not fit its wires.

    Notes
    -----
    As for `junction`. Pooling, flattening and patches are homogeneous of degree 1, so that the
    degree of the junction is that of the activation.
    """
    _checks.kind("activation", activation, Activation)
    _checks.feedback(state, activation.wires)
    wires = activation.wires or (None,) * len(state.weights)
    layers = zip(state.weights, state.weights[1:], state.feedback, wires[1:], strict=False)
    return tuple(
        State((W, _by_unit(V, wire, W.shape[-2])), (_by_unit(B, wire, W.shape[-2]),))
        for W, V, B, wire in layers
    )


def _by_unit(V: Array, wire: Any, units: int) -> Result:
    """Give each unit a column, with all the weights that read it: (..., m, n) -> (..., M, n_i)."""
    if wire is None:
        return V
    xp, rows, read = namespace(V), V.shape[-2], V.shape[-1] - wire.constants
    sorted_by_unit = xp.reshape(V[..., :read], (*V.shape[:-2], rows, units, read // units))
    return xp.reshape(xp.moveaxis(sorted_by_unit, -1, -2), (*V.shape[:-2], -1, units))
