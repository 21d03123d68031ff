/* Explorable figures: controls, panels of curves, and one sentence that says what the curves say.

   A page's HTML holds <div class="live"> with the problem and the controls as JSON (book/live.py).
   Each figure below says where a run starts, what to record of it, and how to put it in words. */
"use strict";

const digits = (value) => String(Number(value.toPrecision(3))).replace("-", "\u2212");

const activationOf = ({ slope }, { activation = "leaky ReLU" }) => ({
  linear: faLib.linear, "leaky ReLU": faLib.leakyRelu(slope), tanh: faLib.tanh,
}[activation]);

/* The states of a run, and the step at which it left the finite numbers, if it did. */
function train(state, problem, settings, steps) {
  const activation = activationOf(problem, settings);
  const rule = faLib.rules[settings.rule];
  const path = [];
  for (const s of faLib.descend(state, problem.x, problem.y, settings.step, rule, activation)) {
    path.push(s);
    if (path.length > steps) return { path, diverged: null };
  }
  return { path, diverged: path.length };
}

function losses(path, problem, settings = {}) {
  const activation = activationOf(problem, settings);
  return path.map((state) => faLib.squaredError(
    faLib.forward(state, problem.x, activation).preactivations.at(-1), problem.y));
}

const liveFigures = {
  law: {
    describe: "Three charts against steps: change of Q\u2081, change of Q\u2082, loss.",

    /* Weights at the chosen scale; feedback at the chosen angle from them, at its own scale. */
    start: ({ weights, others }, { scale, angle }) => ({
      weights: weights.map((W) => faLib.scaled(scale, W)),
      feedback: others.map((other, l) => faLib.turned(weights[l + 1], other, angle)),
    }),

    /* For each hidden layer, the change of Q_i and what is left of it when the steps' quadratic
       parts are taken off; and how large rounding can make that: some eps of Q's terms per step. */
    record(path, problem) {
      const first = faLib.layerLaw(path[0]);
      const layers = first.map(() => ({ raw: [0], corrected: [0], rounding: 0 }));
      const added = first.map(() => 0);
      const sizes = first.map(() => 0);
      path.slice(1).forEach((state, t) => {
        const law = faLib.layerLaw(state);
        const parts = faLib.quadraticPart(path[t], state);
        layers.forEach((layer, l) => {
          added[l] += parts[l];
          layer.raw.push(law[l] - first[l]);
          layer.corrected.push(law[l] - added[l] - first[l]);
          const [W, V, B] = [state.weights[l], state.weights[l + 1], state.feedback[l]];
          sizes[l] = Math.max(
            sizes[l], faLib.inner(W, W) + added[l] + faLib.norm(V) * faLib.norm(B));
          layer.rounding = 4 * Number.EPSILON * path.length * sizes[l];
        });
      });
      return { layers, loss: losses(path, problem) };
    },

    panels: ({ layers, loss }, colour) => [
      ...layers.map(({ raw, corrected }, l) => ({
        title: `change of Q${"\u2081\u2082"[l]}`,
        floor: 0.1,
        lines: [{ values: raw, label: "raw" }, { values: corrected, label: "corrected", colour }],
      })),
      { title: "loss", floor: 0, lines: [{ values: loss, label: "", colour }] },
    ],

    words({ layers, loss }) {
      const moves = layers.map(({ raw, corrected, rounding }, l) => {
        const off = Math.max(...corrected.map(Math.abs));
        const name = `Q${"\u2081\u2082"[l]}`;
        const rest = off < rounding ? "rounding only" : `up to ${digits(off)}`;
        return `${name} moved by ${digits(raw.at(-1))}, the corrected ${name} by ${rest}.`;
      });
      return `${moves.join(" ")} The loss went from ${digits(loss[0])} to ${digits(loss.at(-1))}.`;
    },
  },

  minimumNorm: {
    describe: "Two charts against steps: distance from the minimum-norm solution, and loss.",

    start: ({ inside, outside, readout, other }, settings) => ({
      weights: [
        faLib.sum(faLib.scaled(settings.inside, inside), faLib.scaled(settings.outside, outside)),
        readout,
      ],
      feedback: [faLib.turned(readout, other, settings.angle)],
    }),

    /* All in units of ||theta*||: the distance; its part W_2 W_perp, which nothing trains away; and
       the other part, the error that is left. */
    record(path, problem, settings) {
      const { norm, difference, product, scaled, endToEnd } = faLib;
      const outside = scaled(settings.outside, problem.outside);
      const size = norm(problem.theta);
      const record = { distance: [], predicted: [], left: [], loss: losses(path, problem) };
      for (const state of path) {
        const off = difference(endToEnd(state), problem.theta);
        const stays = product(state.weights[1], outside);
        record.distance.push(norm(off) / size);
        record.predicted.push(norm(stays) / size);
        record.left.push(norm(difference(off, stays)) / size);
      }
      return record;
    },

    panels: ({ distance, predicted, loss }, colour) => [
      {
        title: "distance / \u2016\u03b8\u22c6\u2016",
        floor: 1,
        lines: [
          { values: distance, label: "distance", colour },
          { values: predicted, label: "\u2016W\u2082W\u22a5\u2016", dashed: true },
        ],
      },
      { title: "loss", floor: 0, lines: [{ values: loss, label: "", colour }] },
    ],

    words({ distance, predicted, left }) {
      const [d, p, l] = [distance, predicted, left].map((values) => values.at(-1));
      const verdict = l > 1e-3
        ? "Training has not ended."
        : `The end point lies ${p === 0 ? "on" : "off"} the minimum-norm solution.`;
      return `The distance is ${digits(d)}: ${digits(p)} from W\u2082W\u22a5, which nothing trains `
        + `away, and ${digits(l)} from the error that is left. ${verdict}`;
    },
  },
};

