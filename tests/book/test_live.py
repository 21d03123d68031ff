"""The explorable figures: the browser computes what `fa_lib` does, and the reader's hands count."""

import json
import shutil
from pathlib import Path

import nbformat
import numpy as np
import pytest

import fa_lib as fa
import live

BOOK = Path(__file__).resolve().parents[2] / "book"
FIGURES = {"theorem_5_1": live.law, "theorem_5_2": live.minimum_norm}
AGREE = 1e-9  # of the largest value, or of 1: the two sides add in another order

RUN = """(given) => {
    const {name, problem, steps, all} = JSON.parse(given);
    const figure = liveFigures[name];
    return JSON.stringify(all.map((settings) => {
        const {path, diverged} = train(figure.start(problem, settings), problem, settings, steps);
        if (diverged) return {diverged};
        const record = figure.record(path, problem, settings);
        return {record, words: figure.words(record)};
    }));
}"""


def outputs(page):
    """Yield what the cells of a notebook show, as bundles."""
    for cell in nbformat.read(BOOK / f"{page}.ipynb", as_version=4).cells:
        for output in cell.get("outputs", []):
            if "data" in output:
                yield output


def quoted(page):
    """Return the numbers of the figure that the page's text quotes, by name."""
    records = [o for o in outputs(page) if "scrapbook" in o.metadata]
    named = {o.metadata["scrapbook"]["name"]: next(iter(o.data.values())) for o in records}
    return {name: value for name, value in named.items() if name.startswith("live-")}


@pytest.fixture
def file(request, tmp_path):
    """Write the page's stored figure where its scripts are, as in the built book; nothing else."""
    (figure,) = [
        o.data["text/html"]
        for o in outputs(request.param)
        if 'class="live"' in o.data.get("text/html", "")
    ]
    shutil.copytree(BOOK / "static", tmp_path / "_static")
    file = tmp_path / "book" / f"{request.param}.html"
    file.parent.mkdir()
    file.write_text(
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Figure</title>'
        '<meta name="viewport" content="width=device-width">'
        # A site may forbid code within its pages; what the figure needs is in files.
        "<meta http-equiv='Content-Security-Policy' content=\"default-src 'self' file:\">"
        '<script src="../_static/network.js"></script><script src="../_static/live.js"></script>'
        f'<link rel="stylesheet" href="../_static/book.css"><main>{figure}</main>',
        encoding="utf-8",
    )
    return file


@pytest.fixture
def page(browser, file):
    """Open the figure in a narrow window, and let no complaint of the browser pass."""
    page = browser.new_page(viewport={"width": 390, "height": 900})
    complaints = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda message: complaints.append(message.text))
    page.goto(file.as_uri())
    page.locator("p[role=status]").filter(has_text="steps of").wait_for()
    yield page
    page.close()
    assert not complaints


every_page = pytest.mark.parametrize("file", FIGURES, indirect=True)
law_page = pytest.mark.parametrize("file", ["theorem_5_1"], indirect=True)


def words(page, change):
    """Do something, and return the sentence that follows when the figure has settled."""
    status = page.locator("p[role=status]")
    before = status.inner_text()
    change()
    changed = "(before) => document.querySelector('p[role=status]').innerText != before"
    page.wait_for_function(changed, arg=before)
    return status.inner_text()


def in_browser(page, figure, problem, settings):
    """Run the figure at each of the settings, and return what the browser recorded and said."""
    given = {"name": figure.name, "problem": problem, "steps": figure.steps, "all": settings}
    return json.loads(page.evaluate(RUN, json.dumps(given, default=lambda M: M.tolist())))


def in_python(figure, problem, settings):
    """Return the same record from fa_lib; None if the run diverges."""
    try:
        path = live.run(figure, problem, settings)
    except fa.Diverged:
        return None
    record = {"loss": live.losses(problem, path)}
    if figure is live.law:
        laws = {"raw": fa.layer_law(path), "corrected": fa.discrete_law(path)}
        record.update({name: (law - law[0]).T for name, law in laws.items()})
        return record
    x, y, theta = (problem[name] for name in ("x", "y", "theta"))
    outside = settings["outside"] * problem["outside"]
    terms = {
        "distance": fa.end_to_end(path) - theta,
        "predicted": path.weights[1] @ outside,
        # By the proposition on the page, what is left over is the error, by the pseudoinverse.
        "left": (fa.end_to_end(path) @ x.T - y.T) @ np.linalg.pinv(x).T,
    }
    for name, matrices in terms.items():
        record[name] = np.linalg.norm(matrices, axis=(1, 2)) / np.linalg.norm(theta)
    return record


def some_settings(figure, rng):
    """Draw a value that each control can take."""

    def draw(control):
        if "options" in control:
            return str(rng.choice(control["options"]))
        places = round((control["max"] - control["min"]) / control["step"])
        return control["min"] + control["step"] * int(rng.integers(places + 1))

    return {control["name"]: draw(control) for control in figure.controls}


