//! `customersUpsert`. The log is about notes: this is no event of it.

use std::sync::Arc;

use async_graphql::{ID, InputObject, MaybeUndefined};

use super::object::Customer;
use crate::context::ContextExt;
use crate::engine::{Context, local, object};
use crate::entity::customer;
use crate::entity::token::Scope;
use crate::error::Result;
use crate::people::{Fields, Identity, PhoneNumberInput, fits, hold, save};
use crate::scalar::{Date, DateTime, Url};
use crate::user_error::{Problems, UserError};

/// A customer as the system that owns the record knows them. Absent keeps a field, or leaves it empty where the customer
/// is new; null clears it, and is refused with `NULL_NOT_ALLOWED` where it cannot be empty. A text has at most 255
/// characters, and no control characters.
#[derive(InputObject)]
pub struct CustomerInput {
    /// The customer that is to have the key from now on, where it came here by another way, such as an import.
    id: Option<ID>,
    /// The key of the record in the system that owns it: 1 to 255 characters, one for each customer of the company.
    external_key: String,
    /// The company that the customer works for.
    company_name: MaybeUndefined<String>,
    /// The customer's position there.
    company_title: MaybeUndefined<String>,
    /// The given name.
    first_name: MaybeUndefined<String>,
    /// The names in between.
    middle_name: MaybeUndefined<String>,
    /// The family name.
    last_name: MaybeUndefined<String>,
    /// The whole name, as it is to be shown, at most 1,000 characters. Where it is absent it is made of the others, or
    /// else of the company's name, unless it was given otherwise before.
    full_name: MaybeUndefined<String>,
    /// The language and region that the customer prefers, such as `en-GB`.
    locale: MaybeUndefined<String>,
    /// Is a member now.
    is_member: MaybeUndefined<bool>,
    /// Was a member once.
    was_member: MaybeUndefined<bool>,
    /// Has asked to become a member.
    has_applied: MaybeUndefined<bool>,
    /// A mark of the company's own choosing.
    flag: MaybeUndefined<String>,
    /// The e-mail address.
    email: MaybeUndefined<String>,
    /// The mobile telephone, all parts of it.
    mobile: MaybeUndefined<PhoneNumberInput>,
    /// The telephone, all parts of it.
    phone: MaybeUndefined<PhoneNumberInput>,
    /// A picture.
    profile_photo: MaybeUndefined<Url>,
    /// To be treated with particular care.
    vip: MaybeUndefined<bool>,
    /// The house that the customer belongs to, by the ID that the other system knows it by.
    home_house_id: MaybeUndefined<ID>,
    /// The day of birth.
    birthdate: MaybeUndefined<Date>,
    /// A day to be remembered.
    anniversary_date: MaybeUndefined<Date>,
    /// When the customer was first known; now, where somebody new does not tell.
    created_on: MaybeUndefined<DateTime>,
}

/// What became of them.
#[derive(Clone, Default)]
pub struct CustomersUpsertPayload {
    customers: Vec<Customer>,
    user_errors: Vec<UserError>,
}

object! {
    /// What became of them.
    CustomersUpsertPayload {
        /// The customers as they are now, in the order of the input; none where something has to be put right.
        customers = local(|payload: &CustomersUpsertPayload| payload.customers.clone());
        /// What has to be put right; then nothing was changed, of nobody.
        user_errors = local(|payload: &CustomersUpsertPayload| payload.user_errors.clone());
    }
}

pub async fn upsert(ctx: &Context<'_>, mut input: Vec<CustomerInput>) -> Result<CustomersUpsertPayload> {
    ctx.viewer(Scope::Admin)?;
    let mut problems = Problems::default();
    if !fits(input.len(), &mut problems) {
        return Ok(CustomersUpsertPayload { user_errors: problems.0, ..Default::default() });
    }
    let identities: Vec<Identity> = input
        .iter_mut()
        .map(|one| Identity { id: one.id.take(), external_key: std::mem::take(&mut one.external_key) })
        .collect();
    let (app, sight) = (ctx.app(), ctx.sight());
    let transaction = app.db.begin().await?;
    let held = hold::<customer::Entity>(&transaction, sight, &identities, &mut problems).await?;
    let now = app.clock.now();
    let mut people = Vec::with_capacity(held.len());
    for (index, ((before, one), identity)) in held.into_iter().zip(input).zip(identities).enumerate() {
        let mut row = before.clone().unwrap_or_else(|| customer::Model {
            company_id: sight.company_id,
            created_on: now,
            ..Default::default()
        });
        row.external_key = Some(identity.external_key);
        apply(one, &mut row, &mut Fields::of(index, before.is_none(), &mut problems));
        people.push((before, row));
    }
    if !problems.0.is_empty() {
        transaction.rollback().await?;
        return Ok(CustomersUpsertPayload { user_errors: problems.0, ..Default::default() });
    }
    let customers = match save::<customer::Entity>(&transaction, sight, app, people).await? {
        Ok(customers) => customers,
        Err(refused) => {
            transaction.rollback().await?;
            return Ok(CustomersUpsertPayload { user_errors: vec![refused], ..Default::default() });
        }
    };
    transaction.commit().await?;
    let customers = customers.into_iter().map(|row| Customer(Arc::new(row))).collect();
    Ok(CustomersUpsertPayload { customers, user_errors: Vec::new() })
}

fn apply(input: CustomerInput, row: &mut customer::Model, fields: &mut Fields<'_>) {
    // Taken apart completely, so that a new field does not compile until it is handled.
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
    fields: &mut Fields<'_>,
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

/// The whole name that the parts make.
fn made_of_parts(row: &customer::Model) -> String {
    let names: Vec<&str> =
        [&row.first_name, &row.middle_name, &row.last_name].into_iter().flatten().map(String::as_str).collect();
    if names.is_empty() { row.company_name.clone().unwrap_or_default() } else { names.join(" ") }
}
