"""The law at a junction: of whatever leads into a group of units, and of whatever leads out."""

import itertools
from fractions import Fraction

import numpy as np
import pytest

from fa_lib import State, discrete_law, initial_state, junction, layer_law, matrix_law, neuron_law

rng = np.random.default_rng(0)
STEP = 0.05
STEPS = 5


def inner(A, B):
    return (A * B).sum()


def dense_network():
    """Yield the parts of a leaky ReLU network with biases and two branches, trained by FA."""
    W, b = rng.standard_normal((5, 3)), rng.standard_normal(5)
    V, U = rng.standard_normal((2, 5)), rng.standard_normal((1, 5))
    B, C = rng.standard_normal((2, 5)), rng.standard_normal((1, 5))
    x, y, z = (rng.standard_normal((6, n)) for n in (3, 2, 1))
    while True:
        yield [W, b], [V, U], [B, C]
        h = x @ W.T + b
        slope = np.where(h > 0, 1, 0.1)
        a = slope * h
        e, d = a @ V.T - y, np.tanh(a @ U.T - z)
        delta = (e @ B + d @ C) * slope
        W, b = W - STEP * delta.T @ x, b - STEP * delta.sum(0)
        V, U = V - STEP * e.T @ a, U - STEP * d.T @ a


def pooled_convolution(x, y, kernel, bias, V, B):
    """Yield the parts of convolution, max pooling and a dense read-out, trained by FA, by loops.

    Images (N, channels, 4, 4), kernels 2 x 2 without overlap, so that each pixel is read once; of
    the four positions the largest is pooled.
    """
    n, half = len(kernel), Fraction(1, 2) if kernel.dtype == object else 0.5
    patches = np.stack(
        [x[:, :, i : i + 2, j : j + 2].reshape(len(x), -1) for i in (0, 2) for j in (0, 2)], axis=1
    )
    while True:
        yield [kernel, bias], [V], [B]
        h = patches @ kernel.reshape(n, -1).T + bias  # (N, positions, n)
        pick = h.argmax(axis=1)[:, None, :]
        a = np.take_along_axis(h, pick, axis=1)[:, 0]
        e = a @ V.T - y
        delta = 0 * h
        np.put_along_axis(delta, pick, (e @ B)[:, None, :], axis=1)
        eta = half / 10
        moved = np.einsum("npk,npc->ck", patches, delta).reshape(kernel.shape)
        kernel, bias = kernel - eta * moved, bias - eta * delta.sum((0, 1))
        V = V - eta * e.T @ a


def convolution(convert=lambda array: array):
    draw = np.random.default_rng(1)
    shapes = ((3, 2, 4, 4), (3, 2), (4, 2, 2, 2), (4,), (2, 4), (2, 4))
    return pooled_convolution(*(convert(draw.integers(-3, 4, shape) / 4) for shape in shapes))


def path_of(run, steps):
    """Return the path of the junction."""
    states = [junction(*parts) for parts in itertools.islice(run, steps + 1)]
    weights, feedback = (
        tuple(map(np.stack, zip(*part, strict=True))) for part in zip(*states, strict=True)
    )
    return State(weights, feedback)


def movement(laws):
    """Return how far the values move from the first to the last time, at most."""
    values = laws[0] if isinstance(laws, tuple) else laws
    return abs(values[-1] - values[0]).max()


@pytest.mark.parametrize("network", [dense_network, convolution])
@pytest.mark.parametrize("law", [layer_law, neuron_law], ids=lambda law: law.__name__)
def test_the_law_at_a_junction_is_constant_but_for_what_steps_add(network, law):
    path = path_of(network(), STEPS)
    assert movement(discrete_law(path, law)) < 1e-12  # 5 steps of some 100 products of order one
    assert movement(law(path)) > 1e-4


def test_the_law_of_a_convolution_with_max_pooling_is_exact_in_fractions():
    exact = np.vectorize(Fraction, otypes=[object])
    path = path_of(convolution(exact), 2)
    for law in (layer_law, neuron_law):
        laws = discrete_law(path, law)
        assert all(isinstance(value, Fraction) for value in np.asarray(laws).flat)
        assert movement(laws) == 0 < movement(law(path))


def test_biases_left_out_break_the_law():
    parts = ((incoming[:1], *others) for incoming, *others in dense_network())
    assert movement(discrete_law(path_of(parts, STEPS))) > 1e-3


def test_a_branch_left_out_breaks_the_law():
    parts = ((leading_in, out[:1], carriers[:1]) for leading_in, out, carriers in dense_network())
    assert movement(discrete_law(path_of(parts, STEPS))) > 1e-3


def test_the_laws_of_a_layer_are_those_of_its_junction():
    state = initial_state((3, 5, 4, 2), rng=rng)
    for i, (W, V, B) in enumerate(
        zip(state.weights, state.weights[1:], state.feedback, strict=False)
    ):
        alone = junction([W], [V], [B])
        assert layer_law(alone)[0] == pytest.approx(layer_law(state)[i], rel=1e-12)
        np.testing.assert_allclose(neuron_law(alone)[0], neuron_law(state)[i], rtol=1e-12)
        np.testing.assert_allclose(matrix_law(alone)[0], matrix_law(state)[i], rtol=1e-12)


def test_a_junction_is_the_sum_over_arrays_of_any_shape():
    kernel, bias = rng.standard_normal((4, 3, 5, 5)), rng.standard_normal(4)
    after, B = rng.standard_normal((2, 6, 4, 3, 3))
    dense, C = rng.standard_normal((2, 2, 4, 9))
    law = layer_law(junction([kernel, bias], [after, dense], [B, C]), degree=2)[0]
    sizes = (inner(kernel, kernel) + inner(bias, bias)) / 2
    assert law == pytest.approx(sizes - 2 * (inner(after, B) + inner(dense, C)), rel=1e-12)
    channel = neuron_law(junction([kernel, bias], [after, dense], [B, C]))[0][1]
    literal = (inner(kernel[1], kernel[1]) + bias[1] ** 2) / 2
    literal -= inner(after[:, 1], B[:, 1]) + inner(dense[:, 1], C[:, 1])
    assert channel == pytest.approx(literal, rel=1e-12)


def test_a_junction_shares_no_memory_with_what_it_is_made_of():
    W, V, B = np.ones((4, 3)), np.ones((2, 4)), np.ones((2, 4))
    state = junction([W], [V], [B])
    assert isinstance(state, State)
    for made in (*state.weights, *state.feedback):
        assert not any(np.shares_memory(made, part) for part in (W, V, B))


W, V, B = np.ones((4, 3)), np.ones((2, 4)), np.ones((2, 4))


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        (([], [V], [B]), r"incoming: got \[\], expected a list of arrays"),
        ((W, [V], [B]), "incoming: got array"),
        (([W, W[:2]], [V], [B]), r"incoming\[1\]: got shape \(2, 3\), expected 4 units on axis 0"),
        (([W], [V.T], [B]), r"outgoing\[0\]: got shape \(4, 2\), expected 4 units on axis 1"),
        (([W], [V[0]], [B]), r"outgoing\[0\]: got shape \(4,\), expected 4 units on axis 1"),
        (([W], [V], [B[:1]]), r"feedback: got shapes \[\(1, 4\)\], expected those of outgoing"),
        (([W], [V, V], [B]), r"feedback: got shapes \[\(2, 4\)\], expected those of outgoing"),
    ],
)
def test_what_is_no_junction_is_refused(parts, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        junction(*parts)