@every_page
@pytest.mark.parametrize("seed", [0, 1])
def test_browser_and_library_agree_on_every_curve(page, file, seed):
    figure = FIGURES[file.stem]
    problem = figure.problem(seed)
    rng = np.random.default_rng([seed, figure.steps])
    settings = [live.defaults(figure), *(some_settings(figure, rng) for _ in range(30))]
    finished = 0
    for chosen, got in zip(settings, in_browser(page, figure, problem, settings), strict=True):
        expected = in_python(figure, problem, chosen)
        assert ("diverged" in got) == (expected is None), chosen
        if expected is None:
            continue
        finished += 1
        record = got["record"]
        for layer in record.pop("layers", []):
            for name in ("raw", "corrected"):
                record.setdefault(name, []).append(layer[name])
        assert record.keys() == expected.keys()
        for name, values in expected.items():
            worst = np.max(np.abs(np.array(record[name]) - values))
            assert worst < AGREE * max(1, np.max(np.abs(values))), (chosen, name)
    assert finished > len(settings) / 2


@law_page
def test_words_say_which_layers_keep_the_law(page):
    rng = np.random.default_rng(0)
    settings = [some_settings(live.law, rng) for _ in range(60)]
    runs = in_browser(page, live.law, live.law.problem(0), settings)
    keeps = {"FA": {(True, True)}, "GD": {(False, False)}, "DFA": {(False, True)}}
    said = {rule: set() for rule in keeps}
    for chosen, got in zip(settings, runs, strict=True):
        if "words" in got:
            kept = tuple(f"corrected {Q} by rounding only" in got["words"] for Q in ("Q₁", "Q₂"))
            said[chosen["rule"]].add(kept)
    assert said == keeps


@every_page
def test_figure_opens_as_the_text_says(page, file):
    status = page.locator("p[role=status]").inner_text()
    said = [word.strip(".,:;") for word in status.split()]
    numbers = quoted(file.stem)
    assert len(numbers) >= 4
    assert [value for value in numbers.values() if value not in said] == []


@every_page
def test_keyboard_alone_moves_the_figure_and_brings_it_back(page):
    first = page.locator("p[role=status]").inner_text()
    curves = "[...document.querySelectorAll('svg path')].map((path) => path.getAttribute('d'))"
    drawn = page.evaluate(curves)
    page.keyboard.press("Tab")
    assert page.get_by_role("radio", name="FA", exact=True).evaluate("(e) => e.matches(':focus')")
    assert words(page, lambda: page.keyboard.press("ArrowRight")).startswith("GD")
    page.keyboard.press("Tab")
    slider = page.get_by_role("slider", name="Step size")
    assert slider.evaluate("(e) => e.matches(':focus-visible')")
    before = slider.get_attribute("aria-valuetext")
    moved = words(page, lambda: page.keyboard.press("ArrowRight"))
    after = slider.get_attribute("aria-valuetext")
    assert float(after) > float(before)
    assert f"steps of {after}." in moved
    assert page.locator("output").first.inner_text() == after
    assert page.evaluate(curves) != drawn
    page.get_by_role("button", name="As in the text").focus()
    assert words(page, lambda: page.keyboard.press("Enter")) == first
    assert page.evaluate(curves) == drawn


@every_page
def test_pointer_moves_every_control(page, file):
    for control in FIGURES[file.stem].controls:
        if "options" in control:
            assert words(page, page.get_by_text("DFA", exact=True).click).startswith("DFA")
            continue
        slider = page.get_by_role("slider", name=control["label"])
        words(page, lambda slider=slider: slider.click(position={"x": 30, "y": 12}))
        assert slider.evaluate("(e) => e.valueAsNumber") < control["value"]


@every_page
def test_run_that_diverges_is_said_so_and_not_drawn(page, file):
    for name in ("Step size", "Scale of W(0)", "Angle of B from W(0)"):
        slider = page.get_by_role("slider", name=name)
        if slider.count():
            slider.press("End")
    page.locator("p[role=status]").filter(has_text="left the finite numbers at step").wait_for()
    assert page.locator("svg path").count() == 0
    assert page.locator("svg").get_by_text("diverged at step").count() > 1


@pytest.mark.parametrize("file", ["theorem_5_2"], indirect=True)
def test_end_point_lies_on_the_solution_without_an_outside_part(page):
    assert "lies off the minimum-norm solution" in page.locator("p[role=status]").inner_text()
    slider = page.get_by_role("slider", name="Scale of W⊥(0)")
    assert "lies on the minimum-norm solution" in words(page, lambda: slider.press("Home"))


@every_page
def test_figure_fits_a_phone_and_a_finger(page):
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    targets = [*page.locator("input[type=range], .live button, fieldset label").all()]
    assert len(targets) >= 7
    for target in targets:
        box = target.bounding_box()
        assert min(box["width"], box["height"]) >= 24
    assert page.get_by_role("img", name="against steps").count() == 1


@every_page
def test_without_javascript_the_figure_says_what_it_would_show(browser, file):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(file.as_uri())
    text = page.inner_text(".live")
    assert "with JavaScript on" in text
    for name, value in quoted(file.stem).items():
        if not name.endswith(("-steps", "-step", "-start", "-end")):
            assert value in text
    context.close()
