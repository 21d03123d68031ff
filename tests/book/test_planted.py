"""The planted changes: the code that they change is right, and each does what it is said to do."""

import numpy as np
import pytest

import fa_lib as fa
from planted import CHANGES, SOURCE, draw_passes, edit, run, step

EVERY = {change.name: change for group in CHANGES.values() for change in group}


def drawn(number=1):
    rng = np.random.default_rng(0)
    return draw_passes(number, (7, 8, 8, 4), 32, rng), rng


def test_there_are_many_and_no_two_have_one_name():
    assert len(EVERY) == sum(map(len, CHANGES.values())) >= 34


def test_the_code_without_a_change_is_feedback_alignment():
    (one,), _ = drawn()
    none = [0 * b for b in one.b]
    dW, _ = step()["gradients"](one.W, none, one.B, one.x, one.y)
    state = fa.State(tuple(one.W), tuple(one.B))
    moves = fa.velocity(state, one.x, one.y, loss=fa.softmax_cross_entropy).weights
    for G, move in zip(dW, moves, strict=True):
        np.testing.assert_allclose(-len(one.x) * G, move, atol=1e-12)


def test_gradients_of_the_biases_are_those_of_weights_from_a_constant():
    (one,), _ = drawn()
    _, (d1, *_) = step()["gradients"](one.W, one.b, one.B, one.x, one.y)
    W = [np.c_[one.W[0], one.b[0]], *one.W[1:]]
    x = np.c_[one.x, np.ones(len(one.x))]
    (G, *_), _ = step()["gradients"](W, [0 * one.b[0], *one.b[1:]], one.B, x, one.y)
    np.testing.assert_allclose(G[:, -1], d1)


@pytest.mark.parametrize("name", EVERY)
def test_the_audit_says_of_each_what_theory_says(name):
    passes, rng = drawn(3)
    done = run(EVERY[name], passes, rng)
    for j in range(3):
        W, b, B, dW, db = ([M[j] for M in part] for part in done[:5])
        layers, moves = (list(zip(*each, strict=True)) for each in ((W, b), (dW, db)))
        said = fa.audit(layers, moves, B)
        numbered = enumerate(zip(*said, strict=True), start=1)
        broken = {i: (factor, fits) for i, (r, most, factor, fits) in numbered if r > most}
        assert broken.keys() == EVERY[name].breaks.keys()
        assert all(fits == EVERY[name].fits for _, fits in broken.values())
        for i, factor in done.factors.items():
            assert broken[i][0] == pytest.approx(factor[j], rel=1e-10)


def test_a_change_leaves_what_it_is_run_on_as_it_was():
    passes, rng = drawn()
    before = [M.copy() for part in passes[0][:3] for M in part]
    run(EVERY["weights read after a step in place"], passes, rng)
    assert all(map(np.array_equal, before, (M for part in passes[0][:3] for M in part)))


COUNTS = {old: SOURCE.read_text(encoding="utf-8").count(old) for old in ("no such text", "relu")}


@pytest.mark.parametrize("old", COUNTS)
def test_an_edit_of_what_does_not_stand_there_once_is_refused(old):
    with pytest.raises(ValueError, match=f"{old!r} stands {COUNTS[old]} times"):
        edit([(old, "new")])
