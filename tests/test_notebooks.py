"""The notebooks: the set of them, and their claims under other parameters than the stored ones.

That they reproduce their stored outputs is tested by nbval, on the notebooks themselves.
"""

import re
import shutil
from pathlib import Path

import nbformat
import papermill
import pytest
import yaml

from page import claims

ROOT = Path(__file__).resolve().parent.parent
BOOK = ROOT / "book"
SCORECARD = "scorecard"

# Two sets of other parameters for each page: other seeds, and other sizes.
OTHER_PARAMETERS = {
    "index": [{"seed": 1, "networks": 5}, {"seed": 2, "widths": [12, 20, 2], "samples": 5}],
    "feedback_alignment": [
        {"seed": 1, "networks": 8},
        {"seed": 2, "widths": [24, 16, 8], "networks": 5, "samples": 80},
    ],
    "theorem_5_1": [
        {"seed": 1, "networks": 20},
        {"seed": 2, "widths": [5, 7, 6, 5, 3], "samples": 9, "steps": 200},
    ],
    "verification": [
        {"seed": 1, "networks": 6, "samples": 40, "inputs": 5, "width": 20, "outputs": 2},
        {"seed": 3, "samples": 10, "inputs": 20, "width": 6, "outputs": 4, "steps": 200},
    ],
    "finer_laws": [
        {"seed": 1, "widths": [3, 6, 3, 1], "networks": 10, "largest": 3},
        {"seed": 2, "widths": [6, 8, 5, 3], "samples": 15, "largest": 3, "draws": 4},
    ],
    "convergence": [
        {"seed": 7, "networks": 40, "hidden": 6, "outputs": 2, "samples": 3},
        {"seed": 123, "networks": 60, "inputs": 20, "hidden": 12, "outputs": 4, "samples": 5},
    ],
    "implicit_bias": [
        {"seed": 7, "networks": 10, "inputs": 20, "samples": 5, "hidden": 5},
        {"seed": 2024, "problems": 120, "inputs": 12, "samples": 3, "hidden": 12},
    ],
    "other_rules": [
        {"seed": 1},
        {"seed": 2, "widths": [5, 6, 4, 4, 2]},
    ],
    "real_data": [
        {"seed": 1, "networks": 10, "depths": [2, 3], "class_counts": [2, 10]},
        {"seed": 2, "width": 24, "depths": [3], "size": 25, "epochs": 6, "class_counts": [3, 10]},
    ],
    "alignment": [
        {"seed": 7, "networks": 30},
        {
            "seed": 11,
            "widths": [6, 12, 3],
            "seeds": 240,
            "deep_widths": [14, 18, 18, 18, 4],
        },
    ],
    "theorem_5_2": [
        {"seed": 7, "outputs": 2, "networks": 12},
        {"seed": 3, "outputs": 1, "hidden": 10, "networks": 12},
    ],
}
RUNS = [(page, number) for page, sets in OTHER_PARAMETERS.items() for number in range(len(sets))]


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
    contents = yaml.safe_load((ROOT / "_toc.yml").read_text())
    files = [contents["root"], *(c["file"] for part in contents["parts"] for c in part["chapters"])]
    listed = {Path(file).name for file in files if (ROOT / f"{file}.ipynb").exists()}
    missing = [f for f in files if not list(ROOT.glob(f"{f}.*"))]
    assert not missing
    assert listed == pages_on_disk() == {SCORECARD, *OTHER_PARAMETERS}


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


@pytest.mark.parametrize(("page", "number"), RUNS, ids=[f"{p}-{n}" for p, n in RUNS])
def test_claims_hold_with_other_parameters(page, number, tmp_path):
    parameters = OTHER_PARAMETERS[page][number]
    declared = next(c for c in notebook(page).cells if "parameters" in c.metadata.get("tags", []))
    assert all(f"{name} =" in declared.source for name in parameters), "no such parameter"
    recorded = run_elsewhere(page, tmp_path, parameters)
    assert [r["name"] for r in recorded] == [r["name"] for r in claims(BOOK / f"{page}.ipynb")]
    assert {r["verdict"] for r in recorded} == {"holds"}


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
    text = (tmp_path / f"{SCORECARD}.ipynb").read_text()
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
        ("laws.py", "axis=-1) / 2 - degree", "axis=-1) / 3 - degree"),
        (
            "dynamics.py",
            "directions, eta), state.feedback)",
            "directions, eta), tuple(B * 1.001 for B in state.feedback))",
        ),
    ],
    ids=["law with the wrong factor", "feedback that drifts"],
)
def test_fault_planted_in_the_library_fails_a_claim(module, right, wrong, tmp_path, monkeypatch):
    faulty = tmp_path / "fa_lib"
    shutil.copytree(ROOT / "fa_lib", faulty, ignore=shutil.ignore_patterns("__pycache__"))
    source = (faulty / module).read_text()
    assert source.count(right) == 1, "the source has changed: choose the fault anew"
    (faulty / module).write_text(source.replace(right, wrong))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(papermill.PapermillExecutionError, match="claim law-direct-last fails"):
        run_elsewhere("theorem_5_1", tmp_path, {})
