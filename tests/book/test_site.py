"""The Sphinx extensions: a small book is built with them, and looked at."""

import html
import io
import re
import subprocess
import sys
from pathlib import Path

import pytest
from fontTools.ttLib import TTFont

import finish
import forge
import kept
import lighten
import typeset
import weigh

TOOLS = Path(kept.__file__).parent
CONFIGURATION = f"""
import sys
sys.path.append({str(TOOLS)!r})
extensions = ["myst_parser", "sphinx_book_theme", "typeset", "forge", "describe", "finish"]
myst_enable_extensions = ["dollarmath"]
html_theme = "sphinx_book_theme"
html_title = "A small book"
html_math_renderer = "typeset"
html_static_path = ["static"]
html_css_files = ["own.css"]
mathjax3_config = {{"tex": {{"macros": {{"R": "\\\\mathbb{{R}}"}}}}}}
"""
PAGE = r"""# A page about $\R^n$

The first sentence. The second has $\frac{1}{2}$ in it.

$$
a &= b \\
c &= \R
$$ (numbered)

```{math}
:nowrap:
\begin{align*} d &< e \end{align*}
```

See {eq}`numbered`. ![Text for those who cannot see it](figure.svg)
"""
FIGURE = '<svg xmlns="http://www.w3.org/2000/svg" width="72pt" height="36pt"></svg>'


def build(folder: Path, page: str) -> subprocess.CompletedProcess:
    (folder / "static").mkdir(exist_ok=True)
    (folder / "static" / "own.css").write_text("body {color: teal}", encoding="utf-8")
    (folder / "conf.py").write_text(CONFIGURATION, encoding="utf-8")
    (folder / "figure.svg").write_text(FIGURE, encoding="utf-8")
    (folder / "index.md").write_text(page, encoding="utf-8")
    command = [sys.executable, "-m", "sphinx", "-b", "html", folder, folder / "site"]
    return subprocess.run(command, capture_output=True, encoding="utf-8", check=False)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("book")
    done = build(folder, PAGE)
    assert done.returncode == 0, done.stderr
    return folder / "site"


@pytest.fixture(scope="module")
def page(site):
    return (site / "index.html").read_text(encoding="utf-8")


def test_every_formula_is_typeset_and_has_its_mathml(page):
    article = page[page.index("<article") : page.index("</article>")]
    assert article.count("<mjx-container") == article.count("<math ") == 4
    assert not re.search(r"\\\(|\\\[|\\R|\\frac", article)


def test_a_numbered_equation_can_be_referred_to(page):
    assert 'id="equation-numbered"' in page
    assert 'href="#equation-numbered"' in page


def test_the_style_sheet_has_every_class_of_the_formulas(site, page):
    (bundle,) = (site / "_static").glob("bundle-*.css")
    styles = bundle.read_text(encoding="utf-8")
    assert "color: teal" in styles
    formulas = "".join(re.findall(r"<mjx-container.*?</mjx-container>", page))
    drawn = {f".{name}" for name in re.findall(r"mjx-c[0-9A-F]+", formulas)}
    moved = {f"[{attribute}]" for attribute in re.findall(r' (m="\d+")', formulas)}
    assert drawn
    assert moved
    assert all(selector in styles for selector in drawn | moved)
    assert ' style="' not in formulas


def test_every_font_that_the_styles_name_is_there(site):
    (bundle,) = (site / "_static").glob("bundle-*.css")
    fonts = re.findall(r'url\("(math/[^"]*)"\)', bundle.read_text(encoding="utf-8"))
    assert len(fonts) > 3
    assert all((site / "_static" / font).stat().st_size < 20_000 for font in fonts)


@pytest.mark.parametrize("tex", [r"\undefined x", r"\frac{1}{", "x^2^3"])
def test_a_formula_that_mathjax_refuses_is_named(tex, tmp_path):
    with pytest.raises(ValueError, match=re.escape(repr(tex))):
        typeset.typeset({typeset.Formula(tex, display=False): "page"}, {}, tmp_path)


def test_a_formula_that_mathjax_refuses_stops_the_build_and_its_page_is_named(tmp_path):
    done = build(tmp_path, "# A page\n\n$\\nosuchcommand$")
    assert done.returncode
    assert "MathJax refuses, on index: '\\\\nosuchcommand'" in done.stderr


def test_what_took_long_is_made_again_only_for_another_key(tmp_path):
    file, made = tmp_path / "folder" / "file", []

    def make():
        made.append(b"%d" % len(made))
        return made[-1]

    keys = [("a", b"b"), ("a", "b"), ("ab", ""), ("ab", ""), ("a", "b")]
    assert [kept.kept(file, make, *key) for key in keys] == [b"0", b"0", b"1", b"1", b"2"]


