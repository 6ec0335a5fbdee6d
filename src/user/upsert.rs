//! `usersUpsert`. It appends no event, because the event log is about notes.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use async_graphql::{ID, InputObject, MaybeUndefined};
use breadth::{Context, inline, object};
use sea_orm::sea_query::Expr;
use sea_orm::{QueryFilter, QuerySelect};

use super::object::{User, UserStatus};
use crate::error::Result;
use crate::graphql::context::ContextExt;
use crate::graphql::scalars::{DateTime, Url};
use crate::graphql::user_errors::{ErrorCode, UserError, UserErrors};
use crate::ids::UserId;
use crate::people::{
    InputFields, KnownWords, PhoneNumberInput, UpsertKey, check_count, lock_people, save, searched_texts,
};
use crate::store::AccessScope;
use crate::store::db::{Dialect, Transaction};
use crate::store::entity::token::Scope;
use crate::store::entity::user;
use crate::text::quote::quote;

/// A user, as the owning system knows them. An absent field keeps its value, or is left empty for a new user. Null
/// clears a field, or is refused with `NULL_NOT_ALLOWED` if the field cannot be empty. A text has at most 255
/// characters, and no control characters.
#[derive(InputObject)]
pub struct UserInput {
    /// The user that gets this key, if the user was created in another way, such as by an import.
    id: Option<ID>,
    /// The key of the record in the owning system: 1 to 255 characters, unique among the users of the company.
    external_key: String,
    /// Whether the user may act; ACTIVE if absent for a new user. The tokens of an INACTIVE user are refused.
    status: MaybeUndefined<UserStatus>,
    /// The given name.
    first_name: MaybeUndefined<String>,
    /// The family name.
    last_name: MaybeUndefined<String>,
    /// The full name, for display, at most 1,000 characters. If it is absent, it is built from the other names, or else
    /// from the username, unless it was set to something else before.
    full_name: MaybeUndefined<String>,
    /// The e-mail address.
    email: MaybeUndefined<String>,
    /// The name that the user signs in with: required for a new user, and unique among the users of the company.
    username: MaybeUndefined<String>,
    /// The address of a picture.
    profile_photo: MaybeUndefined<Url>,
    /// The user's ID in the company's staff system.
    employee_id: MaybeUndefined<ID>,
    /// The mobile telephone number, stored as one text: `full`, or else `countryCode` and `number` combined.
    mobile: MaybeUndefined<PhoneNumberInput>,
    /// The mobile telephone number, as one text.
    #[graphql(deprecation = "Use `mobile`, which has the same fields as a customer's.")]
    mobile_number: MaybeUndefined<String>,
    /// The place where the user works, by its ID in the other system.
    business_location_id: MaybeUndefined<ID>,
    /// Whether signing in requires a second factor.
    enable2_fa: MaybeUndefined<bool>,
    /// When the owning system last changed the user's record.
    updated_on: MaybeUndefined<DateTime>,
    /// When the owning system last changed the user's record.
    #[graphql(deprecation = "Use `updatedOn`.")]
    modified_on: MaybeUndefined<DateTime>,
    /// The creator of the user's record, as the owning system names them.
    created_by: MaybeUndefined<String>,
    /// The user's role in the company.
    role: MaybeUndefined<String>,
}

/// The result of `usersUpsert`.
#[derive(Clone, Default)]
pub struct UsersUpsertPayload {
    users: Vec<User>,
    user_errors: Vec<UserError>,
}

object! {
    /// The result of `usersUpsert`.
    UsersUpsertPayload {
        /// The users in their current state, in the order of the input; empty if there are errors.
        users = inline(|payload: &UsersUpsertPayload| payload.users.clone());
        /// Errors that the user can fix. If there are any, nothing was changed.
        user_errors = inline(|payload: &UsersUpsertPayload| payload.user_errors.clone());
    }
}

pub async fn upsert(ctx: &Context<'_>, mut input: Vec<UserInput>) -> Result<UsersUpsertPayload> {
    ctx.viewer(Scope::Admin)?;
    let mut errors = UserErrors::default();
    if !check_count(input.len(), &mut errors) {
        return Ok(UsersUpsertPayload { user_errors: errors.0, ..Default::default() });
    }
    let upsert_keys: Vec<UpsertKey> = input
        .iter_mut()
        .map(|one| UpsertKey { id: one.id.take(), external_key: std::mem::take(&mut one.external_key) })
        .collect();
    let texts = input.iter().flat_map(|one| {
        let UserInput { first_name, last_name, full_name, email, username, .. } = one;
        searched_texts(&[first_name, last_name], &[full_name, email, username])
    });
    let known = KnownWords::before(ctx.data_source(), texts).await?;
    let access = ctx.access();
    let transaction = ctx.app().db.begin().await?;
    let held = lock_people::<user::Entity>(&transaction, access, &upsert_keys, &mut errors).await?;
    let mut people = Vec::with_capacity(held.len());
    for (index, ((before, one), upsert_key)) in held.into_iter().zip(input).zip(upsert_keys).enumerate() {
        let mut row =
            before.clone().unwrap_or_else(|| user::Model { company_id: access.company_id, ..Default::default() });
        row.external_key = Some(upsert_key.external_key);
        apply(one, &mut row, &mut InputFields::of(index, before.is_none(), &mut errors));
        people.push((before, row));
    }
    check_usernames(&transaction, access, &people, &mut errors).await?;
    if !errors.0.is_empty() {
        transaction.rollback().await?;
        return Ok(UsersUpsertPayload { user_errors: errors.0, ..Default::default() });
    }
    let saved = match save::<user::Entity>(&transaction, access, ctx.app(), people, &known).await? {
        Ok(saved) => saved,
        Err(refused) => {
            transaction.rollback().await?;
            return Ok(UsersUpsertPayload { user_errors: vec![refused], ..Default::default() });
        }
    };
    transaction.commit_if(saved.has_changed).await?;
    let users = saved.people.into_iter().map(|row| User(Arc::new(row))).collect();
    Ok(UsersUpsertPayload { users, user_errors: Vec::new() })
}

