"""What the build executes: all that has changed, and nothing else."""

import re
from pathlib import Path

import nbformat
import pytest

import execute
import kept

PAGE = "import sys\nsys.path.insert(0, '..')\nfrom fa_lib.rule import FACTOR\n2 * FACTOR"


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project of one page and a scorecard, in small; the copy has fa_lib where PAGE looks."""
    root = tmp_path / "project"
    for name, text in {
        "_config.yml": "title: T",
        "_toc.yml": "root: book/page",
        "CHANGELOG.md": "# Changes",
        "proofs/law.v": "",
        "extensions/typeset.py": "",
        "benchmarks/record.json": "{}",
        "benchmarks/accelerator.json": "{}",
        "benchmarks/peers.json": "{}",
        "benchmarks/public_code.json": "{}",
        "requirements.txt": "numpy==2",
        "fa_lib/__init__.py": "",
        "fa_lib/rule.py": "FACTOR = 1",
        "book/notes.md": "# Notes",
    }.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    for name in ("page", "scorecard"):
        write(root / f"book/{name}.ipynb", "Some text.", PAGE)
    monkeypatch.setattr(execute, "ROOT", root)
    monkeypatch.setattr(execute, "SOURCES", (*execute.SOURCES, "fa_lib"))
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")  # modules are edited within a second
    return root


def write(path, text, *codes, **metadata):
    """Write a notebook of a text and of cells of code; the metadata are the last cell's."""
    code = [nbformat.v4.new_code_cell(code, id=f"b{i}") for i, code in enumerate(codes)]
    code[-1].metadata = metadata
    cells = [nbformat.v4.new_markdown_cell(text, id="a"), *code]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)


def update(root):
    """Bring the copy up to date; return its page's text and result, and which pages ran."""
    ran = []
    with pytest.MonkeyPatch.context() as patch:
        whole = execute.execute_all
        patch.setattr(execute, "execute_all", lambda jobs: (ran.extend(jobs), whole(jobs)))
        execute.execute_in_copy(root.parent / "copy")
    text, code = nbformat.read(root.parent / "copy/book/page.ipynb", as_version=4).cells
    return text.source, code.outputs[0].data["text/plain"], [job[0].stem for job in ran]


def test_only_what_changed_is_executed(project):
    assert update(project) == ("Some text.", "2", ["page", "scorecard"])
    assert update(project) == ("Some text.", "2", [])

    write(project / "book/page.ipynb", "Other text.", PAGE)
    assert update(project) == ("Other text.", "2", [])
    write(project / "book/page.ipynb", "Other text.", PAGE + " + 1")
    assert update(project) == ("Other text.", "3", ["page"])


def test_change_in_the_library_executes_every_page(project):
    update(project)
    (project / "fa_lib/rule.py").write_text("FACTOR = 10", encoding="utf-8")
    assert update(project) == ("Some text.", "20", ["page", "scorecard"])


def test_page_that_fails_is_executed_again(project):
    update(project)
    write(project / "book/page.ipynb", "Some text.", "assert False")
    for _ in range(2):
        with pytest.raises(SystemExit, match=r"1 of 1 pages failed: page\.ipynb"):
            update(project)


def test_copy_loses_what_the_sources_lost(project):
    update(project)
    (project / "book/notes.md").unlink()
    update(project)
    assert not (project.parent / "copy/book/notes.md").exists()


def test_scorecard_follows_the_claims_of_other_pages(project):
    update(project)
    shown = "from IPython.display import display\ndisplay({'text/plain': '2'}, raw=True, "
    write(project / "book/page.ipynb", "T", shown + "metadata={'claim': {'name': 'new'}})")
    assert update(project) == ("T", "2", ["page", "scorecard"])


FIGURE = {"mystnb": {"image": {"alt": "A line."}}}
LINE = "import matplotlib.pyplot as plt\nplt.plot([0, 1])\n"


def test_every_page_that_fails_is_named_with_its_cell_and_its_error_once(project, capfd):
    book = project / "book"
    write(book / "claim.ipynb", "T", "1", "raise AssertionError('claim c fails: 2 < 1. It is so.')")
    write(book / "dead.ipynb", "T", "import os", "2", "os._exit(1)")
    write(book / "figure.ipynb", "T", LINE + "plt.close()", **FIGURE)
    write(book / "warning.ipynb", "T", "import warnings\nwarnings.warn('old')")
    write(book / "other.ipynb", "T", "1")
    kernel = nbformat.read(book / "other.ipynb", as_version=4)
    kernel.metadata.kernelspec = {"name": "none", "display_name": "None"}
    nbformat.write(kernel, book / "other.ipynb")
    (book / "half.ipynb").write_text('{"cells": [', encoding="utf-8")
    names = ("claim", "dead", "figure", "half", "other", "warning")
    listed = ", ".join(f"{name}.ipynb" for name in names)
    with pytest.raises(SystemExit, match=f"6 of 7 pages failed: {listed}"):
        update(project)
    printed, told = capfd.readouterr()
    assert "page.ipynb: " in printed  # which holds
    for line in (
        "book/claim.ipynb, cell 2: AssertionError: claim c fails: 2 < 1. It is so.",
        "book/dead.ipynb, cell 3: DeadKernelError: Kernel died",
        "book/figure.ipynb, cell 1: ValueError: has alt text: expected an image, came []",
        "book/half.ipynb: NotJSONError: Notebook does not appear to be JSON: '{\"cells\": ['",
        "book/other.ipynb: NoSuchKernel: No such kernel named none",
    ):
        assert told.count(line) == 1, told
    assert re.search(r"book/warning\.ipynb, cell 1: ValueError: wrote to stderr: .*old", told)
    assert "Traceback" not in told + printed


def test_page_that_takes_too_long_is_named_with_its_cell(project, monkeypatch):
    monkeypatch.setattr(execute, "LIMIT", 1)
    write(project / "book/slow.ipynb", "T", "import time", "time.sleep(60)")
    with pytest.raises(execute.PageError, match=r"book/slow\.ipynb, cell 2: CellTimeoutError"):
        execute.execute(project / "book/slow.ipynb", project, project / "slow.ipynb")


def test_figure_that_is_drawn_passes(project):
    write(project / "book/drawn.ipynb", "T", LINE + "plt.show()", **FIGURE)
    execute.execute(project / "book/drawn.ipynb", project, project / "drawn.ipynb")


@pytest.mark.parametrize("keep", [0, -10])
def test_executed_copy_that_is_not_whole_counts_as_none(project, keep):
    update(project)
    copy = project.parent / "executed/page.ipynb"
    copy.write_bytes(copy.read_bytes()[:keep])
    assert update(project) == ("Some text.", "2", ["page"])


def test_another_version_of_a_package_executes_every_page(project, monkeypatch, tmp_path):
    monkeypatch.setattr("sysconfig.get_path", lambda _: tmp_path)
    (tmp_path / "numpy-1.dist-info").mkdir()
    update(project)
    (tmp_path / "numpy-1.dist-info").rename(tmp_path / "numpy-2.dist-info")
    assert update(project) == ("Some text.", "2", ["page", "scorecard"])


def test_a_write_that_is_cut_off_leaves_the_old_file(tmp_path, monkeypatch):
    file = tmp_path / "page.ipynb"
    kept.write(file, b"old")

    def cut_off(path, content):
        path.touch()
        raise OSError("no space left")

    monkeypatch.setattr(Path, "write_bytes", cut_off)
    with pytest.raises(OSError, match="no space"):
        kept.write(file, b"new")
    assert file.read_bytes() == b"old"
