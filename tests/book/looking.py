"""The pages of the book in a browser: which there are, and how the tests look at them."""

from pathlib import Path

import nbformat
import yaml

ROOT = Path(__file__).resolve().parents[2]
CONTENTS = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
CHAPTERS = [c["file"] for part in CONTENTS["parts"] for c in part["chapters"]]
DOCUMENTS = [CONTENTS["root"], *CHAPTERS]
NOTEBOOKS = [name for name in DOCUMENTS if (ROOT / f"{name}.ipynb").exists()]
PAGES = [*DOCUMENTS, "search", "genindex"]

DESK, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}


def figures(name):
    """Return how many pictures a notebook's outputs have."""
    if name not in NOTEBOOKS:
        return 0
    cells = nbformat.read(ROOT / f"{name}.ipynb", as_version=4).cells
    outputs = [output for cell in cells for output in cell.get("outputs", [])]
    return sum(any(kind.startswith("image/") for kind in o.get("data", {})) for o in outputs)


def visit(tab, url):
    """Open a page and load all of it; return the browser's complaints, and what it asked for."""
    complaints, asked = [], []
    listeners = {
        "pageerror": lambda error: complaints.append(str(error)),
        "console": lambda m: complaints.append(m.text) if m.type in ("error", "warning") else None,
        "request": lambda request: asked.append(request.url),
        "requestfailed": lambda request: complaints.append(f"failed: {request.url}"),
        "response": lambda r: (
            complaints.append(f"{r.status}: {r.url}") if r.status >= 400 else None
        ),
    }
    for event, listener in listeners.items():
        tab.on(event, listener)
    look(tab, DESK, "light")
    tab.goto(url)
    style(tab, "* {transition: none !important; animation: none !important}")
    tab.evaluate(WITH_IMAGES)
    for event, listener in listeners.items():
        tab.remove_listener(event, listener)
    return complaints, asked


WITH_IMAGES = """() => {
    const images = [...document.images];
    images.forEach((image) => image.loading = 'eager');
    return Promise.all([document.fonts.ready, ...images.map((image) => image.decode())]);
}"""


def style(tab, rules):
    """Add style rules to a page, past its policy."""
    tab.evaluate(
        """(rules) => {
            const sheet = new CSSStyleSheet();
            sheet.replaceSync(rules);
            document.adoptedStyleSheets.push(sheet);
        }""",
        rules,
    )


# Not Playwright's own way of waiting: it evaluates a text, which the book's policy forbids.
WITH_TAB_STOPS = """async () => {
    const boxes = [...document.querySelectorAll("pre, .pst-scrollable-table-container")];
    const reached = (box) => box.scrollWidth <= box.clientWidth || box.tabIndex === 0;
    for (let turn = 0; turn < 100; turn += 1) {
        if (boxes.every(reached)) return;
        await new Promise((resolve) => setTimeout(resolve, 50));
    }
}"""


# The theme hears of the other scheme with the next frame, and a busy machine draws few.
IN_THEME = """async (scheme) => {
    const theme = () => document.documentElement.dataset.theme ?? scheme;
    for (let turn = 0; turn < 400 && theme() !== scheme; turn += 1) {
        await new Promise((resolve) => setTimeout(resolve, 50));
    }
    if (theme() !== scheme) throw new Error(`the page stays ${theme()}`);
}"""


# Where the two views of a page differ, it has a switch. To press what is pressed takes as long.
IN_VIEW = """(view) => {
    const buttons = [...document.querySelectorAll(".views [aria-pressed=false]")];
    buttons.find((button) => button.textContent.toLowerCase() === view)?.click();
}"""


def look(tab, size, scheme, view="check"):
    """Look at a page in another window, theme and view, once its fonts are there."""
    tab.emulate_media(color_scheme=scheme)
    tab.evaluate(IN_VIEW, view)
    if tab.viewport_size != size:
        tab.set_viewport_size(size)
        # The theme looks after a while what can be scrolled now, and lets the keyboard reach it.
        tab.evaluate(WITH_TAB_STOPS)
    tab.evaluate(IN_THEME, scheme)
    tab.evaluate("document.fonts.ready.then(() => null)")
