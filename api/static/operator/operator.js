// The operator's view: who is there, what was asked of whom, what they say; issue, change, cancel.

import { keepToken, token } from "../js/api.js";
import { byId, element, put } from "../js/elements.js";
import * as calls from "./calls.js";
import { KINDS, fields, request } from "./signals.js";
import * as tables from "./tables.js";

const LINES = 100;
let known = { vens: [], events: [] };
let changing = null;
let due = null;

const say = (text, bad = false) => put("status", bad ? element("span", { class: "is-bad" }, text) : text);

async function show() {
  try {
    const [vens, events] = await Promise.all([calls.vens(), calls.events()]);
    known = { vens, events };
    paint();
  } catch (error) {
    say(error.message, true);
  }
}

/** Draws the tables again where something changed, and leaves the focus where it was. */
function paint() {
  const label = document.activeElement?.getAttribute?.("aria-label");
  const shown = known.events.filter((event) => byId("over").checked || !tables.isOver(event));
  put("vens", tables.vens(known.vens, { report: askReport, reregister, end }));
  put("events", tables.events(shown.sort((a, b) => (a.starts_at < b.starts_at ? 1 : -1)), { change, cancel }));
  if (label) [...document.querySelectorAll("main button[aria-label]")].find((one) => one.getAttribute("aria-label") === label)?.focus();
  choices();
}

function choices() {
  const names = known.vens.filter((ven) => ven.registered).map((ven) => ven.ven_id).sort();
  const there = [...byId("choices").querySelectorAll("input")];
  if (there.length === names.length && there.every((one, n) => one.value === names[n])) return;
  const chosen = new Set(there.filter((one) => one.checked).map((one) => one.value));
  if (!there.length && names.length === 1) chosen.add(names[0]);
  put("choices", ...names.map((name) => element("label", {}, element("input", { type: "checkbox", value: name, checked: chosen.has(name) }), ` ${name}`)),
    ...(names.length ? [] : [element("p", { class: "none" }, "No VEN is registered.")]));
}

async function run(what, act) {
  try {
    await act();
    say(what);
  } catch (error) {
    say(error.message, true);
  }
  await show();
}

async function sure(text, yes) {
  const dialog = byId("sure");
  byId("sure-text").textContent = text;
  byId("sure-yes").textContent = yes;
  dialog.returnValue = "";
  dialog.showModal();
  await new Promise((resolve) => dialog.addEventListener("close", resolve, { once: true }));
  return dialog.returnValue === "yes";
}

const cancel = async (event) => {
  if (await sure(`Cancel the event ${event.event_id} of ${event.ven_id}?`, "Cancel the event")) await run(`${event.event_id} is cancelled.`, () => calls.cancel(event.event_id));
};
const reregister = (ven) => run(`${ven.ven_id} is asked to register anew.`, () => calls.reregister(ven.ven_id));
const end = async (ven) => {
  if (await sure(`End the registration of ${ven.ven_id}? It gets no events any more.`, "End it")) await run(`${ven.ven_id} is told with its next poll.`, () => calls.end(ven.ven_id));
};

async function askReport(ven) {
  const specifiers = [...new Set([...ven.offers ?? [], ...ven.reports.map((one) => one.specifier)])];
  if (!specifiers.length) return say(`${ven.ven_id} registered no report.`, true);
  byId("specifier").replaceChildren(...specifiers.map((name) => element("option", { value: name }, name)));
  const dialog = byId("report-dialog");
  dialog.returnValue = "";
  dialog.showModal();
  await new Promise((resolve) => dialog.addEventListener("close", resolve, { once: true }));
  if (dialog.returnValue !== "save") return undefined;
  const granularity = byId("granularity").value;
  const wish = { specifier: byId("specifier").value, granularity, back: granularity === "PT0S" ? "PT0S" : granularity };
  return run(`${ven.ven_id} is asked for ${wish.specifier}.`, () => calls.askReport(ven.ven_id, wish));
}

