"""The build does nothing where nothing has changed, and reads again only what has."""

import os
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from filelock import FileLock

import build


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A folder of sources and one file; building notes itself, and copies the sources' text."""
    for name in ("source/book/page.md", "source/lock", "lock", "source/__pycache__/left.pyc"):
        (tmp_path / name).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / name).write_text("one", encoding="utf-8")
    places = {"ROOT": tmp_path, "HTML": tmp_path / "html", "BUILT": tmp_path / "built"}
    places["SOURCE"] = tmp_path / "source"
    places["BOOK"] = [tmp_path / "source", tmp_path / "lock", tmp_path / "pdf"]
    for name, place in places.items():
        monkeypatch.setattr(build, name, place)
    monkeypatch.setattr(build.weigh, "main", lambda: None)
    monkeypatch.setattr(build.execute, "execute_in_copy", lambda _: None)
    return tmp_path


def is_built(project, write_pages=None):
    """Run the build; return whether it wrote the pages, and what of them had changed."""
    wrote = []

    def write(changed):
        wrote.append(changed)
        (project / "html").mkdir(exist_ok=True)
        (project / "html/index.html").write_text("built", encoding="utf-8")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(build, "write_pages", write_pages or write)
        build.main()
    return wrote


def test_what_has_not_changed_is_built_once(project, capsys):
    assert is_built(project)
    assert not is_built(project)
    assert capsys.readouterr().out.count(f"The book: {project / 'html' / 'index.html'}") == 2


@pytest.mark.parametrize(
    ("name", "changed"),
    [
        ("source/book/page.md", {"page"}),
        ("source/book/other.ipynb", {"other"}),
        ("source/lock", {build.REST}),
        ("lock", {build.REST}),
        ("pdf", {build.REST}),
        ("html/a.html", set()),
    ],
)
def test_what_has_changed_is_built_whatever_the_clock_said(project, name, changed):
    assert is_built(project) == [{"page", build.REST}]
    (project / name).write_text("two", encoding="utf-8")
    os.utime(project / name, (0, 0))
    os.utime(project / "built", (2**32, 2**32))
    assert is_built(project) == [changed]


def test_bytecode_is_no_change(project):
    assert is_built(project)
    (project / "source/__pycache__/left.pyc").write_text("two", encoding="utf-8")
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
    with FileLock(project / "building") as lock, ThreadPoolExecutor() as pool:
        waiting = pool.submit(is_built, project)
        with pytest.raises(TimeoutError):
            waiting.result(timeout=0.5)
        assert not (project / "html").exists()
        lock.release()
        assert waiting.result(timeout=60)


def test_a_build_that_failed_is_made_again(project):
    assert is_built(project)
    (project / "lock").write_text("two", encoding="utf-8")
    for _ in range(2):
        with pytest.raises(SystemExit):
            is_built(project, write_pages=lambda _: sys.exit(2))
    (project / "lock").write_text("one", encoding="utf-8")
    assert is_built(project) == [{"page", build.REST}], "what was read with a warning is read again"


@pytest.fixture
def book(tmp_path, monkeypatch):
    """A whole small book of two pages."""
    monkeypatch.setattr(build, "ROOT", tmp_path)
    monkeypatch.setattr(build, "HTML", tmp_path / "_build/html")
    monkeypatch.setattr(build, "DOCTREES", tmp_path / "_build/.doctrees/book")
    monkeypatch.setattr(build, "SOURCE", tmp_path / "source")
    (build.SOURCE / "book").mkdir(parents=True)
    for name, text in {
        "_config.yml": "title: T\nexecute: {execute_notebooks: 'off'}",
        "_toc.yml": "format: jb-book\nroot: book/index\nchapters: [{file: book/other}]",
        "book/index.md": "# One",
        "book/other.md": "# Two",
    }.items():
        (build.SOURCE / name).write_text(text, encoding="utf-8")
    return build.SOURCE / "book"


ALL = {build.REST, "index", "other"}


@pytest.mark.filterwarnings("ignore")  # what Sphinx' extensions use
def test_an_error_is_told_again_by_the_next_build(book):
    (book / "index.md").write_text("# T\n\nA {nosuchrole}`word`.", encoding="utf-8")
    for _ in range(2):
        with pytest.raises(SystemExit):
            build.write_pages(ALL)
        assert not (build.HTML / "left.html").exists()
        (build.HTML / "left.html").touch()


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("changed", "read"), [({"other"}, {"other"}), ({build.REST}, {"index", "other"})]
)
def test_pages_are_read_again_where_they_or_the_rest_have_changed(book, changed, read):
    build.write_pages(ALL)
    for page in book.iterdir():
        page.write_text("# One\n\nAnew.", encoding="utf-8")
        os.utime(page, (0, 0))
    build.write_pages(changed)
    pages = {page.stem: page.read_text(encoding="utf-8") for page in build.HTML.glob("book/*.html")}
    assert {name for name, text in pages.items() if "Anew." in text} == read
