"""Finish the built pages: light, closed to everything from elsewhere, described to those who link.

A Sphinx extension. A page keeps the scripts, styles and icons that it uses, small files go into one
bundle of each kind, and its content security policy names what is left.
"""

import base64
import hashlib
import html
import io
import re
from collections.abc import Collection, Iterable
from functools import partial
from pathlib import Path
from typing import Any, Protocol, cast

import matplotlib.pyplot as plt
import numpy as np
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.environment import BuildEnvironment
from sphinx.util.typing import ExtensionMetadata

from forge import site_address
from kept import kept
from typeset import write_subset

DESCRIPTION = 200  # characters; search engines show about 160
CARD = (1200, 630)  # pixels, what the networks ask for


class PageBuilder(Protocol):
    """Sphinx' builder of HTML, and what this extension keeps on it."""

    written_pages: list[str]

    def get_outfilename(self, pagename: str) -> str:
        """Return the file of a page."""


def set_address(app: Sphinx, config: Config) -> None:
    """Let Sphinx write absolute addresses where the book's own is known."""
    config.html_baseurl = config.html_baseurl or site_address()


# ------------------------------------------------------------------- what a page says of itself


def plain(paragraph: nodes.paragraph) -> str:
    """Return a paragraph as plain text: whole sentences, up to the first formula of any length."""
    copy = paragraph.deepcopy()
    for formula in list(copy.findall(nodes.math)):
        if re.search(r"[\\^_{}]", formula.astext()):
            formula.replace_self(nodes.Text("\f"))
    text: str = copy.astext()
    text, cut, _ = text.partition("\f")
    if not cut:
        return text
    sentences = re.match(r".*[.?!](?=\s)", text, flags=re.DOTALL)
    return sentences[0] if sentences else ""


def describe(page: nodes.document) -> str:
    """Return the first sentences of a page's first paragraph."""
    texts = (" ".join(plain(paragraph).split()) for paragraph in page.findall(nodes.paragraph))
    text = next(filter(None, texts), "")
    if len(text) <= DESCRIPTION:
        return text
    sentences = re.match(rf"(.{{{DESCRIPTION // 3},{DESCRIPTION}}}[.?!])\s", text)
    return sentences[1] if sentences else text[: text.rindex(" ", 0, DESCRIPTION)] + " ..."


def add_description(
    app: Sphinx,
    page: str,
    template: str,
    context: dict[str, Any],
    doctree: nodes.document | None,
) -> None:
    """Tell search engines and those who share a link what the page is about."""
    title = html.unescape(re.sub(r"<[^>]*>", "", context.get("title") or ""))
    book = app.config.html_title
    text = describe(doctree) if doctree else f"{title}: {book}"
    base = app.config.html_baseurl
    image = f"_images/card-{page.replace('/', '-')}.png"
    properties = {
        "og:title": title,
        "og:description": text,
        "og:type": "article",
        "og:site_name": book,
        "og:image": base + image if base else context["pathto"](image, 1),
        "og:image:width": str(CARD[0]),
        "og:image:height": str(CARD[1]),
        "og:image:alt": f"{title}. {book}.",
    }
    if base:
        properties["og:url"] = base + app.builder.get_target_uri(page)
    tags = [f'<meta name="description" content="{html.escape(text)}" />']
    tags += [
        f'<meta property="{name}" content="{html.escape(value)}" />'
        for name, value in properties.items()
    ]
    tags.append('<meta name="twitter:card" content="summary_large_image" />')
    context["metatags"] = "\n".join([context.get("metatags", ""), *tags])
    target = Path(app.outdir) / image
    key = (title, book, Path(__file__).read_bytes())
    card = kept(Path(app.doctreedir) / target.name, partial(draw_card, title, book), *key)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(card)


def draw_card(title: str, book: str) -> bytes:
    """Draw what a network shows beside a link: the page's title, the book's, and the law."""
    dpi, file = 100, io.BytesIO()
    figure = plt.figure(figsize=(CARD[0] / dpi, CARD[1] / dpi), dpi=dpi, facecolor="#1b1f27")
    figure.text(0.07, 0.86, book, color="#a8b3c4", fontsize=24, va="top")
    figure.text(0.07, 0.70, title.replace("$", r"\$"), color="white", fontsize=44, va="top", wrap=1)
    law = r"$\frac{1}{2}\,\Vert W_i\Vert^2 - \langle W_{i+1}, B_{i+1}\rangle$"
    figure.text(0.07, 0.14, law, color="#56B4E9", fontsize=34, va="center", math_fontfamily="cm")
    plane = figure.add_axes((0.6, 0.03, 0.36, 0.4), xlim=(-2.6, 2.6), ylim=(-2, 1.4))
    plane.axis("off")
    w = np.linspace(-2.6, 2.6, 101)
    for Q in range(-1, 4):  # the parabolas of the landing page, and a run along one of them
        plane.plot(w, w**2 / 2 - Q, color="#a8b3c4", alpha=0.4)
    run = w[(w > 0.5) & (w < 2.1)]
    plane.plot(run, run**2 / 2 - 1.625, color="#D55E00", linewidth=6)
    figure.savefig(file, dpi=dpi)
    plt.close(figure)
    return file.getvalue()


