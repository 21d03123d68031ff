"""The slow, literal twin of the library: one sample, one layer, one neuron at a time.

Written from the equations alone; only the container `State` comes from the library.

    h_i = W_i a_{i-1},   a_i = phi(h_i) for i < L,   f = h_L
    delta_L = e,         delta_i = (M_{i+1}^T delta_{i+1}) * phi'(h_i)
    DFA and DRTP:        delta_i = (B_i^T s) * phi'(h_i), with s = e and s = -y
    dW_i/dt = - sum over samples of delta_i a_{i-1}^T

`loss` takes complex weights too: its imaginary part along a small imaginary step is the derivative.
"""

import numpy as np

from fa_lib import State

BROADCAST = ("DFA", "DRTP")


def phi(activation, h):
    positive = h.real > 0
    match activation:
        case "linear":
            return h
        case "ReLU":
            return h if positive else 0.0
        case "leaky ReLU (0.25)":
            return h if positive else h / 4
        case "squared ReLU":
            return h**2 if positive else 0.0
        case "tanh":
            return np.tanh(h)
    raise LookupError(activation)


def phi_prime(activation, h):
    match activation:
        case "linear":
            return 1.0
        case "ReLU":
            return 1.0 if h > 0 else 0.0
        case "leaky ReLU (0.25)":
            return 1.0 if h > 0 else 0.25
        case "squared ReLU":
            return 2 * h if h > 0 else 0.0
        case "tanh":
            return 1 / np.cosh(h) ** 2
    raise LookupError(activation)


def forward(weights, sample, activation):
    """Return a_0..a_{L-1} and h_1..h_L of one sample, as lists of numbers."""
    received, sums = [list(sample)], []
    for layer, W in enumerate(weights, start=1):
        h = []
        for j in range(W.shape[0]):
            total = 0.0
            for m in range(W.shape[1]):
                total = total + W[j, m] * received[-1][m]
            h.append(total)
        sums.append(h)
        if layer < len(weights):
            received.append([phi(activation, value) for value in h])
    return received, sums


def loss(weights, x, y, activation, name):
    total = 0.0
    for sample, target in zip(x, y, strict=True):
        f = forward(weights, sample, activation)[1][-1]
        if name == "squared error":
            for k in range(len(f)):
                total = total + (f[k] - target[k]) ** 2 / 2
        else:
            partition = sum(np.exp(value) for value in f)
            total = total + np.log(partition)
            for k in range(len(f)):
                total = total - target[k] * f[k]
    return total


def output_error(f, target, name):
    if name == "squared error":
        return [f[k] - target[k] for k in range(len(f))]
    partition = sum(np.exp(value) for value in f)
    return [np.exp(f[k]) / partition - target[k] for k in range(len(f))]


def carriers(state, rule):
    """Return M_2..M_L, the matrices that carry the error back."""
    following = state.weights[1:]
    match rule:
        case "GD":
            return following
        case "FA" | "KP":
            return state.feedback
        case "uSF":
            return [signs(W) for W in following]
        case "frSF":
            return [abs(R) * signs(W) for R, W in zip(state.feedback, following, strict=True)]
        case "pseudo-BP":
            # The pseudoinverse as the least-squares solution, which no pinv is called for.
            return [np.linalg.lstsq(W, np.eye(len(W)))[0].T for W in following]
    raise LookupError(rule)


def signs(W):
    return np.where(W > 0, 1.0, np.where(W < 0, -1.0, 0.0))


def signals(state, sums, target, rule, activation, loss_name):
    """Return delta_1..delta_L of one sample."""
    e = output_error(sums[-1], target, loss_name)
    if rule in BROADCAST:
        s = e if rule == "DFA" else [-value for value in target]
        hidden = [carry(B, s, h, activation) for B, h in zip(state.feedback, sums, strict=False)]
        return [*hidden, e]
    deltas = [e]
    for layer in reversed(range(len(sums) - 1)):
        M = carriers(state, rule)[layer]
        deltas.insert(0, carry(M, deltas[0], sums[layer], activation))
    return deltas


def carry(M, delta, h, activation):
    """Return (M^T delta) * phi'(h), neuron by neuron."""
    carried = []
    for j in range(len(h)):
        total = 0.0
        for k in range(len(delta)):
            total += M[k, j] * delta[k]
        carried.append(total * phi_prime(activation, h[j]))
    return carried


def velocity(state, x, y, rule, activation, loss_name):
    """Return the derivative of the state of one network."""
    moved = [np.zeros(W.shape) for W in state.weights]
    for sample, target in zip(x, y, strict=True):
        received, sums = forward(state.weights, sample, activation)
        deltas = signals(state, sums, target, rule, activation, loss_name)
        for dW, delta, a in zip(moved, deltas, received, strict=True):
            for j in range(dW.shape[0]):
                for m in range(dW.shape[1]):
                    dW[j, m] -= delta[j] * a[m]
    still = [np.zeros(B.shape) for B in state.feedback]
    return State(tuple(moved), tuple(moved[1:] if rule == "KP" else still))
