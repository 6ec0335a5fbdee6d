//! Assignees in the exchange format: users, followed by when and by whom they were assigned.

use chrono::{DateTime, Utc};
use indexmap::IndexSet;

use super::person::{PersonRef, UserRef, describe, read_user};
use super::reader::{ObjectReader, Reject, id};
use super::user;
use super::value;
use crate::ids::UserId;
use crate::json::object::{JsonFields, RawObject};

/// An assignee as a record describes it.
#[derive(Clone, Debug)]
pub struct ImportedAssignee {
    /// `None` for a bare id.
    pub object: Option<RawObject>,
    pub user: UserRef,
    pub created_on: DateTime<Utc>,
    pub assigned_by: Option<UserRef>,
}

/// Reads one element of `assignees`, which is an object or a bare id; `noted_on` is the time of the note.
///
/// # Errors
/// When it is neither, or is invalid.
pub fn read(
    reader: &mut ObjectReader<'_>,
    name: &str,
    raw: &str,
    noted_on: DateTime<Utc>,
) -> Result<ImportedAssignee, Reject> {
    if let Some(id) = id(raw) {
        let user = PersonRef { id, said: None };
        return Ok(ImportedAssignee { object: None, user, created_on: noted_on, assigned_by: None });
    }
    let Some(object) = describe(&reader.path, name, raw)? else {
        return Err(format!("{}{name} is neither an object nor an id", reader.path));
    };
    let mut reader = reader.inner(&object, name);
    let Some(id) = reader.id("id")? else { return Err(reader.reject("id", "an id")) };
    let created_on = reader.time("created_on")?.unwrap_or(noted_on);
    let assigned_by = read_user(&mut reader, "assigned_by", None)?;
    let row = user::read(&mut reader, id)?;
    let mut said = object.clone();
    said.take("created_on");
    said.take("assigned_by");
    let user = PersonRef { id, said: Some((said, row)) };
    Ok(ImportedAssignee { object: Some(object), user, created_on, assigned_by })
}

/// The keys of an assignee: those of the user, followed by the two of the assignment.
pub fn fields(mut user: JsonFields, created_on: DateTime<Utc>, assigned_by: Option<&str>) -> JsonFields {
    user.push(("created_on".into(), value::time(created_on)));
    if let Some(assigned_by) = assigned_by {
        user.push(("assigned_by".into(), assigned_by.to_owned()));
    }
    user
}

/// The ids of the users in the text of `assignees`, without duplicates, in their order.
pub fn ids(raw: &str) -> Vec<UserId> {
    let elements: Vec<&serde_json::value::RawValue> = serde_json::from_str(raw).unwrap_or_default();
    let ids: IndexSet<UserId> = elements
        .into_iter()
        .filter_map(|element| {
            id(element.get()).or_else(|| {
                RawObject::parse(element.get()).ok().and_then(|object| object.get("id").and_then(super::reader::id))
            })
        })
        .collect();
    ids.into_iter().collect()
}
