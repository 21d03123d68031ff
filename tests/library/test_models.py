"""Readers of models: each finds the arrays that stand there, in one layout, and copies them.

Those of PyTorch, JAX and of the libraries over them are in their environment: `make coverage`.
"""

from dataclasses import dataclass

import numpy as np
import pytest

import fa_lib as fa

RNG = np.random.default_rng(0)
STATE = fa.initial_state((7, 6, 5, 3), rng=RNG)
W, B = STATE.weights, STATE.feedback
BIASES = tuple(RNG.standard_normal(M.shape[0]) for M in W)
G = fa.velocity(STATE, RNG.standard_normal((9, 7)), RNG.standard_normal((9, 3))).weights


@dataclass
class Dense:
    """As modules of Equinox hold their arrays."""

    weight: np.ndarray
    bias: np.ndarray | None = None
    feedback: np.ndarray | None = None


@dataclass
class Model:
    layers: list
    activation: str = "relu"


def flax(arrays, name="kernel"):
    """As trees of Flax name and lay out their arrays."""
    return {"params": {f"Dense_{i}": {name: M.T} for i, M in enumerate(arrays)}}


TREES = {
    "arrays": (list(W), list(G), list(B)),
    "arrays, transposed feedback": (W, G, [M.T for M in B]),
    "arrays, with feedback of the first layer": (W, G, [0 * W[0], *B]),
    "Flax": (flax(W), flax(G), flax([0 * W[0], *B])),
    "Flax, feedback above the first layer": (flax(W), flax(G), flax(B)),
    "Equinox": (Model(list(map(Dense, W))), Model(list(map(Dense, G))), list(B)),
}


@pytest.mark.parametrize("name", TREES)
def test_a_tree_is_read_in_the_order_and_layout_of_its_layers(name):
    model, gradients, feedback = TREES[name]
    found = fa.backward_pass(model, feedback, gradients=gradients)
    for part, expected in ((found.weights, W), (found.gradients, G)):
        for (M,), M_expected in zip(part, expected, strict=True):
            assert np.array_equal(M, M_expected)
    assert all(map(np.array_equal, found.feedback, B))
    fa.assert_feedback_alignment(*found)


@pytest.mark.parametrize("on", ["the layer", "the layer below"])
def test_feedback_is_found_by_the_name_of_its_attribute(on):
    places = (None, *B) if on == "the layer" else (*B, None)
    model = Model([Dense(M, b, F) for M, b, F in zip(W, BIASES, places, strict=True)])
    found = fa.backward_pass(model, "feedback", gradients=model)
    assert all(map(np.array_equal, found.feedback, B))
    assert all(map(np.array_equal, [layer[1] for layer in found.weights], BIASES))


def test_feedback_on_every_layer_is_told_by_its_shapes():
    for places in ([W[0], *B], [*B, W[0]]):
        model = Model([Dense(M, None, F) for M, F in zip(W, places, strict=True)])
        found = fa.backward_pass(model, "feedback", gradients=model)
        assert all(map(np.array_equal, found.feedback, B))


def test_what_was_read_is_a_copy():
    W_now, G_now, B_now = (list(map(np.copy, part)) for part in (W, G, B))
    found = fa.backward_pass(W_now, B_now, gradients=G_now)
    for M in (*W_now, *G_now, *B_now):
        M[:] = 0
    fa.assert_feedback_alignment(*found)


def test_rules_without_feedback_need_none():
    assert fa.backward_pass(W, gradients=G).feedback == ()


def test_what_reads_flattened_channels_of_flax_is_sorted_by_channel():
    rng = np.random.default_rng(0)
    dense = rng.standard_normal((4, 5, 2, 2))  # outputs, channels, places
    by_place = np.moveaxis(dense, 1, -1).reshape(4, -1).T
    tree = {"Conv_0": {"kernel": np.ones((3, 3, 2, 5))}, "Dense_0": {"kernel": by_place}}
    for feedback in (tree, {"Dense_0": tree["Dense_0"]}):
        found = fa.backward_pass(tree, feedback, gradients=tree)
        assert found.weights[0][0].shape == (5, 2, 3, 3)
        for read in (found.weights[1][0], found.feedback[0]):
            assert np.array_equal(read, dense.reshape(4, 5, 4))


SQUARE = [np.eye(4)] * 3
REFUSED = {
    "nothing": (({},), "model: got dict without layers"),
    "no gradients": ((W, B), "gradients: got weights without .grad"),
    "a normalisation": (
        (Model([Dense(W[0]), Dense(np.ones(6)), Dense(W[1])]),),
        r"model: got Dense with weights of shape \(6,\)",
    ),
    "no such attribute": ((Model(list(map(Dense, W))), "B"), "feedback: got 'B', which fits no"),
    "an attribute that fits in two ways": (
        (Model([Dense(M, None, M) for M in SQUARE]), "feedback", SQUARE),
        "feedback: got 'feedback', which fits in two ways",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_bad_models_are_refused(what):
    (model, *rest), message = REFUSED[what]
    feedback = rest[0] if rest else ()
    gradients = rest[1] if len(rest) > 1 else (None if what == "no gradients" else model)
    with pytest.raises(ValueError, match=message):
        fa.backward_pass(model, feedback, gradients=gradients)


def test_feedback_that_fits_nothing_is_refused_by_its_number():
    found = fa.backward_pass(W, [B[0], B[1][:, :2]], gradients=G)
    with pytest.raises(ValueError, match="B_3: got shape"):
        fa.audit(*found)
