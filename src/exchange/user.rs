//! Users in the exchange format.

use super::customer::photo;
use super::reader::{ObjectReader, Reject};
use super::value::{self, text};
use crate::ids::{CompanyId, UserId};
use crate::json::object::{JsonFields, quoted};
use crate::store::entity::user::{self, UserStatus};

/// Reads a user. Columns that are required and missing in the record are derived from the others.
///
/// # Errors
/// When the status is invalid, or a text is malformed.
pub fn read(reader: &mut ObjectReader<'_>, id: UserId) -> Result<user::Model, Reject> {
    let statuses = [("active", UserStatus::Active), ("inactive", UserStatus::Inactive)];
    let status = reader.choice("status", &statuses)?.unwrap_or(UserStatus::Active);
    let first_name = reader.line("first_name")?;
    let last_name = reader.line("last_name")?;
    let said_username = reader.line("username")?.filter(|name| !name.is_empty());
    let names: Vec<&str> = [&first_name, &last_name].into_iter().flatten().map(String::as_str).collect();
    let full_name = match reader.line("full_name")? {
        Some(name) => name,
        None if !names.is_empty() => names.join(" "),
        None => said_username.clone().unwrap_or_else(|| username(id)),
    };
    Ok(user::Model {
        company_id: CompanyId::default(),
        id,
        external_key: None,
        status,
        first_name,
        last_name,
        full_name,
        email: reader.line("email")?,
        username: said_username.unwrap_or_else(|| username(id)),
        profile_photo: photo(reader)?,
        employee_id: reader.line("employee_id")?,
        mobile_number: reader.line("mobile_number")?,
        business_location_id: reader.line("business_location_id")?,
        enable2_fa: reader.yes("enable2_fa"),
        modified_on: reader.time("modified_on")?,
        created_by: reader.line("created_by")?,
        role: reader.line("role")?,
        source: None,
    })
}

/// The username of a user of whom a record has only the id.
pub fn username(id: UserId) -> String {
    format!("user-{id}")
}

/// The keys of a user in their order, with the values of the columns.
pub fn fields(row: &user::Model) -> JsonFields {
    let status = match row.status {
        UserStatus::Active => "active",
        UserStatus::Inactive => "inactive",
    };
    vec![
        ("id".into(), row.id.to_string()),
        ("status".into(), quoted(status)),
        ("first_name".into(), text(row.first_name.as_deref())),
        ("last_name".into(), text(row.last_name.as_deref())),
        ("full_name".into(), quoted(&row.full_name)),
        ("email".into(), text(row.email.as_deref())),
        ("username".into(), quoted(&row.username)),
        ("profile_photo".into(), text(row.profile_photo.as_deref())),
        ("employee_id".into(), text(row.employee_id.as_deref())),
        ("mobile_number".into(), text(row.mobile_number.as_deref())),
        ("business_location_id".into(), text(row.business_location_id.as_deref())),
        // The exchange format has a string here.
        ("enable2_fa".into(), row.enable2_fa.map_or_else(value::null, |yes| format!("\"{yes}\""))),
        ("modified_on".into(), row.modified_on.map_or_else(value::null, value::time)),
        ("created_by".into(), text(row.created_by.as_deref())),
        ("role".into(), text(row.role.as_deref())),
    ]
}
