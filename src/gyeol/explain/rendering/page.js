
"use strict";
const $ = (id) => document.getElementById(id);
const data = JSON.parse($("data").textContent), say = data.say;
const lists = { input: data.tokens, output: data.output };
const marks = { input: [...$("input").querySelectorAll("[data-i]")], output: [...$("output").querySelectorAll("[data-i]")] };
const at = { layer: 0, key: "", unit: -1, input: 0, output: 0, axis: "input", shade: "" };
const digits = (x) => Math.abs(x) >= 0.001 || x === 0 ? x.toFixed(3) : x.toExponential(1);
const signed = (x) => (x > 0 ? "+" : "") + digits(x);
const fill = (text, ...values) => { let n = 0; return text.replace(/\{(\d?)[^}]*\}/g, (_, place) => values[place === "" ? n++ : Number(place)]); };
const clamp = (x, low, high) => Math.min(high, Math.max(low, x));
const SVG = "http://www.w3.org/2000/svg";

function make(tag, attributes = {}, ...children) {
  const svg = ["svg", "polyline", "polygon", "line"].includes(tag);
  const element = svg ? document.createElementNS(SVG, tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

// Bytes in base64 are numbers again, once they are needed.
function unpack(packed) {
  if (packed.numbers) return packed.numbers;
  const raw = atob(packed.data), numbers = new Float32Array(raw.length);
  for (let i = 0; i < raw.length; i++) {
    const byte = raw.charCodeAt(i);
    numbers[i] = (packed.signed && byte > 127 ? byte - 256 : byte) * packed.scale;
  }
  return (packed.numbers = numbers);
}

const layer = () => data.layers[at.layer];
const array = (key = at.key) => layer().arrays.find((one) => one.key === key) || layer().arrays[0];
// A layer that a convolution feeds has fewer steps than the input: a column of it is several steps of that.
const column = (i, one = layer()) => Math.floor((i * one.steps) / lists[one.axis].length);
const stretched = (numbers, one = layer()) => (one.steps === lists[one.axis].length ? numbers : Float32Array.from({ length: lists[one.axis].length }, (_, i) => numbers[column(i, one)]));
// What one unit does over the steps, or the mean of all; a unit is a place among those that are in the page.
function over(one, unit = at.unit) {
  if (unit < 0) return stretched(unpack(one.mean));
  const all = unpack(one), width = layer().units.length;
  return stretched(Float32Array.from({ length: layer().steps }, (_, t) => all[t * width + unit]));
}
const named = (key, kind) => (kind === "gate" && say["gate " + key]) || say[key] || key;
const layerName = (one) => `${say[one.name] || one.name} · ${fill(say["nth layer"], one.layer + 1)} · ${say[one.direction]} · ${one.cell}`;
const unitName = () => (at.unit < 0 ? say.all : `${say.unit} ${layer().units[at.unit]}`);

// Colours of numbers: blue above zero, orange below, the paper at zero.
let tones = {};
function readTones() {
  const style = getComputedStyle(document.documentElement);
  for (const name of ["for", "against", "empty"]) tones[name] = style.getPropertyValue("--" + name).trim().split(" ").map(Number);
}
function paintPixels(canvas, columns, rows, value, most) {
  canvas.width = columns; canvas.height = rows;
  const image = new ImageData(columns, rows);
  for (let row = 0, p = 0; row < rows; row++) for (let column = 0; column < columns; column++, p += 4) {
    const share = clamp(value(column, row) / (most || 1), -1, 1), tone = share < 0 ? tones.against : tones.for;
    for (let c = 0; c < 3; c++) image.data[p + c] = tones.empty[c] + (tone[c] - tones.empty[c]) * Math.abs(share);
    image.data[p + 3] = 255;
  }
  canvas.getContext("2d").putImageData(image, 0, 0);
}
const lowest = (numbers) => numbers.reduce((low, x) => Math.min(low, x), Infinity);
const highest = (numbers) => numbers.reduce((high, x) => Math.max(high, x), -Infinity);
const most = (numbers) => numbers.reduce((high, x) => Math.max(high, Math.abs(x)), 0);
// Gates are white where they are half open, blue open, orange closed; all else is white at zero.
const halved = (one) => one.kind === "gate" && !one.signed;
const tint = (one) => { const high = most(unpack(one)); return halved(one) ? (value) => 2 * value - 1 : (value) => value / (high || 1); };

// What the steps are shaded by: numbers of an axis.
function shading() {
  const [kind, number] = [at.shade[0], Number(at.shade.slice(1))];
  if (kind === "a") return { axis: "input", numbers: data.attributions[number].values };
  if (kind === "w") return { axis: "input", numbers: attentionRow(data.attention[number]), look: true };
  if (kind === "u" && data.layers.length) {
    const one = array(), numbers = over(one), high = at.unit < 0 && !halved(one) ? most(numbers) || 1 : 0, tone = high ? (value) => value / high : tint(one);
    return { axis: layer().axis, numbers: Array.from(numbers, tone), top: 1 };
  }
  if (kind === "g") return { axis: layer().axis, numbers: stretched(Object.values(layer().gradients)[0] || []) };
  return { axis: "input", numbers: [] };
}
function rowOf(one) {
  if (one.rows.length === 1) return 0;
  if (one.rows.length === lists.output.length) return at.output;
  return one.rows.length === lists.input.length ? at.input : 0;
}
function attentionRow(one, row = rowOf(one)) {
  const width = lists.input.length;
  return unpack(one).subarray(row * width, (row + 1) * width);
}
function paintSteps() {
  const { axis, numbers, top, look } = shading(), high = top || most(numbers) || 1;
  for (const side of ["input", "output"]) marks[side].forEach((mark, i) => {
    const value = side === axis && i < numbers.length ? numbers[i] / high : 0, tone = value < 0 ? "against" : "for";
    const dark = look && side === "input" && data.kind === "image";
    const colour = dark ? `rgb(0 0 0 / ${0.75 * (1 - value)})` : value ? `rgb(var(--${tone}) / ${(0.5 * Math.abs(value)).toFixed(3)})` : "";
    const now = mark.classList.contains("now") ? " now" : "", own = mark.classList.contains("m") ? " m" : "";
    mark.setAttribute("class", "t" + own + now + (value > 0.06 ? " up" : value < -0.06 ? " down" : ""));
    if (mark.namespaceURI === SVG) mark.style.fill = colour; else mark.style.backgroundColor = colour;
  });
}

// A chart of lines over the steps of an axis, with a cursor at the current one.
let charts = [];
function chart(box, { axis, lines, low, high, label, ends, zero }) {
  const steps = lists[axis].length, span = high - low || 1, y = (v) => 96 - 92 * ((v - low) / span);
  const svg = make("svg", { viewBox: `0 0 ${steps} 100`, preserveAspectRatio: "none", role: "img", "aria-label": label });
  if (zero && low < 0 && high > 0) svg.append(make("line", { class: "zero", x1: 0, x2: steps, y1: y(0), y2: y(0) }));
  const place = (line, i) => (line.steps ? line.steps[i] - 0.5 : i + 0.5);
  for (const line of lines) {
    if (line.band) {
      const [under, above] = line.band, points = [...under].map((v, i) => `${i + 0.5},${y(v)}`);
      svg.append(make("polygon", { class: line.colour, points: points.concat([...above].map((v, i) => `${i + 0.5},${y(v)}`).reverse()).join(" ") }));
    }
    let points = [...line.values].map((v, i) => [place(line, i), y(v)]);
    if (points.length === 1) points = [[0, points[0][1]], [steps, points[0][1]]];
    svg.append(make("polyline", { class: line.colour, points: points.map((p) => p.join(",")).join(" ") }));
  }
  const cursor = make("line", { class: "cursor", y1: 0, y2: 100 });
  svg.append(cursor);
  const area = make("div", { class: "area" }, svg, make("span", { class: "end high" }, ends ? ends[1] : digits(high)), make("span", { class: "end low" }, ends ? ends[0] : digits(low)));
  const figures = lines.map(() => make("b"));
  const legend = make("div", { class: "legend" }, ...lines.map((line, n) => make("span", { class: line.colour }, line.name + " ", figures[n])));
  box.append(make("div", { class: "chart" }, area, legend));
  dragged(area, (x) => move(axis, Math.floor(x * steps)));
  charts.push({ axis, show(i) {
    cursor.setAttribute("x1", i + 0.5); cursor.setAttribute("x2", i + 0.5);
    lines.forEach((line, n) => {
      const j = line.steps ? line.steps.filter((s) => s <= i + 1).length - 1 : i, shown = line.told || line.values;
      figures[n].textContent = j >= 0 && j < shown.length ? digits(shown[j]) : "";
    });
  } });
}
function dragged(element, tell) {
  const told = (event) => { const box = element.getBoundingClientRect(); tell(clamp((event.clientX - box.left) / box.width, 0, 0.99999), clamp((event.clientY - box.top) / box.height, 0, 0.99999)); };
  element.addEventListener("pointerdown", told);
  element.addEventListener("pointermove", (event) => { if (event.buttons & 1) told(event); });
}

// The heat map: a row a unit, a column a step.
const order = () => ($("busiest").checked ? layer().busy : layer().units.map((_, n) => n));
const heat = { canvas: make("canvas"), column: make("i", { class: "column" }), row: make("i", { class: "row" }) };
function paintHeat() {
  const one = array(), numbers = unpack(one), width = layer().units.length, rows = order(), steps = layer().steps;
  const tone = tint(one);
  paintPixels(heat.canvas, steps, width, (t, r) => tone(numbers[t * width + rows[r]]), 1);
  const high = clamp(Math.round(340 / width), 3, 18) * width;
  heat.canvas.style.height = `${high}px`;
  heat.canvas.setAttribute("aria-label", `${named(one.key, one.kind)}, ${fill(say.units, layer().size)}: ${say.cells}`);
  const words = lists[layer().axis], fit = words.length * 26 <= $("heat").clientWidth;
  $("ticks").replaceChildren(...(fit ? words.map((word) => make("span", {}, make("bdi", {}, word))) : []));
  $("shown").textContent = width < layer().size ? fill(say.shown, width, layer().size) : `${fill(say.units, width)} · ${say.cells}`;
  $("shown").textContent += ` · ${halved(one) ? say.open : say.sign}`;
}
function markHeat() {
  const steps = layer().steps, i = column(at[layer().axis]), width = layer().units.length;
  heat.column.style.left = `${(100 * i) / steps}%`; heat.column.style.width = `${100 / steps}%`;
  heat.row.hidden = at.unit < 0;
  heat.row.style.top = `${(100 * order().indexOf(at.unit)) / width}%`; heat.row.style.height = `${100 / width}%`;
}

// Gates and memory at the current step: all units as a strip, their mean and spread, and the chosen unit.
function showNow() {
  const i = column(at[layer().axis]), width = layer().units.length, rows = order(), body = make("tbody");
  const head = ["", fill(say.units, width), say.mean, say.spread, ...(at.unit < 0 ? [] : [unitName()])];
  for (const one of layer().arrays) {
    const numbers = unpack(one), tone = tint(one), canvas = make("canvas", { "aria-hidden": "true" });
    paintPixels(canvas, width, 1, (u) => tone(numbers[i * width + rows[u]]), 1);
    const mean = unpack(one.mean)[i], spread = `${unpack(one.low)[i].toFixed(2)} … ${unpack(one.high)[i].toFixed(2)}`;
    const row = make("tr", one.key === at.key ? { class: "on" } : {}, make("th", { scope: "row" }, named(one.key, one.kind)), make("td", { class: "units" }, canvas), make("td", {}, mean.toFixed(3)), make("td", {}, spread));
    if (at.unit >= 0) row.append(make("td", {}, numbers[i * width + at.unit].toFixed(3)));
    row.addEventListener("click", () => { $("key").value = at.key = one.key; showLayer(); });
    body.append(row);
  }
  $("now").replaceChildren(make("thead", {}, make("tr", {}, ...head.map((text) => make("th", { scope: "col" }, text)))), body);
}

// The unit's curves, the gradient's norm, the reading: drawn again where the layer or the unit changes.
function showUnit() {
  charts = charts.filter((one) => !one.ofLayer);
  const before = charts.length, lines = { gate: [], state: [] };
  for (const one of layer().arrays) {
    const band = at.unit < 0 ? [stretched(unpack(one.low)), stretched(unpack(one.high))] : null;
    lines[one.kind].push({ name: named(one.key, one.kind), values: over(one), band, colour: `c${lines[one.kind].length}` });
  }
  for (const [kind, box] of [["gate", $("gates")], ["state", $("states")]]) {
    box.replaceChildren();
    if (!lines[kind].length) continue;
    const all = lines[kind].flatMap((line) => [...line.values, ...(line.band ? [...line.band[0], ...line.band[1]] : [])]);
    const low = Math.min(0, lowest(all)), high = kind === "gate" ? 1 : Math.max(0, highest(all));
    chart(box, { axis: layer().axis, lines: lines[kind], low: kind === "gate" && low < 0 ? -1 : low, high, zero: true, label: `${unitName()}: ${lines[kind].map((line) => line.name).join(", ")}` });
  }
  $("gradients").replaceChildren();
  const norms = Object.entries(layer().gradients).map(([key, own]) => [key, [...stretched(own)]]);
  $("gradient-part").hidden = !norms.length;
  if (norms.length) {
    const all = norms.flatMap(([, own]) => own), high = highest(all) || 1, floor = high * 1e-6;
    const steep = high > 50 * Math.max(floor, lowest(all)), scaled = (v) => (steep ? Math.log10(Math.max(v, floor)) : v);
    const low = steep ? lowest(all.map(scaled)) : 0;
    const shown = norms.map(([key, own], n) => ({ name: named(key), values: own.map(scaled), told: own, colour: `c${n}` }));
    chart($("gradients"), { axis: layer().axis, lines: shown, low, high: scaled(high), ends: [steep ? (10 ** low).toExponential(0) : "0", digits(high)], label: `${say.gradients}: ${norms.map(([key, own]) => `${named(key)} ${digits(own[0])} … ${digits(own[own.length - 1])}`).join(", ")}` });
    $("gradients").append(make("p", { class: "faint" }, [data.loss && fill(say.loss, data.loss), layerName(layer()), steep && say.log].filter(Boolean).join(" · ")));
  }
  charts.slice(before).forEach((one) => { one.ofLayer = true; });
  const values = over(array()), words = lists[layer().axis];
  const best = [...values.keys()].sort((a, b) => Math.abs(values[b]) - Math.abs(values[a])).slice(0, 6);
  $("strongest").replaceChildren(`${say.strongest} (${named(array().key, array().kind)}, ${unitName()}): `, ...best.map((i) => {
    const button = make("button", { type: "button" }, make("bdi", {}, words[i]), ` ${digits(values[i])}`);
    button.addEventListener("click", () => move(layer().axis, i));
    return button;
  }));
}

function showLayer() {
  paintHeat(); showUnit(); paintSteps(); showStep();
}
function chooseLayer(number) {
  at.layer = number;
  const units = layer().units, keep = array(at.key).key;
  $("key").replaceChildren(...layer().arrays.map((one) => make("option", { value: one.key }, named(one.key, one.kind))));
  $("key").value = at.key = keep;
  at.unit = Math.min(at.unit, units.length - 1);
  $("unit").replaceChildren(make("option", { value: -1 }, say.all), ...units.map((unit, n) => make("option", { value: n }, `${say.unit} ${unit}`)));
  $("unit").value = at.unit;
  showLayer();
}
function chooseUnit(unit) {
  at.unit = clamp(unit, -1, layer().units.length - 1);
  $("unit").value = at.unit;
  at.shade = $("shade").value = "u0";
  showUnit(); paintSteps(); showStep();
}

// Attention: rows of shades, or, on an image, the image once for each word.
const matrices = [];
function showAttention() {
  data.attention.forEach((one, number) => {
    const box = make("div"), title = data.attention.length > 1 || one.rows.length > 1 ? [make("p", { class: "faint" }, one.name)] : [];
    const choose = (row) => { at.shade = $("shade").value = `w${number}`; if (one.rows.length === lists.output.length) move("output", row); else if (one.rows.length === lists.input.length && one.rows.length > 1) move("input", row); else showStep(); paintSteps(); };
    let names = [];
    if (data.kind === "image" && one.rows.length <= 60) {
      names = one.rows.map((row, r) => { const canvas = make("canvas", { width: 160, height: 160, "aria-hidden": "true" }), button = make("button", { type: "button" }, canvas, make("bdi", {}, row)); button.addEventListener("click", () => choose(r)); drawWord(canvas, attentionRow(one, r)); return button; });
      box.append(...title, make("div", { class: "words" }, ...names));
    } else {
      const canvas = make("canvas"), frame = make("div", { class: "heat" }, canvas), shown = one.rows.length <= 60 && one.rows.length > 1;
      frame.column = make("i", { class: "column" }); frame.row = make("i", { class: "row" }); frame.append(frame.column, frame.row);
      canvas.style.height = `${clamp(Math.round(320 / one.rows.length), 3, 22) * one.rows.length}px`;
      canvas.setAttribute("role", "img"); canvas.setAttribute("aria-label", `${say.attention}: ${one.name}`);
      if (shown) names = one.rows.map((row, r) => { const span = make("span", {}, make("bdi", {}, row)); span.addEventListener("click", () => choose(r)); return span; });
      dragged(frame, (x, y) => { move("input", Math.floor(x * lists.input.length)); choose(Math.floor(y * one.rows.length)); });
      box.append(...title, make("div", { class: "matrix" }, make("div", { class: "names" }, ...names), frame));
      matrices.push(() => { const numbers = unpack(one), width = lists.input.length; paintPixels(canvas, width, one.rows.length, (t, r) => numbers[r * width + t], most(numbers)); });
      one.frame = frame;
    }
    one.names = names; one.told = make("p"); box.append(one.told);
    $("attention").append(box);
  });
}
function drawWord(canvas, weights) {
  const photo = $("photo"), side = Math.round(Math.sqrt(weights.length)), pen = canvas.getContext("2d"), size = canvas.width / side, high = most(weights) || 1;
  const draw = () => { pen.drawImage(photo, 0, 0, canvas.width, canvas.height); weights.forEach((w, n) => { pen.fillStyle = `rgb(0 0 0 / ${0.75 * (1 - w / high)})`; pen.fillRect((n % side) * size, Math.floor(n / side) * size, size, size); }); };
  if (photo.complete) draw(); else photo.addEventListener("load", draw);
}
function tellAttention() {
  for (const one of data.attention) {
    const row = rowOf(one), weights = attentionRow(one);
    const best = [...weights.keys()].sort((a, b) => weights[b] - weights[a]).slice(0, 5);
    one.names.forEach((name, r) => name.classList.toggle("on", r === row));
    if (one.frame) { const c = one.frame.column.style, r = one.frame.row.style; c.left = `${(100 * at.input) / lists.input.length}%`; c.width = `${100 / lists.input.length}%`; r.top = `${(100 * row) / one.rows.length}%`; r.height = `${100 / one.rows.length}%`; }
    one.told.textContent = `${one.rows[row]} · ${say.looked}: ${best.map((i) => `${lists.input[i]} ${(100 * weights[i]).toFixed(1)} %`).join(", ")}`;
  }
}

// One step on: everything that shows a step follows. At first it is the last step, where all has been read.
let moved = false;
function move(axis, i) {
  moved = true;
  at.axis = axis;
  at[axis] = clamp(i, 0, lists[axis].length - 1);
  const near = data.attention.some((one) => one.rows.length > 1);
  if (at.shade[0] === "w" && near) paintSteps();
  showStep();
}
function showStep() {
  for (const axis of ["input", "output"]) {
    marks[axis].forEach((mark, i) => mark.classList.toggle("now", i === at[axis]));
    if (!lists[axis].length) continue;
    const slide = $(`slide-${axis}`), name = lists[axis][at[axis]];
    slide.value = at[axis]; slide.setAttribute("aria-valuetext", `${at[axis] + 1} / ${lists[axis].length}: ${name}`);
    if (moved) reveal(marks[axis][at[axis]]);
  }
  for (const one of charts) one.show(at[one.axis]);
  if (data.layers.length) { markHeat(); showNow(); }
  tellAttention();
  const i = at[at.axis], told = [`${i + 1} / ${lists[at.axis].length}`, lists[at.axis][i]];
  if (at.axis === "input") {
    if (data.labels.length) told.push(`${say.label} ${data.labels[i]}`);
    data.attributions.forEach((why) => told.push(`${say[why.method] || why.method} ${signed(why.values[i])}`));
    if (data.reading) { const n = data.reading.steps.filter((s) => s <= i + 1).length - 1; if (n >= 0) told.push(`${data.reading.names[0]} ${digits(data.reading.values[0][n])}`); }
  }
  if (data.layers.length && layer().axis === at.axis && at.shade[0] === "u") told.push(`${named(array().key, array().kind)}, ${unitName()} ${digits(over(array())[i])}`);
  $("status").textContent = told.join(" · ");
  if ($("figures").open) showTable();
}
// Scrolls the box of a long text, and not the page.
function reveal(mark) {
  const box = mark && mark.closest(".steps");
  if (!box || box.scrollHeight <= box.clientHeight) return;
  const outer = box.getBoundingClientRect(), inner = mark.getBoundingClientRect();
  if (inner.top < outer.top || inner.bottom > outer.bottom) box.scrollTop += inner.top - outer.top - box.clientHeight / 2;
}

// The table of figures: what the markup has, and the current layer's.
let tableOf = "";
function showTable() {
  const axis = data.layers.length ? layer().axis : "input", key = `${at.layer} ${at.key} ${at.unit}`;
  if (key === tableOf) return;
  tableOf = key;
  const columns = axis === "input" ? data.attributions.map((why) => [say[why.method] || why.method, why.values]) : [];
  if (data.layers.length) {
    columns.push([`${named(array().key, array().kind)}, ${unitName()}`, over(array())]);
    for (const [name, norms] of Object.entries(layer().gradients)) columns.push([`${say.gradient}, ${named(name)}`, stretched(norms)]);
  }
  if (axis === "input" && data.reading) data.reading.names.slice(0, 2).forEach((name, n) => {
    const known = new Map(data.reading.steps.map((s, j) => [s - 1, data.reading.values[n][j]]));
    columns.push([name, lists.input.map((_, i) => known.get(i))]);
  });
  const rows = lists[axis].slice(0, 1000).map((name, i) => make("tr", {}, make("th", { scope: "row" }, `${i + 1} `, make("bdi", {}, name)), ...columns.map(([, own]) => make("td", {}, own[i] === undefined ? "" : digits(own[i])))));
  $("table").replaceChildren(make("thead", {}, make("tr", {}, ...[say.step, ...columns.map(([name]) => name)].map((name) => make("th", { scope: "col" }, name)))), make("tbody", {}, ...rows));
}

function start() {
  readTones();
  for (const axis of ["input", "output"]) {
    const slide = $(`slide-${axis}`), count = lists[axis].length;
    slide.hidden = count < 2; slide.max = Math.max(0, count - 1); at[axis] = Math.max(0, count - 1);
    slide.addEventListener("input", () => move(axis, Number(slide.value)));
    const find = (event) => { const mark = event.target.closest("[data-i]"); return mark ? Number(mark.dataset.i) : -1; };
    $(axis).addEventListener("pointerdown", (event) => { const i = find(event); if (i >= 0) move(axis, i); });
    $(axis).addEventListener("pointerover", (event) => { const i = find(event); if (i >= 0 && (event.pointerType === "mouse" || event.buttons)) move(axis, i); });
  }
  const options = data.attributions.map((why, n) => [`a${n}`, say[why.method] || why.method]);
  data.attention.forEach((one, n) => options.push([`w${n}`, `${say.attention}: ${one.name}`]));
  if (data.layers.length) options.push(["u0", `${say.unit}`]);
  if (data.layers.some((one) => Object.keys(one.gradients).length)) options.push(["g0", say.gradient]);
  options.push(["n0", say.none]);
  $("shade").append(...options.map(([value, name]) => make("option", { value }, name)));
  $("shade-label").hidden = false; $("keys").hidden = false; $("inside").hidden = false;
  at.shade = options[0][0];
  $("shade").addEventListener("change", () => { at.shade = $("shade").value; if (at.shade[0] === "a") $("sum").textContent = data.attributions[Number(at.shade.slice(1))].sum; paintSteps(); showStep(); });
  if (data.mel) { const numbers = unpack(data.mel); paintMel = () => paintPixels($("mel"), data.mel.rows, data.mel.bins, (t, b) => numbers[t * data.mel.bins + data.mel.bins - 1 - b], 1); paintMel(); dragged($("mel"), (x) => move("input", Math.floor(x * lists.input.length))); }
  if (data.reading) {
    const all = data.reading.values.flat(), low = data.reading.shares ? 0 : lowest(all), high = data.reading.shares ? 1 : highest(all);
    chart($("reading"), { axis: "input", low, high, label: `${say.read}: ${data.reading.names.map((name, n) => `${name} ${digits(data.reading.values[n].at(-1))}`).join(", ")}`, lines: data.reading.names.map((name, n) => ({ name, values: data.reading.values[n], steps: data.reading.steps, colour: `c${n % 6}` })) });
  }
  $("reading-part").hidden = !data.reading;
  $("attention-part").hidden = !data.attention.length;
  showAttention(); matrices.forEach((paint) => paint());
  for (const id of ["layers-part", "step-part", "unit-part", "gradient-part"]) $(id).hidden = !data.layers.length;
  if (data.layers.length) {
    $("heat").append(heat.canvas, heat.column, heat.row);
    heat.canvas.setAttribute("role", "img");
    $("layer").append(...data.layers.map((one, n) => make("option", { value: n }, layerName(one))));
    $("layer").addEventListener("change", () => chooseLayer(Number($("layer").value)));
    $("key").addEventListener("change", () => { at.key = $("key").value; showLayer(); });
    $("unit").addEventListener("change", () => chooseUnit(Number($("unit").value)));
    $("busiest").addEventListener("change", () => { paintHeat(); showStep(); });
    dragged($("heat"), (x, y) => { move(layer().axis, Math.floor(x * lists[layer().axis].length)); chooseUnit(order()[Math.floor(y * layer().units.length)]); });
    const first = layer().arrays.find((one) => one.key === "cell") || layer().arrays.find((one) => one.key === "hidden") || layer().arrays[0];
    at.key = first.key;
    chooseLayer(0);
  } else { paintSteps(); showStep(); }
  $("figures").addEventListener("toggle", () => { if ($("figures").open) showTable(); });
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("select, input, summary")) return;
    const last = lists[at.axis].length - 1, to = { ArrowLeft: at[at.axis] - 1, ArrowRight: at[at.axis] + 1, Home: 0, End: last }[event.key];
    if (to !== undefined) { event.preventDefault(); move(at.axis, to); }
    else if (data.layers.length && (event.key === "ArrowUp" || event.key === "ArrowDown")) {
      event.preventDefault();
      const rows = order(), place = rows.indexOf(at.unit) + (event.key === "ArrowDown" ? 1 : -1);
      chooseUnit(place < 0 ? -1 : rows[Math.min(place, rows.length - 1)]);
    }
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { readTones(); paintMel(); matrices.forEach((paint) => paint()); if (data.layers.length) showLayer(); else paintSteps(); });
}
let paintMel = () => {};
start();
