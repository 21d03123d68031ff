"""Keep of the scripts, styles and icons what a page uses, in one bundle of each kind.

And load figures when they come into view. `finish.py` has each page pass through here.
"""

import hashlib
import re
from collections.abc import Iterable
from pathlib import Path

from fonts import write_subset

SCRIPT = re.compile(r"[ \t]*<script([^>]*)>(.*?)</script>\n?", flags=re.DOTALL)
OWN_SCRIPT = re.compile(r' src="[^"]*_static/((?:scripts/)?[\w.-]+\.js)(?:\?[^"]*)?"')
OWN_STYLE = re.compile(
    r'[ \t]*<link rel="stylesheet" type="text/css" href="[^"]*_static/([\w.-]+\.css)[^"]*" />\n?'
)
EXPLORABLE = ("law", "plane", "foot", "walk", "border")  # each has a script of its name
SEARCH = ("searchtools.js", "language_data.js", "searchindex.js")


def without_unused(page: str) -> str:
    """Drop the scripts that a page does not use."""
    unused = ["fontawesome.js"]
    unused += [] if 'id="search-results"' in page else SEARCH
    unused += [] if "sd-tab-set" in page else ["design-tabs.js"]
    unused += [] if 'class="cards"' in page else ["cards.js"]
    unused += [] if 'class="live"' in page else ["network.js", "live.js"]
    unused += [f"/{name}.js" for name in EXPLORABLE if f'"figure": "{name}"' not in page]
    names = "|".join(map(re.escape, unused))
    page = re.sub(rf'[ \t]*<script[^>]*src="[^"]*(?:{names})[^"]*"></script>\n?', "", page)
    return re.sub(r'[ \t]*<link rel="preload"[^>]*>\n?', "", page)


def clear(static: Path) -> None:
    """Remove what no page needs: a script, for the icons are letters of a font, and old bundles."""
    for path in (static / "scripts" / "fontawesome.js", *static.glob("bundle-*")):
        path.unlink()


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


def lightened(page: str, site: Path, top: str) -> str:
    """Return a page that loads what it uses, from a folder ``top`` above it."""
    page = bundle_styles(without_unused(page), site / "_static", top)
    return size_images(bundle_scripts(page, site / "_static", top), site / "_images")


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


def subset_icons(static: Path, pages: Iterable[str], memory: Path) -> None:
    """Keep of the theme's icon fonts what the pages and the theme's scripts name."""
    scripts = [static / "scripts" / f"{name}.js" for name in ("pydata-sphinx-theme", "bootstrap")]
    texts = [*pages, *(path.read_text(encoding="utf-8") for path in scripts)]
    names = {name for text in texts for name in re.findall(r"\bfa-[\w-]+", text)}
    css = (static / "styles" / "pydata-sphinx-theme.css").read_text(encoding="utf-8")
    codes = icons(names, css)
    for font in (static / "vendor" / "fontawesome" / "webfonts").glob("*.woff2"):
        write_subset(font, font, codes, memory)
