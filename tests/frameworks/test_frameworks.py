"""Training code of PyTorch and JAX, as people write it, in front of the audit: `make coverage`."""

import itertools

import numpy as np
import pytest

import fa_lib as fa

PASSES = 1000


def holding(train, passes=PASSES):
    """Run a training for so many passes; count how many hold."""
    return sum(fa.audit(*found).holds for found in itertools.islice(train, passes))


@pytest.fixture
def torch():
    return pytest.importorskip("torch")


def carried_by(torch):
    """Return the autograd function that uses W on the way forth, and B on the way back."""

    class Carried(torch.autograd.Function):
        @staticmethod
        def forward(context, x, W, B, use):
            context.save_for_backward(x, W, B)
            context.use = use
            return use(x, W)

        @staticmethod
        def backward(context, error):
            x, W, B = (part.detach().requires_grad_() for part in context.saved_tensors)
            with torch.enable_grad():
                by_W, by_B = context.use(x, W), context.use(x, B)
            (of_x,) = torch.autograd.grad(by_B, x, error)
            (of_W,) = torch.autograd.grad(by_W, W, error)
            return of_x, of_W, None, None

    return Carried.apply


def layers_of(torch):
    """Return a dense layer and a convolution that hold their feedback, as BioTorch's do."""
    F, carried = torch.nn.functional, carried_by(torch)

    class Dense(torch.nn.Linear):
        def __init__(self, *args, **options):
            super().__init__(*args, **options)
            self.register_buffer("B", torch.randn_like(self.weight) / self.in_features**0.5)

        def forward(self, x):
            return carried(x, self.weight, self.B, F.linear) + self.bias

    class Conv(torch.nn.Conv2d):
        def __init__(self, *args, **options):
            super().__init__(*args, **options)
            self.register_buffer("B", torch.randn_like(self.weight) / 5)

        def forward(self, x):
            out = carried(x, self.weight, self.B, lambda x, W: F.conv2d(x, W, padding=self.padding))
            return out + self.bias[:, None, None]

    return Dense, Conv


def dense(torch, dtype, widths=(12, 16, 16, 4)):
    Dense, _ = layers_of(torch)
    layers = [Dense(n, m, dtype=dtype) for n, m in itertools.pairwise(widths)]
    parts = [part for layer in layers for part in (layer, torch.nn.ReLU())]
    return torch.nn.Sequential(*parts[:-1])


def convolutional(torch, dtype):
    Dense, Conv = layers_of(torch)
    nn = torch.nn
    return nn.Sequential(
        Conv(2, 5, 3, padding=1, dtype=dtype),
        nn.ReLU(),
        nn.MaxPool2d(2),
        Conv(5, 6, 3, padding=1, dtype=dtype),
        nn.ReLU(),
        nn.Dropout(0.2),
        nn.AvgPool2d(2),
        nn.Flatten(),
        Dense(6 * 4, 4, dtype=dtype),
    )


OPTIMISERS = {
    "SGD": {"lr": 0.05},
    "SGD, momentum": {"lr": 0.01, "momentum": 0.9},
    "SGD, weight decay": {"lr": 0.05, "weight_decay": 0.01},
    "Adam": {"lr": 0.002},
    "AdamW": {"lr": 0.002, "weight_decay": 0.1},
}


def training(torch, model, shape, optimiser="SGD", reduction="mean", change=None, seed=0):
    """Yield what each backward pass leaves, fresh samples each time."""
    name, options = optimiser.partition(",")[0], OPTIMISERS[optimiser]
    if reduction == "sum":
        options = {**options, "lr": options["lr"] / 16}
    optimise = getattr(torch.optim, name)(model.parameters(), **options)
    loss = torch.nn.CrossEntropyLoss(reduction=reduction)
    torch.manual_seed(seed)
    dtype = next(model.parameters()).dtype
    while True:
        x = torch.randn(16, *shape, dtype=dtype)
        y = torch.randint(0, 4, (16,))
        optimise.zero_grad()
        loss(model(x), y).backward()
        if change:
            change(model)
        yield fa.backward_pass(model, "B")
        optimise.step()


@pytest.mark.parametrize("precision", ["float32", "float64"])
@pytest.mark.parametrize(
    ("optimiser", "reduction"), [*((name, "mean") for name in OPTIMISERS), ("SGD", "sum")]
)
def test_a_thousand_passes_of_a_training_in_pytorch_hold(torch, precision, optimiser, reduction):
    torch.manual_seed(0)
    model = dense(torch, getattr(torch, precision))
    assert holding(training(torch, model, (12,), optimiser, reduction)) == PASSES


@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_a_thousand_passes_of_a_convolutional_network_hold(torch, precision):
    torch.manual_seed(0)
    model = convolutional(torch, getattr(torch, precision))
    assert holding(training(torch, model, (2, 8, 8), "Adam")) == PASSES


def halved(model):
    model[0].weight.grad /= 2


def clipped(model):
    for parameter in model.parameters():
        size = abs(parameter.grad).max()
        parameter.grad.clamp_(-size / 4, size / 4)


def decayed(model):
    for parameter in model.parameters():
        parameter.grad += 0.1 * parameter


@pytest.mark.parametrize("precision", ["float32", "float64"])
@pytest.mark.parametrize("fault", [halved, clipped, decayed])
def test_a_fault_is_seen_in_each_pass(torch, precision, fault):
    torch.manual_seed(0)
    model = dense(torch, getattr(torch, precision))
    assert holding(training(torch, model, (12,), change=fault), 100) == 0


