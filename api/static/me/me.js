// Signs in at the OpenID provider (code flow with PKCE, RFC 7636); the token lives in this page's memory only.
const at = (id) => document.getElementById(id);
const say = (text) => { at("say").textContent = text; };
const b64 = (bytes) => btoa(String.fromCharCode(...new Uint8Array(bytes))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
const here = location.origin + location.pathname;
let token = "";

async function ask(method, path, body) {
  const headers = { Authorization: `Bearer ${token}` };
  if (body) headers["Content-Type"] = "application/json";
  const answer = await fetch(`me${path}`, { method, headers, body: body && JSON.stringify(body) });
  if (!answer.ok) {
    const problem = await answer.json().catch(() => ({}));
    throw new Error([problem.detail ?? `status ${answer.status}`, problem.cure].filter(Boolean).join("; "));
  }
  return answer;
}

const login = await (await fetch("me/page/login.json")).json();
async function provider() {
  const found = await (await fetch(`${login.issuer.replace(/\/$/, "")}/.well-known/openid-configuration`)).json();
  const { origin } = new URL(found.token_endpoint);
  if (!login.origins.includes(origin)) throw new Error(`tokens come from ${origin}, which the operator has to allow (FLEXKG_PAGE_ORIGINS)`);
  return found;
}

async function begin() {
  const verifier = b64(crypto.getRandomValues(new Uint8Array(32)));
  const state = b64(crypto.getRandomValues(new Uint8Array(16)));
  sessionStorage.setItem("login", JSON.stringify({ verifier, state }));
  const challenge = b64(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier)));
  const query = new URLSearchParams({ response_type: "code", client_id: login.client, redirect_uri: here, state,
    scope: "openid self:read self:write self:erase", resource: login.audience,
    code_challenge: challenge, code_challenge_method: "S256" });
  location.assign(`${(await provider()).authorization_endpoint}?${query}`);
}

async function finish(query) {
  const kept = JSON.parse(sessionStorage.getItem("login") ?? "{}");
  sessionStorage.removeItem("login");
  history.replaceState(null, "", location.pathname);
  if (!kept.state || query.get("state") !== kept.state) throw new Error("the sign-in was not begun here");
  const form = new URLSearchParams({ grant_type: "authorization_code", code: query.get("code"), client_id: login.client,
    redirect_uri: here, code_verifier: kept.verifier, resource: login.audience });
  const answer = await fetch((await provider()).token_endpoint, { method: "POST", body: form });
  if (!answer.ok) throw new Error("the provider gives no token");
  token = (await answer.json()).access_token;
}

function fill(id, rows) {
  at(id).replaceChildren(...rows.map(({ cells, label, act }) => {
    const row = document.createElement("tr");
    for (const text of cells) row.insertCell().textContent = text;
    const last = label && row.insertCell();
    if (act) {
      const button = document.createElement("button");
      button.textContent = label;
      button.setAttribute("aria-label", `${label}: ${cells[0]}`);
      button.onclick = () => run(act);
      last.append(button);
    }
    return row;
  }));
}

async function show() {
  const data = await (await ask("GET", "/data")).json();
  const now = new Date().toISOString();
  fill("devices", data.certificates.map((one) => ({ cells: [one.party, one.revoked ? "revoked" : one.until], label: "Revoke",
    act: !one.revoked && one.until > now && (() => ask("DELETE", `/devices/${encodeURIComponent(one.party)}`)) })));
  fill("events", data.events.map((one) => ({ cells: [one.event, one.starts, one.status, one.program, one.asks], label: "Opt out",
    act: ["far", "near", "active"].includes(one.status) && (() => ask("POST", `/events/${encodeURIComponent(one.event)}/opt-out`)) })));
  fill("readings", data.readings.map((one) => ({ cells: [one.series.split("/series/")[1].split("/").map(decodeURIComponent).join(", "), one.number, one.last, `${one.value} ${one.unit}`] })));
  fill("mandates", data.mandates.map((one) => ({ cells: [one.assignee, one.purpose, one.withdrawn ? "withdrawn" : one.ends],
    label: "Withdraw", act: !one.withdrawn && (() => ask("DELETE", `/mandates/${one.id}`)) })));
  at("clients").replaceChildren(...Object.entries(data.clients ?? {}).map(([id, name]) => new Option(name, id)));
  at("all").hidden = false;
  say(`${data.parties.length} devices, ${data.events.length} events`);
}

async function run(act, then = show) {
  try { await act(); await then(); } catch (error) { say(error.message); }
}

at("login").onclick = () => run(begin, () => {});
at("grant").onsubmit = (event) => {
  event.preventDefault();
  const form = Object.fromEntries(new FormData(event.target));
  run(() => ask("POST", "/mandates", { ...form, until: `${form.until}T00:00:00Z` }));
};
at("export").onclick = () => run(async () => {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await (await ask("GET", "/export")).blob());
  link.download = "export.zip";
  link.click();
  URL.revokeObjectURL(link.href);
}, () => {});
at("erase").onclick = () => confirm("Erase everything, for ever?") && run(async () => {
  const proof = await (await ask("DELETE", "")).json();
  at("all").hidden = true;
  say(`${proof.rows} records erased; ${proof.files} files searched for your names: ${proof.hits.length} hits`);
}, () => {});

const query = new URLSearchParams(location.search);
if (!login.client) {
  say("Nobody can sign in: the service has no provider, or no client for this page (FLEXKG_PAGE_CLIENT).");
} else if (query.has("code")) {
  await run(() => finish(query));
} else {
  say(query.get("error_description") ?? "Sign in to see it.");
  at("login").hidden = false;
}
