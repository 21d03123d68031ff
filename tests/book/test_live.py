"""The explorable figures: the browser computes what `fa_lib` does, and the reader's hands count."""

import itertools
import json
import re
import shutil
from ast import literal_eval
from pathlib import Path

import nbformat
import numpy as np
import pytest

import fa_lib as fa
import live

BOOK = Path(__file__).resolve().parents[2] / "book"
FIGURES = {
    "theorem_5_1": live.law,
    "theorem_5_2": live.foot,
    "why_it_converges": live.walk,
    "scaling_out": live.border,
}
DRAGGED = {"w1", "w2", "size", "kappa"}  # controls without sliders: a handle moves them
SCRIPTS = ("network", "live", "law", "plane", "foot", "walk", "border")
SCRIPT = '<script src="../_static/{}.js"></script>'
BROKEN = 1e30  # as in live.js
WILD = 100  # with such weights a run diverges, and multiplies what rounding does to it
AGREE = 1e-9  # of the largest value, or of 1: the two sides add in another order

RUN = """(given) => {
    const {name, problem, time, all} = JSON.parse(given);
    const figure = liveFigures[name];
    return JSON.stringify(all.map((settings) => {
        const run = figure.run({problem, time}, settings);
        return {...run, words: figure.words(run, settings)};
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
    named = {
        o.metadata["scrapbook"]["name"]: literal_eval(next(iter(o.data.values()))) for o in records
    }
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
        f"{''.join(map(SCRIPT.format, SCRIPTS))}"
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
    page.locator("p[role=status]").filter(has_text="FA").wait_for()
    yield page
    page.close()
    assert not complaints


foot_page = pytest.mark.parametrize("file", ["theorem_5_2"], indirect=True)
walk_page = pytest.mark.parametrize("file", ["why_it_converges"], indirect=True)
border_page = pytest.mark.parametrize("file", ["scaling_out"], indirect=True)
plane_page = pytest.mark.parametrize("file", ["index"], indirect=True)
all_pages = pytest.mark.parametrize("file", [*FIGURES, "index"], indirect=True)
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


def wait_until_said(page, said):
    """Wait until the figure says something: on a slow machine it says other things on the way."""
    page.locator("p[role=status]").filter(has_text=said).wait_for()


def in_browser(page, figure, problem, settings):
    """Run the figure at each of the settings, and return what the browser recorded and said."""
    given = {"name": figure.name, "problem": problem, "time": figure.time, "all": settings}
    return json.loads(page.evaluate(RUN, json.dumps(given, default=lambda M: M.tolist())))


def in_python(figure, problem, settings):
    """Run the figure in fa_lib until it breaks; return the path, and the step that broke it."""
    steps, broke = live.steps_of(figure, settings), None
    while True:
        try:
            path = live.run(figure, problem, settings, steps=steps)
            break
        except fa.Diverged as error:
            steps, broke = error.step - 1, error.step
    large = np.max([np.abs(W).max(axis=(-1, -2)) for W in path.weights], axis=0) > BROKEN
    broke = int(np.argmax(large)) if large.any() else broke
    return path.at(slice(broke)), broke


def agree(got, expected, path, case, *, until=None):
    """Assert that the browser's values are those of the library, until the run is wild."""
    got, expected = np.array(got, dtype=float), np.asarray(expected)
    assert got.shape == expected.shape, case
    wild = np.max([np.abs(W).max(axis=(-1, -2)) for W in path.weights], axis=0) > WILD
    tame = min(int(np.argmax(wild)) if wild.any() else len(wild), until or len(wild))
    worst = np.abs(got - expected)[:tame].max()
    assert worst < AGREE * max(1, np.abs(expected)[:tame].max()), case


def some_settings(figure, rng):
    """Draw a value that each control can take."""

    def draw(control):
        if "options" in control:
            return str(rng.choice(control["options"]))
        places = round((control["max"] - control["min"]) / control["step"])
        return control["min"] + control["step"] * int(rng.integers(places + 1))

    return {control["name"]: draw(control) for control in figure.controls}


