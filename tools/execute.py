"""Execute the book's notebooks, two at a time, and store their outputs byte for byte the same.

    python tools/execute.py [--pages PAGE ...]   in place: what `make notebooks` does

`make book` executes them in a copy of the sources, and there only if something has changed that
their outputs depend on: their code, fa_lib, the modules and data beside them, the packages that are
installed. The scorecard reads what the other pages recorded, so it comes last, and depends on their
claims, too.
"""

import environment

if __name__ == "__main__":
    environment.enter()  # before what takes long to import

import argparse
import os
import shutil
import sys
import textwrap
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from subprocess import DEVNULL
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbformat import NotebookNode

from kept import fingerprint, named_contents, write
from records import claims

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ("_config.yml", "_toc.yml", "book", "proofs", "extensions", "CHANGELOG.md", "benchmarks")
NOT_COPIED = shutil.ignore_patterns(".*", "__pycache__", "*.ipynb")  # notebooks come later
# What the outputs of every page depend on, besides its own code.
SHARED = (
    *("fa_lib/**/*.py", "book/**/*.py", "book/**/*.json", "book/**/*.jsonl"),
    *("benchmarks/*.json", "tools/environment.py"),
)
LAST = "scorecard.ipynb"
KEY = "executed_for"
LIMIT = 300  # seconds for one cell

Job = tuple[Path, Path, Path, str]  # what `execute` takes


class PageError(Exception):
    """Why a page has no outputs, in one line: its name, the cell's number in Jupyter, the error."""


def execute(source: Path, folder: Path, target: Path, key: str = "") -> float:
    """Execute a notebook in a folder, write it to the target, and return the seconds."""
    start = time.perf_counter()
    client = NotebookClient(
        nbformat.v4.new_notebook(),
        timeout=LIMIT,
        record_timing=False,  # the times would differ from run to run
        coalesce_streams=True,  # or the clock decides into how many parts a print is cut
        resources={"metadata": {"path": str(folder)}},
        on_cell_executed=check,
    )
    try:
        client.nb = nbformat.read(source, as_version=4)
        client.execute(stderr=DEVNULL)  # the kernel's own log; a cell's stderr is an output
    except Exception as error:
        raise PageError(describe(source, client.code_cells_executed, error)) from None
    client.nb.metadata.language_info = {"name": "python"}  # not the reader's exact version
    if key:
        client.nb.metadata[KEY] = key
    write(target, as_bytes(client.nb))
    return time.perf_counter() - start


def check(cell: NotebookNode, execute_reply: dict[str, Any], **_: object) -> None:
    """Refuse what would stand on a page and is no result, and a figure that does not stand there.

    Raises
    ------
    ValueError
        If the cell wrote to stderr, or has alt text and no image. An error of its own goes first.
    """
    if execute_reply["content"]["status"] == "error":
        return
    if complaint := "".join(o.text for o in cell.outputs if o.get("name") == "stderr"):
        raise ValueError(f"wrote to stderr: {complaint}")
    kinds = [kind for output in cell.outputs for kind in output.get("data", {})]
    if "image" in cell.metadata.get("mystnb", {}) and not any("image/" in kind for kind in kinds):
        raise ValueError(f"has alt text: expected an image, came {kinds}")


def describe(source: Path, cell: int, error: Exception) -> str:
    """Return an error in one line; cells count as Jupyter numbers them, from 1."""
    name, text = type(error).__name__, str(error)
    if isinstance(error, CellExecutionError):
        name, text = error.ename, error.evalue
    where = f"book/{source.name}, cell {cell}" if cell else f"book/{source.name}"
    return f"{where}: {textwrap.shorten(f'{name}: {text}', 400)}"


