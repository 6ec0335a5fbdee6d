//! Demo data: generated, and the same in every run.
//!
//! Each row depends on its id alone, and all times on [`BASE`], so two empty databases are filled with the same bytes.
//! A database that already contains something gets other rows, with new ids.

mod base;
mod insert;
mod names;
mod notes;
mod people;
mod random;
mod text;
mod words;

use chrono::TimeDelta;
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::ids::{CompanyId, NoteTypeId, UserId};
use crate::people::KnownWords;
use crate::quota::{StorageUsage, add_usage, message_bytes, note_bytes, row_bytes};
use crate::search;
use crate::store::db::{self, Db, IdSequences, Transaction};
use crate::store::entity::{company, customer, note_type, user};
use insert::insert;
use notes::{Links, Whole};

pub use base::BASE;

/// The name of the company that demo data belongs to.
pub const COMPANY: &str = "Demo";

/// Notes per transaction: enough that commits cost little, and few enough that a server on the same database does not
/// wait long for the write lock.
const NOTES_PER_TRANSACTION: u64 = 2_000;

/// The content of a database, in view of showing the demo.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// No company.
    Empty,
    /// The company of [`fill`], and no other.
    Demo,
    /// Data that must not be taken for a demo.
    Other,
}

/// Determines what a migrated database contains.
///
/// # Errors
/// When the database fails.
pub async fn state(db: &Db) -> Result<State, DbErr> {
    let companies = company::Entity::find().limit(2).all(db.read()).await?;
    let [company] = companies.as_slice() else {
        return Ok(if companies.is_empty() { State::Empty } else { State::Other });
    };
    let is_ours = company.name == COMPANY && find_administrator(db.read(), company.id).await?.is_some();
    Ok(if is_ours { State::Demo } else { State::Other })
}

/// Returns the administrator of the demo company.
///
/// # Errors
/// When there is none, because the database was not filled, or the database fails.
pub async fn administrator(db: &Db) -> Result<user::Model, DbErr> {
    let missing = || DbErr::RecordNotFound(format!("the administrator of the company {COMPANY}"));
    let company = find_company(db.read()).await?.ok_or_else(missing)?;
    find_administrator(db.read(), company.id).await?.ok_or_else(missing)
}

/// Adds `notes` notes to the company [`COMPANY`], with a tenth as many customers (at least 20) and up to 2,000 users.
/// Creates the company if it does not exist. Calls `progress` with the number of notes made so far.
///
/// Commits every two thousand notes. The company and its people are part of the first commit, so a failure before it
/// leaves nothing behind.
///
/// # Errors
/// When a statement fails.
pub async fn fill(db: &Db, notes: u64, progress: &(dyn Fn(u64) + Sync)) -> Result<(), DbErr> {
    let transaction = db.begin().await?;
    fill_from(db, transaction, notes, progress).await
}

/// Like [`fill`], but does nothing if there is a company already. Returns whether the database was empty.
///
/// The transaction that creates the company also checks for others. If two instances start at the same time on a
/// `SQLite` database, one fills it and the other finds it filled; on `PostgreSQL` the other fails, as the name is
/// taken.
///
/// # Errors
/// When a statement fails.
pub async fn fill_where_empty(db: &Db, notes: u64) -> Result<bool, DbErr> {
    let transaction = db.begin().await?;
    if company::Entity::find().limit(1).one(&transaction).await?.is_some() {
        transaction.rollback().await?;
        return Ok(false);
    }
    fill_from(db, transaction, notes, &|_| {}).await?;
    Ok(true)
}

async fn fill_from(
    db: &Db,
    mut transaction: Transaction,
    notes: u64,
    progress: &(dyn Fn(u64) + Sync),
) -> Result<(), DbErr> {
    let links = people(&transaction, db.ids(), notes).await?;
    let mut done = 0;
    loop {
        let count = (notes - done).min(NOTES_PER_TRANSACTION);
        some_notes(&transaction, &links, done..done + count, notes).await?;
        transaction.commit().await?;
        done += count;
        progress(done);
        if done >= notes {
            return Ok(());
        }
        transaction = db.begin().await?;
    }
}

