"""Run the pages' claims over many draws of their parameters, and say which share held.

    python tools/reproduce.py [--draws 50] [--seed 0] [--pages PAGE ...] [--scheduler tcp://...]
                              [--workers 2]

Each page declares the ranges in which its claims should hold (see draws.py). Dask distributes the
draws: over the processors of this machine, or over the workers of a scheduler that runs already.
These need the packages of requirements.txt; the sources travel. Each result is appended to
_build/reproduce/results.jsonl when it arrives, with a hash of what it depends on. A second run
reads this file and does only what is missing.
"""

import argparse
import io
import json
import os
import subprocess
import sys
import tempfile
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypedDict, cast

import nbformat
from distributed import Client, Worker, as_completed, get_worker
from distributed.diagnostics.plugin import WorkerPlugin
from tqdm import tqdm

from draws import command, declared_ranges, draw
from execute import ROOT, claims, code_cells, notebooks, shared_key, shared_sources
from kept import append_line, fingerprint, read_lines

if TYPE_CHECKING:  # it imports what only processes of its own need
    from warm import Failure, Result

RESULTS = ROOT / "_build/reproduce/results.jsonl"
LIMIT = 600.0  # seconds for one draw
RETRIES = 2  # of a draw whose process was ended from outside


class Page(NamedTuple):
    """A page that declares ranges."""

    ranges: dict[str, Any]
    claims: list[str]  # their names, in order
    key: str  # a hash of all that its results depend on


class Draw(NamedTuple):
    """One set of parameters of one page; equal draws have equal results."""

    page: str
    key: str
    seed: int
    number: int


class Record(TypedDict):
    """A line of the file of results: a draw, and of its result what a reader wants."""

    page: str
    key: str
    seed: int
    number: int
    parameters: dict[str, Any]
    seconds: float
    failure: "Failure | None"
    held: dict[str, str]  # of each claim, its figure and its bound


# ---------------------------------------------------------------- on a worker


class Notebooks(WorkerPlugin):
    """Gives a Dask worker the book's sources, and warm processes that execute its pages."""

    def __init__(self, sources: bytes) -> None:
        self.sources = sources  # a ZIP archive

    def setup(self, worker: Worker) -> None:
        """Unpack the sources."""
        self.folder = tempfile.TemporaryDirectory(prefix="reproduce-")
        zipfile.ZipFile(io.BytesIO(self.sources)).extractall(self.folder.name)
        self.idle: list[subprocess.Popen[str]] = []  # as many as the worker has threads

    def teardown(self, worker: Worker) -> None:
        """End the warm processes, and remove the sources."""
        for process in self.idle:
            process.communicate()
        self.folder.cleanup()

    def run(self, job: dict[str, Any]) -> "Result":
        """Let a warm process do a job; one that fails to answer is not used again."""
        process = self.idle.pop() if self.idle else self.start()
        print(json.dumps(job), file=process.stdin, flush=True)
        line = process.stdout.readline() if process.stdout else ""
        if not line:
            raise RuntimeError(f"the process for {job['page']} ended: {process.wait()}")
        self.idle.append(process)
        answer: dict[str, Any] = json.loads(line)
        if "died" in answer:
            raise RuntimeError(f"the process for {job['page']} {answer['died']}")
        return cast("Result", answer)

    def start(self) -> "subprocess.Popen[str]":
        """Start a warm process among the pages."""
        folder = self.folder.name
        return subprocess.Popen(
            [sys.executable, f"{folder}/tools/warm.py"],
            cwd=f"{folder}/book",
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
        )


def run_draw(plugin: str, page: str, parameters: dict[str, Any], limit: float) -> "Result":
    """Execute a page on the worker that this function finds itself on."""
    notebooks = cast("Notebooks", get_worker().plugins[plugin])
    return notebooks.run({"page": page, "parameters": parameters, "limit": limit})


# ---------------------------------------------------------------- what there is to do


def read_pages(book: Path) -> dict[str, Page]:
    """Return the pages of a folder that declare ranges."""
    shared = shared_key()
    pages = {}
    for path in notebooks(book):
        notebook = nbformat.read(path, as_version=4)
        if ranges := declared_ranges(notebook):
            key = fingerprint(shared, *(cell.source for cell in code_cells(notebook)))
            names = [record["name"] for record in claims(path) if isinstance(record, dict)]
            pages[path.stem] = Page(ranges, names, key[:16])
    return pages


