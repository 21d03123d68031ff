"""What every page does: draw figures one way, and record its claims.

A claim is one assertion. `claim` makes it, shows it, and keeps it in the
notebook's output, where the text (through glue), the scorecard and the tests
read it.
"""

from collections.abc import Iterable, Sequence

from IPython.display import display
from matplotlib_inline.backend_inline import set_matplotlib_formats

import figures

# MyST-NB's, whose own `glue` imports Sphinx: seconds, on every page.
GLUED = "application/papermill.record/"


def begin() -> None:
    """Draw figures in the house style, as SVG without a date: byte-stable."""
    figures.house_style()
    set_matplotlib_formats("svg", metadata={"Date": None})


def claim(
    name: str,
    statement: str,
    measured: float,
    source: str,
    *,
    below: float | None = None,
    above: float | None = None,
    equals: float | None = None,
    within: float | None = None,
    rounding: bool = False,
) -> None:
    """Assert that ``measured`` keeps to its bound, then show and record it.

    Parameters
    ----------
    name : str
        The key of the measured figure in the text: {glue:text}`name`.
    statement : str
        What is claimed, in one sentence of Markdown that says, in brackets if
        need be, what the figure is.
    measured : number
        The figure that decides.
    source : str
        The theorem that sets the bound.
    below, above, equals : number
        The bound: one of them, or ``below`` and ``above`` for a range.
    within : number
        The bound of an error of rounding or of a solver: ``below``, with
        ``rounding``.
    rounding : bool
        The figure's digits depend on the machine: show its bound instead.

    Raises
    ------
    AssertionError
        If the bound is not kept, or there is none.
    """
    if within is not None:
        below, rounding = within, True
    possible = [
        ("<", below, below is None or measured < below),
        (">", above, above is None or measured > above),
        ("=", equals, equals is None or measured == equals),
    ]
    bounds = [
        (sign, bound, holds)
        for sign, bound, holds in possible
        if bound is not None
    ]
    # Raised, not asserted: an interpreter that skips assertions publishes no false claim.
    if not bounds:
        raise AssertionError(f"claim {name}: no bound, so nothing is claimed")
    for sign, bound, holds in bounds:
        if not holds:
            came = f"measured {measured}, bound {sign} {bound}"
            raise AssertionError(f"claim {name} fails: {came}. {statement}")

    kept = " and ".join(
        f"{sign} {_digits(bound)}" for sign, bound, _ in bounds
    )
    figure = kept if rounding else _digits(measured)
    record = {
        "name": name,
        "statement": statement,
        "measured": figure,
        "bound": kept,
        "source": source,
        "verdict": "holds",  # or the error above would have ended the page
    }
    said = (
        f"within the bound, {kept}" if rounding else f"{figure}; bound: {kept}"
    )
    details = f"Measured: {said}; {source}."
    show(f"**holds** · {statement} *{details}*", record)
    _glue(name, figure)


def number(name: str, value: float | str) -> None:
    """Record a figure that the text quotes; three digits of a float."""
    text = value if isinstance(value, str) else _digits(value)
    _glue(name, text)


def _glue(name: str, text: str) -> None:
    """Keep a text under its name, and show nothing."""
    origin = {"name": name, "mime_prefix": GLUED}
    # Quoted, as MyST-NB does: it would read 0.50 as a number, and write 0.5.
    bundle = {f"{GLUED}text/plain": repr(text)}
    display(bundle, raw=True, metadata={"scrapbook": origin})


def show(markdown: str, record: dict[str, str] | None = None) -> None:
    """Show Markdown as a cell's output, with a claim's record if it has one."""
    bundle = {"text/plain": markdown, "text/markdown": markdown}
    display(bundle, raw=True, metadata={"claim": record} if record else {})


def table(head: Sequence[object], rows: Iterable[Sequence[object]]) -> None:
    """Show a table: its head, and its rows of as many cells."""
    lines = [head, ["---"] * len(head), *rows]
    show("\n".join(f"| {' | '.join(map(str, line))} |" for line in lines))


def _digits(value: float) -> str:
    """Return three significant digits, or the integer: 0.00123, 7."""
    whole = abs(value) < 1e6 and value == int(value)
    return str(int(value)) if whole else f"{float(value):.3g}"
