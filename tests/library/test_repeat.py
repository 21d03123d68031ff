"""The same results on a second run, bit for bit; and with two threads of BLAS the same laws."""

import json
import os
import subprocess
import sys

import pytest

from strategies import ROUNDING

# Matrices of 300 columns: large enough for BLAS to share them out among its threads.
CODE = """
import hashlib, json
import numpy as np
import fa_lib as fa

rng = np.random.default_rng(0)
x = fa.gaussian_inputs(400, 300, rng=rng) / 20
y, _ = fa.linear_teacher(x, 10, rng=rng, noise=0.1)
state = fa.initial_state((300, 200, 100, 10), rng=rng)
batches = fa.minibatches(x, y, 100, rng=rng)
path = fa.train(state, batches, step=0.002, steps=20)
end, laws = path.at(-1), fa.discrete_law(path)
small = fa.initial_state((3, 4, 2), rng=rng)
flown = fa.flow(small, x[:6, :3], y[:6, :2], [0.5, 1.0], activation=fa.tanh)
results = {
    "trained": end.weights,
    "law": [laws[-1]],
    "flow": flown.at(-1).weights,
    "minimum norm": [fa.minimum_norm(x, y)],
    "split": fa.row_space_split(state.weights[0], x[:100]),
    "compressed": fa.compress(state, x[:100])[0].weights,
    "alignment": [fa.weight_alignment(end), fa.signal_alignment(end, x, y)],
    "count": [np.array(fa.lie_closure((2, 3, 2), activation=fa.linear, rng=rng).laws)],
}
print(json.dumps({
    "digests": {name: hashlib.sha256(b"".join(np.ascontiguousarray(a).tobytes() for a in arrays))
                .hexdigest() for name, arrays in results.items()},
    "norms": {name: [float(np.linalg.norm(a)) for a in arrays] for name, arrays in results.items()},
    "drift": float(abs(laws[-1] - laws[0]).max()),
    "moved": float(abs(fa.layer_law(end) - fa.layer_law(state)).max()),
    "size": float(sum(np.sum(W * W) for W in end.weights)),
}))
"""


def outcome(threads, hash_seed):
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
    settings = dict.fromkeys(names, str(threads)) | {"PYTHONHASHSEED": str(hash_seed)}
    command = [sys.executable, "-W", "error", "-c", CODE]
    done = subprocess.run(
        command, env=os.environ | settings, capture_output=True, encoding="utf-8", check=True
    )
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def first():
    return outcome(threads=1, hash_seed=1)


def test_a_second_run_gives_the_same_bits(first):
    assert outcome(threads=1, hash_seed=2)["digests"] == first["digests"]


def test_two_threads_of_blas_keep_the_laws_and_the_results_to_rounding(first):
    two = outcome(threads=2, hash_seed=1)
    for other in (first, two):
        assert other["drift"] <= ROUNDING * other["size"] < 1e-4 * other["moved"]
    for name, norms in first["norms"].items():
        # The flow is as exact as its tolerance; all else is sums in another order.
        assert two["norms"][name] == pytest.approx(norms, rel=1e-8 if name == "flow" else ROUNDING)
