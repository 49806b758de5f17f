// The view of what the store knows: events on a time line, readings as plots, resources, parties, opt-outs.

import { rows } from "./api.js";
import { byId, element, put, table } from "./elements.js";
import { offer } from "./delivery.js";
import { lines, timeline } from "./plots.js";

const EVENTS = 40;
let ready = false;

export async function open() {
  if (!ready) {
    ready = true;
    byId("readings-form").addEventListener("submit", (event) => { event.preventDefault(); showReadings(); });
  }
  put("registry-status", "Asking ...");
  try {
    await Promise.all([showEvents(), showResources(), list("parties", "parties"), list("opt-outs", "opts"), list("refusals", "refusals")]);
    put("registry-status", "");
  } catch (error) {
    put("registry-status", element("span", { class: "is-bad" }, error.message));
  }
}

async function list(name, place) {
  const { columns, found } = await rows(name);
  put(place, table(columns, found, name));
}

async function showEvents() {
  const { found } = await rows("events");
  offer(found);
  const latest = found.sort((a, b) => (a.start < b.start ? 1 : -1)).slice(0, EVENTS).reverse();
  const rest = found.length > EVENTS ? element("p", { class: "none" }, `The latest ${EVENTS} of ${found.length}; the query "events" has them all.`) : null;
  put("events", ...(latest.length ? [timeline(latest)] : []), table(["event", "modification", "status", "start", "end", "signal", "type"], latest, "events"), ...(rest ? [rest] : []));
}

async function showResources() {
  const [resources, latest] = await Promise.all([rows("resources"), rows("latest")]);
  put("resources", table(resources.columns, resources.found, "resources"));
  const names = [...new Set(latest.found.map((row) => row.resource))].sort();
  const first = names.find(Boolean) ?? "";
  const select = byId("series-of");
  select.replaceChildren(...names.map((name) => element("option", { value: name, selected: name === first }, name || "(of no resource)")));
  const last = latest.found.map((row) => row.start).sort().at(-1);
  if (last && !byId("readings-day").value) byId("readings-day").value = last.slice(0, 10);
  if (names.length) await showReadings();
  else put("readings", element("p", { class: "none" }, "No readings yet."));
}

async function showReadings() {
  const day = byId("readings-day").value;
  const resource = byId("series-of").value;
  if (!day) return;
  const next = new Date(Date.parse(`${day}T00:00:00Z`) + 86_400_000).toISOString().slice(0, 10);
  try {
    const { found } = await rows("readings", { from: `${day}T00:00:00Z`, to: `${next}T00:00:00Z` });
    const here = found.filter((row) => row.resource === resource);
    const groups = Map.groupBy ? Map.groupBy(here, group) : grouped(here);
    const byUnit = new Map();
    for (const [name, members] of groups) {
      const unit = members[0].unit || "no unit stated";
      const points = members.map((row) => ({ t: Date.parse(row.start), v: Number(row.value) }));
      byUnit.set(unit, [...(byUnit.get(unit) || []), { name, points }]);
    }
    const plots = [...byUnit].map(([unit, series]) => lines(series, unit));
    const numbers = element("details", {}, element("summary", {}, `${here.length} values as a table`), table(["start", "value", "unit", "quantity", "direction"], here, "readings"));
    put("readings", ...(here.length ? [...plots, numbers] : [element("p", { class: "none" }, "No readings of this resource on that day.")]));
  } catch (error) {
    put("readings", element("p", { class: "is-bad" }, error.message));
  }
}

const group = (row) => [row.quantity || "value", row.direction && row.direction !== "none" ? row.direction : ""].filter(Boolean).join(", ");

function grouped(found) {
  const groups = new Map();
  for (const row of found) groups.set(group(row), [...(groups.get(group(row)) || []), row]);
  return groups;
}
