"""The public face: what is listed, and what its documentation must say."""

import ast
import inspect
import io
import re
import subprocess
import sys
import tokenize
from graphlib import TopologicalSorter
from pathlib import Path
from types import ModuleType

import pytest

import fa_lib

FUNCTIONS = sorted(name for name in fa_lib.__all__ if inspect.isfunction(getattr(fa_lib, name)))
CLASSES = sorted(name for name in fa_lib.__all__ if inspect.isclass(getattr(fa_lib, name)))
VALUES = sorted(set(fa_lib.__all__) - set(FUNCTIONS) - set(CLASSES))


def sections(name):
    """Return the titles that are underlined in the docstring."""
    return re.findall(r"^(\w+)\n-+$", inspect.getdoc(getattr(fa_lib, name)), flags=re.MULTILINE)


def entries(text):
    """Return the lines that give the type of a parameter, an attribute or a result."""
    tables = re.findall(
        r"^(?:Parameters|Attributes|Returns)\n-+\n(.*?)(?=\n\n|\Z)", text, re.MULTILINE | re.DOTALL
    )
    return [line for table in tables for line in table.splitlines() if not line.startswith(" ")]


ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted(
    path for name in ("fa_lib", "book", "benchmarks") for path in ROOT.glob(f"{name}/*.py")
)
# The letters that stand for sizes, and what else stands in a shape.
SIZE = r"(?:[hmnrNM]\b|n_\{?[\w+-]+\}?)"
AXIS = rf"(?:{SIZE}|L-1|\d+|\.\.\.)"


def remarks(path):
    """Yield the comments and the docstrings of a file, also of what is private."""
    source = path.read_text(encoding="utf-8")
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.string
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            yield ast.get_docstring(node) or ""


def other_shapes(text):
    """Return the shapes in a text that are not as the library writes them."""
    times = r"(?: ?[x\xd7] ?|[ -]by[ -])"
    products = re.findall(rf"\b(?:{AXIS}{times}{SIZE}|{SIZE}{times}{AXIS})", text)
    lists = re.findall(rf"[(\[]{AXIS}(?:, ?{AXIS})*,?[)\]]", text)
    form = rf"\((\.\.\.|[NM]|n_0|n_L|\d+)(, {AXIS})*,?\)"
    shapes = [each for each in lists if "," in each and re.search(SIZE, each)]
    return products + [each for each in shapes if not re.fullmatch(form, each)]


# Where the shape is that of another argument, or stands in the text below.
OTHER_WORDS = {
    ", of any shape",
    "of the same shape",
    "that broadcasts to ``ensemble``",
    "",
    "of them",
}


def test_all_is_sorted_and_has_no_name_twice():
    assert fa_lib.__all__ == sorted(set(fa_lib.__all__))


def test_all_lists_exactly_the_imported_names():
    imported = {
        name
        for name, value in vars(fa_lib).items()
        if not (name.startswith("_") or isinstance(value, ModuleType))
    }
    assert imported == set(fa_lib.__all__)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_documents_its_parameters_its_result_and_its_errors(name):
    has = sections(name)
    assert "Parameters" in has
    assert "Returns" in has or "Yields" in has
    assert "Raises" in has


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_docstring_names_every_parameter(name):
    text = inspect.getdoc(getattr(fa_lib, name))
    documented = text.split("Parameters\n")[1].split("\n\n")[0]
    for parameter in inspect.signature(getattr(fa_lib, name)).parameters:
        assert re.search(rf"\b{parameter}\b", documented)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_docstring_opens_with_one_sentence(name):
    assert inspect.getdoc(getattr(fa_lib, name)).partition("\n\n")[0].endswith(".")


