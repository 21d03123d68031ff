"""The drawings: each a function without arguments, beside the statement that it shows.

A sheet is as wide as a phone and 100 units across, the same unit up as across, so that angles
are true. On it stand nodes, arrows, labels and right angles. What has a geometry is computed.
"""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch, Polygon

import fa_lib as fa
from figures import COLOURS, SHADES

WIDE = 278  # printer's points; with the margin that a page adds, 390 pixels
LETTERS, WORDS = 14, 11.5  # sizes of symbols and of words, in points
INK, PALE = SHADES[3], SHADES[0]
FORWARD, BACK = COLOURS["GD"], COLOURS["FA"]

RULES = {"FA": fa.feedback_alignment, "GD": fa.gradient_descent}

Place = Sequence[float] | np.ndarray


def sheet(height: float) -> tuple[Figure, Axes]:
    """Return a figure 100 units wide, and its axes."""
    size = WIDE / 72, WIDE / 72 * height / 100
    figure = Figure(figsize=size)
    figure.set_layout_engine("none")
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, 100), ylim=(0, height))
    axes.axis("off")
    return figure, axes


def label(axes: Axes, place: Place, text: str, colour: str = INK) -> None:
    """Write symbols or words, centred."""
    how: dict[str, Any] = {"ha": "center", "va": "center", "color": colour}
    how["fontsize"] = LETTERS if "$" in text else WORDS
    axes.text(place[0], place[1], text, **how)


def node(
    axes: Axes,
    place: Place,
    text: str,
    colour: str = INK,
    *,
    size: Place = (13, 11),
) -> FancyBboxPatch:
    """Draw a frame with a text in it, where arrows may begin and end."""
    corner = place[0] - size[0] / 2, place[1] - size[1] / 2
    round_ = "round,pad=0,rounding_size=2.5"
    frame = FancyBboxPatch(
        corner, size[0], size[1], boxstyle=round_, fc="none", ec=colour, lw=1.4
    )
    axes.add_patch(frame)
    label(axes, place, text, colour)
    return frame


def arrow(
    axes: Axes,
    start: FancyBboxPatch | Place,
    end: FancyBboxPatch | Place,
    colour: str = INK,
    *,
    style: str = "-",
    bend: float = 0,
    head: str = "-|>",
) -> None:
    """Draw an arrow between nodes, or places; feedback is dashed."""
    ends = [
        (_middle(each), each)
        if isinstance(each, FancyBboxPatch)
        else (each, None)
        for each in (start, end)
    ]
    (begin, source), (stop, target) = ends
    axes.add_patch(
        FancyArrowPatch(
            (begin[0], begin[1]),
            (stop[0], stop[1]),
            patchA=source,
            patchB=target,
            shrinkA=2 if source else 0,
            shrinkB=2 if target else 0,
            arrowstyle=head,
            mutation_scale=13,
            connectionstyle=f"arc3,rad={bend}",
            color=colour,
            linestyle=style,
            linewidth=1.8,
        )
    )


def line(
    axes: Axes,
    places: Iterable[Place],
    colour: str = INK,
    style: str = "-",
    width: float = 1.8,
) -> None:
    """Draw a line through places."""
    x, y = zip(*places, strict=True)
    axes.plot(x, y, style, color=colour, linewidth=width)


def dots(
    axes: Axes, places: Iterable[Place], colour: str = INK, mark: str = "o"
) -> None:
    """Mark places."""
    x, y = zip(*places, strict=True)
    axes.plot(x, y, mark, color=colour, markersize=7)


def right_angle(axes: Axes, foot: Place, one: Place, other: Place) -> None:
    """Mark a right angle at a foot, between the directions of two places."""
    corner = np.array(foot)
    legs = [np.subtract(place, foot) for place in (one, other)]
    a, b = (4 * leg / np.hypot(*leg) for leg in legs)
    marks = [tuple(corner + step) for step in (a, a + b, b)]
    line(axes, marks, INK, width=1.2)


def _middle(frame: FancyBboxPatch) -> Place:
    x, y = frame.get_x(), frame.get_y()
    return x + frame.get_width() / 2, y + frame.get_height() / 2


