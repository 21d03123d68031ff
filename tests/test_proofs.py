"""The page on the formal proofs shows every theorem that Coq checks, and no other."""

import re
from pathlib import Path

import pytest

import proof

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "book" / "proofs.md").read_text(encoding="utf-8")
SOURCES = {path.stem: path.read_text(encoding="utf-8") for path in (ROOT / "proofs").glob("*.v")}
INCLUDED = re.findall(
    r"\{literalinclude\} \.\./proofs/(\w+)\.v\n:language: coq\n"
    r":start-after: \(\* begin (\w+) \*\)\n:end-before: \(\* end (\w+) \*\)",
    PAGE,
)


def shown(module, name):
    """The text between a file's marks."""
    source = SOURCES[module]
    return source[source.index(f"(* begin {name} *)") : source.index(f"(* end {name} *)")]


def test_every_theorem_stands_on_the_page_and_in_its_table():
    table = PAGE[PAGE.index("| theorem of the book") :]
    for module, source in SOURCES.items():
        for name in proof.theorems(source):
            assert (module, name, name) in INCLUDED
            assert f"Theorem {name} " in shown(module, name).replace("\n", " ")
            assert f"`{name}`" in table


def test_every_name_in_the_table_is_a_theorem():
    rows = re.findall(r"^\| \{prf:ref\}.*\| (.*) \| .*\.v` \|", PAGE, flags=re.MULTILINE)
    known = {name for source in SOURCES.values() for name in proof.theorems(source)}
    assert len(rows) > 5
    assert {name for row in rows for name in re.findall(r"`(\w+)`", row)} == known


def test_what_is_shown_ends_before_its_proof():
    assert INCLUDED
    for module, begin, end in INCLUDED:
        assert begin == end
        assert "Proof" not in shown(module, begin)


def test_every_file_is_checked():
    assert set(SOURCES) == set(proof.ORDER)


@pytest.mark.parametrize(
    "text", ["Axiom absurd : False.", "Admitted.", "admit.", "Parameter x : nat.", "Abort."]
)
def test_unfinished_proofs_are_seen(text):
    assert proof.forbidden(f"Lemma one : True.\n{text}\n")


def test_a_comment_may_name_an_axiom():
    assert not proof.forbidden("(* no Axiom\n here *) Lemma one : True. Proof. by []. Qed.")
