// Shows one view at a time, by the fragment of the address; each view's script loads when it is first seen.

import { keepToken, token } from "./api.js";
import { byId } from "./elements.js";
import { begin, finish, login } from "./sign_in.js";

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

const access = (known) => {
  byId("access").hidden = !(known.issuer || token());
  byId("access").textContent = token() ? "Sign out" : "Sign in";
  byId("sign-in").hidden = !known.client;
};

async function start() {
  const known = await login();
  const ask = (told = "") => {
    access(known);
    byId("access").hidden = false;
    byId("token-status").textContent = told;
    byId("token").value = "";
    if (!byId("token-dialog").open) byId("token-dialog").showModal();
  };
  byId("access").addEventListener("click", () => {
    if (!token()) return ask();
    keepToken("");
    return location.reload();
  });
  byId("sign-in").addEventListener("click", () => begin(known).catch((error) => ask(`Nobody can sign in there: ${error.message}.`)));
  byId("token-dialog").addEventListener("close", () => {
    if (byId("token-dialog").returnValue !== "save") return;
    keepToken(byId("token").value.trim());
    access(known);
    show();
  });
  document.addEventListener("flexkg-token-needed", () => {
    keepToken(""); // it is over, or was none
    ask();
  });
  window.addEventListener("hashchange", show);
  try { await finish(known); } catch (error) { ask(error.message); }
  access(known);
  await show();
}
start();
