"""The whole book in a browser: every page as a reader meets it, in light, dark, and on a phone.

It is built from the notebooks' stored outputs; that these are fresh is tested by nbval.
"""

import functools
import pickle
import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from docutils import nodes

from figures import STYLE
from looking import DESK, DOCUMENTS, NOTEBOOKS, PAGES, PHONE, ROOT, figures, look, visit
from reading import CLAIMS, CODE_LINES, LOOKED_UP, WORDS, WORDS_A_MINUTE
from tables import WORDS as LONG_CELL
from test_live import FIGURES, quoted, words


class Named(HTMLParser):
    """What a page can be linked at, and what it links and loads."""

    def __init__(self, path):
        super().__init__()
        self.anchors, self.links = {""}, []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        for name, value in attributes:
            if name == "id" or (tag == "a" and name == "name"):
                self.anchors.add(value)
            if name in ("href", "src", "data", "action"):
                self.links.append(value)


@functools.cache
def named(path):
    return Named(path)


# -------------------------------------------------------------------------------- every page


def test_page_opens_without_a_complaint_and_asks_no_other_host(page, address, record_property):
    assert page.complaints == []
    assert [url for url in page.asked if not url.startswith((address, "data:"))] == []
    assert len(page.asked) > 3
    record_property("pages", 1)


# One of each kind: with figures to explore, with none, and the one that searches.
ON_DISK = [*(f"book/{name}" for name in (*FIGURES, "index", "alignment", "notation")), "search"]


@pytest.mark.parametrize("name", ON_DISK, scope="module", indirect=True)
def test_page_opens_from_a_disk_without_a_complaint(browser, site, name):
    tab = browser.new_page(viewport=DESK)
    complaints, asked = visit(tab, (site / f"{name}.html").as_uri())
    colour = "getComputedStyle(document.body).getPropertyValue('--pst-color-background')"
    styled = tab.evaluate(colour)
    tab.close()
    assert complaints == []
    assert styled
    assert {urlsplit(url).scheme for url in asked} <= {"file", "data"}


def test_every_link_and_anchor_resolves(site, name, record_property):
    here = site / f"{name}.html"
    broken = []
    for link in named(here).links:
        parts = urlsplit(link)
        if parts.scheme or parts.netloc:
            continue
        there = (here.parent / unquote(parts.path)).resolve() if parts.path else here
        if not there.is_file() or (
            there.suffix == ".html" and unquote(parts.fragment) not in named(there).anchors
        ):
            broken.append(link)
    assert broken == []
    assert named(here).links
    record_property("links", len(named(here).links))


def test_page_that_is_shown_where_there_is_none_works_at_every_depth(tab, site, address):
    complaints, _ = visit(tab, f"{address}404.html")
    assert complaints == []
    parts = [urlsplit(link) for link in named(site / "404.html").links]
    own = [part.path for part in parts if part.path and not part.scheme]
    assert len(own) > len(PAGES)
    assert [path for path in own if not path.startswith("/")] == []
    assert [path for path in own if not (site / unquote(path[1:])).exists()] == []


# -------------------------------------------------------------------------- what a page shows


def formulas(name):
    """Return how many formulas a document has, by what Sphinx read."""
    doctree = ROOT / "_build" / ".doctrees" / f"{name}.doctree"
    document = pickle.loads(doctree.read_bytes())
    return sum(1 for node in document.findall() if isinstance(node, nodes.math | nodes.math_block))


