"""The lock file: what pip needs to install it, whatever has been published since."""

import re
from importlib.metadata import distributions
from pathlib import Path

from packaging.requirements import Requirement

TEXT = (Path(__file__).parent.parent / "requirements.txt").read_text(encoding="utf-8")
LOCKED = [Requirement(line) for line in re.findall(r"^(\S+==.*?) *\\?$", TEXT, re.MULTILINE)]


def test_every_package_is_pinned_in_one_version():
    assert LOCKED
    for requirement in LOCKED:
        assert re.fullmatch(r"==[^*,]+", str(requirement.specifier)), requirement


def test_an_extra_that_a_locked_package_asks_for_is_pinned_with_it():
    """An old pip takes the newest `package[extra]` where the lock has the bare name, and stops."""
    extras = {requirement.name: requirement.extras for requirement in LOCKED}
    wanted = [
        Requirement(text)
        for installed in distributions()
        if installed.name.lower() in extras
        for text in installed.requires or []
    ]
    met = [w for w in wanted if w.extras and (not w.marker or w.marker.evaluate({"extra": ""}))]
    assert met
    for want in met:
        assert want.extras <= extras[want.name], want
