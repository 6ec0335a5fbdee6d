// One batched statement for each relation, written by hand, over `pg`. Each has a name, so that each connection
// prepares it once; a list of keys is one parameter, so that the text does not depend on the number of keys.
import pg from "pg";
import { actor, company, connections, database } from "./settings.mjs";

// Formats times as RFC 3339 in UTC from PostgreSQL's text: cheaper than a Date, and it keeps microseconds.
const time = (text) => `${text.slice(0, 10)}T${text.slice(11, -3)}Z`;
pg.types.setTypeParser(pg.types.builtins.TIMESTAMPTZ, time);
pg.types.setTypeParser(pg.types.builtins.DATE, (text) => text);

const pool = new pg.Pool({ connectionString: database, max: connections, options: "-c timezone=UTC" });

const NOTE =
  "id, version, type_id, subject, details, status, priority, confidential, show_on_overview, reminder, tags, " +
  "reference_type, reference_id, customer_id, user_id, message_count, created_on, updated_on, updated_by_id, closed_on";

const rows = async (name, text, ...values) => (await pool.query({ name, text, values })).rows;

export const note = async (id) =>
  (await rows("note", `SELECT ${NOTE} FROM note WHERE company_id = $1 AND id = $2`, company, id))[0] ?? null;

export const newestOpen = (first) =>
  rows(
    "newest_open",
    `SELECT ${NOTE} FROM note WHERE company_id = $1 AND status = 'open' ORDER BY created_on DESC, id DESC LIMIT $2`,
    company,
    first,
  );

export const ofCustomer = (customer, first) =>
  rows(
    "of_customer",
    `SELECT ${NOTE} FROM note WHERE company_id = $1 AND customer_id = $2 ORDER BY created_on DESC, id DESC LIMIT $3`,
    company,
    customer,
    first,
  );

export const customers = (ids) =>
  rows(
    "customers",
    "SELECT id, full_name, company_name, company_title, email, locale, vip, is_member, mobile_full, birthdate, " +
      "created_on FROM customer WHERE company_id = $1 AND id = ANY($2::bigint[])",
    company,
    ids,
  );

export const users = (ids) =>
  rows(
    "users",
    `SELECT id, full_name, email, username FROM "user" WHERE company_id = $1 AND id = ANY($2::bigint[])`,
    company,
    ids,
  );

export const noteTypes = (ids) =>
  rows("note_types", "SELECT id, name FROM note_type WHERE company_id = $1 AND id = ANY($2::bigint[])", company, ids);

export const companies = (ids) => rows("companies", "SELECT id, name FROM company WHERE id = ANY($1::bigint[])", ids);

/** The assignments of each note, in the order in which they were made. */
export const assignments = (notes) =>
  rows(
    "assignments",
    "SELECT note_id, user_id, created_on, assigned_by_id FROM assignment " +
      "WHERE company_id = $1 AND note_id = ANY($2::bigint[]) ORDER BY note_id, position",
    company,
    notes,
  );

/** The first messages of each note, oldest first: they are numbered from 1 without gaps. */
export const messages = (notes, first) =>
  rows(
    "messages",
    "SELECT id, note_id, message, attachment_url, attachment_filename, attachment_content_type, attachment_size, " +
      "posted_by_id, created_on FROM message " +
      "WHERE company_id = $1 AND note_id = ANY($2::bigint[]) AND position <= $3 ORDER BY note_id, position",
    company,
    notes,
    first,
  );

async function transaction(work) {
  const client = await pool.connect();
  const ask = async (name, text, ...values) => (await client.query({ name, text, values })).rows;
  try {
    await client.query("BEGIN");
    const answer = await work(ask);
    await client.query("COMMIT");
    return answer;
  } catch (error) {
    await client.query("ROLLBACK");
    throw error;
  } finally {
    client.release();
  }
}

const append = (ask, kind, note, changes) =>
  ask(
    "event",
    "INSERT INTO event (company_id, id, type, note_id, actor_id, created_on, changes) " +
      "VALUES ($1, nextval('event_id'), $2, $3, $4, now(), $5)",
    company,
    kind,
    note,
    actor,
    JSON.stringify(changes),
  );

/** Creates a note, its assignments and its event. */
export const create = ({ customerId, typeId, subject, details, tags, assigneeIds }) =>
  transaction(async (ask) => {
    const [made] = await ask(
      "create",
      "INSERT INTO note (company_id, id, version, type_id, subject, details, status, priority, confidential, " +
        "show_on_overview, tags, customer_id, user_id, message_count, created_on, updated_on, updated_by_id) VALUES " +
        "($1, nextval('note_id'), 1, $2, $3, $4, 'open', false, false, false, $5, $6, $7, 0, now(), now(), $7) " +
        `RETURNING ${NOTE}`,
      company,
      typeId,
      subject,
      details,
      JSON.stringify(tags),
      customerId,
      actor,
    );
    await ask(
      "assign",
      "INSERT INTO assignment (company_id, note_id, user_id, position, created_on, assigned_by_id) " +
        "SELECT $1, $2, value, position, now(), $3 FROM unnest($4::bigint[]) WITH ORDINALITY AS k(value, position)",
      company,
      made.id,
      actor,
      assigneeIds,
    );
    await append(ask, "created", made.id, []);
    return made;
  });

/** Changes a note and appends the event with the old and new values. */
export const patch = (id, { subject, priority }) =>
  transaction(async (ask) => {
    const [held] = await ask(
      "hold",
      `SELECT ${NOTE} FROM note WHERE company_id = $1 AND id = $2 FOR UPDATE`,
      company,
      id,
    );
    if (!held) throw new Error("no such note");
    const changes = [];
    if (held.subject !== subject) changes.push({ field: "subject", old: held.subject, new: subject });
    if (held.priority !== priority) changes.push({ field: "priority", old: held.priority, new: priority });
    const changedFields = changes.map((change) => change.field);
    if (changes.length === 0) return { note: held, changedFields };
    const [note] = await ask(
      "patch",
      "UPDATE note SET subject = $3, priority = $4, version = version + 1, updated_on = now(), updated_by_id = $5 " +
        `WHERE company_id = $1 AND id = $2 RETURNING ${NOTE}`,
      company,
      id,
      subject,
      priority,
      actor,
    );
    await append(ask, "updated", id, changes);
    return { note, changedFields };
  });
