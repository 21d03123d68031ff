"""`make reproduce`: no draw is lost or made twice, and a claim that fails is told.

Each test runs the tools as a reader does, in a small project with the book's own page.py.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

ROOT = Path(__file__).resolve().parents[2]
CLAIM = "from page import claim\nclaim('{0}', 'x', {1}, source='none', below=1)"
RANGES = "ranges = {'seed': (0, 999), 'step': (1e-5, 1e-3)}"


def write_page(project, page, *claims):
    """Write a notebook of some claims, pairs of a name and an expression, with stored outputs."""
    parameters = new_code_cell("seed = 0\nstep = 0.1", metadata={"tags": ["parameters"]})
    ranges = new_code_cell(RANGES, metadata={"tags": ["ranges"]})
    cells = [new_code_cell(CLAIM.format(*each)) for each in claims]
    for cell, (name, _) in zip(cells, claims, strict=True):
        cell.outputs = [new_output("display_data", metadata={"claim": {"name": name}})]
    notebook = new_notebook(cells=[parameters, ranges, *cells])
    notebook.metadata.kernelspec = {"name": "python3", "language": "python", "display_name": "P"}
    nbformat.write(notebook, project / "book" / f"{page}.ipynb")


@pytest.fixture
def project(tmp_path):
    """Lay out a project whose claims hold."""
    for folder in ("extensions", "tools", "fa_lib"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=ignored)
    (tmp_path / "book").mkdir()
    for module in ("page.py", "figures.py", "records.py"):
        shutil.copy(ROOT / "book" / module, tmp_path / "book")
    (tmp_path / "requirements.txt").write_text("", encoding="utf-8")
    write_page(tmp_path, "good", ("good-seed", "seed / 1000"), ("good-step", "step"))
    return tmp_path


def start(project, *options):
    """Start the command, in a shell that has assertions skipped."""
    return subprocess.Popen(
        [sys.executable, "tools/reproduce.py", *map(str, options)],
        cwd=project,
        env={**os.environ, "HOME": str(project), "PYTHONOPTIMIZE": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        encoding="utf-8",
    )


def reproduce(project, *options):
    """Run the command; return its exit status and what it printed."""
    process = start(project, "--workers", 1, *options)
    printed, _ = process.communicate()
    return process.returncode, printed


def results(project):
    """Return page and number of each line of the file, in order."""
    file = project / "_build/reproduce/results.jsonl"
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    records = [json.loads(line) for line in lines]
    return sorted((line["job"]["page"], line["job"]["number"]) for line in records)


def every(draws, *pages):
    return [(page, number) for page in pages for number in range(1, draws + 1)]


def test_table_and_report_tell_what_held_what_failed_and_what_died(project):
    write_page(project, "failing", ("first", "step"), ("seed", "seed + 1"), ("last", "step"))
    write_page(project, "broken", ("division", "1 / 0"))
    write_page(project, "asserting", ("assertion", "exec('assert False') or 0"))
    write_page(project, "dying", ("exit", "__import__('os')._exit(7)"))
    status, printed = reproduce(project, "--draws", 1)
    assert status == 1
    rows = {tuple(line.split()[:6]) for line in printed.splitlines()}
    assert {
        ("good", "good-seed", "1", "1", "0", "0"),
        ("good", "good-step", "1", "1", "0", "0"),
        ("failing", "first", "1", "1", "0", "0"),
        ("failing", "seed", "1", "0", "1", "0"),
        ("failing", "last", "1", "0", "0", "1"),
        ("broken", "division", "1", "0", "0", "1"),
        ("broken", "(no", "claim)", "1", "0", "1"),
        ("asserting", "(no", "claim)", "1", "0", "1"),
    } <= rows
    assert "ZeroDivisionError" in printed
    assert printed.count("DeadKernelError") == 1
    answered = every(1, "asserting", "broken", "failing", "good")
    assert results(project) == answered  # the dead come again

    told = re.findall(r"AssertionError: (claim seed fails: measured \d+)", printed)
    commands = re.findall(r"^  (OMP.*failing-\d.*)$", printed, re.MULTILINE)
    assert len(told) == len(commands) == 1
    rerun = subprocess.run(
        commands[0], shell=True, cwd=project, capture_output=True, encoding="utf-8"
    )
    assert rerun.returncode != 0
    assert told[0] in rerun.stderr


def test_killed_and_started_again_every_draw_is_there_once(project):
    write_page(project, "slow", ("slow", "__import__('time').sleep(0.5) or step"))
    process = start(project, "--draws", 2)
    while len(results(project)) < 1:
        time.sleep(0.02)
    process.kill()
    process.communicate()
    assert len(results(project)) < 4
    with (project / "_build/reproduce/results.jsonl").open("a", encoding="utf-8") as lines:
        lines.write('{"page": "slow", "num')  # cut off by the kill
    status, printed = reproduce(project, "--draws", 2)
    assert status == 0
    assert "4 of 4 draws have a result, 0 of them failed" in printed
    rows = [line.split()[:6] for line in printed.splitlines()]
    assert ["good", "good-seed", "2", "2", "0", "0"] in rows
    assert results(project) == every(2, "good", "slow")

    write_page(project, "good", ("good-seed", "seed / 1001"))
    reproduce(project, "--draws", 2)  # only the page that changed
    assert results(project) == sorted(every(2, "good", "good", "slow"))


def dask(folder, *words):
    """Start a command of Dask's, in a folder without the book."""
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    return subprocess.Popen([sys.executable, "-m", "dask", *words], cwd=folder, **quiet)


def test_scheduler_that_runs_already_serves_and_a_killed_worker_loses_nothing(project):
    # The first draw of this page kills its worker: the process above the one above its kernel.
    mark = project / "killed"
    kill = f"""import pathlib, psutil
mark = pathlib.Path({str(mark)!r})
if not mark.exists():
    mark.touch()
    psutil.Process().parent().parent().kill()"""
    write_page(project, "deadly", ("deadly", "step"))
    notebook = nbformat.read(project / "book/deadly.ipynb", as_version=4)
    notebook.cells.insert(2, new_code_cell(kill))
    nbformat.write(notebook, project / "book/deadly.ipynb")

    elsewhere = project / "elsewhere"
    elsewhere.mkdir()
    file = elsewhere / "scheduler.json"
    place = ["--scheduler-file", str(file)]
    processes = [
        dask(elsewhere, "scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", *place)
    ]
    try:
        while not (file.exists() and file.read_text(encoding="utf-8")):
            time.sleep(0.05)
        address = json.loads(file.read_text(encoding="utf-8"))["address"]
        processes.append(dask(elsewhere, "worker", "--no-dashboard", "--nthreads", "2", address))
        status, _ = reproduce(project, "--draws", 3, "--scheduler", address)
    finally:
        for process in reversed(processes):
            process.terminate()
            process.wait()
    assert mark.exists()
    assert status == 0
    assert results(project) == every(3, "deadly", "good")
