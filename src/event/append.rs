use sea_orm::{ConnectionTrait, DbErr};
use serde_json::json;

use super::audience::{Audience, MOST_ASSIGNEES};
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
    audience: Audience,
}

impl NewEvent {
    pub fn new(
        kind: EventType,
        note_id: NoteId,
        message_id: Option<MessageId>,
        changes: &[FieldChange],
        audience: Audience,
    ) -> Self {
        // Same format as the entity. Serializing changes as JSON cannot fail.
        Self { kind, note_id, message_id, changes: json!(changes).to_string(), audience }
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
        let columns = columns(&events);
        let sql = match ids {
            Some(ids) => {
                let [kind, note, message, changes, bytes, rest @ ..] = columns;
                let [before, after, authors @ .., assigned, unassigned] = rest;
                let [author, new_author, customer, new_customer] = authors;
                let id = ("id", ListColumn::ids(ids));
                let columns = [
                    id,
                    kind,
                    note,
                    message,
                    changes,
                    bytes,
                    before,
                    after,
                    author,
                    new_author,
                    customer,
                    new_customer,
                    assigned,
                    unassigned,
                ];
                insert(dialect, &dialect.row_list("k", columns, &mut values))
            }
            None => insert(dialect, &dialect.row_list("k", columns, &mut values)),
        };
        quota::add_usage(transaction, self.viewer.company_id, growth).await?;
        transaction.execute_raw(dialect.statement(sql, values)).await.map(drop)
    }
}

/// The values of events, column by column.
fn columns(events: &[NewEvent]) -> [(&'static str, ListColumn); 13] {
    let audiences = || events.iter().map(|event| &event.audience);
    let flags = |place: usize| ListColumn::BigInts(audiences().map(|audience| audience.flags()[place]).collect());
    let authors = |place: usize| ListColumn::nullable_ids(audiences().map(|audience| audience.authors()[place]));
    let customers = |place: usize| ListColumn::nullable_ids(audiences().map(|audience| audience.customers()[place]));
    let [assigned, unassigned] = [0, 1].map(|place: usize| {
        ListColumn::NullableDocuments(
            audiences().map(|audience| std::mem::take(&mut audience.lists()[place])).collect(),
        )
    });
    [
        ("type", ListColumn::Texts(events.iter().map(|event| name(event.kind)).collect())),
        (NOTE, ListColumn::ids(events.iter().map(|event| event.note_id))),
        ("message_id", ListColumn::nullable_ids(events.iter().map(|event| event.message_id))),
        ("changes", ListColumn::Documents(events.iter().map(|event| event.changes.clone()).collect())),
        ("bytes", ListColumn::BigInts(events.iter().map(NewEvent::bytes).collect())),
        (CONFIDENTIAL[0], flags(0)),
        (CONFIDENTIAL[1], flags(1)),
        ("author_before_id", authors(0)),
        ("author_after_id", authors(1)),
        ("customer_before_id", customers(0)),
        ("customer_after_id", customers(1)),
        ("assigned", assigned),
        ("unassigned", unassigned),
    ]
}

const NOTE: &str = "note_id";
/// 1 and 0 for true and false, and -1 for null.
const CONFIDENTIAL: [&str; 2] = ["confidential_before", "confidential_after"];

/// The statement that inserts events. Its first parameters are the company, the actor and the time. For
/// confidential notes, it adds the assignees as the statement finds them, before or after the change.
fn insert<const N: usize>(dialect: Dialect, events: &RowList<N>) -> String {
    let column = |name: &str| {
        let place = events.names.iter().position(|known| *known == name).unwrap_or_default();
        events.columns[place].as_str()
    };
    let values: Vec<String> = events
        .names
        .iter()
        .zip(&events.columns)
        .map(
            |(name, column)| {
                if CONFIDENTIAL.contains(name) { format!("nullif({column}, -1) = 1") } else { column.clone() }
            },
        )
        .collect();
    let assignees = dialect.json_list(
        "user_id",
        &format!(
            "SELECT user_id FROM assignment WHERE company_id = $1 AND note_id = {} ORDER BY position \
             LIMIT {MOST_ASSIGNEES}",
            column(NOTE)
        ),
    );
    let [before, after] = CONFIDENTIAL.map(column);
    format!(
        "INSERT INTO event (company_id, actor_id, created_on, {}, assignees) \
         SELECT $1, $2, $3, {}, CASE WHEN {before} = 1 OR {after} = 1 THEN {assignees} END FROM {}",
        events.names.join(", "),
        values.join(", "),
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
