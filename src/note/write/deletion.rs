//! Deletion reports: the records that a deletion removes, and those that stay but lose their link.

use async_graphql::{Enum, ID};
use breadth::{Context, field_ref, inline, leaf_enum, object};
use sea_orm::sea_query::SelectStatement;
use sea_orm::{QueryFilter, QueryOrder, QuerySelect, QueryTrait};

use crate::error::{Error, Result};
use crate::graphql::context::ContextExt;
use crate::graphql::global_id::NodeId;
use crate::ids::{MessageId, NoteId, UserId};
use crate::note::text::{NOTES, distinct};
use crate::store::AccessScope;
use crate::store::db::{Answer, Answers, Dialect, ReadBatch, Row, RowQueries};
use crate::store::entity::{assignment, message, note};

/// Maximum number of records that a report lists; it counts all.
const MAX_ITEMS: u64 = 1_000;

/// What happens to a record when a note is deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum DeletionAction {
    /// The record is deleted.
    Deleted,
    /// The record stays, but loses its link to the note.
    Detached,
}
leaf_enum!(DeletionAction);

/// The type of a record that a deletion removes or detaches; the same name as the record's `__typename`. Values may be
/// added: clients keep a fallback branch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(rename_items = "PascalCase")]
pub enum RecordType {
    /// A note.
    Note,
    /// A message in the thread of a note.
    NoteMessage,
    /// A customer.
    Customer,
    /// A user: the author of the note, or one of its assignees.
    User,
    /// A note type.
    NoteType,
}
leaf_enum!(RecordType);

/// A record that a deletion removes or detaches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeletionItem {
    type_name: RecordType,
    record_id: ID,
    action: DeletionAction,
}

object! {
    /// A record that a deletion removes or detaches.
    DeletionItem {
        /// The type of the record.
        type_name = field_ref(|item: &DeletionItem| &item.type_name);
        /// The global ID of the record. `node(id:)` finds the record while it exists.
        record_id = field_ref(|item: &DeletionItem| &item.record_id);
        /// What happens to the record.
        action = field_ref(|item: &DeletionItem| &item.action);
    }
}

/// All records that a deletion removes, and all that stay but lose their link to a removed record. Each record is
/// listed once: notes, their messages, then the people and the type.
#[derive(Clone, Debug)]
pub struct DeletionReport {
    total_count: u64,
    items: Vec<DeletionItem>,
    truncated: bool,
}

object! {
    /// All records that a deletion removes, and all that stay but lose their link to a removed record. Each record is
    /// listed once: notes, their messages, then the people and the type. Assignments, which are deleted with their
    /// notes, are not listed.
    DeletionReport {
        /// The number of records, listed or not.
        total_count = field_ref(|report: &DeletionReport| &report.total_count);
        /// The records, at most 1,000.
        items = inline(|report: &DeletionReport| report.items.clone());
        /// Whether there are more records than are listed.
        truncated = field_ref(|report: &DeletionReport| &report.truncated);
    }
}

impl DeletionItem {
    fn deleted<I: NodeId>(type_name: RecordType) -> impl Fn(I) -> Self {
        move |id| Self { type_name, record_id: id.global_id(), action: DeletionAction::Deleted }
    }

    fn detached<I: NodeId>(type_name: RecordType) -> impl Fn(I) -> Self {
        move |id| Self { type_name, record_id: id.global_id(), action: DeletionAction::Detached }
    }
}

/// Reports what deleting these notes would do. Skips notes that the viewer does not see, and changes nothing.
///
/// # Errors
/// INVALID if there are too many IDs or one is malformed; when the database fails.
pub async fn preview(ctx: &Context<'_>, ids: &[ID]) -> Result<DeletionReport> {
    if ids.len() > NOTES {
        let count = ids.len();
        return Err(Error::Invalid(format!("`ids` has {count} values; at most {NOTES} are allowed.")));
    }
    let keys = ids.iter().map(NoteId::parse_arg).collect::<Result<Vec<NoteId>>>()?;
    let db = &ctx.app().db;
    let access = ctx.access();
    let notes = access
        .notes()
        .filter(db.dialect().one_of((note::Entity, note::Column::Id), keys))
        .order_by_asc(note::Column::Id)
        .all(db.read())
        .await?;
    let keys: Vec<NoteId> = notes.iter().map(|note| note.id).collect();
    let (messages, assignees) = (messages(db.dialect(), access, &keys), assignees(db.dialect(), access, &keys));
    let messages = db.read().rows(&messages).await?;
    report(&notes, &messages, &db.read().rows(&assignees).await?)
}

