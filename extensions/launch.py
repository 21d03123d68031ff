"""Let a reader run a page elsewhere: buttons to Colab and Binder, and a link to the page's source.

A Sphinx extension. The addresses come from the repository that the build stands in; where it has
none, there are no buttons.
"""

from typing import Any
from urllib.parse import urlsplit

from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.util.typing import ExtensionMetadata

from forge import branch, repository

COLAB = "https://colab.research.google.com"
BINDER = "https://mybinder.org"


def launch_options(address: str | None, branch: str) -> dict[str, Any]:
    """Return the theme's options for a repository.

    Colab opens notebooks from github.com; Binder knows gitlab.com, too. The theme writes links to
    sources on servers that have one of the two forges in their name.

    >>> launch_options(None, "main")
    {}
    >>> launch_options("https://gitlab.com/owner/name", "main")["launch_buttons"]
    {'binderhub_url': 'https://mybinder.org', 'notebook_interface': 'jupyterlab'}
    >>> launch_options("https://code.example/owner/name", "main")
    {'icon_links': [{'name': 'Source', 'url': 'https://code.example/owner/name', \
'icon': 'fas fa-code'}]}
    """
    if not address:
        return {}
    host = urlsplit(address).hostname or ""
    if "github" not in host and "gitlab" not in host:
        return {"icon_links": [{"name": "Source", "url": address, "icon": "fas fa-code"}]}
    buttons = {"notebook_interface": "jupyterlab"}
    if host in ("github.com", "gitlab.com") and urlsplit(address).path.count("/") == 2:
        buttons = {"binderhub_url": BINDER, **buttons}
    if host == "github.com":
        buttons = {"colab_url": COLAB, **buttons}
    return {
        "repository_url": address,
        "repository_branch": branch,
        "use_repository_button": True,
        "use_source_button": True,
        "use_issues_button": True,
        "launch_buttons": buttons,
    }


def set_buttons(app: Sphinx, config: Config) -> None:
    """Hand the options to the theme, before it reads them."""
    options = launch_options(repository(), branch())
    config.html_theme_options = {**config.html_theme_options, **options}


def use_font_icons(
    app: Sphinx, page: str, template: str, context: dict[str, Any], *_: object
) -> None:
    """Show a letter of the icon font on a button: a logo would be one more file for each page."""
    for group in context.get("header_buttons", []):
        for button in group.get("buttons", []):
            if str(button.get("icon", "")).startswith("_static/"):
                button["icon"] = "fas fa-play"


def setup(app: Sphinx) -> ExtensionMetadata:
    """Connect the steps; the theme adds its buttons at 501."""
    app.connect("config-inited", set_buttons)
    app.connect("html-page-context", use_font_icons, priority=502)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
