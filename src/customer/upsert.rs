//! `customersUpsert`. It appends no event, because the event log is about notes.

use std::sync::Arc;

use async_graphql::{ID, InputObject, MaybeUndefined};
use breadth::{Context, inline, object};

use super::object::Customer;
use crate::error::Result;
use crate::graphql::context::ContextExt;
use crate::graphql::scalars::{Date, DateTime, Url};
use crate::graphql::user_errors::{UserError, UserErrors};
use crate::people::{
    InputFields, KnownWords, PhoneNumberInput, UpsertKey, check_count, lock_people, save, searched_texts,
};
use crate::store::entity::customer;
use crate::store::entity::token::Scope;

/// A customer, as the owning system knows them. An absent field keeps its value, or is left empty for a new customer.
/// Null clears a field, or is refused with `NULL_NOT_ALLOWED` if the field cannot be empty. A text has at most 255
/// characters, and no control characters.
#[derive(InputObject)]
pub struct CustomerInput {
    /// The customer that gets this key, if the customer was created in another way, such as by an import.
    id: Option<ID>,
    /// The key of the record in the owning system: 1 to 255 characters, unique among the customers of the company.
    external_key: String,
    /// The company that the customer works for.
    company_name: MaybeUndefined<String>,
    /// The customer's position in that company.
    company_title: MaybeUndefined<String>,
    /// The given name.
    first_name: MaybeUndefined<String>,
    /// The middle names.
    middle_name: MaybeUndefined<String>,
    /// The family name.
    last_name: MaybeUndefined<String>,
    /// The full name, for display, at most 1,000 characters. If it is absent, it is built from the other names, or else
    /// from the company's name, unless it was set to something else before.
    full_name: MaybeUndefined<String>,
    /// The language and region that the customer prefers, such as `en-GB`.
    locale: MaybeUndefined<String>,
    /// Whether the customer is a member now.
    is_member: MaybeUndefined<bool>,
    /// Whether the customer was a member before.
    was_member: MaybeUndefined<bool>,
    /// Whether the customer has applied for membership.
    has_applied: MaybeUndefined<bool>,
    /// A mark that the company defines.
    flag: MaybeUndefined<String>,
    /// The e-mail address.
    email: MaybeUndefined<String>,
    /// The mobile telephone number; replaces all of its parts.
    mobile: MaybeUndefined<PhoneNumberInput>,
    /// The telephone number; replaces all of its parts.
    phone: MaybeUndefined<PhoneNumberInput>,
    /// The address of a picture.
    profile_photo: MaybeUndefined<Url>,
    /// Whether the customer is to be treated with particular care.
    vip: MaybeUndefined<bool>,
    /// The house that the customer belongs to, by its ID in the other system.
    home_house_id: MaybeUndefined<ID>,
    /// The date of birth.
    birthdate: MaybeUndefined<Date>,
    /// An anniversary.
    anniversary_date: MaybeUndefined<Date>,
    /// When the customer was first known; the current time if absent for a new customer.
    created_on: MaybeUndefined<DateTime>,
}

/// The result of `customersUpsert`.
#[derive(Clone, Default)]
pub struct CustomersUpsertPayload {
    customers: Vec<Customer>,
    user_errors: Vec<UserError>,
}

object! {
    /// The result of `customersUpsert`.
    CustomersUpsertPayload {
        /// The customers in their current state, in the order of the input; empty if there are errors.
        customers = inline(|payload: &CustomersUpsertPayload| payload.customers.clone());
        /// Errors that the user can fix. If there are any, nothing was changed.
        user_errors = inline(|payload: &CustomersUpsertPayload| payload.user_errors.clone());
    }
}

