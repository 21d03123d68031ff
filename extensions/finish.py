"""Finish the pages that are written: formulas typeset, light, closed to all from elsewhere.

A Sphinx extension: what the steps do stands in `typeset.py`, `cards.py`, `tables.py`, `lighten.py`
and `typography.py`, but for the last, the content security policy: it allows the site's own files,
and what the page has inline. Every page is taken for new: `tools/build.py` leaves no older site.
"""

import base64
import hashlib
import html
import re
from collections.abc import Collection
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.util.typing import ExtensionMetadata

from cards import name_symbols
from lighten import SCRIPT, lightened, subset_icons
from tables import name_cells
from typeset import typeset_pages
from typography import keep_whole

POLICY = (
    "default-src 'none'; script-src 'self' {scripts}; style-src 'self' {styles}; "
    "img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; "  # the search page reads the pages it shows excerpts of
    "base-uri 'none'; form-action 'self'"
)


def handlers_of(page: str) -> list[str]:
    """Return what a page's buttons run, from attributes such as onclick."""
    return re.findall(r'<[^>]* on[a-z]+="([^"]*)"', page)


def hashes(elements: list[str], attributes: Collection[str]) -> str:
    """Return what a policy allows inline elements, and attributes such as onclick, by.

    >>> hashes(["let x = 1;"], [])
    "'sha256-qtc3jf64UXA5J6U02kfQ0Cvn9Uz4wXUaN3NNUVgR2v4='"
    """
    texts = [*elements, *map(html.unescape, attributes)]
    digests = dict.fromkeys(hashlib.sha256(text.encode()).digest() for text in texts)
    sources = [f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests]
    return " ".join(["'unsafe-hashes'", *sources] if attributes else sources)


def closed(page: str, handlers: list[str]) -> str:
    """Return a page with its policy, before all that it loads.

    The handlers are those of all pages: the search parses the others to show excerpts.
    """
    scripts = [body for _, body in SCRIPT.findall(page) if body]
    styles = re.findall(r"<style[^>]*>(.*?)</style>", page, flags=re.DOTALL)
    styled = re.findall(r'<[^>]* style="([^"]*)"', page)
    policy = POLICY.format(scripts=hashes(scripts, handlers), styles=hashes(styles, styled))
    charset = '<meta charset="utf-8" />'
    meta = f'<meta http-equiv="Content-Security-Policy" content="{policy}" />'
    return page.replace(charset, f"{charset}\n    {meta}", 1)


def finish_site(app: Sphinx, exception: Exception | None) -> None:
    """Finish every page, once Sphinx has written all of them."""
    if exception or app.builder.format != "html":
        return
    site = Path(app.outdir)
    paths = (path for path in site.rglob("*.html") if "_static" not in path.parts)
    texts = {path: path.read_text(encoding="utf-8") for path in paths}
    pages = {path: text for path, text in texts.items() if "</head>" in text}  # no mere redirect
    handlers = [code for page in pages.values() for code in handlers_of(page)]
    for path, page in typeset_pages(pages, app).items():
        top = "../" * len(path.relative_to(site).parent.parts)
        if path.name == "404.html":  # shown at any depth
            top = app.config.notfound_urls_prefix
        whole = keep_whole(lightened(name_cells(name_symbols(page)), site, top))
        path.write_text(closed(whole, handlers), encoding="utf-8")
    subset_icons(site / "_static", pages.values(), Path(app.doctreedir))


def setup(app: Sphinx) -> ExtensionMetadata:
    """Connect the step, after every other extension's."""
    app.connect("build-finished", finish_site, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
