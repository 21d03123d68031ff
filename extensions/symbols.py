"""Lead from the symbols of a page to the rows of the page of notation that tell what they mean.

A Sphinx extension. In each section of a page (h2) the first formula that is a symbol and no more
is linked, once for each symbol; `cards.py` shows the row where the link stands.
"""

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple, Protocol, cast

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.transforms import SphinxTransform
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util.typing import ExtensionMetadata

from reading import LOOKED_UP, ancestors, in_story

NOTATION = "book/notation"
OWN_LETTERS = {"book/proofs", *LOOKED_UP}  # the pages whose symbols are not linked
INDEX = re.compile(r"_([ijlnL\d])(?:[+-]1)?$")  # of a layer, a unit, a sample
# Where a link cannot stand, or would not be seen as one.
UNLINKED = (nodes.title, nodes.rubric, nodes.term, nodes.thead, nodes.reference)


class Meaning(NamedTuple):
    """What a row on the page of notation says: its anchor, its symbols, and what they mean."""

    anchor: str
    title: list[nodes.Node]
    content: list[nodes.Node]


def plain(tex: str) -> str:
    r"""Return a formula without braces and spaces, and its index without what is added to it.

    >>> plain(r"B_{i+1}"), plain(r"\hat \theta"), plain(r"\theta^\star")
    ('B_i', '\\hat\\theta', '\\theta^\\star')
    """
    return INDEX.sub(r"_\1", re.sub(r"[{}\s]", "", tex))


def rows_of(symbol: str) -> list[str]:
    r"""Return the symbols whose rows tell what a symbol means, the closest first.

    A layer may have any number, and a capital letter can do without; what is said of all samples or
    units holds for one.

    >>> rows_of("B_2"), rows_of("B"), rows_of("h"), rows_of("x_n"), rows_of(r"\theta^\star")
    (['B_2', 'B_i'], ['B', 'B_i'], ['h'], ['x_n', 'x'], ['\\theta^\\star'])
    """
    base, index = INDEX.sub("", symbol), symbol[-1]
    if base == symbol:
        return [symbol, f"{symbol}_i"] if re.fullmatch("[A-Z]", symbol) else [symbol]
    if index in "jln":
        return [symbol, f"{base}_j", base] if index in "jl" else [symbol, base]
    return [symbol, f"{base}_i"]


def rows(notation: nodes.document) -> Iterator[tuple[nodes.row, list[str]]]:
    """Yield the rows of the tables of symbols, each with its symbols."""
    for table in notation.findall(nodes.tgroup):
        heads, body = table.children[-2:]
        if heads[0][0].astext() == "symbol":
            for row in body.children:
                yield row, [plain(formula.astext()) for formula in row[0].findall(nodes.math)]


class Meanings(Protocol):
    """What this extension keeps on Sphinx' builder."""

    meanings: dict[str, Meaning]  # by the symbol


class Anchors(SphinxTransform):
    """Give each row an anchor, by its first symbol."""

    default_priority = 800

    def apply(self, **kwargs: object) -> None:
        """Name the rows."""
        for row, (first, *_) in rows(self.document) if self.env.docname == NOTATION else ():
            row["ids"].append("-".join(["symbol", *re.findall(r"[^\W_]+", first)]))


def line(start: str, *content: nodes.Node) -> nodes.paragraph:
    """Return a paragraph of copies."""
    return nodes.paragraph("", start, *(node.deepcopy() for node in content))


def meanings(notation: nodes.document) -> dict[str, Meaning]:
    """Return what each symbol means."""
    found: dict[str, Meaning] = {}
    for row, symbols in rows(notation):
        title, meaning, shape, _ = (inside(cell) for cell in row)
        content = [line("", *meaning), *([line("Shape: ", *shape)] if shape else [])]
        for symbol in symbols:
            found.setdefault(symbol, Meaning(row["ids"][0], title, content))
    return found


def inside(cell: nodes.entry) -> list[nodes.Node]:
    """Return what is in a cell of a table."""
    return [node for part in cell.children for node in part.children]


def meaning_of(formula: str, known: Mapping[str, Meaning]) -> Meaning | None:
    """Return what a formula means; None where it is no symbol, or none that is known."""
    return next((known[name] for name in rows_of(plain(formula)) if name in known), None)


def section_of(node: nodes.Node) -> nodes.Element | None:
    """Return the part of the page, under a heading of the second level, that holds a node."""
    sections = [around for around in ancestors(node) if isinstance(around, nodes.section)]
    return next(iter(sections[-2:]), None)


class Links(SphinxPostTransform):
    """Link symbols; where the story has one, it is linked there."""

    default_priority = 155  # at 150 it is marked what the story leaves out
    formats = ("html",)

    def run(self, **kwargs: object) -> None:
        """Link the first of each kind in each section."""
        here = self.env.docname
        if here in OWN_LETTERS or NOTATION not in self.env.all_docs:
            return
        known = cast(Meanings, self.app.builder).meanings
        there = self.app.builder.get_relative_uri(here, NOTATION)
        linked = set()
        formulas = self.document.findall(nodes.math)
        for formula in sorted(formulas, key=lambda formula: not in_story(formula)):
            meaning = meaning_of(formula.astext(), known)
            place = (id(section_of(formula)), meaning and meaning.anchor)
            if meaning is None or place in linked:
                continue
            if any(isinstance(around, UNLINKED) for around in ancestors(formula)):
                continue
            linked.add(place)
            link = nodes.reference("", "", refuri=f"{there}#{meaning.anchor}", internal=True)
            link["classes"].append("symbol")
            formula.parent.replace(formula, link)
            link += formula


def keep_meanings(app: Sphinx, env: BuildEnvironment) -> None:
    """Read the page of notation once for all pages."""
    if NOTATION in env.all_docs:
        cast(Meanings, app.builder).meanings = meanings(env.get_doctree(NOTATION))


def setup(app: Sphinx) -> ExtensionMetadata:
    """Connect the steps; the meanings are needed by whatever else resolves a page."""
    app.connect("env-updated", keep_meanings, priority=100)
    app.add_transform(Anchors)
    app.add_post_transform(Links)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
