"""The pages' own tools: a claim that does not hold must end its page."""

import myst_nb.ext.glue
import pytest
from myst_nb.core.variables import format_plain_text

from page import claim, number, table


@pytest.fixture
def shown(monkeypatch):
    """Catch what would be displayed."""
    outputs = []
    for name in ("page.display", "myst_nb.ext.glue.ipy_display"):
        monkeypatch.setattr(name, lambda *args, **kwargs: outputs.append((args, kwargs)))
    return outputs


@pytest.mark.parametrize(
    ("measured", "bound"),
    [
        (2.0, {"below": 1.0}),
        (1.0, {"below": 1.0}),
        (0.5, {"above": 1.0}),
        (1.0, {"above": 1.0}),
        (3.0, {"above": 1.0, "below": 2.0}),
        (1, {"equals": 0}),
        (float("nan"), {"below": 1.0}),
        (float("nan"), {"above": 1.0}),
        (float("nan"), {"equals": 0}),
        (2.0, {"within": 1.0}),
        (float("nan"), {"within": 1.0}),
        (0.5, {"above": 1.0, "within": 2.0}),
    ],
)
def test_claim_outside_its_bound_is_refused(shown, measured, bound):
    with pytest.raises(AssertionError, match="claim c fails"):
        claim("c", "s", measured, source="t", **bound)
    assert not shown


def test_claim_without_a_bound_is_refused(shown):
    with pytest.raises(AssertionError, match="no bound"):
        claim("c", "s", 1.0, source="t")


def test_claim_that_holds_is_recorded_with_its_figure_and_bound(shown):
    claim("c", "s", 0.123456, source="t", below=1)
    record = shown[0][1]["metadata"]["claim"]
    assert (record["measured"], record["bound"], record["verdict"]) == ("0.123", "< 1", "holds")


def test_claim_shows_its_figure_beside_its_bound(shown):
    claim("c", "S.", 0.123456, source="t", below=1)
    (bundle,), _ = shown[0]
    assert bundle["text/markdown"] == "**holds** · S. *Measured: 0.123; bound: < 1; t.*"


def test_rounding_error_shows_its_bound_alone(shown):
    claim("c", "S.", 1.2345e-15, source="t", below=1e-12, rounding=True)
    (bundle,), metadata = shown[0]
    assert bundle["text/markdown"] == "**holds** · S. *Measured: within the bound, < 1e-12; t.*"
    record = metadata["metadata"]["claim"]
    assert (record["measured"], record["bound"]) == ("< 1e-12", "< 1e-12")
    assert "1.23" not in str(shown)


def test_within_is_below_with_digits_unsaid(shown):
    claim("c", "s", 1.2345e-15, "t", within=1e-12)
    claim("c", "s", 1.2345e-15, "t", below=1e-12, rounding=True)
    assert shown[:2] == shown[2:]


def test_table_has_its_head_and_a_line_for_each_row(shown):
    table(["a", "b"], [[1, "x"], (2.5, None)])
    (bundle,), _ = shown[0]
    assert bundle["text/markdown"] == "| a | b |\n| --- | --- |\n| 1 | x |\n| 2.5 | None |"


def test_number_keeps_three_digits(shown):
    number("n", 3.14159)
    (bundle,), _ = shown[0]
    assert list(bundle.values()) == ["'3.14'"]


@pytest.mark.parametrize("text", ["1 ± 2", "0.50", "450, 900", "3e-04"])
def test_a_number_is_kept_as_myst_nb_keeps_a_text_and_shown_as_it_is(shown, text):
    number("n", text)
    myst_nb.glue("n", text, display=False)
    assert shown[0] == shown[1]
    (bundle,), _ = shown[0]
    assert format_plain_text(*bundle.values(), "s") == text
