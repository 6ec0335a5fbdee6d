//! `--update`: overwrites an existing note with what its record contains, and nothing else.

use std::collections::{HashMap, HashSet};

use serde_json::json;

use super::compare::{Difference, same_message};
use super::existing::Existing;
use super::plan::ImportPlan;
use crate::event::Audience;
use crate::exchange::note::ImportedNote;
use crate::exchange::reader::Reject;
use crate::graphql::global_id::NodeId;
use crate::ids::UserId;
use crate::note::all_fields;
use crate::quota::{StorageUsage, message_bytes};
use crate::store::entity::event::{EventType, FieldChange, FieldChanges};
use crate::store::entity::note::NoteStatus;
use crate::store::entity::{note, note_type};
use crate::store::provenance::merge;

impl ImportPlan<'_> {
    /// Returns the new row of the note, and adds the rows that depend on it.
    ///
    /// # Errors
    /// When a message that was posted here would be overwritten.
    pub fn overwrite(
        &mut self,
        existing: &Existing,
        note: &ImportedNote,
        kind: Option<&note_type::Model>,
        difference: &Difference,
        warnings: &mut Vec<String>,
    ) -> Result<note::Model, Reject> {
        let mut changes = Vec::new();
        if difference.message.is_some() {
            self.rewrite_messages(existing, note, &mut changes, warnings)?;
        }
        let mut row = updated_row(&existing.note, note, kind, self.now);
        row.source =
            merge(existing.note.source.clone(), self.note_provenance(&row, note, kind, warnings)?, &note.object);
        if difference.assignees {
            let users = |ids: Vec<UserId>| json!(ids.into_iter().map(|id| id.global_id().0).collect::<Vec<_>>());
            changes.push(FieldChange::new(
                "assignees",
                users(existing.assignments.iter().map(|row| row.user_id).collect()),
                users(note.assignees.iter().map(|assignee| assignee.user.id).collect()),
            ));
            let mut rows = self.assignments(note, warnings)?;
            let old: HashMap<UserId, Option<UserId>> =
                existing.assignments.iter().map(|old| (old.user_id, old.assigned_by_id)).collect();
            for row in rows.iter_mut().filter(|row| row.assigned_by_id.is_none()) {
                row.assigned_by_id = old.get(&row.user_id).copied().flatten();
            }
            self.rows.assignments.extend(rows);
            self.rows.unassigned.push(row.id);
        }
        let differing = all_fields().filter(|field| field.differs(&existing.note, &row));
        changes.extend(differing.map(|field| field.change(&existing.note, &row)));
        let before: Vec<UserId> = existing.assignments.iter().map(|row| row.user_id).collect();
        let mut audience = Audience::changed(&existing.note, &row);
        if difference.assignees {
            let after: Vec<UserId> = note.assignees.iter().map(|assignee| assignee.user.id).collect();
            let only = |one: &[UserId], other: &[UserId]| -> Vec<UserId> {
                let other: HashSet<&UserId> = other.iter().collect();
                one.iter().filter(|user| !other.contains(user)).copied().collect()
            };
            audience = audience.assigning(&only(&after, &before)).unassigning(&only(&before, &after));
        }
        self.event(EventType::Updated, row.id, FieldChanges(changes), audience, &before);
        Ok(row)
    }

    /// Replaces imported messages by those of the record. Messages that were posted here are never overwritten.
    fn rewrite_messages(
        &mut self,
        existing: &Existing,
        note: &ImportedNote,
        changes: &mut Vec<FieldChange>,
        warnings: &mut Vec<String>,
    ) -> Result<(), Reject> {
        let both = || existing.messages.iter().zip(&note.messages);
        for (old, new) in both().filter(|(old, new)| !same_message(old, new)) {
            let same_id = !new.row.from_import && old.id == new.row.id;
            if !(same_id || old.from_import && new.row.from_import) {
                let position = old.position - 1;
                return Err(format!(
                    "note {} has another message at messages[{position}], which was posted here",
                    note.row.id
                ));
            }
        }
        let made = self.summary.messages;
        let rows = self.messages(note, 0, warnings)?;
        self.summary.messages = made;
        for ((old, new), mut row) in both().zip(rows) {
            if same_message(old, new) {
                continue;
            }
            (row.id, row.from_import) = (old.id, old.from_import);
            changes.push(FieldChange::of_message(&old.id.global_id().0, &old.message, &row.message));
            self.rows.growth += StorageUsage::of_bytes(message_bytes(&row) - message_bytes(old));
            self.rows.rewritten.push(row);
        }
        Ok(())
    }
}

/// The note's row with the values of the record.
fn updated_row(
    old: &note::Model,
    note: &ImportedNote,
    kind: Option<&note_type::Model>,
    now: chrono::DateTime<chrono::Utc>,
) -> note::Model {
    let new = note::Model { type_id: kind.map(|kind| kind.id), ..note.row.clone() };
    let says = |key: &str| note.object.says(key);
    let reopened = new.status == NoteStatus::Open || !says("status");
    let closed_on = match (says("closed_on"), says("status") && old.status != new.status) {
        (true, _) => new.closed_on,
        (false, true) => (!reopened).then_some(now),
        (false, false) => old.closed_on,
    };
    let mut row = note::Model {
        version: (old.version + 1).max(new.version),
        updated_on: if says("updated_on") { new.updated_on.max(old.updated_on) } else { now },
        updated_by_id: if says("updated_by") { new.updated_by_id } else { None },
        closed_on,
        source: None,
        ..old.clone()
    };
    for field in all_fields().filter(|field| field.keys.iter().any(|key| says(key))) {
        field.copy(&new, &mut row);
    }
    row
}