/* Everything below draws, and knows of no network. */

function make(name, attributes = {}, ...children) {
  const svg = ["svg", "g", "path", "line", "circle", "rect", "text", "clipPath"].includes(name);
  const element = svg
    ? document.createElementNS("http://www.w3.org/2000/svg", name) : document.createElement(name);
  Object.entries(attributes).forEach(([key, value]) => element.setAttribute(key, value));
  element.append(...children);
  return element;
}

/* Round numbers 1, 2 or 5 times a power of ten apart, from below the values to above them. */
function ticks(low, high) {
  const power = 10 ** Math.floor(Math.log10(high - low));
  const by = [0.5, 1, 2, 5].map((c) => c * power).find((c) => (high - low) / c <= 4);
  const first = Math.floor(low / by + 1e-6);  // a rounding error below zero is no reason for a mark
  const last = Math.ceil(high / by - 1e-6);
  return Array.from({ length: last - first + 1 }, (_, n) => (first + n) * by);
}

const panelHeight = 136;

/* One chart, as SVG elements: its title, its axes, and each line with its label at the end. */
function drawPanel({ title, floor, lines }, top, width, diverged) {
  const [left, right, height] = [56, width - 82, panelHeight - 56];
  const values = lines.flatMap((line) => line.values);
  const marks = diverged ? [] : ticks(Math.min(0, ...values), Math.max(floor, ...values));
  const [low, high] = [marks[0], marks.at(-1)];
  const last = lines[0].values.length - 1;
  const x = (step) => left + ((right - left) * step) / last;
  const y = (value) => top + 24 + (height * (high - value)) / (high - low);
  const text = (words, at, anchor = "start") =>
    make("text", { x: at[0], y: at[1], "text-anchor": anchor, "dominant-baseline": "middle" }, words);

  const parts = [text(title, [left, top + 8])];
  if (diverged) return [...parts, text(`diverged at step ${diverged}`, [left, top + 24 + height / 2])];
  for (const mark of marks) {
    parts.push(make("line", { x1: left, x2: right, y1: y(mark), y2: y(mark), class: "grid" }));
    parts.push(text(digits(mark), [left - 6, y(mark)], "end"));
  }
  for (const [step, words] of [[0, "0"], [last / 2, digits(last / 2)], [last, `${last} steps`]]) {
    parts.push(text(words, [x(step), y(low) + 14], "middle"));
  }
  // The end labels, from the top down, at least 16 pixels apart.
  const ends = lines.map(({ values: v }) => y(v.at(-1)));
  if (ends.length > 1 && Math.abs(ends[0] - ends[1]) < 16) {
    const [upper, lower] = ends[0] <= ends[1] ? [0, 1] : [1, 0];
    const middle = Math.min((ends[0] + ends[1]) / 2, y(low) - 8);
    [ends[upper], ends[lower]] = [middle - 8, middle + 8];
  }
  lines.forEach(({ values: v, label, colour, dashed }, n) => {
    const points = v.map((value, step) => `${x(step).toFixed(1)},${y(value).toFixed(1)}`);
    const dash = dashed ? { "stroke-dasharray": "6 4" } : {};
    parts.push(make("path", { d: `M${points.join("L")}`, stroke: colour ?? "currentColor", ...dash }));
    parts.push(text(label, [right + 6, ends[n]]));
  });
  return parts;
}

