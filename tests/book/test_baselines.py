"""What needs no hidden layer: found where it is easy, at chance where nothing is to be found."""

import numpy as np
import pytest

import baselines
from fa_lib import one_hot

METHODS = [
    baselines.least_squares,
    baselines.nearest_neighbours,
]
named = pytest.mark.parametrize("method", METHODS, ids=lambda method: method.__name__)


def clouds(spread, seed, count=400):
    """Return points about four corners, and which corner it is."""
    rng = np.random.default_rng(seed)
    label = np.arange(count) % 4
    corners = np.array([[0, 0], [4, 0], [0, 4], [4, 4]])
    x = corners[label] + spread * rng.standard_normal((count, 2))
    return x, one_hot(label, classes=4)


@named
def test_what_is_far_apart_is_read(method):
    assert method(*(clouds(0.3, seed) for seed in range(3))) > 0.99


@named
def test_labels_that_mean_nothing_are_read_by_chance(method):
    parts = [clouds(0.3, seed) for seed in range(3)]
    rng = np.random.default_rng(5)
    parts = [(x, rng.permutation(y)) for x, y in parts]
    assert abs(method(*parts) - 0.25) < 0.1  # three standard deviations: 0.065


def test_the_number_of_neighbours_is_chosen():
    """Wrong labels on half of the near points: one neighbour errs, more outvote it."""
    x, y = clouds(0.3, 0)
    rng = np.random.default_rng(1)
    wrong = rng.random(len(x)) < 0.3
    noisy = np.where(wrong[:, None], rng.permutation(y), y)
    share = baselines.nearest_neighbours((x, noisy), clouds(0.3, 1), clouds(0.3, 2))
    assert share > 0.95
