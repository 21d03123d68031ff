"""Build the book: execute what changed, then have Jupyter Book write the pages and weigh them."""

import environment

if __name__ == "__main__":
    environment.enter()

import json
import shutil
from pathlib import Path

from filelock import FileLock

import execute
import forge
import weigh
from kept import fingerprint, named_contents, write

ROOT = Path(__file__).resolve().parent.parent
SOURCE, HTML = ROOT / "_build" / "source", ROOT / "_build" / "html"
DOCTREES = ROOT / "_build" / ".doctrees" / "book"
BUILT = ROOT / "_build" / "built.json"  # hashes of what the last build read and wrote, if all well
TAKEN = ("pyproject.toml", "requirements.txt", "README.md", "LICENSE")  # into the downloads
REST = "all but the documents"
BOOK = [SOURCE, ROOT / "_build" / "fa_book.pdf", *(ROOT / name for name in ("fa_lib", *TAKEN))]


def files(*places: Path) -> set[Path]:
    """Return all files in files and folders, but for caches."""
    found = {path for place in places for path in (place, *place.rglob("*")) if path.is_file()}
    return {path for path in found if "__pycache__" not in path.parts}


def state(found: set[Path]) -> str:
    """Return a hash of what is in files."""
    return fingerprint(*named_contents(sorted(found), ROOT))


def inputs() -> dict[str, str]:
    """Return hashes of what the pages are made of: of each document, and of the rest."""
    documents = {path for path in files(SOURCE / "book") if path.suffix in (".md", ".ipynb")}
    address = (str(forge.repository()), forge.branch(), forge.site_address())
    rest = (state(files(*BOOK) - documents), *environment.installed(), *address)
    return {path.stem: state({path}) for path in documents} | {REST: fingerprint(*rest)}


def write_pages(changed: set[str]) -> None:
    """Run Jupyter Book, for which a warning is an error; of an older site nothing is left.

    Where only documents have changed since all went well, it reads these alone. Their contents
    decide, not the times of their files: what Sphinx remembers of those that changed is removed.
    """
    from jupyter_book.cli.main import main as jupyter_book

    for name in changed:
        (DOCTREES / f"{name}.doctree").unlink(missing_ok=True)
    anew = ["--all"] if REST in changed else []
    arguments = ["build", SOURCE, "--path-output", ROOT, *anew, "-W", "-n", "--keep-going"]
    shutil.rmtree(HTML, ignore_errors=True)
    try:
        jupyter_book(list(map(str, arguments)))
    except SystemExit as end:
        if end.code:
            raise


def main() -> None:
    """Do all of it, once no other build in this folder runs: each would spoil the other."""
    BUILT.parent.mkdir(exist_ok=True)
    with FileLock(BUILT.with_name("building")):
        build()


def build() -> None:
    """Execute, write, weigh."""
    execute.execute_in_copy(SOURCE)
    read = inputs()
    last = json.loads(BUILT.read_bytes()) if BUILT.exists() else {}
    if last != {**read, "site": state(files(HTML))}:
        BUILT.unlink(missing_ok=True)
        write_pages({name for name in read if read[name] != last.get(name)})
        weigh.main()
        write(BUILT, json.dumps({**read, "site": state(files(HTML))}).encode())
    print(f"The book: {HTML / 'index.html'}")


if __name__ == "__main__":
    main()
