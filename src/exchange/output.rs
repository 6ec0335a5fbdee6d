//! Exports the notes of a company in the exchange format, one per line, ordered by id.

use std::collections::{BTreeSet, HashMap};
use std::io::Write;

use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, FromQueryResult, QueryFilter, QueryOrder};

use super::person::Person;
use super::{assignee, message as message_form, note as note_form};
use crate::ids::{CompanyId, CustomerId, NoteId, NoteTypeId, UserId};
use crate::json::object::{JsonFields, join};
use crate::store::db::{Db, Dialect, Transaction};
use crate::store::entity::{assignment, customer, message, note, note_type, user};
use crate::store::provenance::overlay;

/// Why an export ended early.
#[derive(Debug)]
pub enum ExportError {
    Database(DbErr),
    /// The reader has gone, or the disk is full.
    Writing(std::io::Error),
}

impl From<DbErr> for ExportError {
    fn from(error: DbErr) -> Self {
        Self::Database(error)
    }
}

impl From<std::io::Error> for ExportError {
    fn from(error: std::io::Error) -> Self {
        Self::Writing(error)
    }
}

/// Maximum number of notes that are held in memory, and maximum number of bytes of their texts and messages; a larger
/// note is held alone.
const PAGE: u64 = 100;
const PAGE_BYTES: i64 = 8 << 20;

/// Maximum number of people of a kind that are cached between pages, and maximum number of bytes of their texts.
const REMEMBERED: usize = 8_000;
const REMEMBERED_BYTES: usize = 16 << 20;

/// Writes all notes from one snapshot of the database; returns how many.
///
/// # Errors
/// When the database fails, or writing fails.
pub async fn write(db: &Db, company_id: CompanyId, out: &mut (dyn Write + Send)) -> Result<u64, ExportError> {
    let transaction = db.read_snapshot().await?;
    let types = note_type::Entity::find().filter(note_type::Column::CompanyId.eq(company_id)).all(&transaction).await?;
    let types = types.into_iter().map(|row| (row.id, row)).collect();
    let mut page =
        Page { transaction: &transaction, company_id, types, customers: HashMap::new(), users: HashMap::new() };
    let (mut last, mut count) = (NoteId(i64::MIN), 0);
    loop {
        let ids = next(&transaction, company_id, last).await?;
        let Some(end) = ids.last() else { break };
        last = *end;
        let notes = note::Entity::find()
            .filter(note::Column::CompanyId.eq(company_id))
            .filter(Dialect::of(&transaction).one_of((note::Entity, note::Column::Id), ids))
            .order_by_asc(note::Column::Id)
            .all(&transaction)
            .await?;
        count += notes.len() as u64;
        page.write(notes, out).await?;
    }
    out.flush()?;
    transaction.rollback().await?;
    Ok(count)
}

/// Returns the ids of the next notes after `last`: as many as fit into a page, at least one.
async fn next(transaction: &Transaction, company_id: CompanyId, last: NoteId) -> Result<Vec<NoteId>, DbErr> {
    // Both databases know lengths without reading the texts.
    let size = |table: &str, columns: &[&str]| {
        let sizes = columns.iter().map(|column| format!("coalesce(octet_length({table}.{column}), 0)"));
        sizes.collect::<Vec<_>>().join(" + ")
    };
    let sql = format!(
        "SELECT n.id AS id, CAST({} + coalesce((SELECT sum({}) FROM message AS m WHERE m.company_id = n.company_id \
         AND m.note_id = n.id), 0) AS bigint) AS size \
         FROM note AS n WHERE n.company_id = {company_id} AND n.id > {last} ORDER BY n.id LIMIT {PAGE}",
        size("n", &["details", "source"]),
        size("m", &["message", "source"]),
    );
    let rows = transaction.query_all_raw(Dialect::of(transaction).statement(sql, [])).await?;
    let (mut ids, mut bytes) = (Vec::new(), 0_i64);
    for row in rows {
        bytes = bytes.saturating_add(row.try_get("", "size")?);
        if bytes > PAGE_BYTES && !ids.is_empty() {
            break;
        }
        ids.push(row.try_get("", "id")?);
    }
    Ok(ids)
}

/// A person as nested in notes.
struct Nested {
    fields: JsonFields,
    text: String,
}

struct Page<'a> {
    transaction: &'a Transaction,
    company_id: CompanyId,
    types: HashMap<NoteTypeId, note_type::Model>,
    customers: HashMap<CustomerId, Nested>,
    users: HashMap<UserId, Nested>,
}

