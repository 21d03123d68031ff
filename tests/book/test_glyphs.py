"""Images of characters: the same again for a seed, classes that differ, and what is refused."""

import numpy as np
import pytest

from glyphs import CANVAS, CHARACTERS, FONTS, drawings, glyphs
from refusing import refused, table

LABELS = np.arange(len(CHARACTERS))
STILL = {"turn": 0.0, "shear": 0.0, "zoom": 0.0, "shift": 0.0, "noise": 0.0}


def generator(seed=0):
    return np.random.default_rng(seed)


def test_there_are_more_than_a_hundred_characters_and_none_twice():
    assert len(CHARACTERS) == len(set(CHARACTERS)) > 100


def test_every_font_has_every_character():
    """What a font lacks it draws as one and the same box."""
    for font in drawings().transpose(1, 0, 2, 3):
        assert len({sheet.tobytes() for sheet in font}) == len(CHARACTERS)
        assert font.max(axis=(1, 2)).min() > 0.5


def test_drawings_are_centred_and_whole():
    ink = drawings().sum((0, 1))
    edges = np.concatenate([ink[[0, -1]].ravel(), ink[:, [0, -1]].ravel()])
    assert edges.max() < 0.02 * ink.max()
    assert drawings().shape == (len(CHARACTERS), len(FONTS), CANVAS, CANVAS)


def test_the_drawings_cannot_be_changed_by_accident():
    with pytest.raises(ValueError, match="read-only"):
        drawings()[0] = 0


def test_a_seed_gives_the_same_images_and_another_seed_others():
    first, again, other = (glyphs(LABELS, rng=generator(seed)) for seed in (3, 3, 4))
    assert np.array_equal(first, again)
    assert not np.isclose(first, other).any(axis=1).all()


def test_still_and_at_the_size_of_the_drawing_an_image_is_a_drawing():
    images = glyphs(LABELS, rng=generator(), pixels=CANVAS, **STILL).reshape(-1, CANVAS, CANVAS)
    fonts = generator().integers(len(FONTS), size=len(LABELS))
    assert np.abs(images - drawings()[LABELS, fonts]).max() < 1e-12


def test_without_noise_nearest_means_tell_classes_apart_far_better_than_chance():
    """Chance is 1 in 110, which a loader that mixed labels up would come near: 10 times that."""
    each, quiet = 40, {"noise": 0.0}
    means = glyphs(np.repeat(LABELS, each), rng=generator(1), **quiet)
    means = means.reshape(len(LABELS), each, -1).mean(1)
    fresh = glyphs(LABELS, rng=generator(2), **quiet)
    apart = ((fresh[:, None] - means) ** 2).sum(-1)
    assert (apart.argmin(1) == LABELS).mean() > 10 / len(LABELS)


def test_a_shift_moves_the_ink_and_keeps_its_amount():
    still = glyphs(LABELS, rng=generator(), **STILL)
    moved = glyphs(LABELS, rng=generator(), **STILL | {"shift": 1.0})
    assert np.allclose(still.sum(1), moved.sum(1), rtol=0.05)
    assert np.abs(still - moved).max() > 0.1


def test_the_noise_has_the_standard_deviation_that_was_asked_for():
    """28160 normal draws: 5 standard errors of their standard deviation are 2 %."""
    clean, noisy = (
        glyphs(LABELS, rng=generator(), **STILL | {"noise": noise}) for noise in (0.0, 0.3)
    )
    assert abs((noisy - clean).std() / 0.3 - 1) < 0.022


def call(labels=LABELS, **changes):
    return lambda: glyphs(labels, **{"rng": generator()} | changes)


@table(
    (call(np.array([0, 110])), "labels", "from 0 to 110", "from 0 to 109"),
    (call(np.array([-1])), "labels", "from -1", "from 0 to 109"),
    (call(np.array([0.5])), "labels", "float64", "whole numbers (N,)"),
    (call(np.array([[0]])), "labels", "(1, 1)", "whole numbers (N,)"),
    (call(np.array([], dtype=int)), "labels", "(0,)", "whole numbers (N,)"),
    (call(rng=0), "rng", "0", "a numpy.random.Generator"),
    (call(pixels=0), "pixels", "0", "a positive integer"),
    (call(noise=-1.0), "noise", "-1.0", "zero or more"),
)
def test_bad_input_is_refused_by_name(call, name, came, expected):
    refused(call, name, came, expected)
