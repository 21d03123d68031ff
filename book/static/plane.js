/* The smallest network, f = w_2 phi(w_1 x), beside the plane of its two weights: the reader drags the
   start, and training runs from there. network.js computes, live.js lends its controls. */
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

/* A run from the chosen start: its points, the law at each, what the steps have added until then;
   and how large rounding can make what is left: some eps of the law's terms per step. */
function planeRun(problem, settings, time) {
  const start = { weights: [[[settings.w1]], [[settings.w2]]], feedback: [problem.feedback] };
  const steps = Math.ceil(time / settings.step);
  const whole = train(start, problem, settings, steps);
  const broken = whole.path.findIndex(({ weights }) => weights.some(([[w]]) => Math.abs(w) > 1e100));
  const path = broken < 0 ? whole.path : whole.path.slice(0, broken);
  const diverged = broken < 0 ? whole.diverged : broken;
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
}

function planeWords({ Q, added, loss, rounding, steps, diverged }, { rule, activation, step }) {
  const first = `${rule}, ${activation}, ${steps} steps of ${step}.`;
  if (diverged) return `${first} It diverged at step ${diverged}: try a smaller step.`;
  const off = Math.max(...Q.map((value, t) => Math.abs(value - added[t] - Q[0])));
  const rest = off < rounding ? "rounding only" : `up to ${digits(off)}`;
  const fits = loss.at(-1) < 1e-4 ? "The network fits." : `The loss is ${digits(loss.at(-1))}.`;
  return `${first} Q moved by ${digits(Q.at(-1) - Q[0])}; the steps added ${digits(added.at(-1))}; `
    + `the rest is ${rest}. ${fits}`;
}

/* What the reader has moved, as the end of an address, and back: #plane=rule:GD,step:0.1 */
function toAddress(name, settings, defaults) {
  const moved = Object.entries(settings).filter(([key, value]) => value !== defaults[key]);
  return moved.length
    ? `#${name}=${moved.map((pair) => pair.join(":")).join(",").replaceAll(" ", "+")}` : "";
}

function fromAddress(name, controls, hash) {
  const text = new URLSearchParams(hash.slice(1)).get(name) ?? "";
  const given = Object.fromEntries(text.split(",").map((pair) => pair.split(":")));
  return Object.fromEntries(controls.map(({ name: key, options, min, max, step, value }) => {
    const number = given[key] ? Number(given[key]) : NaN;
    if (options) return [key, options.includes(given[key]) ? given[key] : value];
    const places = Math.round((Math.min(max, Math.max(min, number)) - min) / step);
    return [key, Number.isNaN(number) ? value : Number((min + places * step).toPrecision(12))];
  }));
}

const planeText = (words, [x, y], anchor = "middle") =>
  make("text", { x, y, "text-anchor": anchor, "dominant-baseline": "middle" }, words);

/* Where the plane lies in a square picture of this size: from w to pixels, and back. */
function planeScale(size, { min, max }) {
  const [left, top, inner] = [26, 24, size - 50];
  const unit = inner / (max - min);
  return {
    left, top, inner,
    at: ([w1, w2]) => [left + (w1 - min) * unit, top + (max - w2) * unit],
    back: ([x, y]) => [min + (x - left) / unit, max - (y - top) / unit],
  };
}

