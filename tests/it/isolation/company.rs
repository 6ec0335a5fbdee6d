//! Fills a company with records in which every text carries a mark.

use std::collections::BTreeSet;

use notegraph::ids::{CustomerId, MessageId, NoteId, NoteTypeId, UserId};
use notegraph::store::entity::note::{NoteStatus, ReferenceType, Tags};
use notegraph::store::entity::{assignment, note_type};
use serde_json::{Value, json};

use testkit::{App, Company, Contents};

/// Creates a record of each kind for each key, linked to the others with the same key.
pub async fn fill(app: &App, company: &Company, mark: &str, keys: impl IntoIterator<Item = i64>) {
    for key in keys {
        let source = |what: &str| Some(json!({ "kept": format!("{mark} {what} source") }).to_string());
        let text = |what: &str| Some(format!("{mark} {what} {key}"));
        let url = |what: &str| Some(format!("https://example.com/{mark}/{what}/{key}"));
        company
            .user_with(&format!("{mark} user {key}"), |user| {
                user.id = UserId(key);
                user.external_key = text("user key");
                (user.last_name, user.email) = (text("family"), Some(format!("{mark}.{key}@example.com")));
                (user.employee_id, user.business_location_id) = (text("employee"), text("location"));
                (user.mobile_number, user.role, user.created_by) = (text("mobile"), text("role"), text("maker"));
                (user.profile_photo, user.enable2_fa) = (url("user"), Some(true));
                user.modified_on = Some(app.clock().now());
                user.source = source("user");
            })
            .await;
        company
            .customer_with(&format!("{mark} customer {key}"), |customer| {
                customer.id = CustomerId(key);
                customer.external_key = text("customer key");
                (customer.company_name, customer.company_title) = (text("employer"), text("title"));
                (customer.middle_name, customer.last_name) = (text("middle"), text("last"));
                (customer.locale, customer.flag) = (text("locale"), text("flag"));
                customer.email = Some(format!("{mark}.c{key}@example.com"));
                (customer.mobile_country_code, customer.phone_country_code) = (text("+1"), text("+2"));
                (customer.mobile_number, customer.phone_number) = (text("171"), text("172"));
                (customer.mobile_full, customer.phone_full) = (text("+1171"), text("+2172"));
                (customer.profile_photo, customer.home_house_id) = (url("customer"), text("house"));
                customer.birthdate = Some("1990-02-28".parse().unwrap());
                customer.anniversary_date = Some("2020-02-29".parse().unwrap());
                customer.source = source("customer");
            })
            .await;
        let name = format!("{mark} type {key}");
        app.insert(note_type::Model { company_id: company.id, id: NoteTypeId(key), name, from_import: false }).await;
        company
            .note(|note| {
                (note.id, note.customer_id) = (NoteId(key), Some(CustomerId(key)));
                (note.user_id, note.type_id) = (Some(UserId(key)), Some(NoteTypeId(key)));
                note.updated_by_id = Some(UserId(key));
                (note.subject, note.details) = (text("subject"), text("details"));
                note.tags = Tags(vec![format!("{mark} tag {key}"), format!("{mark} tag")]);
                (note.reference_type, note.reference_id) = (Some(ReferenceType::Order), text("order"));
                (note.reminder, note.closed_on) = (Some(note.created_on), Some(note.created_on));
                (note.status, note.source) = (NoteStatus::Closed, source("note"));
            })
            .await;
        company
            .message(NoteId(key), |message| {
                (message.id, message.posted_by_id) = (MessageId(key), Some(UserId(key)));
                message.message = format!("{mark} message {key}");
                message.attachment_url = url("file");
                (message.attachment_filename, message.attachment_content_type) = (text("file"), text("form"));
                (message.attachment_size, message.source) = (Some(key), source("message"));
            })
            .await;
        let (company_id, created_on) = (company.id, app.clock().now());
        let (assigned_by_id, source) = (Some(UserId(key)), source("assignment"));
        let (note_id, user_id, position) = (NoteId(key), UserId(key), 1);
        app.insert(assignment::Model { company_id, note_id, user_id, position, created_on, assigned_by_id, source })
            .await;
    }
}

/// The columns of these rows whose texts never carry the mark, or that are always empty.
pub fn unmarked(rows: &Contents, mark: &str) -> BTreeSet<String> {
    let (mut known, mut unmarked) = (BTreeSet::new(), BTreeSet::new());
    for (table, rows) in &rows.0 {
        for (column, value) in rows.iter().flat_map(|row| row.as_object().unwrap()) {
            let name = format!("{table}.{column}");
            let is_known = value.is_number() || value.is_boolean() || value.to_string().to_lowercase().contains(mark);
            (if is_known { &mut known } else { &mut unmarked }).insert(name);
        }
    }
    &unmarked - &known
}

/// One text with the mark for each column of these rows.
pub fn texts(rows: &Contents, mark: &str) -> BTreeSet<String> {
    let mut texts = BTreeSet::new();
    for rows in rows.0.values() {
        let mut columns = BTreeSet::new();
        for row in rows {
            for (column, value) in row.as_object().unwrap() {
                let text = match value {
                    Value::String(text) if text.contains(mark) => text.clone(),
                    // Take one text of a list of texts.
                    Value::Array(items) => match items.first() {
                        Some(Value::String(text)) if text.contains(mark) => text.clone(),
                        _ => continue,
                    },
                    _ => continue,
                };
                if columns.insert(column) {
                    texts.insert(text);
                }
            }
        }
    }
    texts
}
