// The database on PostgreSQL: filled once, and restored after each turn.
import { readFileSync } from "node:fs";
import pg from "pg";
import { bench, options } from "./options.mjs";
import { parentOf, run } from "./processes.mjs";

const name = `notegraph_bench_${options.notes}`;
const address = (database) => {
  const url = new URL(options.postgres);
  url.pathname = `/${database}`;
  return url.href;
};

export const url = address(name);

let client;
let eventMark;
const rows = async (text, values) => (await client.query(text, values)).rows;
const column = async (text, values) => (await rows(text, values)).map((row) => String(Object.values(row)[0]));

async function fill() {
  const admin = new pg.Client(address("postgres"));
  await admin.connect();
  await admin.query(`DROP DATABASE IF EXISTS ${name}`);
  await admin.query(`CREATE DATABASE ${name}`);
  await admin.end();
  await run(options.notegraph, ["demo", "--notes", String(options.notes)], { DATABASE_URL: url });
}

async function connected() {
  const candidate = new pg.Client(url);
  try {
    await candidate.connect();
    return candidate;
  } catch (error) {
    if (error.code === "3D000") return null; // the database does not exist
    throw error;
  }
}

const isFilled = async () => {
  const [{ found }] = await rows("SELECT to_regclass('bench_keep.mark') IS NOT NULL AS found");
  return found;
};

/** Records the last event of the filled database: `restore` deletes the events after it. */
async function mark() {
  await client.query("CREATE SCHEMA bench_keep");
  await client.query("CREATE TABLE bench_keep.mark AS SELECT max(id) AS event FROM event");
  await client.query("VACUUM (ANALYZE)");
}

export async function prepare() {
  client = await connected();
  if (client && !(await isFilled())) {
    await client.end();
    client = null;
  }
  if (!client) {
    console.log(`filling the database ${name} with ${options.notes} notes`);
    await fill();
    client = await connected();
    await mark();
  } else {
    await run(options.notegraph, ["migrate", "up"], { DATABASE_URL: url });
  }
  eventMark = (await rows("SELECT event FROM bench_keep.mark"))[0].event;
  // notegraph counts ids per company; the peers take theirs from one sequence, as their users would.
  await client.query("CREATE SEQUENCE IF NOT EXISTS note_id");
  await client.query("SELECT setval('note_id', (SELECT max(id) FROM note))");
  await client.query(readFileSync(`${bench}peers/postgraphile/functions.sql`, "utf8"));
  await restore();
  const [{ count }] = await rows("SELECT count(*)::int AS count FROM note");
  if (count !== options.notes) throw new Error(`${name} holds ${count} notes; drop it, and it is filled again`);
}

/** Ids that requests can use. */
export async function keys() {
  const stride = Math.max(1, Math.floor(options.notes / 20_000));
  return {
    notes: await column("SELECT id FROM note WHERE id % $1 = 0 AND message_count <= 100 ORDER BY id", [stride]),
    customers: await column(
      "SELECT customer_id FROM note GROUP BY 1 HAVING count(*) >= 20 AND customer_id IS NOT NULL ORDER BY 1 LIMIT 5000",
    ),
    anyCustomers: await column("SELECT id FROM customer ORDER BY id LIMIT 20000"),
    users: await column(`SELECT id FROM "user" ORDER BY id`),
    types: await column("SELECT id FROM note_type ORDER BY id"),
    since: (
      await rows("SELECT created_on FROM note ORDER BY created_on DESC, id DESC OFFSET 49999 LIMIT 1")
    )[0]?.created_on.toISOString(),
  };
}

export async function identity() {
  const [{ company_id, id }] = await rows(`SELECT company_id, id FROM "user" WHERE username = 'admin'`);
  return { company: String(company_id), actor: String(id) };
}

