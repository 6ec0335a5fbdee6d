//! Events, the history of notes.

use sea_orm::FromJsonQueryResult;
use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::ids::{CompanyId, CustomerId, EventId, MessageId, NoteId, UserId};
use crate::store::columns::{by_name, cells, json, table};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
pub enum EventType {
    #[default]
    Created,
    Updated,
    Closed,
    Reopened,
    Assigned,
    Unassigned,
    MessagePosted,
    Deleted,
}

/// Maximum number of characters that an event stores of one value. A longer text is cut there, a longer list after the
/// last text that fits, so that a change of many notes does not store a long text again for each of them.
pub const MAX_CHARACTERS: usize = 1_000;

/// One field that changed, by its name in the API, with its values as the API shows them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FieldChange {
    pub field: String,
    pub old: Json,
    pub new: Json,
    /// Length of the whole old value, if `old` is cut: characters of a text, or texts of a list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old_length: Option<u64>,
    /// The same for `new`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new_length: Option<u64>,
}

impl FieldChange {
    pub fn new(field: &str, old: impl Into<EventValue>, new: impl Into<EventValue>) -> Self {
        let (old, new) = (old.into(), new.into());
        Self { field: field.to_owned(), old: old.value, new: new.value, old_length: old.length, new_length: new.length }
    }

    /// Cuts the values of a change that was stored before values were cut.
    pub fn cut(&mut self) {
        for (value, length) in [(&mut self.old, &mut self.old_length), (&mut self.new, &mut self.new_length)] {
            let cut = match value {
                Json::String(text) => EventValue::text(Some(text)),
                Json::Array(items) if items.iter().all(Json::is_string) => {
                    let texts: Vec<String> = items.iter().filter_map(|item| item.as_str().map(str::to_owned)).collect();
                    EventValue::list(&texts)
                }
                _ => continue,
            };
            if cut.length.is_some() {
                (*value, *length) = (cut.value, length.or(cut.length));
            }
        }
    }

    /// A change of a message's text; the message's ID is stored with both values.
    pub fn of_message(id: &str, old: &str, new: &str) -> Self {
        let show = |text: &str| {
            let EventValue { value, length } = EventValue::text(Some(text));
            EventValue { value: serde_json::json!({ "id": id, "message": value }), length }
        };
        Self::new("messages", show(old), show(new))
    }
}

/// A value as an event stores it. Texts and lists of texts are cut to [`MAX_CHARACTERS`] characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventValue {
    value: Json,
    /// Length of the whole value, if it is cut.
    length: Option<u64>,
}

impl EventValue {
    pub fn text(text: Option<&str>) -> Self {
        let Some(text) = text else { return Json::Null.into() };
        match text.char_indices().nth(MAX_CHARACTERS) {
            None => Json::from(text).into(),
            Some((end, _)) => Self { value: text[..end].into(), length: Some(text.chars().count() as u64) },
        }
    }

    pub fn list(texts: &[String]) -> Self {
        let mut characters = 0;
        let fits = |text: &&String| {
            characters += text.chars().count();
            characters <= MAX_CHARACTERS
        };
        let kept: Vec<&String> = texts.iter().take_while(fits).collect();
        let length = (kept.len() < texts.len()).then_some(texts.len() as u64);
        Self { value: serde_json::json!(kept), length }
    }
}

/// Values of a kind that is always short: a flag, a time, an ID, or the IDs of one change.
impl From<Json> for EventValue {
    fn from(value: Json) -> Self {
        Self { value, length: None }
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, FromJsonQueryResult)]
pub struct FieldChanges(pub Vec<FieldChange>);

/// A list of users.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, FromJsonQueryResult)]
pub struct UserKeys(pub Vec<i64>);

impl FromIterator<UserId> for UserKeys {
    fn from_iter<I: IntoIterator<Item = UserId>>(users: I) -> Self {
        Self(users.into_iter().map(|user| user.0).collect())
    }
}

cells! {
    EventType => by_name;
    FieldChanges => json;
    UserKeys => json;
}

#[derive(Clone, Debug, Default, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "event")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub company_id: CompanyId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: EventId,
    #[sea_orm(column_name = "type")]
    pub kind: EventType,
    pub note_id: NoteId,
    pub message_id: Option<MessageId>,
    pub actor_id: Option<UserId>,
    pub created_on: DateTimeUtc,
    pub changes: FieldChanges,
    /// Size that counts towards the company's quota.
    pub bytes: i32,
    /// The transaction in whose place the event is in the log. `PostgreSQL` sets it, whatever is inserted; 0 on
    /// `SQLite`, whose only writer commits in the order of the ids.
    pub transaction_id: i64,
    /// Whether the note was confidential before the event; null if it did not exist.
    pub confidential_before: Option<bool>,
    /// The same after the event.
    pub confidential_after: Option<bool>,
    pub author_before_id: Option<UserId>,
    pub author_after_id: Option<UserId>,
    pub customer_before_id: Option<CustomerId>,
    pub customer_after_id: Option<CustomerId>,
    /// Assignees of the note when the event was appended, before or after the change; null unless it is confidential.
    /// Together with the next two lists, these are the assignees before the change and after it.
    pub assignees: Option<UserKeys>,
    /// Users whom this event assigned.
    pub assigned: Option<UserKeys>,
    /// Users whom this event unassigned.
    pub unassigned: Option<UserKeys>,
}

table! {
    company_id, id, kind, note_id, message_id, actor_id, created_on, changes, bytes, transaction_id,
    confidential_before, confidential_after, author_before_id, author_after_id, customer_before_id, customer_after_id,
    assignees, assigned, unassigned,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_long_value_is_truncated_with_its_length() {
        let fits = "ä".repeat(MAX_CHARACTERS);
        let change =
            FieldChange::new("details", EventValue::text(Some(&fits)), EventValue::text(Some(&format!("{fits}bc"))));
        assert_eq!(json!(change), json!({ "field": "details", "old": fits, "new": fits, "newLength": 1_002 }));
        assert_eq!(serde_json::from_value::<FieldChange>(json!(change)).unwrap(), change);
        let tags: Vec<String> = (0..20).map(|n| format!("{n:0100}")).collect();
        let change = FieldChange::new("tags", EventValue::list(&tags[..10]), EventValue::list(&tags));
        assert_eq!(json!(change), json!({ "field": "tags", "old": tags[..10], "new": tags[..10], "newLength": 20 }));
    }

    #[test]
    fn fields_are_in_the_order_of_the_columns() {
        use sea_orm::Iterable;

        use crate::store::ColumnTable;
        let name = |column: Column| column.as_str().replace("type", "kind");
        assert_eq!(Entity::FIELDS.to_vec(), Column::iter().map(name).collect::<Vec<_>>());
    }

    #[test]
    fn an_old_untruncated_change_is_read_unchanged() {
        let old = json!({ "field": "details", "old": null, "new": "x".repeat(5_000) });
        assert_eq!(json!(serde_json::from_value::<FieldChange>(old.clone()).unwrap()), old);
    }
}
