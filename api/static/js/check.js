// The view that checks a payload: findings beside their lines, the meaning in words, the graph.

import { check, explain, lift } from "./api.js";
import { byId, element, put } from "./elements.js";
import { draw } from "./graph.js";
import { tabs } from "./tabs.js";

const LINES = 5000;
const EXAMPLE = `<?xml version="1.0" encoding="UTF-8"?>
<oadr:oadrPayload xmlns:oadr="http://openadr.org/oadr-2.0b/2012/07" xmlns:ei="http://docs.oasis-open.org/ns/energyinterop/201110"
  xmlns:pyld="http://docs.oasis-open.org/ns/energyinterop/201110/payloads" xmlns:emix="http://docs.oasis-open.org/ns/emix/2011/06"
  xmlns:power="http://docs.oasis-open.org/ns/emix/2011/06/power" xmlns:scale="http://docs.oasis-open.org/ns/emix/2011/06/siscale"
  xmlns:xcal="urn:ietf:params:xml:ns:icalendar-2.0" xmlns:strm="urn:ietf:params:xml:ns:icalendar-2.0:stream">
  <oadr:oadrSignedObject>
    <oadr:oadrDistributeEvent ei:schemaVersion="2.0b">
      <pyld:requestID>REQ-1</pyld:requestID>
      <ei:vtnID>VTN-EXAMPLE</ei:vtnID>
      <oadr:oadrEvent>
        <ei:eiEvent>
          <ei:eventDescriptor>
            <ei:eventID>EXAMPLE-1</ei:eventID>
            <ei:modificationNumber>0</ei:modificationNumber>
            <ei:eiMarketContext><emix:marketContext>https://program.example/shed</emix:marketContext></ei:eiMarketContext>
            <ei:createdDateTime>2026-12-01T12:00:00Z</ei:createdDateTime>
            <ei:eventStatus>far</ei:eventStatus>
          </ei:eventDescriptor>
          <ei:eiActivePeriod>
            <xcal:properties>
              <xcal:dtstart><xcal:date-time>2026-12-01T17:00:00Z</xcal:date-time></xcal:dtstart>
              <xcal:duration><xcal:duration>PT2H</xcal:duration></xcal:duration>
              <ei:x-eiNotification><xcal:duration>PT1H</xcal:duration></ei:x-eiNotification>
            </xcal:properties>
            <xcal:components xsi:nil="true" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"/>
          </ei:eiActivePeriod>
          <ei:eiEventSignals>
            <ei:eiEventSignal>
              <strm:intervals>
                <ei:interval>
                  <xcal:duration><xcal:duration>PT1H</xcal:duration></xcal:duration>
                  <xcal:uid><xcal:text>0</xcal:text></xcal:uid>
                  <ei:signalPayload><ei:payloadFloat><ei:value>-4</ei:value></ei:payloadFloat></ei:signalPayload>
                </ei:interval>
                <ei:interval>
                  <xcal:duration><xcal:duration>-PT1H</xcal:duration></xcal:duration>
                  <xcal:uid><xcal:text>1</xcal:text></xcal:uid>
                  <ei:signalPayload><ei:payloadFloat><ei:value>-2</ei:value></ei:payloadFloat></ei:signalPayload>
                </ei:interval>
              </strm:intervals>
              <ei:signalName>LOAD_DISPATCH</ei:signalName>
              <ei:signalType>delta</ei:signalType>
              <ei:signalID>SIGNAL-1</ei:signalID>
              <power:powerReal>
                <power:itemDescription>RealPower</power:itemDescription>
                <power:itemUnits>W</power:itemUnits>
                <scale:siScaleCode>k</scale:siScaleCode>
                <power:powerAttributes><power:hertz>50</power:hertz><power:voltage>230</power:voltage><power:ac>true</power:ac></power:powerAttributes>
              </power:powerReal>
              <ei:currentValue><ei:payloadFloat><ei:value>0</ei:value></ei:payloadFloat></ei:currentValue>
            </ei:eiEventSignal>
          </ei:eiEventSignals>
          <ei:eiTarget><ei:venID>VEN-EXAMPLE</ei:venID></ei:eiTarget>
        </ei:eiEvent>
        <oadr:oadrResponseRequired>always</oadr:oadrResponseRequired>
      </oadr:oadrEvent>
    </oadr:oadrDistributeEvent>
  </oadr:oadrSignedObject>
</oadr:oadrPayload>
`;

let ready = false;
let bytes = null; // what a file held, as long as nobody edits the text
let graph = null; // N-Triples of the payload that was checked last
let panels;

