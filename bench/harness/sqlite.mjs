// The same database on SQLite, in a file.
import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { bench, options } from "./options.mjs";
import { run } from "./processes.mjs";

const path = `${bench}data/notegraph_${options.notesSqlite}.db`;
export const url = `sqlite://${path}`;

let database;
let eventMark;
const rows = (text, ...values) => database.prepare(text).all(...values);

export async function prepare() {
  mkdirSync(`${bench}data`, { recursive: true });
  const open = () => (database = new DatabaseSync(path, { timeout: 10_000 }));
  const isFilled = () => rows("SELECT 1 FROM sqlite_schema WHERE name = 'bench_mark'").length > 0;
  if (existsSync(path)) open();
  if (!database || !isFilled()) {
    database?.close();
    for (const suffix of ["", "-wal", "-shm"]) rmSync(path + suffix, { force: true });
    console.log(`filling ${path} with ${options.notesSqlite} notes`);
    await run(options.notegraph, ["demo", "--notes", String(options.notesSqlite)], { DATABASE_URL: url });
    open();
    database.exec("CREATE TABLE bench_mark AS SELECT max(id) AS event FROM event");
  } else {
    await run(options.notegraph, ["migrate", "up"], { DATABASE_URL: url });
  }
  eventMark = rows("SELECT event FROM bench_mark")[0].event;
  // notegraph counts ids per company; the peers take theirs from one counter, as their users would.
  database.exec(
    "INSERT INTO id_counter (name, value) SELECT 'note_id', max(id) FROM note WHERE true " +
      "ON CONFLICT (name) DO UPDATE SET value = excluded.value",
  );
  await restore();
  const [{ count }] = rows("SELECT count(*) AS count FROM note");
  if (count !== options.notesSqlite) throw new Error(`${path} holds ${count} notes; remove it, and it is filled again`);
}

export async function identity() {
  const [{ company_id, id }] = rows(`SELECT company_id, id FROM "user" WHERE username = 'admin'`);
  return { company: String(company_id), actor: String(id) };
}

export async function keys() {
  const column = (text, ...values) => rows(text, ...values).map((row) => String(Object.values(row)[0]));
  const stride = Math.max(1, Math.floor(options.notesSqlite / 20_000));
  return {
    notes: column("SELECT id FROM note WHERE id % ? = 0 AND message_count <= 100 ORDER BY id", stride),
    customers: column(
      "SELECT customer_id FROM note GROUP BY 1 HAVING count(*) >= 20 AND customer_id IS NOT NULL ORDER BY 1 LIMIT 5000",
    ),
    anyCustomers: column("SELECT id FROM customer ORDER BY id LIMIT 20000"),
    users: column(`SELECT id FROM "user" ORDER BY id`),
    types: column("SELECT id FROM note_type ORDER BY id"),
    since: new Date(
      rows("SELECT created_on FROM note ORDER BY created_on DESC, id DESC LIMIT 1 OFFSET 49999")[0]?.created_on ?? 0,
    ).toISOString(),
  };
}

export async function keep(ids) {
  database.exec("DROP TABLE IF EXISTS bench_note");
  database
    .prepare("CREATE TABLE bench_note AS SELECT * FROM note WHERE id IN (SELECT value FROM json_each(?))")
    .run(JSON.stringify(ids.map(Number)));
  for (const [kept, table] of WORDS) {
    database.exec(`DROP TABLE IF EXISTS ${kept}`);
    database.exec(
      `CREATE TABLE ${kept} AS SELECT * FROM ${table}
       WHERE (company_id, note_id) IN (SELECT company_id, id FROM bench_note)`,
    );
  }
}

/** The tables with the words of the notes that will be patched, of their parts and of the whole notes. */
const WORDS = [
  ["bench_part", "search_part"],
  ["bench_words", "search_note"],
];

export async function restore() {
  database.exec("BEGIN IMMEDIATE");
  database.prepare("DELETE FROM event WHERE id > ?").run(eventMark);
  const above = (key) => `company_id IN (SELECT id FROM company) AND ${key} > ${options.notesSqlite}`;
  // Not prepared: FTS5 sets the last row id to a value that exceeds JavaScript's safe integers.
  database.exec(
    `DELETE FROM assignment WHERE ${above("note_id")};
     DELETE FROM search_word WHERE rowid IN (SELECT id FROM search_note WHERE ${above("note_id")});
     DELETE FROM search_note WHERE ${above("note_id")};
     DELETE FROM search_part WHERE ${above("note_id")};
     DELETE FROM note WHERE ${above("id")};`,
  );
  if (rows("SELECT 1 FROM sqlite_schema WHERE name = 'bench_note'").length > 0) {
    database.exec(
      `CREATE TEMP TABLE changed AS SELECT kept.* FROM bench_words AS kept JOIN search_note AS now USING (id)
         WHERE now.words <> kept.words;
       DELETE FROM search_word WHERE rowid IN (SELECT id FROM changed);
       INSERT INTO search_word (rowid, words)
         SELECT id, replace(rtrim(words), ' ', ' ' || company_id || '_') FROM changed;
       UPDATE search_note SET words = changed.words FROM changed WHERE search_note.id = changed.id;
       DROP TABLE changed;
       DELETE FROM search_part WHERE (company_id, note_id) IN (SELECT company_id, id FROM bench_note);
       INSERT INTO search_part SELECT * FROM bench_part;`,
    );
    database.exec(
      `UPDATE note SET subject = kept.subject, subject_folded = kept.subject_folded, priority = kept.priority,
         version = kept.version, updated_on = kept.updated_on, updated_by_id = kept.updated_by_id
       FROM bench_note AS kept
       WHERE note.company_id = kept.company_id AND note.id = kept.id AND note.version <> kept.version`,
    );
  }
  database.exec("COMMIT");
  database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
}

export async function written(note) {
  const [row] = rows(
    `SELECT version, type_id, subject, details, status, priority, confidential, show_on_overview, reminder, tags,
       reference_type, reference_id, customer_id, user_id, message_count, updated_by_id, closed_on, source
     FROM note WHERE id = ?`,
    note,
  );
  const assignments = rows(
    "SELECT user_id, position, assigned_by_id, source FROM assignment WHERE note_id = ? ORDER BY position",
    note,
  );
  const events = rows(
    "SELECT type, message_id, actor_id, changes FROM event WHERE note_id = ? AND id > ? ORDER BY id",
    note,
    eventMark,
  );
  const parsed = (event) => ({ ...event, changes: JSON.parse(event.changes) });
  return { row: { ...row, tags: JSON.parse(row.tags) }, assignments, events: events.map(parsed) };
}

export const events = async () => rows("SELECT count(*) AS count FROM event WHERE id > ?", eventMark)[0].count;

/** SQLite runs within the server, so there is no process. */
export const root = async () => null;
/** The version of SQLite in the servers, not the one in this program. */
export const version = async () => {
  const lock = readFileSync(`${bench}Cargo.lock`, "utf8");
  return `as libsqlite3-sys ${/name = "libsqlite3-sys"\nversion = "([^"]+)"/.exec(lock)[1]} has it`;
};
export const close = async () => database.close();
