"""Execute what changed, and build the book as one PDF, from a copy of the sources: `make pdf`.

python tools/pdf.py FOLDER
"""

import environment

if __name__ == "__main__":
    environment.enter()

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import execute
from downloads import pages_of
from forge import GIT
from kept import write

PACKAGES = (
    "texlive-latex-extra texlive-fonts-recommended texlive-xetex latexmk fonts-texgyre "
    "fonts-texgyre-math fonts-dejavu-core librsvg2-bin"
)
COMMANDS = ("xelatex", "latexmk", "makeindex", "rsvg-convert")
PAGES = 120  # of the reading edition, at most
ROOT = Path(__file__).resolve().parent.parent


def date_of_sources() -> str:
    """Return when the sources were committed, in seconds of the epoch; now, where there is no git.

    The PDF bears this date, so that it is the same, byte for byte, whenever it is built.
    """
    log = [*GIT, "log", "-1", "--format=%ct"]
    answer = subprocess.run(log, cwd=ROOT, capture_output=True, encoding="utf-8")
    return answer.stdout.strip() or str(int(time.time()))


def main() -> None:
    """Build the PDF, or say what is missing."""
    missing = [command for command in COMMANDS if not shutil.which(command)]
    if missing:
        sys.exit(f"not found: {', '.join(missing)}. On Debian: apt-get install {PACKAGES}")
    source = Path(sys.argv[1]).resolve()
    execute.execute_in_copy(source)
    target = source.parent / "pdf"
    book = Path(sys.executable).with_name("jupyter-book")
    build = ["build", str(source), "--path-output", str(target), "--builder", "pdflatex"]
    date = {"SOURCE_DATE_EPOCH": date_of_sources(), "FORCE_SOURCE_DATE": "1"}
    target.mkdir(parents=True, exist_ok=True)
    with (target / "log.txt").open("w", encoding="utf-8") as log:  # 8000 lines, of LaTeX's
        run = subprocess.run(
            [book, *build, "--all", "-W", "-n", "--keep-going"],
            env={**os.environ, **date, "LATEXMKOPTS": "-halt-on-error"},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    if run.returncode:
        sys.exit(f"the PDF was not built: see {log.name}")
    pdf = (target / "_build" / "latex" / "fa_book.pdf").read_bytes()
    write(source.parent / "fa_book.pdf", pdf)
    if (pages := pages_of(pdf)) > PAGES:
        sys.exit(f"the PDF has {pages} pages, expected at most {PAGES}")


if __name__ == "__main__":
    main()
