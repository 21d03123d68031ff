"""Fixed maps between layers: adjoints, convolutions, biases, and the laws of what has them."""

from fractions import Fraction

import numpy as np
import pytest
from scipy.signal import correlate

import fa_lib as fa
from fa_lib.wiring import average_pool, chain, constant, flatten, max_pool, patches, wired
from refusing import refused
from strategies import RULES

# Height, width, channels; samples. What a wire gives is compared with loops, by definition.
SHAPE, N = (6, 4, 3), 2
KERNELS = {
    "patches": patches(SHAPE, 3),
    "patches, strided": patches(SHAPE, 2, stride=2),
    "patches, padded": patches(SHAPE, 2, stride=2, padding=1),
    "average": average_pool(SHAPE, 2),
    "flatten": flatten(SHAPE),
}
LINEAR = {**KERNELS, "chain": chain(patches(SHAPE, 3), average_pool((4, 2, 27), 2))}
AFFINE = {"constant": constant(72), "chain": chain(flatten(SHAPE), constant(72))}
ALL = {**LINEAR, **AFFINE, "max": max_pool(SHAPE, 2)}


def wires(table):
    return pytest.mark.parametrize("wire", table.values(), ids=table)


def image(seed=0, lead=(), number=float):
    rng = np.random.default_rng(seed)
    drawn = rng.integers(-40, 40, (*lead, N, int(np.prod(SHAPE))))
    return np.vectorize(Fraction, otypes=[object])(drawn) if number is Fraction else drawn / 8


def inner(a, b):
    return (a * b).sum()


@wires(LINEAR)
@pytest.mark.parametrize("number", [float, Fraction])
def test_a_pullback_is_the_adjoint_of_a_linear_wire(wire, number):
    a = image(number=number)
    value, back = wire.apply(a)
    b = image(1, number=number).reshape(-1)
    b = np.resize(b, value.shape)
    # Entries are multiples of 1/8 and means of four of them: the sums are exact in floats, too.
    assert inner(value, b) == inner(a, back(b))


@wires(ALL)
def test_a_tangent_has_the_pullback_as_its_adjoint(wire):
    a, step = image(number=Fraction), image(1, number=Fraction)
    value, back = wire.apply(a)
    b = np.resize(image(2, number=Fraction).reshape(-1), value.shape)
    moved = wire.tangent(a, step)
    assert moved.shape == value.shape
    assert inner(moved, b) == inner(step, back(b))


@wires(ALL | {"average of 9": average_pool((6, 3, 4), 3)})
def test_what_a_wire_makes_of_fractions_is_fractions(wire):
    value, back = wire.apply(image(number=Fraction))
    assert not any(isinstance(entry, float) for made in (value, back(value)) for entry in made.flat)


def test_means_are_exact_where_floats_would_round():
    a = image(number=Fraction)
    wire = average_pool((6, 3, 4), 3)  # a ninth is no float
    value, back = wire.apply(a)
    assert inner(value, value) == inner(a, back(value))


def test_means_of_zeros_that_a_relu_leaves_are_fractions():
    a = fa.relu.value(image(number=Fraction) * 0)  # NumPy's maximum makes integers of them
    wire = average_pool((6, 3, 4), 3)
    value, back = wire.apply(a)
    made = (value, back(value + 1), wire.tangent(a, a + 1))
    assert not any(isinstance(entry, float) for each in made for entry in each.flat)


@wires(ALL)
def test_a_pullback_is_that_of_finite_differences(wire):
    a, direction = image() + np.linspace(0, 1, 144).reshape(N, -1), image(1)
    (ahead, _), (behind, _) = wire.apply(a + direction / 2**20), wire.apply(a - direction / 2**20)
    value, back = wire.apply(a)
    b = np.resize(image(2).reshape(-1), value.shape)
    slope = inner(ahead - behind, b) * 2**19
    assert abs(slope - inner(direction, back(b))) < 1e-6 * abs(inner(abs(direction), abs(back(b))))


