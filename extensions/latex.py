r"""What the book's LaTeX needs, and the website does not.

A Sphinx extension: the macros that the website's formulas use, widths for the columns of tables,
the layout of a page, a title page. In print the book is what the story of each page tells (see
`reading.py`). The code of cells is left to the notebooks, and what is looked up to the website.
"""

from importlib.metadata import version
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.environment import BuildEnvironment
from sphinx.transforms import SphinxTransform
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import texescape
from sphinx.util.typing import ExtensionMetadata
from sphinx_proof.nodes import proof_node

from forge import site_address
from reading import CHECKING, READING, Fold, fold_code, mark_claims, mark_code

PREAMBLE = Path(__file__).with_name("preamble.tex")
# The class of Jupyter Book loads this package, which Debian has only in a collection of 1 GB.
BBM = r"\ProvidesPackage{bbm}\providecommand{\mathbbm}[1]{\mathbb{#1}}" + "\n"

# Not to be read from end to end.
LEFT_OUT = {
    f"book/{name}"
    for name in ("scorecard", "proofs", "reproducing", "download", "api", "changelog")
}
UNPRINTED = {CHECKING, READING, "claimed"}
TITLE = r"""
\begin{titlepage}\sffamily\raggedright\null\vfill
{\Huge\bfseries %(title)s\par}\bigskip
{\Large The reading edition\par}\bigskip
{\large %(author)s\par}\vfill
Version %(version)s of the book and of its library, \texttt{fa\_lib}.
%(where)s Figures have the numbers that they have on the website, which alone has
those to explore.\par\medskip
The text and the figures are under the Creative Commons Attribution 4.0 International licence
(CC BY 4.0), the code under the MIT licence.\par\medskip
To cite it: %(author)s. \emph{%(title)s}, version %(version)s. %(year)s. %(where)s\par
\end{titlepage}
"""


def newcommand(name: str, macro: str | list[Any]) -> str:
    r"""Return a macro of MathJax as LaTeX defines it.

    >>> newcommand("tr", r"\operatorname{tr}")
    '\\newcommand{\\tr}{\\operatorname{tr}}'
    >>> newcommand("norm", [r"\lVert #1\rVert", 1])
    '\\newcommand{\\norm}[1]{\\lVert #1\\rVert}'
    """
    if isinstance(macro, str):
        return rf"\newcommand{{\{name}}}{{{macro}}}"
    body, arguments = macro
    return rf"\newcommand{{\{name}}}[{arguments}]{{{body}}}"


def set_preamble(app: Sphinx, config: Config) -> None:
    """Define the macros that formulas use, from the one place that the website has them from."""
    macros = (config.mathjax3_config or {}).get("tex", {}).get("macros", {})
    lines = [newcommand(name, macro) for name, macro in macros.items()]
    preamble = PREAMBLE.read_text(encoding="utf-8")
    address = site_address()
    where = rf"\url{{{address}}}." if address else ""
    texts = {"title": config.html_title, "author": config.author, "year": config.copyright}
    texescape.init()  # Sphinx does so later
    given = {name: texescape.escape(text, "xelatex") for name, text in texts.items()}
    config.latex_elements = {
        **config.latex_elements,
        "maketitle": TITLE % {**given, "version": version("fa_lib"), "where": where},
        "preamble": "\n".join([preamble, r"\AtBeginDocument{", *lines, "}"]),
    }


def column_widths(rows: list[list[str]]) -> list[int]:
    """Return widths that keep a column of numbers in one line, and give sentences the rest.

    >>> column_widths([["claim", "bound"], ["All sixteen of the networks keep the law", "< 1e-9"]])
    [16, 10]
    """
    longest = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    return [length + 4 if length <= 12 else max(16, round(length**0.75)) for length in longest]


def leave_out(app: Sphinx, env: BuildEnvironment) -> None:
    """Have Sphinx not complain of pages that no contents of the PDF list."""
    if app.builder.format == "latex":
        for page in LEFT_OUT:
            env.metadata[page]["orphan"] = True


class Contents(SphinxTransform):
    """Leave out of the PDF the pages that are not for reading."""

    default_priority = 900

    def apply(self, **kwargs: object) -> None:
        """Take them from the contents."""
        if self.app.builder.format == "latex":
            for contents in self.document.findall(addnodes.toctree):
                pages = contents["includefiles"]
                contents["includefiles"] = [page for page in pages if page not in LEFT_OUT]