function drawPlane({ points, Q, added }, { problem, settings, colour, range, inside }, size) {
  const { left, top, inner, at } = planeScale(size, range);
  const law = planeLaws[settings.rule];
  const b = problem.feedback[0][0];
  const near = (value) => Math.max(-1e4, Math.min(1e4, value)).toFixed(1);
  const line = (all) => `M${all.map((point) => at(point).map(near).join(",")).join("L")}`;
  const path = (lines, attributes) => make("path", { d: lines.join(""), stroke: "currentColor", ...attributes });
  const samples = Array.from({ length: 101 }, (_, n) => range.min + (n / 100) * (range.max - range.min));
  const level = (value) => law.curve(value, 0, b).map((_, branch) =>
    line(samples.map((s) => law.curve(value, s, b)[branch])));

  const { value: phi } = activationOf(problem, settings);
  const fits = [-1, 1].map((side) => samples.filter((s) => s * side > 1e-9)
    .map((s) => [s, problem.y[0][0] / phi(s * problem.x[0][0])]));
  const named = fits[1].find(([, w2]) => w2 < range.max - 0.3) ?? [0, 0];
  const stems = points.map((point, t) => [point, law.corrected(point, added[t], b)])
    .filter((pair) => pair.flat().every(Number.isFinite));
  const marks = [-2, -1, 1, 2].flatMap((mark) => [
    planeText(digits(mark), [at([mark, 0])[0], top + inner + 14]),
    planeText(digits(mark), [left - 6, at([0, mark])[1]], "end"),
  ]);
  return [
    make("g", { "clip-path": `url(#${inside})` },
      path([-3, -2, -1, 0, 1, 2, 3].flatMap(level), { class: "grid" }),
      path([[[range.min, 0], [range.max, 0]], [[0, range.min], [0, range.max]]].map(line), { class: "axis" }),
      path(fits.map(line), { class: "dashed" }),
      path(level(Q[0]), { class: "level" }),
      path(stems.map(line), { class: "stems" }),
      path([line(points)], { class: "run", stroke: colour, pathLength: 1 }),
      path(points.map((point) => `${line([point])}h0`), { class: "dots", stroke: colour }),
      path([`${line([points.at(-1)])}h0`], { class: "end", stroke: colour })),
    ...marks,
    planeText("w\u2081", [left + inner - 10, at([0, 0])[1] + 12]),
    planeText("w\u2082", [at([0, 0])[0] - 14, top + 10]),
    planeText("the network fits", at([named[0] + 0.1, named[1]]), "start"),
    planeText(`Q = ${law.words} = ${digits(Q[0])}`, [left, 10], "start"),
  ];
}

/* The network: two weights forwards, and what carries the error back to the hidden unit. */
function drawNetwork({ points, diverged }, { rule }, colour, width) {
  const [y, xs] = [34, [13, width / 2, width - 13]];
  const short = (value) => digits(Number(value.toPrecision(2)));
  const weights = [0, 1].flatMap((l) => {
    const [from, to] = [xs[l] + 12, xs[l + 1] - 13];
    const last = diverged ? "\u2026" : short(points.at(-1)[l]);
    return [
      make("path", { d: `M${from},${y}H${to - 4}`, stroke: "currentColor" }),
      make("path", { d: `M${to},${y}l-8,-4v8z`, class: "head" }),
      planeText(`w${"\u2081\u2082"[l]}`, [(from + to) / 2, y - 12]),
      planeText(`${short(points[0][l])} \u2192 ${last}`, [(from + to) / 2, y + 13]),
    ];
  });
  const nodes = ["x", "\u03c6", "f"].flatMap((name, n) => [
    make("circle", { cx: xs[n], cy: y, r: 12, class: "node" }), planeText(name, [xs[n], y + 1]),
  ]);
  return [
    ...weights, ...nodes,
    make("path", { d: `M${xs[2]},${y + 13}V${y + 48}H${xs[1]}V${y + 20}`, class: "dashed", stroke: colour }),
    make("path", { d: `M${xs[1]},${y + 13}l-4,8h8z`, class: "head", color: colour }),
    planeText(planeLaws[rule].carried, [(xs[1] + xs[2]) / 2, y + 62]),
  ];
}

