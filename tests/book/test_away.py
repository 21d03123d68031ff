"""The book away from its site: launched on Colab or Binder, taken home as archives, printed."""

import os
import re
import subprocess
import sys
import tomllib
import zipfile
import zlib
from pathlib import Path

import nbformat
import papermill
import pytest
from docutils import nodes
from matplotlib.backends.backend_pdf import PdfPages
from matplotlib.figure import Figure
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

import downloads
import forge
import latex
import pdf
from reading import CHECKING, Fold
from records import claims
from test_reading import cell

ROOT = Path(forge.__file__).resolve().parents[1]
FORGE = re.compile(r"GITHUB_|CI_")
GITHUB = {"GITHUB_SERVER_URL": "https://github.com", "GITHUB_REPOSITORY": "owner/name"}
ON_MAIN = {**GITHUB, "GITHUB_REF_NAME": "main"}
CONFIGURATION = f"""
import sys
sys.path.append({str(ROOT / "extensions")!r})
extensions = ["myst_nb", "sphinx_book_theme", "forge", "downloads"]
html_theme = "sphinx_book_theme"
html_title = "A small book"
nb_execution_mode = "off"
root_doc = "book/index"
exclude_patterns = ["site", "jupyter_execute"]
"""
START = """# Start

```{{toctree}}
run
```

```{{downloads}}
```
"""


@pytest.fixture
def no_forge(monkeypatch):
    for name in os.environ:
        if FORGE.match(name):
            monkeypatch.delenv(name)
    return monkeypatch


def a_repository(folder, remote):
    subprocess.run(["git", "init", "--quiet", folder], check=True)
    subprocess.run(["git", "remote", "add", "origin", remote], cwd=folder, check=True)


def colab_cell(path):
    """Return the first code of a notebook: what fetches the book on Colab."""
    return next(c for c in nbformat.read(path, as_version=4).cells if c.cell_type == "code")


COLAB = colab_cell(ROOT / "book" / "index.ipynb")


def with_colab_cell(address=""):
    cell = nbformat.from_dict(COLAB)
    cell.source = cell.source.replace('ADDRESS = ""', f'ADDRESS = "{address}"')
    cells = [
        nbformat.v4.new_markdown_cell("# Run", id="title"),
        cell,
        nbformat.v4.new_code_cell("import page", id="code"),
    ]
    notebook = nbformat.v4.new_notebook(cells=cells)
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3"}
    notebook.metadata.language_info = {"name": "python"}
    return notebook


def build(folder, variables):
    """Build a book of one text and one notebook; return its site."""
    book = folder / "book"
    book.mkdir(exist_ok=True)
    (folder / "conf.py").write_text(CONFIGURATION, encoding="utf-8")
    (book / "index.md").write_text(START.format(), encoding="utf-8")
    nbformat.write(with_colab_cell(), book / "run.ipynb")
    (book / "page.py").write_text("", encoding="utf-8")
    kept = {name: value for name, value in os.environ.items() if not FORGE.match(name)}
    command = [sys.executable, "-m", "sphinx", "-W", "-n", "-b", "html", "-d", folder / "doctrees"]
    command += [folder, folder / "site"]
    subprocess.run(command, env={**kept, **variables}, check=True, capture_output=True)
    return folder / "site"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    return build(tmp_path_factory.mktemp("launched"), ON_MAIN)


# --------------------------------------------------------------------- whose repository this is


@pytest.mark.parametrize(
    ("variables", "address"),
    [
        (GITHUB, "https://github.com/owner/name"),
        ({"GITHUB_REPOSITORY": "owner/name"}, "https://github.com/owner/name"),
        ({"CI_PROJECT_URL": "https://gitlab.com/o/n"}, "https://gitlab.com/o/n"),
    ],
)
def test_a_forge_says_whose_repository_it_builds(no_forge, variables, address):
    for name, value in variables.items():
        no_forge.setenv(name, value)
    assert forge.repository() == address


