/* Figures to explore: what they share. A figure has controls, charts or a drawing, perhaps a picture with
   a handle that the reader drags, and one sentence that says what is seen. The address keeps what moved.

   A page's HTML holds <div class="live"> with the problem and the controls as JSON (book/live.py). Each
   entry of liveFigures, in the file of its name, says what to run, to draw, and to put in words. */
"use strict";

const liveFigures = {};

const digits = (value) => String(Number(value.toPrecision(3))).replace("-", "\u2212");

const activationOf = ({ slope }, { activation = "leaky ReLU" }) => ({
  linear: faLib.linear, "leaky ReLU": faLib.leakyRelu(slope), tanh: faLib.tanh,
}[activation]);

const BROKEN = 1e30;  // a network with such weights has diverged, and its loss is a number still

/* The states of a run until it breaks, and the step at which it broke, if it did. */
function train(state, problem, settings, steps) {
  const activation = activationOf(problem, settings);
  const rule = faLib.rules[settings.rule];
  const path = [];
  for (const s of faLib.descend(state, problem.x, problem.y, settings.step, rule, activation)) {
    if (s.weights.flat(2).some((w) => Math.abs(w) > BROKEN)) break;
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

const stepsOf = (time, { step }) => Math.ceil(time / step);

const brokeAt = (diverged, step) =>
  `diverged at time ${digits(diverged * step)}, in step ${diverged}: try a smaller step.`;

/* What the reader has moved, as the end of an address, and back: #plane=rule:GD,step:0.1 */
function toAddress(name, settings, defaults) {
  const moved = Object.entries(settings).filter(([key, value]) => value !== defaults[key]);
  return moved.length
    ? `#${name}=${moved.map((pair) => pair.join(":")).join(",").replaceAll(" ", "+")}` : "";
}

const isFor = (name, hash) => hash.startsWith(`#${name}=`);

/* The value nearest to a number that a slider can take. */
function snapped({ min, max, step }, number) {
  const places = Math.round((Math.min(max, Math.max(min, number)) - min) / step);
  return Number((min + places * step).toPrecision(12));
}

function fromAddress(name, controls, hash) {
  const text = new URLSearchParams(hash.slice(1)).get(name) ?? "";
  const given = Object.fromEntries(text.split(",").map((pair) => pair.split(":")));
  return Object.fromEntries(controls.map((control) => {
    const { name: key, options, value } = control;
    if (options) return [key, options.includes(given[key]) ? given[key] : value];
    const number = given[key] ? Number(given[key]) : NaN;
    return [key, Number.isNaN(number) ? value : snapped(control, number)];
  }));
}

/* Everything below draws, and knows of no network. */

function make(name, attributes = {}, ...children) {
  const svg = ["svg", "g", "path", "circle", "rect", "text", "clipPath"].includes(name);
  const element = svg
    ? document.createElementNS("http://www.w3.org/2000/svg", name) : document.createElement(name);
  Object.entries(attributes).forEach(([key, value]) => element.setAttribute(key, value));
  element.append(...children);
  return element;
}

const makeText = (words, [x, y], anchor = "middle") =>
  make("text", { x, y, "text-anchor": anchor, "dominant-baseline": "middle" }, words);

/* Points in pixels, joined, as the data of an SVG path; what is far outside stays near. */
function polyline(points) {
  const near = (value) => Math.max(-1e4, Math.min(1e4, value)).toFixed(1);
  return `M${points.map((point) => point.map(near).join(",")).join("L")}`;
}

const makePath = (lines, attributes) =>
  make("path", { d: lines.join(""), stroke: "currentColor", ...attributes });

/* Round numbers 1, 2 or 5 times a power of ten apart, from below the values to above them. */
function ticks(low, high) {
  const power = 10 ** Math.floor(Math.log10(high - low));
  const by = [0.5, 1, 2, 5].map((c) => c * power).find((c) => (high - low) / c <= 4);
  const first = Math.floor(low / by + 1e-6);  // a rounding error below zero is no reason for a mark
  const last = Math.ceil(high / by - 1e-6);
  return Array.from({ length: last - first + 1 }, (_, n) => (first + n) * by);
}

/* The first of 1, 2, 5, 10, 20, ... that holds a value, if `least` does not, and at most about `most`. */
function stage(value, least, most = Infinity) {
  if (!(value > least)) return least;
  const far = Math.min(value, most) * (1 - 1e-9);
  const power = 10 ** Math.floor(Math.log10(far));
  return [1, 2, 5, 10].map((c) => c * power).find((end) => end >= far);
}

/* From where to where an axis reaches: over its span, and farther in few stages where values need it. So
   it holds still while the reader drags. */
function reach([low, high], values) {
  const size = high - low;
  const [least, most] = [Math.min(...values), Math.max(...values)];
  return [
    least < low - 1e-3 * size ? -stage(-least, -low, 100 * size) : low, stage(most, high, 100 * size),
  ];
}

const chartHeight = 136;

/* The labels of a chart's lines, each after a piece of its line, so that the last ends at the right. */
function drawKey(lines, right, y) {
  return [...lines].reverse().flatMap(({ label, colour, dashed }) => {
    const from = right - 22 - 7.5 * label.length;
    const piece = makePath([`M${from},${y}h16`], { stroke: colour, class: dashed ? "dashed" : "" });
    const text = makeText(label, [from + 20, y], "start");
    right = from - 10;
    return [piece, text];
  });
}

/* One chart against time: its title and the key to its lines, its axes, its lines. A line that broke
   ends in a cross where it leaves the chart. */
function drawChart({ title, span, lines }, { axis = "time", time }, [start, top], width) {
  const [left, right, height] = [start + 40, start + width - 14, chartHeight - 56];
  const shown = lines.filter(({ broken }) => !broken).flatMap(({ values }) => values);
  const marks = ticks(...reach(span, shown));
  const [low, high] = [marks[0], marks.at(-1)];
  const x = (part) => left + (right - left) * part;
  const y = (value) => top + 24 + (height * (high - Math.max(low, Math.min(high, value)))) / (high - low);
  const keyed = lines.filter(({ label }) => label);
  const parts = [makeText(title, [start, top + 8], "start"), ...drawKey(keyed, right, top + 8)];
  for (const mark of marks) {
    parts.push(makePath([polyline([[left, y(mark)], [right, y(mark)]])], { class: "grid" }));
    parts.push(makeText(digits(mark), [left - 6, y(mark)], "end"));
  }
  [0, axis, time].forEach((words, n) => parts.push(makeText(words, [x(n / 2), y(low) + 14])));
  const drawn = lines.map(({ values, steps = values.length - 1, broken }) => {
    const slack = 1e-3 * (high - low);  // for rounding
    const beyond = broken
      ? values.findIndex((value) => !(value > low - slack && value < high + slack)) : -1;
    return values.slice(0, beyond < 0 ? values.length : beyond + 1)
      .map((value, step) => [x(step / steps), y(value)]);
  });
  lines.forEach(({ colour, dashed, broken }, n) => {
    parts.push(makePath([polyline(drawn[n])], { stroke: colour, class: dashed ? "line dashed" : "line" }));
    if (broken) {
      const at = polyline(drawn[n].slice(-1));
      parts.push(makePath([`${at}m-5,-5l10,10m0,-10l-10,10`], { stroke: colour, class: "broken" }));
    }
  });
  return parts;
}

/* Charts side by side where there is room, and their height together. */
function drawCharts(charts, given, width) {
  const columns = width < 560 ? 1 : 2;
  const gap = 24;
  const each = (width + gap) / columns;
  const place = (n) => [(n % columns) * each, Math.floor(n / columns) * chartHeight];
  const parts = charts.flatMap((chart, n) => drawChart(chart, given, place(n), each - gap));
  return { parts, height: Math.ceil(charts.length / columns) * chartHeight };
}

/* The lines of a chart in which each of a figure's runs has one. */
const linesOf = ({ runs, steps }, name, colours) => runs.map(({ rule, diverged, [name]: values }) =>
  ({ values, label: rule, colour: colours[rule], steps, broken: diverged }));

/* A slider or a group of radio buttons, with its label; `changed` is called with the new value. */
function makeControl({ name, label, value, unit = "", options, ...range }, id, changed) {
  if (options) {
    const choices = options.map((option) => {
      const radio = make("input", { type: "radio", name: id, value: option });
      radio.addEventListener("change", () => changed(option));
      return { radio, element: make("label", {}, radio, option) };
    });
    const set = (option) => choices.forEach(({ radio }) => { radio.checked = radio.value === option; });
    const elements = choices.map(({ element }) => element);
    return { name, set, element: make("fieldset", {}, make("legend", {}, label), ...elements) };
  }
  const slider = make("input", { type: "range", id, ...range });
  // The slider announces its own value; the output, by nature a live region, would say it again.
  const output = make("output", { for: id, "aria-live": "off" });
  const set = (number) => {
    slider.value = number;
    output.textContent = digits(slider.valueAsNumber) + unit;
    slider.setAttribute("aria-valuetext", output.textContent);
  };
  slider.addEventListener("input", () => changed(slider.valueAsNumber));
  return { name, set, element: make("div", {}, make("label", { for: id }, label), output, slider) };
}

/* A picture whose axes are two of the controls: the handle stands for both, and has no sliders. */
const onAxes = (a, b) => ({
  instead: [a, b],
  range: (controls) => [a, b].map((name) => controls.find((control) => control.name === name))
    .map(({ min, max }) => [min, max]),
  at: (settings) => [settings[a], settings[b]],
  to: ([x, y]) => ({ [a]: x, [b]: y }),
});

/* The plane of the two weights of the smallest network; the reader drags where they start. */
const onWeights = {
  ...onAxes("w1", "w2"),
  handle: "Start: arrow keys move it",
  says: ({ w1, w2 }) => `w\u2081 ${digits(w1)}, w\u2082 ${digits(w2)}`,
};

/* Where a range of two axes lies in a square picture of this size: to pixels, and back. */
function pictureScale(size, [[left, right], [bottom, top]]) {
  const [x0, y0, inner] = [30, 24, size - 54];
  const [x, y] = [inner / (right - left), inner / (top - bottom)];
  return {
    x0, y0, inner, range: [[left, right], [bottom, top]],
    at: ([a, b]) => [x0 + (a - left) * x, y0 + (top - b) * y],
    back: ([a, b]) => [left + (a - x0) / x, top - (b - y0) / y],
    line: (points) => polyline(points.map(([a, b]) => [x0 + (a - left) * x, y0 + (top - b) * y])),
  };
}

/* The lines through zero, the whole numbers along both axes, and the names of the axes. */
function drawAxes({ x0, y0, inner, range, at, line }, names) {
  const whole = range.map(([low, high]) => Array.from(
    { length: Math.ceil(high) - Math.floor(low) }, (_, n) => Math.floor(low) + n)
    .filter((mark) => mark !== 0 && mark > low && mark < high));
  const [[left, right], [bottom, top]] = range;
  return [
    makePath([line([[left, 0], [right, 0]]), line([[0, bottom], [0, top]])], { class: "axis" }),
    ...whole[0].map((mark) => makeText(digits(mark), [at([mark, 0])[0], y0 + inner + 14])),
    ...whole[1].map((mark) => makeText(digits(mark), [x0 - 6, at([0, mark])[1]], "end")),
    makeText(names[0], [x0 + inner - 10, at([0, 0])[1] + 12]),
    makeText(names[1], [at([0, 0])[0] - 14, y0 + 10]),
  ];
}

/* A run in a picture: the way, and a square at its end. */
const drawRun = ({ line }, points, colour) => [
  makePath([line(points)], { class: "run", stroke: colour, pathLength: 1 }),
  makePath([`${line(points.slice(-1))}h0`], { class: "end", stroke: colour }),
];

/* The picture of a figure, with its handle; `change` is called with what the handle moves. */
function makePicture({ picture }, { controls, problem }, id, change) {
  const range = picture.range(controls);
  const frame = make("rect");
  const inside = make("g", { "clip-path": `url(#${id}-frame)` });
  const around = make("g");
  const handle = make("g", {
    role: "slider", tabindex: 0, class: "handle", "aria-label": picture.handle,
    "aria-valuemin": range[0][0], "aria-valuemax": range[0][1],
  }, make("circle", { r: 22, class: "reach" }), make("circle", { r: 8 }));
  const drawing = make("g", { role: "img", "aria-label": picture.describe }, inside, around);
  const svg = make("svg", {}, make("clipPath", { id: `${id}-frame` }, frame), drawing, handle);
  let now;

  function draw(run, context, resting) {
    const size = Math.max(240, svg.clientWidth);
    const scale = pictureScale(size, range);
    now = picture.at(context.settings, problem);
    svg.setAttribute("viewBox", `0 0 ${size} ${size}`);
    Object.entries({ x: scale.x0, y: scale.y0, width: scale.inner, height: scale.inner })
      .forEach(([key, value]) => frame.setAttribute(key, value));
    const parts = picture.draw(run, context, scale);
    inside.replaceChildren(...parts.inside);
    around.replaceChildren(...parts.around);
    drawing.classList.toggle("slides", resting);
    handle.setAttribute("transform", `translate(${scale.at(now)})`);
    handle.setAttribute("aria-valuenow", now[0]);
    handle.setAttribute("aria-valuetext", picture.says(context.settings));
  }

  const moveTo = (point) => change(picture.to(
    point.map((value, n) => Math.min(range[n][1], Math.max(range[n][0], value))), problem));
  const pointed = ({ clientX, clientY }) => {
    const corner = svg.getBoundingClientRect();
    moveTo(pictureScale(corner.width, range).back([clientX - corner.left, clientY - corner.top]));
  };
  svg.addEventListener("click", pointed);
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
    moveTo(now.map((value, n) => value + by[event.key][n]));
  });
  return { element: svg, draw };
}