function makePlane(place, given, number) {
  const { figure: name, controls: all, problem } = given;
  const range = all.find((control) => control.name === "w1");
  const inside = `live-${number}-inside`;
  const defaults = fromAddress(name, all, "");
  let settings = fromAddress(name, all, location.hash);
  let waiting;

  const status = make("p", { role: "status", id: `live-${number}-status` });
  const frame = make("rect");
  const picture = make("g", {
    role: "img",
    "aria-label": "The plane of the two weights: the curve that the law draws through the start, "
      + "the run, and where the network fits.",
  });
  const handle = make("g", {
    role: "slider", tabindex: 0, class: "handle", "aria-label": "Start: arrow keys move it",
    "aria-valuemin": range.min, "aria-valuemax": range.max,
  }, make("circle", { r: 22, class: "reach" }), make("circle", { r: 8 }));
  const plane = make("svg", {}, make("clipPath", { id: inside }, frame), picture, handle);
  const network = make("svg", { role: "img", "aria-label": "The network and what carries the error." });

  function draw(resting) {
    const run = planeRun(problem, settings, given.time);
    const colour = given.colours[settings.rule];
    const size = Math.max(240, plane.clientWidth);
    const { left, top, inner, at } = planeScale(size, range);
    plane.setAttribute("viewBox", `0 0 ${size} ${size}`);
    Object.entries({ x: left, y: top, width: inner, height: inner })
      .forEach(([key, value]) => frame.setAttribute(key, value));
    picture.replaceChildren(...drawPlane(run, { problem, settings, colour, range, inside }, size));
    picture.classList.toggle("slides", resting);
    handle.setAttribute("transform", `translate(${at([settings.w1, settings.w2])})`);
    handle.setAttribute("aria-valuenow", settings.w1);
    handle.setAttribute("aria-valuetext", `w\u2081 ${digits(settings.w1)}, w\u2082 ${digits(settings.w2)}`);
    const width = Math.max(220, network.clientWidth);
    network.setAttribute("viewBox", `0 0 ${width} 106`);
    network.replaceChildren(...drawNetwork(run, settings, colour, width));
    if (resting) status.textContent = planeWords(run, settings);
  }

  /* While something moves, the picture follows; when it rests, the run slides and is put in words. */
  function change(moved) {
    settings = { ...settings, ...moved };
    draw(false);
    clearTimeout(waiting);
    waiting = setTimeout(() => {
      draw(true);
      const address = location.pathname + location.search + toAddress(name, settings, defaults);
      history.replaceState(null, "", address);
    }, 250);
  }

  const moveTo = (point) => {
    const [w1, w2] = point.map((w) =>
      Number(Math.min(range.max, Math.max(range.min, w)).toFixed(2)));
    change({ w1, w2 });
  };
  const pointed = ({ clientX, clientY }) => {
    const corner = plane.getBoundingClientRect();
    moveTo(planeScale(corner.width, range).back([clientX - corner.left, clientY - corner.top]));
  };
  plane.addEventListener("click", pointed);
  // A finger on the handle drags it, and not the page.
  handle.addEventListener("touchstart", (event) => event.preventDefault(), { passive: false });
  handle.addEventListener("pointerdown", (event) => handle.setPointerCapture(event.pointerId));
  handle.addEventListener("pointermove", (event) => {
    if (handle.hasPointerCapture(event.pointerId)) pointed(event);
  });
  handle.addEventListener("keydown", (event) => {
    const by = { ArrowLeft: [-0.1, 0], ArrowRight: [0.1, 0], ArrowUp: [0, 0.1], ArrowDown: [0, -0.1] };
    if (!(event.key in by)) return;
    event.preventDefault();
    moveTo([settings.w1 + by[event.key][0], settings.w2 + by[event.key][1]]);
  });

  const controls = all.filter((control) => !["w1", "w2"].includes(control.name)).map((control) =>
    makeControl({ ...control, value: settings[control.name] }, `live-${number}-${control.name}`,
      (value) => change({ [control.name]: value })));
  const show = (settings) => {
    controls.forEach((control) => control.set(settings[control.name]));
    change(settings);
  };
  const reset = make("button", { type: "button" }, "As in the text");
  reset.addEventListener("click", () => show(defaults));
  addEventListener("hashchange", () => {
    if (location.hash.startsWith(`#${name}=`)) show(fromAddress(name, all, location.hash));
  });
  place.replaceChildren(make("div", { class: "plane" }, plane, make("div", { class: "controls" },
    network, ...controls.map(({ element }) => element), reset)), status);
  // Draws for the first time, too.
  new ResizeObserver(() => draw(true)).observe(plane);
}