@pytest.mark.parametrize(
    ("remote", "address"),
    [
        ("git@github.com:owner/name.git", "https://github.com/owner/name"),
        ("ssh://git@github.com/owner/name.git", "https://github.com/owner/name"),
        ("https://github.com/owner/name", "https://github.com/owner/name"),
        ("../name", None),
        ("/srv/name.git", None),
        ("file:///srv/name.git", None),
    ],
)
def test_a_clone_knows_its_repository_unless_it_is_a_folder(no_forge, tmp_path, remote, address):
    a_repository(tmp_path, remote)
    no_forge.setattr(forge, "HERE", tmp_path)
    assert forge.repository() == address


def test_the_branch_is_that_of_the_forge_or_of_the_remote_or_main(no_forge, tmp_path):
    a_repository(tmp_path, "https://github.com/owner/name")
    no_forge.setattr(forge, "HERE", tmp_path)
    assert forge.branch() == "main"
    head = ["git", "symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/trunk"]
    subprocess.run(head, cwd=tmp_path, check=True)
    assert forge.branch() == "trunk"
    no_forge.setenv("GITHUB_REF_NAME", "release")
    assert forge.branch() == "release"


# -------------------------------------------------------------------------------- launch buttons


def links(page):
    return set(re.findall(r'href="(https://[^"]*)"', page.read_text(encoding="utf-8")))


def test_a_notebook_opens_on_colab_and_binder_and_shows_its_source(site):
    file = "book/run.ipynb"
    assert links(site / "book" / "run.html") >= {
        f"https://colab.research.google.com/github/owner/name/blob/main/{file}",
        f"https://mybinder.org/v2/gh/owner/name/main?urlpath=lab/tree/{file}",
        f"https://github.com/owner/name/blob/main/{file}?plain=1",
        "https://github.com/owner/name",
    }


def test_the_buttons_load_no_logos(site):
    assert "fa-play" in (site / "book" / "run.html").read_text(encoding="utf-8")
    assert not re.search(
        r"logo_(binder|colab)", (site / "book" / "run.html").read_text(encoding="utf-8")
    )


def test_a_page_of_text_shows_its_source_and_does_not_run(site):
    found = links(site / "book" / "index.html")
    assert "https://github.com/owner/name/blob/main/book/index.md?plain=1" in found
    assert not any("colab" in link or "mybinder" in link for link in found)


def test_without_a_repository_no_page_has_a_button(tmp_path):
    outside = {"GIT_DIR": str(tmp_path / "none")}
    site = build(tmp_path, outside)
    for page in ("run", "index"):
        text = (site / "book" / f"{page}.html").read_text(encoding="utf-8")
        assert not re.search("colab.research|mybinder|github|gitlab|launch-buttons", text)


def test_a_server_that_binder_cannot_read_gets_no_button_for_it():
    for address in ("https://github.firm.example/o/n", "https://gitlab.com/group/sub/n"):
        assert "binderhub_url" not in forge.launch_options(address, "main")["launch_buttons"]


# ----------------------------------------------------------------------------------------- Colab


def on_colab(folder, monkeypatch):
    """Make this machine look like Colab: its module is loaded, and pip only notes its arguments."""
    commands = folder / "commands"
    commands.mkdir()
    (commands / "pip").write_text(
        f'#!/bin/sh\necho "$@" > "{folder}/installed"\n', encoding="utf-8"
    )
    (commands / "pip").chmod(0o755)
    monkeypatch.setenv("PATH", f"{commands}{os.pathsep}{os.environ['PATH']}")
    return nbformat.v4.new_code_cell(
        "import sys, types\nsys.modules['google.colab'] = types.ModuleType('google.colab')"
    )


def run(notebook, folder):
    NotebookClient(notebook, resources={"metadata": {"path": str(folder)}}).execute()