pub async fn upsert(ctx: &Context<'_>, mut input: Vec<CustomerInput>) -> Result<CustomersUpsertPayload> {
    ctx.viewer(Scope::Admin)?;
    let mut errors = UserErrors::default();
    if !check_count(input.len(), &mut errors) {
        return Ok(CustomersUpsertPayload { user_errors: errors.0, ..Default::default() });
    }
    let upsert_keys: Vec<UpsertKey> = input
        .iter_mut()
        .map(|one| UpsertKey { id: one.id.take(), external_key: std::mem::take(&mut one.external_key) })
        .collect();
    let texts = input.iter().flat_map(|one| {
        let CustomerInput { company_name, first_name, middle_name, last_name, full_name, email, .. } = one;
        searched_texts(&[first_name, middle_name, last_name], &[company_name, full_name, email])
    });
    let known = KnownWords::before(ctx.data_source(), texts).await?;
    let (app, access) = (ctx.app(), ctx.access());
    let transaction = app.db.begin().await?;
    let held = lock_people::<customer::Entity>(&transaction, access, &upsert_keys, &mut errors).await?;
    let now = app.clock.now();
    let mut people = Vec::with_capacity(held.len());
    for (index, ((before, one), upsert_key)) in held.into_iter().zip(input).zip(upsert_keys).enumerate() {
        let mut row = before.clone().unwrap_or_else(|| customer::Model {
            company_id: access.company_id,
            created_on: now,
            ..Default::default()
        });
        row.external_key = Some(upsert_key.external_key);
        apply(one, &mut row, &mut InputFields::of(index, before.is_none(), &mut errors));
        people.push((before, row));
    }
    if !errors.0.is_empty() {
        transaction.rollback().await?;
        return Ok(CustomersUpsertPayload { user_errors: errors.0, ..Default::default() });
    }
    let saved = match save::<customer::Entity>(&transaction, access, app, people, &known).await? {
        Ok(saved) => saved,
        Err(refused) => {
            transaction.rollback().await?;
            return Ok(CustomersUpsertPayload { user_errors: vec![refused], ..Default::default() });
        }
    };
    transaction.commit_if(saved.has_changed).await?;
    let customers = saved.people.into_iter().map(|row| Customer(Arc::new(row))).collect();
    Ok(CustomersUpsertPayload { customers, user_errors: Vec::new() })
}

fn apply(input: CustomerInput, row: &mut customer::Model, fields: &mut InputFields<'_>) {
    // Destructured completely, so that a new field does not compile until it is handled.
    let CustomerInput {
        id: _,
        external_key: _,
        company_name,
        company_title,
        first_name,
        middle_name,
        last_name,
        full_name,
        locale,
        is_member,
        was_member,
        has_applied,
        flag,
        email,
        mobile,
        phone,
        profile_photo,
        vip,
        home_house_id,
        birthdate,
        anniversary_date,
        created_on,
    } = input;
    let before = made_of_parts(row);
    fields.text("companyName", company_name, &mut row.company_name);
    fields.text("companyTitle", company_title, &mut row.company_title);
    fields.text("firstName", first_name, &mut row.first_name);
    fields.text("middleName", middle_name, &mut row.middle_name);
    fields.text("lastName", last_name, &mut row.last_name);
    let now = made_of_parts(row);
    fields.full_name(full_name, &mut row.full_name, (&before, &now));
    fields.text("locale", locale, &mut row.locale);
    fields.required("isMember", is_member, &mut row.is_member);
    fields.required("wasMember", was_member, &mut row.was_member);
    fields.required("hasApplied", has_applied, &mut row.has_applied);
    fields.text("flag", flag, &mut row.flag);
    fields.text("email", email, &mut row.email);
    let columns = [&mut row.mobile_country_code, &mut row.mobile_number, &mut row.mobile_full];
    set_phone(fields, "mobile", mobile, columns);
    let columns = [&mut row.phone_country_code, &mut row.phone_number, &mut row.phone_full];
    set_phone(fields, "phone", phone, columns);
    fields.set(profile_photo.map_value(|url| url.0), &mut row.profile_photo);
    fields.required("vip", vip, &mut row.vip);
    fields.id("homeHouseId", home_house_id, &mut row.home_house_id);
    fields.set(birthdate.map_value(|day| day.0), &mut row.birthdate);
    fields.set(anniversary_date.map_value(|day| day.0), &mut row.anniversary_date);
    fields.required("createdOn", created_on.map_value(|time| time.0), &mut row.created_on);
}

fn set_phone(
    fields: &mut InputFields<'_>,
    field: &str,
    value: MaybeUndefined<PhoneNumberInput>,
    columns: [&mut Option<String>; 3],
) {
    let parts = match value {
        MaybeUndefined::Undefined => return,
        MaybeUndefined::Null => [None, None, None],
        MaybeUndefined::Value(PhoneNumberInput { country_code, number, full }) => [country_code, number, full],
    };
    for (part, column) in parts.into_iter().zip(columns) {
        fields.text(field, part.map_or(MaybeUndefined::Null, MaybeUndefined::Value), column);
    }
}

/// The full name built from the other names.
fn made_of_parts(row: &customer::Model) -> String {
    let names: Vec<&str> =
        [&row.first_name, &row.middle_name, &row.last_name].into_iter().flatten().map(String::as_str).collect();
    if names.is_empty() { row.company_name.clone().unwrap_or_default() } else { names.join(" ") }
}
