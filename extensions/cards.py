"""Show what is behind a link where it stands, on a card, which `book/static/cards.js` opens.

A Sphinx extension. A page gets a card for each term that it links in the glossary, on the page of
notation, for each symbol that it links there (see `symbols.py`), and for each claim that a badge on
it names, {claim}`name`, from the scorecard; that page links back to the sentence. Nothing is
fetched, so the cards are there on a disk, too.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Protocol, cast

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import logging
from sphinx.util.docutils import SphinxRole
from sphinx.util.typing import ExtensionMetadata

from symbols import NOTATION, Meanings

SCORECARD = "book/scorecard"
LINK = re.compile(
    r'<a class="(?:claimed |symbol )?reference internal" '
    r'href="[^"#]*#((?:term|claim|symbol)-[\w-]+)"'
)
SYMBOL = re.compile(r'<a class="symbol term"([^>]*)>(.*?)</a>', flags=re.DOTALL)
logger = logging.getLogger(__name__)


class Cards(Protocol):
    """What this extension keeps on Sphinx' builder."""

    cards: dict[str, str]  # by the anchor that they tell of


class ClaimRole(SphinxRole):
    """Set a badge beside the sentence that a claim carries."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        """Link the claim's row in the scorecard."""
        said = self.env.metadata[self.env.docname].setdefault("claims", [])
        said.append(self.text)
        badge = nodes.reference("", "\N{CHECK MARK}", refuri=f"#claim-{self.text}", internal=True)
        badge["classes"].append("claimed")
        badge["ids"] = [f"said-{self.text}"] if said.count(self.text) == 1 else []
        return [badge], []


def said_on(env: BuildEnvironment) -> dict[str, str]:
    """Return for each claim that has a badge the first page that has it."""
    pages = reversed(sorted(env.all_docs))
    return {name: page for page in pages for name in env.metadata[page].get("claims", ())}


class Badges(SphinxPostTransform):
    """Link badges to the scorecard, and its verdicts to the sentences that the claims carry."""

    default_priority = 150
    formats = ("html",)

    def run(self, **kwargs: object) -> None:
        """Link both ways; the word of a verdict is the link."""
        here, address = self.env.docname, self.app.builder.get_relative_uri
        for badge in self.document.findall(nodes.reference):
            if "claimed" in badge["classes"]:
                badge["refuri"] = address(here, SCORECARD) + badge["refuri"]
        said = said_on(self.env) if here == SCORECARD else {}
        for verdict in list(self.document.findall(nodes.inline)):
            name = next(iter(verdict.get("ids", ())), "").removeprefix("claim-")
            if name in said:
                there = f"{address(here, said[name])}#said-{name}"
                link = nodes.reference("", verdict.astext(), refuri=there, internal=True)
                verdict.children = []
                verdict += link


def definitions(page: nodes.document) -> Iterator[tuple[list[str], str, list[nodes.Node]]]:
    """Yield of each term in a glossary its names, its title, and what defines it."""
    for item in page.findall(nodes.definition_list_item):
        *terms, definition = item.children
        for term in terms:
            if isinstance(term, nodes.term):
                yield term["ids"], term.astext(), definition.children


def verdicts(page: nodes.document) -> Iterator[tuple[list[str], str, list[nodes.Node]]]:
    """Yield of each claim in the scorecard its name, its verdict, and what was measured."""
    for row in page.findall(nodes.row):
        ids = [name for node in row.findall(nodes.inline) for name in node["ids"]]
        if ids:
            statement, source, measured, bound, verdict = (
                entry.deepcopy() for entry in row.children
            )
            record = nodes.paragraph("", "Measured: ")
            if measured.astext() == bound.astext():  # as `page.claim` says it
                record += nodes.Text("within the bound, ")
            else:
                record += [*measured[0].children, nodes.Text("; bound: ")]
            record += [*bound[0].children, nodes.Text("; "), *source[0].children, nodes.Text(".")]
            yield ids, verdict.astext(), [*statement.children, record]