def packed_sources() -> bytes:
    """Return what a worker needs, as a ZIP archive; of the notebooks the code alone."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        for path in (*shared_sources(), ROOT / "tools/warm.py"):
            file.write(path, path.relative_to(ROOT))
        for path in notebooks(ROOT / "book"):
            notebook = nbformat.read(path, as_version=4)
            for cell in (cells := code_cells(notebook)):
                cell.outputs = []
            notebook.cells = cells
            file.writestr(f"book/{path.name}", nbformat.writes(notebook))
    return archive.getvalue()


def read_results(file: Path) -> dict[Draw, Record]:
    """Return the results so far."""
    records: list[Record] = read_lines(file)
    return {Draw(r["page"], r["key"], r["seed"], r["number"]): r for r in records}


# ---------------------------------------------------------------- doing it


def connect(scheduler: str | None, workers: int) -> Client:
    """Return a client of a scheduler that runs, or of new workers on this machine."""
    if scheduler:
        return Client(scheduler)
    # Threads: each has a warm process that does the work, so no more processes are needed.
    how = {"processes": False, "threads_per_worker": 1, "dashboard_address": ":0"}
    return Client(n_workers=workers, **how)


def run_all(
    client: Client, jobs: dict[Draw, dict[str, Any]]
) -> Iterator[tuple[Draw, "Result | str"]]:
    """Yield each draw as it ends, with its result, or with why there is none."""
    plugin = "book-" + fingerprint(*(draw.key for draw in jobs))[:16]
    client.register_plugin(Notebooks(packed_sources()), name=plugin)
    futures = {
        client.submit(
            run_draw, plugin, draw.page, drawn, LIMIT, retries=RETRIES, key=f"{plugin}-{draw}"
        ): draw
        for draw, drawn in jobs.items()
    }
    try:
        for future in as_completed(futures):
            done = future.status == "finished"
            yield futures[future], future.result() if done else repr(future.exception())
            future.release()
    finally:
        client.unregister_worker_plugin(plugin)


def complete(
    wanted: dict[Draw, dict[str, Any]], connection: Callable[[], Client]
) -> tuple[dict[Draw, Record], dict[Draw, str]]:
    """Run what is missing; return all results, and why the draws without one have none."""
    before = read_results(RESULTS).items()
    results = {d: r for d, r in before if wanted.get(d) == r["parameters"]}
    missing = {draw: drawn for draw, drawn in wanted.items() if draw not in results}
    lost: dict[Draw, str] = {}
    if not missing:
        return results, lost
    bar = tqdm(total=len(wanted), initial=len(results), unit="draw", smoothing=0.05)
    with bar, connection() as client:
        for drawn, result in run_all(client, missing):
            if isinstance(result, str):
                lost[drawn] = result
            else:
                record = shortened(drawn, missing[drawn], result)
                append_line(RESULTS, record)
                results[drawn] = record
            bar.update()
    return results, lost


def shortened(drawn: Draw, parameters: dict[str, Any], result: "Result") -> Record:
    """Return a draw's line for the file; its keys stand there in this order."""
    return {
        "page": drawn.page,
        "key": drawn.key,
        "seed": drawn.seed,
        "number": drawn.number,
        "parameters": parameters,
        "seconds": round(result["seconds"], 2),
        "failure": result["failure"],
        "held": {c["name"]: f"{c['measured']} ({c['bound']})" for c in result["claims"]},
    }


# ---------------------------------------------------------------- what came of it


def table(pages: dict[str, Page], results: dict[Draw, Record]) -> str:
    """Return one line for each claim: in how many draws it held, failed, or was not reached."""
    lines = ["page | claim | draws | held | failed | not reached | share that held (95 % interval)"]
    for page, (_, names, _) in pages.items():
        records = [record for draw, record in results.items() if draw.page == page]
        held = Counter(name for record in records for name in record["held"])
        failures = [record["failure"] for record in records if record["failure"]]
        failed = Counter(failure["claim"] or "(no claim)" for failure in failures)
        for name in dict.fromkeys((*names, *held, *failed)):
            counts = (len(records), held[name], failed[name])
            rest = len(records) - held[name] - failed[name]
            share = share_with_interval(held[name], held[name] + failed[name])
            lines.append(" | ".join(map(str, (page, name, *counts, rest, share))))
    return aligned(lines)


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


def report(drawn: Draw, parameters: dict[str, Any], why: str) -> str:
    """Return what failed, and the command that reruns it."""
    papermill = os.path.relpath(Path(sys.executable).parent / "papermill")
    notebook = os.path.relpath(ROOT / "book" / f"{drawn.page}.ipynb")
    output = os.path.relpath(RESULTS.parent / f"{drawn.page}-{drawn.number}.ipynb")
    again = command(papermill, notebook, output, parameters)
    return f"\nFAILED: {drawn.page}, draw {drawn.number} of seed {drawn.seed}\n  {why}\n  {again}"


def main() -> int:
    """Run, report, and return 1 if a claim failed or a draw has no result."""
    pages = read_pages(ROOT / "book")
    parser = argparse.ArgumentParser(description="Run the claims over many parameter draws.")
    parser.add_argument("--draws", type=int, default=50, help="of each page")
    parser.add_argument("--seed", type=int, default=0, help="of the draws")
    parser.add_argument("--pages", nargs="*", choices=list(pages), help="all, if none is named")
    parser.add_argument("--scheduler", help="address of a Dask scheduler, tcp://...")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="on this machine")
    options = parser.parse_args()
    pages = {name: page for name, page in pages.items() if name in (options.pages or pages)}
    wanted = {
        Draw(name, page.key, options.seed, number): draw(page.ranges, name, number, options.seed)
        for number in range(1, options.draws + 1)
        for name, page in pages.items()
    }
    results, lost = complete(wanted, partial(connect, options.scheduler, options.workers))
    print(table(pages, results))
    failed = {d: r["failure"]["error"] for d, r in results.items() if r["failure"]}
    for drawn, why in sorted((failed | lost).items()):
        print(report(drawn, wanted[drawn], why))
    print(f"\n{len(results)} of {len(wanted)} draws have a result, {len(failed)} of them failed.")
    return 1 if failed or lost else 0


if __name__ == "__main__":
    try:
        raise SystemExit(main())
    except KeyboardInterrupt:
        raise SystemExit("Interrupted; the same command goes on from here.") from None
