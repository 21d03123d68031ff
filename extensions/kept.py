"""Keep what takes long to make for the next build, which seldom needs another."""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path


def kept(file: Path, make: Callable[[], bytes], *key: str | bytes) -> bytes:
    """Return what was made for the same key the last time, or make it and keep it in the file.

    The key is all that the result depends on. A file that is not whole counts as none.
    """
    found = file.read_bytes() if file.exists() else b""
    seal, newline, content = found.partition(b"\n")
    if newline and seal == fingerprint(*key, content).encode():
        return content
    made = make()
    write(file, f"{fingerprint(*key, made)}\n".encode() + made)
    return made


def write(file: Path, content: bytes) -> None:
    """Write a file whole or, where the process is ended, not at all."""
    file.parent.mkdir(parents=True, exist_ok=True)
    beside = file.with_name(f"{file.name}.part")
    beside.write_bytes(content)
    beside.replace(file)


def fingerprint(*parts: str | bytes) -> str:
    """Return a hash of texts or bytes, in order."""
    whole = (part.encode() if isinstance(part, str) else part for part in parts)
    return hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in whole)).hexdigest()


def named_contents(files: Iterable[Path], root: Path) -> Iterator[str | bytes]:
    """Yield the name of each file below a folder, and what is in it: parts of a key."""
    for file in files:
        yield from (file.relative_to(root).as_posix(), file.read_bytes())