def without_links(node: nodes.Node) -> nodes.Node:
    """Return a copy without links: a card can have none, as it follows its term."""
    copy = node.deepcopy()
    for link in [*copy.findall(nodes.reference), *copy.findall(addnodes.pending_xref)]:
        link.replace_self(link.children)
    return copy


def card(name: str, title: list[nodes.Node], content: list[nodes.Node], builder: Any) -> str:
    """Return a card, with what it says in HTML."""
    content = [nodes.paragraph("", "", *title, classes=["term"]), *content]
    text = "".join(builder.render_partial(without_links(child))["fragment"] for child in content)
    return f'<div id="card-{name}" class="card-of-term" role="tooltip" hidden>{text}</div>'


def make_cards(app: Sphinx, env: BuildEnvironment) -> None:
    """Write the cards of terms, symbols, and claims that have a badge."""
    if app.builder.format != "html":
        return
    cards: dict[str, str] = {}
    said = {f"claim-{name}" for name in said_on(env)}
    for page, read in ((NOTATION, definitions), (SCORECARD, verdicts)):
        if page not in env.all_docs:
            continue
        for names, title, content in read(env.get_and_resolve_doctree(page, app.builder)):
            wanted = names if page == NOTATION else said.intersection(names)
            titled = [nodes.Text(title)]
            cards |= {name: card(name, titled, content, app.builder) for name in wanted}
    if NOTATION in env.all_docs:
        meanings = cast(Meanings, app.builder).meanings.values()
        rows = {meaning.anchor: meaning for meaning in meanings}  # one may tell of two symbols
        cards |= {anchor: card(*meaning, app.builder) for anchor, meaning in rows.items()}
    if SCORECARD in env.all_docs:
        for name in sorted(said - set(cards)):
            logger.warning("%s: no claim of this name is in the scorecard", name, type="cards")
    cast(Cards, app.builder).cards = cards


def name_symbols(page: str) -> str:
    """Name the links of symbols: not all that read a page aloud look into a formula.

    >>> print(name_symbols('<a class="symbol term" href="#w"><math><mi>W</mi></math></a>'))
    <a class="symbol term" href="#w" aria-label="W"><math><mi>W</mi></math></a>
    """

    def named(link: re.Match[str]) -> str:
        name = " ".join(re.sub("<[^>]*>", " ", link[2]).split())
        return f'<a class="symbol term"{link[1]} aria-label="{name}">{link[2]}</a>'

    return SYMBOL.sub(named, page)


def with_cards(body: str, cards: Mapping[str, str]) -> str:
    """Return a page's text with a card for each term, symbol and claim that it links.

    >>> page = '<a class="reference internal" href="notation.html#term-law">law</a>'
    >>> print(with_cards(page, {"term-law": "what stays"}))
    <a class="term" href="notation.html#term-law" aria-describedby="card-term-law">law</a>
    <div class="cards">what stays</div>
    """
    wanted = [name for name in dict.fromkeys(LINK.findall(body)) if name in cards]
    for name in wanted:
        new = rf'<a class="\1term" \2 aria-describedby="card-{name}"'
        old = rf'<a class="(claimed |symbol )?reference internal" (href="[^"#]*#{name}")'
        body = re.sub(old, new, body)
    shown = "".join(cards[name] for name in wanted)
    return f'{body}\n<div class="cards">{shown}</div>' if wanted else body


def add_cards(app: Sphinx, page: str, template: str, context: dict[str, Any], *_: object) -> None:
    """Give a page the cards of what it links."""
    if page not in (NOTATION, SCORECARD) and "body" in context:
        context["body"] = with_cards(context["body"], cast(Cards, app.builder).cards)


def setup(app: Sphinx) -> ExtensionMetadata:
    """Connect the steps."""
    app.add_role("claim", ClaimRole())
    app.add_post_transform(Badges)
    app.connect("env-updated", make_cards)
    app.connect("html-page-context", add_cards)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
