"""Write each page's content security policy: the site's own files, and what the page has inline.

`finish.py` has each page pass through here last.
"""

import base64
import hashlib
import html
import re
from collections.abc import Collection, Iterable

from lighten import SCRIPT

META = '<meta http-equiv="Content-Security-Policy"'


def handlers_of(page: str) -> list[str]:
    """Return what a page's buttons run, from attributes such as onclick."""
    return re.findall(r'<[^>]* on[a-z]+="([^"]*)"', page)


def policy_of(page: str, handlers: list[str]) -> str:
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


def closed(page: str, handlers: list[str]) -> str:
    """Return a page with its policy, before all that it loads."""
    charset = '<meta charset="utf-8" />'
    meta = f'{META} content="{policy_of(page, handlers)}" />'
    return page.replace(charset, f"{charset}\n    {meta}", 1)
