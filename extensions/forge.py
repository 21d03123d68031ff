"""Where the book is kept, and can be run: what a forge says that builds it, or else git.

A Sphinx extension: absolute addresses, buttons to Colab and Binder, and links to the sources are
written where the addresses are known.
"""

import os
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:  # commands ask for an address, and not for Sphinx
    from sphinx.application import Sphinx
    from sphinx.config import Config
    from sphinx.util.typing import ExtensionMetadata

HERE = Path(__file__).resolve().parent
GIT = ("git", "-c", "safe.directory=*")  # asks in a folder that another user may own
COLAB = {"colab_url": "https://colab.research.google.com"}
BINDER = {"binderhub_url": "https://mybinder.org"}


def git(*words: str) -> str:
    """Return what git says of the folder; nothing where it fails, as outside a clone."""
    done = subprocess.run([*GIT, *words], cwd=HERE, capture_output=True, encoding="utf-8")
    return done.stdout.strip()


def web_address(remote: str) -> str | None:
    """Return the address in a browser of a git remote; None where it has none.

    >>> web_address("git@forge.example:group/book.git")
    'https://forge.example/group/book'
    >>> web_address("https://user:secret@forge.example/group/book.git")
    'https://forge.example/group/book'
    >>> web_address("/home/reader/book") is None
    True
    """
    parts = urlsplit(re.sub(r"^(?:[^@/]+@)?([^:/]+\.[^:/]+):(?!//)", r"ssh://\1/", remote))
    if parts.scheme not in ("https", "http", "ssh", "git") or not parts.hostname:
        return None
    return f"https://{parts.hostname}/{parts.path.strip('/').removesuffix('.git')}"


def repository() -> str | None:
    """Return the address of the repository that this build stands in; None for a local copy."""
    environment = os.environ
    if environment.get("GITHUB_REPOSITORY"):  # Forgejo and Gitea set these, too
        server = environment.get("GITHUB_SERVER_URL", "https://github.com")
        return f"{server}/{environment['GITHUB_REPOSITORY']}"
    # GitLab sets the first.
    return environment.get("CI_PROJECT_URL") or web_address(git("remote", "get-url", "origin"))


def branch() -> str:
    """Return the branch that readers get: the one that is built on a forge, or the remote's own."""
    on_forge = os.environ.get("GITHUB_REF_NAME") or os.environ.get("CI_COMMIT_BRANCH")
    head = on_forge or git("symbolic-ref", "--short", "refs/remotes/origin/HEAD")
    return head.removeprefix("origin/") or "main"


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


def launch_options(address: str | None, branch: str) -> dict[str, Any]:
    """Return the theme's options for a repository.

    Colab opens notebooks from github.com; Binder knows gitlab.com, too. The theme writes links to
    sources on servers that have one of the two forges in their name.

    >>> launch_options(None, "main")
    {}
    >>> launch_options("https://gitlab.com/owner/name", "main")["launch_buttons"]
    {'notebook_interface': 'jupyterlab', 'binderhub_url': 'https://mybinder.org'}
    >>> launch_options("https://code.example/owner/name", "main")
    {'icon_links': [{'name': 'Source', 'url': 'https://code.example/owner/name', \
'icon': 'fas fa-code'}]}
    """
    if not address:
        return {}
    host, path = urlsplit(address).hostname or "", urlsplit(address).path
    if "github" not in host and "gitlab" not in host:
        return {"icon_links": [{"name": "Source", "url": address, "icon": "fas fa-code"}]}
    binder = BINDER if host in ("github.com", "gitlab.com") and path.count("/") == 2 else {}
    colab = COLAB if host == "github.com" else {}
    return {
        "repository_url": address,
        "repository_branch": branch,
        **dict.fromkeys(
            (f"use_{name}_button" for name in ("repository", "source", "issues")), True
        ),
        "launch_buttons": {"notebook_interface": "jupyterlab", **binder, **colab},
    }


def set_addresses(app: "Sphinx", config: "Config") -> None:
    """Let Sphinx write absolute addresses, and a map of the site, and the theme its buttons."""
    config.html_theme_options |= launch_options(repository(), branch())
    config.html_baseurl = config.html_baseurl or site_address()
    config.notfound_urls_prefix = urlsplit(config.html_baseurl).path or "/"
    if config.html_baseurl:
        app.setup_extension("sphinx_sitemap")
        config.sitemap_url_scheme = "{link}"  # no languages, no versions


def use_font_icons(
    app: "Sphinx", page: str, template: str, context: dict[str, Any], *_: object
) -> None:
    """Show a letter of the icon font on a button: a logo would be one more file for each page."""
    for group in context.get("header_buttons", []):
        for button in group.get("buttons", []):
            if str(button.get("icon", "")).startswith("_static/"):
                button["icon"] = "fas fa-play"


def setup(app: "Sphinx") -> "ExtensionMetadata":
    """Connect the steps; the theme adds its buttons at 501."""
    app.connect("config-inited", set_addresses)
    app.connect("html-page-context", use_font_icons, priority=502)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