def execute_all(jobs: list[Job]) -> None:
    """Execute notebooks two at a time, and say how it goes; any that fails ends the program."""
    if not jobs:
        return
    import_module("matplotlib.font_manager")  # lists the fonts: a page would say that it does
    failed = []
    with ProcessPoolExecutor(max_workers=min(2, os.cpu_count() or 1)) as pool:
        running = {pool.submit(execute, *job): job[0] for job in jobs}
        for done, future in enumerate(as_completed(running), start=1):
            source, error = running[future], future.exception()
            if error is None:
                print(f"[{done}/{len(jobs)}] {source.name}: {future.result():.0f} s", flush=True)
            else:  # a process that was killed says nothing of its page
                why = error if isinstance(error, PageError) else f"book/{source.name}: {error}"
                print(why, file=sys.stderr, flush=True)
                failed.append(source.name)
    if failed:
        sys.exit(f"{len(failed)} of {len(jobs)} pages failed: {', '.join(sorted(failed))}")


def execute_in_copy(folder: Path) -> None:
    """Bring a copy of the sources up to date, and in it execute what has changed."""
    update(folder)
    *first, last = notebooks(ROOT / "book")
    shared = shared_key()
    add_notebooks(first, folder, shared)
    recorded = [repr(claim) for path in first for claim in claims(folder / "book" / path.name)]
    contents = (ROOT / "_toc.yml").read_text(encoding="utf-8")
    add_notebooks([last], folder, fingerprint(shared, contents, *recorded))


def add_notebooks(sources: list[Path], folder: Path, shared: str) -> None:
    """Copy notebooks with their outputs, which are kept beside the copy and made where need be."""
    book, memory = folder / "book", folder.with_name("executed")
    pages = {source: read(source) for source in sources}
    jobs: list[Job] = []
    for source, notebook in pages.items():
        key = fingerprint(shared, *(cell.source for cell in code_cells(notebook)))
        if read(memory / source.name).metadata.get(KEY) != key:
            jobs.append((source, book, memory / source.name, key))
    execute_all(jobs)
    for source, notebook in pages.items():
        executed = read(memory / source.name)
        for cell, done in zip(code_cells(notebook), code_cells(executed), strict=True):
            cell.outputs, cell.execution_count = done.outputs, done.execution_count
        notebook.metadata = executed.metadata
        write(book / source.name, as_bytes(notebook))
        shutil.copystat(source, book / source.name)  # Sphinx would read anew what is newly written


def read(path: Path) -> NotebookNode:
    """Return a notebook; an empty one where there is none, or none that can be read."""
    notebook: NotebookNode = nbformat.v4.new_notebook()
    with suppress(Exception):  # nbformat has no one error for a file that is no notebook
        notebook = nbformat.read(path, as_version=4)
    return notebook


def as_bytes(notebook: NotebookNode) -> bytes:
    """Return a notebook as its file has it."""
    return f"{nbformat.writes(notebook)}\n".encode()


def update(folder: Path) -> None:
    """Copy anew what the book is built from, but for the notebooks."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name in SOURCES:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=NOT_COPIED)
        else:
            shutil.copyfile(source, folder / name)


def notebooks(book: Path) -> list[Path]:
    """Return the notebooks of a folder, the scorecard last."""
    return sorted(book.glob("*.ipynb"), key=lambda path: (path.name == LAST, path.name))


def code_cells(notebook: NotebookNode) -> list[NotebookNode]:
    """Return the cells that have outputs."""
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def shared_key() -> str:
    """Return a hash of everything that every page depends on."""
    return fingerprint(*environment.installed(), *named_contents(shared_sources(), ROOT))


def shared_sources() -> list[Path]:
    """Return the files that every page depends on; those of JupyterLab's checkpoints are none."""
    found = {path for pattern in SHARED for path in ROOT.glob(pattern)}
    return sorted(path for path in found if ".ipynb_checkpoints" not in path.parts)


def main() -> None:
    """Execute notebooks where they are, the scorecard after those that it reads."""
    pages = {path.stem: path for path in notebooks(ROOT / "book")}
    parser = argparse.ArgumentParser(description="Execute the book's notebooks.")
    parser.add_argument("--pages", nargs="*", choices=list(pages), help="these alone")
    paths = [pages[name] for name in parser.parse_args().pages or pages]
    last = [path for path in paths if path.name == LAST]
    for group in ([path for path in paths if path not in last], last):
        execute_all([(path, path.parent, path, "") for path in group])


if __name__ == "__main__":
    main()
