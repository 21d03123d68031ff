"""What was recorded: read, and put into the words and rows of a page.

Pages record their claims (see `page.claim`), `make bench` the benchmarks. There
each ratio of two times is a triple: least, median, largest.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

Row = dict[str, Any]
Rows = dict[tuple[str, str, str], Row]  # by setting, dtype and way

FOLDER = Path(__file__).resolve().parent.parent / "benchmarks"


def read(name: str) -> dict[str, Any]:
    """Return a record by its name."""
    text = (FOLDER / f"{name}.json").read_text(encoding="utf-8")
    record: dict[str, Any] = json.loads(text)
    return record


def claims(notebook: Path) -> Iterator[dict[str, str]]:
    """Yield the claims that an executed notebook recorded."""
    for cell in json.loads(notebook.read_text(encoding="utf-8"))["cells"]:
        for output in cell.get("outputs", []):
            if record := output.get("metadata", {}).get("claim"):
                yield record


def origin(machine: Mapping[str, Any]) -> str:
    """Say in Markdown where a record was taken, and with which versions."""
    used = f"{machine['processor']}, {machine['cores']} cores, {machine['threads used']} thread used"
    if "accelerator" in machine:
        used = f"{machine['accelerator']}; beside it {used}"
    versions = [f"{name} {v}" for name, v in machine["packages"].items()]
    python = f"Python {machine['Python']}"
    return f"*One recorded run:* {used}; {', '.join([python, *versions])}."


def by_way(steps: Iterable[Row]) -> Rows:
    """Return the rows of a record by setting, dtype and way."""
    rows = [row["setting"] | row for row in steps]
    return {(row["name"], row["dtype"], row["way"]): row for row in rows}


def medians(
    rows: Rows, dtype: str, settings: Iterable[str]
) -> list[list[str]]:
    """Return for each way its medians in these settings, to three digits."""
    settings = list(settings)
    ways = dict.fromkeys(way for *_, way in rows)
    return [
        [way, *(_digits(rows.get((name, dtype, way))) for name in settings)]
        for way in ways
    ]


def _digits(row: Row | None) -> str:
    return f"{row['ratio'][1]:#.3g}".rstrip(".") if row else "no such way"


def verdict(value: float, sense: str, target: float) -> str:
    """Tell whether a value is "at most", or else at least, its target."""
    met = value <= target if sense == "at most" else value >= target
    return "met" if met else "**missed**"


def power(value: float) -> str:
    r"""Return one digit and the power of ten, for the text: $3 \cdot 10^{-8}$."""
    digit, exponent = f"{value:.0e}".split("e")
    return rf"${digit} \cdot 10^{{{int(exponent)}}}$"
