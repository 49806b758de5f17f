// Draws N-Triples with cytoscape: things as nodes with their values, links between things as edges.

import { element } from "./elements.js";

const NODES = 400;
const TRIPLE = /^<([^>]*)> <([^>]*)> (<([^>]*)>|"((?:[^"\\]|\\.)*)"(\S*)) \.$/;
const TYPE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type";
const local = (iri) => decodeURIComponent(iri.replace(/^.*[/#]/, "")) || iri;

function load() {
  if (window.cytoscape) return Promise.resolve(window.cytoscape);
  return new Promise((done, failed) => {
    document.head.append(element("script", { src: "page/vendor/cytoscape/cytoscape.min.js", onload: () => done(window.cytoscape), onerror: failed }));
  });
}

function read(text) {
  const things = new Map();
  const links = [];
  for (const line of text.split("\n")) {
    const found = TRIPLE.exec(line);
    if (!found) continue;
    const [, subject, predicate, , iri, literal] = found;
    if (!things.has(subject)) things.set(subject, { kind: "", values: [] });
    const thing = things.get(subject);
    if (predicate === TYPE) thing.kind ||= local(iri);
    else if (iri === undefined) thing.values.push(`${local(predicate)}: ${literal}`);
    else links.push([subject, local(predicate), iri]);
  }
  for (const [subject, name, object] of links) if (!things.has(object)) things.get(subject).values.push(`${name}: ${local(object)}`);
  return { things, links: links.filter(([, , object]) => things.has(object)) };
}

export async function draw(panel, text) {
  const { things, links } = read(text);
  if (things.size > NODES) {
    panel.replaceChildren(element("p", {}, `The graph has ${things.size} things; up to ${NODES} are drawn. The Turtle has them all.`));
    return;
  }
  const cytoscape = await load();
  const box = element("div", { class: "drawing", role: "img", "aria-label": `Graph of ${things.size} things and ${links.length} links; the Turtle tab has it as text` });
  const detail = element("p", { role: "status", "aria-live": "polite" }, "Select a thing to see what is said of it.");
  panel.replaceChildren(detail, box);
  const style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(name).trim();
  const drawing = cytoscape({
    container: box,
    elements: [
      ...[...things].map(([id, thing]) => ({ data: { id, label: thing.kind || local(id), values: thing.values.join("; ") } })),
      ...links.map(([source, label, target], n) => ({ data: { id: `e${n}`, source, target, label } })),
    ],
    style: [
      { selector: "node", style: { label: "data(label)", shape: "round-rectangle", width: (node) => 16 + 7 * node.data("label").length, height: 28, "text-valign": "center", "font-size": 12, color: colour("--on-accent"), "background-color": colour("--accent") } },
      { selector: "node:selected", style: { "background-color": colour("--series-2") } },
      { selector: "edge", style: { label: "data(label)", width: 1.3, "curve-style": "bezier", "target-arrow-shape": "triangle", "line-color": colour("--soft"), "target-arrow-color": colour("--soft"), "font-size": 10, color: colour("--ink"), "text-background-color": colour("--tint"), "text-background-opacity": 0.9, "text-rotation": "autorotate" } },
    ],
    layout: { name: "breadthfirst", directed: true, spacingFactor: 1.15, animate: false },
    minZoom: 0.1,
    maxZoom: 3,
  });
  drawing.on("select", "node", (event) => {
    const data = event.target.data();
    detail.textContent = `${data.label} ${local(data.id)}: ${data.values || "no values of its own"}`;
  });
}
