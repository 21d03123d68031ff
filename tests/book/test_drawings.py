"""The drawings: legible on a phone and in both themes, no label struck, each on its own page."""

import inspect
import itertools
import re
from pathlib import Path

import matplotlib as mpl
import nbformat
import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.patches import Polygon
from matplotlib.transforms import Bbox

import drawings
from figures import COLOURS, SHADES, house_style

BOOK = Path(drawings.__file__).parent
NAMES = [
    name
    for name, value in vars(drawings).items()
    if inspect.isfunction(value) and inspect.signature(value).return_annotation is drawings.Figure
]
PHONE, COLUMN, MARGIN = 390, 358, 0.1  # pixels, of the window and of its text; inches around
SUBSCRIPT = 0.7  # of the size of a letter
LEAST = 10  # pixels


@pytest.fixture(scope="module", params=NAMES)
def drawn(request):
    """Return a drawing, and its axes, as a page has them."""
    with mpl.rc_context():
        house_style()
        figure = getattr(drawings, request.param)()
        figure.draw_without_rendering()
        yield figure, figure.axes[0]


def test_there_are_at_least_ten_drawings():
    assert len(NAMES) >= 10


def test_a_drawing_is_as_wide_as_a_phone(drawn):
    figure, _ = drawn
    assert 96 * (figure.get_figwidth() + 2 * MARGIN) == pytest.approx(PHONE, abs=1)


def test_every_text_is_legible_on_a_phone(drawn):
    _, axes = drawn
    assert axes.texts
    for text in axes.texts:
        least = SUBSCRIPT if re.search(r"[_^]|frac", text.get_text()) else 1
        pixels = text.get_fontsize() * 96 / 72 * least * COLUMN / PHONE
        assert pixels >= LEAST, text.get_text()


def test_few_words(drawn):
    _, axes = drawn
    words = " ".join(t.get_text() for t in axes.texts if "$" not in t.get_text()).split()
    assert len(words) <= 12


def test_no_label_touches_another_or_the_border(drawn):
    figure, axes = drawn
    boxes = [(text.get_text(), text.get_window_extent()) for text in axes.texts]
    for (one, box), (other, further) in itertools.combinations(boxes, 2):
        assert not box.padded(-0.5).overlaps(further.padded(-0.5)), (one, other)
    for name, box in boxes:
        assert figure.bbox.x0 <= box.x0, name
        assert box.x1 <= figure.bbox.x1, name
        assert figure.bbox.y0 <= box.y0, name
        assert box.y1 <= figure.bbox.y1, name


def points(axes):
    """Yield all that is drawn as points in pixels, close to each other: (..., 2)."""
    for artist in (*axes.patches, *axes.lines):
        if isinstance(artist, Polygon):  # a shaded region: labels stand in it
            continue
        for part in artist.get_path().to_polygons(closed_only=False):
            corners = artist.get_transform().transform(part)
            steps = np.linspace(0, 1, 100)[:, None]
            yield from (a + steps * (b - a) for a, b in itertools.pairwise(corners))


def test_no_line_passes_through_a_label(drawn):
    _, axes = drawn
    cloud = np.concatenate(list(points(axes)))
    for text in axes.texts:
        box = text.get_window_extent().padded(-1)
        inside = (cloud > box.min).all(1) & (cloud < box.max).all(1)
        assert not inside.any(), text.get_text()


def test_nothing_is_drawn_beyond_the_sheet_but_regions_and_their_borders(drawn):
    figure, axes = drawn
    cloud = np.concatenate(list(points(axes)))
    regions = any(isinstance(patch, Polygon) for patch in axes.patches)
    sheet = Bbox.from_bounds(*figure.bbox.bounds).padded(0.5)
    assert regions or ((cloud > sheet.min).all() and (cloud < sheet.max).all())


def test_colours_are_those_of_the_house(drawn):
    """What is legible in them in one theme is in the other: the pages' tests see to that."""
    _, axes = drawn
    house = {colour.lower() for colour in (*COLOURS.values(), *SHADES)}
    used = {to_hex(artist.get_color()) for artist in (*axes.texts, *axes.lines)}
    used |= {to_hex(patch.get_edgecolor()) for patch in axes.patches if patch.get_linewidth()}
    used |= {to_hex(p.get_facecolor()) for p in axes.patches if isinstance(p, Polygon)}
    assert used <= house


def test_each_drawing_is_on_one_page():
    cells = [
        (path.stem, cell)
        for path in BOOK.glob("*.ipynb")
        for cell in nbformat.read(path, as_version=4).cells
        if cell.cell_type == "code"
    ]
    for name in NAMES:
        call = f"drawings.{name}()"
        pages = [cell for _, cell in cells if call in cell.source]
        assert len(pages) == 1, name
        assert pages[0].source == call
        assert "hide-input" in pages[0].metadata.tags
        assert pages[0].metadata.mystnb.image.classes == "sheet"  # of a phone's width: book.css


# ------------------------------------------------------------- what is computed


def test_solutions_stand_at_a_right_angle_on_the_row_space():
    axes = drawings.foot_of_solutions().axes[0]
    row, solutions, *runs = [np.asarray(line.get_xydata()) for line in axes.lines]
    assert np.diff(row, axis=0)[0] @ np.diff(solutions, axis=0)[0] == pytest.approx(0, abs=1e-9)
    normal = np.diff(row, axis=0)[0]
    ends = [run[-1] for run in runs if len(run) > 100]
    assert len(ends) == 2
    for end in ends:  # on the line of solutions
        assert (end - solutions[0]) @ normal == pytest.approx(0, abs=1e-3)


def test_the_bracket_lies_above_one_place():
    axes = drawings.bracket().axes[0]
    (gap,) = [line.get_xydata() for line in axes.lines if line.get_linewidth() == 3]
    assert gap[0, 0] == pytest.approx(gap[1, 0])
    assert abs(gap[0, 1] - gap[1, 1]) == pytest.approx(50, rel=1e-6)  # of one unit in each order


def test_all_samples_are_where_the_units_are_off():
    axes = drawings.dead_start().axes[0]
    border, samples = (line.get_xydata() for line in axes.lines)
    along = border[1] - border[0]
    region = next(patch for patch in axes.patches if isinstance(patch, Polygon))

    def side(place):
        x, y = np.subtract(place, border[0]).T
        return np.sign(along[0] * y - along[1] * x)

    assert set(side(samples)) == {-side(region.get_xy().mean(0))}
