use sea_orm::sea_query::{ArrayType, Value};
use sea_orm::{ConnectionTrait, DatabaseBackend, DbErr, Statement};
use serde_json::json;

use crate::auth::Viewer;
use crate::graphql::context::AppState;
use crate::graphql::user_errors::UserError;
use crate::quota::{self, Quota, StorageUsage};
use crate::store::db;
use crate::store::db::Transaction;
use crate::store::entity::event::{EventType, FieldChange};

/// The author and the time of a change. All events of one change have the same time.
pub struct ChangeContext<'a> {
    pub viewer: &'a Viewer,
    pub time: chrono::DateTime<chrono::Utc>,
    quota: &'a Quota,
}

/// A new event of a note.
pub struct NewEvent {
    pub kind: EventType,
    pub note_id: i64,
    pub message_id: Option<i64>,
    /// The changes, as JSON.
    changes: String,
}

impl NewEvent {
    pub fn new(kind: EventType, note_id: i64, message_id: Option<i64>, changes: &[FieldChange]) -> Self {
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
        Self { viewer, time: app.clock.now(), quota: &app.quota }
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
        transaction: &Transaction,
        events: Vec<NewEvent>,
        growth: StorageUsage,
    ) -> Result<(), DbErr> {
        if events.is_empty() {
            return Ok(());
        }
        let growth = growth + of_events(&events);
        let statement = if transaction.get_database_backend() == DatabaseBackend::Postgres {
            self.postgres(&events, growth)
        } else {
            quota::add_usage(transaction, self.viewer.company_id, growth).await?;
            self.sqlite(&events, &db::event_ids(transaction, events.len()).await?)
        };
        transaction.execute_raw(statement).await.map(drop)
    }

    /// Builds a single statement, as each one is a round trip. The table numbers the events itself, in the order of the
    /// rows.
    fn postgres(&self, events: &[NewEvent], growth: StorageUsage) -> Statement {
        let sql = format!(
            "WITH used AS ({}) \
             INSERT INTO event (company_id, type, note_id, message_id, actor_id, created_on, changes, bytes) \
             SELECT $1, k.type, k.note_id, nullif(k.message_id, 0), $5, $6, k.changes::jsonb, k.bytes \
             FROM unnest($7, $8, $9, $10, $11) AS k(type, note_id, message_id, changes, bytes)",
            quota::ADD_USAGE
        );
        let texts = |texts: Vec<String>| {
            Value::Array(ArrayType::String, Some(Box::new(texts.into_iter().map(Value::from).collect())))
        };
        let mut values = quota::usage_values(DatabaseBackend::Postgres, self.viewer.company_id, growth).to_vec();
        values.extend([
            Some(self.viewer.user_id).into(),
            self.time.into(),
            texts(events.iter().map(|event| name(event.kind)).collect()),
            events.iter().map(|event| event.note_id).collect::<Vec<i64>>().into(),
            events.iter().map(|event| event.message_id.unwrap_or_default()).collect::<Vec<i64>>().into(),
            texts(events.iter().map(|event| event.changes.clone()).collect()),
            events.iter().map(NewEvent::bytes).collect::<Vec<i64>>().into(),
        ]);
        Statement::from_sql_and_values(DatabaseBackend::Postgres, sql, values)
    }

    fn sqlite(&self, events: &[NewEvent], ids: &[i64]) -> Statement {
        let sql = "INSERT INTO event (company_id, id, type, note_id, message_id, actor_id, created_on, changes, bytes) \
                   SELECT ?1, value ->> 0, value ->> 1, value ->> 2, value ->> 3, ?2, ?3, value ->> 4, value ->> 5 \
                   FROM json_each(?4)";
        let row = |(event, id): (&NewEvent, &i64)| {
            json!([id, name(event.kind), event.note_id, event.message_id, event.changes, event.bytes()])
        };
        let rows: serde_json::Value = events.iter().zip(ids).map(row).collect();
        let values: [Value; 4] = [
            self.viewer.company_id.into(),
            Some(self.viewer.user_id).into(),
            self.time.into(),
            rows.to_string().into(),
        ];
        Statement::from_sql_and_values(DatabaseBackend::Sqlite, sql, values)
    }
}

fn of_events(events: &[NewEvent]) -> StorageUsage {
    StorageUsage { notes: 0, bytes: events.iter().map(NewEvent::bytes).sum() }
}

/// The value of the column `type`.
fn name(kind: EventType) -> String {
    sea_orm::ActiveEnum::to_value(&kind)
}
