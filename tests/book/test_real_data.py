"""The study of real data: splits, starts, books, the way back to the best, and its record."""

import itertools

import numpy as np
import pytest

import fa_lib as fa
from studies import read, real_data

SMALL = real_data.network_of("64-12-10")
IMAGES = real_data.images_of("digits", 0)


def rows(*parts):
    return [row.tobytes() for x, _ in parts for row in x]


def test_the_test_images_are_the_same_for_all_seeds_and_no_others_are():
    other = real_data.images_of("digits", 1)
    assert np.array_equal(IMAGES.test[0], other.test[0])
    assert not np.array_equal(IMAGES.train[0], other.train[0])
    assert [len(x) for x, _ in IMAGES] == [1197, 200, 400]
    for images in (IMAGES, other):
        everything = sorted(rows(*images))
        assert everything == sorted(rows(real_data.loaded("digits", np.float32)))


def test_another_file_keeps_its_last_images_to_test_on(monkeypatch):
    x, y = real_data.loaded("digits", np.float32)
    monkeypatch.setattr(real_data, "loaded", lambda *_: (x, y))
    monkeypatch.setattr(real_data, "PARTS", {"mnist.npz": (1000, 97, 700)})
    assert len(real_data.images_of("mnist.npz", 0).test[0]) == 700
    monkeypatch.setattr(real_data, "PARTS", {})
    assert np.array_equal(real_data.images_of("mnist.npz", 0).test[0], x[-10000:])


def test_fewer_images_are_the_first_of_all_and_are_repeated_to_as_many_steps(monkeypatch):
    x, y = real_data.loaded("digits", np.float32)
    monkeypatch.setattr(real_data, "loaded", lambda *_: (x, y))
    monkeypatch.setattr(real_data, "MNIST_5K", real_data.PARTS["digits"])
    monkeypatch.setattr(real_data, "FEW", {"few": 399})
    few, whole = (real_data.images_of(data, 3) for data in ("few", "digits"))
    for some, every in zip(few.train, whole.train, strict=True):
        assert np.array_equal(some, np.tile(every[:399], (3, 1)))
    assert rows(*few[1:]) == rows(*whole[1:])
    seen = []
    monkeypatch.setattr(
        real_data, "BASELINES", {"count": lambda train, *rest: seen.append(len(train[0])) or 0.5}
    )
    assert real_data.run("few", "none", "count") == {"accuracy": [0.5] * 5}
    assert seen == [399] * 5


@pytest.mark.parametrize(
    ("name", "sizes"),
    [
        ("784-128-10", [128 * 785, 10 * 129]),
        ("1 kernel layer", [8 * 26, 10 * 201]),
        ("3 kernel layers", [8 * 26, 16 * 73, 16 * 145, 10 * 401]),
        ("small, 1 kernel layer", [8 * 10, 10 * 129]),
        ("small, 3 kernel layers", [8 * 10, 16 * 73, 16 * 145, 10 * 257]),
    ],
)
def test_networks_have_the_sizes_that_the_page_names(name, sizes):
    state = real_data.start_of(real_data.network_of(name), "FA", 0)
    assert [W.size for W in state.weights] == sizes
    assert {W.dtype for part in state for W in part} == {np.dtype(np.float32)}


def test_rules_share_their_first_weights_and_two_have_feedback_of_their_own():
    starts = {rule: real_data.start_of(SMALL, rule, 3) for rule in real_data.RULES}
    for start in starts.values():
        for W, V in zip(start.weights, starts["GD"].weights, strict=True):
            assert np.array_equal(W, V)
    assert starts["FA, aligned start"].feedback == starts["FA, aligned start"].weights[1:]
    assert not starts["frozen"].feedback[0].any()
    assert starts["DFA"].feedback[0].shape == (10, 12)


