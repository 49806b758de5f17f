// The view with the SPARQL editor: YASGUI over this service's endpoint, tabs from the stored queries.

import { authorization, queries } from "./api.js";
import { byId, element, put } from "./elements.js";
import { Plot, Problem } from "./results.js";
import { watch } from "./yasgui_access.js";

const FIRST = ["active", "requested", "response-rate", "energy", "missing-reports"];
const START = `PREFIX flex: <https://w3id.org/flexkg/def#>
SELECT ?id ?status ?start
WHERE {
  ?event a flex:Event ; flex:eventID ?id ; flex:currentVersion ?version .
  ?version flex:eventStatus ?status ; flex:startsAt ?start .
}
ORDER BY DESC(?start)
LIMIT 100`;
let yasgui = null;

function load() {
  if (window.Yasgui) return Promise.resolve();
  return new Promise((done, failed) => {
    document.head.append(element("script", { src: "page/vendor/yasgui/yasgui.min.js", onload: done, onerror: failed }));
  });
}

const endpoint = () => new URL("sparql", document.baseURI).href;
const body = (query) => query.text.replace(/^#\+.*\n/gm, "");

export async function open() {
  if (yasgui) return;
  put("query-status", "Loading the editor ...");
  try {
    await load();
    const Yasgui = window.Yasgui.default || window.Yasgui;
    const Yasr = Yasgui.Yasr || window.Yasr;
    Yasr.registerPlugin("plot", Plot);
    Yasr.registerPlugin("error", Problem);
    yasgui = new Yasgui(byId("yasgui"), {
      requestConfig: { endpoint: endpoint(), method: "POST", headers: authorization, acceptHeaderSelect: "application/sparql-results+json", acceptHeaderGraph: "text/turtle" },
      copyEndpointOnNewTab: true,
      autofocus: false,
      populateFromUrl: false,
      persistenceId: "flexkg",
      endpointCatalogueOptions: { getData: () => [{ endpoint: endpoint() }] },
      yasqe: { autocompleters: ["variables"], value: START },
    });
  } catch (error) {
    put("query-status", `The editor cannot be loaded: ${error.message || "its script is missing"}. The API answers at sparql.`);
    return;
  }
  put("query-status", "");
  watch(byId("yasgui"));
  document.addEventListener("flexkg-query-problem", (event) => mark(event.detail));
  try {
    await offer(await queries());
  } catch (error) {
    put("query-status", error.message);
  }
}

async function offer(all) {
  const select = byId("stored");
  select.replaceChildren(element("option", { value: "" }, `choose one of ${all.length}`), ...all.map((query) => element("option", { value: query.name }, `${query.name}: ${query.summary}`)));
  select.addEventListener("change", () => {
    const query = all.find((one) => one.name === select.value);
    if (query) openTab(query, true);
    select.value = "";
  });
  const empty = Object.values(yasgui._tabs).length <= 1;
  if (empty && !localStorage.getItem("flexkg-tabs")) {
    localStorage.setItem("flexkg-tabs", "1");
    for (const name of FIRST) {
      const query = all.find((one) => one.name === name);
      if (query) openTab(query, false);
    }
  }
}

function openTab(query, active) {
  yasgui.addTab(active, { name: query.name, yasqe: { value: `# ${query.summary}\n${body(query)}` }, requestConfig: { endpoint: endpoint() } });
}

function mark(problem) {
  const place = /line (\d+)/.exec(problem.where || "");
  const editor = yasgui.getTab() && yasgui.getTab().getYasqe();
  if (!place || !editor) return;
  const line = Number(place[1]) - 1;
  const marked = editor.addLineClass(line, "background", "yasqe_problem_line");
  editor.setCursor({ line, ch: 0 });
  editor.on("change", () => editor.removeLineClass(marked, "background", "yasqe_problem_line"));
}
