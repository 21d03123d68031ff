import jax
from jax_training import draw, loss

import fa_lib as fa


def test_one_backward_pass():
    (params, feedback), noise = draw(jax.random.key(0)), jax.random.key(1)
    x = jax.random.normal(noise, (8, 20))
    labels = jax.random.permutation(noise, 10)[:8]
    moves = jax.grad(loss)(params, feedback, x, labels)
    found = fa.backward_pass(params, feedback, gradients=moves)
    fa.assert_feedback_alignment(*found)
