/* Theorem 5.2 in the smallest over-parameterised network: two inputs, one hidden unit, one sample. The
   maps theta = W_2 W_1 are points of a plane; those that fit are a line, and theta* is its foot. */
"use strict";

liveFigures.foot = {
  describe: "Two charts against time: distance from the minimum-norm solution, and loss, of FA and GD.",

  start: ({ inside, outside, readout }, settings) => ({
    weights: [
      faLib.sum(faLib.scaled(settings.inside, inside), faLib.scaled(settings.outside, outside)), readout,
    ],
    feedback: [[[settings.feedback]]],
  }),

  /* For each rule its maps; and, in units of ||theta*||, their distance from theta*; its part
     W_2 W_perp, which nothing trains away; and the other part, the error that is left. */
  run({ problem, time }, settings) {
    const { norm, difference, product, scaled, endToEnd } = faLib;
    const steps = stepsOf(time, settings);
    const outside = scaled(settings.outside, problem.outside);
    const size = norm(problem.theta);
    return { steps, runs: ["FA", "GD"].map((rule) => {
      const { path, diverged } = train(
        this.start(problem, settings), problem, { ...settings, rule }, steps);
      const off = path.map((state) => difference(endToEnd(state), problem.theta));
      const stays = path.map(({ weights }) => product(weights[1], outside));
      return {
        rule,
        points: path.map((state) => endToEnd(state)[0]),
        distance: off.map((gap) => norm(gap) / size),
        predicted: stays.map((part) => norm(part) / size),
        left: off.map((gap, t) => norm(difference(gap, stays[t])) / size),
        loss: losses(path, problem),
        diverged,
      };
    }) };
  },

  beside: (run, { problem, time, colours }, width) => drawCharts([
    ["distance from \u03b8\u22c6", "distance", 1],
    ["loss", "loss", faLib.inner(problem.y, problem.y) / 2],
  ].map(([title, name, high]) => ({
    title, span: [0, high], lines: linesOf(run, name, colours),
  })), { time }, width),

  words({ runs, steps }, { outside, step }) {
    const each = runs.map(({ rule, distance, predicted, left, diverged }) => {
      if (diverged) return `${rule} ${brokeAt(diverged, step)}`;
      const [d, p, l] = [distance, predicted, left].map((values) => digits(values.at(-1)));
      return left.at(-1) > 1e-3
        ? `${rule} has not arrived: an error of ${l} is left.`
        : `${rule} stops ${d} from \u03b8\u22c6, and W\u2082W\u22a5 is ${p}.`;
    });
    const arrived = runs.every(({ diverged, left }) => !diverged && left.at(-1) <= 1e-3);
    const where = outside === 0 ? "on" : "off";
    const verdict = arrived ? ` Both end points lie ${where} the minimum-norm solution.` : "";
    return `${steps} steps of ${step}. ${each.join(" ")}${verdict}`;
  },

  picture: {
    instead: [],
    range: () => [[-1.1, 2.1], [-1.9, 1.3]],
    /* W_2(0) = 1: so the start of the map is W_1(0), whose two parts the handle moves. */
    at: (settings, { inside, outside }) =>
      inside[0].map((value, n) => settings.inside * value + settings.outside * outside[0][n]),
    to: (point, { inside, outside }) =>
      ({ inside: faLib.inner([point], inside), outside: faLib.inner([point], outside) }),
    handle: "Start: arrow keys move it",
    describe: "The plane of all maps: the line of those that fit, the foot of its perpendicular from 0, "
      + "and where FA and GD stop on the line.",
    says: (settings) => `W\u2225 ${digits(settings.inside)}, W\u22a5 ${digits(settings.outside)}`,

    draw({ runs }, { problem, colours }, scale) {
      const { at, line } = scale;
      const [star] = problem.theta;
      const along = (from, far, [way]) => from.map((value, n) => value + far * way[n]);
      const row = [-9, 9].map((far) => along([0, 0], far, problem.inside));
      const fit = [-9, 9].map((far) => along(star, far, problem.outside));
      const corner = [[-0.1, 0], [-0.1, 0.1], [0, 0.1]].map(([a, b]) =>
        along(along(star, a, problem.inside), b, problem.outside));
      const [fa] = runs;
      const height = ({ points }) => faLib.inner([points.at(-1)], problem.outside);
      const byHeight = runs.filter(({ diverged }) => !diverged).sort((a, b) => height(a) - height(b));
      const band = makePath([line([star, fa.points.at(-1)])], { class: "level", stroke: colours.FA });
      return {
        inside: [
          makePath([line(row)], { class: "dashed" }),
          makePath([line(fit)]),
          makePath([line(corner)], { class: "stems" }),
          ...(fa.diverged ? [] : [band]),
          ...runs.flatMap(({ rule, points }) => drawRun(scale, points, colours[rule])),
          makePath([[0, 0], star].map((point) => `${line([point])}h0`), { class: "spot" }),
        ],
        around: [
          ...drawAxes(scale, ["\u03b8\u2081", "\u03b8\u2082"]),
          makeText("0", at([-0.08, -0.1])),
          makeText("\u03b8\u22c6", at(along(along(star, -0.14, problem.inside), -0.14, problem.outside))),
          makeText("these fit", at(along(along(star, -0.12, problem.inside), 1.3, problem.outside)), "end"),
          makeText("row space", at(along(along([0, 0], -1.25, problem.inside), 0.16, problem.outside)), "start"),
          ...byHeight.map(({ rule, points }, n) => makeText(rule,
            at(along(along(points.at(-1), 0.2, problem.inside), n ? 0.1 : -0.1, problem.outside)))),
        ],
      };
    },
  },
};
