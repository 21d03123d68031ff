"""What the public functions refuse beside spoilt arrays and numbers, each by name.

test_hostile.py spoils every array and number of a valid call, and test_messages.py holds what a
refusal says, word for word. Here are calls that neither makes: that must be refused, and whom they
must name.
"""

import itertools
from fractions import Fraction
from functools import partial

import array_api_strict
import numpy as np
import pytest

import fa_lib
from fa_lib import State, descend, flow, forward, initial_state, minibatches, velocity
from refusing import refused
from strategies import each

rng = np.random.default_rng(0)
state = initial_state((3, 4, 5, 2), rng=rng)
broadcast = initial_state((3, 4, 5, 2), rng=rng, rule=fa_lib.direct_feedback_alignment)
ensemble = initial_state((3, 4, 5, 2), rng=rng, ensemble=(2,))
x, y = rng.standard_normal((6, 3)), rng.standard_normal((6, 2))
exact = each(lambda M: (M * 0).astype(int).astype(object) + Fraction(1, 2), state)
exact_x, exact_y = (a.astype(int).astype(object) for a in (x, y))
strict_x, strict_y = map(array_api_strict.asarray, (x, y))
W_1, W_2, W_3 = state.weights
B_2, B_3 = state.feedback


def calls(**named):
    """Parametrise over calls (function, argument, ...) that must be refused, by the name."""
    rows = [(name, call) for name, made in named.items() for call in made]
    ids = [f"{name}-{number}" for number, (name, _) in enumerate(rows)]
    return pytest.mark.parametrize(("name", "call"), rows, ids=ids)


# States and data, at every door that takes them.

DOORS = {
    "velocity": velocity,
    "descend": lambda *args: list(descend(args[0], [args[1:]], step=0.1)),
    "flow": lambda *args: flow(*args, [0.1]),
    "train": lambda *args: fa_lib.train(args[0], [args[1:]], step=0.1, steps=1),
    "signal_alignment": fa_lib.signal_alignment,
}
WEIGHT_DOORS = {"forward": lambda state: forward(state, x), "end_to_end": fa_lib.end_to_end}
LAWS = (fa_lib.layer_law, fa_lib.neuron_law, fa_lib.matrix_law, fa_lib.weight_alignment)
FEEDBACK_DOORS = {
    **{name: lambda state, door=door: door(state, x, y) for name, door in DOORS.items()},
    **{law.__name__: law for law in (*LAWS, fa_lib.discrete_law)},
}
ALL_DOORS = WEIGHT_DOORS | FEEDBACK_DOORS
doors = pytest.mark.parametrize("door", DOORS.values(), ids=DOORS)


@doors
def test_rows_and_ensembles_that_do_not_fit_are_refused(door):
    three = np.stack([x] * 3)
    refused(lambda: door(state, x, y[:5]), "y")
    refused(lambda: door(state, np.stack([x] * 2), np.stack([y] * 3)), "leading axes")
    for networks in (
        ensemble,
        State(ensemble.weights, state.feedback),
        State(state.weights, ensemble.feedback),
    ):
        refused(lambda networks=networks: door(networks, three, y), "leading axes")


@pytest.mark.parametrize("door", ALL_DOORS.values(), ids=ALL_DOORS)
def test_what_is_no_chain_of_layers_is_refused(door):
    for name, weights in (
        ("weights", (W_1,)),
        ("weights", ()),
        ("W_2", (W_1, W_3)),
        ("W_3", (W_1, W_2, W_3.T)),
    ):
        refused(lambda weights=weights: door(state._replace(weights=weights)), name)
    for other in (None, [*state], tuple(state)):
        refused(lambda other=other: door(other), "state")


@pytest.mark.parametrize("door", FEEDBACK_DOORS.values(), ids=FEEDBACK_DOORS)
def test_feedback_that_does_not_go_with_the_weights_is_refused(door):
    for name, feedback in (
        ("feedback", ()),
        ("feedback", (B_2,)),
        ("feedback", (B_2, B_3, B_3)),
        ("B_2", (B_2.T, B_3)),
        ("B_3", (B_2, None)),
        ("B_2", broadcast.feedback),
    ):
        refused(lambda feedback=feedback: door(state._replace(feedback=feedback)), name)


@pytest.mark.parametrize("rule", [fa_lib.direct_feedback_alignment, fa_lib.target_projection])
def test_feedback_of_another_rule_is_refused(rule):
    looked = partial(fa_lib.signal_alignment, state, x, y)
    refused(lambda: velocity(state, x, y, rule=rule), "B_1")
    refused(lambda: flow(state, x, y, [1.0], rule=rule), "B_1")
    refused(lambda: descend(state, [], step=1, rule=rule), "B_1")
    refused(lambda: looked(rule=rule), "B_1")
    refused(lambda: looked(reference=rule), "B_1")
    looked = partial(fa_lib.signal_alignment, broadcast, x, y, rule=rule)
    refused(lambda: looked(reference=fa_lib.feedback_alignment), "B_2")


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
def test_weights_and_feedback_of_different_ensembles_are_refused(law):
    three = each(lambda M: np.stack([M] * 3), state).feedback
    refused(lambda: law(State(ensemble.weights, three)), "leading axes")


