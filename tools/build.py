"""Build the book: execute what changed, then have Jupyter Book write the pages and weigh them.

Jupyter Book and its extensions take seconds to import, and are imported while the notebooks run.
"""

import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from threading import Thread

import yaml

import weigh

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "_build" / "source"
BUILT = ROOT / "_build" / "built"  # as old as the last build
BOOK = [SOURCE, ROOT / "fa_lib", ROOT / "requirements.txt", ROOT / "_build" / "fa_book.pdf"]


def preload() -> None:
    """Import what the build will need."""
    config = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    for name in ("jupyter_book.sphinx", *config["sphinx"]["config"]["extensions"]):
        import_module(name)


def files() -> Iterator[Path]:
    """Yield what the pages are made of, folders too: they change where a file goes."""
    for place in filter(Path.exists, BOOK):
        inside = place.rglob("*") if place.is_dir() else [place]
        yield from (path for path in inside if "__pycache__" not in path.parts)


def is_built() -> bool:
    """Tell whether nothing has changed since the last build."""
    changed = max(path.stat().st_mtime for path in files())
    return BUILT.exists() and changed <= BUILT.stat().st_mtime


def write_pages() -> None:
    """Run Jupyter Book, for which a warning is an error."""
    from jupyter_book.cli.main import main as jupyter_book

    arguments = ["build", SOURCE, "--path-output", ROOT, "-W", "-n", "--keep-going"]
    try:
        jupyter_book(list(map(str, arguments)))
    except SystemExit as end:
        if end.code:
            raise


def main() -> None:
    """Do all of it."""
    importing = Thread(target=preload, daemon=True)  # which need not end where nothing is to do
    importing.start()
    executed = subprocess.run([sys.executable, ROOT / "tools" / "execute.py", SOURCE])
    if executed.returncode:
        sys.exit(executed.returncode)
    if not is_built():
        importing.join()
        write_pages()
        weigh.main()
        BUILT.touch()
    print(f"The book: {ROOT / '_build' / 'html' / 'index.html'}")


if __name__ == "__main__":
    main()
