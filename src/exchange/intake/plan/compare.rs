//! Compares a record with the existing note.

use std::collections::HashMap;

use crate::exchange::assignee::ImportedAssignee;
use crate::exchange::intake::existing::Existing;
use crate::exchange::intake::types::Types;
use crate::exchange::message::ImportedMessage;
use crate::exchange::note::{self, ImportedNote, Parts};
use crate::json::object::{JsonFields, same};
use crate::store::entity::{assignment, message, note_type};
use crate::store::provenance::overlay;

/// The differences between a record and the existing note. Keys that the record does not have are not compared.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Difference {
    /// The keys of the exchange format that differ, without the lists.
    pub fields: Vec<String>,
    pub assignees: bool,
    /// The first position, from 0, at which both have a message and the messages differ.
    pub message: Option<usize>,
    /// Number of messages in the record after those of the note.
    pub tail: usize,
}

impl Difference {
    /// Names the differences for the rejection; empty if only the thread is longer.
    pub fn words(&self) -> Vec<String> {
        let mut words = self.fields.clone();
        if self.assignees {
            words.push("assignees".to_owned());
        }
        words.extend(self.message.map(|position| format!("messages[{position}]")));
        words
    }
}

/// Keys that are compared by the rows that they refer to.
const NESTED: [&str; 5] = ["customer", "user", "updated_by", "assignees", "messages"];

/// Keys that are written only if they have something to say.
const EXTRA: [&str; 4] = ["show_on_overview", "closed_on", "updated_on", "version"];

pub fn compare(existing: &Existing, note: &ImportedNote, kind: Option<&note_type::Model>, types: &Types) -> Difference {
    let old = &existing.note;
    let mut difference = Difference::default();
    let canonical_old = canonical(existing, types.by_id(old.type_id));
    let said_old = overlay(canonical_old.clone(), old.source.as_deref(), |key, original| {
        note::honour(old, &[], last(existing), key, original)
    });
    // A record may have tens of thousands of keys.
    let said_old: HashMap<&str, &str> = said_old.iter().map(|(key, text)| (key.as_ref(), text.as_str())).collect();
    let mut row = note.row.clone();
    (row.company_id, row.type_id) = (old.company_id, kind.map(|kind| kind.id));
    let last_message = note.messages.iter().map(|message| message.row.created_on).max();
    let canonical_new = note::fields(&row, Parts { note_type: kind, last_message, ..NO_LISTS });
    // An earlier state of the note has nothing new to say about when and how often it changed.
    let older = row.updated_on <= old.updated_on;
    for (key, text) in note.object.iter() {
        let skip = NESTED.contains(&key)
            || key == "updated_on" && older
            || key == "version" && row.version <= old.version
            || key == "company_id";
        if skip {
            continue;
        }
        let (ours, theirs) = (field(&canonical_old, key), field(&canonical_new, key));
        let said = said_old.get(key).copied();
        let equal = said.is_some_and(|said| same(said, text))
            || ours == theirs && (ours.is_some_and(|text| text != "null") || is_nothing(text, said))
            || ours == theirs && EXTRA.contains(&key);
        if !equal {
            difference.fields.push(key.to_owned());
        }
    }
    let says = |keys: [&str; 2]| keys.iter().any(|key| note.object.says(key));
    let mut links = |keys: [&str; 2], differ: bool| {
        if differ && says(keys) && !difference.fields.iter().any(|field| field == keys[0]) {
            difference.fields.push(keys[0].to_owned());
        }
    };
    links(["customer_id", "customer"], row.customer_id != old.customer_id);
    links(["user_id", "user"], row.user_id != old.user_id);
    links(
        ["updated_by", "updated_by"],
        row.updated_by_id != old.updated_by_id && (!older || row.updated_on == old.updated_on),
    );
    difference.assignees = note.object.says("assignees") && !same_assignees(&existing.assignments, &note.assignees);
    if note.object.says("messages") {
        let mut both = existing.messages.iter().zip(&note.messages);
        difference.message = both.position(|(old, new)| !same_message(old, new));
        difference.tail = note.messages.len().saturating_sub(existing.messages.len());
    }
    difference
}

const NO_LISTS: Parts<'_> = Parts {
    note_type: None,
    customer: None,
    user: None,
    updated_by: None,
    assignees: "null",
    messages: "null",
    last_message: None,
};

fn canonical(existing: &Existing, kind: Option<&note_type::Model>) -> JsonFields {
    note::fields(&existing.note, Parts { note_type: kind, last_message: last(existing), ..NO_LISTS })
}

fn last(existing: &Existing) -> Option<chrono::DateTime<chrono::Utc>> {
    existing.messages.iter().map(|message| message.created_on).max()
}

fn field<'a>(fields: &'a JsonFields, key: &str) -> Option<&'a str> {
    fields.iter().find(|(field, _)| field == key).map(|(_, text)| text.as_str())
}

/// Whether both stand for an absent value.
fn is_nothing(one: &str, other: Option<&str>) -> bool {
    let nothing = |text: &str| ["null", "[]", "\"\""].contains(&text);
    nothing(one) && other.is_none_or(nothing)
}

fn same_assignees(old: &[assignment::Model], new: &[ImportedAssignee]) -> bool {
    old.len() == new.len()
        && old.iter().zip(new).all(|(old, new)| {
            let says = |key| new.object.as_ref().is_some_and(|object| object.says(key));
            old.user_id == new.user.id
                && (!says("created_on") || old.created_on == new.created_on)
                && (!says("assigned_by") || old.assigned_by_id == new.assigned_by.as_ref().map(|user| user.id))
        })
}

pub fn same_message(old: &message::Model, new: &ImportedMessage) -> bool {
    let says = |key| new.object.says(key);
    let row = &new.row;
    (!says("message") || old.message == row.message)
        && (!says("attachment")
            || (&old.attachment_url, &old.attachment_filename) == (&row.attachment_url, &row.attachment_filename))
        && (!says("attachment_content_type") || old.attachment_content_type == row.attachment_content_type)
        && (!says("attachment_size") || old.attachment_size == row.attachment_size)
        && (!says("posted_by") || old.posted_by_id == row.posted_by_id)
        && (!says("created_on") || old.created_on == row.created_on)
        && (row.from_import || old.id == row.id)
}