function makeFigure(place, given, number) {
  const { figure: name, controls: all } = given;
  const figure = liveFigures[name];
  const id = `live-${number}`;
  const defaults = fromAddress(name, all, "");
  let settings = fromAddress(name, all, location.hash);
  let waiting;

  const status = make("p", { role: "status", id: `${id}-status` });
  const beside = make("svg", { role: "img", "aria-label": figure.describe });
  const picture = figure.picture && makePicture(figure, given, id, change);

  function draw(resting) {
    const run = figure.run(given, settings);
    const context = { ...given, settings };
    picture?.draw(run, context, resting);
    const width = Math.max(220, beside.clientWidth);
    const { parts, height } = figure.beside(run, context, width);
    beside.setAttribute("viewBox", `0 0 ${width} ${height}`);
    beside.replaceChildren(...parts);
    if (resting) status.textContent = figure.words(run, settings);
  }

  /* While something moves, the figure follows; when it rests, it is put in words, once: a screen reader
     hears where a slider stopped, and not each value on the way. */
  function change(moved) {
    settings = { ...settings, ...moved };
    all.filter(({ min }) => min !== undefined)
      .forEach((control) => { settings[control.name] = snapped(control, settings[control.name]); });
    controls.forEach((control) => control.set(settings[control.name]));
    draw(false);
    clearTimeout(waiting);
    waiting = setTimeout(() => {
      draw(true);
      const address = location.pathname + location.search + toAddress(name, settings, defaults);
      history.replaceState(null, "", address);
    }, 250);
  }

  const controls = all.filter((control) => !figure.picture?.instead.includes(control.name))
    .map((control) => makeControl(control, `${id}-${control.name}`,
      (value) => change({ [control.name]: value })));
  controls.forEach((control) => control.set(settings[control.name]));
  const reset = make("button", { type: "button" }, "As in the text");
  reset.addEventListener("click", () => change(defaults));
  addEventListener("hashchange", () => {
    if (isFor(name, location.hash)) change(fromAddress(name, all, location.hash));
  });
  const elements = [...controls.map(({ element }) => element), reset];
  const panel = make("div", { class: "controls" }, ...elements);
  if (picture) panel.prepend(beside);
  place.replaceChildren(
    ...(picture ? [make("div", { class: "plane" }, picture.element, panel)] : [panel, beside]), status);
  // Draws for the first time, too. The sentence changes the figure's height, and not its width.
  let width;
  new ResizeObserver(([{ contentRect }]) => {
    if (contentRect.width === width) return;
    width = contentRect.width;
    draw(true);
  }).observe(place);
  if (isFor(name, location.hash)) place.scrollIntoView();
}

document.addEventListener("DOMContentLoaded", () => {
  document.querySelectorAll(".live").forEach((place, number) => {
    makeFigure(place, JSON.parse(place.querySelector("script").textContent), number);
  });
});
