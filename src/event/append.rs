//! The log: what happened to notes, appended in the transaction of the change.

use sea_orm::{ConnectionTrait, DatabaseBackend, DatabaseTransaction, DbErr, EntityTrait, NotSet, Set};

use crate::auth::Viewer;
use crate::clock::Clock;
use crate::db;
use crate::entity::event::{self, Change, Changes, EventType};

/// Who changes what, and when: one change is one moment.
pub struct Moment<'a> {
    pub viewer: &'a Viewer,
    pub time: chrono::DateTime<chrono::Utc>,
}

/// What happened to a note.
pub struct Happened {
    pub kind: EventType,
    pub note_id: i64,
    pub message_id: Option<i64>,
    pub changes: Vec<Change>,
}

impl<'a> Moment<'a> {
    pub fn new(viewer: &'a Viewer, clock: &Clock) -> Self {
        Self { viewer, time: clock.now() }
    }

    /// Appends events, in the order given.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn append(&self, transaction: &DatabaseTransaction, happened: Vec<Happened>) -> Result<(), DbErr> {
        if happened.is_empty() {
            return Ok(());
        }
        let ids = match transaction.get_database_backend() {
            // The table numbers them itself, in the order of the rows.
            DatabaseBackend::Postgres => vec![NotSet; happened.len()],
            _ => db::next_ids(transaction, db::Table::Event, happened.len()).await?.into_iter().map(Set).collect(),
        };
        let events = ids.into_iter().zip(happened).map(|(id, happened)| event::ActiveModel {
            company_id: Set(self.viewer.company_id),
            id,
            kind: Set(happened.kind),
            note_id: Set(happened.note_id),
            message_id: Set(happened.message_id),
            actor_id: Set(Some(self.viewer.user_id)),
            created_on: Set(self.time),
            changes: Set(Changes(happened.changes)),
        });
        event::Entity::insert_many(events).exec_without_returning(transaction).await.map(drop)
    }
}
