"""The study of the number of classes: what its record must show of how it was made."""

import numpy as np

from fa_lib import weight_alignment
from studies import many_classes, read

RECORD = read("many_classes")
RUNS = [line for line in RECORD if line["job"]["rule"] != "baselines"]


def test_the_record_has_each_job_once_and_in_order():
    assert [line["job"] for line in RECORD] == many_classes.jobs()


def test_every_step_size_has_one_no_better_on_either_side():
    for line in RUNS:
        power, search = line["result"]["power"], line["result"]["search"]
        shares = [search[str(power + by)] for by in (-1, 0, 1)]
        assert shares[1] == max(search.values()) >= max(shares), line["job"]


def test_no_run_was_cut_off_while_it_still_improved():
    for line in RUNS:
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
    shared = np.intersect1d(data.x[0], data.x_test[0])
    assert shared.size == 0
