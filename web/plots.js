// Plots of the series: what happened period by period. Places and the scale beside them are floats, figures never.

import { ask } from "./api.js";
import { integer, time, token } from "./figures.js";

const REFRESH_MS = 30000;
const TOPICS = ["supply", "staking", "diem"];
const WIDTH = 320;
const HEIGHT = 96;
/** The day is enough where a period is one or longer. */
const WRITTEN = { hour: (start) => time(start).slice(0, 16), month: (start) => start.slice(0, 7) };

const amount = (unit, digits = 0) => ({ unit, write: (value) => `${token(value, digits)} ${unit}`, place: (value) => Number(BigInt(value) / 10n ** 9n) / 1e9 });
const ROUGH = new Intl.NumberFormat("en-US", { notation: "compact", maximumSignificantDigits: 4 });
const COUNT = { unit: "", write: integer, place: Number };
const VVV = amount("VVV");
const DIEM = amount("DIEM", 2);

/** Lines are levels at the ends of periods, bars what came and went in them, one upon the other. */
const PLOTS = [
  { id: "supply", title: "Supply, less what is burned", kind: "lines", topic: "supply", scale: VVV,
    parts: [["supply", (at) => at.effective], ["circulating", (at) => at.circulating]] },
  { id: "burned", title: "Burned", kind: "bars", topic: "supply", scale: VVV, parts: [["burned", (at) => at.flow?.burned.amount]] },
  { id: "emitted", title: "Emitted", kind: "bars", topic: "supply", scale: VVV,
    parts: [["to stakers", (at) => at.flow?.minted.stakers?.amount], ["to the treasury", (at) => at.flow?.minted.treasury?.amount]] },
  { id: "holders", title: "Holders", kind: "lines", topic: "supply", scale: COUNT, parts: [["holders", (at) => at.holders]] },
  { id: "staked", title: "Staked", kind: "lines", topic: "staking", scale: amount("sVVV"),
    parts: [["staked", (at) => at.staked], ["locked for DIEM", (at) => at.locked]] },
  { id: "stakers", title: "Stakers", kind: "lines", topic: "staking", scale: COUNT, parts: [["stakers", (at) => at.stakers]] },
  { id: "diem", title: "DIEM", kind: "lines", topic: "diem", scale: DIEM,
    parts: [["supply", (at) => at.supply], ["staked", (at) => at.staked]] },
  { id: "diem-minted", title: "DIEM minted", kind: "bars", topic: "diem", scale: DIEM, parts: [["minted", (at) => at.flow?.minted.amount]] },
];

const $ = (id) => document.getElementById(id);

function svg(name, attributes = {}) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", name);
  Object.entries(attributes).forEach(([key, value]) => node.setAttribute(key, value));
  return node;
}

function html(name, text = "", className = "") {
  const node = document.createElement(name);
  node.textContent = text;
  node.className = className;
  return node;
}

const isKnown = (value) => value !== null && value !== undefined;

// ---- where things are drawn

/** Each part's value of each period as a float, `null` where it is not known; for bars on top of the parts below. */
function places({ kind, scale, parts }, items) {
  const single = parts.map(([, read]) => items.map(read).map((value) => (isKnown(value) ? scale.place(value) : null)));
  if (kind === "lines") return single;
  return single.map((_, part) => items.map((_, at) => {
    const below = single.slice(0, part + 1).map((values) => values[at]);
    return below.includes(null) ? null : below.reduce((sum, value) => sum + value, 0);
  }));
}

/** From what to what the height reaches. Bars begin at nothing; lines at their lowest, or a change could not be seen. */
function reach(kind, tops) {
  const known = tops.flat().filter(isKnown);
  const high = Math.max(0, ...known);
  const low = kind === "bars" ? 0 : Math.min(high, ...known);
  return { low, high };
}

function line(values, x, y) {
  let isPen = false;
  const steps = values.map((value, at) => {
    if (value === null) { isPen = false; return ""; }
    const step = `${isPen ? "L" : "M"}${x(at).toFixed(1)} ${y(value).toFixed(1)}`;
    isPen = true;
    return step;
  });
  return steps.join("");
}

function drawing(plot, items, tops, { low, high }) {
  // What never changes lies in the middle; nothing lies at the bottom.
  const part = (value) => (high > low ? (value - low) / (high - low) : high && 0.5);
  const y = (value) => HEIGHT - 2 - part(value) * (HEIGHT - 6);
  const slot = WIDTH / items.length;
  if (plot.kind === "lines") {
    const step = WIDTH / Math.max(1, items.length - 1);
    // One point is no line: it is drawn across.
    const draw = (values) => (values.length === 1 ? line([values[0], values[0]], (at) => at * WIDTH, y) : line(values, (at) => at * step, y));
    return tops.map((values, part) => svg("path", { class: `line part-${part}`, d: draw(values) }));
  }
  const bar = (top, bottom, at, part) => svg("rect", {
    class: `column part-${part}${items[at].complete ? "" : " open"}`,
    x: (at * slot + slot * 0.1).toFixed(2), width: (slot * 0.8).toFixed(2), y: y(top).toFixed(2), height: (y(bottom) - y(top)).toFixed(2),
  });
  const below = (part, at) => (part === 0 ? 0 : tops[part - 1][at]);
  return tops.flatMap((values, part) => values.flatMap((top, at) => (top === null ? [] : [bar(top, below(part, at), at, part)])));
}

