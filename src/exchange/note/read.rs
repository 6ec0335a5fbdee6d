use std::collections::HashSet;

use chrono::{DateTime, Utc};
use serde_json::value::RawValue;

use super::format::{REFERENCE_TYPES, STATUSES, updated_on, version};
use super::imported::ImportedNote;
use crate::exchange::assignee::{self, ImportedAssignee};
use crate::exchange::message::{self, ImportedMessage};
use crate::exchange::person::{read_customer, read_user};
use crate::exchange::reader::{self, ObjectReader, Reject};
use crate::exchange::value;
use crate::ids::CompanyId;
use crate::json::object::RawObject;
use crate::store::entity::note::{self, NoteStatus, Tags};
use crate::text::casefold::casefold;

/// Reads a note; `now` is the time of a note without any date.
///
/// # Errors
/// When its id, its structure or a required value is invalid.
pub fn read(object: RawObject, sparse: bool, now: DateTime<Utc>) -> Result<ImportedNote, Reject> {
    let mut warnings = Vec::new();
    let mut reader = ObjectReader { object: &object, path: String::new(), warnings: &mut warnings };
    let Some(id) = reader.id("id")? else { return Err("the record has no id".to_owned()) };
    let said_created_on = reader.time("created_on")?;
    let said_updated_on = reader.time("updated_on")?;
    let created_on = said_created_on.or_else(|| dated(&reader)).or(said_updated_on).unwrap_or(now);
    if said_created_on.is_none() {
        reader.warn("created_on", &format!("is missing: set to {}", value::time(created_on).trim_matches('"')));
    }
    let messages = read_messages(&mut reader, created_on)?;
    let assignees = read_assignees(&mut reader, created_on)?;
    let customer = read_customer(&mut reader, "customer", "customer_id", created_on)?;
    let user = read_user(&mut reader, "user", Some("user_id"))?;
    let updated_by = read_user(&mut reader, "updated_by", None)?;
    let said_version = reader.parsed("version", "a version, a whole number from 1", version)?;
    let last = messages.iter().map(|message| message.row.created_on).max();
    let subject = reader.text("subject")?;
    let row = note::Model {
        company_id: CompanyId::default(),
        id,
        version: said_version.unwrap_or(1),
        type_id: None,
        subject_folded: subject.as_deref().map(casefold),
        subject,
        details: reader.text("details")?,
        status: reader.choice("status", &STATUSES)?.unwrap_or(NoteStatus::Open),
        priority: reader.decision("priority")?,
        confidential: reader.decision("confidential")?,
        show_on_overview: reader.decision("show_on_overview")?,
        reminder: reader.time("reminder")?,
        tags: read_tags(&mut reader)?,
        reference_type: reader.choice("reference_type", &REFERENCE_TYPES)?,
        reference_id: read_reference_id(&mut reader)?,
        customer_id: customer.as_ref().map(|customer| customer.id),
        user_id: user.as_ref().map(|user| user.id),
        message_count: i32::try_from(messages.len()).map_err(|_| "the note has too many messages".to_owned())?,
        created_on,
        updated_on: said_updated_on.unwrap_or_else(|| updated_on(created_on, last)),
        updated_by_id: updated_by.as_ref().map(|user| user.id),
        closed_on: reader.time("closed_on")?,
        source: None,
    };
    let company_id = reader.raw("company_id").and_then(reader::id);
    let type_name = reader.text("type")?.filter(|name| !name.is_empty());
    let type_name = reader.one_line("type", type_name);
    let type_id = reader.id("type_id")?;
    Ok(ImportedNote {
        object,
        row,
        company_id,
        type_name,
        type_id,
        customer,
        user,
        updated_by,
        assignees,
        messages,
        warnings,
        sparse,
    })
}

/// The time of the first message that has one, for a note that has none.
fn dated(reader: &ObjectReader<'_>) -> Option<DateTime<Utc>> {
    let messages = elements(reader, "messages").ok()?;
    messages.into_iter().filter_map(|element| RawObject::parse(element.get()).ok()).find_map(|message| {
        let text: String = serde_json::from_str(message.get("created_on")?).ok()?;
        value::parse_time(&text)
    })
}

fn elements<'a>(reader: &ObjectReader<'a>, key: &str) -> Result<Vec<&'a RawValue>, Reject> {
    let Some(raw) = reader.raw(key) else { return Ok(Vec::new()) };
    serde_json::from_str(raw).map_err(|_| reader.reject(key, "a list"))
}

fn read_messages(reader: &mut ObjectReader<'_>, created_on: DateTime<Utc>) -> Result<Vec<ImportedMessage>, Reject> {
    let mut before = created_on;
    let mut messages = Vec::new();
    for (index, raw) in elements(reader, "messages")?.into_iter().enumerate() {
        let name = format!("messages[{index}]");
        let object = RawObject::parse(raw.get()).map_err(|_| format!("{name} is not an object"))?;
        let message = message::read(&mut reader.inner(&object, &name), before)?;
        before = message.row.created_on;
        messages.push(message);
    }
    Ok(messages)
}

fn read_assignees(reader: &mut ObjectReader<'_>, created_on: DateTime<Utc>) -> Result<Vec<ImportedAssignee>, Reject> {
    let mut assignees: Vec<ImportedAssignee> = Vec::new();
    let mut ids = HashSet::new();
    for (index, raw) in elements(reader, "assignees")?.into_iter().enumerate() {
        let name = format!("assignees[{index}]");
        let assignee = assignee::read(reader, &name, raw.get(), created_on)?;
        if ids.insert(assignee.user.id) {
            assignees.push(assignee);
        } else {
            reader.warn(&name, &format!("is user {} again: assigned only once", assignee.user.id));
        }
    }
    Ok(assignees)
}

fn read_tags(reader: &mut ObjectReader<'_>) -> Result<Tags, Reject> {
    let mut tags = Vec::new();
    for raw in elements(reader, "tags")? {
        let tag = reader::string(raw.get()).map_err(|_| reader.reject("tags", "a list of texts"))?;
        tags.push(reader.clean("tags", tag));
    }
    Ok(Tags(tags))
}

/// An integer in the exchange format, but a text in other systems.
fn read_reference_id(reader: &mut ObjectReader<'_>) -> Result<Option<String>, Reject> {
    match reader.raw("reference_id") {
        Some(raw) if raw.starts_with(['{', '[']) => Err(reader.reject("reference_id", "an id")),
        _ => Ok(reader.lenient_text("reference_id")?.filter(|id| !id.is_empty())),
    }
}
