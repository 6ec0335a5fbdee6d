// Checks before any measurement that all servers give the same responses, value for value, and write the same rows.
import { ask } from "./ask.mjs";
import { difference, time } from "./canonical.mjs";
import { changes } from "./work.mjs";

const SAMPLES = { q1: 40, q2: 1, q3: 20, m1: 3, m2: 6 };
const SAMPLES_OF_OTHERS = 10;

/** Checks the id and times of a change and replaces them, as they differ each time. Returns the note's key. */
function settle(work, data, began) {
  const { note } = work === "m1" ? data.noteCreate : data.notePatch;
  const key = note.id.split(":")[1];
  const times = work === "m1" ? ["createdOn", "updatedOn"] : ["updatedOn"];
  for (const name of times) {
    const age = Date.parse(note[name]) - began;
    if (!(age > -5_000 && age < 60_000)) throw new Error(`${name} of a changed note is ${note[name]}`);
    note[name] = "now";
  }
  if (work === "m1") note.id = "new";
  return key;
}

/** Converts the rows of both databases to one form: SQLite stores booleans as numbers and times as text. */
function rowsWritten({ row, assignments, events }) {
  const flags = ["priority", "confidential", "show_on_overview"].map((name) => [name, Boolean(row[name])]);
  const times = ["reminder", "closed_on"].map((name) => [name, row[name] && time(new Date(row[name]).toISOString())]);
  const one = { ...row, ...Object.fromEntries([...flags, ...times]) };
  // Via JSON text, which removes the drivers' own types of numbers and objects.
  return JSON.parse(JSON.stringify({ row: one, assignments, events }), (_, value) =>
    typeof value === "string" && /^\d+$/.test(value) ? Number(value) : value,
  );
}

/** Collects a server's responses to the first requests of each kind of work, and their average size. */
export async function answers(server, database, parameters, works) {
  const found = {};
  const sizes = {};
  for (const work of works) {
    found[work] = [];
    let bytes = 0;
    for (const one of parameters[work].slice(0, SAMPLES[work] ?? SAMPLES_OF_OTHERS)) {
      const began = Date.now();
      const answer = await ask(server, work, one);
      bytes += answer.bytes;
      let kept = { data: answer.data };
      if (changes.has(work)) {
        const key = settle(work, answer.data, began);
        kept = { data: answer.data, written: rowsWritten(await database.written(key)) };
      }
      found[work].push(kept);
    }
    sizes[work] = bytes / found[work].length;
  }
  return { found, sizes };
}

/** Stops the run if two servers differ. */
export function compare(expected, found, names) {
  for (const work of Object.keys(found)) {
    found[work].forEach((answer, index) => {
      const where = difference(expected[work][index], answer, `${work} number ${index + 1}`);
      if (where) throw new Error(`${names[1]} differs from ${names[0]}: ${where}`);
    });
  }
}
