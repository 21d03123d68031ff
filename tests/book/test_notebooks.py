"""The notebooks: the set of them, and their claims under other parameters than the stored ones.

That they reproduce their stored outputs is tested by nbval, on the notebooks themselves; many more
draws of their parameters are run by `make reproduce`.
"""

import re
import shutil
from pathlib import Path

import nbformat
import papermill
import pytest
import yaml

import reproduce
from draws import declared_ranges, draw
from planting import plant
from records import claims

ROOT = Path(__file__).resolve().parents[2]
BOOK = ROOT / "book"
SCORECARD = "scorecard"


def pages_on_disk():
    return {path.stem for path in BOOK.glob("*.ipynb")}


def notebook(page):
    return nbformat.read(BOOK / f"{page}.ipynb", as_version=4)


def run_elsewhere(page, folder, parameters):
    """Execute a page into a folder, and return the claims that it recorded."""
    output = folder / f"{page}.ipynb"
    papermill.execute_notebook(
        BOOK / f"{page}.ipynb", output, parameters, cwd=BOOK, progress_bar=False
    )
    return list(claims(output))


def test_contents_and_notebooks_on_disk_and_notebooks_tested_are_the_same_set():
    contents = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    files = [contents["root"], *(c["file"] for part in contents["parts"] for c in part["chapters"])]
    listed = {Path(file).name for file in files if (ROOT / f"{file}.ipynb").exists()}
    missing = [f for f in files if not list(ROOT.glob(f"{f}.*"))]
    assert not missing
    assert listed == pages_on_disk()


@pytest.mark.parametrize("page", sorted(pages_on_disk()))
def test_page_has_one_cell_of_parameters_and_stored_outputs_and_claims(page):
    code = [cell for cell in notebook(page).cells if cell.cell_type == "code"]
    assert sum("parameters" in cell.metadata.get("tags", []) for cell in code) == 1
    assert any(cell.outputs for cell in code)
    assert list(claims(BOOK / f"{page}.ipynb"))


@pytest.mark.parametrize("page", sorted(pages_on_disk()))
def test_every_figure_has_alt_text_that_is_a_sentence(page):
    for cell in notebook(page).cells:
        if any("image/svg+xml" in output.get("data", {}) for output in cell.get("outputs", [])):
            alt = cell.metadata["mystnb"]["image"]["alt"]
            assert len(alt.split()) >= 8, alt
            assert alt.endswith(".")


@pytest.mark.parametrize("page", sorted(pages_on_disk() - {SCORECARD}))
def test_claims_hold_in_a_draw_from_the_ranges_that_the_page_declares(page):
    ranges = declared_ranges(notebook(page))
    assert "seed" in ranges
    assert len(ranges) > 2
    result = reproduce.work(page, draw(ranges, page, 1, 0))
    assert result["failure"] is None
    assert list(result["held"]) == [r["name"] for r in claims(BOOK / f"{page}.ipynb")]


@pytest.mark.parametrize("page", sorted(pages_on_disk()))
def test_no_command_of_a_formula_is_escaped_twice(page):
    texts = [cell.source for cell in notebook(page).cells if cell.cell_type == "markdown"]
    twice = r"\\\\(?:t?frac|inner|norm|cos|sum|Delta|dot)\b"  # would be a new line and a word
    assert re.findall(twice, "\n".join(texts)) == []


def test_every_link_to_a_claim_names_a_claim():
    sources = [*BOOK.glob("*.md"), *BOOK.glob("*.ipynb")]
    linked = {
        name
        for path in sources
        for name in re.findall(r"\]\(claim:([^)]*)\)", path.read_text(encoding="utf-8"))
    }
    known = {r["name"] for page in pages_on_disk() for r in claims(BOOK / f"{page}.ipynb")}
    assert linked
    assert not linked - known


def test_scorecard_lists_what_the_pages_of_another_folder_recorded(tmp_path):
    recorded = run_elsewhere("index", tmp_path, {"seed": 3})
    for page in pages_on_disk() - {SCORECARD, "index"}:
        nbformat.write(notebook(page), tmp_path / f"{page}.ipynb")
    run_elsewhere(SCORECARD, tmp_path, {"folder": str(tmp_path)})
    text = (tmp_path / f"{SCORECARD}.ipynb").read_text(encoding="utf-8")
    assert all(r["bound"] in text for r in recorded)


def test_scorecard_fails_on_a_page_that_claims_nothing(tmp_path):
    for page in pages_on_disk():
        copy = notebook(page)
        for cell in copy.cells:
            if page == "index" and cell.cell_type == "code":
                cell.outputs = []
        nbformat.write(copy, tmp_path / f"{page}.ipynb")
    with pytest.raises(papermill.PapermillExecutionError, match="score-silent-pages"):
        run_elsewhere(SCORECARD, tmp_path, {"folder": str(tmp_path)})


@pytest.mark.parametrize(
    ("module", "right", "wrong"),
    [
        (
            "balances.py",
            "(ours(dW, W) / rate, terms.degree * above(dV, M) / next_rate)",
            "(2 * ours(dW, W) / rate, terms.degree * above(dV, M) / next_rate)",
        ),
        (
            "dynamics.py",
            "State(tuple(map(_downhill, state.weights, uphill, etas)), state.feedback)",
            "State(tuple(map(_downhill, state.weights, uphill, etas)), "
            "tuple(1.001 * B for B in state.feedback))",
        ),
    ],
    ids=["balance with the wrong factor", "feedback that drifts"],
)
def test_fault_planted_in_the_library_fails_a_claim(module, right, wrong, tmp_path, monkeypatch):
    faulty = tmp_path / "fa_lib"
    shutil.copytree(ROOT / "fa_lib", faulty, ignore=shutil.ignore_patterns("__pycache__"))
    source = (faulty / module).read_text(encoding="utf-8")
    (faulty / module).write_text(plant(source, right, wrong), encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(papermill.PapermillExecutionError, match="claim law-exact-discrete fails"):
        run_elsewhere("theorem_5_1", tmp_path, {})
