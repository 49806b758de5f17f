// Makes elements. Text from the service is only ever set as text.

const SVG = "http://www.w3.org/2000/svg";

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

export const element = (name, attributes = {}, ...children) => fill(document.createElement(name), attributes, children);
export const drawn = (name, attributes = {}, ...children) => fill(document.createElementNS(SVG, name), attributes, children);
export const byId = (id) => document.getElementById(id);
export const put = (id, ...children) => byId(id).replaceChildren(...children);

const TIME = /^\d{4}-\d\d-\d\dT/;
const NUMBER = /^-?\d+(\.\d+)?$/;

/** A table that scrolls sideways on its own. */
export function table(columns, found, caption) {
  if (!found.length) return element("p", { class: "none" }, "Nothing here yet.");
  const head = element("tr", {}, ...columns.map((name) => element("th", { scope: "col" }, name.replaceAll("_", " "))));
  const body = found.map((row) =>
    element("tr", {}, ...columns.map((name) => element("td", { class: NUMBER.test(row[name]) ? "number" : TIME.test(row[name]) ? "time" : null }, row[name]))));
  return element("div", { class: "table", tabindex: "0", role: "region", "aria-label": caption },
    element("table", {}, element("thead", {}, head), element("tbody", {}, ...body)));
}
