r"""Make what a reader can send on: a page, slides and the table of rules, as PDF.

A Sphinx extension. Typst, a typesetter on PyPI, sets the sources in `book/send/`. Their numbers and
figures are those that the notebooks recorded; their table is the one that the directive
`rules-table` puts on a page. The same sources give the same bytes, whenever they are set.
"""

import json
import re
from ast import literal_eval
from collections.abc import Iterator
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import typst
from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util.docutils import SphinxDirective
from sphinx.util.typing import ExtensionMetadata

from downloads import FOLDER, SHORT
from forge import repository, site_address
from kept import kept, named_contents

FIGURES = {"plane": ("index", 0), "steps": ("theorem_5_1", 0), "scale": ("theorem_5_2", 0)}

TOKEN = re.compile(r"\\[A-Za-z]+|\\,|[A-Za-z0-9]|[-+=(),'_^|]")
ARGUMENT = re.compile(r"\\[A-Za-z]+|.")
WORDS = {
    r"\odot": "dot.o",
    r"\sum": "sum",
    r"\ln": "ln",
    r"\sigma": "sigma",
    r"\omega": "omega",
    r"\Psi": "Psi",
    r"\Delta": "Delta",
    r"\lvert": "lr(|",
    r"\rvert": "|)",
    r"\,": "",
    "'": "^(prime)",
}
GROUPS = {
    r"\norm": "norm({})",
    r"\inner": "lr(chevron.l {} chevron.r)",
    r"\dot": "dot({})",
    r"\mathsf": "upright(sans({}))",
}


def argument(tex: str) -> tuple[str, str]:
    r"""Split off what a command or an index takes: a group in braces, a command, a character.

    >>> argument(r"{i+{1}} x"), argument(r"\Psi(W)"), argument("12")
    (('i+{1}', ' x'), ('\\Psi', '(W)'), ('1', '2'))
    """
    tex = tex.lstrip()
    if not tex.startswith("{"):
        end = ARGUMENT.match(tex).end()  # type: ignore[union-attr]
        return tex[:end], tex[end:]
    depth = 0
    for end, char in enumerate(tex):
        depth += (char == "{") - (char == "}")
        if not depth:
            return tex[1:end], tex[end + 1 :]
    raise ValueError(f"a brace is not closed: {tex!r}")


def to_typst(tex: str) -> str:
    r"""Say in Typst what a formula says in LaTeX, as far as the table of rules goes.

    >>> to_typst(r"\tfrac12\norm{W_i}^2 - k\,\inner{V_i, B_{i+1}}")
    '1/2 norm(W_(i))^(2) - k lr(chevron.l V_(i) , B_(i + 1) chevron.r)'
    """
    words, rest = [], tex.lstrip()
    while rest:
        match = TOKEN.match(rest)
        word = match[0] if match else ""
        rest = rest[len(word) :]
        if word in ("_", "^"):
            index, rest = argument(rest)
            word += f"({to_typst(index)})"
        elif word == r"\tfrac":
            above, rest = argument(rest)
            below, rest = argument(rest)
            word = f"{to_typst(above)}/{to_typst(below)}"
        elif word == r"\operatorname":
            name, rest = argument(rest)
            word = f'op("{name}")'
        elif word in GROUPS:
            inside, rest = argument(rest)
            word = GROUPS[word].format(to_typst(inside))
        elif word in WORDS:
            word = WORDS[word]
        elif not word or word.startswith("\\"):
            raise ValueError(f"no Typst for {word or rest!r}, in {tex!r}")
        words += [word] if word else []
        rest = rest.lstrip()
    return re.sub(r" (?=[_^])", "", " ".join(words))


def read_rules(book: Path) -> dict[str, Any]:
    """Return the table of rules: its rows and its notes, with formulas in LaTeX."""
    table: dict[str, Any] = json.loads((book / "send" / "rules.json").read_text(encoding="utf-8"))
    return table


def times_k(tex: str) -> str:
    r"""Return a formula times the degree, written as one does by hand.

    >>> times_k(r"\tfrac12\norm{W}^2"), times_k(r"2\sum w"), times_k(r"\inner{W, B}")
    ('\\tfrac k2\\norm{W}^2', '2k\\sum w', 'k\\,\\inner{W, B}')
    """
    for start, new in ((r"\tfrac12", r"\tfrac k2"), ("2", "2k")):
        if tex.startswith(start):
            return new + tex.removeprefix(start)
    return rf"k\,{tex}"