impl Page<'_> {
    async fn write(&mut self, notes: Vec<note::Model>, out: &mut (dyn Write + Send)) -> Result<(), ExportError> {
        let dialect = Dialect::of(self.transaction);
        let ids = || notes.iter().map(|note| note.id);
        let mut assignments: HashMap<NoteId, Vec<assignment::Model>> = HashMap::new();
        let rows = assignment::Entity::find()
            .filter(assignment::Column::CompanyId.eq(self.company_id))
            .filter(dialect.one_of((assignment::Entity, assignment::Column::NoteId), ids()))
            .order_by_asc(assignment::Column::NoteId)
            .order_by_asc(assignment::Column::Position)
            .all(self.transaction)
            .await?;
        for row in rows {
            assignments.entry(row.note_id).or_default().push(row);
        }
        let mut messages: HashMap<NoteId, Vec<message::Model>> = HashMap::new();
        let rows = message::Entity::find()
            .filter(message::Column::CompanyId.eq(self.company_id))
            .filter(dialect.one_of((message::Entity, message::Column::NoteId), ids()))
            .order_by_asc(message::Column::NoteId)
            .order_by_asc(message::Column::Position)
            .all(self.transaction)
            .await?;
        for row in rows {
            messages.entry(row.note_id).or_default().push(row);
        }

        let customers = notes.iter().filter_map(|note| note.customer_id).collect();
        let users = notes.iter().flat_map(|note| [note.user_id, note.updated_by_id]);
        let users = users.chain(assignments.values().flatten().flat_map(|row| [Some(row.user_id), row.assigned_by_id]));
        let users = users.chain(messages.values().flatten().map(|row| row.posted_by_id)).flatten().collect();
        look_up::<customer::Entity, _>(self.transaction, self.company_id, &mut self.customers, &customers).await?;
        look_up::<user::Entity, _>(self.transaction, self.company_id, &mut self.users, &users).await?;
        for note in notes {
            let assignments = assignments.remove(&note.id).unwrap_or_default();
            let messages = messages.remove(&note.id).unwrap_or_default();
            out.write_all(self.note(&note, &assignments, &messages).as_bytes())?;
            out.write_all(b"\n")?;
        }
        Ok(())
    }

    fn note(&self, note: &note::Model, assignments: &[assignment::Model], messages: &[message::Model]) -> String {
        let last_message = messages.iter().map(|message| message.created_on).max();
        let parts = note_form::Parts {
            note_type: note.type_id.and_then(|id| self.types.get(&id)),
            customer: note.customer_id.and_then(|id| self.customers.get(&id)).map(|one| one.text.as_str()),
            user: self.user(note.user_id),
            updated_by: self.user(note.updated_by_id),
            assignees: &list(assignments.iter().map(|row| self.assignee(row))),
            messages: &list(messages.iter().map(|row| self.message(row))),
            last_message,
        };
        let assignees: Vec<UserId> = assignments.iter().map(|row| row.user_id).collect();
        join(&overlay(note_form::fields(note, parts), note.source.as_deref(), |key, original| {
            note_form::honour(note, &assignees, last_message, key, original)
        }))
    }

    fn assignee(&self, row: &assignment::Model) -> String {
        let user = self.users.get(&row.user_id).map(|one| one.fields.clone()).unwrap_or_default();
        let fields = assignee::fields(user, row.created_on, self.user(row.assigned_by_id));
        join(&overlay(fields, row.source.as_deref(), |_, _| true))
    }

    fn message(&self, row: &message::Model) -> String {
        let fields = message_form::fields(row, self.user(row.posted_by_id));
        join(&overlay(fields, row.source.as_deref(), |_, _| true))
    }

    fn user(&self, id: Option<UserId>) -> Option<&str> {
        self.users.get(&id?).map(|one| one.text.as_str())
    }
}

fn list(elements: impl Iterator<Item = String>) -> String {
    let elements: Vec<String> = elements.collect();
    if elements.is_empty() { "null".to_owned() } else { format!("[{}]", elements.join(",")) }
}

async fn look_up<E, P>(
    transaction: &Transaction,
    company_id: CompanyId,
    known: &mut HashMap<P::Id, Nested>,
    ids: &BTreeSet<P::Id>,
) -> Result<(), DbErr>
where
    E: EntityTrait<Model = P>,
    P: Person + FromQueryResult,
{
    if known.len() > REMEMBERED || known.values().map(|one| one.text.len()).sum::<usize>() > REMEMBERED_BYTES {
        known.clear();
    }
    let unknown: Vec<P::Id> = ids.iter().filter(|id| !known.contains_key(id)).copied().collect();
    if unknown.is_empty() {
        return Ok(());
    }
    let rows = E::find()
        .filter(Expr::col("company_id").eq(company_id))
        .filter(Dialect::of(transaction).one_of("id", unknown))
        .all(transaction)
        .await?;
    known.extend(rows.into_iter().map(|row| {
        let fields = row.original_fields();
        (row.id(), Nested { text: join(&fields), fields })
    }));
    Ok(())
}
