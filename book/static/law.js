/* Theorem 5.1 in a network of three layers: what moves each law, and what the law does to alignment. */
"use strict";

liveFigures.law = {
  describe: "Four charts against time: change of Q\u2081, change of Q\u2082, the cosine of the angle between "
    + "each later layer and its feedback, and the loss.",

  /* Weights at the chosen scale; feedback at the chosen angle from them, at its own scale. */
  start: ({ weights, others }, { scale, angle }) => ({
    weights: weights.map((W) => faLib.scaled(scale, W)),
    feedback: others.map((other, l) => faLib.turned(weights[l + 1], other, angle)),
  }),

  /* For each hidden layer, the change of Q_i; what is left of it when the steps' quadratic parts are
     taken off; how large rounding can make that: some eps of Q's terms per step; and the cosine of the
     angle between the next layer and its feedback. */
  run({ problem, time }, settings) {
    const steps = stepsOf(time, settings);
    const { path, diverged } = train(this.start(problem, settings), problem, settings, steps);
    const laws = path.map(faLib.layerLaw);
    const added = laws[0].map(() => [0]);
    path.slice(1).forEach((state, t) => faLib.quadraticPart(path[t], state)
      .forEach((part, l) => added[l].push(added[l][t] + part)));
    const layers = laws[0].map((first, l) => {
      const raw = laws.map((law) => law[l] - first);
      const sizes = path.map(({ weights: [...W], feedback: B }, t) => faLib.inner(W[l], W[l])
        + added[l][t] + faLib.norm(W[l + 1]) * faLib.norm(B[l]));
      return {
        raw,
        corrected: raw.map((value, t) => value - added[l][t]),
        rounding: 4 * Number.EPSILON * path.length * Math.max(...sizes),
        cosine: path.map(({ weights, feedback }) => faLib.cosine(weights[l + 1], feedback[l])),
      };
    });
    return { layers, loss: losses(path, problem), steps, diverged };
  },

  beside({ layers, loss, steps, diverged }, { problem, time, colours, settings }, width) {
    const line = (values, label, more) => ({ values, label, steps, broken: diverged, ...more });
    const colour = colours[settings.rule];
    return drawCharts([
      ...layers.map(({ raw, corrected }, l) => ({
        title: `change of Q${"\u2081\u2082"[l]}`,
        span: [0, 0.2],
        lines: [line(raw, "as it is", { colour: "currentColor" }), line(corrected, "corrected", { colour })],
      })),
      {
        title: "cosine of W and B",
        span: [-1, 1],
        lines: layers.map(({ cosine }, l) =>
          line(cosine, `W${"\u2082\u2083"[l]}`, { colour, dashed: l > 0 })),
      },
      {
        title: "loss",
        span: [0, stage(faLib.inner(problem.y, problem.y), 1)],
        lines: [line(loss, "", { colour })],
      },
    ], { time }, width);
  },

  words({ layers, loss, steps, diverged }, { rule, step }) {
    const short = (value) => digits(Math.round(1000 * value) / 1000);
    const first = `${rule}, ${steps} steps of ${step}.`;
    if (diverged) return `${first} It ${brokeAt(diverged, step)}`;
    const moves = layers.map(({ raw, corrected, rounding, cosine }, l) => {
      const off = Math.max(...corrected.map(Math.abs));
      const name = `Q${"\u2081\u2082"[l]}`;
      const rest = off < rounding ? "rounding only" : `up to ${digits(off)}`;
      return `${name} moved by ${digits(raw.at(-1))}, the corrected ${name} by ${rest}; layer ${l + 2} `
        + `went from cosine ${short(cosine[0])} to ${short(cosine.at(-1))}.`;
    });
    return `${first} ${moves.join(" ")} The loss went from ${digits(loss[0])} to ${digits(loss.at(-1))}.`;
  },
};
