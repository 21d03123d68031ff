"""Run jobs on Dask, each in a process of its own, and go on where a run was ended.

A job is a dictionary, and a command's ``work(*words, **job)`` makes a result of it that JSON can
hold. Each result is appended to a file when it arrives; a second run reads the file, and does only
what is missing. Dask distributes the jobs: over the processors of this machine, or over the workers
of a scheduler that runs already. These need the packages of requirements.txt; the sources travel.

    python tools/jobs.py COMMAND [WORD ...]      does one job, read from stdin: what workers run
"""

import environment

if __name__ == "__main__":
    environment.enter()

import argparse
import importlib
import io
import json
import os
import platform
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import nbformat

from execute import ROOT, notebooks, shared_sources
from kept import fingerprint, write

LIMIT = 3600.0  # seconds for one job
RETRIES = 2  # of a job whose process, or whose worker, was ended from outside

Job = dict[str, Any]
Line = dict[str, Any]  # the job, its result, the seconds that it took, the machine


def same(job: Job) -> str:
    """Return a text that equal jobs share."""
    return json.dumps(job, sort_keys=True)


def machine() -> str:
    """Describe the machine, without its name."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text(encoding="utf-8").splitlines() if cpuinfo.exists() else []
    model = next((line.split(": ")[1] for line in lines if line.startswith("model name")), "")
    packages = ", ".join(f"{name} {version(name)}" for name in ("numpy", "scipy"))
    return f"{model or platform.machine()}; Python {platform.python_version()}, {packages}"


def run(words: list[str], job: Job) -> Line:
    """Run one job where this is called, and return its line."""
    command, *more = words
    start = time.perf_counter()
    result = importlib.import_module(command).work(*more, **job)
    seconds = round(time.perf_counter() - start, 1)
    return {"job": job, "result": result, "seconds": seconds, "machine": machine()}


def packed() -> bytes:
    """Return what a worker needs, as a ZIP archive; of the notebooks the code alone."""
    archive = io.BytesIO()
    own = [*ROOT.glob("tools/*.py"), *ROOT.glob("extensions/*.py")]
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        for path in {*shared_sources(), *own}:
            file.write(path, path.relative_to(ROOT))
        for path in notebooks(ROOT / "book"):
            notebook = nbformat.read(path, as_version=4)
            notebook.cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
            for cell in notebook.cells:
                cell.outputs = []
            file.writestr(f"book/{path.name}", nbformat.writes(notebook))
    return archive.getvalue()


def distributed(
    words: list[str], jobs: list[Job], scheduler: str | None, workers: int
) -> Iterator[tuple[Job, Line | str]]:
    """Yield each job as it ends, with its line, or with why there is none."""
    from distributed import Client, as_completed, get_worker
    from distributed.diagnostics.plugin import WorkerPlugin

    archive = packed()
    folder = f"fa_book-{fingerprint(archive)[:16]}"

    class Sources(WorkerPlugin):
        """Gives a worker the sources, also one that takes the place of another."""

        name = folder

        def setup(self, worker: Any) -> None:
            place = Path(worker.local_directory) / folder
            zipfile.ZipFile(io.BytesIO(archive)).extractall(place)

    def work(job: Job) -> Line:
        command = [sys.executable, f"{get_worker().local_directory}/{folder}/tools/jobs.py", *words]
        done = subprocess.run(
            command, input=json.dumps(job), capture_output=True, encoding="utf-8", timeout=LIMIT
        )
        if done.returncode:
            why = done.stderr.rstrip().rpartition("\n")[2]
            raise RuntimeError(f"exit code {done.returncode}: {why}")
        line: Line = json.loads(done.stdout.splitlines()[-1])
        return line

    # Threads: each waits for the process that does the work.
    here = {"processes": False, "threads_per_worker": 1, "dashboard_address": ":0"}
    with Client(scheduler) if scheduler else Client(n_workers=workers, **here) as client:
        client.register_plugin(Sources())
        futures = {client.submit(work, job, retries=RETRIES, pure=False): job for job in jobs}
        for future in as_completed(futures):
            done = future.status == "finished"
            yield futures[future], future.result() if done else str(future.exception())
            future.release()


def read_lines(file: Path) -> list[Line]:
    """Return the lines so far; remove a last one that a kill left half-written."""
    if not file.exists():
        return []
    whole, newline, _ = file.read_bytes().rpartition(b"\n")
    write(file, whole + newline)
    return [json.loads(line) for line in whole.splitlines()]


def complete(
    words: list[str], jobs: list[Job], file: Path, scheduler: str | None, workers: int
) -> tuple[list[Line], list[tuple[Job, str]]]:
    """Run what is missing; return all lines in the order of the jobs, and what has none and why."""
    from tqdm import tqdm

    lines = {same(line["job"]): line for line in read_lines(file)}
    missing = [job for job in jobs if same(job) not in lines]
    lost = []
    if missing:
        file.parent.mkdir(parents=True, exist_ok=True)
        arriving = distributed(words, missing, scheduler, workers)
        before = len(jobs) - len(missing)
        for job, line in tqdm(arriving, total=len(jobs), initial=before, unit="job"):
            if isinstance(line, str):
                lost.append((job, line))
            else:
                with file.open("a", encoding="utf-8") as record:
                    record.write(json.dumps(line) + "\n")
                lines[same(job)] = line
    return [lines[same(job)] for job in jobs if same(job) in lines], lost


def options(description: str) -> argparse.ArgumentParser:
    """Return a parser that knows where jobs can run."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--scheduler", help="address of a Dask scheduler, tcp://...")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="on this machine")
    return parser


if __name__ == "__main__":
    print(json.dumps(run(sys.argv[1:], json.load(sys.stdin))))
