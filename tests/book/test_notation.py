"""The page of notation: nothing missing, nothing pointing wrong."""

import re
from collections import defaultdict

import nbformat

from cards import NOTATION as PAGE
from looking import CHAPTERS, ROOT

FORMULA = re.compile(r"\$\$(.+?)\$\$|\$([^$\n]+?)\$", re.DOTALL)
WORD = re.compile(
    r"\\(?:text|mathrm|operatorname|begin|end|label)\{[^}]*\}"
    r"|\\math(?:sf|cal) ?\{?[A-Z]\}?|\^\{?T\b"
)
LETTER = re.compile(r"\\[A-Za-z]+|[A-Za-z]")
GREEK = {
    *("alpha", "beta", "gamma", "delta", "varepsilon", "eta", "theta", "kappa", "lambda", "mu"),
    *("rho", "sigma", "phi", "Gamma", "Lambda", "Pi", "Psi", "Sigma", "xi", "Xi", "nu", "zeta"),
    *("vartheta", "tau", "varphi", "chi", "omega", "Omega", "Theta", "Phi"),
}


def text_of(page):
    """Return what a page says: of a notebook its Markdown."""
    path = ROOT / f"{page}.md"
    if path.exists():
        return path.read_text(encoding="utf-8")
    cells = nbformat.read(ROOT / f"{page}.ipynb", as_version=4).cells
    return "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")


def letters_of(text):
    """Return the letters that a text has in its formulas."""
    formulas = (first or second for first, second in FORMULA.findall(text))
    found = {c for formula in formulas for c in LETTER.findall(WORD.sub(" ", formula))}
    return {c for c in found if len(c) == 1 or c[1:] in GREEK}


ELSEWHERE = ("notation", "changelog", "proofs", "api")  # proofs and API have letters of their own
NOTATION = text_of(PAGE)
SYMBOLS = re.findall(r"^\| (\$.*?) \|.*\| \[[^]]*\]\(([\w.]+)\) \|$", NOTATION, re.MULTILINE)


def test_every_letter_that_two_pages_use_is_on_the_page_of_notation():
    pages = defaultdict(set)
    for page in CHAPTERS:
        if not page.endswith(ELSEWHERE):
            for letter in letters_of(text_of(page)):
                pages[letter].add(page)
    known = letters_of(NOTATION)
    assert len(known) > 50
    assert {a: on for a, on in pages.items() if len(on) > 1 and a not in known} == {}


def test_a_letter_of_the_tables_is_not_free():
    """But for any matrix A, and for q without an index, of which the tables say nothing."""
    _, _, free = NOTATION.partition("(letters-for-one-place)=")
    free, _, _ = free.partition("\n## Terms")
    fixed = letters_of("\n".join(symbols for symbols, _ in SYMBOLS))
    assert len(letters_of(free)) > 20
    assert fixed & letters_of(free) == {"A", "q"}


def test_every_symbol_stands_on_the_page_that_is_said_to_introduce_it():
    assert len(SYMBOLS) > 50
    for symbols, page in SYMBOLS:
        there = letters_of(text_of(f"book/{page.removesuffix('.ipynb')}"))
        assert letters_of(symbols) - {"A"} <= there, (symbols, page)


def test_each_term_is_defined_once():
    (glossary,) = re.findall(r"```{glossary}\n(.*?)```", NOTATION, flags=re.DOTALL)
    terms = re.findall(r"^\S.*$", glossary, flags=re.MULTILINE)
    assert len(terms) > 30
    assert len(set(terms)) == len(terms)


def test_most_pages_mark_terms_and_each_once():
    for page in CHAPTERS:
        marked = re.findall(r"{term}`(?:[^`<]*<)?([^`>]*)>?`", text_of(page))
        assert len(set(marked)) == len(marked), page
        if (ROOT / f"{page}.ipynb").exists() and not page.endswith("scorecard"):
            assert len(marked) >= 4, page
