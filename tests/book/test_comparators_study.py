"""The study of comparators: what is free, linear predictions, the least loss, and its record."""

import numpy as np
import pytest

import fa_lib as fa
from studies import comparators, read, real_data

NETWORK = real_data.network_of(real_data.SMALL[1])._replace(dtype=float)
STATE = real_data.start_of(NETWORK, "FA", 0)
X, Y = (part[:12] for part in real_data.images_of("digits", 0, float).train)


def test_what_is_free_is_the_first_layer_and_the_later_biases():
    free = len(comparators.directions(STATE))
    assert free == 8 * 10 + 16 + 10
    values = np.arange(free) + 1.0
    ours, (U,) = comparators.with_free(STATE, values[None])
    assert np.array_equal(U.ravel(), values[:80])
    assert ours.weights is STATE.weights
    assert [B[0, :, -1].tolist() for B in ours.feedback] == [
        values[80:96].tolist(),
        values[96:].tolist(),
    ]
    for B, C in zip(ours.feedback, STATE.feedback, strict=True):
        assert np.array_equal(B[0, :, :-1], C[:, :-1])


def test_predictions_are_linear_in_what_is_free():
    features = comparators.predictions(STATE, NETWORK.activation, X)
    values = np.random.default_rng(0).standard_normal(len(features))
    ours, U = comparators.with_free(STATE, values[None])
    once = fa.comparator_prediction(ours, U, X, activation=NETWORK.activation)[0]
    together = np.tensordot(values, features, 1)
    assert np.allclose(together, once, rtol=0, atol=1e-12 * abs(once).max())


@pytest.mark.parametrize("name", ["64-12-10", real_data.SMALL[0]])
def test_no_comparator_nearby_has_a_lower_loss(name):
    network = real_data.network_of(name)._replace(dtype=float)
    state = real_data.start_of(network, "FA", 1)
    found = comparators.looked_at(state, network.activation, X, Y)
    ours = fa.forward(state, X, activation=network.activation)[1][-1]
    assert found["loss"] == pytest.approx(real_data.LOSS.value(ours, Y) / len(Y))
    assert found["slope"] < 1e-4
    assert 0 <= found["least"] < np.log(10)


def test_the_moments_are_those_that_are_named(monkeypatch):
    monkeypatch.setattr(comparators, "EPOCHS", (0, 2))
    seen = []
    monkeypatch.setattr(comparators, "looked_at", lambda state, *rest: seen.append(state) or {})
    network = real_data.network_of("64-12-10")
    assert comparators.followed(network, 0.1, 0) == [{}, {}]
    start = real_data.start_of(network, "FA", 0)
    assert np.array_equal(seen[0].weights[0], start.weights[0])
    assert not np.array_equal(seen[1].weights[0], start.weights[0])


def test_the_record_has_the_jobs_of_the_study_in_their_order():
    assert [line["job"] for line in read("comparators")] == comparators.jobs()
