"""Name theorems one way: those of the paper by its numbers, ours by what they say.

A Sphinx extension over sphinx-proof, which counts all theorems of the book in one row, so that its
"Theorem 8" would be the paper's Theorem 5.2.
"""

import re
from collections.abc import Sequence

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util.nodes import make_refnode
from sphinx.util.typing import ExtensionMetadata
from sphinx_proof.nodes import NODE_TYPES

PROOF_LIST = "proof_list"  # the attribute in which sphinx-proof keeps what it knows, by labels
STATEMENTS = tuple(NODE_TYPES.values())
PAPER = re.compile(r"(.*?) ?\(?(Theorem [\d.]+)( of the paper)\)?(.*)", flags=re.DOTALL)


def heading(kind: str, title: str) -> tuple[str, str]:
    """Return how the title of a statement begins, in bold, and how it goes on.

    >>> heading("Theorem", "Theorem 5.1 of the paper, for every degree")
    ('Theorem 5.1', ' of the paper, for every degree')
    >>> heading("Theorem", "Minimum norm (Theorem 5.2 of the paper)")
    ('Theorem 5.2', ' of the paper: Minimum norm')
    >>> heading("Remark", "FA rests nowhere else")
    ('Remark', ': FA rests nowhere else')
    """
    match = PAPER.fullmatch(title)
    if not match:
        return kind, f": {title}" if title else ""
    name, number, of_paper, rest = match.groups()
    return number, of_paper + rest + (f": {name}" if name else "")


def mention(kind: str, title: Sequence[nodes.Node]) -> list[nodes.Node]:
    """Return what a reference to a statement says.

    >>> said = mention("Theorem", [nodes.Text("Mistakes (after Novikoff)")])
    >>> "".join(node.astext() for node in said)
    'Theorem “Mistakes”'
    """
    first = title[0].astext() if title else ""
    match = PAPER.fullmatch(first)
    if match or not title:
        return [nodes.Text(match[2] if match else kind)]
    short = nodes.Text(first.partition(" (")[0])
    rest = [node.deepcopy() for node in title[1:]]
    return [nodes.Text(f"{kind} “{short}"), *rest, nodes.Text("”")]


class Titles(SphinxTransform):
    """Keep the titles of statements where other pages find them."""

    default_priority = 800

    def apply(self, **kwargs: object) -> None:
        """Add each to what sphinx-proof knows of the statement."""
        for kind in STATEMENTS:
            for node in self.document.findall(kind):
                known = getattr(self.env, PROOF_LIST)[node["label"]]
                known["title"] = [child.deepcopy() for child in node[0].children]


class Statements(SphinxPostTransform):
    """Set each statement as a box with its name, and each reference to one as its name."""

    default_priority = 9  # references are resolved at 10

    def run(self, **kwargs: object) -> None:
        """Replace what sphinx-proof would number."""
        known = getattr(self.env, PROOF_LIST, {})
        for reference in list(self.document.findall(pending_xref)):
            target = reference["reftarget"]
            if reference.get("refdomain") == "prf" and reference.astext() == target in known:
                there = known[target]
                text = mention(there["realtype"].title(), there["title"])
                page, here = there["docname"], self.env.docname
                link = make_refnode(self.app.builder, here, page, target, text)
                reference.replace_self(link)
        for kind in STATEMENTS:
            for node in list(self.document.findall(kind)):
                node.replace_self(self.boxed(node))

    def boxed(self, node: nodes.Element) -> list[nodes.Element]:
        """Return a statement as a box, and in print the place that references lead to."""
        title, content = node.children
        first = title[0].astext() if title.children else ""
        bold, after = heading(node["realtype"].title(), first)
        number = nodes.inline("", bold, classes=["caption-number"])
        box = nodes.admonition("", nodes.title("", "", number, nodes.Text(after), *title[1:]))
        box["classes"] = node["classes"]
        box += content.children
        if self.app.builder.format == "latex":
            return [nodes.target("", "", ids=node["ids"]), box]
        box["ids"] = node["ids"]
        return [box]


def setup(app: Sphinx) -> ExtensionMetadata:
    """Connect the steps."""
    app.add_transform(Titles)
    app.add_post_transform(Statements)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
