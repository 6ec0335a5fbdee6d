//! Messages in the exchange format.

use chrono::{DateTime, Utc};

use super::person::{UserRef, read_user};
use super::reader::{ObjectReader, Reject};
use super::value::{self, filename, is_address, number, text};
use crate::ids::{CompanyId, NoteId};
use crate::json::object::{JsonFields, RawObject, quoted};
use crate::store::entity::message;

/// A message as a record describes it; the row lacks what the database assigns: company, ids, position.
#[derive(Clone, Debug)]
pub struct ImportedMessage {
    pub object: RawObject,
    pub row: message::Model,
    pub posted_by: Option<UserRef>,
}

/// The keys whose absence is kept.
pub const KEYS: [&str; 4] = ["message", "attachment", "posted_by", "created_on"];

/// Reads a message; `before` is the time of the previous message, or of the note.
///
/// # Errors
/// When the message is not a text, an id is invalid, or the author is invalid.
pub fn read(reader: &mut ObjectReader<'_>, before: DateTime<Utc>) -> Result<ImportedMessage, Reject> {
    let id = reader.id("id")?;
    let posted_by = read_user(reader, "posted_by", None)?;
    let attachment = reader.line("attachment")?.filter(|name| !name.is_empty());
    let named = reader.line("attachment_filename")?.filter(|name| !name.is_empty());
    let (url, name) = match attachment {
        Some(address) if is_address(&address) => {
            let name = named.unwrap_or_else(|| filename(&address));
            (Some(address), Some(name))
        }
        name => (None, name.or(named)),
    };
    let size = |text: &str| text.parse().ok().filter(|size: &i64| *size >= 0);
    let row = message::Model {
        company_id: CompanyId::default(),
        id: id.unwrap_or_default(),
        note_id: NoteId::default(),
        position: 0,
        message: reader.text("message")?.unwrap_or_default(),
        attachment_url: url,
        attachment_filename: name,
        attachment_content_type: reader.line("attachment_content_type")?,
        attachment_size: reader.parsed("attachment_size", "a number of bytes", size)?,
        posted_by_id: posted_by.as_ref().map(|user| user.id),
        created_on: reader.time("created_on")?.unwrap_or(before),
        from_import: id.is_none(),
        source: None,
    };
    Ok(ImportedMessage { object: reader.object.clone(), row, posted_by })
}

/// The keys of a message in their order, with the values of the columns; `posted_by` is the author's text.
pub fn fields(row: &message::Model, posted_by: Option<&str>) -> JsonFields {
    let url = row.attachment_url.as_deref();
    let name = row.attachment_filename.as_deref();
    let mut fields: JsonFields = vec![
        ("message".into(), quoted(&row.message)),
        ("attachment".into(), text(url.or(name))),
        ("posted_by".into(), posted_by.map_or_else(value::null, str::to_owned)),
        ("created_on".into(), value::time(row.created_on)),
    ];
    if !row.from_import {
        fields.push(("id".into(), row.id.to_string()));
    }
    if url.is_some_and(|url| name.is_some_and(|name| name != filename(url))) {
        fields.push(("attachment_filename".into(), text(name)));
    }
    if row.attachment_content_type.is_some() {
        fields.push(("attachment_content_type".into(), text(row.attachment_content_type.as_deref())));
    }
    if row.attachment_size.is_some() {
        fields.push(("attachment_size".into(), number(row.attachment_size)));
    }
    fields
}
