"""Build the book: execute what changed, then have Jupyter Book write the pages and weigh them."""

import environment

if __name__ == "__main__":
    environment.enter()

import fcntl
import shutil
import subprocess
import sys
from pathlib import Path

import forge
import weigh
from kept import fingerprint, named_contents, write

ROOT = Path(__file__).resolve().parent.parent
SOURCE, HTML = ROOT / "_build" / "source", ROOT / "_build" / "html"
BUILT = ROOT / "_build" / "built"  # a hash of what the last build read and wrote, if it ended well
TAKEN = ("pyproject.toml", "requirements.txt", "README.md", "LICENSE")  # into the downloads
BOOK = [SOURCE, ROOT / "_build" / "fa_book.pdf", *(ROOT / name for name in ("fa_lib", *TAKEN))]


def state(*places: Path) -> str:
    """Return a hash of all that is in files and folders, but for caches."""
    found = {path for place in places for path in (place, *place.rglob("*")) if path.is_file()}
    kept = sorted(path for path in found if "__pycache__" not in path.parts)
    return fingerprint(*named_contents(kept, ROOT))


def inputs() -> str:
    """Return a hash of what the pages are made of: sources, packages, where the book is kept."""
    address = (str(forge.repository()), forge.branch(), forge.site_address())
    return fingerprint(state(*BOOK), *environment.installed(), *address)


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
    """Do all of it, once no other build in this folder runs: each would spoil the other."""
    BUILT.parent.mkdir(exist_ok=True)
    with BUILT.with_name("building").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        build()


def build() -> None:
    """Execute, write, weigh."""
    executed = subprocess.run([sys.executable, ROOT / "tools" / "execute.py", SOURCE])
    if executed.returncode:
        sys.exit(executed.returncode)
    read = inputs()
    if not BUILT.exists() or BUILT.read_text(encoding="utf-8") != fingerprint(read, state(HTML)):
        BUILT.unlink(missing_ok=True)
        write_pages()
        weigh.main()
        write(BUILT, fingerprint(read, state(HTML)).encode())
    print(f"The book: {HTML / 'index.html'}")


if __name__ == "__main__":
    main()