def test_every_formula_is_typeset(page, name, record_property):
    look(page, DESK, "light")
    expected = formulas(name) if name in DOCUMENTS else 0
    drawn = page.locator("article mjx-container:not(.cards *, .column *)")
    boxes = drawn.evaluate_all("(all) => all.map((e) => e.firstElementChild.offsetWidth)")
    # A statement is referred to by its name, which may hold a formula.
    named = page.locator("article a.internal mjx-container:not(.cards *)").count()
    assert expected <= len(boxes) <= expected + named
    assert all(width > 0 for width in boxes)
    assert page.locator("article mjx-assistive-mml:not(.cards *, .column *) > math").count() == len(
        boxes
    )
    assert page.locator("mjx-merror").count() == 0
    fonts = page.evaluate("[...document.fonts].map((font) => [font.family, font.status])")
    assert [font for font in fonts if font[1] == "error"] == []
    assert not expected or any(family.startswith("MJX") and status == "loaded"
                               for family, status in fonts)  # fmt: skip
    # What is left over of TeX: in the text, but for code; in the contents; in the title.
    text = page.evaluate(
        """() => {
            const copy = document.body.cloneNode(true);
            copy.querySelectorAll("pre, code, script, math").forEach((e) => e.remove());
            return document.title + copy.textContent;
        }"""
    )
    assert re.findall(r"\$[^$]{1,80}\$|\\[a-zA-Z]+|\\[()\[\]]", text) == []
    record_property("formulas", expected)


def test_every_image_has_a_sentence_for_those_who_do_not_see_it(page, name, record_property):
    images = page.locator("article img").evaluate_all(
        "(all) => all.map((image) => [image.alt, image.naturalWidth])"
    )
    assert len(images) == figures(name)
    for alt, width in images:
        assert width > 0, alt
        assert re.fullmatch(r"[A-Z].{30,}[.]", alt, flags=re.DOTALL), alt
    record_property("images", len(images))


@pytest.mark.parametrize("name", DOCUMENTS, scope="module", indirect=True)
def test_page_is_part_of_the_book(page, name):
    look(page, DESK, "light")
    place = PAGES.index(name)
    for direction, neighbour in (("left-prev", place - 1), ("right-next", place + 1)):
        link = page.locator(f".prev-next-area a.{direction}")
        if 0 <= neighbour < len(DOCUMENTS):
            assert urlsplit(link.evaluate("(a) => a.href")).path == f"/{DOCUMENTS[neighbour]}.html"
        else:
            assert link.count() == 0
    headings = page.locator("article section > h2").evaluate_all(
        "(all) => all.map((heading) => '#' + heading.parentElement.id)"
    )
    listed = page.locator(".bd-toc-nav a, .page-toc a").evaluate_all(
        "(all) => all.map((link) => link.getAttribute('href'))"
    )
    assert [heading for heading in headings if heading not in listed] == []
    sidebar = page.locator("nav.bd-links a, .bd-sidebar-primary a.reference").evaluate_all(
        "(all) => all.map((link) => new URL(link.href).pathname)"
    )
    assert [d for d in DOCUMENTS if f"/{d}.html" not in sidebar] == []


# The cover opens with the claim itself.
@pytest.mark.parametrize("name", NOTEBOOKS[1:], scope="module", indirect=True)
def test_notebook_opens_with_what_to_take_away(page):
    takeaways = page.locator("article .admonition-takeaways")
    assert takeaways.count() == 1
    assert takeaways.locator("li").count() >= 2
    before = "(e) => e.compareDocumentPosition(document.querySelector('article h2'))"
    assert takeaways.evaluate(before) == 4  # the heading follows


# ------------------------------------------------------------------------- how a page is set


def test_no_table_is_cut_at_a_desk(page):
    look(page, DESK, "light")
    cut = "(all) => all.filter((e) => e.scrollWidth > e.clientWidth).map((e) => e.innerText)"
    assert page.locator("article .pst-scrollable-table-container").evaluate_all(cut) == []
    assert page.locator("article table.words .column:visible").count() == 0


# Of each table that scrolls, what its longest cell says: a table of figures may.
LONGEST = """(all) => all.filter((box) => box.scrollWidth > box.clientWidth)
    .map((box) => [...box.querySelectorAll("td")].map((cell) => cell.textContent.trim()))
    .map((cells) => cells.sort((a, b) => b.length - a.length)[0])"""