/// The reads of a report on notes, of which those are locked that the viewer sees.
pub struct RequestedReport {
    messages: Answer,
    assignees: Answer,
}

impl RequestedReport {
    pub fn ask(reads: &mut ReadBatch, access: AccessScope, notes: &[NoteId]) -> Self {
        let dialect = reads.dialect();
        let messages = reads.add(&messages(dialect, access, notes));
        Self { messages, assignees: reads.add(&assignees(dialect, access, notes)) }
    }

    /// The report on these notes, the ones that were asked for.
    ///
    /// # Errors
    /// When the database fails.
    pub fn report(self, answers: &mut Answers, notes: &[note::Model]) -> Result<DeletionReport> {
        report(notes, &answers.take(self.messages), &answers.take(self.assignees))
    }
}

/// Selects the messages that a report lists, of those of the notes that the viewer sees.
fn messages(dialect: Dialect, access: AccessScope, notes: &[NoteId]) -> SelectStatement {
    access
        .messages()
        .select_only()
        .column(message::Column::Id)
        .filter(dialect.one_of((message::Entity, message::Column::NoteId), notes.iter().copied()))
        .order_by_asc(message::Column::NoteId)
        .order_by_asc(message::Column::Position)
        .limit(MAX_ITEMS)
        .into_query()
}

/// Selects the assignees of those of the notes that the viewer sees: each user once, in the order of first occurrence, as the notes may have as many
/// assignments as a hundred times all users.
fn assignees(dialect: Dialect, access: AccessScope, notes: &[NoteId]) -> SelectStatement {
    access
        .visible_assignments()
        .select_only()
        .column(assignment::Column::UserId)
        .filter(dialect.one_of((assignment::Entity, assignment::Column::NoteId), notes.iter().copied()))
        .group_by(assignment::Column::UserId)
        .order_by_asc(sea_orm::ColumnTrait::min(&assignment::Column::NoteId))
        .order_by_asc(sea_orm::ColumnTrait::min(&assignment::Column::Position))
        .order_by_asc(assignment::Column::UserId)
        .into_query()
}

fn report(notes: &[note::Model], messages: &[Row], assignees: &[Row]) -> Result<DeletionReport> {
    let messages = messages.iter().map(|row| row.get(0)).collect::<Result<Vec<MessageId>, _>>()?;
    let assignees = assignees.iter().map(|row| row.get(0)).collect::<Result<Vec<UserId>, _>>()?;
    let keys = notes.iter().map(|note| note.id);
    let users = distinct(notes.iter().filter_map(|note| note.user_id).chain(assignees));
    let customers = distinct(notes.iter().filter_map(|note| note.customer_id));
    let types = distinct(notes.iter().filter_map(|note| note.type_id));
    let all_messages: u64 = notes.iter().map(|note| u64::from(note.message_count.unsigned_abs())).sum();
    let others = notes.len() + users.len() + customers.len() + types.len();
    let total_count = all_messages + others as u64;

    let mut items: Vec<DeletionItem> = keys
        .map(DeletionItem::deleted(RecordType::Note))
        .chain(messages.into_iter().map(DeletionItem::deleted(RecordType::NoteMessage)))
        .chain(customers.into_iter().map(DeletionItem::detached(RecordType::Customer)))
        .chain(users.into_iter().map(DeletionItem::detached(RecordType::User)))
        .chain(types.into_iter().map(DeletionItem::detached(RecordType::NoteType)))
        .collect();
    items.truncate(usize::try_from(MAX_ITEMS).unwrap_or(usize::MAX));
    Ok(DeletionReport { truncated: total_count > items.len() as u64, total_count, items })
}
