"""Confidence intervals of what the pages measure over independent networks.

Of a mean: Student's t, which is right for small samples too. Of a share: Wilson's, which stays
between 0 and 1.
"""

from typing import Any

import numpy as np
from scipy import stats


def mean_interval(
    values: Any, confidence: float = 0.95, axis: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean over an axis, and half the width of its interval.

    Raises
    ------
    ValueError
        If there are fewer than two values: one says nothing of its own error.
    """
    values = np.asarray(values)
    n = values.shape[axis]
    if n < 2:
        raise ValueError(
            f"values: got {n} along axis {axis}, expected at least 2"
        )
    half = stats.t.ppf((1 + confidence) / 2, n - 1) * stats.sem(
        values, axis=axis
    )
    return values.mean(axis=axis), half


def share_interval(
    held: int, total: int, confidence: float = 0.95
) -> tuple[float, float]:
    """Return the ends of the interval of a share, from how many of the total held."""
    test = stats.binomtest(int(held), int(total))
    low, high = test.proportion_ci(confidence, method="wilson")
    return float(low), float(high)
