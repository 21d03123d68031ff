"""Put the cell into every notebook by which it works on Google Colab, where it comes alone.

    python tools/colab.py       in place, before the notebooks are executed: `make notebooks`

Nobody tells a notebook on Colab where it came from. So the cell holds the address of the
repository, if that is known where it is written, and asks for it if not.
"""

import re
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from forge import repository

BOOK = Path(__file__).resolve().parent.parent / "book"
TAG = "colab"
CELL = """\
# @title On Colab: fetch the book and what it needs. Elsewhere: nothing.
import sys
from importlib.util import find_spec

ADDRESS = ""
if "google.colab" in sys.modules and not find_spec("page"):
    ADDRESS = ADDRESS or input("This book's https://github.com/OWNER/NAME: ")
    !git clone --quiet --depth 1 {ADDRESS} fa_book
    !pip install --quiet ./fa_book myst-nb pyyaml sympy
    %cd -q fa_book/book"""


def addressed(source: str, address: str | None) -> str:
    r"""Return the cell with an address in it; with the one it has, where none is known.

    >>> addressed('import sys\nADDRESS = ""\n', "https://github.com/owner/name")
    'import sys\nADDRESS = "https://github.com/owner/name"\n'
    """
    if not address:
        return source
    return re.sub(r'(?m)^ADDRESS = ".*"$', lambda _: f'ADDRESS = "{address}"', source)


def is_colab(cell: NotebookNode) -> bool:
    """Return whether a cell is the one that we put in."""
    return TAG in cell.metadata.get("tags", [])


def with_cell(notebook: NotebookNode, address: str | None) -> NotebookNode:
    """Return the notebook with the cell before its first code, which it then is number one of."""
    cells = notebook.cells
    first = next(index for index, cell in enumerate(cells) if cell.cell_type == "code")
    old = cells[first] if is_colab(cells[first]) else None
    known = re.search(r'(?m)^ADDRESS = "(.+)"$', old.source) if old else None
    cell = nbformat.v4.new_code_cell(
        addressed(CELL, address or (known[1] if known else None)),
        id=TAG,
        metadata={"cellView": "form", "tags": [TAG, "remove-cell"]},
        execution_count=1,
    )
    if not old:
        for later in cells[first:]:
            if later.get("execution_count"):
                later.execution_count += 1
    return NotebookNode(notebook, cells=[*cells[:first], cell, *cells[first + (old is not None) :]])


def main() -> None:
    """Put the cell into the notebooks of the book."""
    address = repository()
    for path in sorted(BOOK.glob("*.ipynb")):
        notebook = nbformat.read(path, as_version=4)
        nbformat.write(with_cell(notebook, address), path)


if __name__ == "__main__":
    main()
