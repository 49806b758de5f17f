// What an event delivered: for each resource its baseline, what it drew, what it was asked for, as bars and as numbers.

import { rows } from "./api.js";
import { byId, element, put, table } from "./elements.js";
import { bars } from "./plots.js";

const SHOWN = 40;
const COLUMNS = ["ven", "resource", "rID", "opt", "requested", "baseline", "days", "declared", "actual", "delivered", "unit"];
let ready = false;

/** Offers events, the latest first; nothing is asked until one is chosen, since that reads three weeks of readings. */
export function offer(events) {
  const names = [...new Set([...events].sort((a, b) => (a.start < b.start ? 1 : -1)).map((row) => row.event))];
  byId("delivery-of").replaceChildren(...names.map((name) => element("option", { value: name }, name)));
  if (!ready) {
    ready = true;
    byId("delivery-form").addEventListener("submit", (event) => { event.preventDefault(); show(); });
  }
}

async function show() {
  const event = byId("delivery-of").value;
  if (!event) return;
  put("delivery", element("p", {}, "Asking ..."));
  try {
    const { found } = await rows("performance", { event });
    if (!found.length) {
      put("delivery", element("p", { class: "none" }, "No power was measured during this event by those whom it is for."));
      return;
    }
    const units = new Map();
    for (const row of found) units.set(row.unit || "no unit stated", [...(units.get(row.unit || "no unit stated") || []), row]);
    const plots = [...units].map(([unit, members]) => bars(members.slice(0, SHOWN).map(group), unit, `${event}: power of ${members.length} data points in ${unit}`));
    const rest = found.length > SHOWN ? [element("p", { class: "none" }, `The first ${SHOWN} of ${found.length} are drawn; the table has them all.`)] : [];
    const without = found.filter((row) => !row.baseline && !row.declared).length;
    const told = without ? [element("p", { class: "none" }, `${without} of ${found.length} have no baseline: no similar day before has readings.`)] : [];
    const numbers = element("details", {}, element("summary", {}, `${found.length} data points as a table`), table(COLUMNS, found, "delivery"));
    put("delivery", ...plots, ...rest, ...told, numbers);
  } catch (error) {
    put("delivery", element("p", { class: "is-bad" }, error.message));
  }
}

function group(row) {
  const value = (text) => (text === "" ? null : Number(text));
  return {
    name: [row.resource || row.ven, row.rID].filter(Boolean).join(" "),
    bars: [
      { name: row.declared ? "declared baseline" : "baseline", v: value(row.declared || row.baseline) },
      { name: "drawn", v: value(row.actual) },
      { name: "delivered (drawn less)", v: value(row.delivered) },
      { name: "requested change", v: value(row.requested) },
    ],
  };
}