def test_a_notebook_alone_on_colab_fetches_the_book_and_then_runs(tmp_path, monkeypatch):
    origin, content = tmp_path / "origin", tmp_path / "content"
    (origin / "book").mkdir(parents=True)
    content.mkdir()
    (origin / "book" / "page.py").write_text("", encoding="utf-8")
    a_repository(origin, "https://github.com/owner/name")
    commit = ["-c", "user.name=a", "-c", "user.email=a@b.example", "commit", "-qm", "a page"]
    for arguments in (["add", "."], commit):
        subprocess.run(["git", *arguments], cwd=origin, check=True)
    notebook = with_colab_cell(origin.as_uri())
    notebook.cells.insert(0, on_colab(tmp_path, monkeypatch))
    run(notebook, content)
    assert (content / "fa_book" / "book" / "page.py").exists()
    installed = (tmp_path / "installed").read_text(encoding="utf-8").split()
    assert "./fa_book" in installed


def test_on_colab_with_no_address_known_the_reader_is_asked(tmp_path, monkeypatch):
    notebook = with_colab_cell()
    notebook.cells.insert(0, on_colab(tmp_path, monkeypatch))
    with pytest.raises(CellExecutionError, match="StdinNotImplementedError"):  # nobody to answer
        run(notebook, tmp_path)


def test_elsewhere_the_cell_does_nothing(tmp_path):
    notebook = with_colab_cell("https://github.com/owner/name")
    (tmp_path / "page.py").write_text("", encoding="utf-8")
    run(notebook, tmp_path)
    assert not any(cell.outputs for cell in notebook.cells if cell.cell_type == "code")
    assert {path.name for path in tmp_path.iterdir()} - {"__pycache__"} == {"page.py"}


@pytest.mark.parametrize("path", sorted(ROOT.glob("book/*.ipynb")), ids=lambda path: path.stem)
def test_every_notebook_begins_its_code_with_the_same_cell_for_colab(path):
    assert colab_cell(path) == COLAB
    assert COLAB.id == "colab"


