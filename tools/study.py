"""Run a study: what takes longer than a page may, one command, to be gone on with at any time.

    python tools/study.py NAME [--scheduler tcp://...] [--workers 2]

`book/studies/NAME.py` has `jobs()`, a list of keyword arguments, and `run(**job)`, whose results
are numbers, texts, lists and dictionaries of them. `jobs.py` runs those that `book/studies/
NAME.jsonl` has no result of, and writes them there. The page that tells of the study runs a part of
it anew, so that the record cannot go stale unnoticed.

The studies calculate with NumPy. They use all processors that they are given, and no accelerator.
"""

import environment

if __name__ == "__main__":
    environment.enter()

import importlib
import json
import sys
from typing import Any

import jobs
from kept import write

STUDIES = environment.ROOT / "book" / "studies"


def names() -> list[str]:
    """Return the studies that there are."""
    return sorted(path.stem for path in STUDIES.glob("*.py") if path.stem != "__init__")


def work(name: str, **job: Any) -> Any:
    """Run one job of a study."""
    return importlib.import_module(f"studies.{name}").run(**job)


def complete(name: str, scheduler: str | None, workers: int) -> list[jobs.Line]:
    """Run what is missing of a study; have all lines in its file in the order of its jobs."""
    wanted, file = importlib.import_module(f"studies.{name}").jobs(), STUDIES / f"{name}.jsonl"
    lines, lost = jobs.complete(["study", name], wanted, file, scheduler, workers)
    if lost:
        sys.exit("\n".join(f"{job}: {why}" for job, why in lost))
    write(file, "".join(json.dumps(line) + "\n" for line in lines).encode())
    return lines


def main() -> None:
    """Run a study by its name."""
    parser = jobs.options("Run what is missing of a study.")
    parser.add_argument("name", choices=names())
    given = parser.parse_args()
    lines = complete(given.name, given.scheduler, given.workers)
    print(f"{len(lines)} jobs, {sum(line['seconds'] for line in lines):.0f} seconds of work")


if __name__ == "__main__":
    main()