async function change(event) {
  try {
    changing = (await calls.event(event.event_id)).find((one) => one.ven_id === event.ven_id) ?? event;
  } catch (error) {
    return say(error.message, true);
  }
  byId("form-title").textContent = `Change ${event.event_id}`;
  byId("name").value = event.event_id;
  byId("name").disabled = true;
  byId("who").hidden = true;
  const held = fields(changing.asked);
  for (const [id, value] of Object.entries(held ?? { start: event.starts_at.slice(0, 19), values: "" })) byId(id).value = value;
  unit();
  byId("test").checked = event.test;
  put("refusal", ...(held ? [] : [element("p", {}, "This form cannot show all of the event: what is sent takes its place as a whole.")]));
  byId("send").textContent = "Change it";
  byId("give-up").hidden = false;
  byId("form-title").scrollIntoView();
  return byId("form-title").focus();
}

function fresh() {
  changing = null;
  byId("form-title").textContent = "New event";
  byId("name").value = "";
  byId("name").disabled = false;
  byId("who").hidden = false;
  byId("send").textContent = "Issue";
  byId("give-up").hidden = true;
  byId("refusal").replaceChildren();
  for (const [id, value] of Object.entries({ values: "", comment: "", random: "0", priority: "0" })) byId(id).value = value;
  byId("start").value = new Date(Date.now() + 3_600_000).toISOString().slice(0, 16) + ":00";
}

async function send(submitted) {
  submitted.preventDefault();
  byId("refusal").replaceChildren();
  const field = (id) => byId(id).value.trim();
  const vens = changing ? [changing.ven_id] : [...byId("choices").querySelectorAll("input:checked")].map((one) => one.value);
  try {
    if (!vens.length) throw new Error("No VEN is chosen.");
    const stated = Object.fromEntries(["name", "start", "minutes", "kind", "values", "random", "priority", "comment"].map((id) => [id, field(id)]));
    const body = request({ ...stated, vens, test: byId("test").checked }, changing?.asked);
    const made = changing ? await calls.change(changing.event_id, body) : await calls.issue(body);
    say(`${made.map((one) => one.event_id).join(", ")}: ${changing ? "changed" : "issued"}.`);
    fresh();
    await show();
  } catch (error) {
    const found = error.problem?.violations ?? error.problem?.errors ?? [];
    put("refusal", element("p", {}, error.message), ...found.map((one) => element("p", {}, [one.rule, one.message ?? one.detail, one.cure].filter(Boolean).join(": "))));
  }
}

function told(message) {
  const row = element("tr", {}, ...[new Date().toISOString().slice(11, 19), message.message_type, message.ven_id ?? message.ven ?? "", message.direction === "out" ? "to the VEN" : "from the VEN", String(message.row)].map((text) => element("td", {}, text)));
  byId("log").prepend(row);
  while (byId("log").children.length > LINES) byId("log").lastElementChild.remove();
  due ??= setTimeout(() => { due = null; show(); }, 300);
}

byId("kind").replaceChildren(...Object.entries(KINDS).map(([id, kind]) => element("option", { value: id }, kind.label)));
const unit = () => { byId("unit").textContent = KINDS[byId("kind").value].unit; };
byId("kind").addEventListener("change", unit);
unit();
byId("event-form").addEventListener("submit", send);
byId("give-up").addEventListener("click", fresh);
byId("over").addEventListener("change", paint);
const ask = () => {
  byId("access").hidden = false;
  byId("token").value = token();
  if (!byId("token-dialog").open) byId("token-dialog").showModal();
};
byId("token-dialog").addEventListener("close", () => {
  if (byId("token-dialog").returnValue !== "save") return;
  keepToken(byId("token").value.trim());
  show();
});
byId("access").addEventListener("click", ask);
document.addEventListener("flexkg-token-needed", ask);
fresh();
show().then(() => { document.body.dataset.view = "operator"; });
calls.listen(told, (on) => put("live", on ? "Connected: messages come as they are sent and received." : "Not connected; it is tried again."));
setInterval(show, 10_000);
