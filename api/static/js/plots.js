// Plots as SVG: events on a time line, readings as lines. Each has its numbers as a table beside it.

import { drawn, element } from "./elements.js";

const LEFT = 64;
const RIGHT = 16;

/** As wide as the window lets it be, so that letters keep their size. */
const room = () => Math.max(340, Math.min(1200, document.documentElement.clientWidth - 48));

const time = (text) => Date.parse(text);
const DAY = 86_400_000;

/** A label that says as much of a time as a span needs: year, day or clock. */
function clock(ms, span) {
  const text = new Date(ms).toISOString();
  if (span > 300 * DAY) return text.slice(0, 10);
  return text.slice(span > DAY ? 5 : 11, 16).replace("T", " ");
}

function timeAxis(width, from, to, height, timed = true) {
  const parts = [];
  const steps = width < 700 ? 3 : 6;
  for (let n = 0; n <= steps; n += 1) {
    const x = LEFT + ((width - LEFT - RIGHT) * n) / steps;
    const at = from + ((to - from) * n) / steps;
    const label = timed ? clock(at, to - from) : String(Math.round(at) + 1);
    parts.push(drawn("line", { x1: x, x2: x, y1: 8, y2: height - 22, class: "axis" }),
      drawn("text", { x, y: height - 6, "text-anchor": n === 0 ? "start" : n === steps ? "end" : "middle" }, label));
  }
  return parts;
}

/** Events as bars on a time line. */
export function timeline(events) {
  const width = room();
  const known = events.filter((event) => event.start);
  const ends = known.map((event) => time(event.end || event.start));
  const from = Math.min(...known.map((event) => time(event.start)));
  const to = Math.max(...ends, from + 3_600_000);
  const height = known.length * 30 + 40;
  const place = (at) => LEFT + ((width - LEFT - RIGHT) * (at - from)) / (to - from);
  const bars = known.map((event, n) => {
    const x = Math.min(place(time(event.start)), width - RIGHT - 3);
    const length = Math.max(place(time(event.end || event.start)) - x, 3);
    const style = ["far", "near", "active", "completed"].includes(event.status) ? event.status : "other";
    const right = x > width * 0.6;
    return drawn("g", {},
      drawn("title", {}, `${event.event} ${event.signal || ""} ${event.status}: ${event.start} to ${event.end || "open end"}`),
      drawn("rect", { x, y: n * 30 + 24, width: length, height: 6, rx: 3, class: style }),
      drawn("text", { x: right ? x + length : x, y: n * 30 + 19, class: "bar-text", "text-anchor": right ? "end" : "start" }, `${event.event}  ${event.signal || ""} ${event.status}`));
  });
  return drawn("svg", { viewBox: `0 0 ${width} ${height}`, class: "plot", role: "img", "aria-label": `Time line of ${known.length} events from ${new Date(from).toISOString()} to ${new Date(to).toISOString()}` }, ...timeAxis(width, from, to, height), ...bars);
}

/** Series of points ({t, v}) as lines over time, all in one unit. */
export function lines(series, unit, timed = true) {
  const width = room();
  const points = series.flatMap((one) => one.points);
  const height = 280;
  const from = Math.min(...points.map((p) => p.t));
  const to = Math.max(...points.map((p) => p.t), from + 1);
  const low = Math.min(0, ...points.map((p) => p.v));
  const high = Math.max(...points.map((p) => p.v), low + 1e-9);
  const x = (t) => LEFT + ((width - LEFT - RIGHT) * (t - from)) / (to - from);
  const y = (v) => 12 + (height - 44) * (1 - (v - low) / (high - low));
  const grid = [0, 0.25, 0.5, 0.75, 1].map((part) => {
    const value = low + (high - low) * part;
    return drawn("g", {}, drawn("line", { x1: LEFT, x2: width - RIGHT, y1: y(value), y2: y(value), class: "axis" }),
      drawn("text", { x: LEFT - 6, y: y(value) + 4, "text-anchor": "end" }, String(Number(value.toPrecision(4)))));
  });
  const drawings = series.map((one, n) =>
    drawn("polyline", { points: one.points.map((p) => `${x(p.t).toFixed(1)},${y(p.v).toFixed(1)}`).join(" "), class: `line s${n % 5}` }));
  const legend = element("ul", { class: "legend" }, ...series.map((one, n) =>
    element("li", {}, drawn("svg", { viewBox: "0 0 28 10", class: "plot", "aria-hidden": "true" }, drawn("line", { x1: 0, x2: 28, y1: 5, y2: 5, class: `line s${n % 5}` })), one.name)));
  const picture = drawn("svg", { viewBox: `0 0 ${width} ${height}`, class: "plot", role: "img", "aria-label": `Readings of ${series.length} series in ${unit}` },
    ...timeAxis(width, from, to, height, timed), ...grid, ...drawings, drawn("text", { x: 4, y: 12 }, unit));
  return element("div", {}, picture, legend);
}

const KINDS = ["baseline", "drawn", "delivered (drawn less)", "requested change"];

/** Groups of bars ({name, bars: [{name, v}]}) that lie below each other, all in one unit; v is null where nothing is known. */
export function bars(groups, unit, label) {
  const width = room();
  const known = groups.flatMap((group) => group.bars.map((bar) => bar.v).filter((v) => v !== null));
  const low = Math.min(0, ...known);
  const high = Math.max(0, ...known, low + 1e-9);
  const step = 4 * 9 + 26;
  const height = groups.length * step + 34;
  const x = (v) => 16 + ((width - 32) * (v - low)) / (high - low);
  const axis = [0, 0.25, 0.5, 0.75, 1].map((part) => {
    const value = low + (high - low) * part;
    return drawn("g", {}, drawn("line", { x1: x(value), x2: x(value), y1: 4, y2: height - 22, class: "axis" }),
      drawn("text", { x: x(value), y: height - 6, "text-anchor": part === 0 ? "start" : part === 1 ? "end" : "middle" }, String(Number(value.toPrecision(3)))));
  });
  const drawings = groups.map((group, n) => drawn("g", {},
    drawn("text", { x: 16, y: n * step + 16, class: "bar-text" }, group.name),
    ...group.bars.map((bar, k) => (bar.v === null ? null : drawn("rect", { x: Math.min(x(0), x(bar.v)), y: n * step + 22 + k * 9, width: Math.max(Math.abs(x(bar.v) - x(0)), 1.5), height: 7, class: `bar b${k}` },
      drawn("title", {}, `${group.name}, ${bar.name}: ${bar.v} ${unit}`))))));
  const zero = drawn("line", { x1: x(0), x2: x(0), y1: 4, y2: height - 22, class: "axis" });
  const legend = element("ul", { class: "legend" }, ...KINDS.map((name, k) =>
    element("li", {}, drawn("svg", { viewBox: "0 0 28 10", class: "plot", "aria-hidden": "true" }, drawn("rect", { x: 0, y: 1, width: 28, height: 8, class: `bar b${k}` })), name)));
  return element("div", {}, drawn("svg", { viewBox: `0 0 ${width} ${height}`, class: "plot", role: "img", "aria-label": label }, ...axis, zero, ...drawings), legend, element("p", { class: "none" }, `In ${unit}.`));
}
