"""Check the formal proofs from scratch, and what they assume.

    python3 tools/proof.py               what `make proof` does

Every file of proofs/ is compiled in a new folder. Then Coq prints what each theorem rests on. In
the files of algebra that must be nothing; in the files of calculus the three axioms of the
library of analysis are allowed, and no other. Needs no package of Python.
"""

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

PROOFS = Path(__file__).resolve().parent.parent / "proofs"
ALGEBRA = (
    "setting",
    "law",
    "minimum_norm",
    "rate",
    "distance_identity",
    "distance_steps",
    "separable",
    "dominance",
)
CALCULUS = (
    "calculus",
    "countable",
    "flow",
    "flow_distance",
    "separable_flow",
    "every_start",
    "flow_nonlinear",
    "distance_instances",
    "flow_rate",
    "flow_minimum_norm",
    "instances",
)
ORDER = ALGEBRA + CALCULUS  # each may use those before it
QUIET = ("-w", "-notation-overridden,-ambiguous-paths")  # what loading the library says
CLOSED = "Closed under the global context"
# What classical analysis adds to Coq's logic: equivalent propositions are equal, functions that
# agree everywhere are equal, and from what exists one may be chosen.
AXIOMS = frozenset(
    f"boolp.{name}"
    for name in (
        "propositional_extensionality",
        "functional_extensionality_dep",
        "constructive_indefinite_description",
    )
)
# What would let a file through that proves less than it says.
FORBIDDEN = re.compile(
    r"\b(Admitted|admit|give_up|Axioms?|Parameters?|Conjectures?|Abort|bypass_check|Unset\s+\w+\s+Checking)\b"
)


def theorems(source: str) -> list[str]:
    """Return the names of a file's theorems, in their order."""
    return re.findall(r"^Theorem (\w+)", source, flags=re.MULTILINE)


def forbidden(source: str) -> list[str]:
    """Return the words, outside comments, that have no place in a proof."""
    return [
        found[0] for found in FORBIDDEN.finditer(re.sub(r"\(\*.*?\*\)", "", source, flags=re.S))
    ]


def coqc(folder: Path, name: str) -> str:
    """Compile one file; return what it printed, or end with Coq's own message."""
    done = subprocess.run(
        ["coqc", *QUIET, "-Q", ".", "FA", f"{name}.v"],
        cwd=folder,
        capture_output=True,
        encoding="utf-8",
    )
    if done.returncode:
        sys.exit(f"proofs/{name}.v does not check:\n{done.stdout}{done.stderr}")
    return done.stdout


def assumptions(folder: Path, names: dict[str, list[str]]) -> dict[str, frozenset[str]]:
    """Return the axioms on which each theorem `module.name` rests, as Coq prints them."""
    full = [f"{module}.{name}" for module in names for name in names[module]]
    questions = [
        f'Goal True. idtac "@ {name} ". Abort.\nPrint Assumptions FA.{name}.' for name in full
    ]
    (folder / "questions.v").write_text(
        "\n".join([f"From FA Require {' '.join(names)}.", *questions]), encoding="utf-8"
    )
    answers = (answer.split(" ", 1) for answer in coqc(folder, "questions").split("@ ")[1:])
    return {name: axioms(said) for name, said in answers}


def axioms(said: str) -> frozenset[str]:
    """Return the names in an answer of Coq's; a name stands at the start of a line."""
    if said.split() == CLOSED.split():
        return frozenset()
    found = frozenset(
        re.findall(r"^([\w.']+)\s*:", said.partition("Axioms:")[2], flags=re.MULTILINE)
    )
    if not found:
        raise ValueError(f"Coq said {said!r}: expected {CLOSED!r}, or a list of axioms")
    return found


def refused(names: dict[str, list[str]], rests: dict[str, frozenset[str]]) -> list[str]:
    """Return what is wrong: a theorem without an answer, or one that assumes too much."""
    wrong = []
    for module in names:
        allowed = AXIOMS if module in CALCULUS else frozenset()
        for name in (f"{module}.{name}" for name in names[module]):
            if name not in rests:
                wrong.append(f"{name}: Coq did not say what it rests on")
            elif more := rests[name] - allowed:
                wrong.append(f"{name} rests on {', '.join(sorted(more))}: expected no such axiom")
    return wrong


def main() -> None:
    """Compile every file, print what every theorem assumes, fail where that is not allowed."""
    if shutil.which("coqc") is None:
        sys.exit("make proof needs coqc and its libraries; the README says how to install them")
    present = {path.stem for path in PROOFS.glob("*.v")}
    if present != set(ORDER):
        sys.exit(f"proofs/ holds {sorted(present)}, but tools/proof.py checks {sorted(ORDER)}")
    names = {}
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        for module in ORDER:
            source = (PROOFS / f"{module}.v").read_text(encoding="utf-8")
            if words := forbidden(source):
                sys.exit(f"proofs/{module}.v contains {', '.join(words)}: expected finished proofs")
            shutil.copy(PROOFS / f"{module}.v", folder)
            coqc(folder, module)
            names[module] = theorems(source)
            print(f"{module}.v: {len(names[module])} theorems", flush=True)
        rests = assumptions(folder, names)
    for name in rests:
        print(f"{name}: {', '.join(sorted(rests[name])) or CLOSED}")
    if wrong := refused(names, rests):
        sys.exit("\n".join(wrong))
    print(f"{len(rests)} theorems")


if __name__ == "__main__":
    main()
