// Calls the service. Addresses are relative, so that the page works below any path of a proxy.

const TOKEN = "flexkg-token";

export const token = () => sessionStorage.getItem(TOKEN) || "";
export const keepToken = (text) => (text ? sessionStorage.setItem(TOKEN, text) : sessionStorage.removeItem(TOKEN));
export const authorization = () => (token() ? { Authorization: `Bearer ${token()}` } : {});

/** What the service refused: title, detail, place and cure of its problem. */
export class Refused extends Error {
  constructor(status, problem) {
    super([problem.detail || problem.title || `status ${status}`, problem.where && `(${problem.where})`, problem.cure && `Cure: ${problem.cure}.`].filter(Boolean).join(" "));
    this.status = status;
    this.problem = problem;
  }
}

async function call(path, options = {}) {
  let answer;
  try {
    answer = await fetch(path, { ...options, headers: { ...options.headers, ...authorization() } });
  } catch {
    throw new Refused(0, { detail: "The service does not answer.", cure: "see whether it still runs" });
  }
  if (answer.ok) return answer;
  let problem = {};
  try { problem = await answer.json(); } catch { /* no problem document */ }
  if (answer.status === 401) document.dispatchEvent(new CustomEvent("flexkg-token-needed"));
  throw new Refused(answer.status, problem);
}

const post = (path, body, accept) =>
  call(path, { method: "POST", body, headers: { "Content-Type": "application/octet-stream", Accept: accept } });

export const check = async (payload, level) => (await post(`check${level ? `?profile=${level}` : ""}`, payload, "application/json")).json();
export const explain = async (payload) => (await post("explain", payload, "application/json")).json();
export const lift = async (payload, media) => (await post("lift", payload, media)).text();
export const queries = async () => (await call("queries", { headers: { Accept: "application/json" } })).json();

/** Rows of a stored query: an array of objects, values as text. */
export async function rows(name, values = {}) {
  const fields = new URLSearchParams(Object.entries(values).filter(([, value]) => value));
  const answer = await call(`queries/${name}?${fields}`, { headers: { Accept: "application/sparql-results+json" } });
  const { head, results } = await answer.json();
  const found = results.bindings.map((row) => Object.fromEntries(head.vars.map((v) => [v, row[v] ? row[v].value : ""])));
  return { columns: head.vars, found };
}
