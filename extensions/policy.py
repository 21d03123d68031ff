"""Write each page's content security policy: the site's own files, and what the page has inline.

`finish.py` has each page pass through here last.
"""

import base64
import hashlib
import html
import re
from collections.abc import Collection

from lighten import SCRIPT

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
    scripts = [body for attributes, body in SCRIPT.findall(page) if "src=" not in attributes]
    styles = re.findall(r"<style[^>]*>(.*?)</style>", page, flags=re.DOTALL)
    styled = re.findall(r'<[^>]* style="([^"]*)"', page)
    policy = POLICY.format(
        scripts=hashes([body for body in scripts if body], handlers), styles=hashes(styles, styled)
    )
    charset = '<meta charset="utf-8" />'
    meta = f'<meta http-equiv="Content-Security-Policy" content="{policy}" />'
    return page.replace(charset, f"{charset}\n    {meta}", 1)
