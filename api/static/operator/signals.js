// What the form of an event offers, and the request that it becomes.

const power = (type) => ({ name: "LOAD_DISPATCH", type, item: { base: "powerReal", units: "W" } });

export const KINDS = {
  level: { label: "Level (SIMPLE)", unit: "Level: 0 normal, 1 to 3", signal: { name: "SIMPLE", type: "level" }, legal: (v) => [0, 1, 2, 3].includes(v) },
  setpoint: { label: "Power to keep to (LOAD_DISPATCH setpoint)", unit: "Watts; negative: feed in", signal: power("setpoint") },
  delta: { label: "Change of power (LOAD_DISPATCH delta)", unit: "Watts; negative: less load", signal: power("delta") },
};

const LENGTH = /^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?$/;

/** Whole minutes of a duration; null where it is no whole number of them. */
export function minutesOf(text) {
  const parts = LENGTH.exec(text ?? "");
  if (!parts) return null;
  const [days, hours, minutes, seconds] = parts.slice(1).map((part) => Number(part ?? 0));
  return seconds % 60 ? null : days * 1440 + hours * 60 + minutes + seconds / 60;
}

/** What the form shows of an event; null where it is one that the form cannot state. */
export function fields(asked) {
  const [signal, ...more] = asked.signals;
  const kind = Object.keys(KINDS).find((one) => KINDS[one].signal.name === signal?.name && KINDS[one].signal.type === signal?.type);
  const lengths = new Set((signal?.intervals ?? []).map((one) => minutesOf(one.duration)));
  const [minutes] = lengths;
  const random = asked.start_after ? minutesOf(asked.start_after) : 0;
  const watts = !signal?.item || (signal.item.base === "powerReal" && signal.item.units === "W" && ["none", "k"].includes(signal.item.scale));
  if (more.length || !kind || lengths.size !== 1 || !minutes || random === null || !watts) return null;
  const factor = signal.item?.scale === "k" ? 1000 : 1;
  return {
    start: asked.starts_at.slice(0, 19), minutes: String(minutes), kind, random: String(random), priority: String(asked.priority),
    values: signal.intervals.map((one) => one.value * factor).join(" "), comment: asked.comment,
  };
}

const INTEGER = /^\d+$/;

/** Reads numbers separated by spaces; throws what is wrong with them, in words. */
export function numbers(text, kind) {
  const parts = text.trim().split(/[\s;]+/).filter(Boolean);
  const found = parts.map(Number);
  const wrong = parts.find((part, n) => !Number.isFinite(found[n]) || (KINDS[kind].legal && !KINDS[kind].legal(found[n])));
  if (!parts.length || wrong !== undefined) throw new Error(wrong === undefined ? "No value is given." : `${wrong} is no such value: ${KINDS[kind].unit}.`);
  return found;
}

/** Makes the body of POST /events or PUT /events/{id}; what the form has no field for stays as it was before. */
export function request({ name, vens, start, minutes, kind, values, random, priority, comment, test }, before = {}) {
  if (!INTEGER.test(minutes) || Number(minutes) < 1) throw new Error("The minutes of an interval are a whole number of 1 or more.");
  const at = new Date(`${start}Z`);
  if (Number.isNaN(at.getTime())) throw new Error("The start is no time.");
  const intervals = numbers(values, kind).map((value) => ({ duration: `PT${minutes}M`, value }));
  const { market_context, resources, response_required, notification, ramp_up, recovery } = before;
  return {
    ...Object.fromEntries(Object.entries({ market_context, resources, response_required, notification, ramp_up, recovery }).filter(([, value]) => value !== undefined)),
    event_id: name, vens, starts_at: at.toISOString(), signals: [{ ...KINDS[kind].signal, intervals }],
    start_after: Number(random) ? `PT${Number(random)}M` : "", priority: Number(priority) || 0, comment, test,
  };
}
