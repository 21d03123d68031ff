"""Build the book, serve it on this machine, and build it again when a source changes."""

import subprocess
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from watchfiles import watch

ROOT = Path(__file__).resolve().parent.parent
WATCHED = ("book", "fa_lib", "tools", "_config.yml", "_toc.yml")


def build() -> None:
    """Build; a failure is shown, and the next change tries again."""
    subprocess.run(["make", "book"], cwd=ROOT, check=False)


def main() -> None:
    """Serve until interrupted."""
    build()
    handler = partial(SimpleHTTPRequestHandler, directory=str(ROOT / "_build" / "html"))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        print(f"Reading at http://127.0.0.1:{server.server_port}/ (Ctrl-C ends)", flush=True)
        for _ in watch(*(ROOT / name for name in WATCHED), raise_interrupt=False):
            build()


if __name__ == "__main__":
    main()
