/* The smallest network, f = w_2 phi(w_1 x), beside the plane of its two weights: the reader drags the
   start, and training runs from there. network.js computes, live.js lends its controls. */
"use strict";

/* For each rule its law, of a point [w_1, w_2]: its value; what a step [d_1, d_2] adds to it; where
   it is Q, as the points of each branch at parameter s; and, for a point to which the steps have
   added so much, the point above or below it where the law is what it was. */
const planeLaws = {
  FA: {
    words: "\u00bdw\u2081\u00b2 \u2212 b\u00b7w\u2082",
    value: ([w1, w2], b) => w1 ** 2 / 2 - b * w2,
    added: ([d1]) => d1 ** 2 / 2,
    curve: (Q, s, b) => [[s, (s ** 2 / 2 - Q) / b]],
    corrected: ([w1, w2], added, b) => [w1, w2 + added / b],
  },
  GD: {
    words: "\u00bdw\u2081\u00b2 \u2212 \u00bdw\u2082\u00b2",
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
  const start = {
    weights: [[[settings.w1]], [[settings.w2]]],
    feedback: [problem.feedback],
  };
  const steps = Math.ceil(time / settings.step);
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
}

function planeWords({ Q, added, loss, rounding, steps, diverged }, { rule, activation, step }) {
  const first = `${rule}, ${activation}, ${steps} steps of ${step}.`;
  if (diverged) return `${first} It diverged at step ${diverged}: try a smaller step.`;
  const off = Math.max(...Q.map((value, t) => Math.abs(value - added[t] - Q[0])));
  const rest = off < rounding ? "rounding only" : `up to ${digits(off)}`;
  const fits = loss.at(-1) < 1e-4 ? "The network fits." : `The loss is ${digits(loss.at(-1))}.`;
  return `${first} Q = ${planeLaws[rule].words} moved by ${digits(Q.at(-1) - Q[0])}; `
    + `the steps added ${digits(added.at(-1))}; the rest is ${rest}. ${fits}`;
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

const planeText = (words, [x, y], anchor = "middle", more = {}) =>
  make("text", { x, y, "text-anchor": anchor, "dominant-baseline": "middle", ...more }, words);

/* From w to pixels and back, for a square picture of this many pixels. */
function planeScale(size, { min, max }) {
  const [left, top, inner] = [26, 8, size - 34];
  const unit = inner / (max - min);
  return {
    left, top, inner,
    at: ([w1, w2]) => [left + (w1 - min) * unit, top + (max - w2) * unit],
    back: ([x, y]) => [min + (x - left) / unit, max - (y - top) / unit],
  };
}

function drawPlane({ points, Q, added }, { problem, settings, colour, range, inside }, size) {
  const { left, top, inner, at } = planeScale(size, range);
  const { min, max } = range;
  const law = planeLaws[settings.rule];
  const b = problem.feedback[0][0];
  const pixel = (point) => at(point).map((value) => Math.max(-1e4, Math.min(1e4, value)).toFixed(1));
  const line = (all, attributes) =>
    make("path", { d: `M${all.map((point) => pixel(point).join(",")).join("L")}`, ...attributes });
  const samples = Array.from({ length: 101 }, (_, n) => min + ((max - min) * n) / 100);
  const level = (value, attributes) => law.curve(value, 0, b).map((_, branch) =>
    line(samples.map((s) => law.curve(value, s, b)[branch]), attributes));

  const { value: phi } = activationOf(problem, settings);
  const fit = (s) => [s, problem.y[0][0] / phi(s * problem.x[0][0])];
  const corrected = points.map((point, t) => law.corrected(point, added[t], b));
  const stems = points.map((point, t) => [point, corrected[t]])
    .filter((pair) => pair.flat().every(Number.isFinite))
    .map((pair) => `M${pair.map((point) => pixel(point).join(",")).join("L")}`);
  const dots = points.map((point) => `M${pixel(point).join(",")}h0`);
  const end = line([points.at(-1), points.at(-1)], { class: "end", stroke: colour });

  const marks = [-2, -1, 1, 2].flatMap((mark) => [
    planeText(digits(mark), [at([mark, 0])[0], top + inner + 14]),
    planeText(digits(mark), [left - 6, at([0, mark])[1]], "end"),
  ]);
  return [
    make("g", { "clip-path": `url(#${inside})` },
      ...[-3, -2, -1, 0, 1, 2, 3].flatMap((value) => level(value, { class: "grid" })),
      line([[min, 0], [max, 0]], { class: "axis" }),
      line([[0, min], [0, max]], { class: "axis" }),
      ...[[-1, 0], [0, 1]].map(([from, to]) => {
        const half = samples.map((s) => (s - min) / (max - min)).map((s) => (from + (to - from) * s) * max);
        return line(half.filter(Boolean).map(fit), { class: "fit" });
      }),
      ...level(Q[0], { class: "level" }),
      make("path", { d: stems.join(""), class: "stems" }),
      line(points, { class: "run", stroke: colour, pathLength: 1 }),
      make("path", { d: dots.join(""), class: "dots", stroke: colour }),
      end),
    ...marks,
    planeText("w\u2081", [left + inner - 10, at([0, 0])[1] - 10]),
    planeText("w\u2082", [at([0, 0])[0] + 14, top + 10]),
    planeText("the network fits", [left + 4, at(fit(min))[1] + 14], "start"),
    planeText(`Q = ${law.words} = ${digits(Q[0])}`, [left + 6, top + 14], "start"),
  ];
}

/* The network: two weights forwards, and what carries the error e back to the hidden unit. */
function drawNetwork({ points, diverged }, { rule }, b, colour, width) {
  const [y, xs] = [34, [16, width / 2, width - 16]];
  const arrow = (d, [x, top], turn, more) => [
    make("path", { d, ...more }),
    make("path", { d: `M${x},${top}l${-7 * turn},-4v8z`, class: "head", ...more }),
  ];
  const weights = [0, 1].flatMap((l) => {
    const [from, to] = [xs[l] + 15, xs[l + 1] - 16];
    const last = diverged ? "\u2026" : digits(points.at(-1)[l]);
    return [
      ...arrow(`M${from},${y}H${to}`, [to, y], 1, { stroke: "currentColor" }),
      planeText(`w${"\u2081\u2082"[l]}`, [(from + to) / 2, y - 12]),
      planeText(`${digits(points[0][l])} \u2192 ${last}`, [(from + to) / 2, y + 13]),
    ];
  });
  const nodes = ["x", "\u03c6", "f"].flatMap((name, n) => [
    make("circle", { cx: xs[n], cy: y, r: 14, class: "node" }), planeText(name, [xs[n], y + 1]),
  ]);
  const back = `M${xs[2]},${y + 15}V${y + 48}H${xs[1]}V${y + 18}`;
  const carried = rule === "FA" ? `e\u00b7b, b = ${digits(b)} for ever` : "e\u00b7w\u2082";
  return [
    ...weights, ...nodes,
    make("path", { d: back, stroke: colour, "stroke-dasharray": "5 4" }),
    make("path", { d: `M${xs[1]},${y + 16}l-4,7h8z`, class: "head", stroke: colour }),
    planeText(carried, [(xs[1] + xs[2]) / 2, y + 62]),
  ];
}

function makePlane(place, given, number) {
  const defaults = fromAddress(given.figure, given.controls, "");
  const range = given.controls.find(({ name }) => name === "w1");
  const [b, inside] = [given.problem.feedback[0][0], `live-${number}-inside`];
  let settings = fromAddress(given.figure, given.controls, location.hash);
  let waiting;

  const status = make("p", { role: "status", id: `live-${number}-status` });
  const box = make("rect");
  const picture = make("g", {
    role: "img",
    "aria-label": "The plane of the two weights: the curve that the law draws through the start, "
      + "the curve where the network fits, and the run.",
  });
  const handle = make("g", { role: "slider", tabindex: 0, class: "handle", "aria-label": "Start" },
    make("circle", { r: 22, class: "reach" }), make("circle", { r: 8 }));
  const plane = make("svg", { class: "square" }, make("clipPath", { id: inside }, box), picture, handle);
  const network = make("svg", { role: "img", "aria-label": "The network and its feedback." });

  function draw(slides = false) {
    const run = planeRun(given.problem, settings, given.time);
    const colour = given.colours[settings.rule];
    const size = Math.max(240, plane.clientWidth);
    const { left, top, inner, at } = planeScale(size, range);
    plane.setAttribute("viewBox", `0 0 ${size} ${size}`);
    Object.entries({ x: left, y: top, width: inner, height: inner })
      .forEach(([key, value]) => box.setAttribute(key, value));
    picture.replaceChildren(
      ...drawPlane(run, { problem: given.problem, settings, colour, range, inside }, size));
    picture.classList.toggle("slides", slides);
    handle.setAttribute("transform", `translate(${at([settings.w1, settings.w2])})`);
    handle.setAttribute("aria-valuenow", settings.w1);
    handle.setAttribute("aria-valuetext",
      `w\u2081 ${digits(settings.w1)}, w\u2082 ${digits(settings.w2)}`);
    const width = Math.max(220, network.clientWidth);
    network.setAttribute("viewBox", `0 0 ${width} 106`);
    network.replaceChildren(...drawNetwork(run, settings, b, colour, width));
    return run;
  }

  /* While something moves, the picture follows; when it rests, the run slides, and is put in words. */
  function change(moved) {
    settings = { ...settings, ...moved };
    draw();
    clearTimeout(waiting);
    waiting = setTimeout(() => {
      status.textContent = planeWords(draw(true), settings);
      const hash = toAddress(given.figure, settings, defaults);
      history.replaceState(null, "", hash || location.pathname + location.search);
    }, 250);
  }

  const moveTo = (point) => {
    const [w1, w2] = point.map((value) =>
      Number(Math.min(range.max, Math.max(range.min, value)).toFixed(2)));
    change({ w1, w2 });
  };
  const pointed = ({ clientX, clientY }) => {
    const corner = plane.getBoundingClientRect();
    moveTo(planeScale(corner.width, range).back([clientX - corner.left, clientY - corner.top]));
  };
  plane.addEventListener("click", pointed);
  handle.addEventListener("touchstart", (event) => event.preventDefault(), { passive: false });
  handle.addEventListener("pointerdown", (event) => handle.setPointerCapture(event.pointerId));
  handle.addEventListener("pointermove", (event) => {
    if (handle.hasPointerCapture(event.pointerId)) pointed(event);
  });
  handle.addEventListener("keydown", (event) => {
    const way = {
      ArrowLeft: [-0.1, 0], ArrowRight: [0.1, 0], ArrowUp: [0, 0.1], ArrowDown: [0, -0.1],
    }[event.key];
    if (!way) return;
    event.preventDefault();
    moveTo([settings.w1 + way[0], settings.w2 + way[1]]);
  });

  const controls = given.controls.filter(({ name }) => !["w1", "w2"].includes(name)).map((control) =>
    makeControl(control, `live-${number}-${control.name}`, (value) => change({ [control.name]: value })));
  const show = (all) => {
    controls.forEach(({ name, set }) => set(all[name]));
    change(all);
  };
  const reset = make("button", { type: "button" }, "As in the text");
  reset.addEventListener("click", () => show(defaults));
  addEventListener("hashchange", () => {
    if (location.hash.startsWith(`#${given.figure}=`)) {
      show(fromAddress(given.figure, given.controls, location.hash));
    }
  });
  const side = make("div", { class: "controls" },
    network, ...controls.map(({ element }) => element), reset);
  place.replaceChildren(make("div", { class: "plane" }, plane, side), status);
  controls.forEach(({ name, set }) => set(settings[name]));
  // Draws for the first time, too.
  new ResizeObserver(() => { status.textContent = planeWords(draw(true), settings); }).observe(plane);
}
