"""What feedback alignment is drawn towards: the best comparator, along the training of a network.

A comparator has the feedback in the place of the upper weights; its first layer is free, and so is
each bias. Behind the gates that a network has now, its predictions are linear in what is free: the
one with the least loss is found by convex optimisation. A job trains the networks of a width or of
a stack of kernels with the step of the other study, and compares their loss with that least loss.
"""

import itertools
from typing import Any

import numpy as np
from scipy.optimize import minimize

import fa_lib as fa
from baselines import share
from studies import real_data

SEEDS = real_data.SEEDS
EPOCHS = (0, 2, 8, 32)  # after which it is looked
LOOK = 300  # training images
TOGETHER = 16  # directions of what is free, at a time
RATES = {
    "64-32-10": 0.4,
    real_data.SMALL[0]: 0.1,
    real_data.SMALL[1]: 0.05,
}


def jobs() -> list[dict[str, Any]]:
    """Return a job for each network."""
    return [{"network": name, "rate": rate} for name, rate in RATES.items()]


def run(network: str, rate: float) -> dict[str, Any]:
    """Train by feedback alignment; return losses and shares, for each seed and moment."""
    made = real_data.network_of(network)._replace(dtype=float)
    each = [followed(made, rate, seed) for seed in SEEDS]
    names = ("loss", "least", "share", "slope")
    return {
        name: [[real_data.number(now[name]) for now in one] for one in each]
        for name in names
    } | {"free": len(directions(real_data.start_of(made, "FA", 0)))}


def followed(
    network: real_data.Network, rate: float, seed: int
) -> list[dict[str, float]]:
    """Return what is found at each moment of a network's training."""
    images = real_data.images_of("digits", seed, network.dtype)
    start = real_data.Trained(real_data.start_of(network, "FA", seed))
    rest = real_data.epochs(start, images, network, "FA", rate, seed)
    path = itertools.islice(itertools.chain([start], rest), EPOCHS[-1] + 1)
    x, y = (part[:LOOK] for part in images.train)
    return [
        looked_at(now.state, network.activation, x, y)
        for epoch, now in enumerate(path)
        if epoch in EPOCHS
    ]


def looked_at(
    state: fa.State, activation: fa.Activation, x: np.ndarray, y: np.ndarray
) -> dict[str, float]:
    """Return a network's loss, and the least one of a comparator with the share that it reads."""
    loss = real_data.LOSS
    ours = fa.forward(state, x, activation=activation)[1][-1]
    features = predictions(state, activation, x)
    flat = features.reshape(len(features), -1)

    def of(free: np.ndarray) -> tuple[float, np.ndarray]:
        theirs = (free @ flat).reshape(y.shape)
        slope = flat @ loss.error(theirs, y).reshape(-1)
        return loss.value(theirs, y) / len(y), slope / len(y)

    found = minimize(
        of,
        np.zeros(len(flat)),
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": 2000, "maxfun": 4000, "gtol": 1e-6, "ftol": 1e-12},
    )
    theirs = (found.x @ flat).reshape(y.shape)
    return {
        "loss": float(loss.value(ours, y) / len(y)),
        "least": float(found.fun),
        "share": share(theirs, y),
        "slope": float(abs(found.jac).max()),
    }


def directions(state: fa.State) -> np.ndarray:
    """Return a unit vector for each number that is free: of U, and of the later biases."""
    sizes = (state.weights[0].size, *(len(B) for B in state.feedback))
    return np.eye(sum(sizes))


def with_free(
    state: fa.State, free: np.ndarray
) -> tuple[fa.State, np.ndarray]:
    """Return the state with other biases in its feedback, and U: (K, n) -> one for each row."""
    rows, columns = state.weights[0].shape
    U, rest = free[:, : rows * columns], free[:, rows * columns :]
    feedback = []
    for B in state.feedback:
        biases, rest = rest[:, : len(B)], rest[:, len(B) :]
        fixed = np.broadcast_to(B[:, :-1], (len(free), len(B), B.shape[1] - 1))
        feedback.append(np.concatenate([fixed, biases[..., None]], axis=-1))
    return fa.State(state.weights, tuple(feedback)), U.reshape(
        -1, rows, columns
    )


def predictions(
    state: fa.State, activation: fa.Activation, x: np.ndarray
) -> np.ndarray:
    """Return what the comparator of each direction predicts: (K, N, n_L)."""
    free = directions(state)
    parts = [free[k : k + TOGETHER] for k in range(0, len(free), TOGETHER)]
    return np.concatenate(
        [
            fa.comparator_prediction(
                *with_free(state, part), x, activation=activation
            )
            for part in parts
        ]
    )
