"""Finish the pages that are written: light, with formulas kept whole, closed to all from elsewhere.

A Sphinx extension: what each step does stands in `lighten.py`, `tables.py`, `typography.py`
and `policy.py`.
"""

from collections.abc import Iterable
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util.typing import ExtensionMetadata

import lighten
import policy
import tables
import typography


def finish_site(app: Sphinx, exception: Exception | None) -> None:
    """Finish every page, once Sphinx has written all of them."""
    if exception or app.builder.format != "html":
        return
    site = Path(app.outdir)
    paths = [path for path in site.rglob("*.html") if "_static" not in path.parts]
    texts = {path: path.read_text(encoding="utf-8") for path in paths}
    pages = {path: text for path, text in texts.items() if "</head>" in text}  # no mere redirect
    handlers = [code for page in pages.values() for code in policy.handlers_of(page)]
    lighten.clear(site / "_static")
    for path, page in pages.items():
        if policy.META not in page:  # one that has it is left from an older build
            top = "../" * len(path.relative_to(site).parent.parts)
            if path.name == "404.html":  # shown at any depth
                top = app.config.notfound_urls_prefix
            light = lighten.lightened(tables.name_cells(page), site, top)
            path.write_text(policy.closed(typography.keep_whole(light), handlers), encoding="utf-8")
    lighten.subset_icons(site / "_static", pages.values(), Path(app.doctreedir))


def write_all(app: Sphinx, env: BuildEnvironment) -> Iterable[str]:
    """Have Sphinx write every page: what it wrote before is finished already."""
    return sorted(env.all_docs)


def setup(app: Sphinx) -> ExtensionMetadata:
    """Connect the steps; the last comes after every other extension's."""
    app.connect("env-updated", write_all)
    app.connect("build-finished", finish_site, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