/* A slider or a group of radio buttons, with its label; `changed` is called with the new value. */
function makeControl({ name, label, value, unit = "", options, ...range }, id, changed) {
  if (options) {
    const choices = options.map((option) => {
      const radio = make("input", { type: "radio", name: id, value: option });
      radio.addEventListener("change", () => changed(option));
      return { radio, element: make("label", {}, radio, option) };
    });
    const set = (option) => choices.forEach(({ radio }) => { radio.checked = radio.value === option; });
    set(value);
    const elements = choices.map(({ element }) => element);
    return { name, value, set, element: make("fieldset", {}, make("legend", {}, label), ...elements) };
  }
  const slider = make("input", { type: "range", id, ...range });
  // The slider announces its own value; the output, by nature a live region, would say it again.
  const output = make("output", { for: id, "aria-live": "off" });
  const show = () => {
    output.textContent = digits(slider.valueAsNumber) + unit;
    slider.setAttribute("aria-valuetext", output.textContent);
  };
  const set = (number) => { slider.value = number; show(); };
  slider.addEventListener("input", () => { show(); changed(slider.valueAsNumber); });
  set(value);
  return { name, value, set, element: make("div", {}, make("label", { for: id }, label), output, slider) };
}

function makeFigure(place, given, number) {
  const figure = liveFigures[given.figure];
  const defaults = Object.fromEntries(given.controls.map(({ name, value }) => [name, value]));
  let settings = { ...defaults };
  const status = make("p", { role: "status", id: `live-${number}-status` });
  const svg = make("svg", { role: "img", "aria-label": figure.describe });
  let announcement;

  function draw() {
    const state = figure.start(given.problem, settings);
    const { path, diverged } = train(state, given.problem, settings, given.steps);
    const record = figure.record(path, given.problem, settings);
    const panels = figure.panels(record, given.colours[settings.rule]);
    const width = Math.max(280, panel.clientWidth);
    const height = panels.length * panelHeight;
    svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    svg.replaceChildren(...panels.flatMap((p, n) => drawPanel(p, n * panelHeight, width, diverged)));
    const words = diverged
      ? `The weights left the finite numbers at step ${diverged}. Try a smaller step.`
      : figure.words(record);
    // A screen reader hears where the slider stopped, and not each value on the way.
    clearTimeout(announcement);
    announcement = setTimeout(() => {
      status.textContent = `${settings.rule}, ${given.steps} steps of ${settings.step}. ${words}`;
    }, 250);
  }

  const controls = given.controls.map((control) =>
    makeControl(control, `live-${number}-${control.name}`, (value) => {
      settings[control.name] = value;
      draw();
    }));
  const reset = make("button", { type: "button" }, "As in the text");
  reset.addEventListener("click", () => {
    settings = { ...defaults };
    controls.forEach(({ set, value }) => set(value));
    draw();
  });
  const panel = make("div", { class: "controls" }, ...controls.map(({ element }) => element), reset);
  place.replaceChildren(panel, svg, status);
  // Draws for the first time, too. The controls, unlike the sentence, change size only in width.
  new ResizeObserver(draw).observe(panel);
}

document.addEventListener("DOMContentLoaded", () => {
  document.querySelectorAll(".live").forEach((place, number) => {
    const given = JSON.parse(place.querySelector("script").textContent);
    (given.figure === "plane" ? makePlane : makeFigure)(place, given, number);
  });
});
