"""Weigh the built book: what a reader's first view of each page loads.

    python tools/weigh.py [SITE]

Fails where a page is heavier than the bounds. Counts requests and bytes, compressed as a server
does, from the files alone: the page, what it links, what that imports, and every font that the
styles name, though a page seldom needs all. Figures that load as they come into view are left out.
"""

import gzip
import posixpath
import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parent.parent
REQUESTS, KILOBYTES = 25, 300  # at most, for the first view of a page
COMPRESSED = {".woff2", ".woff", ".png", ".jpg"}  # already; servers send them as they are


def named_in_page(text: str) -> Iterator[str]:
    """Yield the addresses that a page loads at once."""
    loads = r'<(?:script|img|link(?=[^>]* rel="(?:stylesheet|icon)"))\b[^>]*>'
    for tag in re.findall(loads, text):
        address = re.search(r'\b(?:src|href)="([^"]*)"', tag)
        if address and 'loading="lazy"' not in tag:
            yield address[1]


def named_in_style(text: str) -> Iterator[str]:
    """Yield the style sheets that one imports, and its fonts in their best format."""
    yield from re.findall(r'@import\s+(?:url\()?["\']?([^"\')]+)', text)
    for face in re.findall(r"@font-face[^{]*\{[^}]*\}", text):
        yield from re.findall(r'url\(["\']?([^"\')]*\.woff2)', face)


@cache  # most pages load the same
def compressed(data: bytes) -> int:
    """Return the size that a server would send."""
    return len(gzip.compress(data, mtime=0))


def first_view(site: Path, page: str) -> dict[str, int]:
    """Return the compressed size in bytes of each file that a page's first view loads.

    Raises
    ------
    ValueError
        Where the page would load from another host.
    FileNotFoundError
        Where a file that it names is not there.
    """
    sizes: dict[str, int] = {}
    waiting = [page]
    while waiting:
        name = waiting.pop()
        if name in sizes:
            continue
        data = (site / name).read_bytes()
        suffix = Path(name).suffix
        sizes[name] = len(data) if suffix in COMPRESSED else compressed(data)
        named = {".html": named_in_page, ".css": named_in_style}.get(suffix)
        for address in named(data.decode("utf-8")) if named else ():
            parts = urlsplit(address)
            if parts.scheme == "data":
                continue
            if parts.netloc:
                raise ValueError(f"{name} loads {address}; expected a file of the site")
            waiting.append(posixpath.normpath(posixpath.join(posixpath.dirname(name), parts.path)))
    return sizes


def main() -> None:
    """Print a table, and name the pages that are too heavy."""
    site = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "_build" / "html"
    heavy = []
    print(f"{'page':40} requests  KB compressed")
    for path in sorted(site.glob("book/*.html")):
        page = path.relative_to(site).as_posix()
        sizes = first_view(site, page)
        kilobytes = sum(sizes.values()) / 1000
        print(f"{page:40} {len(sizes):8} {kilobytes:14.0f}")
        if len(sizes) > REQUESTS or kilobytes > KILOBYTES:
            heavy.append(page)
    if heavy:
        sys.exit(f"more than {REQUESTS} requests or {KILOBYTES} KB: {', '.join(heavy)}")


if __name__ == "__main__":
    main()
