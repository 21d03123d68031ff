"""Label the bibliography by author and year, as the text cites.

A Sphinx extension: a style for sphinxcontrib-bibtex.
"""

from typing import Any

from pybtex.backends.plaintext import Backend as PlainText
from pybtex.database import Entry
from pybtex.plugin import register_plugin
from pybtex.style.formatting.plain import Style as PlainStyle
from sphinx.application import Sphinx
from sphinx.util.typing import ExtensionMetadata


def label(entry: Entry) -> str:
    """Return the label of an entry: Du et al., 2018; Kolen and Pollack, 1994."""
    names = [
        " ".join(map(str, (*person.rich_prelast_names, *person.rich_last_names)))
        for person in entry.persons["author"]
    ]
    authors = f"{names[0]} et al." if len(names) > 2 else " and ".join(names)
    return f"{authors}, {entry.fields['year']}"


class AuthorYearStyle(PlainStyle):  # type: ignore[misc]  # pybtex has no types
    """The plain style, with labels that a reader of the text looks for."""

    def format_entry(self, number: str, entry: Entry, bib_data: Any = None) -> Any:
        """Return an entry with a label for its number."""
        return super().format_entry(label(entry), entry, bib_data)


def setup(app: Sphinx) -> ExtensionMetadata:
    """Register the style; the configuration names it."""
    register_plugin("pybtex.style.formatting", "author_year", AuthorYearStyle)
    # Each citation would look for this one among all that is installed.
    register_plugin("pybtex.backends", "plaintext", PlainText, force=True)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
