"""What a reader's shell, home and other copies hold reaches neither a page nor a claim."""

import ast
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

import environment

ROOT = Path(__file__).resolve().parents[2]
SOURCES = (
    *("_config.yml", "_toc.yml", "CHANGELOG.md", "book/notes.md", "proofs/law.v"),
    *(f"benchmarks/{name}.json" for name in ("record", "accelerator", "peers", "public_code")),
)
# A page that shows what could leak in, and a figure; it fails where assertions are skipped.
PAGE = """\
import locale, os, shutil, sys, warnings
import matplotlib.pyplot as plt
import fa_lib
plt.plot([0, 1])
plt.show()
kept = {"_", "PATH", "PWD", "SHLVL", "JPY_PARENT_PID", "JPY_SESSION_NAME"}
print(sorted(set(os.environ) - kept), sys.flags, sys.path[1:3], warnings.filters[:1])
print("planted" in globals(), fa_lib.WHOSE, hash("a"), shutil.get_terminal_size().columns)
print(locale.getpreferredencoding(), locale.setlocale(locale.LC_ALL))
try:
    assert False
except AssertionError:
    print("asserted")"""


@pytest.fixture
def project(tmp_path):
    """A project of one page, with the book's tools; beside it another fa_lib, and a home."""
    root = tmp_path / "project"
    for folder in ("tools", "extensions"):
        shutil.copytree(ROOT / folder, root / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for name, text in {
        "project/fa_lib/__init__.py": "WHOSE = 'its own'",
        "other/fa_lib/__init__.py": "WHOSE = 'of another copy'",
        **dict.fromkeys((f"project/{name}" for name in SOURCES), ""),
        "project/book/records.py": (ROOT / "book" / "records.py").read_text(encoding="utf-8"),
        "home/.config/matplotlib/matplotlibrc": "lines.linestyle: --",
        "home/.ipython/profile_default/startup/a.py": "planted = True\nprint('planted')",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    for name in ("page", "scorecard"):
        cell = new_code_cell(PAGE if name == "page" else "", id="a")
        nbformat.write(new_notebook(cells=[cell]), root / f"book/{name}.ipynb")
    return root


def hostile(folder):
    """Return an environment in which nothing is as it should be."""
    return {
        **{"HOME": str(folder / "home"), "PATH": os.environ["PATH"]},
        **{"PYTHONPATH": str(folder / "other"), "PYTHONOPTIMIZE": "1", "PYTHONHASHSEED": "7"},
        **{"PYTHONWARNINGS": "ignore", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        **{"LC_ALL": "C", "LANG": "xx_XX", "TZ": "Asia/Tokyo", "COLUMNS": "33", "NO_COLOR": "1"},
        **{"MPLBACKEND": "Agg", "MATPLOTLIBRC": str(folder / "home/.config/matplotlib")},
        **{"IPYTHONDIR": str(folder / "home/.ipython"), "JUPYTER_PATH": str(folder / "home")},
        **{"SCIPY_ARRAY_API": "1", "OPENBLAS_NUM_THREADS": "3", "SOURCE_DATE_EPOCH": "1"},
    }


def executed(root, variables):
    """Execute the page in an environment; return it as it is then."""
    shutil.rmtree(root / "_build", ignore_errors=True)
    command = [sys.executable, "tools/execute.py"]
    subprocess.run(command, cwd=root, env=variables, check=True)
    return (root / "book/page.ipynb").read_text(encoding="utf-8")


def test_a_hostile_environment_leaves_no_trace_on_a_page(project):
    page = executed(project, {"PATH": os.environ["PATH"], "HOME": "/nowhere"})
    assert executed(project, hostile(project.parent)) == page
    assert "its own" in page
    assert "asserted" in page
    assert "image/png" in page


def test_a_program_stops_where_the_library_would_come_from_elsewhere(project):
    shutil.rmtree(project / "fa_lib")
    command = [sys.executable, "tools/execute.py"]
    done = subprocess.run(command, cwd=project, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 1
    assert f"expected {project / 'fa_lib' / '__init__.py'}" in done.stderr


def test_what_a_processor_needs_and_a_forge_says_stays(monkeypatch):
    for name in ("OPENBLAS_CORETYPE", "LD_LIBRARY_PATH", "GITHUB_REPOSITORY", "CI"):
        monkeypatch.setenv(name, "kept")
        assert environment.own()[name] == "kept"


@pytest.mark.parametrize("serves", [True, False])
def test_an_environment_of_another_folder_is_made_anew(tmp_path, serves):
    shutil.copy(ROOT / "Makefile", tmp_path)
    for name in ("requirements.txt", "pyproject.toml", ".venv/bin/python", "bin/python3", "ready"):
        file = tmp_path / name.replace("ready", ".venv/ready")  # the newest
        file.parent.mkdir(parents=True, exist_ok=True)
        new_enough = 'case "$*" in *version_info*) exit 0; esac'
        ends = f"{new_enough}\nexit {int(not serves)}"
        file.write_text(f'#!/bin/sh\necho "$0" "$@" >> log\n{ends}\n', "utf-8")
        file.chmod(0o755)
    path = f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}"
    command = ["make", ".venv/ready"]
    subprocess.run(command, cwd=tmp_path, env={"PATH": path}, check=False, capture_output=True)
    calls = (tmp_path / "log").read_text("utf-8")
    assert f"{tmp_path / 'fa_lib' / '__init__.py'}" in calls
    assert ("-m venv --clear .venv" in calls) is not serves
    assert ("pip" in calls) is False


def without_encoding(source):
    """Return the lines of the calls that read or write text in the encoding of the locale."""
    for call in (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)):
        name = getattr(call.func, "attr", getattr(call.func, "id", ""))
        given = [each.value for each in call.args if isinstance(each, ast.Constant)]
        words = {word.arg for word in call.keywords}
        opens = name == "open" and not any(re.fullmatch("[rwax]b", str(each)) for each in given)
        texts = name in ("read_text", "write_text") or "text" in words or opens
        if texts and "encoding" not in words and "utf-8" not in given:
            yield call.end_lineno


@pytest.mark.parametrize("folder", ["benchmarks", "book", "extensions", "fa_lib", "tests", "tools"])
def test_every_text_is_read_and_written_in_utf_8_whatever_the_locale(folder):
    for path in (ROOT / folder).glob("*.py"):
        assert list(without_encoding(path.read_text(encoding="utf-8"))) == [], path


@pytest.mark.parametrize("call", ["p.read_text()", "open(p)", "p.open('a')", "run(p, text=True)"])
def test_a_call_without_an_encoding_is_seen(call):
    assert list(without_encoding(call)) == [1]
