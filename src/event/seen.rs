use std::collections::HashSet;
use std::sync::Arc;

use hashbrown::HashMap;
use sea_orm::sea_query::{Expr, ExprTrait, Order, Query};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait};

use super::cursor::Cursors;
use super::position::Position;
use crate::error::Result;
use crate::graphql::global_id::EventHandle;
use crate::ids::{CustomerId, EventId, NoteId};
use crate::store::db::{Db, RowQueries};
use crate::store::entity::event::{EventType, FieldChange};
use crate::store::entity::{event, note};
use crate::store::{AccessScope, ColumnSet};

/// An event as a viewer sees it.
#[derive(Clone, Debug)]
pub struct SeenEvent {
    row: Arc<event::Model>,
    /// Whether the viewer sees no more of it than that the note is hidden from them now.
    pub is_hidden: bool,
    saw_before: bool,
    saw_after: bool,
    pub cursor: String,
    pub handle: EventHandle,
}

/// Whether the viewer sees the notes of some events now.
#[derive(Default)]
pub struct SeenNotes(HashMap<NoteId, bool>);

impl SeenNotes {
    /// Finds out about the notes of further events: whether the viewer sees them, or, if they are deleted, could see them
    /// when that happened.
    pub async fn add(&mut self, db: &Db, access: AccessScope, events: &[event::Model]) -> Result<()> {
        let unknown: HashSet<NoteId> =
            events.iter().map(|event| event.note_id).filter(|note| !self.0.contains_key(note)).collect();
        if unknown.is_empty() {
            return Ok(());
        }
        let mut others: Vec<NoteId> = unknown.into_iter().collect();
        let visible: HashSet<NoteId> = visible_notes(db, access, others.iter().copied()).await?.into_iter().collect();
        others.retain(|note| !visible.contains(note));
        self.0.extend(visible.into_iter().map(|note| (note, true)));
        if others.is_empty() {
            return Ok(());
        }
        self.0.extend(others.iter().map(|note| (*note, false)));
        // The last event of a note that does not exist is that of its deletion.
        for last in last_events(db, access, &others).await? {
            if last.kind == EventType::Deleted {
                self.0.insert(last.note_id, access.saw_before(&last));
            }
        }
        Ok(())
    }

    /// Adds notes that the viewer is known to see.
    pub fn are_visible(&mut self, notes: &[NoteId]) {
        self.0.extend(notes.iter().map(|note| (*note, true)));
    }

    /// The event as the viewer sees it; none if they do not.
    pub fn see(&self, row: event::Model, access: AccessScope, cursors: &Cursors) -> Option<SeenEvent> {
        let (saw_before, saw_after) = (access.saw_before(&row), access.saw_after(&row));
        let is_visible = self.0.get(&row.note_id).copied().unwrap_or_default();
        let is_hidden = !is_visible && saw_before && !saw_after;
        (is_visible || is_hidden).then(|| SeenEvent {
            cursor: cursors.of(Position::of(&row)),
            handle: cursors.handle(row.id),
            row: Arc::new(row),
            is_hidden,
            saw_before,
            saw_after,
        })
    }
}

impl SeenEvent {
    /// The event, apart from its changes. Of a hidden one only the note and the time may be shown.
    pub fn row(&self) -> &event::Model {
        &self.row
    }

    pub fn position(&self) -> Position {
        Position::of(&self.row)
    }

    /// The changes, with the values that the viewer could read in the note when they were its values.
    pub fn changes(&self) -> Vec<FieldChange> {
        if self.is_hidden || !(self.saw_before || self.saw_after) {
            return Vec::new();
        }
        let mut changes = self.row.changes.0.clone();
        for change in &mut changes {
            if !self.saw_before {
                (change.old, change.old_length) = (serde_json::Value::Null, None);
            }
            if !self.saw_after {
                (change.new, change.new_length) = (serde_json::Value::Null, None);
            }
            // Events from before texts were cut.
            change.cut();
        }
        changes
    }

    /// Whether the note was about one of these customers, as far as the viewer could know.
    pub fn is_about(&self, customers: &HashSet<CustomerId>) -> bool {
        let has = |saw: bool, customer: &Option<CustomerId>| {
            saw && customer.is_some_and(|customer| customers.contains(&customer))
        };
        has(self.saw_before, &self.row.customer_before_id)
            || (!self.is_hidden && has(self.saw_after, &self.row.customer_after_id))
    }

    /// Adds the changes to events that were read without them.
    pub(super) async fn add_changes(events: &mut [Self], db: &Db, access: AccessScope) -> Result<()> {
        let shown = events.iter().filter(|event| !event.is_hidden && (event.saw_before || event.saw_after));
        let ids: Vec<EventId> = shown.map(|event| event.row.id).collect();
        if ids.is_empty() {
            return Ok(());
        }
        let columns = columns(&["id", "changes"]);
        let find = event::Entity::find()
            .filter(event::Column::CompanyId.eq(access.company_id))
            .filter(db.dialect().one_of((event::Entity, event::Column::Id), ids));
        let rows = columns.all(find, db.read()).await?;
        let mut changes: HashMap<EventId, event::FieldChanges> =
            rows.into_iter().map(|row| (row.id, row.changes)).collect();
        for event in events {
            if let Some(changes) = changes.remove(&event.row.id) {
                Arc::make_mut(&mut event.row).changes = changes;
            }
        }
        Ok(())
    }
}

/// The columns of events that are always read: all but the changes.
pub const WITHOUT_CHANGES: [&str; 16] = [
    "id",
    "kind",
    "note_id",
    "message_id",
    "actor_id",
    "created_on",
    "transaction_id",
    "confidential_before",
    "confidential_after",
    "author_before_id",
    "author_after_id",
    "customer_before_id",
    "customer_after_id",
    "assignees",
    "assigned",
    "unassigned",
];

pub fn columns(names: &[&str]) -> ColumnSet<event::Entity> {
    names.iter().fold(ColumnSet::NONE, |all, name| all.and(ColumnSet::of(name).unwrap_or(ColumnSet::ALL)))
}

/// Those of the notes that the viewer sees.
pub async fn visible_notes(
    db: &Db,
    access: AccessScope,
    notes: impl IntoIterator<Item = NoteId>,
) -> Result<Vec<NoteId>> {
    let keys = db.dialect().one_of((note::Entity, note::Column::Id), notes);
    let find = access.notes().select_only().column(note::Column::Id).filter(keys).into_query();
    let rows = db.read().rows(&find).await?;
    Ok(rows.iter().map(|row| row.get(0)).collect::<Result<_, _>>()?)
}

/// The last event of each note.
async fn last_events(db: &Db, access: AccessScope, notes: &[NoteId]) -> Result<Vec<event::Model>> {
    let columns = columns(&WITHOUT_CHANGES);
    let (keys, key) = db.dialect().keys_table(notes.iter().map(|note| note.0));
    let last = event::Entity::find()
        .filter(event::Column::CompanyId.eq(access.company_id))
        .filter(Expr::col((event::Entity, event::Column::NoteId)).equals(key))
        .order_by(event::Column::TransactionId, Order::Desc)
        .order_by(event::Column::Id, Order::Desc)
        .limit(1)
        .into_query();
    let mut all = Query::select();
    all.from_function(keys, "k");
    columns.select(&mut all);
    let of_company = event::Column::CompanyId.eq(access.company_id);
    db.dialect().join_each::<event::Entity>(&mut all, last, event::Column::Id, of_company);
    let rows = db.read().rows(&all).await?;
    Ok(rows.iter().map(|row| columns.read(row, 0)).collect::<Result<_, _>>()?)
}
