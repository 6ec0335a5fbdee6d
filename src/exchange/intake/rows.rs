//! The rows that a batch writes, and the statements that write them.

use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, Iterable, NotSet, QueryFilter,
};

use super::ids::IdAllocator;
use crate::ids::{CompanyId, NoteId};
use crate::people::{self, KnownWords};
use crate::quota::{StorageUsage, add_usage};
use crate::search::{self, IndexedTexts, Part};
use crate::store::db::{Dialect, MOST_PARAMETERS};
use crate::store::entity::{assignment, customer, event, message, note, user};

#[derive(Default)]
pub struct BatchRows {
    pub notes: Vec<note::Model>,
    /// Changed notes, with the version and the number of messages that they had before.
    pub changed: Vec<(note::Model, i32, i32)>,
    /// Notes whose assignments are replaced.
    pub unassigned: Vec<NoteId>,
    pub assignments: Vec<assignment::Model>,
    /// Rows with `from_import` have no id yet.
    pub messages: Vec<message::Model>,
    pub rewritten: Vec<message::Model>,
    /// Events have no ids yet.
    pub events: Vec<event::Model>,
    /// For each event about a message, its index and that of the message.
    pub posted: Vec<(usize, usize)>,
    /// The texts that were tokenized before the transaction.
    pub texts: IndexedTexts,
    /// Growth of the company's usage by the notes, messages and events, less what they replace.
    pub growth: StorageUsage,
}

impl BatchRows {
    /// Writes everything, people first, as the other rows refer to them.
    ///
    /// # Errors
    /// When the database refuses a row, or a note has changed since it was read.
    pub async fn write(
        mut self,
        connection: &impl ConnectionTrait,
        company_id: CompanyId,
        made: (Vec<customer::Model>, Vec<user::Model>),
        filled: (Vec<customer::Model>, Vec<user::Model>),
        ids: &mut IdAllocator,
    ) -> Result<(), DbErr> {
        add_usage(connection, company_id, self.growth).await?;
        let known = KnownWords::default();
        let largest = made.0.iter().map(|row| row.id).max();
        insert::<customer::Entity, _>(connection, made.0.clone()).await?;
        people::add::<customer::Entity>(connection, &made.0, &known).await?;
        ids.reserve(connection, company_id, largest.unwrap_or_default()).await?;
        let largest = made.1.iter().map(|row| row.id).max();
        insert::<user::Entity, _>(connection, made.1.clone()).await?;
        people::add::<user::Entity>(connection, &made.1, &known).await?;
        ids.reserve(connection, company_id, largest.unwrap_or_default()).await?;
        // Keeps an external key that somebody has set in the meantime.
        for row in &filled.0 {
            let mut row = row.clone().into_active_model().reset_all();
            row.external_key = NotSet;
            row.update(connection).await?;
        }
        for row in &filled.1 {
            let mut row = row.clone().into_active_model().reset_all();
            row.external_key = NotSet;
            row.update(connection).await?;
        }
        people::replace::<customer::Entity>(connection, &filled.0, &known).await?;
        people::replace::<user::Entity>(connection, &filled.1, &known).await?;
        let largest = self.notes.iter().map(|row| row.id).max();
        let notes = std::mem::take(&mut self.notes);
        insert::<note::Entity, _>(connection, notes.clone()).await?;
        search::add(connection, company_id, &search::parts(&notes, []), &self.texts).await?;
        ids.reserve(connection, company_id, largest.unwrap_or_default()).await?;
        // Changes all notes before the rows that depend on them, in the order of their keys. Every writer does so,
        // which avoids deadlocks.
        let mut changed = std::mem::take(&mut self.changed);
        changed.sort_unstable_by_key(|(row, ..)| row.id);
        for (row, version, message_count) in &changed {
            change(connection, row.clone(), *version, *message_count).await?;
        }
        let texts = changed.iter().flat_map(|(row, ..)| [Part::subject(row), Part::details(row)]);
        search::replace(connection, company_id, &texts.collect::<Vec<_>>(), &self.texts).await?;
        if !self.unassigned.is_empty() {
            let notes = std::mem::take(&mut self.unassigned);
            assignment::Entity::delete_many()
                .filter(assignment::Column::CompanyId.eq(company_id))
                .filter(Dialect::of(connection).one_of(assignment::Column::NoteId, notes))
                .exec(connection)
                .await?;
        }
        insert::<assignment::Entity, _>(connection, std::mem::take(&mut self.assignments)).await?;
        self.write_messages(connection, company_id, ids).await
    }

    async fn write_messages(
        mut self,
        connection: &impl ConnectionTrait,
        company_id: CompanyId,
        ids: &mut IdAllocator,
    ) -> Result<(), DbErr> {
        let texts: Vec<Part> = self.rewritten.iter().map(Part::message).collect();
        search::replace(connection, company_id, &texts, &self.texts).await?;
        for row in self.rewritten {
            row.into_active_model().reset_all().update(connection).await?;
        }
        let own = self.messages.iter().filter(|row| row.from_import).count();
        let fresh = ids.next(connection, company_id, own).await?;
        for (row, id) in self.messages.iter_mut().filter(|row| row.from_import).zip(fresh) {
            row.id = id;
        }
        for (event, message) in self.posted {
            self.events[event].message_id = Some(self.messages[message].id);
        }
        let largest = self.messages.iter().filter(|row| !row.from_import).map(|row| row.id).max();
        insert::<message::Entity, _>(connection, self.messages.clone()).await?;
        search::add(connection, company_id, &search::parts([], &self.messages), &self.texts).await?;
        ids.reserve(connection, company_id, largest.unwrap_or_default()).await?;
        let fresh = ids.events(connection, self.events.len()).await?;
        for (row, id) in self.events.iter_mut().zip(fresh) {
            row.id = id;
        }
        insert::<event::Entity, _>(connection, self.events).await
    }
}

/// Overwrites a note, unless it has changed since it was read.
async fn change(
    connection: &impl ConnectionTrait,
    row: note::Model,
    version: i32,
    message_count: i32,
) -> Result<(), DbErr> {
    let (company_id, id) = (row.company_id, row.id);
    let mut row = row.into_active_model().reset_all();
    (row.company_id, row.id) = (NotSet, NotSet);
    let result = note::Entity::update_many()
        .set(row)
        .filter(note::Column::CompanyId.eq(company_id))
        .filter(note::Column::Id.eq(id))
        .filter(note::Column::Version.eq(version))
        .filter(note::Column::MessageCount.eq(message_count))
        .exec(connection)
        .await?;
    if result.rows_affected == 1 { Ok(()) } else { Err(DbErr::RecordNotUpdated) }
}

/// Inserts rows with as few statements as possible.
pub async fn insert<E, M>(connection: &impl ConnectionTrait, rows: Vec<M>) -> Result<(), DbErr>
where
    E: EntityTrait<Model = M>,
    M: IntoActiveModel<E::ActiveModel> + Send,
    E::ActiveModel: Send,
{
    let at_once = MOST_PARAMETERS / E::Column::iter().count();
    let mut rows = rows.into_iter().peekable();
    while rows.peek().is_some() {
        let some: Vec<_> = rows.by_ref().take(at_once).map(IntoActiveModel::into_active_model).collect();
        E::insert_many(some).exec_without_returning(connection).await?;
    }
    Ok(())
}
