"""Every page for those who see little, or not at all: contrast in the dark, and axe's rules."""

import io
import re

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from matplotlib.image import imread

from looking import DESK, PHONE, figures, look, style

LEGIBLE = 3  # the least contrast of what a graphic shows: WCAG 2.2, 1.4.11

# What axe reports and the text cannot mend: the rule, what it may be about, and why it stays.
FOREIGN = {
    "region": ".logo__title",  # the theme puts the book's title outside its landmarks
    "aria-allowed-role": "div.citation",  # docutils' marks of a bibliography, as are the next two
    "aria-deprecated-role": "div.citation",
    "aria-required-children": "div.citation-list",
}


def shot(image):
    """Return the pixels of an image as it is on the page: (..., 3), from 0 to 1."""
    return imread(io.BytesIO(image.screenshot()))[..., :3]


def luminance(rgb):
    """Return the relative luminance of each pixel, by WCAG."""
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return linear @ np.array([0.2126, 0.7152, 0.0722])


def contrast(one, other):
    """Return the contrast of two luminances, from 1 to 21."""
    return (np.maximum(one, other) + 0.05) / (np.minimum(one, other) + 0.05)


def seen(page, scheme):
    """Return where each figure of a page is legible, in one theme, and see that it has no plate."""
    look(page, DESK, scheme)
    colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
    ground = luminance(np.array(re.findall(r"\d+", colour)[:3], dtype=float) / 255)
    masks = []
    for image in page.locator("article div.cell_output img:visible").all():
        light = luminance(shot(image))
        edge = np.concatenate([light[0], light[-1], light[:, 0], light[:, -1]])  # a map fills more
        assert contrast(np.median(edge), ground) < 1.1, "a plate of another colour than the page"
        masks.append(contrast(light, ground) >= LEGIBLE)
    return masks


def test_what_is_legible_in_the_light_is_legible_in_the_dark(page, name):
    light, dark = seen(page, "light"), seen(page, "dark")
    moving = page.locator(".drawing:has(div.controls) > img").count()  # hidden by what moves
    assert len(light) == len(dark) == figures(name) - moving
    for mask, dark_mask in zip(light, dark, strict=True):
        assert mask.mean() > 0.01, "nothing to see"
        assert dark_mask[mask].mean() > 0.95


# -------------------------------------------------------------- last, as it changes the page


# Axe looks at every element, and of nine in ten it has seen the like: it reads no formula, the
# words of code have a few colours, and twenty rows tell of all.
ONCE = """() => {
    for (const formula of document.querySelectorAll("mjx-container")) {
        const letter = document.createElement("span");  // `wide.js` measures one
        letter.textContent = "x";
        formula.replaceChildren(letter);
    }
    const seen = new Set();
    for (const word of document.querySelectorAll("pre span[class]")) {
        if (seen.has(word.className)) word.replaceWith(...word.childNodes);
        seen.add(word.className);
    }
    for (const row of document.querySelectorAll("tbody tr:nth-child(n + 21)")) row.remove();
}"""


@pytest.mark.parametrize(
    ("size", "scheme", "view"), [(DESK, "light", "read"), (PHONE, "dark", "check")]
)
def test_axe_finds_no_violation(page, size, scheme, view, record_property):
    look(page, size, scheme, view)
    # Behind a picture, be it a shadow, axe cannot tell the contrast of the text.
    style(page, "* {background-image: none !important}")
    page.evaluate(ONCE)
    options = {"resultTypes": ["violations"], "preload": False}
    found = Axe().run(page, options=options).response
    assert len(found["passes"]) > 10
    violations = [
        f"{violation['id']}: {node['html']}"
        for violation in found["violations"]
        for node in violation["nodes"]
        if not is_foreign(page, violation["id"], node["target"])
    ]
    assert violations == []
    record_property("violations of axe's rules by the content", len(violations))


def is_foreign(page, rule, target):
    selector = FOREIGN.get(rule)
    (path,) = target
    return bool(selector) and page.locator(path).evaluate("(e, s) => e.matches(s)", selector)
