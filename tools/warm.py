"""Execute notebooks for their claims alone, in processes forked from a warm one.

    python tools/warm.py      answers each job, a line of JSON on stdin, by a line on stdout

A fresh kernel spends seconds on imports. This process makes them once; each job then runs, by
papermill, in a fork of its own, which starts clean and takes all it left, even a crash, with it.
The cells run in IPython as in a kernel; figures are made but not drawn.
"""

import environment

if __name__ == "__main__":
    environment.enter()  # before what takes long to import

import importlib
import json
import multiprocessing
import re
import sys
import tempfile
import time
import warnings
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, TypedDict

import papermill
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from nbformat import NotebookNode
from nbformat.v4 import new_output
from papermill.engines import Engine, NotebookExecutionManager, papermill_engines
from traitlets.config import Config

# What takes long to import; only what a page of the folder names is imported beforehand.
SLOW = ("matplotlib.pyplot", "scipy.special", "sklearn.datasets", "sympy")


class Failure(TypedDict):
    """The claim that ended a page, ``None`` if it was no claim, and the error."""

    claim: str | None
    error: str


class Result(TypedDict):
    """What a page recorded, why it ended early if it did, and the processor seconds."""

    claims: list[dict[str, str]]
    failure: Failure | None
    seconds: float


class Died(TypedDict):
    """How a process ended that gave no result."""

    died: str


class InThisProcess(Engine):  # type: ignore[misc]  # papermill has no types
    """Papermill's engine: the cells run here, in IPython without a kernel."""

    @classmethod
    def execute_managed_notebook(
        cls, nb_man: NotebookExecutionManager, kernel_name: str, **_: Any
    ) -> None:
        """Run the cells in order; the first that fails is the last."""
        shell = InteractiveShell.instance(config=Config(HistoryManager={"enabled": False}))
        for index, cell in enumerate(nb_man.nb.cells):
            if cell.cell_type != "code":
                continue
            nb_man.cell_start(cell, index)
            error = run_cell(shell, cell)
            if error is not None:
                nb_man.cell_exception(cell, index)
                break
            nb_man.cell_complete(cell, index)


def run_cell(shell: InteractiveShell, cell: NotebookNode) -> BaseException | None:
    """Run a cell, store what it displayed and its error, and return the error."""
    with capture_output() as captured:
        result = shell.run_cell(cell.source, store_history=True)
    cell.execution_count = result.execution_count
    cell.outputs = [
        new_output("display_data", data=shown.data, metadata=shown.metadata)
        for shown in captured.outputs
    ]
    error: BaseException | None = result.error_before_exec or result.error_in_exec
    if error is not None:
        message = {"ename": type(error).__name__, "evalue": str(error)}
        trace = captured.stdout.splitlines()  # where IPython writes it
        cell.outputs.append(new_output("error", **message, traceback=trace))
    return error


def run(page: str, parameters: dict[str, Any]) -> Result:
    """Execute PAGE.ipynb of this folder; return what came of it."""
    from page import claims  # only the folder of the pages has it

    start = time.process_time()
    failure: Failure | None = None
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "output.ipynb"
        try:
            papermill.execute_notebook(
                f"{page}.ipynb",
                output,
                parameters,
                engine_name="here",
                progress_bar=False,
                request_save_on_cell_execute=False,
            )
        except papermill.PapermillExecutionError as error:
            named = re.match(r"claim (\S+) fails", error.evalue)
            message = f"{error.ename}: {error.evalue}"
            failure = {"claim": named[1] if named else None, "error": message}
        recorded = list(claims(output))
    return {"claims": recorded, "failure": failure, "seconds": time.process_time() - start}


def prepare() -> None:
    """Import what pages use, so that a fork has it at once."""
    import matplotlib as mpl

    mpl.use("template")  # a backend that draws nothing
    warnings.filterwarnings("ignore", "This process .* is multi-threaded")
    papermill_engines.register("here", InThisProcess)
    pages = "".join(path.read_text(encoding="utf-8") for path in Path().glob("*.ipynb"))
    for name in ("page", *(name for name in SLOW if name in pages)):
        importlib.import_module(name)


def answer(job: dict[str, Any], limit: float) -> Result | Died:
    """Run a job in a fork; ``died`` says that the process ended without a result, and how."""
    methods = multiprocessing.get_all_start_methods()
    context: Any  # only the contexts of one method each are known to have Process
    context = multiprocessing.get_context("fork" if "fork" in methods else "spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=send, args=(theirs, job))
    process.start()
    theirs.close()
    result: Result | Died
    try:
        result = ours.recv() if ours.poll(limit) else {"died": f"still running after {limit:g} s"}
    except EOFError:
        process.join()
        result = {"died": f"ended with exit code {process.exitcode}"}
    process.kill()
    process.join()
    return result


def send(pipe: Connection, job: dict[str, Any]) -> None:
    """Run a job, and send its result."""
    if "here" not in papermill_engines._engines:  # spawned, not forked
        prepare()
    pipe.send(run(**job))


def main() -> None:
    """Answer jobs until stdin ends."""
    prepare()
    answers, sys.stdout = sys.stdout, sys.stderr  # so that nothing else writes among the answers
    for line in sys.stdin:
        job = json.loads(line)
        print(json.dumps(answer(job, job.pop("limit"))), file=answers, flush=True)


if __name__ == "__main__":
    sys.path.insert(0, "")  # the folder of the pages, where this runs
    main()