@law_page
@pytest.mark.parametrize("seed", [0, 1])
def test_browser_and_library_agree_on_every_curve_of_the_law(page, seed):
    problem = live.law.problem(seed)
    rng = np.random.default_rng([seed, live.law.time])
    settings = [live.defaults(live.law), *(some_settings(live.law, rng) for _ in range(40))]
    broken = 0
    for chosen, got in zip(settings, in_browser(page, live.law, problem, settings), strict=True):
        path, broke = in_python(live.law, problem, chosen)
        assert got["diverged"] == broke, chosen
        assert got["steps"] == live.steps_of(live.law, chosen)
        broken += broke is not None
        # Larger steps swing to and fro, and each swing multiplies what rounding does.
        until = None if chosen["step"] < 0.07 else 8
        agree(got["loss"], live.losses(problem, path), path, chosen, until=until)
        raw, corrected = (law - law[0] for law in (fa.layer_law(path), fa.discrete_law(path)))
        expected = {"raw": raw, "corrected": corrected, "cosine": fa.weight_alignment(path)}
        assert len(got["layers"]) == 2
        for number, layer in enumerate(got["layers"]):
            for name, values in expected.items():
                agree(layer[name], values[:, number], path, (chosen, name), until=until)
    assert 0 < broken < len(settings) * 2 / 3


@law_page
def test_words_say_which_layers_keep_the_law(page):
    rng = np.random.default_rng(0)
    settings = [some_settings(live.law, rng) for _ in range(60)]
    runs = in_browser(page, live.law, live.law.problem(0), settings)
    keeps = {"FA": {(True, True)}, "GD": {(False, False)}, "DFA": {(False, True)}}
    said = {rule: set() for rule in keeps}
    for chosen, got in zip(settings, runs, strict=True):
        if got["diverged"] is None:
            kept = tuple(f"corrected {Q} by rounding only" in got["words"] for Q in ("Q₁", "Q₂"))
            said[chosen["rule"]].add(kept)
    assert said == keeps


@every_page
def test_figure_opens_as_the_text_says(page, file):
    status = page.locator("p[role=status]").inner_text()
    said = [word.strip(".,:;") for word in status.split()]
    numbers = quoted(file.stem)
    assert len(numbers) >= 3
    assert [value for value in numbers.values() if value not in said] == []


@law_page
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
        if control["name"] in DRAGGED:
            continue
        if "options" in control:
            assert words(page, page.get_by_text("DFA", exact=True).click).startswith("DFA")
            continue
        slider = page.get_by_role("slider", name=control["label"])
        words(page, lambda slider=slider: slider.click(position={"x": 300, "y": 12}))
        assert slider.evaluate("(e) => e.valueAsNumber") > control["value"]


@law_page
def test_run_that_diverges_is_drawn_until_it_breaks(page, file):
    slider = page.get_by_role("slider", name="Step size")
    said = words(page, lambda: slider.press("End"))
    step = slider.evaluate("(e) => e.valueAsNumber")
    time, broke = re.search(r"diverged at time ([\d.]+), in step (\d+)", said).groups()
    _, expected = in_python(
        live.law, live.law.problem(0), {**live.defaults(live.law), "step": step}
    )
    assert int(broke) == expected
    assert float(time) == pytest.approx(expected * step, rel=0.01)
    lines = page.locator("svg .line").count()
    assert page.locator("svg .broken").count() == lines == 7
    assert "NaN" not in page.locator(".live").inner_html()


@all_pages
@pytest.mark.parametrize("width", [320, 390, 1280])
def test_no_words_of_a_figure_overlap(page, width):
    page.set_viewport_size({"width": width, "height": 900})
    page.wait_for_timeout(100)  # for the figure to be drawn anew
    boxes = page.evaluate(  # in one turn, as a drawing may give place to the next
        """() => [...document.querySelectorAll('.live svg text')].filter((e) => e.textContent)
            .map((e) => {
                const { left, right, top, height } = e.getBoundingClientRect();
                const letters = [left, top + 0.2 * height, right, top + 0.8 * height];
                return [e.textContent, letters, e.closest('svg').getBoundingClientRect().right];
            })"""
    )
    assert boxes
    for (one, a, edge), (other, b, _) in itertools.combinations(boxes, 2):
        apart = a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]
        assert apart, (one, other)
        assert a[2] <= edge, one


