//! Assignees in the exchange format: users, followed by when and by whom they were assigned.

use chrono::{DateTime, Utc};
use indexmap::IndexSet;

use super::object::{Fields, Object};
use super::person::{Mention, User, describe, read_user};
use super::reader::{Reader, Reject, id};
use super::user;
use super::value;

/// An assignee as a record describes it.
#[derive(Clone, Debug)]
pub struct Assignee {
    /// `None` for a bare id.
    pub object: Option<Object>,
    pub user: User,
    pub created_on: DateTime<Utc>,
    pub assigned_by: Option<User>,
}

/// Reads one element of `assignees`, which is an object or a bare id; `noted_on` is the time of the note.
///
/// # Errors
/// When it is neither, or is invalid.
pub fn read(reader: &mut Reader<'_>, name: &str, raw: &str, noted_on: DateTime<Utc>) -> Result<Assignee, Reject> {
    if let Some(id) = id(raw) {
        let user = Mention { id, said: None };
        return Ok(Assignee { object: None, user, created_on: noted_on, assigned_by: None });
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
    let user = Mention { id, said: Some((said, row)) };
    Ok(Assignee { object: Some(object), user, created_on, assigned_by })
}

/// The keys of an assignee: those of the user, followed by the two of the assignment.
pub fn fields(mut user: Fields, created_on: DateTime<Utc>, assigned_by: Option<&str>) -> Fields {
    user.push(("created_on".into(), value::time(created_on)));
    if let Some(assigned_by) = assigned_by {
        user.push(("assigned_by".into(), assigned_by.to_owned()));
    }
    user
}

/// The ids of the users in the text of `assignees`, without duplicates, in their order.
pub fn ids(raw: &str) -> Vec<i64> {
    let elements: Vec<&serde_json::value::RawValue> = serde_json::from_str(raw).unwrap_or_default();
    let ids: IndexSet<i64> = elements
        .into_iter()
        .filter_map(|element| {
            id(element.get()).or_else(|| {
                Object::parse(element.get()).ok().and_then(|object| object.get("id").and_then(super::reader::id))
            })
        })
        .collect();
    ids.into_iter().collect()
}
