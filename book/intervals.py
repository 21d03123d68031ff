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


def mean_text(values: Any, digits: int = 2) -> str:
    """Return the mean and half its interval, as text: 0.25 ± 0.03."""
    mean, half = mean_interval(values)
    return f"{mean:.{digits}f} ± {half:.{digits}f}"


def share_interval(
    held: int, total: int, confidence: float = 0.95
) -> tuple[float, float]:
    """Return the ends of the interval of a share, from how many of the total held."""
    test = stats.binomtest(int(held), int(total))
    low, high = test.proportion_ci(confidence, method="wilson")
    return float(low), float(high)


def share_of(hits: Any) -> tuple[float, float, float]:
    """Return the share of yes among yes and no, and the ends of its interval."""
    return float(np.mean(hits)), *share_interval(np.sum(hits), len(hits))


def percent(hits: Any) -> str:
    """Return the share in percent with its interval, as text: 25 (17 to 35)."""
    share, low, high = (round(100 * value) for value in share_of(hits))
    return f"{share} ({low} to {high})"
