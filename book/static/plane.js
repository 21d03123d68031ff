/* The smallest network, f = w_2 phi(w_1 x), beside the plane of its two weights: the reader drags the
   start, and training runs from there. */
"use strict";

/* For each rule its law, of a point [w_1, w_2]: its value; what a step [d_1, d_2] adds to it; where
   it is Q, as the points of each branch at parameter s; and, for a point to which the steps have
   added so much, the point above or below it where the law is what it was. */
const planeLaws = {
  FA: {
    words: "\u00bdw\u2081\u00b2 \u2212 b\u00b7w\u2082",
    carried: "error \u00b7 b",
    value: ([w1, w2], b) => w1 ** 2 / 2 - b * w2,
    added: ([d1]) => d1 ** 2 / 2,
    curve: (Q, s, b) => [[s, (s ** 2 / 2 - Q) / b]],
    corrected: ([w1, w2], added, b) => [w1, w2 + added / b],
  },
  GD: {
    words: "\u00bdw\u2081\u00b2 \u2212 \u00bdw\u2082\u00b2",
    carried: "error \u00b7 w\u2082",
    value: ([w1, w2]) => (w1 ** 2 - w2 ** 2) / 2,
    added: ([d1, d2]) => (d1 ** 2 - d2 ** 2) / 2,
    curve(Q, s) {
      const r = Math.sqrt(s ** 2 + 2 * Math.abs(Q));
      return Q > 0 ? [[r, s], [-r, s]] : [[s, r], [s, -r]];
    },
    corrected: ([w1, w2], added) => [w1, Math.sign(w2) * Math.sqrt(w2 ** 2 + 2 * added)],
  },
};

liveFigures.plane = {
  describe: "The network and what carries the error.",

  /* A run from the chosen start: its points, the law at each, what the steps have added until then;
     and how large rounding can make what is left: some eps of the law's terms per step. */
  run({ problem, time }, settings) {
    const start = { weights: [[[settings.w1]], [[settings.w2]]], feedback: [problem.feedback] };
    const steps = stepsOf(time, settings);
    const { path, diverged } = train(start, problem, settings, steps);
    const law = planeLaws[settings.rule];
    const b = problem.feedback[0][0];
    const points = path.map(({ weights }) => weights.map((W) => W[0][0]));
    const added = [0];
    points.slice(1).forEach((point, t) => {
      added.push(added[t] + law.added(point.map((w, i) => w - points[t][i])));
    });
    const Q = points.map((point) => law.value(point, b));
    const sizes = points.map(([w1, w2], t) =>
      w1 ** 2 + w2 ** 2 + Math.abs(b * w2) + Math.abs(added[t]));
    const rounding = 4 * Number.EPSILON * steps * Math.max(...sizes);
    return { points, Q, added, loss: losses(path, problem, settings), rounding, steps, diverged };
  },

  words({ Q, added, loss, rounding, steps, diverged }, { rule, activation, step }) {
    const first = `${rule}, ${activation}, ${steps} steps of ${step}.`;
    if (diverged) return `${first} It ${brokeAt(diverged, step)}`;
    const off = Math.max(...Q.map((value, t) => Math.abs(value - added[t] - Q[0])));
    const rest = off < rounding ? "rounding only" : `up to ${digits(off)}`;
    const fits = loss.at(-1) < 1e-4 ? "The network fits." : `The loss is ${digits(loss.at(-1))}.`;
    return `${first} Q moved by ${digits(Q.at(-1) - Q[0])}; the steps added ${digits(added.at(-1))}; `
      + `the rest is ${rest}. ${fits}`;
  },

  picture: {
    ...onWeights,
    describe: "The plane of the two weights: the curve that the law draws through the start, the run, "
      + "and where the network fits.",

    draw({ points, Q, added }, { problem, settings, colours }, scale) {
      const { x0, at, line, range: [[min, max]] } = scale;
      const law = planeLaws[settings.rule];
      const b = problem.feedback[0][0];
      const colour = colours[settings.rule];
      const samples = Array.from({ length: 101 }, (_, n) => min + (n / 100) * (max - min));
      const level = (value) => law.curve(value, 0, b).map((_, branch) =>
        line(samples.map((s) => law.curve(value, s, b)[branch])));

      const { value: phi } = activationOf(problem, settings);
      const fits = [-1, 1].map((side) => samples.filter((s) => s * side > 1e-9)
        .map((s) => [s, problem.y[0][0] / phi(s * problem.x[0][0])]));
      const named = fits[1].find(([, w2]) => w2 < max - 0.3) ?? [0, 0];
      const stems = points.map((point, t) => [point, law.corrected(point, added[t], b)])
        .filter((pair) => pair.flat().every(Number.isFinite));
      return {
        inside: [
          makePath([-3, -2, -1, 0, 1, 2, 3].flatMap(level), { class: "grid" }),
          makePath(fits.map(line), { class: "dashed" }),
          makePath(level(Q[0]), { class: "level" }),
          makePath(stems.map(line), { class: "stems" }),
          makePath(points.map((point) => `${line([point])}h0`), { class: "dots", stroke: colour }),
          ...drawRun(scale, points, colour),
        ],
        around: [
          ...drawAxes(scale, ["w\u2081", "w\u2082"]),
          makeText("the network fits", at([named[0] + 0.1, named[1]]), "start"),
          makeText(`Q = ${law.words} = ${digits(Q[0])}`, [x0, 10], "start"),
        ],
      };
    },
  },

  /* The network: two weights forwards, and what carries the error back to the hidden unit. */
  beside({ points, diverged }, { settings: { rule }, colours }, width) {
    const [y, xs] = [34, [13, width / 2, width - 13]];
    const short = (value) => digits(Number(value.toPrecision(2)));
    const weights = [0, 1].flatMap((l) => {
      const [from, to] = [xs[l] + 12, xs[l + 1] - 13];
      const last = diverged ? "\u2026" : short(points.at(-1)[l]);
      return [
        makePath([`M${from},${y}H${to - 4}`]),
        make("path", { d: `M${to},${y}l-8,-4v8z`, class: "head" }),
        makeText(`w${"\u2081\u2082"[l]}`, [(from + to) / 2, y - 12]),
        makeText(`${short(points[0][l])} \u2192 ${last}`, [(from + to) / 2, y + 13]),
      ];
    });
    const nodes = ["x", "\u03c6", "f"].flatMap((name, n) => [
      make("circle", { cx: xs[n], cy: y, r: 12, class: "node" }), makeText(name, [xs[n], y + 1]),
    ]);
    const back = `M${xs[2]},${y + 13}V${y + 48}H${xs[1]}V${y + 20}`;
    const parts = [
      ...weights, ...nodes,
      makePath([back], { class: "dashed", stroke: colours[rule] }),
      make("path", { d: `M${xs[1]},${y + 13}l-4,8h8z`, class: "head", color: colours[rule] }),
      makeText(planeLaws[rule].carried, [(xs[1] + xs[2]) / 2, y + 62]),
    ];
    return { parts, height: 106 };
  },
};
