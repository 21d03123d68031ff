"""Execute the book's notebooks, two at a time, and store their outputs byte for byte the same.

    python tools/execute.py              in place, all: what `make notebooks` does
    python tools/execute.py FOLDER       in a copy of the sources, for the build: `make book`

In the copy a notebook is executed only if something has changed that its outputs depend on: its
code, fa_lib, the modules and data beside it, the pinned packages. The scorecard reads what the
other pages recorded, so it comes last, and depends on their claims, too.
"""

import argparse
import hashlib
import os
import platform
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from subprocess import DEVNULL

import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode

ROOT = Path(__file__).resolve().parent.parent
RECORDS = ("benchmarks/record.json", "benchmarks/accelerator.json")  # a page shows them
SOURCES = ("_config.yml", "_toc.yml", "book", "proofs", "tools", "CHANGELOG.md", *RECORDS)
# What the outputs of every page depend on, besides its own code.
SHARED = ("requirements.txt", "fa_lib/**/*.py", "book/**/*.py", "book/**/*.json", *RECORDS)
LAST = "scorecard.ipynb"
KEY = "executed_for"

Job = tuple[Path, Path, str | None]  # source, target and key, as `execute` takes them


def execute(source: Path, target: Path, key: str | None = None) -> float:
    """Execute a notebook in the folder of its target, write that, and return the seconds."""
    start = time.perf_counter()
    notebook = nbformat.read(source, as_version=4)
    NotebookClient(
        notebook,
        timeout=300,
        record_timing=False,  # the times would differ from run to run
        resources={"metadata": {"path": str(target.parent)}},
    ).execute(stderr=DEVNULL)  # the kernel's own log; a cell's stderr is an output
    notebook.metadata.language_info = {"name": "python"}  # not the reader's exact version
    if key:
        notebook.metadata[KEY] = key
    nbformat.write(notebook, target)
    return time.perf_counter() - start


def execute_all(jobs: list[Job]) -> None:
    """Execute notebooks two at a time, and say how it goes."""
    # One thread: the matrices are small, and sums are then added in the same order every time.
    os.environ["OMP_NUM_THREADS"] = "1"
    with ProcessPoolExecutor(max_workers=min(2, os.cpu_count() or 1)) as pool:
        running = {pool.submit(execute, *job): job[0].name for job in jobs}
        for done, future in enumerate(as_completed(running), start=1):
            print(f"[{done}/{len(jobs)}] {running[future]}: {future.result():.0f} s", flush=True)


def execute_in_place(book: Path) -> None:
    """Execute every notebook of a folder."""
    *first, last = notebooks(book)
    for group in (first, [last]):
        execute_all([(path, path, None) for path in group])


def execute_in_copy(folder: Path) -> None:
    """Bring a copy of the sources up to date, and in it execute what has changed."""
    update(folder)
    *first, last = notebooks(ROOT / "book")
    shared = fingerprint(platform.python_version(), *shared_sources())
    update_notebooks(first, folder / "book", shared)
    recorded = [repr(claim) for path in first for claim in claims(folder / "book" / path.name)]
    contents = (ROOT / "_toc.yml").read_text(encoding="utf-8")
    update_notebooks([last], folder / "book", fingerprint(shared, contents, *recorded))


def update_notebooks(sources: list[Path], book: Path, shared: str) -> None:
    """Give each notebook the outputs that the copy has for its code, or execute it."""
    jobs: list[Job] = []
    for source in sources:
        notebook = nbformat.read(source, as_version=4)
        key = fingerprint(shared, *(cell.source for cell in code_cells(notebook)))
        if not restore(notebook, book / source.name, key):
            jobs.append((source, book / source.name, key))
    execute_all(jobs)


def restore(notebook: NotebookNode, target: Path, key: str) -> bool:
    """Write the notebook with the outputs of its executed copy, if that is of the same key."""
    executed = nbformat.read(target, as_version=4) if target.exists() else None
    if executed is None or executed.metadata.get(KEY) != key:
        return False
    for cell, done in zip(code_cells(notebook), code_cells(executed), strict=True):
        cell.outputs, cell.execution_count = done.outputs, done.execution_count
    notebook.metadata = executed.metadata
    write_if_changed(target, (nbformat.writes(notebook) + "\n").encode())
    return True


def update(folder: Path) -> None:
    """Copy what the book is built from, but for the notebooks; remove what is there no longer."""
    wanted = {path.relative_to(ROOT) for name in SOURCES for path in files(ROOT / name)}
    for path in set(files(folder)) if folder.exists() else ():
        if path.relative_to(folder) not in wanted:
            path.unlink()
    for name in wanted:
        if name.suffix != ".ipynb":
            write_if_changed(folder / name, (ROOT / name).read_bytes())


def write_if_changed(path: Path, content: bytes) -> None:
    """Write a file, unless it is there as it should be: the build trusts modification times."""
    if not path.exists() or path.read_bytes() != content:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def files(place: Path) -> Iterator[Path]:
    """Yield a file, or all files below a folder but for caches and hidden ones."""
    if place.is_file():
        yield place
    elif not place.name.startswith((".", "__pycache__")):
        for inside in sorted(place.iterdir()):
            if not inside.name.startswith("."):
                yield from files(inside)


def notebooks(book: Path) -> list[Path]:
    """Return the notebooks of a folder, the scorecard last."""
    return sorted(book.glob("*.ipynb"), key=lambda path: (path.name == LAST, path.name))


def code_cells(notebook: NotebookNode) -> list[NotebookNode]:
    """Return the cells that have outputs."""
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def claims(path: Path) -> Iterator[object]:
    """Yield what an executed page recorded."""
    for cell in code_cells(nbformat.read(path, as_version=4)):
        for output in cell.outputs:
            yield output.get("metadata", {}).get("claim")


def shared_sources() -> Iterator[str]:
    """Yield the name and the text of everything that every page depends on."""
    for pattern in SHARED:
        for path in sorted(ROOT.glob(pattern)):
            yield from (str(path.relative_to(ROOT)), path.read_text(encoding="utf-8"))


def fingerprint(*texts: str) -> str:
    """Return a hash of texts, in order."""
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()


def main() -> None:
    """Execute in place, or in a copy."""
    parser = argparse.ArgumentParser(description="Execute the book's notebooks.")
    parser.add_argument("folder", nargs="?", type=Path, help="a copy of the sources, for the build")
    folder = parser.parse_args().folder
    if folder:
        execute_in_copy(folder.resolve())
    else:
        execute_in_place(ROOT / "book")


if __name__ == "__main__":
    main()
