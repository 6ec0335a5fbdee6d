//! Notes in the format of the billing API, which is flat, with ids and names of people. They are converted into the
//! format of the notes REST API, the only one that is written.

use super::reader::{ObjectReader, Reject};
use super::user::username;
use crate::ids::UserId;
use crate::json::object::{RawObject, join, quoted};

/// Names of keys in the two formats; all other keys have the same name.
const KEYS: [(&str, &str); 9] = [
    ("identity", "id"),
    ("text", "details"),
    ("noteTypeName", "type"),
    ("noteTypeId", "type_id"),
    ("created", "created_on"),
    ("createdByUserId", "user_id"),
    ("updated", "updated_on"),
    ("showOnOverview", "show_on_overview"),
    ("isImportant", "priority"),
];

/// Whether the object is a note in this format.
pub fn is_billing(object: &RawObject) -> bool {
    object.says("identity") && !object.says("id")
}

/// Converts a note into the format of the notes REST API.
///
/// # Errors
/// When it reports a deletion, the id of a user is invalid, or the name of a user is not a text.
pub fn translate(object: &RawObject) -> Result<RawObject, Reject> {
    if object.says("dtoTypeKey") {
        return Err("this record reports a deletion; it is not a note".to_owned());
    }
    let mut warnings = Vec::new();
    let mut reader = ObjectReader { object, path: String::new(), warnings: &mut warnings };
    let author = person(&mut reader, "createdByUserId", "createdByUserName")?;
    let editor = person(&mut reader, "updatedByUserId", "updatedByUserName")?;
    let mut note = RawObject::default();
    for (key, text) in object.iter() {
        match key {
            "createdByUserName" | "updatedByUserId" | "updatedByUserName" => {}
            _ => {
                let name = KEYS.iter().find(|(theirs, _)| *theirs == key).map_or(key, |(_, ours)| ours);
                note.put(name, text.to_owned());
            }
        }
    }
    if let Some(author) = author {
        note.put("user", author);
    }
    if let Some(editor) = editor {
        note.put("updated_by", editor);
    }
    Ok(note)
}

/// Reads a user who is given by an id and perhaps a name.
fn person(reader: &mut ObjectReader<'_>, id_key: &str, name_key: &str) -> Result<Option<String>, Reject> {
    let Some(id) = reader.id::<UserId>(id_key)? else { return Ok(None) };
    let Some(name) = reader.text(name_key)?.filter(|name| !name.is_empty()) else { return Ok(Some(id.to_string())) };
    Ok(Some(join(&vec![
        ("id".into(), id.to_string()),
        ("full_name".into(), quoted(&name)),
        ("username".into(), quoted(&username(id))),
    ])))
}
