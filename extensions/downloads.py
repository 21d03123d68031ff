"""Offer the book to take away: the built site, the notebooks with what they need, the PDF.

A Sphinx extension. The directive `downloads` marks where the list stands; the list is written when
the site is complete, with the sizes of the files. What was built twice the same is packed twice
the same, byte for byte.
"""

import html
import json
import re
import shutil
import zipfile
import zlib
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util.docutils import SphinxDirective
from sphinx.util.typing import ExtensionMetadata
from sphinx.writers.html5 import HTML5Translator
from sphinx.writers.latex import LaTeXTranslator

import fa_lib
from forge import repository

REPOSITORY = Path(fa_lib.__file__).resolve().parent.parent
FOLDER = "_downloads"
SITE, NOTEBOOKS, PDF = "fa_book_site.zip", "fa_book_notebooks.zip", "fa_book.pdf"
SHORT = {  # each with a link's text, and what follows it
    "page": ("One page", ": the law, its proof, the parabola, and the laws of other rules."),
    "slides": ("Slides", ", eight of them."),
    "rules": ("The table of rules and laws", ", by itself."),
}
BEGINNING = (1980, 1, 1, 0, 0, 0)  # of time, in a zip file
MARK = "<!-- downloads -->"
NEEDED = (
    *("pyproject.toml", "requirements.txt", "_toc.yml", "README.md", "LICENSE"),
    *("fa_lib/*.py", "benchmarks/*.json"),
)
README = """\
The notebooks of the book "{title}", executed, and the library that they are written over.

    python3 -m venv .venv
    .venv/bin/python -m pip install ".[book]"
    .venv/bin/jupyter lab book

On Windows the folder is .venv\\Scripts instead of .venv/bin. requirements.txt has the versions that
the outputs were made with.
"""


class Downloads(nodes.General, nodes.Element):  # type: ignore[misc]  # docutils has no types
    """Where the list of what there is to download stands."""


class DownloadsDirective(SphinxDirective):
    """Mark the place of the list."""

    def run(self) -> list[nodes.Node]:
        """Return the mark."""
        return [Downloads()]


def visit_html(translator: HTML5Translator, node: Downloads) -> None:
    """Write the mark; the files are made after the pages."""
    translator.body.append(MARK)
    raise nodes.SkipNode


def visit_latex(translator: LaTeXTranslator, node: Downloads) -> None:
    """Say in print where the list is."""
    translator.body.append("\nThe website of the book lists the files here.\n")
    raise nodes.SkipNode