def take_out(node: nodes.Element) -> None:
    """Take out an element; a paragraph that led to its code now says where that is."""
    before = node.parent[node.parent.index(node) - 1]
    is_code = isinstance(node, Fold) or node.get("nb_element") == "cell_code"
    if is_code and isinstance(before, nodes.paragraph) and before.astext().endswith(":"):
        last = list(before.findall(nodes.Text))[-1]
        last.parent.replace(last, nodes.Text(f"{last.removesuffix(':')} (see the website)."))
    node.parent.remove(node)


class Story(SphinxPostTransform):
    """Leave in the PDF what the story of each page tells."""

    default_priority = 150
    formats = ("latex",)

    def run(self, **kwargs: object) -> None:
        """Take out the rest, and links to it."""
        for page in self.document.findall(addnodes.start_of_file):
            fold_code(page)
            mark_code(page, room=0)
            mark_claims(page)
        for node in list(self.document.findall(nodes.Element)):
            if isinstance(node, Fold) or not UNPRINTED.isdisjoint(node.get("classes", ())):
                take_out(node)
            elif node.get("refuri", "").startswith("scorecard.html"):
                node.replace_self(node.children)


class Tables(SphinxPostTransform):
    """Give the columns of wide and of long tables their widths; LaTeX would let them run out."""

    default_priority = 300
    formats = ("latex",)

    def run(self, **kwargs: object) -> None:
        """Set the widths, and let the table go on over the page."""
        for table in self.document.findall(nodes.table):
            rows = [[cell.astext() for cell in row] for row in table.findall(nodes.row)]
            if len(rows[0]) < 4 and len(rows) < 20:
                continue
            table["classes"] += ["colwidths-given", "longtable"]
            columns = table.findall(nodes.colspec)
            for column, width in zip(columns, column_widths(rows), strict=True):
                column["colwidth"] = width


class Terms(SphinxPostTransform):
    """Set the glossary in two columns."""

    default_priority = 300
    formats = ("latex",)

    def run(self, **kwargs: object) -> None:
        """Put the columns around it."""
        for glossary in self.document.findall(addnodes.glossary):
            begin, end = r"\begin{multicols}{2}\small\raggedright", r"\end{multicols}"
            glossary.insert(0, nodes.raw("", begin, format="latex"))
            glossary += nodes.raw("", end, format="latex")


class Proofs(SphinxPostTransform):
    """Set a proof as text: it begins with the word, and a box of it would have an empty title."""

    default_priority = 300
    formats = ("latex",)

    def run(self, **kwargs: object) -> None:
        """Replace each proof's box by what is in it."""
        for proof in list(self.document.findall(proof_node)):
            proof.replace_self(proof[0].children)


class QuickChecks(SphinxPostTransform):
    """Set a question and its answer as text that begins with the word, for the same reason."""

    default_priority = 160
    formats = ("latex",)

    def run(self, **kwargs: object) -> None:
        """Replace the boxes."""
        boxes = [*self.document.findall(nodes.admonition), *self.document.findall(nodes.container)]
        for box in boxes:
            title, *content = box.children or [nodes.title()]
            if title.astext() in ("Quick check", "Answer") and content:
                if not isinstance(content[0], nodes.paragraph):
                    content.insert(0, nodes.paragraph())
                content[0].insert(0, [nodes.strong("", f"{title.astext()}."), nodes.Text(" ")])
                box.replace_self(content)


def write_bbm(app: Sphinx, exception: Exception | None) -> None:
    """Write the stub of a package beside the LaTeX."""
    if app.builder.format == "latex" and not exception:
        (Path(app.outdir) / "bbm.sty").write_text(BBM, encoding="utf-8")


def setup(app: Sphinx) -> ExtensionMetadata:
    """Connect the steps; the website is built as if this were not here."""
    app.connect("config-inited", set_preamble, priority=100)
    app.connect("env-updated", leave_out)
    app.add_transform(Contents)
    app.add_post_transform(Story)
    app.add_post_transform(Tables)
    app.add_post_transform(Terms)
    app.add_post_transform(Proofs)
    app.add_post_transform(QuickChecks)
    app.connect("build-finished", write_bbm)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