@every_page
def test_charts_take_the_width_of_a_phone(page):
    wide = page.locator(".live svg .line").evaluate_all(
        """(all) => all.map((line) => line.getBoundingClientRect().width
            / line.closest('svg').getBoundingClientRect().width)"""
    )
    assert min(wide) > 0.8


@law_page
def test_axes_hold_still_while_a_slider_moves_and_grow_in_few_stages(page):
    def axes():
        marks = "(all) => all.map((e) => e.textContent + e.getAttribute('y'))"
        return page.locator("svg text[text-anchor=end]").evaluate_all(marks)

    slider, seen = page.get_by_role("slider", name="Scale of W(0)"), []
    for _ in range(6):
        words(page, lambda: slider.press("ArrowLeft"))
        seen.append(axes())
    assert all(each == seen[0] for each in seen)
    stages = page.evaluate("[0.1, 1, 1.01, 3, 7, 11, 999].map((v) => stage(v, 1, 100))")
    assert stages == [1, 1, 2, 5, 10, 20, 100]
    assert page.evaluate("reach([0, 1], [-1e-16, 0.3])") == [0, 1]
    assert page.evaluate("reach([0, 1], [-0.3, 3])") == [-0.5, 5]


@every_page
def test_figure_fits_a_phone_and_a_finger(page):
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    targets = page.locator("input[type=range], .live button, fieldset label, .handle").all()
    assert len(targets) >= 2
    for target in targets:
        box = target.bounding_box()
        assert min(box["width"], box["height"]) >= 24
    assert page.get_by_role("img", name=re.compile("against (time|steps)")).count() == 1


@law_page
def test_address_keeps_what_moved_and_brings_the_next_reader_to_the_figure(page, file):
    words(page, page.get_by_text("GD", exact=True).click)
    moved = words(page, lambda: page.get_by_role("slider", name="Step size").press("ArrowRight"))
    address = page.evaluate("location.hash")
    assert address == "#law=rule:GD,step:0.03"
    lines = "\n" * 200
    text = file.read_text(encoding="utf-8").replace("<main>", f"<main><pre>{lines}</pre>")
    file.write_text(text, encoding="utf-8")
    for end, seen in (("", False), (address, True)):
        page.goto("about:blank")
        page.goto(file.as_uri() + end)
        status = page.locator("p[role=status]")
        status.filter(has_text="steps of").wait_for()
        assert (page.locator(".live").bounding_box()["y"] < 900) == seen
    assert status.inner_text() == moved


# ------------------------------------------------------- the foot on the line of solutions


@foot_page
def test_browser_and_library_agree_on_where_both_rules_stop(page):
    problem, rng = live.foot.problem(0), np.random.default_rng(live.foot.time)
    x, y, theta = (problem[name] for name in ("x", "y", "theta"))
    settings = [live.defaults(live.foot), *(some_settings(live.foot, rng) for _ in range(40))]
    finished = 0
    for chosen, got in zip(settings, in_browser(page, live.foot, problem, settings), strict=True):
        for run in got["runs"]:
            path, broke = in_python(live.foot, problem, {**chosen, "rule": run["rule"]})
            assert run["diverged"] == broke, chosen
            finished += broke is None
            maps, passenger = fa.end_to_end(path), chosen["outside"] * problem["outside"]
            expected = {
                "distance": maps - theta,
                "predicted": path.weights[1] @ passenger,
                # By the proposition on the page the rest is the error, by the pseudoinverse.
                "left": (maps @ x.T - y.T) @ np.linalg.pinv(x).T,
            }
            for name, matrices in expected.items():
                agree(run[name], np.linalg.norm(matrices, axis=(1, 2)), path, (chosen, name))
            agree(run["points"], maps[:, 0], path, chosen)
            agree(run["loss"], live.losses(problem, path), path, chosen)
    assert finished > len(settings)


