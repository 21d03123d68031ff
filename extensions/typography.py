"""Set what computers write as people write it, and let no line end where none should.

A Sphinx extension: powers of ten become powers of ten, and a number has a minus, not a hyphen, and
keeps its per cent sign. `finish.py` has each page pass through `keep_whole`.
"""

import re

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util.typing import ExtensionMetadata

from reading import ancestors

PER_CENT = re.compile(r"(^|\d) %")  # the number may be a node of its own
MINUS, TIMES = "\N{MINUS SIGN}", "\N{MULTIPLICATION SIGN}"
NEGATIVE = re.compile(r"(?<![\w.)-])-(?=\d)")
POWER = re.compile(r"((?:[<>=] )?)(?<![\w.])(-?\d+(?:\.\d+)?)e([-+]?)0*(\d+)(?![\w.]\w)")


def powers(text: str) -> list[nodes.Node] | None:
    """Return a text with its powers of ten set as such; None if there are none.

    >>> found = powers("bound: < 1e-10; 2.5e+06 runs")
    >>> found[1].astext() == f"< 10{MINUS}10", found[1][1].tagname
    (True, 'superscript')
    >>> found[3].astext() == f"2.5 {TIMES} 106"
    True
    """
    pieces: list[nodes.Node] = []
    end = 0
    for match in POWER.finditer(text):
        relation, factor, sign, exponent = match.groups()
        factor = factor.replace("-", MINUS)
        base = "10" if factor == "1" else f"{factor} {TIMES} 10"
        power = nodes.superscript("", f"{MINUS if sign == '-' else ''}{exponent}")
        whole = nodes.inline("", "", nodes.Text(relation + base), power, classes=["whole"])
        pieces += [nodes.Text(text[end : match.start()]), whole]
        end = match.end()
    return [*pieces, nodes.Text(text[end:])] if pieces else None


class Numbers(SphinxPostTransform):
    """Set powers of ten, minus and per cent in all text that is no code and no formula."""

    default_priority = 30

    def run(self, **kwargs: object) -> None:
        """Replace them."""
        kept = (nodes.literal, nodes.literal_block, nodes.raw, nodes.math, nodes.math_block)
        for text in list(self.document.findall(nodes.Text)):
            if not any(isinstance(around, kept) for around in ancestors(text)):
                whole = PER_CENT.sub("\\1\N{NO-BREAK SPACE}%", NEGATIVE.sub(MINUS, text))
                text.parent.replace(text, powers(whole) or nodes.Text(whole))


def keep_whole(page: str) -> str:
    r"""Let no line end between a formula and the brackets and stops around it.

    >>> keep_whole('of (<span class="math notranslate">x</span>), and')
    'of <span class="whole">(<span class="math notranslate">x</span>),</span> and'
    """

    def whole(match: re.Match[str]) -> str:
        around = match[1] or match[2]
        return f'<span class="whole">{match[0]}</span>' if around else match[0]

    formula = r'<span class="math notranslate[^"]*"[^>]*>(?:(?!</span>).)*</span>'
    formula = rf"(?:{formula}|<a [^>]*>{formula}</a>)"
    return re.sub(rf"([(\[“]*){formula}([.,;:!?)\]”]*)", whole, page, flags=re.DOTALL)


def setup(app: Sphinx) -> ExtensionMetadata:
    """Connect the step."""
    app.add_post_transform(Numbers)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
