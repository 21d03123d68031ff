"""Run a study: what takes longer than a page may, one command, to be gone on with at any time.

    python tools/study.py NAME [--scheduler tcp://...] [--workers 2]

`book/studies/NAME.py` has `jobs()`, a list of keyword arguments, and `run(**job)`, whose results
are numbers, texts, lists and dictionaries of them. Dask distributes the jobs, over the processors
of this machine or over the workers of a scheduler that runs. Each result is appended to
`book/studies/NAME.jsonl` when it arrives; a second run does only what is missing. At the end the
lines stand in the order of the jobs. The page that tells of the study runs a part of it anew, so
that the record cannot go stale unnoticed.

The studies calculate with NumPy. They use all processors that they are given, and no accelerator.
"""

import argparse
import importlib
import io
import json
import os
import platform
import sys
import time
import zipfile
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import environment
from kept import append_line, read_lines, write

ROOT = environment.ROOT
BOOK = ROOT / "book"
STUDIES = BOOK / "studies"
PACKAGES = ("numpy", "scipy")

Job = dict[str, Any]
Line = dict[str, Any]


def names() -> list[str]:
    """Return the studies that there are."""
    return sorted(path.stem for path in STUDIES.glob("*.py") if path.stem != "__init__")


def same(job: Job) -> str:
    """Return a text that equal jobs share."""
    return json.dumps(job, sort_keys=True)


def machine() -> str:
    """Describe the machine, without its name."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text(encoding="utf-8").splitlines() if cpuinfo.exists() else []
    model = next((line.split(": ")[1] for line in lines if line.startswith("model name")), "")
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    return f"{model or platform.machine()}; Python {platform.python_version()}, {packages}"


def run(name: str, job: Job) -> Line:
    """Run one job where this is called, and return its line."""
    study = importlib.import_module(f"studies.{name}")
    start = time.perf_counter()
    result = study.run(**job)
    seconds = round(time.perf_counter() - start, 1)
    return {"job": job, "result": result, "seconds": seconds, "machine": machine()}


def distributed(name: str, jobs: list[Job], scheduler: str | None, workers: int) -> Iterator[Line]:
    """Yield the line of each job as it ends."""
    from distributed import Client, as_completed

    local = {"n_workers": workers, "threads_per_worker": 1, "dashboard_address": ":0"}
    with Client(scheduler) if scheduler else Client(**local) as client:
        client.upload_file(str(packed()))
        futures = [client.submit(run, name, job, key=f"{name}-{same(job)}") for job in jobs]
        for future in as_completed(futures):
            yield future.result()
            future.release()


def packed() -> Path:
    """Write what a worker needs into one file that it can import from."""
    sources = [(path, path.relative_to(ROOT)) for path in (ROOT / "fa_lib").glob("*.py")]
    sources += [(path, path.relative_to(BOOK)) for path in BOOK.glob("*.py")]
    sources += [(path, path.relative_to(BOOK)) for path in STUDIES.glob("*.py")]
    sources += [
        (ROOT / "tools" / name, Path(name)) for name in ("study.py", "environment.py", "kept.py")
    ]
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w") as archive:
        for path, place in sources:
            archive.write(path, str(place))
    file = ROOT / "_build" / "study.zip"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(memory.getvalue())
    return file


def complete(name: str, scheduler: str | None, workers: int) -> list[Line]:
    """Run what is missing of a study, and return all lines, in the order of its jobs."""
    from tqdm import tqdm

    jobs = importlib.import_module(f"studies.{name}").jobs()
    file = STUDIES / f"{name}.jsonl"
    lines = {same(line["job"]): line for line in read_lines(file)}
    missing = [job for job in jobs if same(job) not in lines]
    if missing:
        done = distributed(name, missing, scheduler, workers)
        for line in tqdm(done, total=len(jobs), initial=len(jobs) - len(missing), unit="job"):
            lines[same(line["job"])] = line
            append_line(file, line)
    ordered = [lines[same(job)] for job in jobs]
    write(file, "".join(json.dumps(line) + "\n" for line in ordered).encode())
    return ordered


def main() -> None:
    """Run a study by its name."""
    parser = argparse.ArgumentParser(description="Run what is missing of a study.")
    parser.add_argument("name", choices=names())
    parser.add_argument("--scheduler", help="address of a Dask scheduler, tcp://...")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="on this machine")
    options = parser.parse_args()
    lines = complete(options.name, options.scheduler, options.workers)
    print(f"{len(lines)} jobs, {sum(line['seconds'] for line in lines):.0f} seconds of work")


sys.path[:0] = [str(BOOK)]
if __name__ == "__main__":
    environment.enter()
    os.environ["PYTHONPATH"] = os.pathsep.join(map(str, (BOOK, ROOT, ROOT / "tools")))
    main()
