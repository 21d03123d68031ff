"""Where the book is kept: what a forge says that builds it, or else git.

A Sphinx extension: absolute addresses are written where the book's own is known.
"""

import os
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:  # commands ask for an address, and not for Sphinx
    from sphinx.application import Sphinx
    from sphinx.config import Config
    from sphinx.util.typing import ExtensionMetadata

HERE = Path(__file__).resolve().parent
GIT = ("git", "-c", "safe.directory=*")  # asks in a folder that another user may own


def web_address(remote: str) -> str | None:
    """Return the address in a browser of a git remote; None where it has none.

    >>> web_address("git@forge.example:group/book.git")
    'https://forge.example/group/book'
    >>> web_address("https://user:secret@forge.example/group/book.git")
    'https://forge.example/group/book'
    >>> web_address("/home/reader/book") is None
    True
    """
    scp_like = re.fullmatch(r"(?:[^@/]+@)?([^:/]+\.[^:/]+):(?!//)(.+)", remote)
    if scp_like:
        host, path = scp_like.groups()
    else:
        parts = urlsplit(remote)
        if parts.scheme not in ("https", "http", "ssh", "git") or not parts.hostname:
            return None
        host, path = parts.hostname, parts.path
    return f"https://{host}/{path.strip('/').removesuffix('.git')}"


def repository() -> str | None:
    """Return the address of the repository that this build stands in; None for a local copy."""
    environment = os.environ
    if environment.get("GITHUB_REPOSITORY"):  # Forgejo and Gitea set these, too
        server = environment.get("GITHUB_SERVER_URL", "https://github.com")
        return f"{server}/{environment['GITHUB_REPOSITORY']}"
    if environment.get("CI_PROJECT_URL"):  # GitLab
        return environment["CI_PROJECT_URL"]
    remote = subprocess.run(
        [*GIT, "remote", "get-url", "origin"], cwd=HERE, capture_output=True, encoding="utf-8"
    )
    return web_address(remote.stdout.strip()) if remote.returncode == 0 else None


def site_address() -> str:
    """Return the address that the book is published at; empty where nobody can know it."""
    if os.environ.get("CI_PAGES_URL"):  # GitLab
        return os.environ["CI_PAGES_URL"].rstrip("/") + "/"
    address = urlsplit(repository() or "")
    owner, _, name = address.path.strip("/").partition("/")
    if address.hostname != "github.com" or not name:
        return ""
    host = f"{owner.lower()}.github.io"
    return f"https://{host}/" if name.lower() == host else f"https://{host}/{name}/"


def branch() -> str:
    """Return the branch that readers get: the one that is built on a forge, or the remote's own."""
    on_forge = os.environ.get("GITHUB_REF_NAME") or os.environ.get("CI_COMMIT_BRANCH")
    if on_forge:
        return on_forge
    head = [*GIT, "symbolic-ref", "--short", "refs/remotes/origin/HEAD"]
    answer = subprocess.run(head, cwd=HERE, capture_output=True, encoding="utf-8").stdout.strip()
    return answer.removeprefix("origin/") or "main"


def set_address(app: "Sphinx", config: "Config") -> None:
    """Let Sphinx write absolute addresses, and a map of the site, where its own is known."""
    config.html_baseurl = config.html_baseurl or site_address()
    config.notfound_urls_prefix = urlsplit(config.html_baseurl).path or "/"
    if config.html_baseurl:
        app.setup_extension("sphinx_sitemap")
        config.sitemap_url_scheme = "{link}"  # no languages, no versions


def setup(app: "Sphinx") -> "ExtensionMetadata":
    """Connect the step."""
    app.connect("config-inited", set_address)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