fn apply(input: UserInput, row: &mut user::Model, fields: &mut InputFields<'_>) {
    // Destructured completely, so that a new field does not compile until it is handled.
    let UserInput {
        id: _,
        external_key: _,
        status,
        first_name,
        last_name,
        full_name,
        email,
        username,
        profile_photo,
        employee_id,
        mobile,
        mobile_number,
        business_location_id,
        enable2_fa,
        updated_on,
        modified_on,
        created_by,
        role,
    } = input;
    let before = made_of_parts(row);
    fields.required("status", status.map_value(user::UserStatus::from), &mut row.status);
    fields.text("firstName", first_name, &mut row.first_name);
    fields.text("lastName", last_name, &mut row.last_name);
    fields.username(username, &mut row.username);
    let now = made_of_parts(row);
    fields.full_name(full_name, &mut row.full_name, (&before, &now));
    fields.text("email", email, &mut row.email);
    fields.set(profile_photo.map_value(|url| url.0), &mut row.profile_photo);
    fields.id("employeeId", employee_id, &mut row.employee_id);
    let mobile = match mobile {
        MaybeUndefined::Undefined => MaybeUndefined::Undefined,
        MaybeUndefined::Null => MaybeUndefined::Null,
        MaybeUndefined::Value(number) => number.into_text().map_or(MaybeUndefined::Null, MaybeUndefined::Value),
    };
    let mobile = fields.renamed(("mobile", mobile), ("mobileNumber", mobile_number));
    fields.text(mobile.0, mobile.1, &mut row.mobile_number);
    fields.id("businessLocationId", business_location_id, &mut row.business_location_id);
    fields.set(enable2_fa, &mut row.enable2_fa);
    let (_, updated_on) = fields.renamed(("updatedOn", updated_on), ("modifiedOn", modified_on));
    fields.set(updated_on.map_value(|time| time.0), &mut row.modified_on);
    fields.text("createdBy", created_by, &mut row.created_by);
    fields.text("role", role, &mut row.role);
}

/// Checks that no user takes another user's username, whether the input names that other user or not. Imports may have
/// created users with equal names, so usernames that stay the same are not checked.
async fn check_usernames(
    transaction: &Transaction,
    access: AccessScope,
    people: &[(Option<user::Model>, user::Model)],
    errors: &mut UserErrors,
) -> Result<()> {
    let named: HashSet<UserId> = people.iter().filter_map(|(before, _)| Some(before.as_ref()?.id)).collect();
    let wanted = |(before, row): &(Option<user::Model>, user::Model)| {
        before.as_ref().is_none_or(|before| before.username != row.username)
    };
    let usernames = people.iter().filter(|one| wanted(one)).map(|(_, row)| row.username.clone());
    // PostgreSQL accepts no text with a NUL, not even in a comparison; the error for it has been added already.
    let usernames: Vec<String> = usernames.filter(|username| !username.contains('\0')).collect();
    if usernames.is_empty() {
        return Ok(());
    }
    let others: Vec<(UserId, String)> = access
        .users()
        .select_only()
        .columns([user::Column::Id, user::Column::Username])
        .filter(Dialect::of(transaction).one_of_texts(Expr::col((user::Entity, user::Column::Username)), usernames))
        .into_tuple()
        .all(transaction)
        .await?;
    let taken: HashSet<&str> =
        others.iter().filter(|(id, _)| !named.contains(id)).map(|(_, username)| username.as_str()).collect();
    let mut here: HashMap<&str, usize> = HashMap::new();
    for (_, row) in people {
        *here.entry(row.username.as_str()).or_default() += 1;
    }
    for (index, one) in people.iter().enumerate().filter(|(_, one)| wanted(one)) {
        let username = one.1.username.as_str();
        let is_taken = taken.contains(username) || here.get(username).is_some_and(|count| *count > 1);
        if is_taken && !username.is_empty() {
            let message = format!("Another user has the username {}.", quote(username));
            InputFields::of(index, false, errors).add(ErrorCode::Taken, "username", message);
        }
    }
    Ok(())
}

/// The full name built from the other names.
fn made_of_parts(row: &user::Model) -> String {
    let names: Vec<&str> = [&row.first_name, &row.last_name].into_iter().flatten().map(String::as_str).collect();
    if names.is_empty() { row.username.clone() } else { names.join(" ") }
}