def kept(rule, by, network=SMALL, images=IMAGES):
    """Return the books of a rule along an epoch by another."""
    start = real_data.start_of(network, by, 0)
    books = real_data.open_books(start, network, rule)
    batches = fa.minibatches(*images.train, 50, rng=np.random.default_rng(0))
    how = {"rule": real_data.RULES[by], "activation": network.activation, "loss": real_data.LOSS}
    batches = list(itertools.islice(batches, 20))
    states = list(fa.descend(start, batches, step=0.004, **how))
    return real_data.said(real_data.entered(books, states, batches, network, rule, 0.004))


@pytest.mark.parametrize("rule", [rule for rule in real_data.RULES if rule != "frozen"])
def test_every_rule_keeps_its_books(rule):
    said = kept(rule, rule)
    assert said["broken"] == [0]
    assert said["residual"][0] < said["budget"][0] < fa.balances.TESTED * said["stake"][0]


def test_direct_feedback_keeps_its_books_in_a_network_of_kernels():
    rng = np.random.default_rng(0)
    x = rng.random((1000, 784)).astype(np.float32)
    y = np.eye(10, dtype=np.float32)[rng.integers(0, 10, 1000)]
    images = real_data.Images((x, y), (x, y), (x, y))
    said = kept("DFA", "DFA", real_data.network_of("3 kernel layers"), images)
    assert said["broken"] == 3 * [0]
    assert all(d < b for d, b in zip(said["residual"], said["budget"], strict=True))


@pytest.mark.parametrize(
    ("rule", "by"), [("FA", "GD"), ("GD", "FA"), ("FA", "frSF"), ("frSF", "FA")]
)
def test_books_of_another_rule_are_broken(rule, by):
    assert kept(rule, by)["broken"][0] > 0


@pytest.mark.parametrize(("rule", "by"), [("FA", "FA"), ("KP", "KP"), ("FA", "GD")])
def test_the_books_are_those_of_one_ledger_through_all_steps(rule, by):
    network = real_data.network_of("64-12-8-10")
    start = real_data.start_of(network, by, 0)
    batches = fa.minibatches(*IMAGES.train, 50, rng=np.random.default_rng(0))
    batches = list(itertools.islice(batches, 20))
    how = {"rule": real_data.RULES[by], "activation": network.activation, "loss": real_data.LOSS}
    states = list(fa.descend(start, batches, step=0.004, **how))
    books = real_data.open_books(start, network, rule)
    for k in (0, 7, 14):  # in blocks
        some = states[k : k + 8], batches[k : k + 7]
        books = real_data.entered(books, *some, network, rule, 0.004)
    init, update = fa.ledger(rule=real_data.RULES[rule])
    for layer, passages in enumerate(
        zip(*(fa.junctions(state, network.activation) for state in states), strict=True)
    ):
        book = init(passages[0])
        for passage in passages[1:]:
            book = update(book, passage)
        for name in ("residual", "budget", "stake", "broken"):
            one, other = getattr(book, name)[0], getattr(books, name)[layer]
            assert other == pytest.approx(one, rel=1e-5, abs=float(book.budget[0]) / 100), name
        assert books.steps[layer] == book.steps == 20
        assert (book.broken[0] > 0) == (rule != by)


def test_networks_side_by_side_end_as_they_do_alone():
    together = real_data.reports("digits", SMALL, "DFA", 0.8, [0, 1])
    alone = [real_data.reports("digits", SMALL, "DFA", 0.8, [seed]) for seed in (0, 1)]
    assert together == {name: [one[name][0] for one in alone] for name in together}
    assert len({len(shares) for shares in together["validation"]}) == 2  # not at one time


def test_a_network_that_diverges_leaves_the_others_as_they_are():
    asked = []
    for seed, rate in ((0, 0.4), (1, 1e30), (2, 0.2)):
        course = real_data.trained(real_data.images_of("digits", seed), SMALL, "FA", rate, seed)
        asked.append(next(course))
    one, lost, other = real_data.each_epoch(asked, SMALL, "FA")
    assert lost is None
    for was, run in ((asked[0], one), (asked[2], other)):
        (alone,) = real_data.each_epoch([was], SMALL, "FA")
        assert all(map(np.array_equal, run.state.weights, alone.state.weights))
        assert real_data.said(run.books) == real_data.said(alone.books)


