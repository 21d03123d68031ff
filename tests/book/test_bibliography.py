"""The bibliography: an entry is found under the words by which the text cites it."""

import re
from pathlib import Path

from pybtex.database import parse_file

from bibliography import label

ENTRIES = parse_file(str(Path(__file__).parents[2] / "book" / "references.bib")).entries


def test_labels_are_authors_and_year():
    names = ("robertson2023", "robertson2024", "du2018", "filippov1988", "nokland2016")
    assert [label(ENTRIES[name]) for name in names] == [
        "Robertson and Koyejo, 2023",
        "Robertson and Koyejo, 2024",
        "Du et al., 2018",
        "Filippov, 1988",
        "Nøkland, 2016",
    ]


def test_no_two_entries_share_a_label():
    labels = list(map(label, ENTRIES.values()))
    assert len(labels) == len(set(labels))


def test_a_doi_is_no_address_and_no_second_link_to_arxiv():
    """The style makes the address: https://doi.org/ and what stands here."""
    dois = [entry.fields["doi"] for entry in ENTRIES.values() if "doi" in entry.fields]
    assert len(dois) > 5
    assert [doi for doi in dois if not re.fullmatch(r"10\.(?!48550)\d{4,}/\S+", doi)] == []
