import numpy as np
from numpy_training import draw_network, gradients

import fa_lib as fa


def test_one_backward_pass():
    rng = np.random.default_rng(0)
    W, b, B = draw_network((20, 16, 16, 10), rng)
    x, y = rng.standard_normal((8, 20)), rng.permutation(np.eye(10))[:8]
    dW, db = gradients(W, b, B, x, y)
    fa.assert_feedback_alignment(list(zip(W, b)), list(zip(dW, db)), B)
