"""The cards of terms and of claims: what is on them, and how hand, key and pointer open them."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe

import cards
from test_book import ROOT

CONFIGURATION = f"""
import sys
sys.path.append({str(Path(cards.__file__).parent)!r})
extensions = ["myst_parser", "sphinx_book_theme", "typeset", "typography", "cards", "finish"]
myst_enable_extensions = ["attrs_inline", "dollarmath"]
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
book/scorecard
other
```

What goes back is the {term}`carrier`; there is more than one {term}`way`. It stays. {claim}`stays`
It is followed. {claim}`follows`
"""
SCORECARD = """# Scorecard

| claim | source | measured | bound | verdict |
|---|---|---|---|---|
| The law $Q$ stays. | Theorem 5.1 | 3 | < 1e-04 | [holds]{#claim-stays} |
| The rule $W$ is followed. | Theorem 5.2 | < 1e-12 | < 1e-12 | [holds]{#claim-follows} |
| Nobody says so. | none | 0 | = 0 | [holds]{#claim-silent} |
"""


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """Build a small book with a glossary of three terms and a scorecard of three claims."""
    folder = tmp_path_factory.mktemp("small")
    done = build(folder, FIRST)
    assert done.returncode == 0, done.stderr
    return folder / "site"


def build(folder, first):
    texts = {
        "conf.py": CONFIGURATION,
        "index.md": first,
        "other.md": "# Another page\n\nNo term.\n",
        "book/notation.md": GLOSSARY,
        "book/scorecard.md": SCORECARD,
    }
    for name, text in texts.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    command = [sys.executable, "-m", "sphinx", "-b", "html", "-W", folder, folder / "site"]
    return subprocess.run(command, capture_output=True, encoding="utf-8", check=False)


def test_a_page_has_the_cards_of_its_terms_and_the_script_only_if_it_has_some(small):
    first, other, glossary = (
        (small / name).read_text(encoding="utf-8")
        for name in ("index.html", "other.html", "book/notation.html")
    )
    named = ["term-carrier", "term-way", "claim-stays", "claim-follows"]
    assert re.findall(r'id="card-([\w-]+)"', first) == named
    card = re.search(r'<div id="card-term-carrier".*?</div>', first, re.DOTALL)[0]
    assert "mjx-container" in card
    assert "<a " not in card
    scripts = [re.findall(r"bundle-\w+\.js", page) for page in (first, other, glossary)]
    assert scripts[0] != scripts[1] == scripts[2]
    assert "card" not in other[other.index("<article") : other.index("</article>")]


def test_a_badge_shows_what_was_measured_and_the_scorecard_leads_back(browser, small):
    page = browser.new_page()
    page.goto((small / "index.html").as_uri())
    badge = page.locator("a.claimed").first
    badge.focus()
    card = page.locator("#card-claim-stays")
    assert card.is_visible()
    assert card.locator("mjx-container").count() == 1
    said = " ".join(card.inner_text().split())
    assert said.startswith("holds The law")
    assert said.endswith("Measured: 3; bound: < 10\u22124; Theorem 5.1.")
    assert card.locator("sup").inner_text() == "\u22124"
    badge.press("Enter")
    page.wait_for_url("**/book/scorecard.html#claim-stays")
    back = page.locator("td a")
    assert back.count() == 2, "nobody says the last claim"
    back.first.click()
    page.wait_for_url("**/index.html#said-stays")
    page.close()


def test_a_badge_shows_a_bound_in_place_of_a_rounding_error(browser, small):
    page = browser.new_page()
    page.goto((small / "index.html").as_uri())
    page.locator("a.claimed").last.focus()
    said = " ".join(page.locator("#card-claim-follows").inner_text().split())
    assert said.endswith("Measured: < 10\u221212, its bound; Theorem 5.2.")
    page.close()


def test_a_badge_for_a_claim_that_nobody_made_stops_the_build(tmp_path):
    done = build(tmp_path, FIRST.replace("`stays`", "`moves`"))
    assert done.returncode
    assert "moves: no claim of this name is in the scorecard" in done.stderr


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
