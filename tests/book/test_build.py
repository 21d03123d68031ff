"""One build at a time, and one that fails says so, each time."""

import fcntl
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

import build


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A folder in which a build executes nothing, and writes one page."""
    for name, place in {"ROOT": tmp_path, "BUILD": tmp_path, "HTML": tmp_path / "html"}.items():
        monkeypatch.setattr(build, name, place)
    monkeypatch.setattr(build.weigh, "main", lambda: None)
    monkeypatch.setattr(build.execute, "execute_in_copy", lambda folder: None)
    return tmp_path


def test_a_build_waits_for_another_in_its_folder(project, monkeypatch, capsys):
    monkeypatch.setattr(build, "write_pages", (project / "html").mkdir)
    with (project / "building").open("w") as lock, ThreadPoolExecutor() as pool:
        fcntl.flock(lock, fcntl.LOCK_EX)
        waiting = pool.submit(build.main)
        with pytest.raises(TimeoutError):
            waiting.result(timeout=0.5)
        assert not (project / "html").exists()
        fcntl.flock(lock, fcntl.LOCK_UN)
        waiting.result(timeout=60)
    assert (project / "html").exists()
    assert f"The book: {project / 'html' / 'index.html'}" in capsys.readouterr().out


def test_a_build_ends_where_the_execution_or_the_weighing_fails(project, monkeypatch):
    monkeypatch.setattr(build, "write_pages", (project / "html").mkdir)
    monkeypatch.setattr(build.weigh, "main", lambda: sys.exit("too heavy"))
    with pytest.raises(SystemExit, match="too heavy"):
        build.main()
    monkeypatch.setattr(build.execute, "execute_in_copy", lambda folder: sys.exit("no page"))
    with pytest.raises(SystemExit, match="no page"):
        build.main()  # and does not write the pages: the folder is there


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
