"""Draw a page's parameters from the ranges in which it declares that its claims hold.

A page declares them in its cell tagged ``ranges``, by one literal dictionary:

    ranges = {"seed": (0, 9999), "step": (0.01, 0.05), "widths": [[(3, 6), 8, 2], [4, 4, 4, 1]]}

A tuple is a range: of whole numbers, ends included, or of positive decimals, drawn with equal
chance per decade. A list is a choice: one of its entries, in which tuples are ranges again.
"""

import ast
import shlex
from typing import Any

import numpy as np
import yaml
from nbformat import NotebookNode


def declared_ranges(notebook: NotebookNode) -> dict[str, Any]:
    """Return the ranges that a page declares; an empty dictionary if it declares none.

    Raises
    ------
    ValueError
        If the cell is not one literal dictionary, or names no parameter of the page.
    """
    cells = [cell for cell in notebook.cells if "ranges" in cell.metadata.get("tags", [])]
    if not cells:
        return {}
    ranges: dict[str, Any] = ast.literal_eval(only_assignment(cells[0].source, "ranges"))
    unknown = set(ranges) - set(parameters(notebook))
    if unknown:
        raise ValueError(f"ranges for {sorted(unknown)}, but the page has no such parameters")
    return ranges


def only_assignment(source: str, name: str) -> ast.expr:
    """Return the expression of a cell that does nothing but assign it to a name."""
    match ast.parse(source).body:
        case [ast.Assign(targets=[ast.Name(id=found)], value=value)] if found == name:
            return value
    raise ValueError(f"expected one assignment, {name} = {{...}}, came {source!r}")


def parameters(notebook: NotebookNode) -> list[str]:
    """Return the names that the cell tagged ``parameters`` assigns."""
    cells = [cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", [])]
    body = [line for cell in cells for line in ast.parse(cell.source).body]
    return [t.id for a in body if isinstance(a, ast.Assign) for t in a.targets if hasattr(t, "id")]


def draw(ranges: dict[str, Any], page: str, number: int, seed: int) -> dict[str, Any]:
    """Return the parameters of one draw: always the same ones for the same arguments."""
    rng = np.random.default_rng([seed, number, *page.encode()])
    return {name: value(rng, allowed) for name, allowed in ranges.items()}


def value(rng: np.random.Generator, allowed: Any) -> Any:
    """Draw from a range or a choice."""
    if isinstance(allowed, tuple):
        return within(rng, *allowed)
    chosen = allowed[rng.integers(len(allowed))]
    if isinstance(chosen, list):
        return [within(rng, *each) if isinstance(each, tuple) else each for each in chosen]
    return chosen


def within(rng: np.random.Generator, low: float, high: float) -> float:
    """Draw a whole number, or a decimal of three digits, so that a command stays readable."""
    if isinstance(low, int) and isinstance(high, int):
        return int(rng.integers(low, high, endpoint=True))
    drawn = np.exp(rng.uniform(np.log(low), np.log(high)))
    return min(max(float(f"{drawn:.3g}"), low), high)


def command(papermill: str, notebook: str, output: str, drawn: dict[str, Any]) -> str:
    """Return the command that runs a notebook with drawn parameters, ready to be pasted."""
    # YAML by its own writer: JSON's 1e-05 would be read as text.
    text = yaml.safe_dump(drawn, default_flow_style=True, width=10**6).strip()
    folder = notebook.rpartition("/")[0]
    words = [papermill, notebook, output, "--cwd", folder, "-y", text]
    return "OMP_NUM_THREADS=1 " + shlex.join(words)
