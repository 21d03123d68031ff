"""Every figure that the pages store, in a browser: its words can be read, nothing is in the way."""

import itertools
from pathlib import Path

import nbformat
import pytest

BOOK = Path(__file__).resolve().parents[2] / "book"
PAGES = sorted(path.stem for path in BOOK.glob("*.ipynb"))
FAINT = 0.6  # the opacity of a grid, of level lines: what words may lie on
TOUCH = 1  # pixels: less than the room around the letters

# Matplotlib writes letters as paths, with the words in a comment. Marks are copies of a shape, and
# so are bands, on which words may lie.
LOOK = """(faint) => {
    const STEP = 2;  // pixels: no word is so low that a line through it would be missed
    const svg = document.querySelector('svg');
    const box = (e) => {
        const { left, top, right, bottom } = e.getBoundingClientRect();
        return [left, top, right, bottom];
    };
    const comment = (g) => [...g.childNodes].find((n) => n.nodeType === Node.COMMENT_NODE);
    const all = (selector) => [...svg.querySelectorAll(selector)];
    const others = ['text_', 'xtick_', 'ytick_', 'legend_', 'Fill'].map((id) => `g[id^=${id}]`);
    const drawn = (e) => !e.closest(['defs', ...others]);
    const cutOff = (path, matrix) => {
        const [, id] = /#([^)"]*)/.exec(path.getAttribute('clip-path') ?? '') ?? [];
        if (!id) return box(svg);
        const { x, y, width, height } = document.getElementById(id).firstElementChild.getBBox();
        const [a, b] = [[x, y], [x + width, y + height]]
            .map((corner) => new DOMPoint(...corner).matrixTransform(matrix));
        return [a.x, a.y, b.x, b.y];
    };
    const points = (path) => {
        const matrix = path.getScreenCTM();
        const [left, top, right, bottom] = cutOff(path, matrix);
        return Array.from({ length: Math.ceil(path.getTotalLength() / STEP) },
            (_, n) => path.getPointAtLength(STEP * n).matrixTransform(matrix))
            .filter(({ x, y }) => x >= left && x <= right && y >= top && y <= bottom)
            .map(({ x, y }) => [x, y]);
    };
    const strong = (path) => {
        const { stroke, strokeOpacity, opacity } = getComputedStyle(path);
        return stroke !== 'none' && strokeOpacity * opacity > faint;
    };
    return {
        sheet: box(svg),
        words: all('g[id^=text_]').map((g) => [comment(g)?.data.trim(), box(g)])
            .filter(([, [left, , right]]) => right > left),
        marks: all('use').filter(drawn).map(box),
        lines: all('path').filter((path) => drawn(path) && strong(path)).flatMap(points),
    };
}"""


@pytest.fixture(scope="module", params=PAGES)
def figures(request, browser):
    """Return of each figure of a page its sheet, words and marks as boxes, lines as points."""
    cells = nbformat.read(BOOK / f"{request.param}.ipynb", as_version=4).cells
    outputs = [output.get("data", {}) for cell in cells for output in cell.get("outputs", [])]
    tab, found = browser.new_page(), []
    for data in outputs:
        if figure := data.get("image/svg+xml"):
            tab.set_content(figure[figure.index("<svg") :])
            found.append(tab.evaluate(LOOK, FAINT))
    tab.close()
    return found


def overlap(one, other):
    """Whether two boxes (left, top, right, bottom) share more than their borders."""
    return all(
        min(one[side + 2], other[side + 2]) - max(one[side], other[side]) > TOUCH for side in (0, 1)
    )


def test_no_words_overlap_others(figures):
    for figure in figures:
        for (one, box), (other, further) in itertools.combinations(figure["words"], 2):
            assert not overlap(box, further), (one, other)


def test_no_words_are_cut_off(figures):
    for figure in figures:
        left, top, right, bottom = figure["sheet"]
        for words, box in figure["words"]:
            assert min(box[0] - left, box[1] - top) >= 0, words
            assert min(right - box[2], bottom - box[3]) >= -TOUCH, words


def test_no_words_lie_on_marks(figures):
    for figure in figures:
        for (words, box), mark in itertools.product(figure["words"], figure["marks"]):
            assert not overlap(box, mark), words


def test_no_line_passes_through_words(figures):
    for figure in figures:
        for words, (left, top, right, bottom) in figure["words"]:
            inside = [
                (x, y)
                for x, y in figure["lines"]
                if left + TOUCH < x < right - TOUCH and top + TOUCH < y < bottom - TOUCH
            ]
            assert not inside, words
