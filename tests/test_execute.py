"""What the build executes: all that has changed, and nothing else."""

import nbformat
import pytest

import execute

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
        "tools/typeset.py": "",
        "benchmarks/record.json": "{}",
        "benchmarks/accelerator.json": "{}",
        "requirements.txt": "numpy==2",
        "fa_lib/rule.py": "FACTOR = 1",
        "book/notes.md": "# Notes",
    }.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    for name in ("page", "scorecard"):
        write(root / f"book/{name}.ipynb", "Some text.", PAGE)
    monkeypatch.setattr(execute, "ROOT", root)
    monkeypatch.setattr(execute, "SOURCES", (*execute.SOURCES, "fa_lib"))
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")  # modules are edited within a second
    return root


def write(path, text, code):
    cells = [nbformat.v4.new_markdown_cell(text, id="a"), nbformat.v4.new_code_cell(code, id="b")]
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
    before = {path: path.stat().st_mtime_ns for path in (project.parent / "copy").rglob("*.*")}
    assert update(project) == ("Some text.", "2", [])
    assert before == {p: p.stat().st_mtime_ns for p in (project.parent / "copy").rglob("*.*")}

    write(project / "book/page.ipynb", "Other text.", PAGE)
    assert update(project) == ("Other text.", "2", [])
    write(project / "book/page.ipynb", "Other text.", PAGE + " + 1")
    assert update(project) == ("Other text.", "3", ["page"])


def test_change_in_the_library_executes_every_page(project):
    update(project)
    (project / "fa_lib/rule.py").write_text("FACTOR = 10")
    assert update(project) == ("Some text.", "20", ["page", "scorecard"])


def test_page_that_fails_is_executed_again(project):
    update(project)
    write(project / "book/page.ipynb", "Some text.", "assert False")
    for _ in range(2):
        with pytest.raises(Exception, match="AssertionError"):
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