def test_figures_are_numbered_and_have_one_kind_of_caption(page, name):
    look(page, DESK, "light")
    assert page.locator("article img").count() == page.locator("article figure img").count()
    captions = page.locator("article figure > figcaption").all_inner_texts()
    assert len(captions) == page.locator("article figure").count()
    numbers = [re.match(r"Figure (S?\d+)\.", caption)[1] for caption in captions]
    anchors = page.locator("article figure").evaluate_all("(all) => all.map((f) => f.id)")
    assert anchors == [f"figure-{number}" for number in numbers]
    # In neither view a number is missing.
    look(page, DESK, "light", "read")
    shown = page.locator("article figure").evaluate_all(
        "(all) => all.map((f) => !f.closest('.for-checking'))"
    )
    story = [number for number, told in zip(numbers, shown, strict=True) if told]
    others = [number for number, told in zip(numbers, shown, strict=True) if not told]
    assert page.locator("article figure:visible").count() == len(story)
    assert story == [str(number + 1) for number in range(len(story))]
    assert others == [f"S{number + 1}" for number in range(len(others))]
    look(page, DESK, "light")
    assert page.locator("article figcaption > p > em:first-child").count() == 0


def test_theorems_have_the_numbers_of_the_paper_or_none(page):
    titles = page.locator("article .proof > .admonition-title").all_inner_texts()
    links = page.locator("article a.reference.internal").all_inner_texts()
    kinds = "Theorem|Proposition|Corollary|Lemma|Remark"
    numbered = [text for text in titles + links if re.match(rf"({kinds}) \d", text)]
    assert [text for text in numbered if not re.match(r"Theorem 5\.[12]\b", text)] == []
    assert [text for text in titles if re.search(r"\(.*\(", text)] == []


# ---------------------------------------------------------------------------- the two views


def test_story_has_little_code_and_few_claims(page, name):
    look(page, DESK, "light", "read")
    assert page.locator("article :is(.tag_parameters, .tag_ranges):visible").count() == 0
    assert page.locator("article details.above-input:visible").count() == 0
    claims = page.locator("article .cell_output > p:visible > strong:first-child")
    assert claims.filter(has_text="holds").count() <= CLAIMS
    if name in NOTEBOOKS:
        blocks = page.locator("article pre:visible").all()
        outside = [b for b in blocks if not b.evaluate("(e) => e.closest('.cell_output')")]
        lines = sum(len(block.inner_text().strip().splitlines()) for block in outside)
        assert lines <= CODE_LINES


def seconds(page):
    """Return what of a page is for checking, how much of it is visible, and what view it is in."""
    marked = page.locator("article .for-checking")
    shown = page.locator("article .for-checking:visible")
    return marked.count(), shown.count(), page.evaluate("document.documentElement.dataset.view")


def test_one_switch_shows_all_keeps_the_place_and_is_remembered(browser, address):
    tab = browser.new_page(viewport=DESK)
    tab.goto(f"{address}book/theorem_5_1.html?x=1#exact-for-every-step-size")
    marked, shown, view = seconds(tab)
    assert (marked > 10, shown, view) == (True, 0, "read")
    place = "document.querySelector('#exact-for-every-step-size h2').getBoundingClientRect().top"
    before = tab.evaluate(place)
    button = tab.get_by_role("button", name="Check", exact=True)
    button.evaluate("(button) => button.click()")  # the browser scrolls to what it focuses
    assert seconds(tab) == (marked, marked, "check")
    assert button.get_attribute("aria-pressed") == "true"
    assert tab.locator("article details:not([open])").count() == 0
    assert tab.evaluate(place) == pytest.approx(before, abs=2)
    assert tab.url.endswith("?x=1&view=check#exact-for-every-step-size")
    tab.goto(f"{address}book/theorem_5_2.html")
    assert seconds(tab)[2] == "check"
    tab.emulate_media(media="print")
    assert seconds(tab)[0] == seconds(tab)[1]
    tab.emulate_media(media="screen")
    tab.goto(f"{address}book/theorem_5_2.html?view=read")
    assert seconds(tab)[1:] == (0, "read")
    tab.get_by_role("button", name="Check", exact=True).focus()
    tab.keyboard.press("Enter")
    assert seconds(tab)[2] == "check"
    tab.close()


