// What the form of an event offers, and the request that it becomes.

const power = (type) => ({ name: "LOAD_DISPATCH", type, item: { base: "powerReal", units: "W" } });

export const KINDS = {
  level: { label: "Level (SIMPLE)", unit: "Level: 0 normal, 1 to 3", signal: { name: "SIMPLE", type: "level" }, legal: (v) => [0, 1, 2, 3].includes(v) },
  setpoint: { label: "Power to keep to (LOAD_DISPATCH setpoint)", unit: "Watts; negative: feed in", signal: power("setpoint") },
  delta: { label: "Change of power (LOAD_DISPATCH delta)", unit: "Watts; negative: less load", signal: power("delta") },
};

const INTEGER = /^\d+$/;

/** Reads numbers separated by spaces; throws what is wrong with them, in words. */
export function numbers(text, kind) {
  const parts = text.trim().split(/[\s;]+/).filter(Boolean);
  const found = parts.map(Number);
  const wrong = parts.find((part, n) => !Number.isFinite(found[n]) || (KINDS[kind].legal && !KINDS[kind].legal(found[n])));
  if (!parts.length || wrong !== undefined) throw new Error(wrong === undefined ? "No value is given." : `${wrong} is no such value: ${KINDS[kind].unit}.`);
  return found;
}

/** Makes the body of POST /events or PUT /events/{id}. */
export function request({ name, vens, start, minutes, kind, values, random, priority, comment, test }) {
  if (!INTEGER.test(minutes) || Number(minutes) < 1) throw new Error("The minutes of an interval are a whole number of 1 or more.");
  const at = new Date(`${start}Z`);
  if (Number.isNaN(at.getTime())) throw new Error("The start is no time.");
  const intervals = numbers(values, kind).map((value) => ({ duration: `PT${minutes}M`, value }));
  return {
    event_id: name, vens, starts_at: at.toISOString(), signals: [{ ...KINDS[kind].signal, intervals }],
    start_after: Number(random) ? `PT${Number(random)}M` : "", priority: Number(priority) || 0, comment, test,
  };
}
