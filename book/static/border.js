/* The border on which FA and GD end equally far from the minimum norm, and one network on either side of
   it, trained: the start kappa upwards, the size q = ||theta*|| / ||b||^2 along, by powers of ten. */
"use strict";

const sizeOnBorder = (kappa) => 2 * (2 - kappa) * Math.sqrt(1 - kappa);

liveFigures.border = {
  describe: "Two charts against steps: norm of the read-out, and loss, of FA and GD.",
  stages: [[0.1, 500], [1, 200]],  // steps in units of 1 / curvature at the end, and their number

  run({ problem }, { size, kappa }) {
    const { endToEnd, difference, finalReadoutNorm, norm, scaled } = faLib;
    const q = 10 ** size;
    const scaledProblem = { ...problem, y: scaled(q, problem.y) };
    const theta = scaled(q, problem.theta);
    const b = norm(problem.feedback);
    const runs = ["FA", "GD"].map((rule) => {
      const end = finalReadoutNorm(q, b, kappa, rule);
      const pull = end * (rule === "FA" ? b : end) + (norm(theta) / end) ** 2;
      const weights = [problem.outside, scaled(kappa, problem.feedback)];
      let path = [{ weights, feedback: [problem.feedback] }];
      for (const [part, steps] of this.stages) {
        const settings = { rule, step: part / (problem.curvature * pull) };
        path = [...path, ...train(path.at(-1), scaledProblem, settings, steps).path.slice(1)];
      }
      const loss = losses(path, scaledProblem);
      return {
        rule,
        readout: path.map(({ weights }) => norm(weights[1]) / b),
        loss: loss.map((value) => value / loss[0]),
        distance: norm(difference(endToEnd(path.at(-1)), theta)),
        flowEnd: end / b,
      };
    });
    const farther = kappa >= 1 || q > sizeOnBorder(kappa) ? "FA" : "GD";
    return { runs, farther, ratio: runs[0].distance / runs[1].distance };
  },

  beside: (run, { colours }, width) => drawCharts([
    { title: "\u2016W\u2082\u2016 / \u2016b\u2016", span: [0, 2], lines: linesOf(run, "readout", colours) },
    { title: "loss / first loss", span: [0, 1], lines: linesOf(run, "loss", colours) },
  ], { axis: "steps", time: run.runs[0].loss.length - 1 }, width),

  words({ farther, ratio }, { size, kappa }) {
    const trained = ratio > 1 ? "FA" : "GD";
    const verdict = trained === farther
      ? "as its side of the border says"
      : "the border, of the flow, says the other: so near to it steps decide";
    return `\u2016\u03b8\u22c6\u2016/\u2016b\u2016\u00b2 is ${digits(10 ** size)}, \u03ba is ${digits(kappa)}. Trained, `
      + `FA ends ${digits(ratio)} times as far from \u03b8\u22c6 as GD: ${trained} ends farther, ${verdict}.`;
  },

  picture: {
    ...onAxes("size", "kappa"),
    handle: "Problem: arrow keys move it",
    describe: "The plane of problems: on one side of a curve FA ends farther from the minimum norm, on the "
      + "other GD.",
    says: ({ size, kappa }) => `size ${digits(10 ** size)}, \u03ba ${digits(kappa)}`,

    draw(_, { colours }, scale) {
      const { at, line, x0, y0, inner, range: [[left, right], [low, high]] } = scale;
      const filled = (corners, colour) => makePath([line(corners)], { class: "ground", color: colour });
      // Closer together towards kappa = 1, where the border falls away to size 0.
      const border = Array.from({ length: 101 }, (__, n) => 1 - (1 - low) * (1 - n / 100) ** 2)
        .map((kappa) => [Math.log10(Math.max(1e-9, sizeOnBorder(kappa))), kappa]);
      return {
        inside: [
          filled([[right, low], ...border, [left, high], [right, high]], colours.FA),
          filled([[left, low], ...border], colours.GD),
          makePath([line(border)]),
        ],
        around: [
          ...[-1, 0, 1, 2].map((mark) =>
            makeText(digits(10 ** mark), [at([mark, 0])[0], y0 + inner + 14])),
          ...[0.5, 1, 1.5].map((mark) => makeText(digits(mark), [x0 - 6, at([left, mark])[1]], "end")),
          makeText("\u03ba", [x0 + 6, 10], "start"),
          makeText("\u2016\u03b8\u22c6\u2016/\u2016b\u2016\u00b2", [x0 + inner - 6, y0 + inner - 12], "end"),
          makeText("GD ends farther", at([left + 0.2, 0.25]), "start"),
          makeText("FA ends farther", at([right - 0.2, 1.25]), "end"),
        ],
      };
    },
  },
};
