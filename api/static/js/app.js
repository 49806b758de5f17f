// Shows one view at a time, by the fragment of the address; each view's script loads when it is first seen.

import { keepToken, token } from "./api.js";
import { byId } from "./elements.js";

const VIEWS = { check: () => import("./check.js"), query: () => import("./query.js"), registry: () => import("./registry.js") };
const TITLES = { check: "Check", query: "Query", registry: "Registry" };
let first = true;

async function show() {
  const [, wanted] = location.hash.split("/");
  const name = wanted in VIEWS ? wanted : "check";
  for (const view of Object.keys(VIEWS)) byId(`view-${view}`).hidden = view !== name;
  for (const link of document.querySelectorAll("nav a")) {
    if (link.getAttribute("href") === `#/${name}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  document.title = `${TITLES[name]} - FlexKG`;
  if (!first) byId("main").focus();
  first = false;
  (await VIEWS[name]()).open();
  document.body.dataset.view = name;
}

byId("token-dialog").addEventListener("close", () => {
  if (byId("token-dialog").returnValue !== "save") return;
  keepToken(byId("token").value.trim());
  show();
});
const ask = () => {
  byId("access").hidden = false;
  byId("token").value = token();
  if (!byId("token-dialog").open) byId("token-dialog").showModal();
};
byId("access").addEventListener("click", ask);
document.addEventListener("flexkg-token-needed", ask);
window.addEventListener("hashchange", show);
show();