# Steps, batches, times.


@pytest.mark.parametrize(
    ("step", "start"),
    [
        *((step, state) for step in (0, -0.1, Fraction(-1, 2), [0.1, 0.2])),
        *((np.array(steps), state) for steps in ([0.1, 0.0], [0.1, -1], [0.1, np.inf], [1, 2])),
        (np.float32([0.1]), state),
        (np.full(3, 0.1), ensemble),
        *((step, exact) for step in (0.1, np.float64(0.5), np.float32(0.5), np.array([0.5]))),
    ],
    ids=repr,
)
def test_bad_step_sizes_are_refused_before_the_first_step(step, start):
    refused(lambda: descend(start, [], step=step), "step")


def first_step(*batches):
    return lambda: list(descend(state, batches, step=0.1))


def sized(size, x=x, y=y, rng=rng):
    return lambda: minibatches(x, y, size, rng=rng)


@calls(
    **{"batch 1": [first_step((x, y, y))], "batch 2": [first_step((x, y), x)]},
    y=[
        first_step((x, y), (x, y[:5])),
        lambda: fa_lib.full_batch(x, y[:5]),
        sized(2, y=y[:5]),
    ],
    size=[sized(0), sized(7), sized(2.0)],
    rng=[sized(2, rng=0), sized(2, rng=None), sized(2, rng=np.random.RandomState(0))],
)
def test_bad_batches_are_refused(call, name):
    refused(call, name)


def test_descend_refuses_the_first_bad_batch_only_when_it_comes():
    run = descend(state, [(x, y), (x, y[:5])], step=0.01)
    assert len(list(itertools.islice(run, 2))) == 2
    refused(lambda: next(run), "y")


def flowing(times=(1,), start=state, x=x, y=y, **options):
    return lambda: flow(start, x, y, times, **options)


@calls(
    times=map(flowing, ([], 1.0, None, [[1.0]], [1, 0], [1, 1], [-1, 1], [0, np.inf], [np.nan])),
    most_evaluations=[flowing(most_evaluations=0), flowing(most_evaluations=1e4)],
    rtol=[flowing(rtol=-1e-9)],
    state=[
        flowing(start=exact, x=exact_x, y=exact_y),
        flowing(start=each(array_api_strict.asarray, state), x=strict_x, y=strict_y),
    ],
)
def test_bad_arguments_of_flow_are_refused(call, name):
    refused(call, name)


# Drawing states and data.


def drawing(widths=(3, 4, 2), **options):
    return lambda: initial_state(widths, **({"rng": rng} | options))


def gaussian(samples=6, n_0=3, **options):
    return lambda: fa_lib.gaussian_inputs(samples, n_0, **({"rng": rng} | options))


def teacher(x=x, outputs=2, **options):
    return lambda: fa_lib.linear_teacher(x, outputs, **({"rng": rng} | options))


@calls(
    widths=map(drawing, ((3, 2), (), 3, (3, 0, 2), (3, -4, 2), (3, 4.0, 2), "342")),
    rng=[drawing(rng=0), drawing(rng=np.random), gaussian(rng=1), teacher(rng=None)],
    weight_scale=[
        drawing(weight_scale=np.ones(2)),
        drawing(weight_scale=np.ones(2), ensemble=(3,)),
    ],
    feedback_scale=[
        drawing(feedback_scale=-0.5),
        drawing(feedback_scale=np.ones(2), ensemble=(3,)),
    ],
    ensemble=[
        *(drawing(ensemble=ensemble) for ensemble in (5, (0,), (-1,))),
        gaussian(ensemble=(0,)),
    ],
    samples=[gaussian(samples=0), gaussian(samples=2.5)],
    n_0=[gaussian(n_0=-1)],
    outputs=[teacher(outputs=0), teacher(outputs=1.5)],
    noise=[teacher(noise=-1), teacher(noise=np.ones(2))],
    covariance=[
        gaussian(covariance=-np.eye(3)),
        gaussian(covariance=np.triu(np.ones((3, 3)))),
    ],
)
def test_what_cannot_be_drawn_is_refused(call, name):
    refused(call, name)


# Laws, activations, linear algebra.