def _column(*entries: float) -> np.ndarray:
    return np.array(entries)[:, None]


# ------------------------------------------------------------------- networks


def weight_transport() -> Figure:
    """Draw what carries the error back: the weights, or a matrix of its own."""
    figure, axes = sheet(83)
    sides = (
        (0, "backpropagation", FORWARD, r"$W_2^{\mathsf{T}}$"),
        (53, "feedback alignment", BACK, r"$B_2^{\mathsf{T}}$"),
    )
    for left, title, colour, carrier in sides:
        up, down = left + 13, left + 35
        x, h, f = (
            node(axes, (up, y), name)
            for y, name in ((7, "$x$"), (34, "$h_1$"), (61, "$f$"))
        )
        delta = node(axes, (down, 34), r"$\delta_1$", colour)
        e = node(axes, (down, 61), "$e$", colour)
        arrow(axes, x, h)
        arrow(axes, h, f)
        arrow(axes, f, e)
        arrow(axes, e, delta, colour, style="--")
        label(axes, (up - 8, 20.5), "$W_1$")
        label(axes, (up - 8, 47.5), "$W_2$")
        label(axes, (down + 8, 47.5), carrier, colour)
        label(axes, (left + 23.5, 77), title, colour)
    line(axes, [(15, 49), (33, 49)], FORWARD, ":", 2.5)
    label(axes, (24, 44), "copied", FORWARD)
    label(axes, (77, 47.5), "fixed", BACK)
    return figure


def three_steps() -> Figure:
    """Draw the two inner products of Theorem 5.1, and what they share."""
    figure, axes = sheet(72)
    ahead = {8: "$a_{i-1}$", 36: "$h_i$", 62: "$a_i$", 91: "$h_{i+1}$"}
    back = {36: r"$\delta_i$", 62: "$s_i$", 91: r"$\delta_{i+1}$"}
    upper = {
        x: node(axes, (x, 56), text, size=(15, 11))
        for x, text in ahead.items()
    }
    lower = {
        x: node(axes, (x, 30), text, BACK, size=(15, 11))
        for x, text in back.items()
    }
    for (x, one), (other, two) in pairwise(upper.items()):
        arrow(axes, one, two)
        name = {8: "$W_i$", 36: r"$\phi$", 62: "$W_{i+1}$"}[x]
        label(axes, ((x + other) / 2, 66), name)
    for (x, one), (other, two) in pairwise(lower.items()):
        arrow(axes, two, one, BACK, style="--")
        name = {36: r"$\phi'$", 62: r"$B_{i+1}^{\mathsf{T}}$"}[x]
        label(axes, ((x + other) / 2, 40), name, BACK)
    for x in (36, 62):
        line(axes, [(x, 37.5), (x, 48.5)], PALE, ":", 2.5)
        line(axes, [(x, 14.5), (x, 22.5)], PALE, ":", 2.5)
    label(axes, (28, 7), r"$\langle \dot W_i, W_i \rangle$")
    label(axes, (47, 7), "$=\\ k$")
    label(axes, (71, 7), r"$\langle \dot W_{i+1}, B_{i+1} \rangle$")
    return figure


def junction() -> Figure:
    """Draw a junction: all that leads in, all that leads out, what comes back."""
    figure, axes = sheet(80)
    middle = node(axes, (47, 40), r"$h \rightarrow a$", size=(27, 13))
    for y, name, word, at in (
        (62, "$z_1$", "$W_1$", (22, 60)),
        (40, "$z_2$", "$W_2$", (21, 44.5)),
        (18, "$1$", "bias", (24, 22)),
    ):
        arrow(axes, node(axes, (7, y), name), middle)
        label(axes, at, word)
    for up, number in ((1, 1), (-1, 2)):
        reader = node(axes, (92, 40 + 22 * up), f"$r_{number}$")
        arrow(axes, middle, reader, bend=-0.18 * up)
        arrow(axes, reader, middle, BACK, style="--", bend=-0.18 * up)
        label(axes, (66, 40 + 20 * up), f"$V_{number}$")
        label(axes, (84, 40 + 6.5 * up), f"$B_{number}$", BACK)
    label(axes, (18, 75), "leads in")
    label(axes, (80, 75), "leads out")
    label(axes, (20, 5), r"$\frac{1}{2}\ \Sigma\ \|W\|^2$")
    label(axes, (47, 5), "$-$")
    label(axes, (76, 5), r"$k\ \Sigma\ \langle V, B \rangle$")
    return figure


