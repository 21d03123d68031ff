"""Matrices of fractions: what pages check without rounding."""

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np

import fa_lib as fa


def fractions(values: Any, over: int = 1) -> np.ndarray:
    """Return whole numbers, in rows or in an array, as fractions with this denominator."""
    matrix: np.ndarray = np.array(values, dtype=object) * Fraction(1, over)
    return matrix


def draw_fractions(
    rng: np.random.Generator, shape: Sequence[int], over: int = 1
) -> np.ndarray:
    """Return fractions from -4 to 4, divided by ``over``, at random."""
    return fractions(rng.integers(-4, 5, shape), over)


def draw_state(
    rng: np.random.Generator,
    widths: Sequence[int],
    over: int = 1,
    ensemble: tuple[int, ...] = (),
) -> fa.State:
    """Return weights and feedback of such fractions."""
    shapes = [(*ensemble, rows, columns) for columns, rows in pairwise(widths)]
    return fa.State(
        tuple(draw_fractions(rng, shape, over) for shape in shapes),
        tuple(draw_fractions(rng, shape, over) for shape in shapes[1:]),
    )
