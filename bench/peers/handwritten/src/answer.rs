//! The responses, in the shape of the GraphQL ones.

use std::collections::HashMap;

use bench_data::{Assignment, Change, Customer, Message, Named, Note, Time, User};
use chrono::NaiveDate;
use serde::{Serialize, Serializer};

/// A global id, serialized without an intermediate string.
#[derive(Clone, Copy)]
pub struct Id(pub &'static str, pub i64);

impl Serialize for Id {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{}:{}", self.0, self.1))
    }
}

/// An enum value as the API spells it.
pub struct Name<'a>(pub &'a str);

impl Serialize for Name<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            "open" => serializer.serialize_str("OPEN"),
            "closed" => serializer.serialize_str("CLOSED"),
            // The one value that the table spells without an underscore.
            "membershipCard" => serializer.serialize_str("MEMBERSHIP_CARD"),
            other => serializer.serialize_str(&other.to_ascii_uppercase()),
        }
    }
}

#[derive(Serialize)]
pub struct Data<T> {
    pub data: T,
}

#[derive(Serialize)]
pub struct NoteField<T> {
    pub note: T,
}

#[derive(Serialize)]
pub struct NotesField<T> {
    pub notes: Nodes<T>,
}

#[derive(Serialize)]
pub struct Nodes<T> {
    pub nodes: Vec<T>,
}

/// The scalar fields of a note, all that the queries select.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Scalars<'a> {
    id: Id,
    version: i32,
    subject: Option<&'a str>,
    details: Option<&'a str>,
    status: Name<'a>,
    priority: bool,
    confidential: bool,
    show_on_overview: bool,
    reminder: Option<Time>,
    tags: &'a [String],
    reference_type: Option<Name<'a>>,
    reference_id: Option<&'a str>,
    message_count: i32,
    created_on: Time,
    updated_on: Time,
    closed_on: Option<Time>,
}

impl<'a> Scalars<'a> {
    pub fn new(note: &'a Note) -> Self {
        Self {
            id: Id("Note", note.id),
            version: note.version,
            subject: note.subject.as_deref(),
            details: note.details.as_deref(),
            status: Name(&note.status),
            priority: note.priority,
            confidential: note.confidential,
            show_on_overview: note.show_on_overview,
            reminder: note.reminder,
            tags: &note.tags,
            reference_type: note.reference_type.as_deref().map(Name),
            reference_id: note.reference_id.as_deref(),
            message_count: note.message_count,
            created_on: note.created_on,
            updated_on: note.updated_on,
            closed_on: note.closed_on,
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Whole<'a> {
    #[serde(flatten)]
    pub scalars: Scalars<'a>,
    pub r#type: Option<Labelled<'a>>,
    pub company: Labelled<'a>,
    pub customer: Option<WholeCustomer<'a>>,
    pub user: Option<Author<'a>>,
    pub updated_by: Option<Person<'a>>,
    pub assignees: Vec<WholeAssignee<'a>>,
    pub messages: Nodes<WholeMessage<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Listed<'a> {
    pub id: Id,
    pub subject: Option<&'a str>,
    pub details: Option<&'a str>,
    pub status: Name<'a>,
    pub priority: bool,
    pub tags: &'a [String],
    pub created_on: Time,
    pub updated_on: Time,
    pub customer: Option<ListedCustomer<'a>>,
    pub user: Option<Person<'a>>,
    pub assignees: Vec<Assignee<'a>>,
    pub messages: Nodes<ListedMessage<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Created<'a> {
    pub id: Id,
    pub version: i32,
    pub subject: Option<&'a str>,
    pub details: Option<&'a str>,
    pub status: Name<'a>,
    pub tags: &'a [String],
    pub created_on: Time,
    pub updated_on: Time,
    pub r#type: Option<Labelled<'a>>,
    pub customer: Option<ListedCustomer<'a>>,
    pub user: Option<Person<'a>>,
    pub assignees: Vec<Assignee<'a>>,
    pub messages: Nodes<ListedMessage<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CreateField<'a> {
    pub note_create: Changed<Created<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PatchField<'a> {
    pub note_patch: PatchAnswer<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Changed<T> {
    pub note: T,
    pub user_errors: [(); 0],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PatchAnswer<'a> {
    pub note: PatchedNote<'a>,
    pub changed_fields: Vec<&'static str>,
    pub user_errors: [(); 0],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PatchedNote<'a> {
    pub id: Id,
    pub version: i32,
    pub subject: Option<&'a str>,
    pub priority: bool,
    pub updated_on: Time,
}

#[derive(Serialize)]
pub struct Labelled<'a> {
    pub id: Id,
    pub name: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WholeCustomer<'a> {
    id: Id,
    full_name: &'a str,
    company_name: Option<&'a str>,
    company_title: Option<&'a str>,
    email: Option<&'a str>,
    locale: Option<&'a str>,
    vip: bool,
    is_member: bool,
    mobile: Option<Phone<'a>>,
    birthdate: Option<NaiveDate>,
    created_on: Time,
}

#[derive(Serialize)]
struct Phone<'a> {
    full: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ListedCustomer<'a> {
    id: Id,
    full_name: &'a str,
    company_name: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Person<'a> {
    id: Id,
    full_name: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Author<'a> {
    id: Id,
    full_name: &'a str,
    email: Option<&'a str>,
    username: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Reachable<'a> {
    id: Id,
    full_name: &'a str,
    email: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WholeAssignee<'a> {
    created_on: Time,
    user: Option<Reachable<'a>>,
    assigned_by: Option<Person<'a>>,
}

#[derive(Serialize)]
pub struct Assignee<'a> {
    pub user: Option<Person<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WholeMessage<'a> {
    id: Id,
    message: &'a str,
    created_on: Time,
    attachment: Option<Attachment<'a>>,
    posted_by: Option<Person<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Attachment<'a> {
    url: Option<&'a str>,
    filename: &'a str,
    content_type: Option<&'a str>,
    size: Option<Size>,
}