export function open() {
  if (ready) return;
  ready = true;
  panels = tabs(byId("result-tabs"), (id) => { if (id === "tab-drawing") showDrawing(); });
  const area = byId("payload");
  byId("check-form").addEventListener("submit", (event) => { event.preventDefault(); run(); });
  area.addEventListener("input", () => { bytes = null; });
  area.addEventListener("keydown", (event) => { if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); run(); } });
  for (const kind of ["dragenter", "dragover"]) area.addEventListener(kind, (event) => { event.preventDefault(); area.classList.add("over"); });
  for (const kind of ["dragleave", "drop"]) area.addEventListener(kind, () => area.classList.remove("over"));
  area.addEventListener("drop", (event) => { event.preventDefault(); take(event.dataTransfer.files[0]); });
  byId("payload-file").addEventListener("change", (event) => take(event.target.files[0]));
  byId("payload-example").addEventListener("click", () => { area.value = EXAMPLE; bytes = null; run(); });
}

async function take(file) {
  if (!file) return;
  bytes = new Uint8Array(await file.arrayBuffer());
  byId("payload").value = new TextDecoder().decode(bytes);
  await run();
}

async function run() {
  const text = byId("payload").value;
  const payload = bytes || new TextEncoder().encode(text);
  if (!payload.length) { say("Paste a payload first.", "is-bad"); byId("payload").focus(); return; }
  say("Checking ...", "");
  graph = null;
  try {
    const report = await check(payload, byId("level").value);
    const n = report.violations.filter((found) => found.severity === "Violation").length;
    const others = report.violations.length - n;
    const kind = report.message_type ? `${report.message_type}: ` : "";
    const more = others ? `, ${others} ${others === 1 ? "remark" : "remarks"}` : "";
    const verdict = { conforms: "conforms", violates: `${n} ${n === 1 ? "violation" : "violations"}`, unreadable: "cannot be read" }[report.verdict];
    say(kind + verdict + more, report.verdict === "conforms" ? "is-good" : "is-bad");
    byId("check-result").hidden = false;
    showFindings(report, text);
    panels.select("tab-findings");
    await Promise.all([showWords(payload), showGraph(payload)]);
  } catch (error) {
    byId("check-result").hidden = true;
    say(error.message, "is-bad");
  }
}

function say(text, style) {
  byId("check-status").className = style;
  put("check-status", text);
}

function showFindings(report, text) {
  const list = report.violations.map((found, n) =>
    element("li", { class: found.severity },
      element("p", { class: "what" }, `${found.rule} ${found.severity}: ${found.message}`),
      found.cure ? element("p", {}, `What to do: ${found.cure}`) : null,
      found.line ? element("p", {}, element("a", { href: `#line-${found.line}`, onclick: (event) => { event.preventDefault(); jump(found.line); } }, `line ${found.line}`)) : null,
      found.pointer ? element("p", { class: "pointer" }, found.pointer) : null,
      element("p", {}, element("small", {}, `${found.source}${found.response_code ? ` - answered with ${found.response_code}` : ""}`))));
  put("panel-findings",
    list.length ? element("ol", { class: "findings" }, ...list) : element("p", {}, "Nothing is wrong with it."),
    element("h2", {}, "The payload"), source(text, report.violations));
}

function source(text, findings) {
  const byLine = new Map();
  for (const found of findings) byLine.set(found.line, [...(byLine.get(found.line) || []), found]);
  const lines = text.split(/\r\n|\r|\n/);
  const items = lines.slice(0, LINES).map((line, at) => {
    const here = byLine.get(at + 1);
    const item = element("li", { id: `line-${at + 1}`, class: here ? here[0].severity : null }, line || " ");
    if (here) item.append(...here.map((found) => element("span", { class: "note" }, `${found.rule}: ${found.message}`)));
    return item;
  });
  const rest = lines.length > LINES ? element("p", { class: "none" }, `${lines.length - LINES} more lines are not shown.`) : null;
  return element("div", { class: "source", tabindex: "0", role: "region", "aria-label": "Payload with marked lines" }, element("ol", {}, ...items), rest);
}

function jump(line) {
  const target = byId(`line-${line}`);
  if (!target) return;
  target.scrollIntoView({ block: "center", inline: "start" });
  target.tabIndex = -1;
  target.focus({ preventScroll: true });
}

async function showWords(payload) {
  try {
    const found = await explain(payload);
    const items = found.map((one) =>
      element("li", {}, one.sentence,
        element("details", {}, element("summary", {}, "where this is from"),
          element("ul", {}, ...Object.entries(one.origins).map(([field, origin]) => element("li", {}, `${field}: ${origin}`)),
            ...one.missing.map((what) => element("li", { class: "lacks" }, `missing: ${what}`))))));
    put("panel-words", items.length ? element("ol", { class: "words" }, ...items) : element("p", {}, "This message carries no values."));
  } catch (error) {
    put("panel-words", element("p", {}, error.message));
  }
}

async function showGraph(payload) {
  try {
    const [turtle, lines] = await Promise.all([lift(payload, "text/turtle"), lift(payload, "application/n-triples")]);
    graph = lines;
    put("panel-turtle", element("pre", { tabindex: "0" }, turtle));
  } catch (error) {
    put("panel-turtle", element("p", {}, error.message));
    put("panel-drawing", element("p", {}, error.message));
  }
}

function showDrawing() {
  if (graph !== null) draw(byId("panel-drawing"), graph);
}
