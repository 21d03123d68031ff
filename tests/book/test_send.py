"""What can be sent on: the page, the slides and the table, and that they say what the book says."""

import inspect
import json
import re
import shutil
import subprocess
import sys

import nbformat
import pytest

import downloads
import fa_lib as fa
import send
from fa_lib import Rule
from looking import ROOT

BOOK = ROOT / "book"
RULES = send.read_rules(BOOK)["rules"]


@pytest.fixture(scope="module")
def given():
    return send.contents(BOOK)


@pytest.fixture(scope="module")
def sent(given):
    return {name: send.typeset(BOOK / "send" / f"{name}.typ", given) for name in downloads.SHORT}


def test_one_page_is_one_page_and_the_slides_are_few(sent):
    assert {name: downloads.pages_of(pdf) for name, pdf in sent.items()} == {
        "page": 1,
        "slides": 8,
        "rules": 1,
    }


@pytest.mark.parametrize("name", downloads.SHORT)
def test_the_same_sources_elsewhere_and_later_give_the_same_bytes(name, sent, given, tmp_path):
    shutil.copytree(BOOK / "send", tmp_path / "other")
    program = (
        "import json, pathlib, sys, send;"
        "sys.stdout.buffer.write(send.typeset(pathlib.Path(sys.argv[1]), json.load(sys.stdin)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, tmp_path / "other" / f"{name}.typ"],
        input=json.dumps(given).encode(),
        capture_output=True,
        env={"PYTHONPATH": str(ROOT / "extensions"), "TZ": "Asia/Tokyo"},
        check=True,
    )
    assert done.stdout == sent[name]


def test_every_number_that_is_sent_is_one_that_a_page_recorded():
    numbers = json.loads(send.contents(BOOK)["given"])["numbers"]
    sources = "".join(path.read_text(encoding="utf-8") for path in (BOOK / "send").glob("*.typ"))
    asked = set(re.findall(r'#number\("([\w-]+)"\)', sources))
    assert len(asked) > 5
    assert asked <= set(numbers)


def test_a_number_that_no_page_recorded_stops_the_build(given, tmp_path):
    shutil.copytree(BOOK / "send", tmp_path / "send")
    slides = tmp_path / "send" / "slides.typ"
    slides.write_text(slides.read_text(encoding="utf-8").replace("mn-count", "mn-coumt"))
    with pytest.raises(Exception, match="mn-coumt"):
        send.typeset(slides, given)


def test_the_table_has_every_rule_of_the_library():
    rules = {name for name, value in inspect.getmembers(fa) if isinstance(value, Rule)}
    assert [row["rule"] for row in RULES if getattr(fa, row["rule"]).name != row["name"]] == []
    assert sorted(row["rule"] for row in RULES) == sorted(rules)


def test_the_table_says_what_the_page_on_other_rules_says():
    cells = nbformat.read(BOOK / "other_rules.ipynb", as_version=4).cells
    lines = [line for cell in cells for line in cell.source.splitlines() if line.startswith("| ")]
    split = [[part.strip(" $") for part in line.strip("|").split(" | ")] for line in lines]
    said = {}
    for name, *formulas in split:
        said.setdefault(re.split(r"[ ,]", name)[0], []).extend(formulas)
    for row in RULES[:5]:

        def plain(tex):
            return re.sub(r"[\s]|\\,|_\{i\+1\}|'", "", tex).replace("W_{i+1}", "W")

        carrier, potential, divergence, *_ = map(plain, said[row["name"]])
        assert plain(row["carried"]) == carrier
        assert plain(row["potential"]) == potential
        if row["name"] in ("uSF", "frSF"):
            assert divergence.startswith(plain(row["divergence"]))


@pytest.mark.parametrize("tex", [r"\unknown x", r"\frac{1}{2}", "a & b", r"\norm{W"])
def test_a_formula_that_typst_would_not_get_right_is_refused(tex):
    with pytest.raises(ValueError, match=r"no Typst|not closed"):
        send.to_typst(tex)


def test_what_is_there_to_send_is_offered(sent, tmp_path):
    folder = tmp_path / downloads.FOLDER
    folder.mkdir()
    (folder / "fa_page.pdf").write_bytes(sent["page"])
    listed = downloads.short_files(folder, tmp_path)
    assert re.findall(r'href="([^"]*)"', listed) == ["../_downloads/fa_page.pdf"]
