// The tables of VENs and events: states in words, never by colour alone.

import { element } from "../js/elements.js";

const clock = (text) => (text ? new Date(text).toISOString().slice(0, 19).replace("T", " ") : "");

/** How long ago, in words. */
export function ago(text, now = Date.now()) {
  if (!text) return "never";
  const gone = Math.max(0, Math.round((now - Date.parse(text)) / 1000));
  if (gone < 60) return `${gone} s ago`;
  if (gone < 3600) return `${Math.floor(gone / 60)} min ago`;
  return gone < 172_800 ? `${Math.floor(gone / 3600)} h ago` : `${Math.floor(gone / 86_400)} days ago`;
}

export function venState(ven) {
  if (!ven.registered) return ["not registered", "bad"];
  if (ven.online === null) return ["pushed to", "good"];
  return ven.online ? ["online", "good"] : ["silent", "bad"];
}

const state = ([text, kind]) => element("span", { class: `state ${kind}` }, text);
const button = (label, about, onclick) => element("button", { type: "button", "aria-label": `${label} ${about}`, onclick }, label);

function grid(caption, names, rows) {
  if (!rows.length) return element("p", { class: "none" }, "Nothing here yet.");
  const head = element("tr", {}, ...names.map((name) => element("th", { scope: "col" }, name)));
  const body = rows.map((cells) => element("tr", {}, ...cells.map((cell, n) => element(n ? "td" : "th", n ? {} : { scope: "row" }, cell))));
  return element("div", { class: "table", tabindex: "0", role: "region", "aria-label": caption },
    element("table", {}, element("thead", {}, head), element("tbody", {}, ...body)));
}

export function vens(all, act) {
  const rows = all.map((ven) => [
    ven.ven_id, ven.name, state(venState(ven)), element("span", { title: clock(ven.last_seen) }, ago(ven.last_seen)),
    element("span", { title: clock(ven.last_report) }, ago(ven.last_report)), String(ven.events.length),
    ven.opts.filter((opt) => opt.opt_type === "optOut").map((opt) => `${opt.event_id || "schedule"} (${opt.reason})`).join(", ") || "none",
    String(ven.waiting),
    ven.registered ? element("div", { class: "row" },
      button("Report", `from ${ven.ven_id}`, () => act.report(ven)),
      button("Register anew", ven.ven_id, () => act.reregister(ven)),
      button("End", `the registration of ${ven.ven_id}`, () => act.end(ven))) : "",
  ]);
  return grid("VENs", ["VEN", "name", "state", "last seen", "last report", "events", "opt-outs", "waiting", "do"], rows);
}

const OPTS = { optIn: ["opted in", "good"], optOut: ["opted out", "bad"] };
export const isOver = (event) => ["completed", "cancelled"].includes(event.status);

export function events(all, act) {
  const rows = all.map((event) => [
    event.event_id, event.ven_id, state([event.status + (event.test ? ", test" : ""), event.status === "active" ? "warn" : ""]),
    clock(event.starts_at), clock(event.ends_at) || "open", String(event.modification_number),
    state(OPTS[event.opt] ?? [event.response_required ? "no answer yet" : "none asked for", ""]),
    isOver(event) ? "" : element("div", { class: "row" },
      button("Change", event.event_id, () => act.change(event)), button("Cancel", event.event_id, () => act.cancel(event))),
  ]);
  return grid("Events", ["event", "VEN", "status", "start (UTC)", "end (UTC)", "version", "answer", "do"], rows);
}
