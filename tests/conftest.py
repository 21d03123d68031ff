"""How the tests draw their random problems, the same ones in every run; and their browser."""

import os
import shutil
from collections import Counter

import environment

# As in the build: before Matplotlib reads a style, and for every kernel that a test starts.
if ours := environment.own():
    os.environ.clear()
    os.environ.update(ours)

import pytest
from hypothesis import Phase, settings
from playwright.sync_api import sync_playwright

settings.register_profile("book", deadline=None, derandomize=True, database=None, max_examples=30)
# For test_faults: a planted fault need only be found, not made small.
settings.register_profile("find", settings.get_profile("book"), phases=[Phase.generate])
settings.load_profile("book")


def pytest_configure(config):
    """Random ensembles may look like kernels; that the library says so has a test of its own."""
    config.addinivalue_line("filterwarnings", "ignore:weights of shape:UserWarning")


@pytest.fixture(scope="session")
def browser():
    """Chromium, without a window and without the network.

    The environment variable CHROMIUM names another executable.
    """
    path = os.environ.get("CHROMIUM") or next(
        filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
    )
    if path is None:
        say = pytest.fail if os.environ.get("CI") else pytest.skip
        say(
            "no Chromium: install it (Debian: apt-get install chromium) or set CHROMIUM to its path"
        )
    with sync_playwright() as playwright:
        # Nothing here is foreign: the sandbox, which root may not use, can stay off.
        yield playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])


def pytest_terminal_summary(terminalreporter):
    """Say how much the tests counted in all, e.g. formulas, which each page has some of."""
    counts = Counter()
    for report in terminalreporter.getreports("passed"):
        counts.update(dict(report.user_properties))
    for what, count in counts.items():
        terminalreporter.write_line(f"{what}: {count}")