def stream() -> Figure:
    """Draw a residual stream: what writes to it, and what reads it."""
    figure, axes = sheet(56)
    x, f = (node(axes, (at, 12), n) for at, n in ((7, "$x$"), (93, "$f$")))
    arrow(axes, x, f, PALE)
    for number, left in ((1, 27), (2, 58)):
        phi = node(axes, (left + 10, 45), r"$\phi$")
        arrow(axes, (left, 13.5), phi)
        arrow(axes, phi, (left + 19, 13.5))
        arrow(axes, phi, (left - 3, 13.5), BACK, style="--", bend=0.35)
        label(axes, (left + 8.5, 23), f"$W_{number}$")
        label(axes, (left + 20.5, 30), f"$V_{number}$")
        label(axes, (left - 5.5, 40), f"$B_{number}$", BACK)
    for at, name in ((36, "$z_1$"), (52, "$z_2$"), (80, "$z_3$")):
        label(axes, (at, 5), name)
    label(axes, (16, 21), r"$W_{\mathrm{in}}$")
    label(axes, (85, 21), r"$W_{\mathrm{out}}$")
    return figure


def comparator() -> Figure:
    """Draw the network, and beside it the one that it is drawn towards."""
    figure, axes = sheet(72)
    rows = (
        (54, ("$W_1$", "$W_2$", "$W_3$", "$f$"), BACK),
        (18, ("$U$", "$B_2$", "$B_3$", r"$\hat f$"), INK),
    )
    for y, names, colour in rows:
        label(axes, (4, y), "$x$", colour)
        begin: FancyBboxPatch | Place = (8, y)
        for at, name in zip((24, 50, 76), names, strict=False):
            layer = node(axes, (at, y), name, colour)
            arrow(axes, begin, layer, colour)
            begin = layer
        arrow(axes, begin, (92, y), colour)
        label(axes, (96, y), names[-1], colour)
    for at, gate in ((37, r"$\Phi_1$"), (63, r"$\Phi_2$")):
        arrow(axes, (at, 50), (at, 22), PALE, style=":")
        label(axes, (at + 7.5, 36), gate)
    label(axes, (50, 67), "the network learns", BACK)
    label(axes, (50, 5), "the comparator never moves")
    return figure


def paths() -> Figure:
    """Draw feedback whose paths have one sign from each unit, or mixed signs."""
    figure, axes = sheet(112)
    outer = np.array([1, -1, 1])
    one_sign = np.outer(outer, [1, 1, -1])
    mixed = np.array([[1, 1, -1], [1, -1, -1], [1, 1, 1]])
    columns = (40, 66, 92)
    for bottom, title, inner in (
        (62, "coherent", one_sign),
        (6, "incoherent", mixed),
    ):
        heights = [bottom, bottom + 17, bottom + 34]
        edges = [
            (sign, (columns[0], heights[j]), (columns[1], heights[k]))
            for k, signs in enumerate(inner)
            for j, sign in enumerate(signs)
        ]
        edges += [
            (sign, (columns[1], heights[k]), (columns[2], heights[1]))
            for k, sign in enumerate(outer)
        ]
        for sign, *ends in edges:
            line(axes, ends, *((INK, "-") if sign > 0 else (SHADES[1], "--")))
        for x, ys in zip(
            columns, (heights, heights, heights[1:2]), strict=True
        ):
            dots(axes, [(x, y) for y in ys], BACK)
        certain = abs(outer @ inner) == abs(outer) @ abs(inner)
        for y, one in zip(heights, certain, strict=True):
            label(axes, (19, y), "one sign" if one else "mixed")
        label(axes, (66, bottom + 43), title, BACK)
    return figure