@wires(ALL)
def test_a_wire_says_what_it_makes(wire):
    value, back = wire.apply(image())
    assert value.shape == (N * wire.rows, wire.columns)
    assert back(value).shape == image().shape
    assert wire.size == 72
    ones, _ = wire.apply(0 * image())
    assert (ones[..., wire.columns - wire.constants :] == 1).all()
    assert not ones[..., : wire.columns - wire.constants].any()


@wires(ALL)
def test_an_ensemble_is_wired_as_its_members_are(wire):
    a = image(lead=(2, 2))
    value, back = wire.apply(a)
    b = np.resize(image(1).reshape(-1), value.shape)
    for index in np.ndindex(2, 2):
        alone, way = wire.apply(a[index])
        assert np.array_equal(value[index], alone)
        assert np.array_equal(back(b)[index], way(b[index]))
        assert np.array_equal(wire.tangent(a, a / 2)[index], wire.tangent(a[index], a[index] / 2))


@pytest.mark.parametrize(
    ("size", "stride", "padding"), [(3, 1, 0), (2, 2, 0), (2, 2, 1), (1, 1, 0)]
)
def test_weights_behind_patches_are_kernels(size, stride, padding):
    rng, (height, width, channels) = np.random.default_rng(0), SHAPE
    a, kernel = image(), rng.integers(-9, 9, (4, channels, size, size)) / 4
    taken, _ = patches(SHAPE, size, stride=stride, padding=padding).apply(a)
    ours = (taken @ kernel.reshape(4, -1).T).reshape(N, -1, 4)
    for sample, row in zip(a.reshape(N, height, width, channels), ours, strict=True):
        pixels = np.pad(sample, ((padding,) * 2, (padding,) * 2, (0, 0)))
        for one, found in zip(kernel, row.T, strict=True):
            expected = sum(
                correlate(pixels[..., c], one[c], mode="valid", method="direct") for c in range(3)
            )
            assert np.array_equal(found, expected[::stride, ::stride].reshape(-1))