def test_numbers_that_make_exact_laws_inexact_are_refused():
    for law in (fa_lib.layer_law, fa_lib.neuron_law):
        refused(lambda law=law: law(exact, degree=2.0), "degree")
        refused(lambda law=law: law(state, degree=np.ones(2)), "degree")


stacked = {count: np.stack([x] * count) for count in (2, 3)}


@calls(
    x=[
        lambda: fa_lib.minimum_norm(exact_x, exact_y),
        lambda: fa_lib.row_space_split(exact_x, exact_x),
        lambda: fa_lib.row_space_split(x, strict_x),
        lambda: fa_lib.convergence_rate(x, strict_x),
        teacher(exact_x),
    ],
    y=[lambda: fa_lib.minimum_norm(x, y[:5])],
    W=[
        lambda: fa_lib.row_space_split(exact_x, x),
        lambda: fa_lib.row_space_split(strict_x, x),
    ],
    theta=[lambda: fa_lib.excess_risk(strict_x, x)],
    teacher=[lambda: fa_lib.excess_risk(x, strict_x)],
    **{
        "leading axes": [
            lambda: fa_lib.minimum_norm(stacked[2], np.stack([y] * 3)),
            lambda: fa_lib.row_space_split(np.stack([W_1] * 2), stacked[3]),
            lambda: forward(ensemble, stacked[3]),
        ],
    },
    W_1=[
        lambda: fa_lib.neuron_alignment(exact),
        lambda: fa_lib.signal_alignment(exact, exact_x, exact_y),
    ],
)
def test_matrices_that_cannot_be_used_are_refused(call, name):
    refused(call, name)


@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")
@pytest.mark.parametrize("kind", [np.matrix, np.ma.masked_array], ids=lambda kind: kind.__name__)
def test_arrays_whose_operators_mean_something_else_are_refused(kind):
    """numpy.matrix multiplies matrices by ``*``: square layers would be silently wrong."""
    square = initial_state((3, 3, 3), rng=np.random.default_rng(0))
    data = np.eye(3)
    refused(lambda: velocity(each(kind, square), kind(data), kind(data)), "W_1")


def softplus(h):
    return np.logaddexp(h, 0)


def sigmoid(h):
    return 1 / (1 + np.exp(-h))


# Each says of itself that it has a degree, and has another one or none.
LIARS = {
    "softplus": fa_lib.Activation("softplus", softplus, sigmoid, 1),
    "ReLU whose slope begins at 1": fa_lib.relu._replace(derivative=lambda h: (h > 1) * 1.0),
    "squared ReLU of degree 1": fa_lib.squared_relu._replace(degree=1),
    "slope of the wrong sign": fa_lib.relu._replace(derivative=lambda h: (h < 0) * 1.0),
    "not a number": fa_lib.relu._replace(value=lambda h: h * np.nan),
}


@pytest.mark.parametrize("liar", LIARS)
@pytest.mark.parametrize(
    "use",
    [
        lambda phi: forward(state, x, activation=phi),
        lambda phi: velocity(state, x, y, activation=phi),
        lambda phi: velocity(state, x[:1], y[:1], activation=phi),
        lambda phi: list(
            itertools.islice(descend(state, fa_lib.full_batch(x, y), step=0.1, activation=phi), 2)
        ),
        lambda phi: flow(state, x, y, [0.1], activation=phi),
        lambda phi: fa_lib.signal_alignment(state, x, y, activation=phi),
        lambda phi: fa_lib.lie_closure((1, 4, 1), activation=phi, rng=np.random.default_rng(0)),
    ],
    ids=["forward", "velocity", "one sample", "descend", "flow", "alignment", "count"],
)
def test_an_activation_that_breaks_its_word_is_refused(use, liar):
    with pytest.raises(ValueError, match=r"^activation: got .*for which phi'\(h\) h is not 1 phi"):
        use(LIARS[liar])


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, object])
@pytest.mark.parametrize("degree", [1, 2, 3])
def test_an_activation_that_keeps_its_word_is_used(degree, dtype):
    """By absolute values, with masks of the shape of what comes in."""
    convert = np.vectorize(Fraction, otypes=[object]) if dtype is object else np.dtype(dtype).type
    mask = convert(np.arange(4)[None, :] % 2)
    phi = fa_lib.Activation(
        "masked",
        lambda h: mask * abs(h**degree),
        lambda h: mask * degree * abs(h**degree) / h,
        degree,
    )
    small = each(convert, initial_state((3, 4, 2), rng=np.random.default_rng(0)))
    moved = velocity(small, convert(x), convert(y), activation=phi)
    assert moved.weights[0].shape == (4, 3)


def test_an_activation_without_a_degree_gives_no_word():
    phi = fa_lib.Activation("softplus", softplus, sigmoid, None)
    _, (*_, prediction) = forward(state, x, activation=phi)
    assert prediction.shape == y.shape