def laws(row: dict[str, str]) -> tuple[str, str, str]:
    r"""Return a row's formulas: what carries the error, what is kept, what a step adds to it.

    >>> laws({"carried": "B_{i+1}", "potential": r"\inner{W, B}", "divergence": ""})[2]
    '\\tfrac12\\norm{\\Delta W_i}^2'
    """
    taken = f" - {times_k(row['divergence'])}" if row["divergence"] else ""
    return (
        row["carried"],
        rf"\tfrac12\norm{{W_i}}^2 - {times_k(row['potential'])}",
        rf"\tfrac12\norm{{\Delta W_i}}^2{taken}",
    )


class RulesTable(SphinxDirective):
    """Put the table of rules and laws on a page, with its notes."""

    def run(self) -> list[nodes.Node]:
        """Write it as Markdown, and have that read."""
        book = Path(self.env.srcdir) / "book"
        self.env.note_dependency(str(book / "send" / "rules.json"))
        table = read_rules(book)
        numbers = {note: number for number, note in enumerate(table["notes"], start=1)}
        added = r"a step adds $\tfrac12\norm{\Delta W_i}^2$ minus"  # once, for want of room
        lines = [f"| rule | carries the error back | is kept | {added} |", "|---" * 4 + "|"]
        for row in table["rules"]:
            note = f" ({numbers[row['note']]})" if "note" in row else ""
            carried, kept, _ = laws(row)
            taken = times_k(row["divergence"]) if row["divergence"] else "0"
            link = f"{{prf:ref}}`{row['name']} <{row['source']}>`"
            lines.append(f"| {link}{note} | ${carried}$ | ${kept}$ | ${taken}$ |")
        lines += ["", *(f"{n}. {table['notes'][note]}." for note, n in numbers.items())]
        place = nodes.Element()
        self.state.nested_parse(StringList(lines, self.env.docname), self.content_offset, place)
        return list(place.children)


def outputs(notebook: Path) -> Iterator[dict[str, Any]]:
    """Yield the outputs of an executed notebook."""
    for cell in json.loads(notebook.read_text(encoding="utf-8"))["cells"]:
        yield from cell.get("outputs", [])


def numbers_of(notebook: Path) -> dict[str, str]:
    """Return the figures that a page recorded for its text, as the text shows them."""
    kind = "application/papermill.record/text/plain"
    return {
        output["metadata"]["scrapbook"]["name"]: literal_eval("".join(output["data"][kind]))
        for output in outputs(notebook)
        if kind in output.get("data", {})
    }


def figure_of(notebook: Path, number: int) -> str:
    """Return a figure of a page, as SVG."""
    kind = "image/svg+xml"
    found = [o["data"][kind] for o in outputs(notebook) if kind in o.get("data", {})]
    if len(found) <= number:
        raise ExtensionError(f"{notebook.name} has no figure {number} to send")
    return "".join(found[number])


def contents(book: Path) -> dict[str, str]:
    """Return what the sources are given: a value for each name."""
    table = read_rules(book)
    rows = [[row["name"], *map(to_typst, laws(row)), row.get("note", "")] for row in table["rules"]]
    notes = {
        name: re.sub(r"\$([^$]*)\$", lambda found: f"${to_typst(found[1])}$", text)
        for name, text in table["notes"].items()
    }
    pages = sorted(book.glob("*.ipynb"))
    numbers = {name: text for page in pages for name, text in numbers_of(page).items()}
    figures = {
        name: figure_of(book / f"{page}.ipynb", number) for name, (page, number) in FIGURES.items()
    }
    given = {"rules": rows, "notes": notes, "numbers": numbers, "figures": figures}
    given |= {"version": version("fa_lib"), "address": site_address() or repository() or ""}
    return {"given": json.dumps(given)}


def typeset(source: Path, given: dict[str, str]) -> bytes:
    """Return a source as PDF: with Typst's own fonts, and without a date."""
    pdf = typst.compile(
        source, root=source.parent, ignore_system_fonts=True, sys_inputs=given, timestamp=0
    )
    return bytes(pdf)


def write_sent(app: Sphinx, exception: Exception | None) -> None:
    """Write what can be sent, for the list of downloads to find."""
    book = Path(app.srcdir) / "book"
    if exception or app.builder.format != "html":
        return
    given = contents(book)
    sources = [*named_contents(sorted((book / "send").iterdir()), book), version("typst")]
    target = Path(app.outdir) / FOLDER
    target.mkdir(exist_ok=True)
    for name in SHORT:
        memory = Path(app.doctreedir) / f"sent-{name}.pdf"
        make = partial(typeset, book / "send" / f"{name}.typ", given)
        (target / f"fa_{name}.pdf").write_bytes(kept(memory, make, given["given"], *sources))


def setup(app: Sphinx) -> ExtensionMetadata:
    """Register the table; the files are there when the downloads are listed, at 950."""
    app.add_directive("rules-table", RulesTable)
    app.connect("build-finished", write_sent, priority=800)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