/** Saves the notes that will be patched. */
export async function keep(ids) {
  await client.query("DROP TABLE IF EXISTS bench_keep.note");
  await client.query("CREATE TABLE bench_keep.note AS SELECT * FROM note WHERE id = ANY($1::bigint[])", [ids]);
  await client.query("DROP TABLE IF EXISTS bench_keep.subject");
  await client.query(
    "CREATE TABLE bench_keep.subject AS SELECT * FROM search_part WHERE note_id = ANY($1::bigint[]) AND field = 1",
    [ids],
  );
  await client.query("DROP TABLE IF EXISTS bench_keep.words");
  await client.query("CREATE TABLE bench_keep.words AS SELECT * FROM search_note WHERE note_id = ANY($1::bigint[])", [
    ids,
  ]);
}

/** Reverts the changes of a turn, and leaves neither dead rows nor dirty pages to the next. */
export async function restore() {
  const above = [options.notes];
  await client.query("DELETE FROM event WHERE id > $1", [eventMark]);
  await client.query("DELETE FROM assignment WHERE company_id IN (SELECT id FROM company) AND note_id > $1", above);
  await client.query("DELETE FROM search_note WHERE company_id IN (SELECT id FROM company) AND note_id > $1", above);
  await client.query("DELETE FROM search_part WHERE company_id IN (SELECT id FROM company) AND note_id > $1", above);
  await client.query("DELETE FROM note WHERE company_id IN (SELECT id FROM company) AND id > $1", above);
  const [{ found }] = await rows("SELECT to_regclass('bench_keep.note') IS NOT NULL AS found");
  if (found) {
    await client.query(
      `UPDATE search_part part SET words = kept.words FROM bench_keep.subject kept
       WHERE part.company_id = kept.company_id AND part.note_id = kept.note_id AND part.field = kept.field
         AND part.words <> kept.words`,
    );
    await client.query(
      `UPDATE search_note note SET words = kept.words FROM bench_keep.words kept
       WHERE note.company_id = kept.company_id AND note.note_id = kept.note_id AND note.words <> kept.words`,
    );
    await client.query(
      `UPDATE note SET subject = kept.subject, subject_folded = kept.subject_folded, priority = kept.priority,
         version = kept.version, updated_on = kept.updated_on, updated_by_id = kept.updated_by_id
       FROM bench_keep.note kept
       WHERE note.company_id = kept.company_id AND note.id = kept.id AND note.version <> kept.version`,
    );
  }
  for (const table of ["event", "assignment", "search_part", "search_note", "note_tag", "note"]) await client.query(`VACUUM ${table}`);
  await client.query("CHECKPOINT");
}

/** The rows that a change has written, without the columns that differ each time. */
export async function written(note) {
  const [row] = await rows(
    `SELECT version, type_id, subject, details, status, priority, confidential, show_on_overview, reminder, tags,
       reference_type, reference_id, customer_id, user_id, message_count, updated_by_id, closed_on, source
     FROM note WHERE id = $1`,
    [note],
  );
  const assignments = await rows(
    "SELECT user_id, position, assigned_by_id, source FROM assignment WHERE note_id = $1 ORDER BY position",
    [note],
  );
  const events = await rows(
    "SELECT type, message_id, actor_id, changes FROM event WHERE note_id = $1 AND id > $2 ORDER BY id",
    [note, eventMark],
  );
  return { row, assignments, events };
}

/** The number of events since the last `restore`. */
export const events = async () => (await rows("SELECT count(*)::int AS count FROM event WHERE id > $1", [eventMark]))[0].count;

/** The main process of the database, if it runs on this machine. */
export async function root() {
  const [{ pid }] = await rows("SELECT pg_backend_pid() AS pid");
  return parentOf(pid);
}

/** The version, with the setting that determines how much data is read from memory. */
export const version = async () => {
  const [{ version, buffers }] = await rows(
    "SELECT current_setting('server_version') AS version, current_setting('shared_buffers') AS buffers",
  );
  return `${version} (shared_buffers ${buffers})`;
};
export const close = () => client.end();
