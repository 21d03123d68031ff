"""Make a notebook's pictures figures, with numbers, and what follows them their captions.

A Sphinx extension. A caption is what the paragraph after the picture says in italics at its start;
where nothing there is in italics, it is the paragraph. The figures of the story are 1, 2, 3, and
those that it leaves out are S1, S2, S3 (supplementary): in neither view a number is missing.
"""

from itertools import count

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import logging
from sphinx.util.typing import ExtensionMetadata

from reading import cells_of, in_story, leading, part

WANTED = "expected a sentence in italics, or a paragraph that ends with a full stop, after its cell"
logger = logging.getLogger(__name__)


def is_drawn(node: nodes.Node) -> bool:
    """Whether an output is a picture, or a figure to explore."""
    explorable = isinstance(node, nodes.raw) and 'class="live"' in node.astext()
    return isinstance(node, nodes.image) or explorable


def number_figures(document: nodes.document) -> None:
    """Give each cell that draws the number of its figure."""
    story, supplementary = map(str, count(1)), map("S{}".format, count(1))
    for cell in cells_of(document):
        output = part(cell, "output")
        if output is not None and any(map(is_drawn, output.findall())):
            told = in_story(cell) and "tag_checking" not in cell["classes"]
            cell["figure"] = next(story if told else supplementary)


class Numbers(SphinxTransform):
    """Number the figures of a page as it is read: print leaves out those to explore."""

    default_priority = 810  # the sections that the story leaves out are marked at 800

    def apply(self, **kwargs: object) -> None:
        """Give the numbers."""
        number_figures(self.document)


def take_caption(paragraph: nodes.Node | None) -> list[nodes.Node]:
    """Take a caption out of the paragraph that follows a picture."""
    if not isinstance(paragraph, nodes.paragraph) or not paragraph.astext().endswith("."):
        return []
    first = leading(paragraph)
    if isinstance(first, nodes.emphasis) and first.astext().endswith("."):
        caption = first
        paragraph.remove(first)
        after = leading(paragraph)
        if isinstance(after, nodes.Text):
            paragraph.replace(after, nodes.Text(after.lstrip()))
    else:
        caption = paragraph
    if caption is paragraph or not paragraph.astext():
        paragraph.parent.remove(paragraph)
    return list(caption.children)


class Captions(SphinxPostTransform):
    """Make figures of the pictures of a page."""

    default_priority = 20  # outputs are chosen at 4, references resolved at 10

    def run(self, **kwargs: object) -> None:
        """Set the figures of a page; in print LaTeX counts, so it is told from where."""
        for cell in cells_of(self.document):
            output = part(cell, "output") or nodes.container()
            drawn = [child for child in output.children if is_drawn(child)]
            if not drawn:
                continue
            number = cell["figure"]
            figure = nodes.figure("", ids=[f"figure-{number}"])
            output.replace(drawn[0], figure)  # not `replace_self`: it hands on classes
            for other in drawn[1:]:
                output.remove(other)
            caption = nodes.caption("", "")
            if self.app.builder.format == "html":
                drawn = [nodes.container("", *drawn, classes=["drawing"])]
                caption += nodes.inline("", f"Figure {number}.", classes=["caption-number"])
                caption += nodes.Text(" ")
            elif number.isdecimal():
                counted = rf"\setcounter{{figure}}{{{int(number) - 1}}}"
                output.insert(output.index(figure), nodes.raw("", counted, format="latex"))
            said = take_caption(cell.next_node(siblings=True, descend=False))
            if not said:
                logger.warning("figure %s has no caption: %s", number, WANTED, location=cell)
            caption += said
            figure += [*drawn, caption]


def setup(app: Sphinx) -> ExtensionMetadata:
    """Connect the steps."""
    app.add_transform(Numbers)
    app.add_post_transform(Captions)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
