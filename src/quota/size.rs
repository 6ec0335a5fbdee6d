use sea_orm::sea_query::Value;
use sea_orm::{ActiveModelTrait, IntoActiveModel, Iterable, ModelTrait};

use crate::store::entity::event::FieldChanges;
use crate::store::entity::{message, note};

/// Bytes that each row counts in addition to its texts: roughly its other columns and its index entries.
pub const ROW: i64 = 256;

/// Bytes that a note counts, without its messages and events.
pub fn note_bytes(note: &note::Model) -> i64 {
    let texts = [&note.subject, &note.details, &note.reference_id, &note.source];
    let texts = texts.into_iter().flatten().chain(&note.tags.0);
    ROW + texts.map(|text| length(text)).sum::<i64>()
}

pub fn message_bytes(message: &message::Model) -> i64 {
    let message::Model { attachment_url, attachment_filename, attachment_content_type, source, .. } = message;
    let texts = [attachment_url, attachment_filename, attachment_content_type, source];
    ROW + length(&message.message) + texts.into_iter().flatten().map(|text| length(text)).sum::<i64>()
}

/// Bytes that an event counts; `changes` is JSON.
pub fn event_bytes(changes: &str) -> i64 {
    ROW + length(changes)
}

/// The same, in the type of the event's column.
pub fn changes_bytes(changes: &FieldChanges) -> i32 {
    i32::try_from(event_bytes(&serde_json::json!(changes).to_string())).unwrap_or(i32::MAX)
}

/// Bytes that a row of any table counts, with all of its texts.
pub fn row_bytes<M>(row: &M) -> i64
where
    M: ModelTrait + IntoActiveModel<<M::Entity as sea_orm::EntityTrait>::ActiveModel>,
{
    let row = row.clone().into_active_model();
    let texts = <M::Entity as sea_orm::EntityTrait>::Column::iter().filter_map(|column| row.get(column).into_value());
    ROW + texts.map(|value| if let Value::String(Some(text)) = value { length(&text) } else { 0 }).sum::<i64>()
}

fn length(text: &str) -> i64 {
    i64::try_from(text.len()).unwrap_or(i64::MAX / 2)
}