// ---- a plot

const drawn = new Map();

function figure(plot) {
  const node = html("figure", "", "plot");
  node.id = `plot-${plot.id}`;
  const caption = html("figcaption");
  const readout = html("p", "", "readout");
  caption.append(html("h3", plot.title), readout);
  const picture = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", tabindex: "0", role: "img" });
  const axis = html("p", "", "axis quiet");
  axis.append(html("span"), html("span"));
  const scale = html("p", "", "scale quiet");
  scale.append(html("span"), html("span"));
  const frame = html("div", "", "frame");
  frame.append(scale, picture);
  node.append(caption, frame, axis);
  const state = { plot, node, readout, picture, axis, scale, items: [], interval: "day", at: null };
  picture.addEventListener("pointermove", ({ clientX }) => point(state, positionOf(state, clientX)));
  picture.addEventListener("pointerleave", () => point(state, null));
  picture.addEventListener("blur", () => point(state, null));
  picture.addEventListener("keydown", (event) => step(state, event));
  return state;
}

function positionOf({ picture, plot, items }, clientX) {
  const { left, width } = picture.getBoundingClientRect();
  const part = Math.min(0.9999, Math.max(0, (clientX - left) / width));
  return plot.kind === "bars" ? Math.floor(part * items.length) : Math.round(part * (items.length - 1));
}

function step(state, event) {
  const last = state.items.length - 1;
  const from = state.at ?? last;
  const to = { ArrowLeft: from - 1, ArrowRight: from + 1, Home: 0, End: last }[event.key];
  if (to === undefined) return;
  event.preventDefault();
  point(state, Math.min(last, Math.max(0, to)));
}

/** Writes the figures of one period beside the plot and marks it; without one, those of the newest. */
function point(state, at) {
  const { plot, items, readout, picture, interval } = state;
  state.at = at;
  const item = items[at ?? items.length - 1];
  const when = (WRITTEN[interval] ?? ((start) => start.slice(0, 10)))(item.start);
  const figures = plot.parts.map(([name, read], part) => {
    const value = read(item);
    const text = html("span", "", `part-${part}`);
    text.append(html("b", isKnown(value) ? plot.scale.write(value) : "unknown"), plot.parts.length > 1 ? ` ${name}` : "");
    return text;
  });
  readout.replaceChildren(html("span", item.complete ? when : `${when}, so far`, "quiet"), ...figures);
  picture.querySelector(".mark")?.remove();
  if (at === null) return;
  const x = plot.kind === "bars" ? (at + 0.5) * (WIDTH / items.length) : at * (WIDTH / Math.max(1, items.length - 1));
  picture.append(svg("line", { class: "mark", x1: x, x2: x, y1: 0, y2: HEIGHT }));
}

function draw(state, items, interval) {
  Object.assign(state, { items, interval });
  const { plot, picture, axis, scale } = state;
  const tops = places(plot, items);
  const ends = reach(plot.kind, tops);
  const write = WRITTEN[interval] ?? ((start) => start.slice(0, 10));
  const [first, last] = [items[0], items[items.length - 1]].map((item) => write(item.start));
  picture.replaceChildren(...drawing(plot, items, tops, ends));
  scale.children[0].textContent = ends.high > ends.low ? ROUGH.format(ends.high) : "";
  scale.children[1].textContent = ROUGH.format(ends.low);
  picture.setAttribute("aria-label", `${plot.title}, by ${interval}, from ${first} to ${last}. Arrow keys go through it.`);
  axis.children[0].textContent = first;
  axis.children[1].textContent = first === last ? "" : last;
  point(state, state.at === null ? null : Math.min(state.at, items.length - 1));
}

// ---- all of them

let shown = null;

/** From the period before the first that had any VVV: what was before that tells nothing. */
function begun(bodies) {
  const first = bodies[0].items.findIndex((item) => item.erc20 !== "0");
  return bodies.map(({ items }) => items.slice(Math.max(0, first - 1)));
}

/** Draws the series up to a block, all of one interval; again only now and then, for a period is long. */
export async function drawPlots(block) {
  const interval = $("interval").value;
  const isFresh = shown && shown.interval === interval && performance.now() - shown.since < REFRESH_MS;
  if (isFresh) return;
  const bodies = await Promise.all(TOPICS.map((topic) => ask(`/v1/${topic}/history?interval=${interval}&block=${block}`)));
  if (interval !== $("interval").value) return;
  shown = { interval, since: performance.now() };
  const series = begun(bodies);
  for (const plot of PLOTS) {
    if (!drawn.has(plot.id)) {
      drawn.set(plot.id, figure(plot));
      $("plots").append(drawn.get(plot.id).node);
    }
    const items = series[TOPICS.indexOf(plot.topic)];
    if (items.length > 0) draw(drawn.get(plot.id), items, interval);
  }
  $("history").hidden = false;
  $("plots").dataset.interval = interval;
  $("plots").dataset.block = block;
}
