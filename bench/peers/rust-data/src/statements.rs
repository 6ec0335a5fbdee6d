//! The statements, once for each database. They differ in how a list of keys is one parameter, where ids come from, and
//! how a row is locked until the transaction ends.

use crate::*;

macro_rules! note_columns {
    () => {
        "id, version, type_id, subject, details, status, priority, confidential, show_on_overview, reminder, tags, \
         reference_type, reference_id, customer_id, user_id, message_count, created_on, updated_on, updated_by_id, \
         closed_on"
    };
}

macro_rules! database {
    (
        $module:ident, $database:ty, one_of: $open:literal, $close:literal, keys: $keys:expr,
        begin: $begin:literal, hold: $hold:literal,
        numbered: $numbered:literal, advance: $advance:literal, next_id: $next_id:literal
    ) => {
        pub mod $module {
            use sqlx::{Connection, Error, Pool, Row};

            use super::*;

            type Result<T> = std::result::Result<T, Error>;

            pub async fn note(pool: &Pool<$database>, company: i64, id: i64) -> Result<Option<Note>> {
                sqlx::query_as(concat!("SELECT ", note_columns!(), " FROM note WHERE company_id = $1 AND id = $2"))
                    .bind(company)
                    .bind(id)
                    .fetch_optional(pool)
                    .await
            }

            /// The newest open notes of the company.
            pub async fn newest_open(pool: &Pool<$database>, company: i64, first: i64) -> Result<Vec<Note>> {
                sqlx::query_as(concat!(
                    "SELECT ",
                    note_columns!(),
                    " FROM note WHERE company_id = $1 AND status = 'open' ORDER BY created_on DESC, id DESC LIMIT $2"
                ))
                .bind(company)
                .bind(first)
                .fetch_all(pool)
                .await
            }

            /// The newest notes of a customer.
            pub async fn of_customer(
                pool: &Pool<$database>,
                company: i64,
                customer: i64,
                first: i64,
            ) -> Result<Vec<Note>> {
                sqlx::query_as(concat!(
                    "SELECT ",
                    note_columns!(),
                    " FROM note WHERE company_id = $1 AND customer_id = $2 ORDER BY created_on DESC, id DESC LIMIT $3"
                ))
                .bind(company)
                .bind(customer)
                .bind(first)
                .fetch_all(pool)
                .await
            }

            pub async fn customers(pool: &Pool<$database>, company: i64, ids: &[i64]) -> Result<Vec<Customer>> {
                sqlx::query_as(concat!(
                    "SELECT id, full_name, company_name, company_title, email, locale, vip, is_member, mobile_full, \
                     birthdate, created_on FROM customer WHERE company_id = $1 AND id ",
                    $open,
                    "$2",
                    $close
                ))
                .bind(company)
                .bind($keys(ids))
                .fetch_all(pool)
                .await
            }

            pub async fn users(pool: &Pool<$database>, company: i64, ids: &[i64]) -> Result<Vec<User>> {
                sqlx::query_as(concat!(
                    "SELECT id, full_name, email, username FROM \"user\" WHERE company_id = $1 AND id ",
                    $open,
                    "$2",
                    $close
                ))
                .bind(company)
                .bind($keys(ids))
                .fetch_all(pool)
                .await
            }

            pub async fn note_types(pool: &Pool<$database>, company: i64, ids: &[i64]) -> Result<Vec<Named>> {
                sqlx::query_as(concat!(
                    "SELECT id, name FROM note_type WHERE company_id = $1 AND id ",
                    $open,
                    "$2",
                    $close
                ))
                .bind(company)
                .bind($keys(ids))
                .fetch_all(pool)
                .await
            }

            pub async fn company(pool: &Pool<$database>, id: i64) -> Result<Option<Named>> {
                sqlx::query_as("SELECT id, name FROM company WHERE id = $1").bind(id).fetch_optional(pool).await
            }

            /// The assignments of each note, in the order in which they were made.
            pub async fn assignments(pool: &Pool<$database>, company: i64, notes: &[i64]) -> Result<Vec<Assignment>> {
                sqlx::query_as(concat!(
                    "SELECT note_id, user_id, created_on, assigned_by_id FROM assignment \
                     WHERE company_id = $1 AND note_id ",
                    $open,
                    "$2",
                    $close,
                    " ORDER BY note_id, position"
                ))
                .bind(company)
                .bind($keys(notes))
                .fetch_all(pool)
                .await
            }

            /// The first messages of each note, oldest first: they are numbered from 1 without gaps.
            pub async fn messages(
                pool: &Pool<$database>,
                company: i64,
                notes: &[i64],
                first: i32,
            ) -> Result<Vec<Message>> {
                sqlx::query_as(concat!(
                    "SELECT id, note_id, message, attachment_url, attachment_filename, attachment_content_type, \
                     attachment_size, posted_by_id, created_on FROM message WHERE company_id = $1 AND note_id ",
                    $open,
                    "$2",
                    $close,
                    " AND position <= $3 ORDER BY note_id, position"
                ))
                .bind(company)
                .bind($keys(notes))
                .bind(first)
                .fetch_all(pool)
                .await
            }

            /// Advances a counter table before the row is inserted; a sequence does both in one statement.
            async fn advance(connection: &mut <$database as sqlx::Database>::Connection, counter: &str) -> Result<()> {
                if !$advance.is_empty() {
                    sqlx::query($advance).bind(counter).execute(connection).await?;
                }
                Ok(())
            }

            async fn append(
                connection: &mut <$database as sqlx::Database>::Connection,
                company: i64,
                kind: &str,
                note: i64,
                actor: i64,
                time: Time,
                changes: &[Change],
            ) -> Result<()> {
                advance(&mut *connection, "event_id").await?;
                sqlx::query(concat!(
                    "INSERT INTO event (company_id, id, type, note_id, actor_id, created_on, changes) VALUES ($1, ",
                    $next_id,
                    "'event_id'), $2, $3, $4, $5, $6)"
                ))
                .bind(company)
                .bind(kind)
                .bind(note)
                .bind(actor)
                .bind(time)
                .bind(sqlx::types::Json(changes))
                .execute(connection)
                .await
                .map(drop)
            }

            /// Creates a note, its assignments and its event in one transaction.
            pub async fn create(
                pool: &Pool<$database>,
                company: i64,
                actor: i64,
                time: Time,
                new: NewNote,
            ) -> Result<(Note, Vec<Assignment>)> {
                let mut connection = pool.acquire().await?;
                let mut transaction = connection.begin_with($begin).await?;
                advance(&mut transaction, "note_id").await?;
                let id = sqlx::query(concat!(
                    "INSERT INTO note (company_id, id, version, type_id, subject, details, status, priority, \
                     confidential, show_on_overview, tags, customer_id, user_id, message_count, created_on, \
                     updated_on, updated_by_id) VALUES ($1, ",
                    $next_id,
                    "'note_id'), 1, $2, $3, $4, 'open', false, false, false, $5, $6, $7, 0, $8, $8, $7) RETURNING id"
                ))
                .bind(company)
                .bind(new.type_id)
                .bind(&new.subject)
                .bind(&new.details)
                .bind(sqlx::types::Json(&new.tags))
                .bind(new.customer_id)
                .bind(actor)
                .bind(time)
                .fetch_one(&mut *transaction)
                .await?
                .try_get(0)?;
                sqlx::query(concat!(
                    "INSERT INTO assignment (company_id, note_id, user_id, position, created_on, assigned_by_id) \
                     SELECT $1, $2, value, position, $3, $4 FROM ",
                    $numbered
                ))
                .bind(company)
                .bind(id)
                .bind(time)
                .bind(actor)
                .bind($keys(&new.assignee_ids))
                .execute(&mut *transaction)
                .await?;
                append(&mut transaction, company, "created", id, actor, time, &[]).await?;
                transaction.commit().await?;
                let assignment =
                    |user_id| Assignment { note_id: id, user_id, created_on: time, assigned_by_id: Some(actor) };
                let assignments = new.assignee_ids.into_iter().map(assignment).collect();
                let note = Note {
                    id,
                    version: 1,
                    type_id: Some(new.type_id),
                    subject: Some(new.subject),
                    details: Some(new.details),
                    status: "open".to_owned(),
                    priority: false,
                    confidential: false,
                    show_on_overview: false,
                    reminder: None,
                    tags: new.tags,
                    reference_type: None,
                    reference_id: None,
                    customer_id: Some(new.customer_id),
                    user_id: Some(actor),
                    message_count: 0,
                    created_on: time,
                    updated_on: time,
                    updated_by_id: Some(actor),
                    closed_on: None,
                };
                Ok((note, assignments))
            }

            /// Changes a note and appends the event with the old and new values in one transaction. `None` if there is
            /// no such note.
            pub async fn patch(
                pool: &Pool<$database>,
                company: i64,
                actor: i64,
                time: Time,
                id: i64,
                patch: Patch,
            ) -> Result<Option<Patched>> {
                let mut connection = pool.acquire().await?;
                let mut transaction = connection.begin_with($begin).await?;
                let held: Option<Note> = sqlx::query_as(concat!(
                    "SELECT ",
                    note_columns!(),
                    " FROM note WHERE company_id = $1 AND id = $2",
                    $hold
                ))
                .bind(company)
                .bind(id)
                .fetch_optional(&mut *transaction)
                .await?;
                let Some(mut note) = held else { return Ok(None) };
                let mut changes = Vec::new();
                if note.subject.as_deref() != Some(patch.subject.as_str()) {
                    let old = note.subject.replace(patch.subject.clone());
                    changes.push(Change { field: "subject", old: old.into(), new: patch.subject.into() });
                }
                if note.priority != patch.priority {
                    changes.push(Change { field: "priority", old: note.priority.into(), new: patch.priority.into() });
                    note.priority = patch.priority;
                }
                if changes.is_empty() {
                    return Ok(Some(Patched { note, changes }));
                }
                note.version += 1;
                (note.updated_on, note.updated_by_id) = (time, Some(actor));
                sqlx::query(
                    "UPDATE note SET subject = $3, priority = $4, version = $5, updated_on = $6, updated_by_id = $7 \
                     WHERE company_id = $1 AND id = $2",
                )
                .bind(company)
                .bind(id)
                .bind(&note.subject)
                .bind(note.priority)
                .bind(note.version)
                .bind(time)
                .bind(actor)
                .execute(&mut *transaction)
                .await?;
                append(&mut transaction, company, "updated", id, actor, time, &changes).await?;
                transaction.commit().await?;
                Ok(Some(Patched { note, changes }))
            }

            /// The user who holds this token, looked up as notegraph does it: for the handler that authenticates.
            pub async fn token_holder(pool: &Pool<$database>, company: i64, hash: &[u8]) -> Result<Option<i64>> {
                let row = sqlx::query(
                    "SELECT u.id FROM token t JOIN \"user\" u ON u.company_id = t.company_id AND u.id = t.user_id \
                     WHERE t.company_id = $1 AND t.hash = $2 AND t.revoked_on IS NULL AND u.status = 'active'",
                )
                .bind(company)
                .bind(hash)
                .fetch_optional(pool)
                .await?;
                row.map(|row| row.try_get(0)).transpose()
            }
        }
    };
}

database!(
    postgres, sqlx::Postgres, one_of: "= ANY(", ")", keys: <[i64]>::to_vec,
    begin: "BEGIN", hold: " FOR UPDATE",
    numbered: "unnest($5::bigint[]) WITH ORDINALITY AS k(value, position)", advance: "", next_id: "nextval("
);
database!(
    sqlite, sqlx::Sqlite, one_of: "IN (SELECT value FROM json_each(", "))", keys: |keys: &[i64]| serde_json::json!(keys).to_string(),
    begin: "BEGIN IMMEDIATE", hold: "",
    numbered: "(SELECT value, key + 1 AS position FROM json_each($5))",
    advance: "UPDATE id_counter SET value = value + 1 WHERE name = $1",
    next_id: "(SELECT value FROM id_counter WHERE name = "
);
