"""The one form of the library's errors: `name: got ..., expected ...`."""

import re

import pytest


def refused(call, name, came="", expected=""):
    """Assert that a call is refused by this name, with these words in their places."""
    message = f"^{re.escape(name)}: got .*{re.escape(came)}.*, expected .*{re.escape(expected)}"
    with pytest.raises(ValueError, match=re.compile(message, re.DOTALL)):
        call()


def table(*rows):
    """Parametrise over rows (call, name, came, expected), numbered in the test's id."""
    ids = [f"{number}-{row[1]}-{row[2]}" for number, row in enumerate(rows)]
    return pytest.mark.parametrize(("call", "name", "came", "expected"), rows, ids=ids)