@foot_page
def test_both_rules_end_on_the_foot_without_an_outside_part_and_only_then(page):
    assert "lie off the minimum-norm solution" in page.locator("p[role=status]").inner_text()
    slider = page.get_by_role("slider", name="W⊥")
    home = words(page, lambda: slider.press("Home"))
    assert "lie off" in home
    for _ in range(100):
        slider.press("ArrowRight")
    assert slider.input_value() == "0"
    wait_until_said(page, "lie on the minimum-norm solution")


@foot_page
def test_start_of_the_map_is_dragged_and_the_sliders_follow(page):
    start = page.get_by_role("slider", name="Start")
    box = start.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    loss = page.locator("svg").nth(1).locator(".line").nth(2)
    before = loss.get_attribute("d")

    def drag():
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x + 15, y - 20, steps=4)  # along the line of solutions
        page.mouse.up()

    words(page, drag)
    moved = start.bounding_box()
    assert (moved["x"], moved["y"]) == pytest.approx((box["x"] + 15, box["y"] - 20), abs=2)
    outside, inside = (page.get_by_role("slider", name=name) for name in ("W⊥", "W∥"))
    assert float(outside.input_value()) > 0.65
    assert float(inside.input_value()) == pytest.approx(0.2, abs=0.015)
    inside.fill("0.2")
    page.wait_for_timeout(300)
    assert loss.get_attribute("d") == before, "the loss does not notice"
    assert page.evaluate("location.hash").startswith("#foot=outside:")


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


# ------------------------------------------------------- the walk towards the comparator


@walk_page
def test_browser_and_library_agree_on_every_walk(page):
    problem, rng = live.walk.problem(0), np.random.default_rng(live.walk.time)
    settings = [live.defaults(live.walk), *(some_settings(live.walk, rng) for _ in range(60))]
    finished = 0
    for chosen, got in zip(settings, in_browser(page, live.walk, problem, settings), strict=True):
        U = np.array([[1 / chosen["feedback"]]])
        for run in got["runs"]:
            path, broke = in_python(live.walk, problem, {**chosen, "rule": run["rule"]})
            assert run["diverged"] == broke, chosen
            finished += broke is None
            agree(run["points"], np.stack([W[:, 0, 0] for W in path.weights], -1), path, chosen)
            agree(run["distance"], np.sqrt(fa.squared_distance(path, U)), path, chosen)
            agree(run["loss"], live.losses(problem, path), path, chosen)
    assert finished > len(settings)


@walk_page
def test_only_gradient_descent_rests_at_the_saddle_or_walks_away(page):
    problem, standard = live.walk.problem(0), live.defaults(live.walk)
    starts = [(0, 0), (1, -1), (-1, 0.5), (-0.5, 0.2)]
    settings = [{**standard, "w1": w1, "w2": w2} for w1, w2 in starts]
    saddle, diagonal, *away = in_browser(page, live.walk, problem, settings)
    assert "GD rests at the saddle: its loss ends at 0.5." in saddle["words"]
    fa_said, gd_said = diagonal["words"].split("GD's")
    assert fa_said.endswith("never grows; it fits. ")
    assert "its loss ends at 0.5" in gd_said
    for got in away:
        by_fa, by_gd = (run["distance"] for run in got["runs"])
        assert by_fa[-1] < by_fa[0]
        assert by_gd[-1] > by_gd[0]
        assert "grows on the way; it fits." in got["words"].split("GD's")[1]


# ------------------------------------------------------- the border, and a problem on the map


