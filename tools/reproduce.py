"""Run the pages' claims over many draws of their parameters, and say which share held.

    python tools/reproduce.py [--draws 50] [--seed 0] [--pages PAGE ...] [--scheduler tcp://...]
                              [--workers 2]

Each page declares the ranges in which its claims should hold (see draws.py). `jobs.py` runs the
draws, and keeps the results in _build/reproduce/results.jsonl, with a hash of what each depends on.
"""

import environment

if __name__ == "__main__":
    environment.enter()

import os
import re
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import nbformat
import papermill

import jobs
from draws import command, declared_ranges, draw
from execute import ROOT, code_cells, notebooks, shared_key
from kept import fingerprint
from records import claims

RESULTS = ROOT / "_build/reproduce/results.jsonl"
BOOK = ROOT / "book"


class Page(NamedTuple):
    """A page that declares ranges."""

    ranges: dict[str, Any]
    claims: list[str]  # their names, in order
    key: str  # a hash of all that its results depend on


def work(page: str, parameters: dict[str, Any], **_: object) -> dict[str, Any]:
    """Execute a page; return what its claims measured, and why it ended early if it did."""
    failure = None
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "output.ipynb"
        source = BOOK / f"{page}.ipynb"
        try:
            papermill.execute_notebook(source, output, parameters, cwd=BOOK, progress_bar=False)
        except papermill.PapermillExecutionError as error:
            named = re.match(r"claim (\S+) fails", error.evalue)
            message = f"{error.ename}: {error.evalue}"
            failure = {"claim": named[1] if named else None, "error": message}
        recorded = list(claims(output))
    held = {claim["name"]: f"{claim['measured']} ({claim['bound']})" for claim in recorded}
    return {"failure": failure, "held": held}


def read_pages(book: Path) -> dict[str, Page]:
    """Return the pages of a folder that declare ranges."""
    shared = shared_key()
    pages = {}
    for path in notebooks(book):
        notebook = nbformat.read(path, as_version=4)
        if ranges := declared_ranges(notebook):
            key = fingerprint(shared, *(cell.source for cell in code_cells(notebook)))
            names = [claim["name"] for claim in claims(path)]
            pages[path.stem] = Page(ranges, names, key[:16])
    return pages


def table(pages: dict[str, Page], lines: list[jobs.Line]) -> str:
    """Return one line for each claim: in how many draws it held, failed, or was not reached."""
    rows = ["page | claim | draws | held | failed | not reached | share that held (95 % interval)"]
    for page, (_, names, _) in pages.items():
        results = [line["result"] for line in lines if line["job"]["page"] == page]
        held = Counter(name for result in results for name in result["held"])
        failures = [result["failure"] for result in results if result["failure"]]
        failed = Counter(failure["claim"] or "(no claim)" for failure in failures)
        for name in dict.fromkeys((*names, *held, *failed)):
            counts = (len(results), held[name], failed[name])
            rest = len(results) - held[name] - failed[name]
            share = share_with_interval(held[name], held[name] + failed[name])
            rows.append(" | ".join(map(str, (page, name, *counts, rest, share))))
    return aligned(rows)


def share_with_interval(held: int, reached: int) -> str:
    """Return a share and Wilson's interval, in per cent."""
    from scipy.stats import binomtest  # takes long to import

    if not reached:
        return "-"
    low, high = binomtest(held, reached).proportion_ci(method="wilson")
    return f"{100 * held / reached:.0f} ({100 * low:.0f} to {100 * high:.0f})"


def aligned(lines: list[str]) -> str:
    """Return a table whose columns stand under each other."""
    cells = [line.split(" | ") for line in lines]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    rows = (zip(line, widths, strict=True) for line in cells)
    return "\n".join("  ".join(cell.ljust(width) for cell, width in row).rstrip() for row in rows)


def report(job: jobs.Job, why: str) -> str:
    """Return what failed, and the command that reruns it."""
    page, number = job["page"], job["number"]
    programme = os.path.relpath(Path(sys.executable).parent / "papermill")
    notebook = os.path.relpath(BOOK / f"{page}.ipynb")
    output = os.path.relpath(RESULTS.parent / f"{page}-{number}.ipynb")
    again = command(programme, notebook, output, job["parameters"])
    return f"\nFAILED: {page}, draw {number} of seed {job['seed']}\n  {why}\n  {again}"


def main() -> int:
    """Run, report, and return 1 if a claim failed or a draw has no result."""
    pages = read_pages(BOOK)
    parser = jobs.options("Run the claims over many parameter draws.")
    parser.add_argument("--draws", type=int, default=50, help="of each page")
    parser.add_argument("--seed", type=int, default=0, help="of the draws")
    parser.add_argument("--pages", nargs="*", choices=list(pages), help="all, if none is named")
    given = parser.parse_args()
    if given.draws < 1:
        parser.error(f"--draws: expected at least 1, came {given.draws}")
    pages = {name: page for name, page in pages.items() if name in (given.pages or pages)}
    wanted: list[jobs.Job] = [
        {"page": name, "key": page.key, "seed": given.seed, "number": number}
        | {"parameters": draw(page.ranges, name, number, given.seed)}
        for number in range(1, given.draws + 1)
        for name, page in pages.items()
    ]
    lines, lost = jobs.complete(["reproduce"], wanted, RESULTS, given.scheduler, given.workers)
    print(table(pages, lines))
    failures = [(line["job"], line["result"]["failure"]) for line in lines]
    failed = [(job, failure["error"]) for job, failure in failures if failure]
    for job, why in (*failed, *lost):
        print(report(job, why))
    print(f"\n{len(lines)} of {len(wanted)} draws have a result, {len(failed)} of them failed.")
    return 1 if failed or lost else 0


if __name__ == "__main__":
    try:
        raise SystemExit(main())
    except KeyboardInterrupt:
        raise SystemExit("Interrupted; the same command goes on from here.") from None