def test_link_to_what_the_story_leaves_out_shows_it(browser, address):
    tab = browser.new_page(viewport=DESK)
    tab.goto(f"{address}book/theorem_5_1.html")
    link = tab.locator("article .for-reading a")
    dashed = "(a) => getComputedStyle(a).textDecorationStyle === 'dashed'"
    assert link.evaluate(dashed)
    assert link.get_attribute("title").startswith("Check:")
    inside = tab.locator("article p a[href^='#']:not(.to-check):visible")
    assert not any(inside.evaluate_all(f"(all) => all.map({dashed})"))
    link.click()
    tab.locator("#more-claims").wait_for()
    assert not link.evaluate(dashed)
    assert tab.evaluate("document.querySelector('#more-claims').getBoundingClientRect().top") < 900
    assert seconds(tab)[2] == "check"
    tab.go_back()
    tab.wait_for_function("document.documentElement.dataset.view === 'read'")
    tab.reload()
    tab.goto(f"{address}book/theorem_5_1.html")
    assert seconds(tab)[2] == "read", "following a link is no choice"
    tab.close()


def test_contents_beside_a_story_list_what_it_has(browser, address):
    tab = browser.new_page(viewport=DESK)
    tab.goto(f"{address}book/nonlinear_networks.html?view=read")
    links = tab.locator(".page-toc a:visible")
    targets = links.evaluate_all("(all) => all.map((a) => a.hash.slice(1))")
    assert targets
    assert all(tab.locator(f"[id='{target}']").is_visible() for target in targets)
    tab.get_by_role("button", name="Check", exact=True).click()
    assert links.count() == tab.locator(".page-toc a").count() > len(targets)
    tab.close()


def test_without_javascript_all_is_there(browser, address):
    context = browser.new_context(java_script_enabled=False)
    tab = context.new_page()
    tab.goto(f"{address}book/theorem_5_1.html")
    marked = tab.locator("article .for-checking:not(details *)")
    assert marked.count() > 3
    assert tab.locator("article .for-checking:not(details *):visible").count() == marked.count()
    proof = tab.locator("article details.fold").first
    proof.locator("summary").click()
    assert proof.locator(".proof").is_visible()
    context.close()


READ = """() => {
    const elsewhere = "pre, svg, script, .cards, .prev-next-area, .live .controls";
    const inside = (node) => node.parentElement.closest(`mjx-container, ${elsewhere}`);
    const article = document.querySelector("article");
    const texts = document.createTreeWalker(article, NodeFilter.SHOW_TEXT);
    let words = [...article.querySelectorAll("mjx-container")].filter(
        (formula) => formula.checkVisibility() && !formula.closest(elsewhere)).length;
    while (texts.nextNode()) {
        const text = texts.currentNode;
        if (inside(text) || !text.parentElement.checkVisibility()) continue;
        words += text.data.split(/\\s+/).filter((word) => /[\\p{L}\\p{N}]/u.test(word)).length;
    }
    return words;
}"""


@pytest.mark.parametrize("name", sorted(set(DOCUMENTS) - LOOKED_UP), scope="module", indirect=True)
def test_story_is_short_and_the_page_says_how_long(page, name, record_property):
    look(page, DESK, "light", "read")
    words = page.evaluate(READ)
    assert 100 < words <= (300 if name == DOCUMENTS[0] else WORDS)
    said = re.fullmatch(r"(\d+) minutes? to read", page.locator(".reading-time").inner_text())
    assert int(said[1]) == pytest.approx(words / WORDS_A_MINUTE, abs=1.5)
    record_property("words of the stories", words)