def ended(course, runs):
    """Give a network these runs for its epochs; return what it asked for, and its end."""
    asked, send = [next(course)], course.send
    for run in runs:
        try:
            asked.append(send(run))
        except StopIteration as end:
            return asked, end.value
    raise AssertionError("it would train on")


def test_a_network_goes_back_to_its_best_with_a_smaller_step(monkeypatch):
    shares = iter([0.5, 0.7, *8 * [0.6], 0.65, 0.8, *8 * [0.1]])
    monkeypatch.setattr(real_data, "accuracy", lambda *rest: next(shares))
    runs = map(real_data.Trained, itertools.count(1))
    course = real_data.trained(IMAGES, SMALL, "FA", 0.5, 0)
    asked, (best, seen, falls) = ended(course, runs)
    assert (falls, len(seen)) == ([10, 20], 20)
    assert [rate for *_, rate in asked] == 10 * [0.5] + 10 * [0.1]
    assert asked[10][0].state == 2
    assert best.state == 12


def test_a_network_that_diverges_goes_back_too(monkeypatch):
    monkeypatch.setattr(real_data, "accuracy", lambda *rest: 0.9)
    good, worse = map(real_data.Trained, ("good", "no better"))
    course = real_data.trained(IMAGES, SMALL, "FA", 0.5, 0)
    asked, (best, seen, falls) = ended(course, [good, None, worse, None])
    assert [(run.state, rate) for run, _, rate in asked[1:3]] == [("good", 0.5), ("good", 0.1)]
    assert (best.state, len(seen), falls) == ("good", 2, [1, 2])


@pytest.mark.parametrize("top", [-4, 0, 3])
def test_the_best_step_size_has_a_worse_one_on_both_sides(top, monkeypatch):
    def share(data, network, rule, rate, seed):
        return 1 - abs(np.log2(rate / real_data.FIRST) - top) / 20

    monkeypatch.setattr(real_data, "tried", share)
    grid = real_data.chosen("digits", SMALL, "FA")
    best = max(grid, key=lambda pair: pair[1])[0]
    assert best == real_data.FIRST * 2.0**top
    assert grid[0][0] < best < grid[-1][0]


def test_where_nothing_is_learned_smaller_steps_are_tried(monkeypatch):
    """A step of 0.2 is best among those that fail, and would be chosen by its neighbours."""
    shares = {0.0125: 0.7, 0.025: 0.8, 0.05: 0.3, 0.1: 0.1, 0.2: 0.2, 0.4: 0.1}
    monkeypatch.setattr(
        real_data, "tried", lambda data, network, rule, rate, seed: shares[round(rate, 4)]
    )
    grid = real_data.chosen("digits", SMALL, "FA")
    assert max(grid, key=lambda pair: pair[1])[0] == 0.025


def test_a_step_that_diverges_reads_nothing():
    assert real_data.tried("digits", SMALL, "FA", 1e30, 0) == 0


def test_the_record_has_the_jobs_of_the_study_in_their_order():
    assert [line["job"] for line in read("real_data")] == real_data.jobs()


@pytest.mark.parametrize("rule", ["GD", "DFA"])
def test_a_whole_job_comes_out_as_the_record_has_it(rule):
    """On another machine rounding differs, and training magnifies it: 0.02 is 8 images of 400."""
    job = {"data": "digits", "network": "64-32-10", "rule": rule}
    (recorded,) = (line["result"] for line in read("real_data") if line["job"] == job)
    again = real_data.run(**job)
    assert again.keys() == recorded.keys()
    assert np.mean(again["accuracy"]) == pytest.approx(np.mean(recorded["accuracy"]), abs=0.02)
    assert not np.any(again["broken"])
    assert np.all(np.abs(again["residual"]) < np.array(again["budget"]))