def one_pass() -> Figure:
    """Draw the balance of one hidden unit in one backward pass."""
    figure, axes = sheet(75)
    unit = node(axes, (50, 62), r"$\phi(h_j)$", size=(32, 13))
    arrow(axes, (4, 62), unit)
    arrow(axes, unit, (96, 62))
    label(axes, (17, 69), "$W$")
    label(axes, (83, 69), "$V$")
    below = (
        (20, r"$\langle S_W, W \rangle$", "leads in"),
        (80, r"$k\langle S_V, M \rangle$", "leads out"),
    )
    for x, text, words in below:
        pan = node(axes, (x, 30), text, size=(36, 13))
        arrow(axes, (x, 59), pan, BACK, style="--")
        label(axes, (x + (16 if x < 50 else -16), 46), words)
    label(axes, (50, 30), "$=$")
    line(axes, [(20, 21), (20, 15), (80, 15), (80, 21)], PALE)
    line(axes, [(50, 15), (46, 9), (54, 9), (50, 15)], PALE)
    label(axes, (64, 9), "$r = 0$")
    return figure


def account() -> Figure:
    """Draw the loop in which one vector determines all weights."""
    figure, axes = sheet(66)
    size = (27, 12)
    xi = node(axes, (15, 54), r"$\xi$", size=size)
    W = node(axes, (50, 54), r"$W_i(\xi)$", size=size)
    theta = node(axes, (85, 54), r"$\nabla\Psi(\xi)$", size=size)
    e = node(axes, (85, 16), "$e_n$", size=size)
    motion = r"$\dot\xi = -\sum\, e_n x_n^{\mathsf{T}}$"
    moves = node(axes, (23.5, 16), motion, size=(44, 14))
    for one, other in pairwise((xi, W, theta, e)):
        arrow(axes, one, other, BACK)
    arrow(axes, e, moves, BACK)
    arrow(axes, (15, 24), (15, 47), BACK)
    for place, words in (
        ((15, 63.5), "account"),
        ((50, 63.5), "weights"),
        ((85, 63.5), "map"),
        ((85, 5.5), "errors"),
        ((64, 36), "samples, loss"),
    ):
        label(axes, place, words)
    return figure


# ------------------------------------------------------------------- geometry


def opening_angle() -> Figure:
    """Draw W_2 during a run: its part along B grows, and so does the angle."""
    figure, axes = sheet(72)
    rng = np.random.default_rng(0)
    x = fa.gaussian_inputs(8, 10, rng=rng)
    y, _ = fa.linear_teacher(x, 3, rng=rng)
    (W_1, _), (B,) = fa.initial_state((10, 30, 3), weight_scale=0.5, rng=rng)
    start, times = fa.State((W_1, B / 10), (B,)), list(np.linspace(0, 1, 201))
    W_2 = fa.flow(start, x, y, times, activation=fa.linear).weights[1]
    along = (W_2 * B).sum((-2, -1)) / np.linalg.norm(B)
    part = along[:, None, None] * B / np.linalg.norm(B)
    across = np.linalg.norm(W_2 - part, axis=(-2, -1))
    scale = 48 / across[-1]
    run = np.array([9, 17]) + scale * np.stack([along, across], -1)
    end, foot, origin = run[-1], (run[-1, 0], 17), (9, 17)
    tip = 9 + scale * np.linalg.norm(B), 17
    arrow(axes, origin, tip)
    line(axes, run, PALE)
    arrow(axes, origin, end, BACK)
    arrow(axes, origin, run[0], BACK)
    line(axes, [end, foot], INK, ":")
    right_angle(axes, foot, tip, end)
    label(axes, (tip[0], 24), "$B$")
    label(axes, np.add(end, (9, 0)), "$W_2$", BACK)
    label(axes, (run[0, 0] - 1, 9), "$W_2(0)$", BACK)
    label(axes, (foot[0] + 18, 9), "set by the law")
    return figure


