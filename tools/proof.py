"""Check the formal proofs from scratch, and what they assume.

    python3 tools/proof.py               what `make proof` does

Every file of proofs/ is compiled in a new folder, two at a time. Coq says what its theorems rest
on. In the files that are built on analysis.v the three axioms of the library of analysis are
allowed; in all others, which are algebra, nothing is. Needs no package of Python.
"""

import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import Future, ThreadPoolExecutor
from graphlib import TopologicalSorter
from pathlib import Path

PROOFS = Path(__file__).resolve().parent.parent / "proofs"
OLD = shutil.ignore_patterns("*.vo*", "*.glob", ".*")  # what coqc left beside the sources
Answer = Future[frozenset[str]]  # on what the theorems of a file rest
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


def required(source: str) -> list[str]:
    """Return the files of proofs/ that a file is built on."""
    lines = re.findall(
        r"^From FA Require (?:Import|Export) ([\w\s]+)\.", source, flags=re.MULTILINE
    )
    return " ".join(lines).split()


def in_order(sources: dict[str, str]) -> list[str]:
    """Return the names of the files, each after those that it is built on."""
    graph = {name: required(source) for name, source in sources.items()}
    return list(TopologicalSorter(graph).static_order())


def calculus(sources: dict[str, str]) -> set[str]:
    """Return the names of the files that are built on analysis.v, and its own."""
    found = {"analysis"}
    for name in in_order(sources):
        if found.intersection(required(sources[name])):
            found.add(name)
    return found


def axioms(said: str) -> frozenset[str]:
    """Return the names in an answer of Coq's; a name stands at the start of a line."""
    if said.split() == CLOSED.split():
        return frozenset()
    listed = said.partition("Axioms:")[2]
    found = frozenset(re.findall(r"^([\w.']+)\s*:", listed, flags=re.MULTILINE))
    if not found:
        raise ValueError(f"Coq said {said!r}: expected {CLOSED!r}, or a list of axioms")
    return found


def assumptions(folder: Path, module: str, names: list[str]) -> frozenset[str]:
    """Return the axioms on which the theorems of a file rest.

    Coq walks through the whole library to answer, so it is asked for all of a file at once.
    """
    if not names:
        return frozenset()
    every = ", ".join(f"@FA.{module}.{name}" for name in names)
    (folder / f"ask_{module}.v").write_text(
        f"From FA Require {module}.\nDefinition all := ({every}).\nPrint Assumptions all.\n",
        encoding="utf-8",
    )
    return axioms(coqc(folder, f"ask_{module}"))


def check(folder: Path, module: str, before: dict[str, Answer]) -> frozenset[str]:
    """Compile a file, after those that it is built on; return what its theorems rest on."""
    source = (folder / f"{module}.v").read_text(encoding="utf-8")
    for name in required(source):
        before[name].result()
    coqc(folder, module)
    return assumptions(folder, module, theorems(source))


def refused(module: str, rests: frozenset[str], allowed: frozenset[str]) -> str:
    """Return what is wrong with what a file's theorems rest on; nothing, if all is well."""
    if more := rests - allowed:
        return f"proofs/{module}.v rests on {', '.join(sorted(more))}: expected no such axiom"
    return ""


def main() -> None:
    """Compile every file, print what its theorems assume, fail where that is not allowed."""
    if shutil.which("coqc") is None:
        sys.exit("make proof needs coqc and its libraries; the README says how to install them")
    sources = {path.stem: path.read_text(encoding="utf-8") for path in PROOFS.glob("*.v")}
    for module, source in sources.items():
        if words := forbidden(source):
            sys.exit(f"proofs/{module}.v contains {', '.join(words)}: expected finished proofs")
    order, with_axioms = in_order(sources), calculus(sources)
    wrong = []
    with tempfile.TemporaryDirectory() as scratch, ThreadPoolExecutor(max_workers=2) as pool:
        folder = shutil.copytree(PROOFS, Path(scratch) / "proofs", ignore=OLD)
        checks: dict[str, Answer] = {}
        for module in order:
            checks[module] = pool.submit(check, folder, module, checks)
        for module in order:
            rests = checks[module].result()
            for name in theorems(sources[module]):
                print(f"{module}.{name}: {', '.join(sorted(rests)) or CLOSED}", flush=True)
            wrong.append(refused(module, rests, AXIOMS if module in with_axioms else frozenset()))
    if any(wrong):
        sys.exit("\n".join(filter(None, wrong)))
    print(f"{sum(len(theorems(source)) for source in sources.values())} theorems")


if __name__ == "__main__":
    main()
