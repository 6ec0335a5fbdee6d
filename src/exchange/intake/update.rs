//! `--update`: overwrites an existing note with what its record contains, and nothing else.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::compare::{Difference, same_message};
use super::existing::Existing;
use super::plan::ImportPlan;
use crate::exchange::note::{ImportedNote, reference_name, status_name};
use crate::exchange::reader::Reject;
use crate::graphql::global_id::NodeKind;
use crate::graphql::scalars::DateTime;
use crate::quota::{StorageUsage, message_bytes};
use crate::store::entity::event::{EventType, EventValue, FieldChange, FieldChanges};
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
        let mut row = fields(&existing.note, note, kind, self.now);
        row.source =
            merge(existing.note.source.clone(), self.note_provenance(&row, note, kind, warnings)?, &note.object);
        if difference.assignees {
            let users = |ids: Vec<i64>| json!(ids.into_iter().map(|id| NodeKind::User.id(id).0).collect::<Vec<_>>());
            changes.push(FieldChange::new(
                "assignees",
                users(existing.assignments.iter().map(|row| row.user_id).collect()),
                users(note.assignees.iter().map(|assignee| assignee.user.id).collect()),
            ));
            let mut rows = self.assignments(note, warnings)?;
            let old: HashMap<i64, Option<i64>> =
                existing.assignments.iter().map(|old| (old.user_id, old.assigned_by_id)).collect();
            for row in rows.iter_mut().filter(|row| row.assigned_by_id.is_none()) {
                row.assigned_by_id = old.get(&row.user_id).copied().flatten();
            }
            self.rows.assignments.extend(rows);
            self.rows.unassigned.push(row.id);
        }
        changes.extend(field_changes(&existing.note, &row));
        self.event(EventType::Updated, row.id, FieldChanges(changes));
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
                return Err(format!("note {} has another message at messages[{position}], posted here", note.row.id));
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
            changes.push(FieldChange::of_message(&NodeKind::NoteMessage.id(old.id).0, &old.message, &row.message));
            self.rows.growth += StorageUsage::of_bytes(message_bytes(&row) - message_bytes(old));
            self.rows.rewritten.push(row);
        }
        Ok(())
    }
}

/// The note's row with the values of the record.
fn fields(
    old: &note::Model,
    note: &ImportedNote,
    kind: Option<&note_type::Model>,
    now: chrono::DateTime<chrono::Utc>,
) -> note::Model {
    let new = note.row.clone();
    let says = |key: &str| note.object.says(key);
    let either = |one: &str, other: &str| says(one) || says(other);
    let reopened = new.status == NoteStatus::Open || !says("status");
    let closed_on = match (says("closed_on"), says("status") && old.status != new.status) {
        (true, _) => new.closed_on,
        (false, true) => (!reopened).then_some(now),
        (false, false) => old.closed_on,
    };
    note::Model {
        company_id: old.company_id,
        id: old.id,
        version: (old.version + 1).max(new.version),
        type_id: if either("type", "type_id") { kind.map(|kind| kind.id) } else { old.type_id },
        subject: if says("subject") { new.subject } else { old.subject.clone() },
        subject_folded: if says("subject") { new.subject_folded } else { old.subject_folded.clone() },
        details: if says("details") { new.details } else { old.details.clone() },
        status: if says("status") { new.status } else { old.status },
        priority: if says("priority") { new.priority } else { old.priority },
        confidential: if says("confidential") { new.confidential } else { old.confidential },
        show_on_overview: if says("show_on_overview") { new.show_on_overview } else { old.show_on_overview },
        reminder: if says("reminder") { new.reminder } else { old.reminder },
        tags: if says("tags") { new.tags } else { old.tags.clone() },
        reference_type: if says("reference_type") { new.reference_type } else { old.reference_type },
        reference_id: if says("reference_id") { new.reference_id } else { old.reference_id.clone() },
        customer_id: if either("customer_id", "customer") { new.customer_id } else { old.customer_id },
        user_id: if either("user_id", "user") { new.user_id } else { old.user_id },
        message_count: old.message_count,
        created_on: if says("created_on") { new.created_on } else { old.created_on },
        updated_on: if says("updated_on") { new.updated_on.max(old.updated_on) } else { now },
        updated_by_id: if says("updated_by") { new.updated_by_id } else { None },
        closed_on,
        source: None,
    }
}

/// The changed fields, with names and values as in the API.
fn field_changes(old: &note::Model, new: &note::Model) -> Vec<FieldChange> {
    let mut changes = Vec::new();
    // Compares whole values, as those that the event log stores may be cut.
    let mut compare = |field: &str, differs: bool, show: &dyn Fn(&note::Model) -> EventValue| {
        if differs {
            changes.push(FieldChange::new(field, show(old), show(new)));
        }
    };
    macro_rules! compare {
        ($($field:literal $column:ident $show:expr;)*) => {
            $(compare($field, old.$column != new.$column, &|row: &note::Model| {
                let show = $show;
                show(&row.$column).into()
            });)*
        };
    }
    let time = |time: Option<chrono::DateTime<chrono::Utc>>| json!(time.map(|time| DateTime(time).text()));
    let link = |kind: NodeKind, id: Option<i64>| json!(id.map(|id| kind.id(id).0));
    let text = |text: &Option<String>| EventValue::text(text.as_deref());
    compare! {
        "customerId" customer_id |id: &Option<i64>| link(NodeKind::Customer, *id);
        "userId" user_id |id: &Option<i64>| link(NodeKind::User, *id);
        "typeId" type_id |id: &Option<i64>| link(NodeKind::NoteType, *id);
        "subject" subject text;
        "details" details text;
        "status" status |status: &NoteStatus| name(status_name(*status));
        "reminder" reminder |reminder: &Option<chrono::DateTime<chrono::Utc>>| time(*reminder);
        "referenceType" reference_type |kind: &Option<note::ReferenceType>| {
            kind.map_or(Value::Null, |kind| name(reference_name(kind)))
        };
        "referenceId" reference_id text;
        "confidential" confidential |flag: &bool| json!(flag);
        "priority" priority |flag: &bool| json!(flag);
        "showOnOverview" show_on_overview |flag: &bool| json!(flag);
        "tags" tags |tags: &note::Tags| EventValue::list(&tags.0);
        "createdOn" created_on |created_on: &chrono::DateTime<chrono::Utc>| time(Some(*created_on));
    }
    changes
}

/// Converts an enum value's name in the exchange format into that of the API: `membershipCard` becomes
/// `MEMBERSHIP_CARD`.
fn name(form: &str) -> Value {
    let mut name = String::new();
    for letter in form.chars() {
        if letter.is_ascii_uppercase() {
            name.push('_');
        }
        name.push(letter.to_ascii_uppercase());
    }
    name.into()
}