# ----------------------------------------------------------------------------- what a page loads

SCRIPT = re.compile(r"[ \t]*<script([^>]*)>(.*?)</script>\n?", flags=re.DOTALL)
OWN_SCRIPT = re.compile(r' src="[^"]*_static/((?:scripts/)?[\w.-]+\.js)(?:\?[^"]*)?"')
OWN_STYLE = re.compile(
    r'[ \t]*<link rel="stylesheet" type="text/css" href="[^"]*_static/([\w.-]+\.css)[^"]*" />\n?'
)
SEARCH = ("searchtools.js", "language_data.js", "searchindex.js")


def without_unused(page: str) -> str:
    """Drop the scripts that a page does not use."""
    unused = ["fontawesome.js"]
    unused += [] if 'id="search-results"' in page else SEARCH
    unused += [] if "sd-tab-set" in page else ["design-tabs.js"]
    unused += [] if 'class="live"' in page else ["network.js", "live.js"]
    unused += [] if '"figure": "plane"' in page else ["plane.js"]
    names = "|".join(map(re.escape, unused))
    page = re.sub(rf'[ \t]*<script[^>]*src="[^"]*(?:{names})[^"]*"></script>\n?', "", page)
    return re.sub(r'[ \t]*<link rel="preload"[^>]*>\n?', "", page)


def write_bundle(static: Path, content: str, kind: str) -> str:
    """Write what several files held as one, named by its content; return the name."""
    name = f"bundle-{hashlib.sha256(content.encode()).hexdigest()[:12]}.{kind}"
    (static / name).write_text(content, encoding="utf-8")
    return name


def replace_all(page: str, matches: list[re.Match[str]], where: int, new: str) -> str:
    """Put `new` in the place of one match, and nothing in that of the others."""
    for index, match in reversed(list(enumerate(matches))):
        page = page[: match.start()] + (new if index == where else "") + page[match.end() :]
    return page


def bundle_styles(page: str, static: Path, top: str) -> str:
    """Let one style sheet hold all that lie in _static itself; a theme's own come before it."""
    matches = list(OWN_STYLE.finditer(page))
    content = "\n".join((static / match[1]).read_text(encoding="utf-8") for match in matches)
    name = write_bundle(static, content, "css")
    link = f'    <link rel="stylesheet" href="{top}_static/{name}" />\n'
    return replace_all(page, matches, len(matches) - 1, link)


def script_content(match: re.Match[str], static: Path) -> str | None:
    """Return what a script of the bundle runs; None where a script stays where it is."""
    attributes, inline = match.groups()
    own = OWN_SCRIPT.fullmatch(attributes)
    if own:
        return (static / own[1]).read_text(encoding="utf-8")
    # What is set for this page alone would make each page's bundle another.
    return inline if not attributes and "DOCUMENTATION_OPTIONS." not in inline else None


def bundle_scripts(page: str, static: Path, top: str) -> str:
    """Let one script run what the head's plain scripts ran, in their order."""
    head = page.index("</head>")
    contents = [(m, script_content(m, static)) for m in SCRIPT.finditer(page, 0, head)]
    bundled = {match: content for match, content in contents if content is not None}
    name = write_bundle(static, ";\n".join(bundled.values()), "js")
    script = f'    <script src="{top}_static/{name}"></script>\n'
    return replace_all(page, list(bundled), 0, script)


def size_images(page: str, images: Path) -> str:
    """Load figures when they come into view, and keep their place free until then."""

    def sized(match: re.Match[str]) -> str:
        name = match[1]
        tag = match[0].replace("<img ", '<img loading="lazy" ')
        head = (images / name).read_bytes()[:600].decode("utf-8", errors="replace")
        size = re.search(r'<svg[^>]* width="([\d.]+)pt" height="([\d.]+)pt"', head)
        if not size:
            return tag
        width, height = (round(float(points) * 4 / 3) for points in size.groups())
        return tag.replace("<img ", f'<img width="{width}" height="{height}" ')

    return re.sub(r'<img [^>]*src="[^"]*_images/([^"]+)"[^>]*>', sized, page)


def keep_whole(page: str) -> str:
    r"""Let no line end between a formula and the brackets and stops around it.

    >>> keep_whole('of (<span class="math notranslate">x</span>), and')
    'of <span class="whole">(<span class="math notranslate">x</span>),</span> and'
    """

    def whole(match: re.Match[str]) -> str:
        around = match[1] or match[2]
        return f'<span class="whole">{match[0]}</span>' if around else match[0]

    formula = r'<span class="math notranslate[^"]*"[^>]*>(?:(?!</span>).)*</span>'
    return re.sub(rf"([(\[“]*){formula}([.,;:!?)\]”]*)", whole, page, flags=re.DOTALL)


def handlers_of(page: str) -> list[str]:
    """Return what a page's buttons run, from attributes such as onclick."""
    return re.findall(r'<[^>]* on[a-z]+="([^"]*)"', page)


