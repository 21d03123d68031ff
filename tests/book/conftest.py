"""The environment of the build, and the tests' browser."""

import os
import shutil

import environment

# As in the build: before Matplotlib reads a style, and for every kernel that a test starts.
if ours := environment.own():
    os.environ.clear()
    os.environ.update(ours)

import pytest
from playwright.sync_api import sync_playwright


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
