"""Write requirements.txt: every package that CI, readers and Binder install, in one version.

The ranges stand in pyproject.toml. Markers keep the one file right on every system and Python.
"""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HEADER = """\
# Made by `make lock` from the ranges in pyproject.toml: one version of each package, and the hashes
# of its files, without which pip installs nothing. fa_lib itself is installed after them.
"""


def main() -> None:
    """Resolve, and keep what pip needs."""
    command = [sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--universal"]
    command += ["--python-version", "3.11", "--all-extras", "--no-header"]
    # An extra that is asked for must be pinned as such: for `coverage[toml]>=7` an old pip takes
    # the newest coverage, finds no hash of it, and stops.
    command += ["--no-strip-extras", "--generate-hashes", "pyproject.toml"]
    locked = subprocess.run(
        command, cwd=ROOT, check=True, capture_output=True, encoding="utf-8"
    ).stdout
    (ROOT / "requirements.txt").write_text(HEADER + locked, encoding="utf-8")


if __name__ == "__main__":
    main()
