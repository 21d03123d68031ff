"""The build does nothing where nothing has changed."""

import fcntl
import os
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

import build


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A folder of sources and one file; building notes itself, and copies the sources' text."""
    for name in ("pages/page.md", "lock", "pages/__pycache__/left.pyc"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("one", encoding="utf-8")
    places = {"ROOT": tmp_path, "HTML": tmp_path / "html", "BUILT": tmp_path / "built"}
    places["BOOK"] = [tmp_path / "pages", tmp_path / "lock", tmp_path / "pdf"]
    for name, place in places.items():
        monkeypatch.setattr(build, name, place)
    monkeypatch.setattr(build.weigh, "main", lambda: None)
    monkeypatch.setattr(build.subprocess, "run", lambda *a, **k: Done())
    return tmp_path


class Done:
    """A process that ended well, and said nothing."""

    returncode, stdout = 0, ""


def is_built(project, write_pages=None):
    """Run the build; return whether it wrote the pages."""
    wrote = []

    def write():
        wrote.append(True)
        (project / "html").mkdir(exist_ok=True)
        (project / "html/index.html").write_text("built", encoding="utf-8")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(build, "write_pages", write_pages or write)
        build.main()
    return bool(wrote)


def test_what_has_not_changed_is_built_once(project, capsys):
    assert is_built(project)
    assert not is_built(project)
    assert capsys.readouterr().out.count(f"The book: {project / 'html' / 'index.html'}") == 2


@pytest.mark.parametrize("name", ["pages/page.md", "pages/other.md", "lock", "pdf", "html/a.html"])
def test_what_has_changed_is_built_whatever_the_clock_said(project, name):
    assert is_built(project)
    (project / name).write_text("two", encoding="utf-8")
    os.utime(project / name, (0, 0))
    os.utime(project / "built", (2**32, 2**32))
    assert is_built(project)


def test_bytecode_is_no_change(project):
    assert is_built(project)
    (project / "pages/__pycache__/left.pyc").write_text("two", encoding="utf-8")
    assert not is_built(project)


@pytest.mark.parametrize("keep", [None, 0, 3])
def test_a_site_that_is_not_whole_is_built(project, keep):
    assert is_built(project)
    page = project / "html/index.html"
    content = page.read_bytes()
    page.unlink()
    if keep is not None:
        page.write_bytes(content[:keep])
    assert is_built(project)


def test_another_address_or_another_package_is_built(project, monkeypatch):
    assert is_built(project)
    monkeypatch.setenv("GITHUB_REPOSITORY", "owner/another")
    assert is_built(project)
    monkeypatch.setattr(build.environment, "installed", lambda: ["sphinx-1"])
    assert is_built(project)


def test_a_build_waits_for_another_in_its_folder(project):
    with (project / "building").open("w") as lock, ThreadPoolExecutor() as pool:
        fcntl.flock(lock, fcntl.LOCK_EX)
        waiting = pool.submit(is_built, project)
        with pytest.raises(TimeoutError):
            waiting.result(timeout=0.5)
        assert not (project / "html").exists()
        fcntl.flock(lock, fcntl.LOCK_UN)
        assert waiting.result(timeout=60)


def test_a_build_that_failed_is_made_again(project):
    assert is_built(project)
    (project / "lock").write_text("two", encoding="utf-8")
    for _ in range(2):
        with pytest.raises(SystemExit):
            is_built(project, write_pages=lambda: sys.exit(2))
    (project / "lock").write_text("one", encoding="utf-8")
    assert is_built(project)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # Jupyter Book's own use of click
@pytest.mark.parametrize(("code", "passes"), [(0, True), (None, True), (2, False)])
def test_a_failed_build_ends_the_command(monkeypatch, project, code, passes):
    def ends(arguments):
        assert arguments[:2] == ["build", str(build.SOURCE)]
        assert {"-W", "--all"} <= set(arguments)
        assert not build.HTML.exists()
        raise SystemExit(code)

    build.HTML.mkdir()
    monkeypatch.setattr("jupyter_book.cli.main.main", ends)
    if passes:
        build.write_pages()
    else:
        with pytest.raises(SystemExit):
            build.write_pages()


@pytest.mark.filterwarnings("ignore")  # what Sphinx' extensions use
def test_an_error_is_told_again_by_the_next_build(tmp_path, monkeypatch):
    """A whole small book, whose page has a role that nobody knows."""
    monkeypatch.setattr(build, "ROOT", tmp_path)
    monkeypatch.setattr(build, "HTML", tmp_path / "_build/html")
    monkeypatch.setattr(build, "SOURCE", tmp_path / "source")
    build.SOURCE.mkdir()
    for name, text in {
        "_config.yml": "title: T\nexecute: {execute_notebooks: 'off'}",
        "_toc.yml": "format: jb-book\nroot: index",
        "index.md": "# T\n\nA {nosuchrole}`word`.",
    }.items():
        (build.SOURCE / name).write_text(text, encoding="utf-8")
    for _ in range(2):
        with pytest.raises(SystemExit):
            build.write_pages()
