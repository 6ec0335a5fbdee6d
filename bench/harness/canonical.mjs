// The canonical form of equivalent responses: fields sorted by name, times as UTC with microseconds.
const TIMES = new Set(["reminder", "createdOn", "updatedOn", "closedOn"]);

/** Converts a time in any spelling of the servers to `2026-03-14T09:26:53.120000Z`. */
export function time(text) {
  const parts = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))? ?(Z|UTC|\+00(?::?00)?)$/.exec(text);
  if (!parts) throw new Error(`${JSON.stringify(text)} is not a time in UTC`);
  return `${parts[1]}T${parts[2]}.${(parts[3] ?? "").padEnd(6, "0").slice(0, 6)}Z`;
}

export function canonical(value, name) {
  if (Array.isArray(value)) return value.map((item) => canonical(item));
  if (value !== null && typeof value === "object") {
    const names = Object.keys(value).sort();
    return Object.fromEntries(names.map((name) => [name, canonical(value[name], name)]));
  }
  return TIMES.has(name) && value !== null ? time(value) : value;
}

/** The first path at which two values differ, or null. */
export function difference(expected, found, path = "data") {
  if (expected === found) return null;
  if (expected !== null && found !== null && typeof expected === "object" && typeof found === "object") {
    for (const name of new Set([...Object.keys(expected), ...Object.keys(found)])) {
      const inner = difference(expected[name], found[name], `${path}.${name}`);
      if (inner) return inner;
    }
    return null;
  }
  return `${path} is ${JSON.stringify(found)} where ${JSON.stringify(expected)} is expected`;
}
