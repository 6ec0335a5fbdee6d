use chrono::{DateTime, Utc};

use super::format::{reference_name, status_name, updated_on, version};
use crate::exchange::assignee;
use crate::exchange::reader::id;
use crate::exchange::value::{self, text};
use crate::ids::UserId;
use crate::json::object::{JsonFields, RawObject, quoted};
use crate::store::entity::note::{self, Tags};
use crate::store::entity::note_type;

/// The records that a note's row refers to, formatted for the export.
#[derive(Clone, Copy, Default)]
pub struct Parts<'a> {
    pub note_type: Option<&'a note_type::Model>,
    pub customer: Option<&'a str>,
    pub user: Option<&'a str>,
    pub updated_by: Option<&'a str>,
    /// The lists as JSON, `null` if they are empty.
    pub assignees: &'a str,
    pub messages: &'a str,
    /// The time of the latest message.
    pub last_message: Option<DateTime<Utc>>,
}

/// The keys of a note in their order, with the values of the columns and the parts.
pub fn fields(row: &note::Model, parts: Parts<'_>) -> JsonFields {
    let or_null = |text: Option<&str>| text.unwrap_or("null").to_owned();
    let mut fields: JsonFields = vec![
        ("id".into(), row.id.to_string()),
        ("reference_type".into(), text(row.reference_type.map(reference_name))),
        ("reference_id".into(), reference_id(row.reference_id.as_deref())),
        ("type".into(), text(parts.note_type.map(|kind| kind.name.as_str()))),
        ("details".into(), text(row.details.as_deref())),
        ("created_on".into(), value::time(row.created_on)),
        ("status".into(), quoted(status_name(row.status))),
        ("reminder".into(), row.reminder.map_or_else(value::null, value::time)),
        ("user_id".into(), value::number(row.user_id)),
        ("company_id".into(), row.company_id.to_string()),
        ("customer_id".into(), value::number(row.customer_id)),
        ("confidential".into(), row.confidential.to_string()),
        ("priority".into(), row.priority.to_string()),
        ("tags".into(), tags(&row.tags)),
        ("subject".into(), text(row.subject.as_deref())),
        ("customer".into(), or_null(parts.customer)),
        ("user".into(), or_null(parts.user)),
        ("assignees".into(), parts.assignees.to_owned()),
        ("messages".into(), parts.messages.to_owned()),
    ];
    if row.show_on_overview {
        fields.push(("show_on_overview".into(), "true".to_owned()));
    }
    if let Some(closed_on) = row.closed_on {
        fields.push(("closed_on".into(), value::time(closed_on)));
    }
    if row.updated_on != updated_on(row.created_on, parts.last_message) {
        fields.push(("updated_on".into(), value::time(row.updated_on)));
    }
    if row.version != 1 {
        fields.push(("version".into(), row.version.to_string()));
    }
    if let Some(updated_by) = parts.updated_by {
        fields.push(("updated_by".into(), updated_by.to_owned()));
    }
    if let Some(kind) = parts.note_type.filter(|kind| !kind.from_import) {
        fields.push(("type_id".into(), kind.id.to_string()));
    }
    fields
}

/// Whether the original value of `key` in the record (`None` if the key was absent) is still valid. Writers forget the
/// originals of fields that they change; what changes without them is compared here, so that no original hides a later
/// change.
pub fn honour(
    row: &note::Model,
    assignees: &[UserId],
    last_message: Option<DateTime<Utc>>,
    key: &str,
    original: Option<&str>,
) -> bool {
    let time = |text: &str| serde_json::from_str::<String>(text).ok().as_deref().and_then(value::parse_time);
    match (key, original) {
        ("messages", _) => row.message_count == 0,
        ("assignees", None) => assignees.is_empty(),
        ("assignees", Some(text)) => assignee::ids(text) == assignees,
        ("updated_on", Some(text)) => {
            time(text).unwrap_or_else(|| updated_on(row.created_on, last_message)) == row.updated_on
        }
        ("closed_on", Some(text)) => time(text) == row.closed_on,
        ("version", Some(text)) => row.version == 1 || version(text) == Some(row.version),
        ("show_on_overview", Some(text)) => (text == "true") == row.show_on_overview,
        ("updated_by", Some(text)) => {
            let said = id(text).or_else(|| RawObject::parse(text).ok()?.get("id").and_then(id));
            said == row.updated_by_id
        }
        _ => true,
    }
}

fn tags(tags: &Tags) -> String {
    if tags.0.is_empty() {
        return value::null();
    }
    let tags: Vec<_> = tags.0.iter().map(|tag| quoted(tag)).collect();
    format!("[{}]", tags.join(","))
}

/// Writes an integer as a number, as in the exchange format.
fn reference_id(id: Option<&str>) -> String {
    match id {
        Some(id) if id.parse::<i64>().is_ok_and(|number| number.to_string() == id) => id.to_owned(),
        id => text(id),
    }
}
