"""The build imports what it will need, and does nothing where nothing has changed."""

import os
import sys

import pytest

import build


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A folder of sources and one file, both old."""
    for name in ("pages/page.md", "lock"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (0, 0))
    monkeypatch.setattr(build, "BOOK", [tmp_path / "pages", tmp_path / "lock", tmp_path / "pdf"])
    monkeypatch.setattr(build, "BUILT", tmp_path / "built")
    return tmp_path


def test_nothing_is_built_before_the_first_build(project):
    assert not build.is_built()


@pytest.mark.parametrize("name", ["pages/page.md", "pages/other.md", "lock", "pdf"])
def test_what_is_newer_than_the_last_build_is_built(project, name):
    build.BUILT.touch()
    (project / "pages" / "__pycache__").mkdir()
    (project / "pages" / "__pycache__" / "left.pyc").touch()
    os.utime(build.BUILT, (1, 1))
    assert build.is_built()
    (project / name).touch()
    os.utime(project / name, (2, 2))
    assert not build.is_built()


def test_all_extensions_are_imported_beforehand():
    build.preload()
    assert {"jupyter_book.sphinx", "myst_nb", "website", "launch"} <= set(sys.modules)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # Jupyter Book's own use of click
@pytest.mark.parametrize(("code", "passes"), [(0, True), (None, True), (2, False)])
def test_a_failed_build_ends_the_command(monkeypatch, code, passes):
    def ends(arguments):
        assert arguments[:2] == ["build", str(build.SOURCE)]
        assert "-W" in arguments
        raise SystemExit(code)

    monkeypatch.setattr("jupyter_book.cli.main.main", ends)
    if passes:
        build.write_pages()
    else:
        with pytest.raises(SystemExit):
            build.write_pages()
