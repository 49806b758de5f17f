// Signs in at the OpenID provider: authorization code flow with PKCE (RFC 7636) and the issuer in the answer (RFC 9207).

import { keepToken } from "./api.js";

const BEGUN = "flexkg-sign-in";
const SCOPES = "openid read_all sparql:query payload:validate";
const b64 = (bytes) => btoa(String.fromCharCode(...new Uint8Array(bytes))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
const here = () => location.origin + location.pathname;
const random = () => b64(crypto.getRandomValues(new Uint8Array(32)));

/** Where to sign in: issuer, client, audience and origins, as the service is set; empty where nobody can. */
export async function login() {
  try { return await (await fetch("me/page/login.json")).json(); } catch { return { issuer: "", client: "", audience: "", origins: [] }; }
}

/** What the provider tells of itself; the page's policy lets it ask the named origins for a token, and no other. */
async function provider({ issuer, origins }) {
  const found = await (await fetch(`${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`)).json();
  if (found.issuer !== issuer) throw new Error("the provider names another issuer than the service does");
  const { origin } = new URL(found.token_endpoint);
  if (!origins.includes(origin)) throw new Error(`its tokens come from ${origin}, which the operator has to allow: FLEXKG_PAGE_ORIGINS=${origin}`);
  return found;
}

/** Go to the provider; it sends its user back to this page. */
export async function begin(known) {
  const verifier = random();
  const state = random();
  sessionStorage.setItem(BEGUN, JSON.stringify({ verifier, state, view: location.hash }));
  const challenge = b64(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier)));
  const query = new URLSearchParams({
    response_type: "code", client_id: known.client, redirect_uri: here(), scope: SCOPES, state,
    resource: known.audience, code_challenge: challenge, code_challenge_method: "S256",
  });
  location.assign(`${(await provider(known)).authorization_endpoint}?${query}`);
}

/** Take the provider's answer in this page's address, if there is one; the view that was left is shown again. */
export async function finish(known) {
  const query = new URLSearchParams(location.search);
  if (!query.has("state") || !(query.has("code") || query.has("error"))) return;
  const begun = JSON.parse(sessionStorage.getItem(BEGUN) || "{}");
  sessionStorage.removeItem(BEGUN);
  history.replaceState(null, "", location.pathname + (begun.view || ""));
  if (!begun.state || query.get("state") !== begun.state) throw new Error("This sign-in was not begun here. Sign in again.");
  if (query.has("iss") && query.get("iss") !== known.issuer) throw new Error("Another provider answered than was asked.");
  if (query.has("error")) throw new Error(`The provider refuses: ${query.get("error_description") || query.get("error")}.`);
  const form = new URLSearchParams({
    grant_type: "authorization_code", code: query.get("code"), client_id: known.client, redirect_uri: here(),
    code_verifier: begun.verifier, resource: known.audience,
  });
  const answer = await fetch((await provider(known)).token_endpoint, { method: "POST", body: form });
  const found = await answer.json().catch(() => ({}));
  if (!answer.ok || !found.access_token) throw new Error(`The provider gives no token: ${found.error_description || found.error || `status ${answer.status}`}.`);
  keepToken(found.access_token);
}
