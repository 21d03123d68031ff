"""What the story of a page keeps, and what it leaves to those who check."""

from types import SimpleNamespace

import pytest
from docutils import nodes
from docutils.core import publish_doctree
from myst_parser.docutils_ import Parser

from captions import Captions, number_figures
from reading import CHECKING, in_story, mark_claims, mark_code, mark_sections, words


def read(text):
    return publish_doctree(text, parser=Parser(), settings_overrides={"report_level": 5})


def cell(*claims, code="1 + 1", tags=()):
    """Return a code cell of a page, as MyST-NB has it, which makes some claims."""
    classes = ["cell", *(f"tag_{tag}" for tag in tags)]
    made = nodes.container(nb_element="cell_code", classes=classes)
    source = nodes.container(nb_element="cell_code_source")
    source += nodes.literal_block(code, code)
    output = nodes.container(nb_element="cell_code_output")
    output += [nodes.paragraph("", "", nodes.strong("", "holds"), nodes.Text(c)) for c in claims]
    made += [source, output]
    return made


def story(document):
    """Return the claims that the story keeps."""
    mark_code(document, room=60)
    mark_claims(document)
    shown = [p for p in document.findall(nodes.paragraph) if p.astext().startswith("holds")]
    return [p.astext().removeprefix("holds") for p in shown if in_story(p)]


def page(*cells):
    document = read("# Page")
    document += cells
    return document


def test_section_for_checking_is_no_part_of_the_story():
    document = read(
        "# A\n\ntwo words\n\n## B\n\n% for checking\n\nfour words more here\n\n## C\n\nx"
    )
    before = words(document)
    mark_sections(document)
    sections = {s[0].astext(): s for s in document.findall(nodes.section)}
    assert {name for name, section in sections.items() if not in_story(section)} == {"B"}
    assert before - words(document) == 5  # the title is a word


def test_section_for_checking_is_found_before_messages_about_its_heading_are_gone():
    document = read("# A\n\nx\n\n## B\n\n% for checking\n\ny")
    (comment,) = document.findall(nodes.comment)
    comment.parent.insert(1, nodes.system_message("duplicate name"))
    mark_sections(document)
    assert not in_story(comment)


def test_figures_of_the_story_and_those_for_checking_are_counted_apart():
    document = read("# A\n\n## B\n\n% for checking\n\ny\n\n## C\n\nz")
    mark_sections(document)
    checked, told = document.findall(nodes.section)
    cells = [cell() for _ in range(6)]
    for drawing in (*cells[:3], *cells[4:]):
        drawing[1] += nodes.container("", nodes.image(uri="picture.svg"))  # of several forms one
    cells[2]["classes"].append("tag_checking")
    told += [*cells[1:5]]
    checked += cells[5]
    told.insert(1, cells[0])
    number_figures(document)
    assert [c.get("figure") for c in cells] == ["1", "2", "S2", None, "3", "S1"]


def test_print_counts_on_from_the_figures_to_explore_that_it_leaves_out():
    document = page(told := cell())
    told[1] += nodes.image(uri="picture.pdf")
    told["figure"] = "2"
    document += nodes.paragraph("", "A caption.")
    app = SimpleNamespace(builder=SimpleNamespace(format="latex"))
    document.settings.env = SimpleNamespace(app=app)
    Captions(document).run()
    counter, figure = told[1].children
    assert counter.astext() == r"\setcounter{figure}{1}"
    assert figure[-1].astext() == "A caption."


@pytest.mark.parametrize("text", ["## B\n\nx\n\n% for checking", "## B\n\n% a remark\n\nx"])
def test_other_comments_leave_a_section_where_it_is(text):
    document = read(f"# A\n\ny\n\n{text}")
    mark_sections(document)
    assert all(CHECKING not in s["classes"] for s in document.findall(nodes.section))


def test_story_keeps_the_first_claims():
    assert story(page(cell("a"), cell("b", "c"), cell("d"))) == ["a", "b", "c"]


def test_claims_of_what_is_left_out_are_left_out_and_do_not_count():
    document = page(cell("a", tags=["checking"]), cell("b"), cell("c"), cell("d"))
    assert story(document) == ["b", "c", "d"]


def test_link_to_the_other_claims_follows_the_last_that_is_kept():
    document = page(cell("a"), cell("b"), cell("c"), cell("d"), cell("e"))
    story(document)
    (link,) = document.findall(nodes.reference)
    assert link.astext() == "2 more claims, each with its bound"
    before = document.children[document.index(link.parent) - 1]
    assert "c" in before.astext()
