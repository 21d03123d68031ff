"""Label the bibliography by author and year, as the text cites.

A Sphinx extension: a style for sphinxcontrib-bibtex.
"""

from collections.abc import Iterator, Sequence

from pybtex.database import Entry
from pybtex.plugin import register_plugin
from pybtex.style.formatting.plain import Style as PlainStyle
from pybtex.style.labels import BaseLabelStyle
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


class AuthorYearLabels(BaseLabelStyle):  # type: ignore[misc]  # pybtex has no types
    """Labels that a reader of the text looks for."""

    def format_labels(self, entries: Sequence[Entry]) -> Iterator[str]:
        """Yield a label for each entry."""
        return map(label, entries)


class AuthorYearStyle(PlainStyle):  # type: ignore[misc]
    """The plain style with these labels."""

    default_label_style = AuthorYearLabels


def setup(app: Sphinx) -> ExtensionMetadata:
    """Register the style; the configuration names it."""
    register_plugin("pybtex.style.formatting", "author_year", AuthorYearStyle)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