# -------------------------------------------------------------------------- what a page does


EXPLORABLE = [f"book/{name}" for name in (*FIGURES, "index")]


@pytest.mark.parametrize("name", EXPLORABLE, scope="module", indirect=True)
def test_figure_to_explore_shows_the_numbers_and_follows_the_hand(page, name):
    look(page, DESK, "light")
    status = page.locator(".live p[role=status]")
    first = status.inner_text()
    said = [word.strip(".,:;") for word in first.split()]
    numbers = quoted(Path(name).name)
    assert numbers
    assert [value for value in numbers.values() if value not in said] == []
    page.locator(".live :is([role=slider], [type=range])").first.focus()
    assert words(page, lambda: page.keyboard.press("ArrowRight")) != first
    again = page.get_by_role("button", name="As in the text")
    assert words(page, again.click) == first


# ---------------------------------------------------------- on a phone: a change takes a while


def test_headings_are_the_lighter_for_being_the_smaller(page):
    fonts = """(all) => all.map((heading) => {
        const style = getComputedStyle(heading);
        return [heading.localName, Number(style.fontWeight), parseFloat(style.fontSize)];
    })"""
    for size, largest in ((DESK, 40), (PHONE, 32)):
        look(page, size, "light")
        found = page.locator("article :is(h1, h2, h3, h4):visible").evaluate_all(fonts)
        ordered = [font[1:] for font in sorted(dict.fromkeys(map(tuple, found)))]
        assert ordered == sorted(ordered, reverse=True)
        assert all(size <= largest for _, size in ordered)  # the page of the search has no article


def test_nothing_is_wider_than_a_phone(page):
    look(page, PHONE, "light")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    # Nor is anything cut off: what is wider scrolls in a box of its own.
    assert page.evaluate(WIDER, PHONE["width"]) == []
    shapes = page.locator("article img").evaluate_all(
        "(all) => all.map((i) => (i.naturalWidth / i.naturalHeight) / (i.width / i.height))"
    )
    assert shapes == pytest.approx([1] * len(shapes), rel=0.02), "empty space around a figure"


WIDER = """(width) => {
    const hidden = "mjx-assistive-mml, .bd-sidebar-primary, .bd-sidebar-secondary, dialog";
    const scrolls = (e) => ["auto", "scroll"].includes(getComputedStyle(e).overflowX);
    const boxed = (e) => e !== document.body && (scrolls(e) || boxed(e.parentElement));
    return [...document.querySelectorAll("body *")]
        .filter((e) => e.getBoundingClientRect().width && !e.closest(hidden))
        .filter((e) => e.getBoundingClientRect().right > width + 1 && !boxed(e))
        .map((e) => e.outerHTML.slice(0, 200));
}"""


def test_no_table_of_words_scrolls_on_a_phone(page):
    boxes = page.locator("article .pst-scrollable-table-container")
    look(page, PHONE, "light")
    assert [text for text in boxes.evaluate_all(LONGEST) if len(text) > LONG_CELL] == []
    # Nor is a formula in one cut, and each cell but the first says of which column it is.
    words = page.locator("article table.words")
    assert words.locator("mjx-container.wide").count() == 0
    rows = words.locator("tbody tr").evaluate_all(
        "(all) => all.map((r) => [...r.cells].map((c) => c.querySelector('.column').textContent))"
    )
    heads = words.evaluate_all(
        "(all) => all.flatMap((t) => [...t.tBodies[0].rows].map(() => "
        "[...t.tHead.rows[0].cells].map((c) => c.textContent)))"
    )
    assert rows == heads


def test_no_code_is_cut_on_paper(page):
    look(page, PHONE, "light")
    page.emulate_media(media="print")
    cut = "(all) => all.filter((e) => e.scrollWidth > e.clientWidth).map((e) => e.innerText)"
    assert page.locator("article pre").evaluate_all(cut) == []
    page.emulate_media(media="screen")


