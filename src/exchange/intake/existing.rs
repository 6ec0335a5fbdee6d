//! Loads the existing notes of a batch.

use std::collections::{BTreeSet, HashMap, HashSet};

use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::ids::{CompanyId, MessageId, NoteId};
use crate::store::db::Dialect;
use crate::store::entity::{assignment, message, note};

/// An existing note, with its assignments and messages in their order.
#[derive(Clone, Debug)]
pub struct Existing {
    pub note: note::Model,
    pub assignments: Vec<assignment::Model>,
    pub messages: Vec<message::Model>,
}

pub async fn load(
    connection: &impl ConnectionTrait,
    company_id: CompanyId,
    ids: impl Iterator<Item = NoteId>,
) -> Result<HashMap<NoteId, Existing>, DbErr> {
    let dialect = Dialect::of(connection);
    let notes = note::Entity::find()
        .filter(note::Column::CompanyId.eq(company_id))
        .filter(dialect.one_of((note::Entity, note::Column::Id), ids))
        .all(connection)
        .await?;
    let mut found: HashMap<NoteId, Existing> = notes
        .into_iter()
        .map(|note| (note.id, Existing { note, assignments: Vec::new(), messages: Vec::new() }))
        .collect();
    if found.is_empty() {
        return Ok(found);
    }
    let ids: BTreeSet<NoteId> = found.keys().copied().collect();
    let assignments = assignment::Entity::find()
        .filter(assignment::Column::CompanyId.eq(company_id))
        .filter(dialect.one_of((assignment::Entity, assignment::Column::NoteId), ids.iter().copied()))
        .order_by_asc(assignment::Column::NoteId)
        .order_by_asc(assignment::Column::Position)
        .all(connection)
        .await?;
    for row in assignments {
        if let Some(existing) = found.get_mut(&row.note_id) {
            existing.assignments.push(row);
        }
    }
    let messages = message::Entity::find()
        .filter(message::Column::CompanyId.eq(company_id))
        .filter(dialect.one_of((message::Entity, message::Column::NoteId), ids))
        .order_by_asc(message::Column::NoteId)
        .order_by_asc(message::Column::Position)
        .all(connection)
        .await?;
    for row in messages {
        if let Some(existing) = found.get_mut(&row.note_id) {
            existing.messages.push(row);
        }
    }
    Ok(found)
}

/// Returns those note ids that exist already.
pub async fn ids(
    connection: &impl ConnectionTrait,
    company_id: CompanyId,
    ids: impl Iterator<Item = NoteId>,
) -> Result<HashSet<NoteId>, DbErr> {
    let dialect = Dialect::of(connection);
    let found: Vec<NoteId> = note::Entity::find()
        .select_only()
        .column(note::Column::Id)
        .filter(note::Column::CompanyId.eq(company_id))
        .filter(dialect.one_of((note::Entity, note::Column::Id), ids))
        .into_tuple()
        .all(connection)
        .await?;
    Ok(found.into_iter().collect())
}

/// Returns those message ids that exist already, with the id of their note.
pub async fn taken_messages(
    connection: &impl ConnectionTrait,
    company_id: CompanyId,
    ids: Vec<MessageId>,
) -> Result<HashMap<MessageId, NoteId>, DbErr> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let dialect = Dialect::of(connection);
    let rows: Vec<(MessageId, NoteId)> = message::Entity::find()
        .select_only()
        .columns([message::Column::Id, message::Column::NoteId])
        .filter(message::Column::CompanyId.eq(company_id))
        .filter(dialect.one_of((message::Entity, message::Column::Id), ids))
        .into_tuple()
        .all(connection)
        .await?;
    Ok(rows.into_iter().collect())
}
