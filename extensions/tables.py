"""Have a table of words and formulas fit a phone, where each row becomes a block of its cells.

A Sphinx extension, which marks such tables. `finish.py` has each page pass through `name_cells`:
a cell gets the name of its column, for `book.css` to show there, and all parts get the roles that
they lose where they are no longer laid out as a table.
"""

import re
from itertools import cycle

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util.typing import ExtensionMetadata

WORDS = 40  # characters, about a phone's line: a table with a longer cell is one of words, and so
FORMULA = 20  # is one with a formula that is longer than half of that, which no line can break
ROLES = {
    "table": "table",
    "thead": "rowgroup",
    "tbody": "rowgroup",
    "tr": "row",
    "th": "columnheader",
    "td": "cell",
}


def length(node: nodes.Element) -> int:
    r"""Return about how many characters are seen; the names of LaTeX are one each.

    >>> length(nodes.entry("", nodes.math("", r"\Psi(W_{i})")))
    5
    """
    return len(re.sub(r"[{}^_]", "", re.sub(r"\\[A-Za-z]+", ".", node.astext())))


class TablesOfWords(SphinxPostTransform):
    """Mark the tables that have a long cell, or a long formula."""

    default_priority = 150  # outputs are chosen at 4
    formats = ("html",)

    def run(self, **kwargs: object) -> None:
        """Give them a class."""
        for table in self.document.findall(nodes.table):
            long_cell = any(length(cell) > WORDS for cell in table.findall(nodes.entry))
            if long_cell or any(length(part) > FORMULA for part in table.findall(nodes.math)):
                table["classes"].append("words")


def name_cells(page: str) -> str:
    """Name the cells of the tables of words, and say what the parts of these are.

    >>> named = name_cells('<table class="words"><tr><th>a</th></tr><tr><td>1</td></tr></table>')
    >>> named.partition("</tr>")[2].partition("</td>")[0]
    '<tr role="row"><td role="cell"><span class="column" aria-hidden="true">a</span>1'
    """
    return re.sub(r'<table class="[^"]*\bwords\b.*?</table>', name_those_of, page, flags=re.DOTALL)


def name_those_of(found: re.Match[str]) -> str:
    """Return one table with the names and the roles."""
    heads = re.findall(r"<th\b[^>]*>(.*?)</th>", found[0], flags=re.DOTALL)
    names = cycle([re.sub(r"</?[ap]\b[^>]*>", "", head) for head in heads])

    def name(cell: re.Match[str]) -> str:
        return f'{cell[0]}<span class="column" aria-hidden="true">{next(names)}</span>'

    named = re.sub(r"<td\b[^>]*>", name, found[0])
    parts = rf"<({'|'.join(ROLES)})\b"
    return re.sub(parts, lambda part: f'{part[0]} role="{ROLES[part[1]]}"', named)


def setup(app: Sphinx) -> ExtensionMetadata:
    """Connect the step."""
    app.add_post_transform(TablesOfWords)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
