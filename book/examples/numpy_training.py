"""Feedback alignment in plain NumPy: three layers with biases."""

import numpy as np


def relu(h):
    return h * (h > 0)


def slope(h):
    return h > 0


def softmax(f):
    odds = np.exp(f - f.max(axis=1, keepdims=True))
    return odds / odds.sum(axis=1, keepdims=True)


def gradients(W, b, B, x, y):
    """Return the gradients of weights and biases for one batch."""
    (W1, W2, W3), (b1, b2, b3), (B2, B3) = W, b, B
    h1 = x @ W1.T + b1
    a1 = relu(h1)
    h2 = a1 @ W2.T + b2
    a2 = relu(h2)
    f = a2 @ W3.T + b3
    e = (softmax(f) - y) / len(x)
    d2 = (e @ B3) * slope(h2)
    d1 = (d2 @ B2) * slope(h1)
    dW = [d1.T @ x, d2.T @ a1, e.T @ a2]
    db = [d1.sum(0), d2.sum(0), e.sum(0)]
    return dW, db


def draw_network(widths, rng):
    """Return weights, biases and feedback."""
    shapes = list(zip(widths[1:], widths[:-1], strict=True))
    W = [rng.standard_normal(s) / s[1] ** 0.5 for s in shapes]
    b = [rng.standard_normal(s[0]) / 4 for s in shapes]
    B = [rng.standard_normal(s) / s[1] ** 0.5 for s in shapes[1:]]
    return W, b, B
