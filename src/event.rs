//! The log: what happened to notes, appended in the transaction of the change.

use sea_orm::{ActiveModelTrait, DatabaseTransaction, DbErr, Set};

use crate::auth::Viewer;
use crate::clock::Clock;
use crate::db;
use crate::entity::event::{self, Change, Changes, EventType};

/// Who changes what, and when: one change is one moment.
pub struct Moment<'a> {
    pub viewer: &'a Viewer,
    pub time: chrono::DateTime<chrono::Utc>,
}

impl<'a> Moment<'a> {
    pub fn new(viewer: &'a Viewer, clock: &Clock) -> Self {
        Self { viewer, time: clock.now() }
    }

    /// Appends an event about a note.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn append(
        &self,
        transaction: &DatabaseTransaction,
        kind: EventType,
        note_id: i64,
        message_id: Option<i64>,
        changes: Vec<Change>,
    ) -> Result<(), DbErr> {
        let event = event::ActiveModel {
            company_id: Set(self.viewer.company_id()),
            id: Set(db::next_id(transaction, db::Table::Event).await?),
            kind: Set(kind),
            note_id: Set(note_id),
            message_id: Set(message_id),
            actor_id: Set(Some(self.viewer.user.id)),
            created_on: Set(self.time),
            changes: Set(Changes(changes)),
        };
        event.insert(transaction).await.map(drop)
    }
}
