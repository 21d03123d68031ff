"""Two ways to read a page: the story, or all that can be checked.

A Sphinx extension. It marks what the story can do without; `view.js` chooses, and `book.css` hides.
Without JavaScript all is shown. It also folds proofs, and says how long the story takes to read.
"""

from collections.abc import Iterator
from math import ceil

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util.typing import ExtensionMetadata
from sphinx.writers.html5 import HTML5Translator
from sphinx_proof.nodes import proof_node

CHECKING, READING = "for-checking", "for-reading"  # the classes of what one view alone shows
CODE_LINES, CELL_LINES = 60, 10  # of code that teaches: at most, on a page and in a cell
CLAIMS = 3  # that the story shows
WORDS = 2200  # of the story: at most, on a page; a formula counts as a word
WORDS_A_MINUTE = 200
# Not read from top to bottom.
LOOKED_UP = {
    f"book/{name}" for name in ("api", "bibliography", "changelog", "notation", "scorecard")
}


class Fold(nodes.General, nodes.Element):  # type: ignore[misc]  # docutils has no types
    """What opens when the reader asks."""


def visit_fold(translator: HTML5Translator, node: Fold) -> None:
    """Open the element."""
    translator.body.append(f'<details class="fold"><summary>{node["summary"]}</summary>\n')


def depart_fold(translator: HTML5Translator, node: Fold) -> None:
    """Close the element."""
    translator.body.append("</details>\n")


def fold(node: nodes.Element, summary: str) -> None:
    """Fold an element away, under a word that opens it."""
    folded = Fold(summary=summary)
    node.replace_self(folded)
    folded += node


def mark_sections(document: nodes.document) -> None:
    """Leave out of the story each section that begins with the comment `% for checking`."""
    for comment in document.findall(nodes.comment):
        section = comment.parent
        # Docutils may say something about a heading right below it, until it has read the page.
        heading = nodes.title | nodes.system_message
        content = (child for child in section.children if not isinstance(child, heading))
        first = isinstance(section, nodes.section) and next(content) is comment
        if first and comment.astext().strip() == "for checking":
            section["classes"].append(CHECKING)


def ancestors(node: nodes.Node) -> Iterator[nodes.Element]:
    """Yield the elements around a node, the closest first."""
    while node.parent is not None:
        node = node.parent
        yield node


def in_story(node: nodes.Node) -> bool:
    """Whether no part of the page that holds a node is left out of the story."""
    within = [around for around in (node, *ancestors(node)) if isinstance(around, nodes.Element)]
    return not any(CHECKING in around["classes"] for around in within)


def part(cell: nodes.Element, name: str) -> nodes.Element | None:
    """Return the source or the output of a cell, if it has one."""
    found = (child for child in cell.children if child.get("nb_element") == f"cell_code_{name}")
    return next(found, None)


def outputs(cell: nodes.Element) -> list[nodes.Element]:
    """Return what a cell put out, piece by piece."""
    output = part(cell, "output")
    return list(output.children) if output else []


def cells_of(document: nodes.document) -> list[nodes.Element]:
    """Return the code cells of a page, in order."""
    containers = document.findall(nodes.container)
    return [node for node in containers if node.get("nb_element") == "cell_code"]


def lines_of(node: nodes.Element) -> int:
    """Return how many lines of code are in an element."""
    blocks = node.findall(nodes.literal_block)
    return sum(len(block.astext().strip().splitlines()) for block in blocks)


def may_teach(cell: nodes.Element) -> bool:
    """Whether a cell's code is part of the story, as far as its tags and its length say."""
    tags = {"tag_parameters", "tag_ranges", "tag_hide-input"}
    source = part(cell, "source")
    return not tags & set(cell["classes"]) and source is not None and lines_of(source) <= CELL_LINES


def fold_code(document: nodes.document) -> int:
    """Fold the long code outside cells; return how many more lines there is room for."""
    room = CODE_LINES
    within = {id(block) for cell in cells_of(document) for block in cell.findall()}
    for block in list(document.findall(nodes.literal_block)):
        lines = lines_of(block)
        if id(block) in within or not in_story(block):
            continue
        if lines <= min(room, CELL_LINES):
            room -= lines
        else:
            fold(block, f"Code, {lines} lines")
    return room