def pack(target: Path, contents: dict[str, bytes]) -> None:
    """Write a zip file that depends on its contents alone."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(target, "w") as archive:
        for name, content in sorted(contents.items()):
            entry = zipfile.ZipInfo(name, BEGINNING)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, content)


def fill_in(notebook: bytes, address: str | None) -> bytes:
    r"""Return a notebook whose cell for Colab has the repository's address, if there is one.

    >>> fill_in(rb'"ADDRESS = \"\"\n"', "https://x.example/book").decode()
    '"ADDRESS = \\"https://x.example/book\\"\\n"'
    """
    empty, filled = (json.dumps(f'ADDRESS = "{value}"\n')[1:-1] for value in ("", address or ""))
    return notebook.decode("utf-8").replace(empty, filled).encode("utf-8")


def notebook_files(book: Path, title: str) -> dict[str, bytes]:
    """Return what the notebooks need to run, by its name in the archive."""
    address = repository()
    found = {"README.txt": README.format(title=title).encode("utf-8")}
    for pattern in NEEDED:
        for path in REPOSITORY.glob(pattern):
            found[path.relative_to(REPOSITORY).as_posix()] = path.read_bytes()
    kinds = (".ipynb", ".py", ".json", ".jsonl", ".npz", ".gz")
    for path in book.rglob("*"):
        if path.suffix in kinds and ".ipynb_checkpoints" not in path.parts:
            found[f"book/{path.relative_to(book).as_posix()}"] = path.read_bytes()
    return {
        f"fa_book/{name}": fill_in(content, address) if name.endswith(".ipynb") else content
        for name, content in found.items()
    }


def size(path: Path) -> str:
    """Return the size of a file as people say it."""
    kilobytes = path.stat().st_size / 1000
    return f"{kilobytes / 1000:.1f} MB" if kilobytes >= 1000 else f"{kilobytes:.0f} KB"


def pages_of(pdf: bytes) -> int:
    """Return how many pages a PDF has; LaTeX packs what says so."""
    packed = re.findall(rb"/ObjStm\b.*?stream\r?\n(.*?)endstream", pdf, flags=re.DOTALL)
    parts = [pdf, *(zlib.decompressobj().decompress(part) for part in packed)]  # a line may follow
    return sum(len(re.findall(rb"/Type\s*/Page\b", part)) for part in parts)


def item(path: Path, site: Path, text: str, note: str = "") -> str:
    """Return a line of the list: a link, the size, a word on what it is."""
    address = f"../{path.relative_to(site).as_posix()}"
    return f'<li><p><a href="{address}" download>{text}</a> ({size(path)}){note}</p></li>'


def single_notebooks(site: Path, titles: dict[str, str]) -> str:
    """Return a line for each page that is a notebook, in the order of the contents."""
    paths = {site / "_sources" / f"{page}.ipynb": title for page, title in titles.items()}
    lines = [item(path, site, html.escape(text)) for path, text in paths.items() if path.exists()]
    return "".join(["<li><p>One notebook:</p><ul>", *lines, "</ul></li>"])


def short_files(folder: Path, site: Path) -> str:
    """Return a line for each short file that there is to send on: `send.py` makes them."""
    found = {folder / f"fa_{name}.pdf": words for name, words in SHORT.items()}
    return "".join(item(path, site, *words) for path, words in found.items() if path.exists())


def listing(site: Path, titles: dict[str, str], website: str) -> str:
    """Return the list, with a given line for the website."""
    folder = site / FOLDER
    pdf = "<li><p>The PDF is not part of this build: <code>make pdf</code> makes it.</p></li>"
    if (folder / PDF).exists():
        pages = pages_of((folder / PDF).read_bytes())
        pdf = item(
            folder / PDF, site, "The reading edition", f": a PDF of {pages} pages, to print."
        )
    packed = ", executed, with the library and what else they need to run."
    notebooks = item(folder / NOTEBOOKS, site, "All notebooks", packed)
    short = short_files(folder, site)
    return f"<ul>{short}{website}{pdf}{notebooks}{single_notebooks(site, titles)}</ul>"


def write_files(app: Sphinx) -> None:
    """Write what is offered, but for the archive of the site itself."""
    site, source = Path(app.outdir), Path(app.srcdir)
    pack(site / FOLDER / NOTEBOOKS, notebook_files(source / "book", app.config.html_title))
    for path in (site / "_sources").rglob("*.ipynb"):
        path.write_bytes(fill_in(path.read_bytes(), repository()))
    (site / FOLDER / PDF).unlink(missing_ok=True)
    if (source.parent / PDF).exists():
        shutil.copyfile(source.parent / PDF, site / FOLDER / PDF)


def write_downloads(app: Sphinx, exception: Exception | None) -> None:
    """Pack the finished site, and write the list to the page that has the mark.

    The archive does not hold itself, so in it the list says so.
    """
    if exception or app.builder.format != "html":
        return
    site = Path(app.outdir)
    marked = [path for path in site.rglob("*.html") if MARK in path.read_text(encoding="utf-8")]
    for page in marked:
        write_files(app)
        text = page.read_text(encoding="utf-8")
        titles = {name: app.env.titles[name].astext() for name in app.env.collect_relations()}
        (site / FOLDER / SITE).unlink(missing_ok=True)
        contents = {path.relative_to(site): path for path in site.rglob("*") if path.is_file()}
        files = {f"fa_book/{name.as_posix()}": path.read_bytes() for name, path in contents.items()}
        own = "<li><p>The website: you are reading a copy that was unpacked.</p></li>"
        copy = text.replace(MARK, listing(site, titles, own))
        files[f"fa_book/{page.relative_to(site).as_posix()}"] = copy.encode("utf-8")
        pack(site / FOLDER / SITE, files)
        note = ": unpack it and open <code>index.html</code>; no server, no network."
        website = item(site / FOLDER / SITE, site, "The website", note)
        page.write_text(text.replace(MARK, listing(site, titles, website)), encoding="utf-8")


def write_all(app: Sphinx, env: BuildEnvironment) -> list[str]:
    """Have Sphinx write every page, so that the mark is there again, and what is packed is new."""
    return sorted(env.all_docs)


def setup(app: Sphinx) -> ExtensionMetadata:
    """Register the mark; the files are made last of all."""
    app.add_node(Downloads, html=(visit_html, None), latex=(visit_latex, None))
    app.add_directive("downloads", DownloadsDirective)
    app.connect("env-updated", write_all)
    app.connect("build-finished", write_downloads, priority=950)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