/// A 64-bit number, as text.
struct Size(i64);

impl Serialize for Size {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ListedMessage<'a> {
    pub id: Id,
    pub message: &'a str,
    pub created_on: Time,
    pub posted_by: Option<Person<'a>>,
}

/// The users of a response, by key.
pub struct Users(pub HashMap<i64, User>);

impl Users {
    pub fn new(rows: Vec<User>) -> Self {
        Self(rows.into_iter().map(|row| (row.id, row)).collect())
    }

    fn find(&self, id: Option<i64>) -> Option<&User> {
        self.0.get(&id?)
    }

    pub fn person(&self, id: Option<i64>) -> Option<Person<'_>> {
        self.find(id).map(|user| Person { id: Id("User", user.id), full_name: &user.full_name })
    }

    pub fn author(&self, id: Option<i64>) -> Option<Author<'_>> {
        self.find(id).map(|user| Author {
            id: Id("User", user.id),
            full_name: &user.full_name,
            email: user.email.as_deref(),
            username: &user.username,
        })
    }

    pub fn whole_assignee(&self, row: &Assignment) -> WholeAssignee<'_> {
        let user = self.find(Some(row.user_id)).map(|user| Reachable {
            id: Id("User", user.id),
            full_name: &user.full_name,
            email: user.email.as_deref(),
        });
        WholeAssignee { created_on: row.created_on, user, assigned_by: self.person(row.assigned_by_id) }
    }

    pub fn whole_message<'a>(&'a self, row: &'a Message) -> WholeMessage<'a> {
        let attachment = row.attachment_filename.as_deref().map(|filename| Attachment {
            url: row.attachment_url.as_deref(),
            filename,
            content_type: row.attachment_content_type.as_deref(),
            size: row.attachment_size.map(Size),
        });
        WholeMessage {
            id: Id("NoteMessage", row.id),
            message: &row.message,
            created_on: row.created_on,
            attachment,
            posted_by: self.person(row.posted_by_id),
        }
    }

    pub fn listed_message<'a>(&'a self, row: &'a Message) -> ListedMessage<'a> {
        ListedMessage {
            id: Id("NoteMessage", row.id),
            message: &row.message,
            created_on: row.created_on,
            posted_by: self.person(row.posted_by_id),
        }
    }
}

impl<'a> Labelled<'a> {
    pub fn new(kind: &'static str, row: &'a Named) -> Self {
        Self { id: Id(kind, row.id), name: &row.name }
    }
}

impl<'a> WholeCustomer<'a> {
    pub fn new(row: &'a Customer) -> Self {
        Self {
            id: Id("Customer", row.id),
            full_name: &row.full_name,
            company_name: row.company_name.as_deref(),
            company_title: row.company_title.as_deref(),
            email: row.email.as_deref(),
            locale: row.locale.as_deref(),
            vip: row.vip,
            is_member: row.is_member,
            mobile: row.mobile_full.as_deref().map(|full| Phone { full }),
            birthdate: row.birthdate,
            created_on: row.created_on,
        }
    }
}

impl<'a> ListedCustomer<'a> {
    pub fn new(row: &'a Customer) -> Self {
        Self { id: Id("Customer", row.id), full_name: &row.full_name, company_name: row.company_name.as_deref() }
    }
}

pub fn changed_fields(changes: &[Change]) -> Vec<&'static str> {
    // The contract has an enum here, the event log has field names.
    changes.iter().map(|change| if change.field == "subject" { "SUBJECT" } else { "PRIORITY" }).collect()
}