def mark_code(document: nodes.document, room: int) -> None:
    """Leave in the story the cells whose code teaches, while there is room for its lines.

    Of a cell whose code is left out, what it prints is left out, too; figures and tables stay. With
    the tag `checking` all of a cell is left out.
    """
    for cell in filter(in_story, cells_of(document)):
        source = part(cell, "source")
        if "tag_checking" in cell["classes"]:
            cell["classes"].append(CHECKING)
        if source is None or not in_story(cell):
            continue
        if may_teach(cell) and (lines := lines_of(source)) <= room:
            room -= lines
            continue
        source["classes"].append(CHECKING)
        for output in outputs(cell):
            if isinstance(output, nodes.literal_block):
                output["classes"].append(CHECKING)
        hide_whole(cell)


def hide_whole(cell: nodes.Element) -> None:
    """Mark a cell of which nothing is left."""
    left = filter(None, (part(cell, "source"), *outputs(cell)))
    if in_story(cell) and not any(map(in_story, left)):
        cell["classes"].append(CHECKING)


def leading(paragraph: nodes.Element) -> nodes.Node | None:
    """Return what a paragraph begins with: MyST may put an empty text there."""
    return next((child for child in paragraph.children if child.astext()), None)


def claims_of(cell: nodes.Element) -> Iterator[nodes.paragraph]:
    """Yield the claims that a cell made: see `page.claim`."""
    for paragraph in outputs(cell):
        first = leading(paragraph) if isinstance(paragraph, nodes.paragraph) else None
        if isinstance(first, nodes.strong) and first.astext() == "holds":
            yield paragraph


def mark_claims(document: nodes.document) -> None:
    """Leave the first claims in the story, and a link to the others."""
    claims = [(claim, cell) for cell in cells_of(document) for claim in claims_of(cell)]
    kept = [pair for pair in claims if in_story(pair[1])][:CLAIMS]
    others = [pair for pair in claims if pair not in kept]
    for claim, cell in others:
        claim["classes"].append(CHECKING)
        hide_whole(cell)
    if kept and others:
        others[0][0]["ids"].append("more-claims")
        text = f"{len(others)} more claim{'s' if len(others) > 1 else ''}, each with its bound"
        link = nodes.reference("", text, refid="more-claims", internal=True)
        last = kept[-1][1]
        last.parent.insert(last.parent.index(last) + 1, nodes.paragraph("", "", link))
        link.parent["classes"].append(READING)


def words(node: nodes.Node) -> int:
    """Return how many words of an element a reader of the story reads."""
    if isinstance(node, nodes.Text):
        return sum(any(map(str.isalnum, word)) for word in node.split())  # a lone stop is none
    if isinstance(node, nodes.math | nodes.math_block):
        return 1
    unread = nodes.literal_block | nodes.raw | nodes.comment | nodes.system_message | Fold
    closed = node.get("design_component") == "dropdown"
    if isinstance(node, unread) or closed or {CHECKING, "toggle"} & set(node.get("classes", ())):
        return 0
    return sum(map(words, node.children))


class Sections(SphinxTransform):
    """Mark a page's sections as it is read: what a builder makes of it, it finds them marked."""

    default_priority = 800

    def apply(self, **kwargs: object) -> None:
        """Mark them."""
        mark_sections(self.document)


class Views(SphinxPostTransform):
    """Mark what the views show, and say how long the story is."""

    default_priority = 150  # outputs are chosen at 4, and their code is wrapped at 199
    formats = ("html",)

    def run(self, **kwargs: object) -> None:
        """Mark a page."""
        page = self.env.docname
        if page != "book/api":  # the reference is code
            mark_code(self.document, fold_code(self.document))
        mark_claims(self.document)
        for proof in list(self.document.findall(proof_node)):
            fold(proof, "Proof")
        title = next(iter(self.document.findall(nodes.title)), None)
        if title is not None and page not in LOOKED_UP:
            minutes = ceil(words(self.document) / WORDS_A_MINUTE)
            text = f"{minutes} minute{'s' if minutes > 1 else ''} to read"
            # No paragraph: the first of these describes the page to search engines.
            line = nodes.container("", nodes.inline("", text), classes=["reading-time"])
            title.parent.insert(title.parent.index(title) + 1, line)


def setup(app: Sphinx) -> ExtensionMetadata:
    """Connect the steps."""
    app.add_node(Fold, html=(visit_fold, depart_fold))
    app.add_transform(Sections)
    app.add_post_transform(Views)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
