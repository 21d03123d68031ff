"""Finish the pages that are written: formulas typeset, light, closed to all from elsewhere.

A Sphinx extension: what each step does stands in `typeset.py`, `lighten.py`, `typography.py` and
`policy.py`. It takes every page for new, as after `tools/build.py`, which leaves no older site.
"""

from pathlib import Path

from sphinx.application import Sphinx
from sphinx.util.typing import ExtensionMetadata

from lighten import lightened, subset_icons
from policy import closed, handlers_of
from typeset import typeset_pages
from typography import keep_whole


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
        whole = keep_whole(lightened(page, site, top))
        path.write_text(closed(whole, handlers), encoding="utf-8")
    subset_icons(site / "_static", pages.values())


def setup(app: Sphinx) -> ExtensionMetadata:
    """Connect the step, after every other extension's."""
    app.connect("build-finished", finish_site, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