@pytest.mark.parametrize("name", [*FUNCTIONS, *CLASSES])
def test_every_array_of_a_docstring_has_a_shape_of_one_form(name):
    """(..., m, n) where an ensemble may lead; a set of data is one table, (N, n), or (1797, 64)."""
    text = inspect.getdoc(getattr(fa_lib, name)) or ""
    arrays = re.findall(r"\barrays?\b *(\(.*?\)|.*)", "\n".join(entries(text)))
    shape = r"\((\.\.\.|N|M|n_0|n_L|\d+)(, ([\w+-]+|number of classes))*,?\)"
    for found in arrays:
        assert re.fullmatch(shape, found) or found in OTHER_WORDS, found


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_every_shape_of_a_comment_or_a_docstring_is_of_this_form(path):
    assert [shape for text in remarks(path) for shape in other_shapes(text)] == []


@pytest.mark.parametrize(
    "text", ["n x m", "3\xd7n_0", "m-by-n", "[N, n_0]", "(..., N,n_0)", "(m, n)", "[..., n_i]"]
)
def test_a_shape_of_another_form_is_found(text):
    assert other_shapes(f"an array {text}, say") == [text]


@pytest.mark.parametrize("name", CLASSES)
def test_a_class_has_a_docstring_of_its_own(name):
    assert re.match(r"[A-Z].*\.", vars(getattr(fa_lib, name))["__doc__"] or "", flags=re.DOTALL)


@pytest.mark.parametrize("name", VALUES)
def test_every_public_value_is_an_activation_a_loss_or_a_rule(name):
    assert isinstance(getattr(fa_lib, name), (fa_lib.Activation, fa_lib.Loss, fa_lib.Rule))
    assert getattr(fa_lib, name).name


def test_rules_have_names_of_their_own():
    rules = [getattr(fa_lib, name) for name in VALUES]
    names = [rule.name for rule in rules if isinstance(rule, fa_lib.Rule)]
    assert len(set(names)) == len(names)


def test_every_module_says_what_it_is():
    modules = [value for value in vars(fa_lib).values() if isinstance(value, ModuleType)]
    assert modules
    for module in (fa_lib, *modules):
        assert re.match(r"[A-Z].*\.", module.__doc__, flags=re.DOTALL)


def test_importing_the_library_imports_only_what_it_needs():
    """NumPy, SciPy and array-api-compat: figures and symbols are for those who ask for them."""
    others = "{'matplotlib', 'sympy', 'hypothesis', 'torch', 'jax', 'IPython', 'sklearn'}"
    code = f"import fa_lib, sys; print(sorted({others} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=True
    )
    assert done.stdout.strip() == "[]"


def test_the_imports_of_the_library_form_no_circle():
    imports = {}
    for path in (ROOT / "fa_lib").glob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        froms = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
        names = [f"{node.module}.{alias.name}" for node in froms for alias in node.names]
        imports[path.stem] = {n.split(".")[1] for n in names if n.startswith("fa_lib.")}
    assert imports["dynamics"] >= {"_checks", "network", "state"}
    tuple(TopologicalSorter(imports).static_order())  # or a CycleError names the circle


TYPED = """
import numpy as np
import fa_lib as fa

rng = np.random.default_rng(0)
state = fa.initial_state((3, 4, 2), rng=rng)
x = np.ones((5, 3))
path = fa.train(state, fa.full_batch(x, x[:, :2]), step=0.1, steps=3)
print(fa.layer_law(path).mean(), path.at(-1).weights[0].T, fa.discrete_law(path)[0])
"""


def test_a_typed_program_meets_the_types_of_the_library(tmp_path):
    pytest.importorskip("mypy")
    wrong = TYPED.replace("x[:, :2])", "x.tolist())")
    for name, program in (("right", TYPED), ("wrong", wrong)):
        (tmp_path / f"{name}.py").write_text(program, encoding="utf-8")
    command = [
        sys.executable,
        "-m",
        "mypy",
        "--strict",
        "--follow-imports=silent",
        "--config-file=",
        str(tmp_path),
    ]
    done = subprocess.run(
        [*command, f"--cache-dir={tmp_path}"],
        capture_output=True,
        encoding="utf-8",
        cwd=ROOT,
        check=False,
    )
    error, *_, summary = done.stdout.strip().splitlines()
    assert 'wrong.py:8: error: Argument 2 to "full_batch" has incompatible type "list' in error
    assert summary.startswith("Found 1 error in 1 file (checked 2 source files)")
