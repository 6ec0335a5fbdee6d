//! Decides what happens to each record of a batch, and builds its rows. Runs no statements.

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use super::compare::{Difference, compare};
use super::existing::Existing;
use super::people::{PersonCache, Setting};
use super::rows::BatchRows;
use super::summary::Summary;
use super::types::Types;
use crate::event::Audience;
use crate::exchange::note::{ImportedNote, Parts};
use crate::exchange::person::UserRef;
use crate::exchange::reader::Reject;
use crate::exchange::{assignee, message as message_form, note as note_form};
use crate::ids::{CompanyId, EventId, MessageId, NoteId, UserId};
use crate::json::object::{JsonFields, RawObject};
use crate::quota::{StorageUsage, changes_bytes, message_bytes, note_bytes};
use crate::store::entity::event::{EventType, FieldChanges};
use crate::store::entity::{assignment, customer, event, message, note, note_type, user};
use crate::store::provenance::provenance;

/// The outcome of importing a record.
#[derive(Debug, PartialEq, Eq)]
pub enum ImportOutcome {
    Created,
    Updated,
    Skipped,
}

pub struct ImportPlan<'a> {
    pub company_id: CompanyId,
    pub now: DateTime<Utc>,
    pub update: bool,
    pub customers: &'a mut PersonCache<customer::Model>,
    pub users: &'a mut PersonCache<user::Model>,
    pub types: &'a Types,
    pub existing: HashMap<NoteId, Existing>,
    /// Message ids that exist already, with the id of their note.
    pub taken: HashMap<MessageId, NoteId>,
    pub rows: BatchRows,
    pub summary: Summary,
}

