"""The environment of the build, the tests' browser, and the book in it."""

import functools
import os
import shutil
import subprocess
import sys
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import environment

# As in the build: before Matplotlib reads a style, and for every kernel that a test starts.
if ours := environment.own():
    os.environ.clear()
    os.environ.update(ours)

import pytest
from playwright.sync_api import sync_playwright

from looking import DESK, PAGES, ROOT, visit


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


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture(scope="session")
def site():
    """Build the book as `make book` does; after it this takes a second."""
    command = [sys.executable, ROOT / "tools" / "build.py"]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return ROOT / "_build" / "html"


@pytest.fixture(scope="session")
def address(site):
    """Serve the site on this machine; return its address."""
    handler = functools.partial(Quiet, directory=str(site))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.fixture(scope="session")
def tab(browser):
    """One tab for all pages: it keeps what it has loaded once."""
    context = browser.new_context(viewport=DESK)
    yield context.new_page()
    context.close()


@pytest.fixture(scope="module", params=PAGES)
def name(request):
    return request.param


@pytest.fixture(scope="module")
def page(tab, address, name):
    """Open a page, with its figures; the tests of one page follow one another."""
    tab.complaints, tab.asked = visit(tab, f"{address}{name}.html?view=check")
    return tab
