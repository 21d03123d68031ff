"""The house style of figures: one colour for each rule, lines labelled where they end."""

from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.optimize import isotonic_regression

# Okabe and Ito's palette, safe for colour-blind readers, and what a dark theme that exchanges
# lightness leaves apart from it; a rule keeps its colour on every page, and its mark.
COLOURS = {
    "FA": "#D55E00",
    "GD": "#0072B2",
    "DFA": "#009E73",
    "KP": "#CC79A7",
    "uSF": "#E69F00",
    "frSF": "#000F96",
    "DRTP": "#5772FF",
    "pseudo-BP": "#6B6B6B",
}
MARKS = {"GD": "P", "FA": "o", "DFA": "s", "KP": "^", "uSF": "X", "frSF": "D"}
# For lines that are no rules (layers, step sizes, activations): grey to black, by lightness.
SHADES = ("#8C8C8C", "#6E6E6E", "#525252", "#333333", "#000000")

# What lines are compared with: a bound, a chance level, the time at which something changes.
DASHED: dict[str, Any] = {
    "color": SHADES[1],
    "linestyle": "--",
    "linewidth": 1.5,
}

STYLE: dict[Any, Any] = {
    "axes.grid": True,
    "axes.xmargin": 0.02,  # lines end near their labels, which stand outside
    "axes.spines.right": False,
    "axes.spines.top": False,
    "figure.constrained_layout.h_pad": 0.1,  # a title is apart from the panel above
    "figure.constrained_layout.use": True,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "savefig.facecolor": "none",
    "font.size": 11,
    "grid.alpha": 0.25,
    "legend.frameon": False,
    "lines.linewidth": 2,
    "svg.hashsalt": "fa_lib",  # without it the ids in a figure differ from run to run
}


def house_style() -> None:
    """Draw all later figures in the house style."""
    mpl.rcParams.update(STYLE)


def new_figure(
    panels: int = 1, *, height: float = 3.4
) -> tuple[Figure, list[Axes]]:
    """Return a figure of as many panels, one under the other, so that it reads at phone width.

    Parameters
    ----------
    panels : int
    height : float
        Of each panel, in inches; the width is 5 inches.
    """
    figure = plt.figure(figsize=(5, height * panels))
    return figure, list(figure.subplots(panels, squeeze=False)[:, 0])


def band(
    axes: Axes,
    x: Any,
    values: Any,
    colour: str,
    label: str | None = None,
    *,
    part: tuple[float, float] = (0, 1),
    **line: Any,
) -> None:
    """Draw the median over networks as a line, and the range of a part of them as a band.

    Parameters
    ----------
    axes : matplotlib Axes
    x : array (T,)
    values : array (T, networks)
    colour, label : str
    part : pair of numbers
        The quantiles between which the band lies: the whole range by default.
    **line
        How to draw the line, as for ``axes.plot``.
    """
    low, median, high = np.quantile(values, (part[0], 0.5, part[1]), axis=1)
    axes.plot(x, median, color=colour, label=label, **line)
    axes.fill_between(x, low, high, color=colour, alpha=0.2, linewidth=0)


def note(
    axes: Axes,
    text: str,
    point: tuple[float, float],
    shift: tuple[float, float],
    colour: str,
) -> None:
    """Write a few words beside a point, shifted by so many printer's points."""
    how: dict[str, Any] = {"textcoords": "offset points", "color": colour}
    axes.annotate(text, point, shift, **how)


def only_ticks(axes: Axes, values: Any) -> None:
    """Write these values along the horizontal axis, and mark no others."""
    axes.minorticks_off()
    axes.set_xticks(values, [f"{value:.3g}" for value in values])


def label_ends(axes: Axes, *, gap: float = 0.055) -> None:
    """Write each line's label outside the axes, as high as its end, moved apart where they collide.

    Parameters
    ----------
    axes : matplotlib Axes
        Lines without a label are passed over. Call it last, when the limits stand.
    gap : float
        The least distance between two labels, as a fraction of the height of the axes.
    """
    labels = {line: str(line.get_label()) for line in axes.get_lines()}
    figure = axes.get_figure(root=True)
    assert figure is not None
    figure.draw_without_rendering()  # settles the limits and the panels' height
    to_axes = axes.transData + axes.transAxes.inverted()
    ends = [
        (
            to_axes.transform(np.asarray(line.get_xydata())[-1])[1],
            label,
            line.get_color(),
        )
        for line, label in labels.items()
        if not label.startswith("_")
    ]
    line_height = (
        1.4 * mpl.rcParams["font.size"] / 72 * figure.dpi / axes.bbox.height
    )
    gap = max(gap, line_height)
    if not ends:
        return
    ends.sort()
    heights = np.array([height for height, *_ in ends])
    ranks = gap * np.arange(len(ends))
    lowest, highest = min(0, heights.min()), max(1, heights.max()) - ranks[-1]
    # Together as close to their lines as the gaps and the axes allow.
    closest = isotonic_regression(heights - ranks).x
    places = ranks + np.clip(closest, lowest, highest)
    for (_, label, colour), place in zip(ends, places, strict=True):
        axes.annotate(
            label,
            (1.01, place),
            xycoords="axes fraction",
            color=colour,
            va="center",
        )