@pytest.mark.parametrize("keep", [0, 10, -1])
def test_what_was_kept_and_is_not_whole_is_made_again(tmp_path, keep):
    file = tmp_path / "file"
    kept.kept(file, lambda: b"whole", "key")
    file.write_bytes(file.read_bytes()[:keep])
    assert kept.kept(file, lambda: b"whole", "key") == b"whole"


def test_a_font_does_not_bear_the_time_of_the_build():
    (source, *_) = typeset.FONTS.glob("*Main-Regular*")
    font = TTFont(io.BytesIO(lighten.subset_of(source, {65})))
    assert font["head"].modified == TTFont(source)["head"].modified


def test_a_formula_that_changes_is_typeset_anew(tmp_path):
    def typeset_one(tex):
        formula = typeset.Formula(tex, display=False)
        return typeset.typeset({formula: "page"}, {}, tmp_path)[0][formula]

    assert typeset_one("x") == typeset_one("x") != typeset_one("y")


def test_a_formula_that_mathjax_refuses_fails_the_build(tmp_path):
    done = build(tmp_path, "# A page\n\nBad: $\\undefined$.\n")
    assert done.returncode != 0
    assert "undefined" in done.stderr


def test_the_policy_allows_what_the_page_has_and_nothing_else(page):
    written = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)[1]
    rules = dict(rule.split(" ", 1) for rule in written.split("; "))
    assert rules["default-src"] == "'none'"
    assert "unsafe-inline" not in written
    assert "unsafe-eval" not in written
    inline = [body for attributes, body in lighten.SCRIPT.findall(page) if "src=" not in attributes]
    assert inline
    for body in inline:
        assert finish.hashes([body], []) in rules["script-src"]
    for text in re.findall(r'<[^>]* on[a-z]+="([^"]*)"', page):
        assert finish.hashes([html.unescape(text)], []) in rules["script-src"]
    assert finish.hashes(["another()"], []) not in rules["script-src"]


def test_a_page_says_what_it_is_about_in_whole_sentences(page):
    assert '<meta name="description" content="The first sentence." />' in page
    assert '<meta property="og:title" content="A page about' in page
    card = re.search(r'property="og:image" content="([^"]*)"', page)[1]
    assert card == "_images/card-index.png"


def test_the_card_is_there(site):
    assert (site / "_images" / "card-index.png").read_bytes().startswith(b"\x89PNG")


def test_a_figure_loads_late_and_keeps_its_place(page):
    figure = re.search(r'<img [^>]*src="_images/figure.svg"[^>]*>', page)[0]
    assert 'loading="lazy"' in figure
    assert 'width="96" height="48"' in figure


def test_the_first_view_is_light_and_from_the_site_itself(site):
    sizes = weigh.first_view(site, "index.html")
    assert sum(sizes.values()) < 1000 * weigh.KILOBYTES
    assert len(sizes) <= weigh.REQUESTS
    assert not any("fontawesome.js" in name for name in sizes)


def test_weighing_refuses_what_comes_from_elsewhere(tmp_path):
    (tmp_path / "page.html").write_text(
        '<script src="https://elsewhere.example/x.js"></script>', encoding="utf-8"
    )
    with pytest.raises(ValueError, match=r"page\.html loads https://elsewhere\.example/x\.js"):
        weigh.first_view(tmp_path, "page.html")


def test_weighing_misses_a_file_that_is_not_there(tmp_path):
    (tmp_path / "page.html").write_text(
        '<link rel="stylesheet" href="gone.css" />', encoding="utf-8"
    )
    with pytest.raises(FileNotFoundError):
        weigh.first_view(tmp_path, "page.html")


@pytest.mark.parametrize(
    ("variables", "address"),
    [
        ({"GITHUB_REPOSITORY": "Ada/book"}, "https://ada.github.io/book/"),
        ({"GITHUB_REPOSITORY": "ada/ada.github.io"}, "https://ada.github.io/"),
        ({"GITHUB_REPOSITORY": "a/b", "GITHUB_SERVER_URL": "https://forge.example"}, ""),
        ({"CI_PROJECT_URL": "https://forge.example/a/b"}, ""),
        ({"CI_PAGES_URL": "https://a.pages.example/b"}, "https://a.pages.example/b/"),
    ],
)
def test_the_forge_says_where_the_book_is_published(monkeypatch, variables, address):
    names = ("GITHUB_REPOSITORY", "GITHUB_SERVER_URL", "CI_PROJECT_URL", "CI_PAGES_URL")
    for name in names:
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert forge.site_address() == address