def test_pooling_and_flattening_by_definition():
    a = image()
    (height, width, channels), pixels = SHAPE, a.reshape(N, *SHAPE)
    squares = pixels.reshape(N, height // 2, 2, width // 2, 2, channels)
    largest, mean = squares.max((2, 4)), squares.mean((2, 4))
    assert np.array_equal(max_pool(SHAPE, 2).apply(a)[0], largest.reshape(-1, channels))
    assert np.array_equal(average_pool(SHAPE, 2).apply(a)[0], mean.reshape(-1, channels))
    assert np.array_equal(flatten(SHAPE).apply(a)[0], pixels.transpose(0, 3, 1, 2).reshape(N, -1))


def test_of_equal_entries_the_first_is_passed_back_to():
    _, back = max_pool((2, 2, 1), 2).apply(np.array([[3.0, 5.0, 5.0, 1.0]]))
    assert back(np.array([[2.0]])).tolist() == [[0.0, 2.0, 0.0, 0.0]]


# Networks.

CONVOLVED = wired(
    fa.relu,
    chain(patches((6, 6, 1), 3), constant(9)),
    chain(max_pool((4, 4, 3), 2), flatten((2, 2, 3)), constant(12)),
)
CHANNELS = (1, 3, 2)


def convolutional(number=float, rule=None, phi=CONVOLVED, **options):
    rng = np.random.default_rng(3)
    state = fa.initial_state(CHANNELS, rng=rng, activation=phi, rule=rule, **options)
    x, y = rng.standard_normal((4, 36)), rng.standard_normal((4, 2))
    if number is Fraction:
        exact = np.vectorize(lambda n: Fraction(round(n * 8), 8), otypes=[object])
        state = fa.State(*(tuple(map(exact, part)) for part in state))
        x, y = exact(x), exact(y)
    return state, x, y


def test_a_bias_moves_as_a_weight_from_a_constant_input_does():
    rng = np.random.default_rng(0)
    phi = wired(fa.relu, constant(3), None)
    state = fa.initial_state((3, 5, 2), rng=rng, activation=phi)
    x, y = rng.standard_normal((6, 3)), rng.standard_normal((6, 2))
    with_ones = np.concatenate([x, np.ones((6, 1))], axis=1)
    ours = fa.velocity(state, x, y, activation=phi)
    theirs = fa.velocity(state, with_ones, y)
    assert all(map(np.array_equal, ours.weights, theirs.weights))


def test_gradient_descent_of_a_convolutional_network_is_the_derivative_of_its_loss():
    state, x, y = convolutional()
    gradient = fa.velocity(state, x, y, rule=fa.gradient_descent, activation=CONVOLVED).weights
    rng, h = np.random.default_rng(1), 1e-6

    def loss(weights):
        _, outputs = fa.forward(fa.State(weights, ()), x, activation=CONVOLVED)
        return fa.squared_error.value(outputs[-1], y)

    for layer, dW in enumerate(gradient):
        direction = rng.standard_normal(dW.shape)
        there, back = (
            loss(tuple(W + step if i == layer else W for i, W in enumerate(state.weights)))
            for step in (h * direction, -h * direction)
        )
        assert np.isclose((there - back) / (2 * h), -inner(dW, direction), rtol=1e-6)


def test_the_junction_law_of_a_convolutional_network_is_exact_in_fractions():
    state, x, y = convolutional(Fraction)
    path = fa.train(state, [(x, y)] * 3, step=Fraction(1, 64), steps=3, activation=CONVOLVED)
    (pair,) = fa.junctions(path, CONVOLVED)
    moved = fa.layer_law(pair)
    assert (moved[0] != moved[-1]).all()
    for kept in (fa.discrete_law(pair), *fa.discrete_law(pair, fa.neuron_law)):
        assert (kept == kept[:1]).all()


@pytest.mark.parametrize("rule", [fa.feedback_alignment, fa.kolen_pollack, fa.weighted_sign])
def test_a_deep_convolutional_network_keeps_its_junction_laws_to_rounding(rule):
    phi = wired(
        fa.leaky_relu(0.25),
        chain(patches((8, 8, 2), 3, padding=1), constant(18)),
        chain(average_pool((8, 8, 4), 2), patches((4, 4, 4), 2), constant(16)),
        chain(max_pool((3, 3, 5), 3), constant(5)),
    )
    rng = np.random.default_rng(0)
    state = fa.initial_state((2, 4, 5, 3), rng=rng, activation=phi, ensemble=(2,))
    x, y = rng.standard_normal((6, 128)), rng.standard_normal((6, 3))
    path = fa.train(state, fa.full_batch(x, y), step=1e-3, steps=20, rule=rule, activation=phi)
    for pair in fa.junctions(path, phi):
        kept = fa.discrete_law(pair, rule=rule)
        assert (
            np.ptp(kept, axis=0).max() < 1e-12 < np.ptp(fa.layer_law(pair, rule=rule), axis=0).min()
        )
        init, update = fa.ledger(rule=rule)
        book = init(pair.at(0))
        for time in range(1, 21):
            book = update(book, pair.at(time))
        assert not book.broken.any()


def test_the_ledger_sees_a_bias_that_is_left_out():
    """The constant's column is an incoming weight: without it the junction's law fails."""
    state, x, y = convolutional()
    path = fa.train(state, [(x, y)] * 8, step=1e-3, steps=8, activation=CONVOLVED)
    (pair,) = fa.junctions(path, CONVOLVED)
    without = pair._replace(weights=(pair.weights[0][..., :-1], pair.weights[1]))
    assert np.ptp(fa.discrete_law(pair)) < 1e-12 < 1e-6 < np.ptp(fa.discrete_law(without))


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_every_rule_trains_a_convolutional_network(rule):
    state, x, y = convolutional(rule=rule)
    path = fa.train(state, [(x, y)] * 5, step=1e-3, steps=5, rule=rule, activation=CONVOLVED)
    assert all(np.ptp(W, axis=0).any() for W in path.weights)
    aligned = fa.signal_alignment(state, x, y, rule=rule, activation=CONVOLVED)
    assert aligned.shape == (1,)


def test_directly_broadcast_signals_reach_each_place_by_weights_of_its_own():
    phi = wired(fa.linear, patches((3, 3, 1), 2), flatten((2, 2, 2)))
    rng = np.random.default_rng(0)
    rule = fa.direct_feedback_alignment
    state = fa.initial_state((1, 2, 3), rng=rng, activation=phi, rule=rule)
    assert state.feedback[0].shape == (3, 8)
    x, y = rng.standard_normal((5, 9)), rng.standard_normal((5, 3))
    moved = fa.velocity(state, x, y, rule=rule, activation=phi)
    (inputs, _), outputs = fa.forward(state, x, activation=phi)
    heard = ((outputs[-1] - y) @ state.feedback[0]).reshape(20, 2)
    assert np.allclose(moved.weights[0], -heard.T @ inputs, rtol=1e-13)


def test_a_network_without_wires_is_the_chain_of_its_junctions():
    state = fa.initial_state((3, 4, 5, 2), rng=np.random.default_rng(0))
    pairs = fa.junctions(state, fa.relu)
    assert np.array_equal(
        np.concatenate([fa.layer_law(pair) for pair in pairs]), fa.layer_law(state)
    )


# What is refused.


@pytest.mark.parametrize(
    ("call", "name", "came", "expected"),
    [
        (lambda: patches((5, 6), 3), "shape", "(5, 6)", "three positive integers"),
        (lambda: patches((5, 0, 1), 3), "shape", "(5, 0, 1)", "three positive integers"),
        (lambda: patches(SHAPE, 5), "size", "5", "at most 4"),
        (lambda: patches(SHAPE, 3, stride=2), "stride", "2", "a divisor of 3"),
        (lambda: max_pool(SHAPE, 4), "size", "4", "a divisor of 6"),
        (lambda: patches(SHAPE, 3, stride=0), "stride", "0", "a positive integer"),
        (lambda: patches(SHAPE, 3, padding=-1), "padding", "-1", "zero or more"),
        (lambda: max_pool(SHAPE, 0), "size", "0", "a positive integer"),
        (lambda: constant(2.0), "units", "2.0", "a positive integer"),
        (lambda: chain(flatten(SHAPE), constant(80)), "wire", "80 numbers", "1 rows of 72"),
        (lambda: chain(fa.relu), "first", "an Activation", "a Wire"),
        (lambda: wired(fa.relu, None, fa.relu), "wire 2", "an Activation", "a Wire"),
        (lambda: wired("relu"), "activation", "'relu'", "an Activation"),
    ],
)
def test_a_wire_is_refused_by_name(call, name, came, expected):
    refused(call, name, came, expected)


def moved(phi, state=None, x=None):
    ours, given, y = convolutional()
    return lambda: fa.velocity(
        ours if state is None else state(ours), given if x is None else x, y, activation=phi
    )


@pytest.mark.parametrize(
    ("call", "name", "came", "expected"),
    [
        (moved(wired(fa.relu, None)), "wires", "1 of them", "2, one for each layer"),
        (moved(CONVOLVED, x=np.ones((4, 35))), "x", "shape (4, 35)", "(..., N, 36)"),
        (
            moved(CONVOLVED, lambda s: s._replace(weights=(s.weights[0][:, 1:], s.weights[1]))),
            "W_1",
            "9 columns",
            "10 columns, as it stands behind patches of 3, constant",
        ),
        (
            moved(CONVOLVED, lambda s: s._replace(weights=(s.weights[0][1:], s.weights[1]))),
            "wire 2",
            "for 48 numbers",
            "one for 32",
        ),
        (
            moved(CONVOLVED, lambda s: s._replace(feedback=(s.feedback[0][:, 1:],))),
            "B_2",
            "shape (2, 12)",
            "(..., 2, 13)",
        ),
        (
            moved(
                wired(fa.relu, chain(patches((6, 6, 1), 3), constant(9)), None),
                lambda s: s._replace(
                    weights=(s.weights[0], s.weights[1][:, :3]), feedback=(s.feedback[0][:, :3],)
                ),
            ),
            "wires",
            "16 rows for each sample at the end",
            "flatten or pool",
        ),
        (
            lambda: fa.readout_velocity(
                *convolutional(rule=RULES["DFA"]), rule=RULES["DFA"], activation=CONVOLVED
            ),
            "activation",
            "one with wires",
            "one without",
        ),
    ],
)
def test_a_network_that_does_not_fit_its_wires_is_refused(call, name, came, expected):
    refused(call, name, came, expected)


# Other libraries: what NumPy says, to the rounding of a few hundred products.


def of_torch(array):
    return pytest.importorskip("torch").asarray(array)


def of_jax(array):
    jax = pytest.importorskip("jax")
    jax.config.update("jax_enable_x64", True)
    return jax.numpy.asarray(array)


@pytest.mark.parametrize("convert", [of_torch, of_jax])
def test_other_libraries_have_the_comparator_of_a_convolutional_network(convert):
    state, x, _ = convolutional()
    U = state.weights[0] / 2
    other = fa.State(*(tuple(map(convert, part)) for part in state))
    expected = fa.comparator_prediction(state, U, x, activation=CONVOLVED)
    ours = fa.comparator_prediction(other, convert(U), convert(x), activation=CONVOLVED)
    assert np.allclose(np.asarray(ours), expected, rtol=1e-12, atol=1e-12)
    distances = (
        fa.squared_distance(s, u, activation=CONVOLVED)
        for s, u in ((state, U), (other, convert(U)))
    )
    assert np.allclose(*map(np.asarray, distances), rtol=1e-12)


@pytest.mark.parametrize("convert", [of_torch, of_jax])
@pytest.mark.parametrize("rule", ["FA", "GD", "DFA"])
def test_other_libraries_train_a_convolutional_network(convert, rule):
    state, x, y = convolutional(rule=RULES[rule])
    options = {"step": 1e-3, "steps": 5, "rule": RULES[rule], "activation": CONVOLVED}
    there = fa.State(*(tuple(map(convert, part)) for part in state))
    ours = fa.train(state, [(x, y)] * 5, **options)
    theirs = fa.train(there, [(convert(x), convert(y))] * 5, **options)
    for W, V in zip(ours.weights, theirs.weights, strict=True):
        assert np.allclose(W, np.asarray(V), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("size", "stride", "padding"), [(3, 1, 0), (2, 2, 1)])
def test_patches_are_the_convolution_of_torch(size, stride, padding):
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    a, kernel = image(), rng.standard_normal((4, 3, size, size))
    pixels = torch.asarray(a.reshape(N, *SHAPE).transpose(0, 3, 1, 2).copy(), requires_grad=True)
    weight = torch.asarray(kernel, requires_grad=True)
    theirs = torch.nn.functional.conv2d(pixels, weight, stride=stride, padding=padding)
    taken, back = patches(SHAPE, size, stride=stride, padding=padding).apply(a)
    ours = taken @ kernel.reshape(4, -1).T
    expected = theirs.detach().numpy().transpose(0, 2, 3, 1).reshape(-1, 4)
    assert np.allclose(ours, expected, rtol=1e-12, atol=1e-12)
    g = rng.standard_normal(ours.shape)
    theirs.backward(torch.asarray(g.reshape(N, *theirs.shape[2:], 4).transpose(0, 3, 1, 2).copy()))
    to_pixels = back(g @ kernel.reshape(4, -1)).reshape(N, *SHAPE).transpose(0, 3, 1, 2)
    assert np.allclose(to_pixels, pixels.grad.numpy(), rtol=1e-12, atol=1e-12)
    assert np.allclose(g.T @ taken, weight.grad.numpy().reshape(4, -1), rtol=1e-12, atol=1e-12)


def carried_by_feedback(torch, layer, by_input):
    """Return a layer of torch whose error passes back through B in the place of W."""

    class Carried(torch.autograd.Function):
        @staticmethod
        def forward(ctx, a, W, bias, B):
            ctx.save_for_backward(a, W, bias, B)
            return layer(a, W, bias)

        @staticmethod
        def backward(ctx, g):
            a, W, bias, B = ctx.saved_tensors
            with torch.enable_grad():
                weights = [M.detach().requires_grad_() for M in (W, bias)]
                dW, dbias = torch.autograd.grad(layer(a.detach(), *weights), weights, g)
            return by_input(a.shape, B, g), dW, dbias, None

    return Carried.apply


def trained_by_torch(torch, state, batches, eta):
    """Yield the weights of two convolutions and a dense layer, with biases, max pooling between.

    Each matrix as `fa_lib` has it: a row for each channel or output, the bias in the last column.
    """
    functional, tensor = torch.nn.functional, torch.from_numpy
    shapes = (3, 1, 3, 3), (4, 3, 3, 3), (2, 16)

    def parts(M, shape):
        return tensor(M[:, :-1].reshape(shape).copy()), tensor(M[:, -1].copy())

    def convolution(a, W, bias):
        return functional.conv2d(a, W, bias, padding=1)

    def into_convolution(shape, B, g):
        return torch.nn.grad.conv2d_input(shape, B, g, padding=1)

    convolved = carried_by_feedback(torch, convolution, into_convolution)
    read = carried_by_feedback(torch, functional.linear, lambda shape, B, g: g @ B)
    weights = [parts(W, shape) for W, shape in zip(state.weights, shapes, strict=True)]
    B = [parts(M, shape)[0] for M, shape in zip(state.feedback, shapes[1:], strict=True)]
    for x, y in batches:
        given = [M.requires_grad_() for pair in weights for M in pair]
        (W1, b1), (W2, b2), (W3, b3) = weights
        a = tensor(x.reshape(len(x), 1, 8, 8))
        a = functional.max_pool2d(convolution(a, W1, b1).relu(), 2)
        a = functional.max_pool2d(convolved(a, W2, b2, B[0]).relu(), 2)
        logits = read(a.flatten(1), W3, b3, B[1])
        loss = functional.cross_entropy(logits, tensor(y), reduction="sum")
        moved = torch.autograd.grad(loss, given)
        after = [(M - eta * dM).detach() for M, dM in zip(given, moved, strict=True)]
        weights = list(zip(after[::2], after[1::2], strict=True))
        yield [torch.cat([W.flatten(1), b[:, None]], 1).numpy() for W, b in weights]


def test_a_convolutional_network_trains_step_by_step_as_that_of_torch_with_the_same_feedback():
    torch = pytest.importorskip("torch")
    phi = wired(
        fa.relu,
        chain(patches((8, 8, 1), 3, padding=1), constant(9)),
        chain(max_pool((8, 8, 3), 2), patches((4, 4, 3), 3, padding=1), constant(27)),
        chain(max_pool((4, 4, 4), 2), flatten((2, 2, 4)), constant(16)),
    )
    rng = np.random.default_rng(0)
    state = fa.initial_state((1, 3, 4, 2), rng=rng, activation=phi)
    batches = [
        (rng.standard_normal((6, 64)), fa.one_hot(rng.permutation(6) % 2)) for _ in range(20)
    ]
    how = {"step": 0.05, "activation": phi, "loss": fa.softmax_cross_entropy}
    path = fa.train(state, batches, steps=20, **how)
    theirs = trained_by_torch(torch, state, batches, how["step"])
    for time, weights in enumerate(theirs, start=1):
        for W, V in zip(path.at(time).weights, weights, strict=True):
            assert np.allclose(W, V, rtol=0, atol=1e-12)
    by_gradient = fa.train(state, batches, steps=20, rule=fa.gradient_descent, **how)
    for W, V in zip(by_gradient.at(-1).weights[:2], weights, strict=False):
        assert not np.allclose(W, V, rtol=0, atol=1e-3)  # the feedback of torch did carry the error
