"""Feedback alignment in JAX: trees of parameters and of feedback."""

from itertools import pairwise

import jax
import jax.numpy as jnp


@jax.custom_vjp
def linear(x, kernel, bias, feedback):
    return x @ kernel + bias


def forward(x, kernel, bias, feedback):
    return linear(x, kernel, bias, feedback), (x, feedback)


def backward(kept, error):
    x, feedback = kept
    unmoved = jnp.zeros_like(feedback)
    return error @ feedback.T, x.T @ error, error.sum(0), unmoved


linear.defvjp(forward, backward)


def loss(params, feedback, x, labels):
    first, *others = params
    a = linear(x, **params[first], feedback=params[first]["kernel"])
    for name in others:
        a = jax.nn.relu(a)
        a = linear(a, **params[name], feedback=feedback[name]["kernel"])
    chosen = jax.nn.log_softmax(a)[jnp.arange(len(x)), labels]
    return -chosen.mean()


def draw(key, widths=(20, 16, 16, 10)):
    """Return parameters as Flax names them, and feedback like them."""
    params, feedback = {}, {}
    for i, shape in enumerate(pairwise(widths)):
        key, one, other = jax.random.split(key, 3)
        scale = shape[0] ** -0.5
        kernel = scale * jax.random.normal(one, shape)
        params[f"Dense_{i}"] = {"kernel": kernel, "bias": jnp.zeros(shape[1])}
        carrier = scale * jax.random.normal(other, shape)
        feedback[f"Dense_{i}"] = {"kernel": carrier}
    return params, feedback