def foot_of_solutions() -> Figure:
    """Draw the solutions as a line, its foot, and where FA and GD meet it."""
    figure, axes = sheet(78)
    x, y = np.array([[0.8, -0.6]]), np.array([[1.0]])
    outside = np.array([[0.6, 0.8]])  # orthogonal to the sample
    W_2 = B = np.array([[0.35, 0.0]])
    W_1 = 0.1 * B.T @ x + _column(0.7, 0.3) @ outside
    start, times = fa.State((W_1, W_2), (B,)), list(np.linspace(0, 60, 600))

    def on_sheet(theta: np.ndarray) -> np.ndarray:
        place: np.ndarray = 61 * np.ravel(theta) + (10, 49)
        return place

    star, origin = fa.minimum_norm(x, y), on_sheet(np.zeros(2))
    foot = on_sheet(star)
    line(axes, [origin, on_sheet(1.2 * star)], PALE, "--")
    line(axes, [on_sheet(star + far * outside) for far in (-0.1, 0.85)])
    for name, rule in RULES.items():
        run = fa.flow(start, x, y, times, rule=rule, activation=fa.linear)
        places = [
            on_sheet(W_2 @ W_1) for W_1, W_2 in zip(*run.weights, strict=True)
        ]
        line(axes, places, COLOURS[name])
        dots(axes, places[-1:], COLOURS[name], "s")
        up = 6.5 if name == "FA" else -5
        label(axes, np.add(places[-1], (-8, up)), name, COLOURS[name])
        if name == "FA":
            beside = 5 * np.array([0.8, -0.6])
            arrow(axes, foot + beside, places[-1] + beside, BACK, head="<|-|>")
            half = (foot + places[-1]) / 2 + np.array([14, -6])
            label(axes, half, r"$W_2 W_\perp$", BACK)
    dots(axes, [origin, foot, places[0]])
    right_angle(axes, foot, origin, on_sheet(star + outside))
    label(axes, np.add(origin, (-5, 0)), "$0$")
    label(axes, np.add(foot, (-9, -1)), r"$\theta^*$")
    label(axes, np.add(places[0], (0, 6)), "start")
    label(axes, (24, 25), "row space")
    label(axes, (58, 33), "solutions")
    return figure


def dead_start() -> Figure:
    """Draw samples on one side of a line, and the first weights on the other."""
    figure, axes = sheet(66)
    origin, w = np.array([44.0, 33.0]), np.array([-np.cos(0.3), np.sin(0.3)])
    side = np.array([-w[1], w[0]])
    border = [origin + far * side for far in (-60, 60)]
    back = [place + 90 * w for place in reversed(border)]
    axes.add_patch(Polygon(border + back, fc=BACK, alpha=0.15, lw=0))
    line(axes, border, INK, "--")
    spread = [(20, 21), (34, 4), (36, 20), (26, -14), (16, -4)]
    samples = np.add(origin, spread)
    for place in samples:
        arrow(axes, origin, place, PALE)
    dots(axes, samples)
    for length in (12, 21, 30):
        arrow(axes, origin, origin + length * w, BACK)
    label(axes, origin + 22 * w - 9 * side, "$W_1$", BACK)
    label(axes, (85, 60), "samples")
    label(axes, (16, 8), "units on", BACK)
    label(axes, (66, 8), "units off")
    return figure