def test_every_formula_of_the_story_fits_a_phone(page):
    look(page, PHONE, "light", "read")
    formulas = page.locator("article :is(div.math, mjx-container.wide):visible")
    wide = "(all) => all.filter((e) => e.scrollWidth > e.clientWidth + 1).map((e) => e.innerText)"
    assert formulas.evaluate_all(wide) == []


def test_words_in_a_figure_can_be_read_on_a_phone_and_none_is_cut(page):
    look(page, PHONE, "light")
    figures = page.locator("article .drawing > img:visible")
    shares = figures.evaluate_all("(all) => all.map((i) => i.width / i.naturalWidth)")
    points = STYLE["font.size"]
    assert [share for share in shares if share * points * 96 / 72 < 10] == []
    cut = "(all) => all.filter((i) => i.offsetWidth > i.parentElement.clientWidth).length"
    assert figures.evaluate_all(cut) == 0


def test_numbers_are_set_as_people_write_them_and_whole(page):
    text = page.evaluate(
        """() => {
            const copy = document.querySelector("article, main").cloneNode(true);
            copy.querySelectorAll("pre, code, script").forEach((e) => e.remove());
            return copy.textContent;
        }"""
    )
    assert re.findall(r".{9}\d[eE][-+]?\d.{9}|.{9}\d %", text) == []
    look(page, PHONE, "light")
    assert page.locator("article .whole:visible").evaluate_all(PARTED) == []


# The parts of what stands in one line share some height.
PARTED = """(all) => all.filter((e) => {
    const parts = [...e.getClientRects()];
    return Math.max(...parts.map((p) => p.top)) >= Math.min(...parts.map((p) => p.bottom));
}).map((e) => e.innerText)"""


# ---------------------------------------------------------------------------------- the search


@pytest.fixture
def found(tab, address, request):
    """Search for something; return the titles found, and the text beside them."""
    complaints, _ = visit(tab, f"{address}search.html?q={request.param}")
    tab.locator("#search-results .search-summary").filter(has_text="found").wait_for()
    tab.wait_for_load_state("networkidle")
    assert complaints == []
    return [item.inner_text() for item in tab.locator("#search-results ul.search > li").all()]


@pytest.mark.parametrize("found", ["minimum+norm"], indirect=True)
def test_search_finds_the_theorem(found):
    assert any("Theorem 5.2" in text for text in found[:3])


@pytest.mark.parametrize("found", ["conservation", "feedback", "implicit+bias"], indirect=True)
def test_search_shows_words_and_no_tex_nor_what_stands_around_the_text(found):
    assert found
    around = r"\\[a-zA-Z]+|\$|\.ipynb|Show code|minutes to read|\bimport |12‖"
    assert [text for text in found if re.search(around, text)] == []


@pytest.mark.parametrize("found", ["conservation"], indirect=True)
def test_search_sets_formulas_in_a_line(found):
    assert any("1/2 ‖" in text for text in found)
    assert any("W_1" in text for text in found)


# -------------------------------------------------------------------------------- the whole


def test_every_file_that_the_styles_name_is_there(site):
    named_files = [
        (style, address)
        for style in site.rglob("*.css")
        for address in re.findall(r"url\(([^)]*)\)", style.read_text(encoding="utf-8"))
    ]
    assert named_files
    for style, address in named_files:
        parts = urlsplit(address.strip("\"' "))
        if parts.scheme != "data":
            assert not parts.netloc, (style.name, address)
            assert (style.parent / unquote(parts.path)).is_file(), (style.name, address)


def test_every_page_on_disk_is_one_that_was_looked_at(site):
    paths = [path.relative_to(site).with_suffix("").as_posix() for path in site.rglob("*.html")]
    paths = {path for path in paths if not path.startswith("_static")}
    assert paths >= set(PAGES)
    assert paths - set(PAGES) <= {"404", "index", "prf-prf", "py-modindex"}  # forwards, indices