def test_backpropagation_is_recognised_on_modules(torch):
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(12, 16), torch.nn.ReLU(), torch.nn.Linear(16, 4))
    loss = torch.nn.CrossEntropyLoss()
    loss(model(torch.randn(8, 12)), torch.arange(8) % 4).backward()
    B = torch.randn(4, 16)
    assert fa.audit(*fa.backward_pass(model, [B])).fits == ("the weights themselves (GD)",)
    fa.assert_feedback_alignment(*fa.backward_pass(model), rule=fa.gradient_descent)


def test_what_was_read_outlives_the_step_of_an_optimiser(torch):
    torch.manual_seed(0)
    found, later = itertools.islice(training(torch, dense(torch, torch.float64), (12,)), 2)
    fa.assert_feedback_alignment(*found)
    assert not any(part.requires_grad for part in itertools.chain(*found.weights))
    assert not np.array_equal(found.weights[0][0], later.weights[0][0])


def test_half_precision_is_not_called_tested(torch):
    torch.manual_seed(0)
    found = next(training(torch, dense(torch, torch.bfloat16), (12,)))
    said = fa.audit(*found)
    assert not said.holds
    assert "BROKEN" not in str(said)


@pytest.fixture
def jax():
    jax = pytest.importorskip("jax")
    with jax.enable_x64(True):
        yield jax


def carried_in(jax):
    """Return x W^T whose error passes back through B, in JAX: W is a kernel, inputs first."""

    @jax.custom_vjp
    def carried(x, W, B):
        return x @ W

    def backward(kept, error):
        x, B = kept
        return error @ B.T, x.T @ error, 0 * B

    carried.defvjp(lambda x, W, B: (x @ W, (x, B)), backward)
    return carried


@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_a_thousand_passes_of_a_training_in_jax_hold(jax, precision):
    carried = carried_in(jax)
    keys = jax.random.split(jax.random.key(0), 9)
    widths = [(12, 16), (16, 16), (16, 4)]
    params, B = (
        {
            f"Dense_{i}": {
                "kernel": jax.random.normal(keys[i + at], shape, dtype=precision) / 4,
                "bias": jax.numpy.zeros(shape[1:], dtype=precision),
            }
            for i, shape in enumerate(widths)
        }
        for at in (0, 3)
    )

    @jax.jit
    def gradients(params, x, y):
        def loss(params):
            a = x
            for i in range(3):
                name = f"Dense_{i}"
                a = carried(a, params[name]["kernel"], B[name]["kernel"]) + params[name]["bias"]
                a = jax.nn.relu(a) if i < 2 else a
            return ((a - y) ** 2).mean()

        return jax.grad(loss)(params)

    def train(params):
        rng = np.random.default_rng(0)
        while True:
            x, y = (rng.standard_normal((16, n)).astype(precision) for n in (12, 4))
            moves = gradients(params, x, y)
            yield fa.backward_pass(params, B, gradients=moves)
            params = jax.tree.map(lambda p, g: p - 0.1 * g, params, moves)

    assert holding(train(params)) == PASSES


def test_trees_of_flax_are_read_as_they_come(jax):
    """A convolution and what reads its flattened channels; backpropagation is audited as GD."""
    nn = pytest.importorskip("flax.linen")

    class Model(nn.Module):
        @nn.compact
        def __call__(self, x):
            a = nn.relu(nn.Conv(5, (3, 3), param_dtype=float)(x))
            a = nn.max_pool(a, (2, 2), strides=(2, 2))
            return nn.Dense(4, param_dtype=float)(a.reshape(len(a), -1))

    model, x = Model(), jax.random.normal(jax.random.key(0), (8, 6, 6, 2), dtype="float64")
    params = model.init(jax.random.key(1), x)
    moves = jax.grad(lambda params: (model.apply(params, x) ** 2).sum())(params)
    found = fa.backward_pass(params, gradients=moves)
    assert [tuple(W.shape) for W, *_ in found.weights] == [(5, 2, 3, 3), (4, 5, 9)]
    fa.assert_feedback_alignment(*found, rule=fa.gradient_descent)
    doubled = jax.tree.map(lambda g: g, moves)
    doubled["params"]["Conv_0"] = jax.tree.map(lambda g: 2 * g, moves["params"]["Conv_0"])
    said = fa.audit(*fa.backward_pass(params, gradients=doubled), rule=fa.gradient_descent)
    assert said.factor == pytest.approx((2,))


def test_modules_of_equinox_are_read_as_they_come(jax):
    eqx = pytest.importorskip("equinox")
    keys = jax.random.split(jax.random.key(0), 3)
    model = eqx.nn.Sequential(
        [
            eqx.nn.Conv2d(2, 5, 3, key=keys[0], dtype=float),
            eqx.nn.Lambda(jax.nn.relu),
            eqx.nn.Lambda(jax.numpy.ravel),
            eqx.nn.MLP(5 * 16, 4, 7, 1, key=keys[1], dtype=float),
        ]
    )
    x = jax.random.normal(keys[2], (8, 2, 6, 6), dtype="float64")
    moves = eqx.filter_grad(lambda model: (jax.vmap(model)(x) ** 2).mean())(model)
    found = fa.backward_pass(model, gradients=moves)
    assert [tuple(W.shape) for W, *_ in found.weights] == [(5, 2, 3, 3), (7, 80), (4, 7)]
    fa.assert_feedback_alignment(*found, rule=fa.gradient_descent)
