"""The pages' intervals: right for small samples, and never outside of what is possible."""

import numpy as np
import pytest

from intervals import mean_interval, mean_text, percent, share_interval, share_of


@pytest.mark.parametrize("n", [2, 4, 16])
def test_mean_lies_in_its_interval_as_often_as_promised(n):
    """Half of 20,000 experiments' deviations: 95 % within 4 standard errors of a share."""
    experiments = 20_000
    values = np.random.default_rng(0).standard_normal((n, experiments))
    mean, half = mean_interval(values)
    missed = np.mean(abs(mean) > half)
    assert abs(missed - 0.05) < 4 * (0.05 * 0.95 / experiments) ** 0.5


def test_interval_of_four_values_is_that_of_the_tables():
    """Student's t for three degrees of freedom is 3.182."""
    mean, half = mean_interval([0.0, 0.0, 2.0, 2.0])
    assert mean == 1
    assert half == pytest.approx(3.182 * (4 / 3) ** 0.5 / 2, rel=1e-3)


def test_one_value_has_no_interval():
    with pytest.raises(ValueError, match="got 1 along axis 0, expected at least 2"):
        mean_interval([1.0])


def test_interval_is_taken_over_the_axis_asked_for():
    values = np.random.default_rng(1).standard_normal((3, 5))
    for ours, theirs in zip(mean_interval(values, axis=1), mean_interval(values.T), strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize(("held", "low", "high"), [(0, 0, 0.2775), (10, 0.7225, 1)])
def test_share_interval_stays_within_zero_and_one(held, low, high):
    assert share_interval(held, 10) == pytest.approx((low, high), abs=1e-4)


def test_share_of_yes_and_no_is_the_mean_with_the_ends_of_its_interval():
    hits = np.array([True, False, False, True, False])
    assert share_of(hits) == (0.4, *share_interval(2, 5))


def test_texts_have_the_figures_of_the_intervals():
    assert mean_text([0.0, 0.0, 2.0, 2.0]) == "1.00 ± 1.84"  # 3.182 / sqrt(3)
    assert mean_text([0.0, 0.0, 2.0, 2.0], 1) == "1.0 ± 1.8"
    assert percent([True] * 10) == "100 (72 to 100)"
