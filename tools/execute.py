"""Execute the book's notebooks, two at a time, and store their outputs byte for byte the same.

    python tools/execute.py              in place: what `make notebooks` does
    python tools/execute.py FOLDER       in a copy of the sources, for the build: `make book`

The scorecard reads what the other pages recorded, so it comes last.
"""

import os
import shutil
import sys
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from subprocess import DEVNULL

import nbformat
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ("_config.yml", "_toc.yml", "book", "proofs", "CHANGELOG.md")
LAST = "scorecard.ipynb"


def execute(path: Path) -> float:
    """Execute one notebook in place, in its own folder; return the seconds it took."""
    start = time.perf_counter()
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(
        notebook,
        timeout=300,
        record_timing=False,  # the times would differ from run to run
        resources={"metadata": {"path": str(path.parent)}},
    ).execute(stderr=DEVNULL)  # the kernel's own log; a cell's stderr is an output
    notebook.metadata.language_info = {"name": "python"}  # not the reader's exact version
    nbformat.write(notebook, path)
    return time.perf_counter() - start


def execute_all(folder: Path) -> None:
    """Execute every notebook of a folder, and say how it goes."""
    *first, last = sorted(folder.glob("*.ipynb"), key=lambda path: path.name == LAST)
    with ProcessPoolExecutor(max_workers=min(2, os.cpu_count() or 1)) as pool:
        running = {pool.submit(execute, path): path for path in first}
        for done, future in enumerate(as_completed(running), start=1):
            print(
                f"[{done}/{len(first) + 1}] {running[future].name}: {future.result():.0f} s",
                flush=True,
            )
    print(f"[{len(first) + 1}/{len(first) + 1}] {last.name}: {execute(last):.0f} s", flush=True)


def copy_sources(folder: Path) -> None:
    """Copy what the book is built from, without the outputs of an earlier build."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name in SOURCES:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(
                source, folder / name, ignore=shutil.ignore_patterns("__pycache__", ".*")
            )
        else:
            shutil.copy2(source, folder / name)


def main() -> None:
    """Execute in place, or in a copy."""
    # One thread: the matrices are small, and sums are then added in the same order every time.
    os.environ["OMP_NUM_THREADS"] = "1"
    if len(sys.argv) > 1:
        copy_sources(Path(sys.argv[1]))
        execute_all(Path(sys.argv[1]) / "book")
    else:
        execute_all(ROOT / "book")


if __name__ == "__main__":
    main()
