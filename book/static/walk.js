/* Two weights on their way, f = w_2 w_1 x, and the comparator W* = (1/b, b) that FA never walks away from. */
"use strict";

liveFigures.walk = {
  describe: "Two charts against time: distance from the comparator, and loss, of FA and GD.",

  run({ problem, time }, settings) {
    const steps = stepsOf(time, settings);
    const start = {
      weights: [[[settings.w1]], [[settings.w2]]], feedback: [[[settings.feedback]]],
    };
    const star = [1 / settings.feedback, settings.feedback];
    return { steps, star, runs: ["FA", "GD"].map((rule) => {
      const { path, diverged } = train(start, problem, { ...settings, rule }, steps);
      const points = path.map(({ weights }) => weights.map((W) => W[0][0]));
      const distance = points.map(([w1, w2]) => Math.hypot(w1 - star[0], w2 - star[1]));
      return { rule, points, distance, loss: losses(path, problem), diverged };
    }) };
  },

  beside: (run, { time, colours }, width) => drawCharts([
    { title: "distance from W\u22c6", span: [0, 2], lines: linesOf(run, "distance", colours) },
    { title: "loss", span: [0, 1], lines: linesOf(run, "loss", colours) },
  ], { time }, width),

  words({ runs, steps }, { step }) {
    const each = runs.map(({ rule, points, distance, loss, diverged }) => {
      if (diverged) return `${rule} ${brokeAt(diverged, step)}`;
      const [first, last] = [points[0], points.at(-1)];
      const ends = loss.at(-1) < 1e-4 ? "it fits" : `its loss ends at ${digits(loss.at(-1))}`;
      if (loss.at(-1) >= 1e-4 && first.every((w, i) => w === last[i])) {
        return `${rule} rests at the saddle: ${ends}.`;
      }
      const grows = distance.slice(1).some((far, t) => far > distance[t] + 1e-12);
      return `${rule}'s distance goes from ${digits(distance[0])} to ${digits(distance.at(-1))} and `
        + `${grows ? "grows on the way" : "never grows"}; ${ends}.`;
    });
    return `${steps} steps of ${step}. ${each.join(" ")}`;
  },

  picture: {
    ...onWeights,
    describe: "The plane of the two weights: the comparator, the circle about it through the start, where "
      + "the network fits, and the ways of FA and GD.",

    draw({ runs, star }, { colours }, scale) {
      const { at, line, range: [[min, max]] } = scale;
      const samples = Array.from({ length: 101 }, (_, n) => min + (n / 100) * (max - min));
      const fits = [-1, 1].map((side) => samples.filter((s) => s * side > 1e-9).map((s) => [s, 1 / s]));
      const circle = Array.from({ length: 121 }, (_, n) => [Math.cos, Math.sin]
        .map((f, i) => star[i] + runs[0].distance[0] * f((n * Math.PI) / 60)));
      return {
        inside: [
          makePath([line(circle)], { class: "wall", stroke: colours.FA }),
          makePath(fits.map(line), { class: "dashed" }),
          ...[...runs].reverse().flatMap(({ rule, points }) => drawRun(scale, points, colours[rule])),
          makePath([`${line([star])}h0`], { class: "spot" }),
        ],
        around: [
          ...drawAxes(scale, ["w\u2081", "w\u2082"]),
          makeText("W\u22c6", at([star[0] + 0.2, star[1] + 0.15])),
          makeText("the network fits", at([-0.85, -1.6]), "end"),
        ],
      };
    },
  },
};
