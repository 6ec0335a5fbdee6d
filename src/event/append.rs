use sea_orm::{ConnectionTrait, DbErr};
use serde_json::json;

use crate::auth::Viewer;
use crate::graphql::context::AppState;
use crate::graphql::user_errors::UserError;
use crate::ids::{MessageId, NoteId};
use crate::quota::{self, Quota, StorageUsage};
use crate::store::PendingWords;
use crate::store::db::{Dialect, ListColumn, RowList, Transaction, event_ids_to_insert};
use crate::store::entity::event::{EventType, FieldChange};

/// The author and the time of a change. All events of one change have the same time.
pub struct ChangeContext<'a> {
    pub viewer: &'a Viewer,
    pub time: chrono::DateTime<chrono::Utc>,
    /// The notes whose words are left to the gatherer.
    pub pending_words: &'a PendingWords,
    quota: &'a Quota,
}

/// A new event of a note.
pub struct NewEvent {
    pub kind: EventType,
    pub note_id: NoteId,
    pub message_id: Option<MessageId>,
    /// The changes, as JSON.
    changes: String,
}

impl NewEvent {
    pub fn new(kind: EventType, note_id: NoteId, message_id: Option<MessageId>, changes: &[FieldChange]) -> Self {
        // Same format as the entity. Serializing changes as JSON cannot fail.
        Self { kind, note_id, message_id, changes: json!(changes).to_string() }
    }

    /// Size of the event that counts towards the company's quota.
    fn bytes(&self) -> i64 {
        quota::event_bytes(&self.changes)
    }
}

impl<'a> ChangeContext<'a> {
    pub fn new(viewer: &'a Viewer, app: &'a AppState) -> Self {
        Self { viewer, time: app.clock.now(), pending_words: &app.pending_words, quota: &app.quota }
    }

    /// Returns an error for the client if `growth` and these events exceed the company's quota. Called before anything
    /// is written.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn refusal(
        &self,
        transaction: &Transaction,
        events: &[NewEvent],
        growth: StorageUsage,
    ) -> Result<Option<UserError>, DbErr> {
        let growth = growth + of_events(events);
        let exceeded = self.quota.check(transaction, self.viewer.company_id, growth).await?;
        Ok(exceeded.map(UserError::from))
    }

    /// Appends events in the given order, and adds their size and `growth`, that of the changes they describe, to the
    /// usage of the company.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn append(
        &self,
        transaction: &impl ConnectionTrait,
        events: Vec<NewEvent>,
        growth: StorageUsage,
    ) -> Result<(), DbErr> {
        if events.is_empty() {
            return Ok(());
        }
        let growth = growth + of_events(&events);
        let dialect = Dialect::of(transaction);
        let ids = event_ids_to_insert(transaction, events.len()).await?;
        let mut values = vec![self.viewer.company_id.into(), Some(self.viewer.user_id).into(), self.time.into()];
        let [kind, note_id, message_id, changes, bytes] = columns(&events);
        let sql = match ids {
            Some(ids) => {
                let id = ("id", ListColumn::ids(ids));
                insert(&dialect.row_list("k", [id, kind, note_id, message_id, changes, bytes], &mut values))
            }
            None => insert(&dialect.row_list("k", [kind, note_id, message_id, changes, bytes], &mut values)),
        };
        quota::add_usage(transaction, self.viewer.company_id, growth).await?;
        transaction.execute_raw(dialect.statement(sql, values)).await.map(drop)
    }
}

/// The values of events, column by column.
fn columns(events: &[NewEvent]) -> [(&'static str, ListColumn); 5] {
    [
        ("type", ListColumn::Texts(events.iter().map(|event| name(event.kind)).collect())),
        ("note_id", ListColumn::ids(events.iter().map(|event| event.note_id))),
        ("message_id", ListColumn::nullable_ids(events.iter().map(|event| event.message_id))),
        ("changes", ListColumn::Documents(events.iter().map(|event| event.changes.clone()).collect())),
        ("bytes", ListColumn::BigInts(events.iter().map(NewEvent::bytes).collect())),
    ]
}

/// The statement that inserts events. Its first parameters are the company, the actor and the time.
fn insert<const N: usize>(events: &RowList<N>) -> String {
    format!(
        "INSERT INTO event (company_id, actor_id, created_on, {}) SELECT $1, $2, $3, {} FROM {}",
        events.names.join(", "),
        events.columns.join(", "),
        events.table
    )
}

fn of_events(events: &[NewEvent]) -> StorageUsage {
    StorageUsage { notes: 0, bytes: events.iter().map(NewEvent::bytes).sum() }
}

/// The value of the column `type`.
fn name(kind: EventType) -> String {
    sea_orm::ActiveEnum::to_value(&kind)
}
