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
        '<script src="../_static/plane.js"></script>'
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


plane_page = pytest.mark.parametrize("file", ["index"], indirect=True)
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


def without_javascript(browser, file):
    """Return what stands in the figure's place where no script runs."""
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(file.as_uri())
    text = page.inner_text(".live")
    context.close()
    return text


@every_page
def test_without_javascript_the_figure_says_what_it_would_show(browser, file):
    text = without_javascript(browser, file)
    assert "with JavaScript on" in text
    for name, value in quoted(file.stem).items():
        if not name.endswith(("-steps", "-step", "-start", "-end")):
            assert value in text


# ------------------------------------------------------- the smallest network beside its plane

PLANE = """(given) => {
    const {problem, time, all} = JSON.parse(given);
    return JSON.stringify(all.map((settings) => {
        const run = planeRun(problem, settings, time);
        const law = planeLaws[settings.rule];
        const b = problem.feedback[0][0];
        const corrected = run.points.map((point, t) => law.corrected(point, run.added[t], b));
        const curve = [-2, -1, 0, 1, 2].flatMap((s) => law.curve(run.Q[0], s, b));
        const [back, on] = [corrected, curve].map((all) => all.map((point) => law.value(point, b)));
        return {...run, back, on, words: planeWords(run, settings)};
    }));
}"""


def plane_runs(page, problem, settings):
    """Run the plane at each of the settings, in the browser."""
    given = {"problem": problem, "time": live.plane.time, "all": settings}
    return json.loads(page.evaluate(PLANE, json.dumps(given, default=lambda M: M.tolist())))


def plane_problems():
    """Yield the problem of the page, and others: the functions of the plane know no page."""
    yield live.plane.problem(0)
    rng = np.random.default_rng(0)
    for _ in range(2):
        x, y, feedback = np.round(rng.uniform(-1.5, 1.5, (3, 1, 1)), 3)
        yield {"slope": 0.3, "x": x, "y": y, "feedback": feedback}


def whole(problem, settings):
    """Run the plane in fa_lib; None for a run that diverges, or is about to."""
    try:
        path = live.run(live.plane, problem, settings)
    except fa.Diverged:
        return None
    return path if max(abs(W).max() for W in path.weights) <= 1e100 else None


@plane_page
def test_plane_and_library_agree_on_every_run(page):
    rng = np.random.default_rng(live.plane.time)
    finished = 0
    for problem in plane_problems():
        settings = [live.defaults(live.plane), *(some_settings(live.plane, rng) for _ in range(60))]
        for chosen, got in zip(settings, plane_runs(page, problem, settings), strict=True):
            path = whole(problem, chosen)
            assert (path is None) == (got["diverged"] is not None), chosen
            if path is None:
                continue
            finished += 1
            rule = live.RULES[chosen["rule"]]
            law = fa.layer_law(path, rule=rule)[:, 0]
            expected = {
                "points": np.stack([W[:, 0, 0] for W in path.weights], axis=-1),
                "Q": law,
                "added": law - fa.discrete_law(path, rule=rule)[:, 0],
                "loss": live.losses(problem, path, chosen),
            }
            assert got["steps"] == len(law) - 1
            for name, values in expected.items():
                worst = np.max(np.abs(np.array(got[name]) - values))
                assert worst < AGREE * max(1, np.max(np.abs(values))), (chosen, name)
    assert finished > 90


@plane_page
def test_curve_is_where_the_law_holds_and_lines_lead_back_to_it(page):
    rng = np.random.default_rng(0)
    for problem in plane_problems():
        settings = [some_settings(live.plane, rng) for _ in range(60)]
        for chosen, got in zip(settings, plane_runs(page, problem, settings), strict=True):
            Q = got["Q"][0]
            np.testing.assert_allclose(got["on"], Q, atol=1e-12, rtol=1e-12)
            if got["diverged"]:
                continue
            kept = chosen["activation"] != "tanh"
            assert ("the rest is rounding only" in got["words"]) == kept, chosen
            back = np.array(got["back"], dtype=float)  # GD may have no such point: NaN
            near = np.nanmax(np.abs(back - Q)) < 1e-9 * (1 + np.max(np.abs(got["added"])))
            assert near == kept or chosen["rule"] == "GD", chosen


@plane_page
def test_plane_opens_as_the_text_says(page):
    said = [word.strip(".,:;") for word in page.locator("p[role=status]").inner_text().split()]
    assert len(quoted("index")) == 3
    assert set(quoted("index").values()) <= set(said)


def run_drawn(page):
    """Return the run as it is drawn, and the marks of the axes with their places."""
    return page.evaluate(
        """() => {
            const texts = [...document.querySelectorAll(".plane text")];
            const marks = texts.filter((e) => ["1", "2"].includes(e.textContent.at(-1)))
                .map((e) => [e.textContent, e.getAttribute("x"), e.getAttribute("y")]);
            return [document.querySelector(".run").getAttribute("d"), marks.slice(0, 8)];
        }"""
    )


def place(start):
    """Return what a screen reader says of the start, with the minus of a keyboard."""
    return start.get_attribute("aria-valuetext").replace("\N{MINUS SIGN}", "-")


