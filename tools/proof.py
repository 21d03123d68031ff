"""Check the formal proofs from scratch, and that they assume nothing.

    python3 tools/proof.py               what `make proof` does

Every file of proofs/ is compiled in a new folder. Then Coq prints what each theorem rests on;
anything but "Closed under the global context" is an error. Needs no package of Python.
"""

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

PROOFS = Path(__file__).resolve().parent.parent / "proofs"
ORDER = ("setting", "law", "minimum_norm", "rate")  # each may use those before it
QUIET = ("-w", "-notation-overridden,-ambiguous-paths")  # what loading the library says
CLOSED = "Closed under the global context"
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


def assumptions(folder: Path, module: str, names: list[str]) -> dict[str, str]:
    """Return what Coq says that each theorem of a file rests on."""
    questions = [
        f'Goal True. idtac "@ {name} ". Abort.\nPrint Assumptions FA.{module}.{name}.\n'
        for name in names
    ]
    (folder / "questions.v").write_text(
        f"From FA Require {module}.\n{''.join(questions)}", encoding="utf-8"
    )
    answers = coqc(folder, "questions").split("@ ")[1:]
    return {name: " ".join(rest.split()) for name, rest in (a.split(" ", 1) for a in answers)}


def main() -> None:
    """Compile every file, print the assumptions of every theorem, fail if there are any."""
    if shutil.which("coqc") is None:
        sys.exit(
            "make proof needs coqc with Mathematical Components; the README says how to install"
        )
    present = {path.stem for path in PROOFS.glob("*.v")}
    if present != set(ORDER):
        sys.exit(f"proofs/ holds {sorted(present)}, but tools/proof.py checks {sorted(ORDER)}")
    failed = False
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        for module in ORDER:
            source = (PROOFS / f"{module}.v").read_text(encoding="utf-8")
            if words := forbidden(source):
                sys.exit(f"proofs/{module}.v contains {', '.join(words)}: expected finished proofs")
            shutil.copy(PROOFS / f"{module}.v", folder)
            coqc(folder, module)
            names = theorems(source)
            said = assumptions(folder, module, names)
            failed |= said != dict.fromkeys(names, CLOSED)
            for name in names:
                print(f"{module}.{name}: {said.get(name)}", flush=True)
    if failed:
        sys.exit("a theorem rests on an assumption; expected none")


if __name__ == "__main__":
    main()
