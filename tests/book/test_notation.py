"""The page of notation: nothing missing, nothing pointing wrong; and the cards of its terms."""

import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import nbformat
import pytest
from axe_playwright_python.sync_playwright import Axe

import notation
from test_book import CHAPTERS, ROOT

FORMULA = re.compile(r"\$\$(.+?)\$\$|\$([^$\n]+?)\$", re.DOTALL)
WORD = re.compile(
    r"\\(?:text|mathrm|operatorname|begin|end|label|mathcal)\{[^}]*\}|\\mathsf ?\{?T\}?|\^\{?T\b"
)
LETTER = re.compile(r"\\[A-Za-z]+|[A-Za-z]")
GREEK = {
    *("alpha", "beta", "gamma", "delta", "varepsilon", "eta", "theta", "kappa", "lambda", "mu"),
    *("rho", "sigma", "phi", "Gamma", "Lambda", "Pi", "Psi", "Sigma"),
}


def text_of(page):
    """Return what a page says: of a notebook its Markdown."""
    path = ROOT / f"{page}.md"
    if path.exists():
        return path.read_text(encoding="utf-8")
    cells = nbformat.read(ROOT / f"{page}.ipynb", as_version=4).cells
    return "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")


def letters_of(text):
    """Return the letters that a text has in its formulas."""
    formulas = (first or second for first, second in FORMULA.findall(text))
    found = {c for formula in formulas for c in LETTER.findall(WORD.sub(" ", formula))}
    return {c for c in found if len(c) == 1 or c[1:] in GREEK}


ELSEWHERE = ("notation", "changelog", "proofs", "api")  # proofs and API have letters of their own
NOTATION = text_of(notation.PAGE)
SYMBOLS = re.findall(r"^\| (\$.*?) \|.*\| \[[^]]*\]\(([\w.]+)\) \|$", NOTATION, re.MULTILINE)


def test_every_letter_that_two_pages_use_is_on_the_page_of_notation():
    pages = defaultdict(set)
    for page in CHAPTERS:
        if not page.endswith(ELSEWHERE):
            for letter in letters_of(text_of(page)):
                pages[letter].add(page)
    known = letters_of(NOTATION)
    assert len(known) > 50
    assert {a: on for a, on in pages.items() if len(on) > 1 and a not in known} == {}


def test_every_symbol_stands_on_the_page_that_is_said_to_introduce_it():
    assert len(SYMBOLS) > 50
    for symbols, page in SYMBOLS:
        there = letters_of(text_of(f"book/{page.removesuffix('.ipynb')}"))
        assert letters_of(symbols) - set("A") <= there, (symbols, page)


def test_each_term_is_defined_once():
    (glossary,) = re.findall(r"```{glossary}\n(.*?)```", NOTATION, flags=re.DOTALL)
    terms = re.findall(r"^\S.*$", glossary, flags=re.MULTILINE)
    assert len(terms) > 30
    assert len(set(terms)) == len(terms)


def test_most_pages_mark_terms_and_each_once():
    for page in CHAPTERS:
        marked = re.findall(r"{term}`(?:[^`<]*<)?([^`>]*)>?`", text_of(page))
        assert len(set(marked)) == len(marked), page
        if (ROOT / f"{page}.ipynb").exists() and not page.endswith("scorecard"):
            assert len(marked) >= 4, page


CONFIGURATION = f"""
import sys
sys.path.append({str(Path(notation.__file__).parent)!r})
extensions = ["myst_parser", "sphinx_book_theme", "typeset", "notation", "finish"]
myst_enable_extensions = ["dollarmath"]
html_theme = "sphinx_book_theme"
html_math_renderer = "typeset"
html_static_path = [{str(ROOT / "book" / "static")!r}]
html_css_files = ["book.css"]
html_js_files = ["cards.js"]
html_context = {{"default_mode": "auto"}}
"""
GLOSSARY = """# Notation

```{glossary}
carrier
    The matrix $M$ of the {term}`rule`.

rule
way
    How $W$ moves.
```
"""
FIRST = """# A page

```{toctree}
book/notation
other
```

What goes back is the {term}`carrier`; there is more than one {term}`way`.
"""


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """Build a small book with a glossary of three terms."""
    folder = tmp_path_factory.mktemp("small")
    texts = {
        "conf.py": CONFIGURATION,
        "index.md": FIRST,
        "other.md": "# Another page\n\nNo term.\n",
    }
    for name, text in (texts | {"book/notation.md": GLOSSARY}).items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    command = [sys.executable, "-m", "sphinx", "-b", "html", "-W", folder, folder / "site"]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stderr
    return folder / "site"


def test_a_page_has_the_cards_of_its_terms_and_the_script_only_if_it_has_some(small):
    first, other, glossary = (
        (small / name).read_text(encoding="utf-8")
        for name in ("index.html", "other.html", "book/notation.html")
    )
    assert re.findall(r'id="card-term-(\w+)"', first) == ["carrier", "way"]
    card = re.search(r'<div id="card-term-carrier".*?</div>', first, re.DOTALL)[0]
    assert "mjx-container" in card
    assert "<a " not in card
    scripts = [re.findall(r"bundle-\w+\.js", page) for page in (first, other, glossary)]
    assert scripts[0] != scripts[1] == scripts[2]
    assert "card" not in other[other.index("<article") : other.index("</article>")]


@pytest.fixture(params=["light", "dark"])
def opened(request, browser, small):
    """Open the first page at a width; return it with a term and its card."""
    contexts = []

    def opened(width=1280, touch=False):
        contexts.append(
            browser.new_context(
                viewport={"width": width, "height": 800},
                color_scheme=request.param,
                has_touch=touch,
            )
        )
        page = contexts[-1].new_page()
        page.complaints = []
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.on("console", lambda m: m.type == "error" and page.complaints.append(m.text))
        page.goto((small / "index.html").as_uri())
        return page, page.locator("a.term").first, page.locator("#card-term-carrier")

    yield opened
    for context in contexts:
        context.close()


def test_the_pointer_shows_a_card_and_may_go_to_it(opened):
    page, term, card = opened()
    assert not card.is_visible()
    term.hover()
    assert card.is_visible()
    card.hover()
    page.wait_for_timeout(500)
    assert card.is_visible()
    page.mouse.move(5, 5)
    card.wait_for(state="hidden", timeout=2000)
    assert page.complaints == []


def test_the_keyboard_shows_a_card_and_escape_hides_it(opened):
    page, term, card = opened()
    term.focus()
    assert card.is_visible()
    assert term.get_attribute("aria-describedby") == card.get_attribute("id")
    assert Axe().run(page, ".bd-article").response["violations"] == []
    page.keyboard.press("Escape")
    assert not card.is_visible()
    page.keyboard.press("Tab")
    assert page.locator("#card-term-way").is_visible()
    page.keyboard.press("Enter")
    page.wait_for_url("**/book/notation.html#term-way")


def test_the_first_tap_shows_a_card_and_the_second_goes_there(opened):
    page, term, card = opened(width=390, touch=True)
    term.tap()
    assert card.is_visible()
    box = card.bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390
    page.touchscreen.tap(200, 700)
    assert not card.is_visible()
    term.tap()
    assert page.url.endswith("index.html")
    term.tap()
    page.wait_for_url("**/book/notation.html#term-carrier")
