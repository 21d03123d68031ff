"""The ten lines of the page "Test your own code", run as printed: they pass, and see a fault."""

import ast
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "book/examples"

# What stands in the training code, a fault in its place, and what the test must say then.
FAULTS = {
    "numpy": ("* slope(h1)", "* (a1 > 1)", "hidden layer 1: BROKEN"),
    "torch": ("return error @ feedback,", "return error @ feedback / len(x),", "are 1/8 times"),
    "jax": ('feedback=feedback[name]["kernel"]', 'feedback=params[name]["kernel"]', "(GD)"),
}


def run(name, folder):
    """Run an example's test by itself, among copies of the files, as its reader would."""
    for kind in ("{}_training", "test_{}"):
        shutil.copy(EXAMPLES / f"{kind.format(name)}.py", folder)
    return again(folder)


def again(folder):
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", folder]
    own = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(command, cwd=folder, env=own, capture_output=True, encoding="utf-8")


@pytest.mark.parametrize("name", FAULTS)
def test_ten_lines_pass_as_printed_and_see_a_fault(name, tmp_path):
    pytest.importorskip(name)
    right = run(name, tmp_path)
    assert right.returncode == 0, right.stdout
    assert "1 passed" in right.stdout

    old, new, said = FAULTS[name]
    code = tmp_path / f"{name}_training.py"
    source = code.read_text(encoding="utf-8")
    assert source.count(old) == 1, "the source has changed: choose the fault anew"
    code.write_text(source.replace(old, new), encoding="utf-8")
    wrong = again(tmp_path)
    assert wrong.returncode == 1
    assert "AssertionError: this backward pass is not one of FA" in wrong.stdout
    assert said in wrong.stdout


@pytest.mark.parametrize("name", FAULTS)
def test_ten_lines_are_ten(name):
    source = (EXAMPLES / f"test_{name}.py").read_text(encoding="utf-8")
    assert len([line for line in source.splitlines() if line]) <= 11
    assert len(ast.parse(source).body) == 4  # three imports and a test


def test_the_page_prints_these_files():
    page = json.loads((ROOT / "book/test_your_code.ipynb").read_text(encoding="utf-8"))
    text = "".join("".join(cell["source"]) for cell in page["cells"])
    assert {path.stem for path in EXAMPLES.glob("*.py")} == {
        kind.format(name) for name in FAULTS for kind in ("{}_training", "test_{}")
    }
    for path in EXAMPLES.glob("*.py"):
        assert f"{{literalinclude}} examples/{path.name}" in text