def imports(path):
    """Yield the modules that a page, or a module, imports from elsewhere than Python."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".ipynb":
        cells = nbformat.reads(text, as_version=4).cells
        text = "\n".join(cell.source for cell in cells if cell.cell_type == "code")
    yield from set(re.findall(r"(?m)^ *(?:import|from) (\w+)", text)) - sys.stdlib_module_names


def test_what_the_cell_installs_is_what_the_pages_import():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    with_fa_lib = {re.match(r"[\w-]+", name)[0] for name in project["dependencies"]}
    added = set(COLAB.source.split("./fa_book ")[1].split("\n")[0].split())
    ours = (*ROOT.glob("book/*.py"), *ROOT.glob("book/examples/*.py"))
    beside = {path.stem for path in ours} | {"studies"}
    there = {"IPython", "matplotlib", "matplotlib_inline", "sklearn"}  # on Colab, of its own
    known = {"fa_lib", *there, *beside, *with_fa_lib, *added}
    names = {"yaml": "pyyaml", "myst_nb": "myst-nb"}
    for path in (*ROOT.glob("book/*.ipynb"), *ROOT.glob("book/*.py")):
        assert {names.get(name, name) for name in imports(path)} <= known, path.name


# ------------------------------------------------------------------------------------ taking home


def test_archives_are_the_same_byte_for_byte(tmp_path):
    downloads.pack(tmp_path / "one.zip", {"b": b"2", "a": b"1"})
    downloads.pack(tmp_path / "two.zip", {"a": b"1", "b": b"2"})
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()


def test_the_list_leads_to_files_and_says_their_sizes(site):
    page = (site / "book" / "index.html").read_text(encoding="utf-8")
    found = re.findall(r'<a href="\.\./([^"]*)" download>.*?</a> \(([^)]*)\)', page)
    assert {name for name, _ in found} == {
        "_downloads/fa_book_site.zip",
        "_downloads/fa_book_notebooks.zip",
        "_sources/book/run.ipynb",
    }
    for name, size in found:
        assert size == downloads.size(site / name)


def test_the_archive_holds_the_site_but_not_itself_and_no_dead_link(site, tmp_path):
    with zipfile.ZipFile(site / "_downloads" / "fa_book_site.zip") as archive:
        archive.extractall(tmp_path)
    copy = tmp_path / "fa_book"
    inside = {path.relative_to(copy) for path in copy.rglob("*") if path.is_file()}
    outside = {path.relative_to(site) for path in site.rglob("*") if path.is_file()}
    assert outside - inside == {Path("_downloads/fa_book_site.zip")}
    page = (copy / "book" / "index.html").read_text(encoding="utf-8")
    assert downloads.MARK not in page
    links = re.findall(r'href="\.\./([^"#]*)" download', page)
    assert links == ["_downloads/fa_book_notebooks.zip", "_sources/book/run.ipynb"]
    assert all((copy / name).exists() for name in links)


def test_a_site_that_is_built_again_is_packed_the_same(tmp_path):
    build(tmp_path, ON_MAIN)  # in its first build MyST-NB names a style sheet without its version
    archive = build(tmp_path, ON_MAIN) / "_downloads" / "fa_book_site.zip"
    first = archive.read_bytes()
    build(tmp_path, ON_MAIN)
    assert archive.read_bytes() == first


def test_a_pdf_is_offered_once_there_is_one_with_its_pages_and_size(tmp_path):
    folder = tmp_path / "source"
    folder.mkdir()
    with PdfPages(tmp_path / "fa_book.pdf") as pages:
        for _ in range(3):
            pages.savefig(Figure())
    site = build(folder, ON_MAIN)
    kilobytes = round((tmp_path / "fa_book.pdf").stat().st_size / 1000)
    offered = (site / "book/index.html").read_text(encoding="utf-8")
    assert 'href="../_downloads/fa_book.pdf" download' in offered
    assert f"({kilobytes} KB): a PDF of 3 pages" in offered
    (tmp_path / "fa_book.pdf").unlink()
    site = build(folder, ON_MAIN)
    assert "fa_book.pdf" not in (site / "book/index.html").read_text(encoding="utf-8")
    assert not (site / "_downloads" / "fa_book.pdf").exists()


def test_pages_are_counted_where_latex_packs_them():
    objects = b"<</Type/Pages/Count 2>><</Type/Page/Parent 1 0 R>><</Type /Page>>"
    endings = (zlib.compress(objects + b"1" * number) for number in range(256))
    packed = next(packed for packed in endings if packed.endswith(b"\n"))  # not the line's end
    pdf = b"1 0 obj<</Type/ObjStm/N 3>>\nstream\n" + packed + b"\nendstream\nendobj"
    assert downloads.pages_of(pdf) == 2


def test_notebooks_taken_home_know_the_address_for_colab(site):
    notebook = nbformat.read(site / "_sources" / "book" / "run.ipynb", as_version=4)
    assert 'ADDRESS = "https://github.com/owner/name"' in notebook.cells[1].source


def test_a_notebook_of_the_archive_runs_there(tmp_path, monkeypatch):
    files = downloads.notebook_files(ROOT / "book", "A book")
    downloads.pack(tmp_path / "notebooks.zip", files)
    with zipfile.ZipFile(tmp_path / "notebooks.zip") as archive:
        archive.extractall(tmp_path)
    book = tmp_path / "fa_book" / "book"
    monkeypatch.setenv("PYTHONPATH", str(book.parent))  # its own fa_lib
    where = nbformat.v4.new_code_cell("import fa_lib\nassert 'fa_book' in fa_lib.__file__")
    notebook = nbformat.read(book / "theorem_5_1.ipynb", as_version=4)
    notebook.cells.append(where)
    nbformat.write(notebook, book / "theorem_5_1.ipynb")
    ran = tmp_path / "ran.ipynb"
    papermill.execute_notebook(book / "theorem_5_1.ipynb", ran, cwd=book, progress_bar=False)
    assert list(claims(ran)) == list(claims(ROOT / "book" / "theorem_5_1.ipynb"))


def test_binder_installs_what_everybody_installs():
    commands = (ROOT / ".binder" / "postBuild").read_text(encoding="utf-8").splitlines()
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for line in (line for line in commands if line.startswith("python -m pip install")):
        arguments = line.removeprefix("python -m pip install --no-cache-dir ")
        assert f"--disable-pip-version-check {arguments}\n" in makefile


# -------------------------------------------------------------------------------------- the print


def test_print_has_the_macros_of_the_website():
    assert latex.newcommand("inner", ["<#1>", 1]) == r"\newcommand{\inner}[1]{<#1>}"


def test_without_latex_the_packages_are_named(tmp_path):
    command = [sys.executable, ROOT / "tools" / "pdf.py", tmp_path]
    done = subprocess.run(
        command, env={**os.environ, "PATH": str(tmp_path)}, capture_output=True, encoding="utf-8"
    )
    assert done.returncode != 0
    assert "xelatex" in done.stderr
    assert "apt-get install" in done.stderr


@pytest.mark.parametrize("name", ["README.md", ".github/workflows/ci.yml"])
def test_the_packages_that_print_needs_are_the_same_everywhere(name):
    assert pdf.PACKAGES in " ".join((ROOT / name).read_text(encoding="utf-8").split())


def test_columns_of_numbers_keep_their_line_and_sentences_share_the_rest():
    widths = latex.column_widths(
        [["claim", "bound", "verdict"], ["word " * 30, "< 1e-12", "holds"]]
    )
    assert widths[1] >= len("< 1e-12")
    assert widths[0] > widths[1] + widths[2]


def test_a_sentence_that_led_to_code_says_in_print_where_that_is():
    page = nodes.section()
    leading = [nodes.paragraph("", "It is short:") for _ in range(3)]
    aside = nodes.container(classes=[CHECKING])
    for paragraph, left_out in zip(leading, [cell(), Fold(), aside], strict=True):
        page += [paragraph, left_out]
        latex.take_out(left_out)
    assert page.children == leading
    said = [paragraph.astext() for paragraph in leading]
    assert said == ["It is short (see the website)."] * 2 + ["It is short:"]


PRINTED = """# A book