def bracket() -> Figure:
    """Draw two motions in either order: W_1 comes to one place, W_2 to two."""
    figure, axes = sheet(72)
    # With this loss the error is -y, whatever the network answers.
    work = fa.Loss(
        "work", lambda f, y: -(f * y).sum((-2, -1)), lambda _, y: -y
    )
    how: dict[str, Any] = {"loss": work, "activation": fa.linear}
    fields = {"F": np.array([[1.0, 0.0]]), "H": np.array([[0.0, 1.0]])}
    corner = np.array([6, 36])
    floor, up = np.array([[40, 14], [32, -14]]), np.array([0, 50])

    def on_sheet(W_1: np.ndarray, W_2: np.ndarray) -> np.ndarray:
        """Project W_1, a place on the floor, and the skew part of W_2, a height."""
        height = (W_2[1, 0] - W_2[0, 1]) / 2
        place: np.ndarray = corner + W_1[:, 0] @ floor + height * up
        return place

    begin = fa.State((np.zeros((2, 1)), np.zeros((2, 2))), (np.eye(2),))
    ends = []
    for order, colour in (("FH", BACK), ("HF", FORWARD)):
        state, places = begin, [on_sheet(*begin.weights)]
        for name in order:
            path = fa.flow(state, np.ones((1, 1)), fields[name], [1.0], **how)
            state = fa.State(
                tuple(W[-1] for W in path.weights), begin.feedback
            )
            places.append(on_sheet(*state.weights))
            arrow(axes, places[-2], places[-1], colour)
            beside = np.array([0, 7 if colour == BACK else -7])
            label(
                axes,
                np.add(places[-2], places[-1]) / 2 + beside,
                f"${name}$",
                colour,
            )
        line(axes, [places[1], corner + floor.sum(0)], PALE, "--")
        ends.append(places[-1])
    dots(axes, [corner])
    line(axes, ends, INK, width=3)
    label(axes, np.mean(ends, axis=0) + np.array([12, 0]), "$[F, H]$")
    return figure


def wall() -> Figure:
    """Draw a weight under sign symmetry that crosses zero, in the flow and in steps."""
    figure, axes = sheet(84)
    one, rule = np.ones((1, 1)), fa.sign_symmetric
    start = fa.State((1.9 * one, 0.8 * one), (one,))
    how: dict[str, Any] = {"rule": rule, "activation": fa.linear}
    batches, times = fa.full_batch(one, -one), list(np.linspace(0, 4, 400))
    steps = fa.train(start, batches, step=0.155, steps=6, **how)
    flow = fa.flow(start, one, -one, times, **how)

    def on_sheet(path: fa.State) -> np.ndarray:
        w_1, w_2 = (np.ravel(W) for W in path.weights)
        return np.stack([32 + 100 * (w_1 - 1.4), 45 + 42 * w_2], -1)

    arrow(axes, (10, 10), (10, 82))
    arrow(axes, (10, 10), (98, 10))
    line(axes, [(10, 45), (98, 45)], INK, "--")
    line(axes, on_sheet(flow), PALE, width=4)
    line(axes, on_sheet(steps), COLOURS["uSF"], width=1.2)
    dots(axes, on_sheet(steps), COLOURS["uSF"])
    label(axes, (18, 78), "$w_2$")
    label(axes, (94, 4), "$w_1$")
    label(axes, (84, 50), "wall")
    label(axes, (72, 30), "flow")
    label(axes, (37, 20), "steps")
    return figure


def ends() -> Figure:
    """Draw where FA and GD meet a near and a far curve of solutions."""
    figure, axes = sheet(94)
    kappa, scale = 0.2, 26

    def on_sheet(s: Any, c: Any) -> np.ndarray:
        places: np.ndarray = scale * np.stack([s, c], -1) + (10, 11)
        return places

    s = np.linspace(0, 2.5, 200)
    laws = {"FA": kappa + s**2 / 2, "GD": np.sqrt(kappa**2 + s**2)}
    arrow(axes, (10, 11), (98, 11))
    arrow(axes, (10, 11), (10, 93))
    for size in (1.0, 6.0):
        across = np.linspace(size / 2.7, 3.1, 200)
        line(axes, on_sheet(across, size / across), PALE)
    how: dict[str, Any] = {"feedback_norm": 1, "kappa": kappa}
    for name, c in laws.items():
        inside = c < 3
        line(axes, on_sheet(s, c)[inside], COLOURS[name])
        for size in (1.0, 6.0):
            end = fa.final_readout_norm(size, rule=RULES[name], **how)
            dots(axes, [on_sheet(size / end, end)], COLOURS[name], "s")
    label(axes, (94, 5), "$s$")
    label(axes, (22, 89), r"$\|W_2\|$")
    label(axes, (61, 85), "FA", BACK)
    label(axes, (85, 75), "GD", FORWARD)
    label(axes, (78, 28), "solutions")
    return figure
