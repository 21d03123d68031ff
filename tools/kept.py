"""Keep what takes long to make for the next build, which seldom needs another."""

import hashlib
from collections.abc import Callable
from pathlib import Path


def kept(file: Path, make: Callable[[], bytes], *key: str | bytes) -> bytes:
    """Return what was made for the same key the last time, or make it and keep it in the file.

    The key is all that the result depends on.
    """
    parts = (part.encode() if isinstance(part, str) else part for part in key)
    digest = hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in parts)).digest()
    if file.exists() and (content := file.read_bytes()).startswith(digest):
        return content.removeprefix(digest)
    made = make()
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(digest + made)
    return made