impl ImportPlan<'_> {
    /// Plans one record and adds its warnings to `warnings`.
    ///
    /// # Errors
    /// Why the record is rejected; nothing of it is written then.
    pub fn take(&mut self, note: &ImportedNote, warnings: &mut Vec<String>) -> Result<ImportOutcome, Reject> {
        let kind = self.types.of(note, warnings)?;
        for message in note.messages.iter().filter(|message| !message.row.from_import) {
            let id = message.row.id;
            if let Some(owner) = self.taken.get(&id).filter(|owner| **owner != note.row.id) {
                return Err(format!("message {id} already belongs to note {owner}"));
            }
        }
        let outcome = match self.existing.remove(&note.row.id) {
            None => {
                self.create(note, kind, warnings)?;
                ImportOutcome::Created
            }
            Some(existing) => {
                let difference = compare(&existing, note, kind, self.types);
                self.update_existing(&existing, note, kind, &difference, warnings)?
            }
        };
        let own = note.messages.iter().filter(|message| !message.row.from_import);
        self.taken.extend(own.map(|message| (message.row.id, note.row.id)));
        Ok(outcome)
    }

    fn create(
        &mut self,
        note: &ImportedNote,
        kind: Option<&note_type::Model>,
        warnings: &mut Vec<String>,
    ) -> Result<(), Reject> {
        let mut row = note.row.clone();
        row.company_id = self.company_id;
        row.type_id = kind.map(|kind| kind.id);
        row.source = self.note_provenance(&row, note, kind, warnings)?;
        let assignments = self.assignments(note, warnings)?;
        self.rows.assignments.extend(assignments);
        let messages = self.messages(note, 0, warnings)?;
        let bytes = note_bytes(&row) + messages.iter().map(message_bytes).sum::<i64>();
        self.rows.growth += StorageUsage { notes: 1, bytes };
        self.rows.messages.extend(messages);
        let assignees: Vec<UserId> = note.assignees.iter().map(|assignee| assignee.user.id).collect();
        let audience = Audience::created(&row, &assignees);
        self.event(EventType::Created, row.id, FieldChanges::default(), audience, &[]);
        self.rows.notes.push(row);
        Ok(())
    }

    /// Skips the record, appends messages, or, with `--update`, overwrites the existing note.
    fn update_existing(
        &mut self,
        existing: &Existing,
        note: &ImportedNote,
        kind: Option<&note_type::Model>,
        difference: &Difference,
        warnings: &mut Vec<String>,
    ) -> Result<ImportOutcome, Reject> {
        let words = difference.words();
        if words.is_empty() && difference.tail == 0 {
            self.count_differences(note, warnings)?;
            return Ok(ImportOutcome::Skipped);
        }
        if !words.is_empty() && !self.update {
            let words = words.join(", ");
            return Err(format!("note {} exists and differs in {words} (--update overwrites it)", note.row.id));
        }
        let mut row = existing.note.clone();
        if !words.is_empty() {
            row = self.overwrite(existing, note, kind, difference, warnings)?;
        }
        if difference.tail > 0 {
            let assignees: Vec<UserId> = if difference.assignees {
                note.assignees.iter().map(|assignee| assignee.user.id).collect()
            } else {
                existing.assignments.iter().map(|row| row.user_id).collect()
            };
            let tail = self.messages(note, existing.messages.len(), warnings)?;
            for message in tail {
                row.updated_on = row.updated_on.max(message.created_on);
                row.message_count = message.position;
                let audience = Audience::same(&row);
                self.event(EventType::MessagePosted, row.id, FieldChanges::default(), audience, &assignees);
                self.rows.posted.push((self.rows.events.len() - 1, self.rows.messages.len()));
                self.rows.growth += StorageUsage::of_bytes(message_bytes(&message));
                self.rows.messages.push(message);
            }
            if note.object.says("updated_on") {
                row.updated_on = row.updated_on.max(note.row.updated_on);
            }
        }
        self.rows.growth += StorageUsage::of_bytes(note_bytes(&row) - note_bytes(&existing.note));
        self.rows.changed.push((row, existing.note.version, existing.note.message_count));
        Ok(ImportOutcome::Updated)
    }

    /// Returns the values of the record that the note's columns cannot hold.
    pub fn note_provenance(
        &mut self,
        row: &note::Model,
        note: &ImportedNote,
        kind: Option<&note_type::Model>,
        warnings: &mut Vec<String>,
    ) -> Result<Option<String>, Reject> {
        let setting = self.setting(note);
        let customer = match &note.customer {
            Some(person) => Some(self.customers.resolve(person, setting, &mut self.summary, warnings)?.text.clone()),
            None => None,
        };
        let user = self.text_of(note.user.as_ref(), setting, warnings)?;
        let updated_by = self.text_of(note.updated_by.as_ref(), setting, warnings)?;
        let parts = Parts {
            note_type: kind,
            customer: customer.as_deref(),
            user: user.as_deref(),
            updated_by: updated_by.as_deref(),
            assignees: assignees_as_written(note),
            messages: if note.messages.is_empty() { "null" } else { note.object.get("messages").unwrap_or("null") },
            last_message: note.messages.iter().map(|message| message.row.created_on).max(),
        };
        let fields = note_form::fields(row, parts);
        if note.sparse {
            return Ok(provenance(&note.object, &fields, &note_form::KEYS));
        }
        // The import itself has built these objects from the billing format, so there are no originals to keep.
        let mut object = note.object.clone();
        object.take("user");
        object.take("updated_by");
        Ok(provenance(&object, &fields, &[]))
    }

    pub fn assignments(
        &mut self,
        note: &ImportedNote,
        warnings: &mut Vec<String>,
    ) -> Result<Vec<assignment::Model>, Reject> {
        let setting = self.setting(note);
        let mut rows = Vec::with_capacity(note.assignees.len());
        for (position, assignee) in (1..).zip(&note.assignees) {
            let user = self.users.resolve(&assignee.user, setting, &mut self.summary, warnings)?.fields.clone();
            let assigned_by = self.text_of(assignee.assigned_by.as_ref(), setting, warnings)?;
            let fields = assignee::fields(user, assignee.created_on, assigned_by.as_deref());
            rows.push(assignment::Model {
                company_id: self.company_id,
                note_id: note.row.id,
                user_id: assignee.user.id,
                position,
                created_on: assignee.created_on,
                assigned_by_id: assignee.assigned_by.as_ref().map(|user| user.id),
                source: assignee.object.as_ref().and_then(|object| full_provenance(object, &fields)),
            });
        }
        self.summary.assignments += rows.len() as u64;
        Ok(rows)
    }

    /// Builds the rows of the messages from position `from` on, counted from 0.
    pub fn messages(
        &mut self,
        note: &ImportedNote,
        from: usize,
        warnings: &mut Vec<String>,
    ) -> Result<Vec<message::Model>, Reject> {
        let setting = self.setting(note);
        let mut rows = Vec::with_capacity(note.messages.len() - from);
        for (position, message) in (1..).zip(&note.messages).skip(from) {
            let mut row = message.row.clone();
            let posted_by = self.text_of(message.posted_by.as_ref(), setting, warnings)?;
            row.company_id = self.company_id;
            row.note_id = note.row.id;
            row.position = position;
            row.source =
                provenance(&message.object, &message_form::fields(&row, posted_by.as_deref()), &message_form::KEYS);
            rows.push(row);
        }
        self.summary.messages += rows.len() as u64;
        Ok(rows)
    }

    /// Adds an event; `assignees` are those of the note before it.
    pub fn event(
        &mut self,
        kind: EventType,
        note_id: NoteId,
        changes: FieldChanges,
        audience: Audience,
        assignees: &[UserId],
    ) {
        let bytes = changes_bytes(&changes);
        self.rows.growth += StorageUsage::of_bytes(bytes.into());
        let mut event = event::Model {
            company_id: self.company_id,
            id: EventId::default(),
            kind,
            note_id,
            message_id: None,
            actor_id: None,
            created_on: self.now,
            bytes,
            changes,
            ..event::Model::default()
        };
        audience.set(&mut event, assignees.iter().copied());
        self.rows.events.push(event);
    }

    fn text_of(
        &mut self,
        person: Option<&UserRef>,
        setting: Setting,
        warnings: &mut Vec<String>,
    ) -> Result<Option<String>, Reject> {
        let Some(person) = person else { return Ok(None) };
        Ok(Some(self.users.resolve(person, setting, &mut self.summary, warnings)?.text.clone()))
    }

    /// Counts the differences between a skipped record and the people that it mentions.
    fn count_differences(&mut self, note: &ImportedNote, warnings: &mut Vec<String>) -> Result<(), Reject> {
        let (setting, summary) = (self.setting(note), &mut self.summary);
        if let Some(person) = note.customer.as_ref().filter(|person| self.customers.knows(person.id)) {
            self.customers.resolve(person, setting, summary, warnings)?;
        }
        let users = note.user.iter().chain(&note.updated_by);
        let users =
            users.chain(note.assignees.iter().flat_map(|one| std::iter::once(&one.user).chain(&one.assigned_by)));
        for person in users.chain(note.messages.iter().filter_map(|message| message.posted_by.as_ref())) {
            if self.users.knows(person.id) {
                self.users.resolve(person, setting, summary, warnings)?;
            }
        }
        Ok(())
    }

    fn setting(&self, note: &ImportedNote) -> Setting {
        Setting { company_id: self.company_id, noted_on: note.row.created_on, sparse: note.sparse }
    }
}

fn full_provenance(object: &RawObject, fields: &JsonFields) -> Option<String> {
    let keys: Vec<_> = fields.iter().map(|(key, _)| key.as_ref()).collect();
    provenance(object, fields, &keys)
}

/// Returns the list as the record has it, if the assignments can reproduce it; values that an assignment cannot hold
/// are kept with its row. Otherwise, for bare ids and duplicates, returns a text that differs from any list, so that
/// the original is kept with the note.
fn assignees_as_written(note: &ImportedNote) -> &str {
    let Some(raw) = note.object.get("assignees").filter(|_| !note.assignees.is_empty()) else { return "null" };
    let whole = note.assignees.iter().all(|assignee| assignee.object.is_some());
    let length = serde_json::from_str::<Vec<serde::de::IgnoredAny>>(raw).map_or(0, |list| list.len());
    if whole && length == note.assignees.len() { raw } else { "\"\"" }
}
