// Calls the routes of the operator, and listens to the messages. Addresses are relative.

import { Refused, authorization } from "../js/api.js";

async function call(method, path, body) {
  const headers = { Accept: "application/json", ...authorization() };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  let answer;
  try {
    answer = await fetch(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
  } catch {
    throw new Refused(0, { detail: "The service does not answer.", cure: "see whether it still runs" });
  }
  if (answer.status === 401) document.dispatchEvent(new CustomEvent("flexkg-token-needed"));
  const text = await answer.text();
  let found = null;
  try { found = text ? JSON.parse(text) : null; } catch { /* no JSON */ }
  if (!answer.ok) throw new Refused(answer.status, found ?? {});
  return found;
}

const one = (name) => encodeURIComponent(name);

export const vens = () => call("GET", "vens");
export const events = () => call("GET", "events");
export const event = (name) => call("GET", `events/${one(name)}`);
export const issue = (event) => call("POST", "events", event);
export const change = (name, event) => call("PUT", `events/${one(name)}`, event);
export const cancel = (name) => call("DELETE", `events/${one(name)}`);
export const askReport = (ven, wish) => call("POST", `vens/${one(ven)}/reports`, wish);
export const reregister = (ven) => call("POST", `vens/${one(ven)}/reregistration`);
export const end = (ven) => call("DELETE", `vens/${one(ven)}`);

/** Reads Server-Sent Events for ever; EventSource cannot send a token. */
export async function listen(told, state) {
  for (;;) {
    try {
      const answer = await fetch("notifications", { headers: { Accept: "text/event-stream", ...authorization() } });
      if (answer.status === 401) document.dispatchEvent(new CustomEvent("flexkg-token-needed"));
      if (!answer.ok) throw new Error(`status ${answer.status}`);
      state(true);
      const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
      for (let kept = ""; ;) {
        const { value, done } = await reader.read();
        if (done) break;
        const parts = (kept + value).split("\n\n");
        kept = parts.pop();
        for (const part of parts) {
          const data = part.split("\n").filter((line) => line.startsWith("data: ")).map((line) => line.slice(6)).join("\n");
          if (data) told(JSON.parse(data));
        }
      }
    } catch { /* tried again below */ }
    state(false);
    await new Promise((resolve) => setTimeout(resolve, 5000));
  }
}
