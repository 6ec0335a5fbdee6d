// Arranges the rows of a statement in the order of the requested keys.

/** The row of each key, or null. */
export function byKey(keys, rows) {
  const found = new Map(rows.map((row) => [row.id, row]));
  return keys.map((key) => found.get(key) ?? null);
}

/** The rows of each note, as lists. */
export function grouped(notes, rows) {
  const found = new Map(notes.map((note) => [note, []]));
  for (const row of rows) found.get(row.note_id).push(row);
  return notes.map((note) => found.get(note));
}
