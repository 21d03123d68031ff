"""Run a program in an environment of its own: the same for every reader, in every shell.

What a shell or a home holds (a style of Matplotlib's, a start-up file of IPython's, PYTHONOPTIMIZE,
another fa_lib) would else reach a page, or the verdict on a claim.
"""

import os
import platform
import re
import subprocess
import sys
import sysconfig
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HOME = ROOT / "_build" / "home"
OWN = {
    "HOME": str(HOME),
    "USERPROFILE": str(HOME),  # Windows' name for it
    "LC_ALL": "C.UTF-8",
    "OMP_NUM_THREADS": "1",  # the matrices are small, and sums are then added in one order
    "PYTHONHASHSEED": "0",
    "PYTHONPATH": os.pathsep.join(map(str, (ROOT, ROOT / "extensions"))),
    "PYTHONUTF8": "1",
    "TZ": "UTC",
}
# What stays: where the system has its files, what the kernels of OpenBLAS are chosen by, what a
# forge says of itself, what tests ask for; and what macOS sets.
KEPT = re.compile(
    r"PATH|LD_LIBRARY_PATH|TMPDIR|TEMP|TMP|SYSTEMROOT|TERM|OPENBLAS_(CORETYPE|L2_SIZE)"
    r"|(CI|GITHUB)(_\w+)?|CHROMIUM|(COV|MUTANT|MUTMUT|PY|PYTEST)_\w+|__\w+"
)


def own() -> dict[str, str]:
    """Return the environment, whose home is there."""
    HOME.mkdir(parents=True, exist_ok=True)
    return {name: value for name, value in os.environ.items() if KEPT.fullmatch(name)} | OWN


def installed() -> list[str]:
    """Return Python's version and the packages that are installed, each with its version."""
    packages = Path(sysconfig.get_path("purelib")).glob("*.dist-info")
    return [platform.python_version(), *sorted(path.stem for path in packages)]


def enter() -> None:
    """Start the program that runs again in its own environment, unless it is there already.

    It finds the modules beside the pages; the kernels that it starts do so as a reader's do.

    Raises
    ------
    SystemExit
        Where fa_lib would be imported from elsewhere.
    """
    again = [sys.executable, *sys.argv]
    if not OWN.items() <= os.environ.items():
        if os.name == "nt":  # where execve does not wait for the end
            sys.exit(subprocess.run(again, env=own()).returncode)
        os.execve(sys.executable, again, own())
    spec, expected = find_spec("fa_lib"), ROOT / "fa_lib" / "__init__.py"
    if spec is None or spec.origin != str(expected):
        sys.exit(f"fa_lib comes from {spec and spec.origin}, expected {expected}")
    sys.path.append(str(ROOT / "book"))
