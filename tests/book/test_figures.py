"""The house style: labels that can be read, colours that differ, figures that are byte-stable."""

import io
import itertools

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_rgb

import fa_lib
from figures import (
    COLOURS,
    MARKS,
    SHADES,
    band,
    house_style,
    label_ends,
    new_figure,
    note,
    only_ticks,
)

mpl.use("Agg")

TOUCH = 0.5  # pixels: less than the eye sees, more than the rounding of a layout
APART = 0.25  # of colours, in a cube of side 1: twice the step between two of the greys


@pytest.fixture(autouse=True)
def in_house_style():
    with mpl.rc_context():
        house_style()
        yield
    plt.close("all")


def drawn(ends, *, height=3.4, scale="linear", limits=None):
    """Return axes with one labelled line for each end, drawn."""
    figure, (axes,) = new_figure(height=height)
    for number, end in enumerate(ends):
        axes.plot([0, 0.5, 1], [1, 1, end], label=f"line {number}")
    if scale != "linear":
        axes.set_yscale(scale)
    if limits:
        axes.set_ylim(*limits)
    label_ends(axes)
    figure.canvas.draw()
    return axes


def boxes(axes):
    return [text.get_window_extent() for text in axes.texts]


@pytest.mark.parametrize("height", [2.0, 2.6, 3.4, 5.0])
@pytest.mark.parametrize(
    "ends",
    [[1.0, 1.0, 1.0], [1.0, 1.01, 1.02, 1.5, 1.51], [0.0, 0.01, 1.99, 2.0]],
    ids=["equal", "close", "at the edges"],
)
def test_labels_do_not_overlap(ends, height):
    axes = drawn(ends, height=height, limits=(0, 2))
    assert len(axes.texts) == len(ends)
    for one, other in itertools.combinations(boxes(axes), 2):
        assert min(one.y1, other.y1) - max(one.y0, other.y0) <= TOUCH


@pytest.mark.parametrize("scale", ["linear", "log"])
@pytest.mark.parametrize("limits", [(0.5, 20), None], ids=["limits set", "limits by default"])
def test_a_label_stands_where_its_line_ends(scale, limits):
    axes = drawn([1.0, 4.0, 16.0], scale=scale, limits=limits)
    for line, box in zip(axes.get_lines(), boxes(axes), strict=True):
        _, end = axes.transData.transform(line.get_xydata()[-1])
        assert abs((box.y0 + box.y1) / 2 - end) <= 2 * TOUCH
        assert axes.bbox.x1 < box.x0  # where no line, axis or mark is


def test_a_label_stands_where_its_line_ends_above_the_limits_too():
    axes = drawn([0.2, 0.5, 1.1], limits=(0, 1))
    assert [text.xy[1] for text in axes.texts] == pytest.approx([0.2, 0.5, 1.1])


def test_labels_that_collide_stand_as_far_above_their_lines_as_below():
    axes = drawn([0.9, 0.9, 0.9, 1.8], limits=(0, 2))
    places = [text.xy[1] for text in axes.texts]
    assert np.mean(places[:3]) == pytest.approx(0.45)
    assert places[3] == pytest.approx(0.9)


def test_labels_that_collide_are_a_line_apart_and_no_more():
    """Lines of text are 1.2 times as far apart as their size, in print and on pages."""
    one, other, _ = boxes(drawn([1.0, 1.0, 2.0], limits=(0, 2), height=2.0))
    size = mpl.rcParams["font.size"] / 72 * mpl.rcParams["figure.dpi"]
    assert 1.2 * size < other.y0 - one.y0 < 1.6 * size


def test_labels_find_the_height_of_a_part_of_a_figure():
    (axes, _) = plt.figure().subfigures(1, 2)
    axes = axes.subplots()
    axes.plot([0, 1], [0, 1], label="line")
    label_ends(axes)
    assert [text.get_text() for text in axes.texts] == ["line"]


@pytest.mark.parametrize("end", [0.0, 2.0], ids=["bottom", "top"])
def test_labels_stay_inside_the_figure(end):
    axes = drawn([end] * 6, limits=(0, 2))
    for box in boxes(axes):
        assert axes.figure.bbox.y0 <= box.y0
        assert box.y1 <= axes.figure.bbox.y1 + TOUCH
        assert box.x1 <= axes.figure.bbox.x1 + TOUCH


