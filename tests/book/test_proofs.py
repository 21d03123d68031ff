"""The page on the formal proofs shows every theorem that Coq checks, and no other."""

import re
from pathlib import Path

import pytest

import proof

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "book" / "proofs.md").read_text(encoding="utf-8")
SOURCES = {path.stem: path.read_text(encoding="utf-8") for path in (ROOT / "proofs").glob("*.v")}
CALCULUS = proof.calculus(SOURCES)
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


MODULE = {name: module for module, source in SOURCES.items() for name in proof.theorems(source)}
ROWS = [
    [cell.strip() for cell in row.split("|")[1:-1]]
    for row in PAGE[PAGE.index("| theorem of the book") :].splitlines()
    if row.startswith("| ") and ".v`" in row
]


def test_every_name_in_the_table_is_a_theorem():
    assert len(ROWS) > 10
    assert {name for row in ROWS for name in re.findall(r"`(\w+)`", row[1])} == set(MODULE)


def test_the_table_names_the_files_and_their_axioms():
    for _, names, files, axioms, _ in ROWS:
        modules = {MODULE[name] for name in re.findall(r"`(\w+)`", names)}
        assert modules == set(re.findall(r"`(\w+)\.v`", files))
        assert (axioms == "none") == modules.isdisjoint(CALCULUS)
        assert axioms in ("none", "three")


def test_what_is_shown_ends_before_its_proof():
    assert INCLUDED
    for module, begin, end in INCLUDED:
        assert begin == end
        # The worked example is a proof.
        assert ("Proof" in shown(module, begin)) == (begin == "law_core")


def test_names_are_used_once():
    assert len(MODULE) == sum(len(proof.theorems(source)) for source in SOURCES.values())


@pytest.mark.parametrize(
    "text", ["Axiom absurd : False.", "Admitted.", "admit.", "Parameter x : nat.", "Abort."]
)
def test_unfinished_proofs_are_seen(text):
    assert proof.forbidden(f"Lemma one : True.\n{text}\n")


def test_a_comment_may_name_an_axiom():
    assert not proof.forbidden("(* no Axiom\n here *) Lemma one : True. Proof. by []. Qed.")


THREE = """Axioms:
boolp.propositional_extensionality : forall P Q : Prop, P <-> Q -> P = Q
boolp.functional_extensionality_dep
  : forall (A : Type) (B : A -> Type) (f g : forall x : A, B x),
    (forall x : A, f x = g x) -> f = g
boolp.constructive_indefinite_description
  : forall (A : Type) (P : A -> Prop), (exists x : A, P x) -> {x : A | P x}
"""


def test_answers_are_read():
    assert proof.axioms("\nClosed under the global context\n") == frozenset()
    assert proof.axioms(f"\n{THREE}") == proof.AXIOMS
    with pytest.raises(ValueError, match="expected 'Closed"):
        proof.axioms("\n")


def test_only_the_three_axioms_pass_and_only_in_the_calculus():
    assert proof.refused("law", frozenset(), frozenset()) == ""
    assert "law.v rests on boolp." in proof.refused("law", proof.AXIOMS, frozenset())
    assert proof.refused("flow", proof.AXIOMS, proof.AXIOMS) == ""
    assert "classic" in proof.refused("flow", frozenset({"Classical_Prop.classic"}), proof.AXIOMS)


def test_calculus_is_what_is_built_on_analysis():
    assert {"flow", "calculus", "instances"} <= CALCULUS
    assert CALCULUS.isdisjoint({"law", "minimum_norm", "dominance"})
    for module in set(SOURCES) - CALCULUS:
        assert "realType" not in SOURCES[module]


def test_a_file_comes_after_those_it_is_built_on():
    order = proof.in_order(SOURCES)
    assert sorted(order) == sorted(SOURCES)
    for module, source in SOURCES.items():
        assert set(proof.required(source)) <= set(order[: order.index(module)])