/// Creates the company, and the customers, users and note types that its notes refer to.
async fn people(transaction: &Transaction, ids: &IdSequences, notes: u64) -> Result<Links, DbErr> {
    let company_id = if let Some(company) = find_company(transaction).await? {
        company.id
    } else {
        // The first company has the same id in every run.
        let is_empty = company::Entity::find().limit(1).one(transaction).await?.is_none();
        let id = if is_empty { CompanyId(1) } else { ids.new_company(transaction).await? };
        let created_on = BASE - TimeDelta::days(7 * 365);
        insert(transaction, vec![company::Model { id, name: COMPANY.to_owned(), created_on }]).await?;
        id
    };
    let users = db::allocate_dense(transaction, company_id, at_most(2_000, notes / 500 + 8)).await?;
    let needs_administrator = find_administrator(transaction, company_id).await?.is_none();
    let user = |(number, id): (usize, &UserId)| match number {
        0 if needs_administrator => people::administrator(company_id, *id),
        _ => people::user(company_id, *id),
    };
    let rows: Vec<user::Model> = users.iter().enumerate().map(user).collect();
    add_usage(transaction, company_id, StorageUsage::of_bytes(rows.iter().map(row_bytes).sum())).await?;
    insert(transaction, rows.clone()).await?;
    crate::people::add::<user::Entity>(transaction, &rows, &KnownWords::default()).await?;
    let customers = db::allocate_dense(transaction, company_id, at_most(usize::MAX, (notes / 10).max(20))).await?;
    let rows: Vec<customer::Model> = customers.iter().map(|id| people::customer(company_id, *id)).collect();
    add_usage(transaction, company_id, StorageUsage::of_bytes(rows.iter().map(row_bytes).sum())).await?;
    insert(transaction, rows.clone()).await?;
    crate::people::add::<customer::Entity>(transaction, &rows, &KnownWords::default()).await?;
    let note_types = note_types(transaction, company_id).await?;
    Ok(Links { company_id, note_types, customers, users })
}

/// Returns the ids of the note types of all topics; creates those that do not exist.
async fn note_types(transaction: &Transaction, company_id: CompanyId) -> Result<Vec<NoteTypeId>, DbErr> {
    let known = note_type::Entity::find().filter(note_type::Column::CompanyId.eq(company_id)).all(transaction).await?;
    let mut ids = Vec::new();
    for topic in &words::TOPICS {
        let id = if let Some(row) = known.iter().find(|row| row.name == topic.note_type) {
            row.id
        } else {
            let made = db::allocate_dense(transaction, company_id, 1).await?;
            let id = made.first().copied().unwrap_or_default();
            let name = topic.note_type.to_owned();
            insert(transaction, vec![note_type::Model { company_id, id, name, from_import: false }]).await?;
            id
        };
        ids.push(id);
    }
    Ok(ids)
}

/// Creates the notes with these numbers, out of `count`, with everything that belongs to them.
async fn some_notes(
    transaction: &Transaction,
    links: &Links,
    numbers: std::ops::Range<u64>,
    count: u64,
) -> Result<(), DbErr> {
    let ids =
        db::allocate_dense(transaction, links.company_id, at_most(usize::MAX, numbers.end - numbers.start)).await?;
    let mut wholes: Vec<Whole> =
        ids.into_iter().zip(numbers).map(|(id, number)| notes::note(links, id, number, count)).collect();
    let messages = wholes.iter().map(|whole| whole.messages.len()).sum();
    let mut ids = db::allocate_dense(transaction, links.company_id, messages).await?.into_iter();
    for whole in &mut wholes {
        whole.number_messages(&mut ids);
    }

    let (mut notes, mut assignments, mut messages, mut events) = (vec![], vec![], vec![], vec![]);
    for whole in wholes {
        notes.push(whole.note);
        assignments.extend(whole.assignments);
        messages.extend(whole.messages);
        events.extend(whole.events);
    }
    // Events are numbered in chronological order.
    events.sort_by_key(|event| (event.created_on, event.note_id));
    let ids = db::event_ids(transaction, events.len()).await?;
    for (event, id) in events.iter_mut().zip(ids) {
        event.id = id;
    }
    let bytes = notes.iter().map(note_bytes).chain(messages.iter().map(message_bytes)).sum::<i64>()
        + events.iter().map(|event| i64::from(event.bytes)).sum::<i64>();
    let count = i64::try_from(notes.len()).unwrap_or(i64::MAX);
    add_usage(transaction, links.company_id, StorageUsage { notes: count, bytes }).await?;
    insert(transaction, notes.clone()).await?;
    insert(transaction, assignments).await?;
    insert(transaction, messages.clone()).await?;
    search::add(transaction, links.company_id, &search::parts(&notes, &messages), &search::IndexedTexts::default())
        .await?;
    insert(transaction, events).await
}

async fn find_company(connection: &impl ConnectionTrait) -> Result<Option<company::Model>, DbErr> {
    company::Entity::find().filter(company::Column::Name.eq(COMPANY)).one(connection).await
}

async fn find_administrator(
    connection: &impl ConnectionTrait,
    company_id: CompanyId,
) -> Result<Option<user::Model>, DbErr> {
    user::Entity::find()
        .filter(user::Column::CompanyId.eq(company_id))
        .filter(user::Column::Username.eq(people::ADMINISTRATOR))
        .filter(user::Column::Role.eq(people::ADMINISTRATOR_ROLE))
        .order_by_asc(user::Column::Id)
        .one(connection)
        .await
}

fn at_most(bound: usize, number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX).min(bound)
}
