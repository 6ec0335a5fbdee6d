use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use sqlx::FromRow;

pub type Time = DateTime<Utc>;

#[derive(Clone, Debug, FromRow)]
pub struct Note {
    pub id: i64,
    pub version: i32,
    pub type_id: Option<i64>,
    pub subject: Option<String>,
    pub details: Option<String>,
    pub status: String,
    pub priority: bool,
    pub confidential: bool,
    pub show_on_overview: bool,
    pub reminder: Option<Time>,
    #[sqlx(json)]
    pub tags: Vec<String>,
    pub reference_type: Option<String>,
    pub reference_id: Option<String>,
    pub customer_id: Option<i64>,
    pub user_id: Option<i64>,
    pub message_count: i32,
    pub created_on: Time,
    pub updated_on: Time,
    pub updated_by_id: Option<i64>,
    pub closed_on: Option<Time>,
}

#[derive(Clone, Debug, FromRow)]
pub struct Customer {
    pub id: i64,
    pub full_name: String,
    pub company_name: Option<String>,
    pub company_title: Option<String>,
    pub email: Option<String>,
    pub locale: Option<String>,
    pub vip: bool,
    pub is_member: bool,
    pub mobile_full: Option<String>,
    pub birthdate: Option<NaiveDate>,
    pub created_on: Time,
}

#[derive(Clone, Debug, FromRow)]
pub struct User {
    pub id: i64,
    pub full_name: String,
    pub email: Option<String>,
    pub username: String,
}

/// A company or a note type.
#[derive(Clone, Debug, FromRow)]
pub struct Named {
    pub id: i64,
    pub name: String,
}

#[derive(Clone, Debug, FromRow)]
pub struct Assignment {
    pub note_id: i64,
    pub user_id: i64,
    pub created_on: Time,
    pub assigned_by_id: Option<i64>,
}

#[derive(Clone, Debug, FromRow)]
pub struct Message {
    pub id: i64,
    pub note_id: i64,
    pub message: String,
    pub attachment_url: Option<String>,
    pub attachment_filename: Option<String>,
    pub attachment_content_type: Option<String>,
    pub attachment_size: Option<i64>,
    pub posted_by_id: Option<i64>,
    pub created_on: Time,
}

/// A note to be created.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NewNote {
    pub customer_id: i64,
    pub type_id: i64,
    pub subject: String,
    pub details: String,
    pub tags: Vec<String>,
    pub assignee_ids: Vec<i64>,
}

/// The values of a patch.
#[derive(Clone, Debug, Deserialize)]
pub struct Patch {
    pub subject: String,
    pub priority: bool,
}

/// One changed field, as the event log stores it.
#[derive(Clone, Debug, Serialize)]
pub struct Change {
    pub field: &'static str,
    pub old: serde_json::Value,
    pub new: serde_json::Value,
}

/// A note after a patch.
pub struct Patched {
    pub note: Note,
    pub changes: Vec<Change>,
}