@border_page
def test_browser_and_library_agree_on_problems_all_over_the_map(page):
    rng = np.random.default_rng(0)
    settings = [live.defaults(live.border), *(some_settings(live.border, rng) for _ in range(30))]
    problem = live.border.problem(0)
    b = np.linalg.norm(problem["feedback"])
    for chosen, got in zip(settings, in_browser(page, live.border, problem, settings), strict=True):
        theta = 10 ** chosen["size"] * problem["theta"]
        ends = []
        for run in got["runs"]:
            rule = run["rule"]
            path = live.border_run(problem, {**chosen, "rule": rule})
            loss = live.losses({**problem, "y": 10 ** chosen["size"] * problem["y"]}, path)
            agree(run["readout"], np.linalg.norm(path.weights[1], axis=(1, 2)) / b, path, chosen)
            agree(run["loss"], loss / loss[0], path, chosen)
            ends.append(np.linalg.norm(fa.end_to_end(path)[-1] - theta))
            assert run["distance"] == pytest.approx(ends[-1], rel=AGREE)
            assert loss[-1] < 1e-3 * loss[0]
            how = {"feedback_norm": b, "kappa": chosen["kappa"], "rule": live.RULES[rule]}
            end = fa.final_readout_norm(np.linalg.norm(theta), **how)
            assert run["flowEnd"] == pytest.approx(end / b, rel=AGREE)
        assert got["ratio"] == pytest.approx(ends[0] / ends[1], rel=AGREE)


@border_page
def test_map_says_what_the_library_and_the_trained_networks_say(page):
    rng = np.random.default_rng(1)
    settings = [some_settings(live.border, rng) for _ in range(60)]
    problem = live.border.problem(0)
    b = float(np.linalg.norm(problem["feedback"]))
    clear = {"FA": 0, "GD": 0}
    for chosen, got in zip(settings, in_browser(page, live.border, problem, settings), strict=True):
        how = {"feedback_norm": b, "kappa": chosen["kappa"]}
        by_fa, by_gd = (
            fa.final_readout_norm(10 ** chosen["size"] * b**2, **how, rule=live.RULES[rule])
            for rule in ("FA", "GD")
        )
        assert got["farther"] == ("FA" if by_fa > by_gd else "GD"), chosen
        if abs(by_fa / by_gd - 1) > 0.02:
            clear[got["farther"]] += 1
            assert f"{got['farther']} ends farther, as its side" in got["words"], chosen
    assert min(clear.values()) > 5


@border_page
def test_arrow_keys_move_the_problem_across_the_border(page):
    problem = page.get_by_role("slider", name="Problem")
    assert "FA ends farther, as" in page.locator("p[role=status]").inner_text()
    problem.focus()
    for _ in range(12):
        page.keyboard.press("ArrowLeft")
    wait_until_said(page, "GD ends farther, as its side of the border says")
    assert page.evaluate("location.hash") == "#border=size:-0.2"


# ------------------------------------------------------- the smallest network beside its plane

PLANE = """(given) => {
    const {problem, time, all} = JSON.parse(given);
    return JSON.stringify(all.map((settings) => {
        const run = liveFigures.plane.run({problem, time}, settings);
        const law = planeLaws[settings.rule];
        const b = problem.feedback[0][0];
        const corrected = run.points.map((point, t) => law.corrected(point, run.added[t], b));
        const curve = [-2, -1, 0, 1, 2].flatMap((s) => law.curve(run.Q[0], s, b));
        const [back, on] = [corrected, curve].map((all) => all.map((point) => law.value(point, b)));
        return {...run, back, on, words: liveFigures.plane.words(run, settings)};
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


@plane_page
def test_plane_and_library_agree_on_every_run(page):
    rng = np.random.default_rng(live.plane.time)
    finished = 0
    for problem in plane_problems():
        settings = [live.defaults(live.plane), *(some_settings(live.plane, rng) for _ in range(60))]
        for chosen, got in zip(settings, plane_runs(page, problem, settings), strict=True):
            path, broke = in_python(live.plane, problem, chosen)
            assert got["diverged"] == broke, chosen
            finished += broke is None
            rule = live.RULES[chosen["rule"]]
            law = fa.layer_law(path, rule=rule)[:, 0]
            agree(
                got["points"], np.stack([W[:, 0, 0] for W in path.weights], axis=-1), path, chosen
            )
            agree(got["Q"], law, path, chosen)
            agree(got["added"], law - fa.discrete_law(path, rule=rule)[:, 0], path, chosen)
            agree(got["loss"], live.losses(problem, path, chosen), path, chosen)
            assert got["steps"] == live.steps_of(live.plane, chosen)
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
    step = int(said.split(", in step ")[1].split(":")[0])
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