@plane_page
def test_keyboard_moves_the_start_and_brings_it_back(page):
    first, drawn = page.locator("p[role=status]").inner_text(), run_drawn(page)
    page.keyboard.press("Tab")
    start = page.get_by_role("slider", name="Start")
    assert start.evaluate("(e) => e.matches(':focus-visible')")
    assert place(start) == "w₁ 0.5, w₂ -1.5"
    words(page, lambda: (page.keyboard.press("ArrowRight"), page.keyboard.press("ArrowUp")))
    assert place(start) == "w₁ 0.6, w₂ -1.4"
    moved = run_drawn(page)
    assert moved[0] != drawn[0]
    assert moved[1] == drawn[1]
    page.keyboard.press("Tab")
    assert words(page, lambda: page.keyboard.press("ArrowRight")).startswith("GD, linear")
    assert page.evaluate("location.hash") == "#plane=rule:GD,w1:0.6,w2:-1.4"
    page.get_by_role("button", name="As in the text").focus()
    assert words(page, lambda: page.keyboard.press("Enter")) == first
    assert run_drawn(page) == drawn
    assert page.evaluate("location.hash") == ""


@plane_page
def test_mouse_drags_the_start_and_a_click_moves_it(page):
    start = page.get_by_role("slider", name="Start")
    box = start.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

    def drag():
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x - 40, y - 80, steps=4)
        page.mouse.up()

    words(page, drag)
    after = start.bounding_box()
    assert (after["x"], after["y"]) == pytest.approx((box["x"] - 40, box["y"] - 80), abs=1)
    words(page, lambda: page.mouse.click(x, y))
    assert start.bounding_box()["x"] == pytest.approx(box["x"], abs=1)
    # Beyond the plane the start stays on its edge.
    words(page, lambda: (page.mouse.move(x, y), page.mouse.down(), page.mouse.move(0, 0)))
    assert place(start) == "w₁ -2.5, w₂ 2.5"


@plane_page
def test_finger_drags_the_start_and_not_the_page(browser, file):
    context = browser.new_context(viewport={"width": 390, "height": 500}, has_touch=True)
    page = context.new_page()
    page.goto(file.as_uri())
    page.locator("p[role=status]").filter(has_text="steps of").wait_for()
    start = page.get_by_role("slider", name="Start")
    box = start.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    hand = context.new_cdp_session(page)
    for kind, points in [
        ("touchStart", [{"x": x, "y": y}]),
        *(("touchMove", [{"x": x, "y": y - n}]) for n in range(10, 101, 10)),
        ("touchEnd", []),
    ]:
        hand.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    page.locator("p[role=status]").filter(has_text="0.0261").wait_for(state="hidden")
    assert start.bounding_box()["y"] == pytest.approx(box["y"] - 100, abs=1)
    assert page.evaluate("scrollY") == 0
    context.close()


@plane_page
def test_plane_draws_a_run_until_it_breaks_on_axes_that_hold_still(page):
    _, marks = run_drawn(page)
    said = words(page, lambda: page.get_by_role("slider", name="Step size").press("End"))
    step = int(said.split("diverged at step ")[1].split(":")[0])
    drawn, after = run_drawn(page)
    assert after == marks
    assert drawn.count("L") == step - 1
    assert "NaN" not in drawn + page.locator(".plane").inner_html()


@plane_page
def test_address_brings_the_figure_to_where_another_reader_had_it(page, file):
    page.goto("about:blank")
    page.goto(f"{file.as_uri()}#plane=activation:leaky+ReLU,step:0.1,w1:-1")
    status = page.locator("p[role=status]")
    status.filter(has_text="FA, leaky ReLU, 100 steps of 0.1.").wait_for()
    assert page.get_by_role("radio", name="leaky ReLU").is_checked()
    assert page.get_by_role("slider", name="Step size").input_value() == "0.1"
    start = page.get_by_role("slider", name="Start")
    assert place(start) == "w₁ -1, w₂ -1.5"
    page.evaluate("location.hash = '#plane=rule:GD'")
    status.filter(has_text="GD, linear, 500 steps of 0.02.").wait_for()


@plane_page
@pytest.mark.parametrize(
    "hash", ["#plane=rule:KP,step:x,w1:", "#plane=%E0%A4%A", "#plane", "#another=rule:GD"]
)
def test_address_that_says_nothing_leaves_the_figure_as_in_the_text(page, file, hash):
    first = page.locator("p[role=status]").inner_text()
    page.goto("about:blank")
    page.goto(file.as_uri() + hash)
    page.locator("p[role=status]").filter(has_text="steps of").wait_for()
    assert page.locator("p[role=status]").inner_text() == first


@plane_page
def test_plane_fits_a_phone_and_a_finger(page):
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    targets = page.locator("input[type=range], .live button, fieldset label, .handle").all()
    assert len(targets) == 8
    for target in targets:
        box = target.bounding_box()
        assert min(box["width"], box["height"]) >= 24
    sizes = page.locator(".plane text").evaluate_all("(all) => all.map((e) => e.getBBox().height)")
    assert min(sizes) >= 10


@plane_page
def test_without_javascript_a_picture_stands_there_and_says_so(browser, file):
    text = without_javascript(browser, file)
    assert "with JavaScript on" in text
    assert quoted("index")["live-plane-added"] in text
    assert sum("image/svg+xml" in o.data for o in outputs("index")) == 1
