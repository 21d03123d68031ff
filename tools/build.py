"""Build the book: execute what changed, then have Jupyter Book write the pages and weigh them."""

import environment

if __name__ == "__main__":
    environment.enter()

import fcntl
import shutil
from pathlib import Path

import execute
import weigh

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "_build"
SOURCE, HTML = BUILD / "source", BUILD / "html"


def write_pages() -> None:
    """Run Jupyter Book, for which a warning is an error.

    It reads every page anew (--all): else a page that was read with a warning would pass the next
    time, and times of files would decide what is read. Of an older site nothing is left.
    """
    from jupyter_book.cli.main import main as jupyter_book

    arguments = ["build", SOURCE, "--path-output", ROOT, "--all", "-W", "-n", "--keep-going"]
    shutil.rmtree(HTML, ignore_errors=True)
    try:
        jupyter_book(list(map(str, arguments)))
    except SystemExit as end:
        if end.code:
            raise


def main() -> None:
    """Execute, write, weigh, when no other build runs here: each would spoil the other."""
    BUILD.mkdir(exist_ok=True)
    with (BUILD / "building").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        execute.execute_in_copy(SOURCE)
        write_pages()
        weigh.main()
    print(f"The book: {HTML / 'index.html'}")


if __name__ == "__main__":
    main()
