"""Keep of the scripts, styles and fonts what a page uses, of the first two in one bundle each.

And load figures when they come into view. `finish.py` has each page pass through here.
"""

import hashlib
import io
import logging
import re
from collections.abc import Iterable
from functools import partial
from importlib.metadata import version
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont

from kept import kept

logging.getLogger("fontTools").setLevel(logging.WARNING)

SCRIPT = re.compile(r"[ \t]*<script([^>]*)>(.*?)</script>\n?", flags=re.DOTALL)
OWN_SCRIPT = re.compile(r' src="[^"]*_static/((?:scripts/)?[\w.-]+\.js)(?:\?[^"]*)?"')
OWN_STYLE = re.compile(
    r'[ \t]*<link rel="stylesheet" type="text/css" href="[^"]*_static/([\w.-]+\.css)[^"]*" />\n?'
)
USED_WITH = {  # what a page has that uses a script
    **dict.fromkeys(("searchtools.js", "language_data.js", "searchindex.js"), "search-results"),
    "design-tabs.js": "sd-tab-set",
    "cards.js": 'class="cards"',
    **dict.fromkeys(("network.js", "live.js"), 'class="live"'),
    **{f"/{name}.js": f'"figure": "{name}"' for name in ("law", "plane", "foot", "walk", "border")},
}


def without_unused(page: str) -> str:
    """Drop the scripts that a page does not use."""
    unused = [script for script, use in USED_WITH.items() if use not in page]
    unused.append("fontawesome.js")  # the icons are letters of a font
    names = "|".join(map(re.escape, unused))
    page = re.sub(rf'[ \t]*<script[^>]*src="[^"]*(?:{names})[^"]*"></script>\n?', "", page)
    return re.sub(r'[ \t]*<link rel="preload"[^>]*>\n?', "", page)


def bundle(page: str, contents: dict[re.Match[str], str], where: int, tag: str, file: Path) -> str:
    """Write to one file, named by its content, what several held; name it in the place of one."""
    content = "\n".join(contents.values())
    digest = hashlib.sha256(content.encode()).hexdigest()[:12]
    file = file.with_stem(f"{file.stem}-{digest}")
    file.write_text(content, encoding="utf-8")
    matches = list(contents)
    for match in reversed(matches):
        new = tag.format(file.name) if match is matches[where] else ""
        page = page[: match.start()] + new + page[match.end() :]
    return page


def bundle_styles(page: str, static: Path, top: str) -> str:
    """Let one style sheet hold all that lie in _static itself; a theme's own come before it."""
    matches = OWN_STYLE.finditer(page)
    contents = {match: (static / match[1]).read_text(encoding="utf-8") for match in matches}
    tag = f'    <link rel="stylesheet" href="{top}_static/{{}}" />\n'
    return bundle(page, contents, -1, tag, static / "bundle.css")


def script_content(match: re.Match[str], static: Path) -> str | None:
    """Return what a script of the bundle runs; None where a script stays where it is."""
    attributes, inline = match.groups()
    own = OWN_SCRIPT.fullmatch(attributes)
    if own:
        return f"{(static / own[1]).read_text(encoding='utf-8')};"
    # What is set for this page alone would make each page's bundle another.
    return None if attributes or "DOCUMENTATION_OPTIONS." in inline else f"{inline};"


def bundle_scripts(page: str, static: Path, top: str) -> str:
    """Let one script run what the head's plain scripts ran, in their order."""
    found = SCRIPT.finditer(page, 0, page.index("</head>"))
    contents = {match: content for match in found if (content := script_content(match, static))}
    tag = f'    <script src="{top}_static/{{}}"></script>\n'
    return bundle(page, contents, 0, tag, static / "bundle.js")


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


def lightened(page: str, site: Path, top: str) -> str:
    """Return a page that loads what it uses, from a folder ``top`` above it."""
    page = bundle_styles(without_unused(page), site / "_static", top)
    return size_images(bundle_scripts(page, site / "_static", top), site / "_images")


def kept_subset(source: Path, codes: set[int], memory: Path) -> bytes:
    """Return a font with these characters only, from the folder ``memory`` if it is there."""
    key = (source.read_bytes(), str(sorted(codes)), version("fonttools"))
    return kept(memory / source.name, partial(subset_of, source, codes), *key)


def subset_of(source: Path, codes: set[int]) -> bytes:
    """Return a font with these characters only, compressed for the web."""
    font, file = TTFont(source, recalcTimestamp=False), io.BytesIO()
    options = subset.Options(flavor="woff2", notdef_outline=True)
    options.drop_tables += ["FFTM"]  # the font editor's time stamp
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=codes)
    subsetter.subset(font)
    subset.save_font(font, file, options)
    return file.getvalue()


def icons(names: set[str], css: str) -> set[int]:
    r"""Return the code points of icons by their class names, and of those that a style sheet shows.

    >>> sorted(map(hex, icons({"fa-bars"}, r'.fa-bars:before,.fa-navicon:before{content:"\f0c9"}')))
    ['0xf0c9']
    """
    codes = {char for char in map(ord, css) if 0xE000 <= char <= 0xF8FF}
    for selectors, code in re.findall(r'([^{}]*):before\{content:"\\(\w+)"', css):
        if names.intersection(re.findall(r"\.(fa-[\w-]+)", selectors)):
            codes.add(int(code, 16))
    return codes


def subset_icons(static: Path, pages: Iterable[str], memory: Path) -> None:
    """Keep of the theme's icons what the pages and the theme's scripts name."""
    (static / "scripts" / "fontawesome.js").unlink()
    scripts = [static / "scripts" / f"{name}.js" for name in ("pydata-sphinx-theme", "bootstrap")]
    texts = [*pages, *(path.read_text(encoding="utf-8") for path in scripts)]
    names = {name for text in texts for name in re.findall(r"\bfa-[\w-]+", text)}
    css = (static / "styles" / "pydata-sphinx-theme.css").read_text(encoding="utf-8")
    codes = icons(names, css)
    for font in (static / "vendor" / "fontawesome" / "webfonts").glob("*.woff2"):
        font.write_bytes(kept_subset(font, codes, memory))
