"""The study of the number of classes: what its record must show of how it was made."""

from fractions import Fraction
from itertools import pairwise

import numpy as np

from fa_lib import State, velocity, weight_alignment
from studies import many_classes, read

RECORD = read("many_classes")
SEARCHED = [line for line in RECORD if line["job"]["rule"] not in ("baselines", "long")]


def test_the_record_has_each_job_once_and_in_order():
    assert [line["job"] for line in RECORD] == many_classes.jobs()


def test_every_step_size_has_one_no_better_on_either_side():
    for line in SEARCHED:
        power, search = line["result"]["power"], line["result"]["search"]
        shares = [search[str(power + by)] for by in (-1, 0, 1)]
        assert shares[1] == max(search.values()) >= max(shares), line["job"]


def test_no_run_was_cut_off_while_it_still_improved():
    for line in SEARCHED:
        assert line["result"]["rounds"] < many_classes.MOST, line["job"]


def test_rules_share_weights_and_doses_are_angles_of_the_feedback():
    starts = {dose: many_classes.start(20, "FA", 3, dose) for dose in many_classes.DOSES}
    for dose, state in starts.items():
        for W, V in zip(state.weights, starts[90].weights, strict=True):
            assert np.array_equal(W, V)
        # Of 2000 entries or more: 5 standard deviations of a chance cosine are 0.11.
        assert np.abs(weight_alignment(state) - np.cos(np.radians(dose))).max() < 0.12


def test_classes_are_balanced_and_networks_have_images_of_their_own():
    data = many_classes.task(5)
    assert data.y.sum(1).tolist() == [[many_classes.EACH] * 5] * many_classes.NETWORKS
    assert len({x.tobytes() for x in data.x}) == many_classes.NETWORKS
    drawn = [image.tobytes() for images in data[::2] for image in images[0]]
    assert len(set(drawn)) == len(drawn)


def test_the_price_of_alignment_is_exact_for_any_steps_and_batches():
    """In fractions: inner product = that of the start + growth of the layer below - toll."""
    rng = np.random.default_rng(0)

    def fractions(*shape):
        numbers = rng.integers(-6, 7, size=shape)
        return np.vectorize(lambda n: Fraction(int(n), 4), otypes=[object])(numbers)

    for _ in range(5):
        weights = tuple(fractions(*shape) for shape in ((3, 2), (4, 3), (5, 4)))
        state = State(weights, (fractions(4, 3), fractions(5, 4)))
        batches = [(fractions(count, 2), fractions(count, 5)) for count in (1, 3, 2)]
        steps = [Fraction(1, 3), Fraction(1, 50), Fraction(2)]
        path = [state]
        for (x, y), step in zip(batches, steps, strict=True):
            moved = velocity(path[-1], x, y).weights
            at = path[-1].weights
            new = tuple(W + step * D for W, D in zip(at, moved, strict=True))
            path.append(State(new, state.feedback))
        for i, B in enumerate(state.feedback):
            below = [each.weights[i] for each in path]
            inner = [(each.weights[i + 1] * B).sum() for each in path]
            growth = ((below[-1] ** 2).sum() - (below[0] ** 2).sum()) / 2
            toll = sum(((b - a) ** 2).sum() for a, b in pairwise(below)) / 2
            assert inner[-1] == inner[0] + growth - toll