def test_a_label_has_the_colour_and_the_words_of_its_line():
    axes = drawn([1.0, 2.0])
    for line, text in zip(axes.get_lines(), axes.texts, strict=True):
        assert (text.get_color(), text.get_text()) == (line.get_color(), line.get_label())


def test_lines_without_a_label_get_none():
    _, (axes,) = new_figure()
    axes.plot([0, 1], [0, 1])
    axes.axhline(0.5)
    label_ends(axes)
    assert not axes.texts


def test_colours_can_be_told_apart():
    colours = [np.array(to_rgb(colour)) for colour in COLOURS.values()]
    for one, other in itertools.combinations(colours, 2):
        assert np.linalg.norm(one - other) > APART


def test_marks_tell_rules_apart_without_their_colours():
    assert set(MARKS) <= set(COLOURS)
    assert len(set(MARKS.values())) == len(MARKS)


def test_shades_are_greys_from_light_to_dark():
    greys = [to_rgb(shade) for shade in SHADES]
    assert all(red == green == blue for red, green, blue in greys)
    assert greys == sorted(greys, reverse=True)
    assert len(set(greys)) == len(greys)


def test_a_figure_is_of_one_panel_and_its_height_unless_more_is_asked_for():
    figure, axes = new_figure()
    assert len(axes) == 1
    assert tuple(figure.get_size_inches()) == (5, 3.4)


@pytest.mark.parametrize("panels", [1, 3])
def test_panels_stand_one_under_the_other(panels):
    figure, axes = new_figure(panels, height=2.0)
    assert len(axes) == panels
    assert tuple(figure.get_size_inches()) == (5, 2.0 * panels)
    assert len({panel.get_position().x0 for panel in axes}) == 1


def svg():
    axes = drawn([1.0, 2.0])
    axes.set_xlabel("time (dimensionless)")
    stream = io.BytesIO()
    axes.figure.savefig(stream, format="svg", metadata={"Date": None})
    return stream.getvalue()


def test_a_figure_is_byte_for_byte_the_same_twice():
    assert svg() == svg()


@pytest.mark.parametrize(("part", "ends"), [((0, 1), (0, 10)), ((0.1, 0.9), (1, 9))])
def test_a_band_is_the_median_with_the_part_asked_for(part, ends):
    _, (axes,) = new_figure()
    values = np.array([np.arange(11), np.arange(11)])  # times, networks
    band(axes, [0, 1], values, COLOURS["FA"], "FA", part=part, linestyle="--")
    (line,) = axes.get_lines()
    assert line.get_ydata().tolist() == [5, 5]
    assert (line.get_label(), line.get_linestyle()) == ("FA", "--")
    (shade,) = axes.collections
    heights = shade.get_paths()[0].vertices[:, 1]
    assert (heights.min(), heights.max()) == pytest.approx(ends)


def test_a_note_stands_beside_its_point():
    _, (axes,) = new_figure()
    note(axes, "here", (0.5, 0.5), (20, 0), COLOURS["GD"])
    (text,) = axes.texts
    axes.figure.draw_without_rendering()
    shift = 20 / 72 * axes.figure.dpi
    box, (point, _) = text.get_window_extent(), axes.transData.transform((0.5, 0.5))
    assert box.x0 == pytest.approx(point + shift, abs=2)
    assert text.get_color() == COLOURS["GD"]


def test_only_these_ticks_are_marked():
    _, (axes,) = new_figure()
    axes.set(xscale="log", xlim=(0.5, 200))
    only_ticks(axes, [1, 12.5, 128])
    axes.figure.draw_without_rendering()
    assert [label.get_text() for label in axes.get_xticklabels()] == ["1", "12.5", "128"]
    assert not axes.get_xticklabels(minor=True)


def test_every_rule_has_a_colour():
    rules = [value for value in vars(fa_lib).values() if isinstance(value, fa_lib.Rule)]
    assert {rule.name for rule in rules} == set(COLOURS)
