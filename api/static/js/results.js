// Two ways to show answers in YASGUI: rows as a plot, and the service's problems with their place in the query.

import { drawn, element } from "./elements.js";
import { lines } from "./plots.js";

const NUMBER = /#(integer|decimal|double|float|int|long)$/;
const TIME = /#(dateTime|date)$/;
const POINTS = 5000;

const icon = (path) => element("div", {}, drawn("svg", { viewBox: "0 0 24 24", width: 18, height: 18, "aria-hidden": "true" }, drawn("path", { d: path, fill: "none", stroke: "currentColor", "stroke-width": 2 })));

function columns(rows, variables, pattern) {
  return variables.filter((name) => {
    const cells = rows.map((row) => row[name]).filter(Boolean);
    return cells.length > 0 && cells.every((cell) => pattern.test(cell.datatype || ""));
  });
}

/** Numbers over a time or over the order of the rows; one line for each number, or for each name in a text column. */
export class Plot {
  constructor(yasr) {
    this.yasr = yasr;
    this.priority = 5;
    this.label = "Plot";
  }

  chosen() {
    const results = this.yasr.results;
    const rows = (results && results.getBindings()) || [];
    const variables = (results && results.getVariables()) || [];
    const numbers = columns(rows, variables, NUMBER);
    const [time] = columns(rows, variables, TIME);
    const text = variables.find((name) => name !== time && !numbers.includes(name) && rows.every((row) => row[name] && row[name].type === "literal"));
    return { rows, numbers, time, text };
  }

  canHandleResults() {
    return this.chosen().numbers.length > 0;
  }

  draw() {
    const { rows, numbers, time, text } = this.chosen();
    const shown = time ? numbers.filter((name) => name !== "modification") : numbers;
    const groups = new Map();
    rows.slice(0, POINTS).forEach((row, n) => {
      for (const name of shown.length ? shown : numbers) {
        if (!row[name]) continue;
        const label = text ? `${row[text].value}: ${name}` : name;
        const t = time ? Date.parse(row[time].value) : n;
        groups.set(label, [...(groups.get(label) || []), { t, v: Number(row[name].value) }]);
      }
    });
    const series = [...groups].map(([name, points]) => ({ name, points: points.sort((a, b) => a.t - b.t) }));
    this.yasr.resultsEl.replaceChildren(lines(series, time ? "" : "in order of the rows", Boolean(time)));
  }

  getIcon() {
    return icon("M3 3v18h18M7 15l4-5 4 3 5-7");
  }
}

/** What the service refused: detail, place and cure of its problem document. */
export class Problem {
  constructor(yasr) {
    this.yasr = yasr;
    this.priority = 30;
    this.label = "Problem";
    this.hideFromSelection = true;
  }

  canHandleResults() {
    return Boolean(this.yasr.results && this.yasr.results.getError());
  }

  draw() {
    const error = this.yasr.results.getError();
    let problem = {};
    try { problem = JSON.parse(error.text || (error.response && error.response.text) || "{}"); } catch { /* no problem document */ }
    const parts = [problem.title || error.statusText || "The service does not answer", problem.detail, problem.where && `At ${problem.where}.`, problem.cure && `What to do: ${problem.cure}.`];
    this.yasr.resultsEl.replaceChildren(element("div", { class: "problem", role: "alert" }, ...parts.filter(Boolean).map((part) => element("p", {}, part))));
    document.dispatchEvent(new CustomEvent("flexkg-query-problem", { detail: problem }));
  }

  getIcon() {
    return icon("M12 3 2 21h20zM12 10v5m0 2v1");
  }
}
