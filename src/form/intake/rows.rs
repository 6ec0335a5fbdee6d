//! The rows that a batch writes, and their way into the database.

use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, Iterable, NotSet, QueryFilter,
};

use super::ids::Ids;
use crate::db::{Table, one_of};
use crate::entity::{assignment, customer, event, message, note, user};
use crate::people;
use crate::quota::{Usage, add_usage};
use crate::search::{self, Part};

#[derive(Default)]
pub struct Rows {
    pub notes: Vec<note::Model>,
    /// Notes as they are to be, with the version and the number of messages that they had.
    pub changed: Vec<(note::Model, i32, i32)>,
    /// Notes whose assignments are made anew.
    pub unassigned: Vec<i64>,
    pub assignments: Vec<assignment::Model>,
    /// Without an id where `from_import`.
    pub messages: Vec<message::Model>,
    pub rewritten: Vec<message::Model>,
    /// Without ids.
    pub events: Vec<event::Model>,
    /// Events that tell of a message: their index, and the message's.
    pub posted: Vec<(usize, usize)>,
    /// What the notes, messages and events count of what the company may hold, less what they replace.
    pub growth: Usage,
}

impl Rows {
    /// Writes everything; the people first, as the rest leans on them.
    ///
    /// # Errors
    /// When the database refuses a row, or a note has changed since it was read.
    pub async fn write(
        mut self,
        connection: &impl ConnectionTrait,
        company_id: i64,
        made: (Vec<customer::Model>, Vec<user::Model>),
        filled: (Vec<customer::Model>, Vec<user::Model>),
        ids: &mut Ids,
    ) -> Result<(), DbErr> {
        add_usage(connection, company_id, self.growth).await?;
        let largest = made.0.iter().map(|row| row.id).max();
        insert::<customer::Entity, _>(connection, made.0.clone()).await?;
        people::add::<customer::Entity>(connection, &made.0).await?;
        ids.reserve(connection, company_id, Table::Customer, largest.unwrap_or_default()).await?;
        let largest = made.1.iter().map(|row| row.id).max();
        insert::<user::Entity, _>(connection, made.1.clone()).await?;
        people::add::<user::Entity>(connection, &made.1).await?;
        ids.reserve(connection, company_id, Table::User, largest.unwrap_or_default()).await?;
        // Whoever gave them a key meanwhile keeps them under it.
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
        people::replace::<customer::Entity>(connection, &filled.0).await?;
        people::replace::<user::Entity>(connection, &filled.1).await?;
        let largest = self.notes.iter().map(|row| row.id).max();
        let notes = std::mem::take(&mut self.notes);
        insert::<note::Entity, _>(connection, notes.clone()).await?;
        search::add(connection, company_id, &search::parts(&notes, []), &search::Texts::default()).await?;
        ids.reserve(connection, company_id, Table::Note, largest.unwrap_or_default()).await?;
        // All notes before what hangs on any of them, and in the order of their keys: so do all who change notes, and
        // none of them waits for one who waits for him.
        let mut changed = std::mem::take(&mut self.changed);
        changed.sort_unstable_by_key(|(row, ..)| row.id);
        for (row, version, message_count) in &changed {
            change(connection, row.clone(), *version, *message_count).await?;
        }
        let texts = changed.iter().flat_map(|(row, ..)| [Part::subject(row), Part::details(row)]);
        search::replace(connection, company_id, &texts.collect::<Vec<_>>(), &search::Texts::default()).await?;
        if !self.unassigned.is_empty() {
            let backend = connection.get_database_backend();
            assignment::Entity::delete_many()
                .filter(assignment::Column::CompanyId.eq(company_id))
                .filter(one_of(backend, assignment::Column::NoteId, std::mem::take(&mut self.unassigned)))
                .exec(connection)
                .await?;
        }
        insert::<assignment::Entity, _>(connection, std::mem::take(&mut self.assignments)).await?;
        self.write_messages(connection, company_id, ids).await
    }

    async fn write_messages(
        mut self,
        connection: &impl ConnectionTrait,
        company_id: i64,
        ids: &mut Ids,
    ) -> Result<(), DbErr> {
        let texts: Vec<Part> = self.rewritten.iter().map(Part::message).collect();
        search::replace(connection, company_id, &texts, &search::Texts::default()).await?;
        for row in self.rewritten {
            row.into_active_model().reset_all().update(connection).await?;
        }
        let own = self.messages.iter().filter(|row| row.from_import).count();
        let fresh = ids.next(connection, company_id, Table::Message, own).await?;
        for (row, id) in self.messages.iter_mut().filter(|row| row.from_import).zip(fresh) {
            row.id = id;
        }
        for (event, message) in self.posted {
            self.events[event].message_id = Some(self.messages[message].id);
        }
        let largest = self.messages.iter().filter(|row| !row.from_import).map(|row| row.id).max();
        insert::<message::Entity, _>(connection, self.messages.clone()).await?;
        search::add(connection, company_id, &search::parts([], &self.messages), &search::Texts::default()).await?;
        ids.reserve(connection, company_id, Table::Message, largest.unwrap_or_default()).await?;
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

/// The most values that a statement of `SQLite` takes; `PostgreSQL` takes twice as many.
const MOST_VALUES: usize = 32_766;

/// Inserts rows, in as few statements as their values fit into.
pub async fn insert<E, M>(connection: &impl ConnectionTrait, rows: Vec<M>) -> Result<(), DbErr>
where
    E: EntityTrait<Model = M>,
    M: IntoActiveModel<E::ActiveModel> + Send,
    E::ActiveModel: Send,
{
    let at_once = MOST_VALUES / E::Column::iter().count();
    let mut rows = rows.into_iter().peekable();
    while rows.peek().is_some() {
        let some: Vec<_> = rows.by_ref().take(at_once).map(IntoActiveModel::into_active_model).collect();
        E::insert_many(some).exec_without_returning(connection).await?;
    }
    Ok(())
}
