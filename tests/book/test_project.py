"""The project's own files: the lock, the version in its three places, what the README promises."""

import io
import re
import tomllib
from contextlib import redirect_stdout
from importlib.metadata import distributions
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "requirements.txt").read_text(encoding="utf-8")
LOCKED = [Requirement(line) for line in re.findall(r"^(\S+==.*?) *\\?$", TEXT, re.MULTILINE)]


def test_every_package_is_pinned_in_one_version():
    assert LOCKED
    for requirement in LOCKED:
        assert re.fullmatch(r"==[^*,]+", str(requirement.specifier)), requirement


def test_what_is_asked_for_is_pinned_in_the_form_that_is_asked_for():
    """An old pip takes the newest of a form that the lock does not have, and stops."""
    forms = {(requirement.name, frozenset(requirement.extras)) for requirement in LOCKED}
    names = {name for name, _ in forms}
    wanted = [
        Requirement(text)
        for installed in distributions()
        if installed.name.lower() in names
        for text in installed.requires or []
    ]
    met = [w for w in wanted if not w.marker or w.marker.evaluate({"extra": ""})]
    asked = {(w.name.lower(), frozenset(w.extras)) for w in met if w.name.lower() in names}
    assert any(extras for _, extras in asked)
    assert asked <= forms


def test_version_is_the_same_everywhere():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    newest = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.M)
    assert project["version"] == citation["version"] == newest[1]


README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_code_of_the_readme_runs_as_printed():
    blocks = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
    assert blocks
    for block in blocks:
        with redirect_stdout(io.StringIO()) as printed:
            exec(block, {})
        law = [float(row) for row in re.findall(r"-?\d+\.\d+", printed.getvalue())]
        assert law
        assert max(law) - min(law) <= 1e-6 * max(map(abs, law))  # as far as it is printed


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "book/reproducing.md"])
def test_every_command_that_is_named_is_there(name):
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^(\w+):", makefile, flags=re.MULTILINE))
    text = (ROOT / name).read_text(encoding="utf-8")
    named = set(re.findall(r"(?:`|^)make (\w+)", text, flags=re.MULTILINE))
    assert named
    assert named <= targets


NAMING = ["README.md", "CONTRIBUTING.md", "book/reproducing.md", "book/scaling_out.ipynb"]


@pytest.mark.parametrize("name", NAMING)
def test_every_file_that_is_named_is_there(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    folders = "benchmarks|book|extensions|fa_lib|proofs|tests|tools"
    named = set(re.findall(rf"`((?:{folders})/[\w./-]*)`", text))
    assert named
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_every_action_is_pinned_by_its_hash():
    lines = [
        line
        for path in (ROOT / ".github/workflows").glob("*.yml")
        for line in path.read_text(encoding="utf-8").splitlines()
        if "uses:" in line
    ]
    assert lines
    for line in lines:
        assert re.search(r"uses: [\w/-]+@[0-9a-f]{40}  # v[\d.]+$", line), line