def policy(page: str, handlers: list[str]) -> str:
    """Return a content security policy: the site's own files, and what the page has inline.

    The handlers are those of all pages: the search parses the others to show excerpts.
    """
    scripts = [
        body for attributes, body in SCRIPT.findall(page) if "src=" not in attributes and body
    ]
    styles = re.findall(r"<style[^>]*>(.*?)</style>", page, flags=re.DOTALL)
    attributes = re.findall(r'<[^>]* style="([^"]*)"', page)
    return "; ".join(
        [
            "default-src 'none'",
            f"script-src 'self' {hashes(scripts, handlers)}",
            f"style-src 'self' {hashes(styles, attributes)}",
            "img-src 'self' data:",
            "font-src 'self'",
            "connect-src 'self'",  # the search page reads the pages it shows excerpts of
            "base-uri 'none'",
            "form-action 'self'",
        ]
    )


def hashes(elements: Iterable[str], attributes: Collection[str]) -> str:
    """Return what a policy allows inline elements, and attributes such as onclick, by.

    >>> hashes(["let x = 1;"], [])
    "'sha256-qtc3jf64UXA5J6U02kfQ0Cvn9Uz4wXUaN3NNUVgR2v4='"
    """
    texts = [*elements, *map(html.unescape, attributes)]
    digests = dict.fromkeys(hashlib.sha256(text.encode()).digest() for text in texts)
    sources = [f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests]
    return " ".join(["'unsafe-hashes'", *sources] if attributes else sources)


def finish(path: Path, site: Path, handlers: list[str]) -> None:
    """Finish one page."""
    page = path.read_text(encoding="utf-8")
    top = "../" * len(path.relative_to(site).parent.parts)
    page = without_unused(page)
    page = bundle_styles(page, site / "_static", top)
    page = bundle_scripts(page, site / "_static", top)
    page = size_images(page, site / "_images")
    page = keep_whole(page)
    meta = f'<meta http-equiv="Content-Security-Policy" content="{policy(page, handlers)}" />'
    page = page.replace('<meta charset="utf-8" />', f'<meta charset="utf-8" />\n    {meta}', 1)
    path.write_text(page, encoding="utf-8")


def icons(names: set[str], css: str) -> set[int]:
    r"""Return the code points of icons by their class names, and of those that a style sheet shows.

    >>> sorted(map(hex, icons({"fa-bars"}, r'.fa-bars:before,.fa-navicon:before{content:"\f0c9"}')))
    ['0xf0c9']
    """
    codes = {char for char in map(ord, css) if 0xE000 <= char <= 0xF8FF}
    for rule in css.split("}"):
        selectors, _, content = rule.partition(':before{content:"\\')
        if content and names & set(re.findall(r"\.(fa-[\w-]+)", selectors)):
            codes.add(int(content.rstrip('"'), 16))
    return codes


def subset_icons(static: Path, texts: Iterable[str], memory: Path) -> None:
    """Keep of the theme's icon fonts what the pages and the scripts name."""
    names = {name for text in texts for name in re.findall(r"\bfa-[\w-]+", text)}
    css = (static / "styles" / "pydata-sphinx-theme.css").read_text(encoding="utf-8")
    codes = icons(names, css)
    for font in (static / "vendor" / "fontawesome" / "webfonts").glob("*.woff2"):
        write_subset(font, font, codes, memory)


def finish_site(app: Sphinx, exception: Exception | None) -> None:
    """Finish every page, once Sphinx has written all of them."""
    if exception or app.builder.format != "html":
        return
    site = Path(app.outdir)
    static = site / "_static"
    (static / "scripts" / "fontawesome.js").unlink()  # the icons are letters of a font
    for old in static.glob("bundle-*"):
        old.unlink()
    builder = cast(PageBuilder, app.builder)
    pages = [site / builder.get_outfilename(name) for name in builder.written_pages]
    handlers = [code for path in pages for code in handlers_of(path.read_text(encoding="utf-8"))]
    for path in pages:
        finish(path, site, handlers)
    scripts = [static / "scripts" / f"{name}.js" for name in ("pydata-sphinx-theme", "bootstrap")]
    texts = (path.read_text(encoding="utf-8") for path in [*pages, *scripts])
    subset_icons(static, texts, Path(app.doctreedir))


def write_all(app: Sphinx, env: BuildEnvironment) -> Iterable[str]:
    """Have Sphinx write every page: what it wrote before is finished already."""
    cast(PageBuilder, app.builder).written_pages = []
    return sorted(env.all_docs)


def note_page(app: Sphinx, page: str, *_: object) -> None:
    """Remember what is written: documents, and Sphinx' own pages, such as the search."""
    cast(PageBuilder, app.builder).written_pages.append(page)


def setup(app: Sphinx) -> ExtensionMetadata:
    """Connect the steps; the last comes after every other extension's."""
    app.connect("config-inited", set_address)
    app.connect("env-updated", write_all)
    app.connect("html-page-context", add_description)
    app.connect("html-page-context", note_page)
    app.connect("build-finished", finish_site, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": False}
