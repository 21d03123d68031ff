"""Describe each page to search engines and to those who share a link: a text, and a card.

A Sphinx extension of our own: a description by sphinxext-opengraph has formulas in LaTeX, and ends
where its length does; and it draws every card anew.
"""

import html
import io
import re
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.typing import ExtensionMetadata

from kept import kept

DESCRIPTION = 200  # characters; search engines show about 160
CARD = (1200, 630)  # pixels, what the networks ask for


def plain(paragraph: nodes.paragraph) -> str:
    """Return a paragraph as plain text: whole sentences, up to the first formula of any length."""
    copy = paragraph.deepcopy()
    for formula in list(copy.findall(nodes.math)):
        if re.search(r"[\\^_{}]", formula.astext()):
            formula.replace_self(nodes.Text("\f"))
    text: str = copy.astext()
    text, cut, _ = text.partition("\f")
    if not cut:
        return text
    sentences = re.match(r".*[.?!](?=\s)", text, flags=re.DOTALL)
    return sentences[0] if sentences else ""


def describe(page: nodes.document) -> str:
    """Return the first sentences of a page's first paragraph."""
    texts = (" ".join(plain(paragraph).split()) for paragraph in page.findall(nodes.paragraph))
    text = next(filter(None, texts), "")
    if len(text) <= DESCRIPTION:
        return text
    sentences = re.match(rf"(.{{{DESCRIPTION // 3},{DESCRIPTION}}}[.?!])\s", text)
    return sentences[1] if sentences else text[: text.rindex(" ", 0, DESCRIPTION)] + " ..."


def add_description(app: Sphinx, page: str, _: str, context: dict[str, Any], doctree: Any) -> None:
    """Tell search engines and those who share a link what the page is about."""
    title = html.unescape(re.sub(r"<[^>]*>", "", context.get("title") or ""))
    book = app.config.html_title
    text = describe(doctree) if doctree else f"{title}: {book}"
    base = app.config.html_baseurl
    image = f"_images/card-{page.replace('/', '-')}.png"
    properties = {
        "og:title": title,
        "og:description": text,
        "og:type": "article",
        "og:site_name": book,
        "og:image": base + image if base else context["pathto"](image, 1),
        "og:image:width": str(CARD[0]),
        "og:image:height": str(CARD[1]),
        "og:image:alt": f"{title}. {book}.",
    }
    if base:
        properties["og:url"] = base + app.builder.get_target_uri(page)
    tags = [f'<meta name="description" content="{html.escape(text)}" />']
    tags += [
        f'<meta property="{name}" content="{html.escape(value)}" />'
        for name, value in properties.items()
    ]
    tags.append('<meta name="twitter:card" content="summary_large_image" />')
    context["metatags"] = "\n".join([context.get("metatags", ""), *tags])
    target = Path(app.outdir) / image
    key = (title, book, Path(__file__).read_bytes())
    card = kept(Path(app.doctreedir) / target.name, partial(draw_card, title, book), *key)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(card)


def draw_card(title: str, book: str) -> bytes:
    """Draw what a network shows beside a link: the page's title, the book's, and the law."""
    import matplotlib.pyplot as plt  # takes long to import, and a card is seldom drawn anew

    dpi, file = 100, io.BytesIO()
    figure = plt.figure(figsize=(CARD[0] / dpi, CARD[1] / dpi), dpi=dpi, facecolor="#1b1f27")
    figure.text(0.07, 0.86, book, color="#a8b3c4", fontsize=24, va="top")
    figure.text(0.07, 0.70, title.replace("$", r"\$"), color="white", fontsize=44, va="top", wrap=1)
    law = r"$\frac{1}{2}\,\Vert W_i\Vert^2 - \langle W_{i+1}, B_{i+1}\rangle$"
    figure.text(0.07, 0.14, law, color="#56B4E9", fontsize=34, va="center", math_fontfamily="cm")
    plane = figure.add_axes((0.6, 0.03, 0.36, 0.4), xlim=(-2.6, 2.6), ylim=(-2, 1.4))
    plane.axis("off")
    w = np.linspace(-2.6, 2.6, 101)
    for Q in range(-1, 4):  # the parabolas of the landing page, and a run along one of them
        plane.plot(w, w**2 / 2 - Q, color="#a8b3c4", alpha=0.4)
    run = w[(w > 0.5) & (w < 2.1)]
    plane.plot(run, run**2 / 2 - 1.625, color="#D55E00", linewidth=6)
    figure.savefig(file, dpi=dpi)
    plt.close(figure)
    return file.getvalue()


def setup(app: Sphinx) -> ExtensionMetadata:
    """Connect the step."""
    app.connect("html-page-context", add_description)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
