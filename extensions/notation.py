"""Show a term's definition where the term stands: on a card, which `book/static/cards.js` opens.

A Sphinx extension. The definitions are those of the glossary on the page of notation; a page gets a
card for each term that it links there. Nothing is fetched, so the cards are there on a disk, too.
"""

import html
import re
from collections.abc import Iterator, Mapping
from typing import Any, Protocol, cast

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util.typing import ExtensionMetadata

PAGE = "book/notation"
LINK = re.compile(r'<a class="reference internal" href="[^"#]*#(term-[\w-]+)">')


class Cards(Protocol):
    """What this extension keeps on Sphinx' builder."""

    cards_of_terms: dict[str, str]


def definitions(page: nodes.document) -> Iterator[tuple[nodes.term, nodes.definition]]:
    """Yield each term of a glossary with its definition; several terms may share one."""
    for item in page.findall(nodes.definition_list_item):
        *terms, definition = item.children
        yield from ((term, definition) for term in terms if isinstance(term, nodes.term))


def without_links(node: nodes.Element) -> list[nodes.Node]:
    """Return what a node holds, without links: a card can have none, as it follows its term."""
    copy = node.deepcopy()
    for link in list(copy.findall(nodes.reference)):
        link.replace_self(link.children)
    return cast(list[nodes.Node], copy.children)


def make_cards(app: Sphinx, env: BuildEnvironment) -> None:
    """Write each term's card, once the formulas are typeset."""
    cards: dict[str, str] = {}
    if app.builder.format == "html" and PAGE in env.all_docs:
        for term, definition in definitions(env.get_and_resolve_doctree(PAGE, app.builder)):
            text = "".join(
                app.builder.render_partial(child)["fragment"]  # type: ignore[attr-defined]
                for child in without_links(definition)
            )
            head = f'<p class="term">{html.escape(term.astext())}</p>'
            for name in term["ids"]:
                start = f'<div id="card-{name}" class="card-of-term" role="tooltip" hidden>'
                cards[name] = f"{start}{head}{text}</div>"
    cast(Cards, app.builder).cards_of_terms = cards


def with_cards(body: str, cards: Mapping[str, str]) -> str:
    """Return a page's text with a card for each term that it links.

    >>> page = '<a class="reference internal" href="notation.html#term-law">law</a>'
    >>> print(with_cards(page, {"term-law": "what stays"}))
    <a class="term" href="notation.html#term-law" aria-describedby="card-term-law">law</a>
    <div class="cards">what stays</div>
    """
    named = [name for name in dict.fromkeys(LINK.findall(body)) if name in cards]
    for name in named:
        new = rf'<a class="term" \1 aria-describedby="card-{name}">'
        body = re.sub(rf'<a class="reference internal" (href="[^"#]*#{name}")>', new, body)
    shown = "".join(cards[name] for name in named)
    return f'{body}\n<div class="cards">{shown}</div>' if named else body


def add_cards(app: Sphinx, page: str, template: str, context: dict[str, Any], *_: object) -> None:
    """Give a page the cards of its terms."""
    if page != PAGE and "body" in context:
        context["body"] = with_cards(context["body"], cast(Cards, app.builder).cards_of_terms)


def setup(app: Sphinx) -> ExtensionMetadata:
    """Connect the steps; the formulas are typeset at 500."""
    app.connect("env-updated", make_cards, priority=600)
    app.connect("html-page-context", add_cards)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
