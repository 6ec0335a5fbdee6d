//! Customers in the exchange format.

use super::reader::{ObjectReader, Reject};
use super::value::{self, is_address, text};
use crate::ids::{CompanyId, CustomerId};
use crate::json::object::{JsonFields, RawObject, join, quoted};
use crate::store::entity::customer;

/// Reads a customer. Columns that are required and missing in the record are derived from the others.
///
/// # Errors
/// When a text in it is malformed.
pub fn read(
    reader: &mut ObjectReader<'_>,
    id: CustomerId,
    noted_on: chrono::DateTime<chrono::Utc>,
) -> Result<customer::Model, Reject> {
    let company_name = reader.line("company_name")?;
    let first_name = reader.line("first_name")?;
    let middle_name = reader.line("middle_name")?;
    let last_name = reader.line("last_name")?;
    let names: Vec<&str> = [&first_name, &middle_name, &last_name].into_iter().flatten().map(String::as_str).collect();
    let full_name = match reader.line("full_name")? {
        Some(name) => name,
        None if !names.is_empty() => names.join(" "),
        None => company_name.clone().unwrap_or_else(|| format!("customer {id}")),
    };
    let mobile = phone(reader, "mobile")?;
    let phone = phone(reader, "phone")?;
    Ok(customer::Model {
        company_id: CompanyId::default(),
        id,
        external_key: None,
        company_name,
        company_title: reader.line("company_title")?,
        first_name,
        middle_name,
        last_name,
        full_name,
        locale: reader.line("locale")?,
        is_member: reader.yes("is_member").unwrap_or_default(),
        was_member: reader.yes("was_member").unwrap_or_default(),
        has_applied: reader.yes("has_applied").unwrap_or_default(),
        flag: reader.line("flag")?.filter(|flag| !flag.is_empty()),
        email: reader.line("email")?,
        mobile_country_code: mobile.country_code,
        mobile_number: mobile.number,
        mobile_full: mobile.full,
        phone_country_code: phone.country_code,
        phone_number: phone.number,
        phone_full: phone.full,
        profile_photo: photo(reader)?,
        vip: reader.yes("vip").unwrap_or_default(),
        home_house_id: reader.line("home_house_id")?,
        birthdate: reader.date("birthdate")?,
        anniversary_date: reader.date("anniversary_date")?,
        created_on: reader.time("created_on")?.unwrap_or(noted_on),
        source: None,
    })
}

/// Reads the URL of a photo of a customer or a user.
///
/// # Errors
/// When the text is malformed.
pub fn photo(reader: &mut ObjectReader<'_>) -> Result<Option<String>, Reject> {
    let whole = |text: &str| is_address(text).then(|| text.to_owned());
    reader.parsed("profile_photo", "an http or https address", whole)
}

/// The keys of a customer in their order, with the values of the columns.
pub fn fields(row: &customer::Model) -> JsonFields {
    let mobile = [&row.mobile_country_code, &row.mobile_number, &row.mobile_full];
    let phone = [&row.phone_country_code, &row.phone_number, &row.phone_full];
    vec![
        ("id".into(), row.id.to_string()),
        ("company_name".into(), text(row.company_name.as_deref())),
        ("company_title".into(), text(row.company_title.as_deref())),
        ("first_name".into(), text(row.first_name.as_deref())),
        ("middle_name".into(), text(row.middle_name.as_deref())),
        ("last_name".into(), text(row.last_name.as_deref())),
        ("full_name".into(), quoted(&row.full_name)),
        ("locale".into(), text(row.locale.as_deref())),
        ("is_member".into(), row.is_member.to_string()),
        ("was_member".into(), row.was_member.to_string()),
        ("has_applied".into(), row.has_applied.to_string()),
        ("flag".into(), text(row.flag.as_deref())),
        ("email".into(), text(row.email.as_deref())),
        ("mobile".into(), phone_text(mobile)),
        ("phone".into(), phone_text(phone)),
        ("profile_photo".into(), text(row.profile_photo.as_deref())),
        ("vip".into(), row.vip.to_string()),
        ("home_house_id".into(), text(row.home_house_id.as_deref())),
        ("birthdate".into(), value::date(row.birthdate)),
        ("anniversary_date".into(), value::date(row.anniversary_date)),
        ("created_on".into(), value::time(row.created_on)),
    ]
}

#[derive(Default)]
struct Phone {
    country_code: Option<String>,
    number: Option<String>,
    full: Option<String>,
}

fn phone(reader: &mut ObjectReader<'_>, key: &str) -> Result<Phone, Reject> {
    let Some(raw) = reader.raw(key) else { return Ok(Phone::default()) };
    if raw.starts_with('"') {
        // Only the full number is given; it is not split by guessing.
        let full = reader.line(key)?.filter(|full| !full.is_empty());
        return Ok(Phone { full, ..Phone::default() });
    }
    let Ok(object) = RawObject::parse(raw) else {
        reader.warn(key, "is neither a text nor an object with country_code, number and full: left empty");
        return Ok(Phone::default());
    };
    let mut reader = reader.inner(&object, key);
    Ok(Phone { country_code: reader.line("country_code")?, number: reader.line("number")?, full: reader.line("full")? })
}

fn phone_text([country_code, number, full]: [&Option<String>; 3]) -> String {
    if country_code.is_none() && number.is_none() && full.is_none() {
        return value::null();
    }
    join(&vec![
        ("country_code".into(), text(country_code.as_deref())),
        ("number".into(), text(number.as_deref())),
        ("full".into(), text(full.as_deref())),
    ])
}
