"""Try every mutant of the library: change it in one small way, and see whether a test notices.

``mutmut run`` writes the mutants, and records which test reaches which function. To try a mutant it
has pytest collect the tests anew, which takes a hundred times longer than the first of them to
fail. Here they are collected once: a copy of that process tries each mutant, on the tests that
reach it, the shortest first. The verdicts go to mutmut's own record, for ``mutmut results``.

A mutant is active while tests run, and not while modules are imported.
"""

import fnmatch
import gc
import json
import os
import signal
import sys
import tomllib
from pathlib import Path

import pytest

SURVIVED, KILLED, UNTESTED, TIMEOUT = 0, 1, 33, 36  # as mutmut records them


class Trial:
    """A plugin of pytest that tries the mutants of one pattern in place of running the tests."""

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.failed = False

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Try each mutant, and record and print what became of it."""
        terminal = session.config.pluginmanager.get_plugin("terminalreporter")
        assert terminal is not None
        record = json.loads(Path("mutmut-stats.json").read_text(encoding="utf-8"))
        seconds, reaching = record["duration_by_test"], record["tests_by_mangled_function_name"]
        tests = sorted(session.items, key=lambda test: seconds[test.nodeid])
        gc.freeze()  # a copy that collects garbage would copy all memory
        if self.verdict("", tests, seconds) != SURVIVED:
            raise pytest.UsageError("without a mutant, too, a test fails")
        for path in sorted(Path("fa_lib").glob("*.meta")):
            data = json.loads(path.read_text(encoding="utf-8"))
            codes = data["exit_code_by_key"]
            for name in fnmatch.filter(codes, self.pattern):
                reached = set(reaching.get(name.rpartition("__mutmut_")[0], ()))
                mine = [test for test in tests if test.nodeid in reached]
                codes[name] = self.verdict(name, mine, seconds) if mine else UNTESTED
            path.write_text(json.dumps(data), encoding="utf-8")
            if codes:
                terminal.write_line(f"{path.stem}: {score(list(codes.values()))}")
        return True

    def verdict(self, name: str, tests: list[pytest.Item], seconds: dict[str, float]) -> int:
        """Run the tests with the mutant in place of its function, in a copy of this process."""
        copy = os.fork()
        if copy == 0:
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            signal.alarm(10 + round(5 * sum(seconds[test.nodeid] for test in tests)))
            os.environ["MUTANT_UNDER_TEST"] = name
            tests[0].config.pluginmanager.unregister(name="terminalreporter")
            code = KILLED
            try:
                code = KILLED if any(map(self.fails, tests, [*tests[1:], None])) else SURVIVED
            finally:
                os._exit(code)
        code = os.waitstatus_to_exitcode(os.waitpid(copy, 0)[1])
        return TIMEOUT if code == -signal.SIGALRM else code

    def fails(self, test: pytest.Item, following: pytest.Item | None) -> bool:
        """Run one test, and end what of its fixtures the following one does not need."""
        test.ihook.pytest_runtest_protocol(item=test, nextitem=following)
        return self.failed

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep in mind that a test failed."""
        self.failed |= report.failed


def score(codes: list[int | None]) -> str:
    """Say how many are killed; a mutant that hangs is."""
    killed = len(codes) - sum(map(codes.count, (None, SURVIVED, UNTESTED)))
    return f"{killed} of {len(codes)} killed, {codes.count(TIMEOUT)} of them by the time they took"


def main(pattern: str = "*") -> int:
    """Try the mutants whose names match; return pytest's exit code."""
    options = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["tool"]["mutmut"]
    os.chdir("mutants")
    sys.path.insert(0, os.getcwd())
    arguments = options["pytest_add_cli_args_test_selection"] + options["pytest_add_cli_args"]
    return pytest.main(["-q", *arguments], [Trial(pattern)])


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
