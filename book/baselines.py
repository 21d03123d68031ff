"""What needs no hidden layer: how well the simplest methods read images, to compare with.

A part of a set is a pair (x, y), as in `images`. Each method takes three of them: to fit by, to
choose its one number by, and to test on; it returns the share of the last that it reads correctly.
"""

import numpy as np

Part = tuple[np.ndarray, np.ndarray]


def share(prediction: np.ndarray, y: np.ndarray) -> float:
    """Return the share of rows whose largest entry is where the label is."""
    return float((prediction.argmax(-1) == y.argmax(-1)).mean())


def least_squares(train: Part, choose: Part, test: Part) -> float:
    """Fit ridge regression on the targets, with a constant; the penalty is chosen."""
    x, z, last = (
        np.concatenate([a, np.ones((len(a), 1))], 1, dtype=float)
        for a, _ in (train, choose, test)
    )
    square, cross = x.T @ x, x.T @ train[1]
    maps = [
        np.linalg.solve(square + ridge * np.eye(len(square)), cross)
        for ridge in 10.0 ** np.arange(4)
    ]
    best = max(maps, key=lambda W: share(z @ W, choose[1]))
    return share(last @ best, test[1])


def nearest_neighbours(train: Part, choose: Part, test: Part) -> float:
    """Let the k nearest images vote; k is chosen from 1, 3, 5, 9."""
    x, y = train

    def votes(z: np.ndarray, k: int) -> np.ndarray:
        apart = (x**2).sum(1) - 2 * z @ x.T
        near = np.argpartition(apart, k, axis=1)[:, :k]
        counted: np.ndarray = y[near].sum(1)
        return counted

    best = max(
        (1, 3, 5, 9), key=lambda k: share(votes(choose[0], k), choose[1])
    )
    return share(votes(test[0], best), test[1])