:::{figure} picture.pdf
What it shows.
:::

:::{glossary}
Term
: What it means.
:::
"""


def test_print_has_what_its_layout_is_told_of(tmp_path):
    """A figure's caption stands right before its label, and a glossary in columns."""
    settings = CONFIGURATION.replace('"forge", "downloads"', '"sphinx_proof", "latex"')
    settings += 'myst_enable_extensions = ["colon_fence", "deflist"]\nroot_doc = "index"\n'
    (tmp_path / "conf.py").write_text(settings, encoding="utf-8")
    (tmp_path / "index.md").write_text(PRINTED, encoding="utf-8")
    Figure().savefig(tmp_path / "picture.pdf")
    command = [sys.executable, "-m", "sphinx", "-W", "-n", "-b", "latex", tmp_path, tmp_path / "to"]
    subprocess.run(command, check=True, capture_output=True)
    (written,) = (tmp_path / "to").glob("*.tex")
    _, _, text = written.read_text(encoding="utf-8").partition(r"\begin{document}")
    figure = text[text.index(r"\begin{figure}") : text.index(r"\end{figure}")]
    assert re.search(r"\\sphinxincludegraphics\{.*\}\n\\caption\{What.*\}\\label\{", figure)
    terms = text[text.index(r"\begin{multicols}{2}") : text.index(r"\end{multicols}")]
    assert "What it means." in terms
