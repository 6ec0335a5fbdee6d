//! `usersUpsert`. The log is about notes: this is no event of it.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use async_graphql::{ID, InputObject, MaybeUndefined};
use sea_orm::sea_query::Expr;
use sea_orm::{ConnectionTrait, QueryFilter, QuerySelect};

use super::object::{User, UserStatus};
use crate::context::ContextExt;
use crate::db::{Transaction, one_of_texts};
use crate::engine::{Context, local, object};
use crate::entity::token::Scope;
use crate::entity::{Sight, user};
use crate::error::Result;
use crate::id::quote;
use crate::people::{Fields, Identity, PhoneNumberInput, fits, hold, save};
use crate::scalar::{DateTime, Url};
use crate::user_error::{ErrorCode, Problems, UserError};

/// A user as the system that owns the record knows them. Absent keeps a field, or leaves it empty where the user is new;
/// null clears it, and is refused with `NULL_NOT_ALLOWED` where it cannot be empty. A text has at most 255 characters, and no
/// control characters.
#[derive(InputObject)]
pub struct UserInput {
    /// The user that is to have the key from now on, where it came here by another way, such as an import.
    id: Option<ID>,
    /// The key of the record in the system that owns it: 1 to 255 characters, one for each user of the company.
    external_key: String,
    /// Whether the user may act; ACTIVE where somebody new does not tell. The tokens of an INACTIVE one are refused.
    status: MaybeUndefined<UserStatus>,
    /// The given name.
    first_name: MaybeUndefined<String>,
    /// The family name.
    last_name: MaybeUndefined<String>,
    /// The whole name, as it is to be shown, at most 1,000 characters. Where it is absent it is made of the others, or
    /// else of the username, unless it was given otherwise before.
    full_name: MaybeUndefined<String>,
    /// The e-mail address.
    email: MaybeUndefined<String>,
    /// The name that the user signs in with: somebody new needs one, and no other user of the company has it.
    username: MaybeUndefined<String>,
    /// A picture.
    profile_photo: MaybeUndefined<Url>,
    /// The ID that the company's staff system knows the user by.
    employee_id: MaybeUndefined<ID>,
    /// The mobile telephone, which is kept as one text: `full`, or else `countryCode` and `number` put together.
    mobile: MaybeUndefined<PhoneNumberInput>,
    /// The mobile telephone, as one text.
    #[graphql(deprecation = "Use `mobile`, which has the shape of a customer's.")]
    mobile_number: MaybeUndefined<String>,
    /// Where the user works, by the ID that the other system knows the place by.
    business_location_id: MaybeUndefined<ID>,
    /// Whether signing in takes a second factor.
    enable2_fa: MaybeUndefined<bool>,
    /// When the user's record was last changed by the system that owns it.
    updated_on: MaybeUndefined<DateTime>,
    /// When the user's record was last changed by the system that owns it.
    #[graphql(deprecation = "Use `updatedOn`, as of notes.")]
    modified_on: MaybeUndefined<DateTime>,
    /// Who made the user's record, in the words of the system that owns it.
    created_by: MaybeUndefined<String>,
    /// What the user does in the company.
    role: MaybeUndefined<String>,
}

/// What became of them.
#[derive(Clone, Default)]
pub struct UsersUpsertPayload {
    users: Vec<User>,
    user_errors: Vec<UserError>,
}

object! {
    /// What became of them.
    UsersUpsertPayload {
        /// The users as they are now, in the order of the input; none where something has to be put right.
        users = local(|payload: &UsersUpsertPayload| payload.users.clone());
        /// What has to be put right; then nothing was changed, of nobody.
        user_errors = local(|payload: &UsersUpsertPayload| payload.user_errors.clone());
    }
}

pub async fn upsert(ctx: &Context<'_>, mut input: Vec<UserInput>) -> Result<UsersUpsertPayload> {
    ctx.viewer(Scope::Admin)?;
    let mut problems = Problems::default();
    if !fits(input.len(), &mut problems) {
        return Ok(UsersUpsertPayload { user_errors: problems.0, ..Default::default() });
    }
    let identities: Vec<Identity> = input
        .iter_mut()
        .map(|one| Identity { id: one.id.take(), external_key: std::mem::take(&mut one.external_key) })
        .collect();
    let sight = ctx.sight();
    let transaction = ctx.app().db.begin().await?;
    let held = hold::<user::Entity>(&transaction, sight, &identities, &mut problems).await?;
    let mut people = Vec::with_capacity(held.len());
    for (index, ((before, one), identity)) in held.into_iter().zip(input).zip(identities).enumerate() {
        let mut row =
            before.clone().unwrap_or_else(|| user::Model { company_id: sight.company_id, ..Default::default() });
        row.external_key = Some(identity.external_key);
        apply(one, &mut row, &mut Fields::of(index, before.is_none(), &mut problems));
        people.push((before, row));
    }
    check_usernames(&transaction, sight, &people, &mut problems).await?;
    if !problems.0.is_empty() {
        transaction.rollback().await?;
        return Ok(UsersUpsertPayload { user_errors: problems.0, ..Default::default() });
    }
    let users = match save::<user::Entity>(&transaction, sight, ctx.app(), people).await? {
        Ok(users) => users,
        Err(refused) => {
            transaction.rollback().await?;
            return Ok(UsersUpsertPayload { user_errors: vec![refused], ..Default::default() });
        }
    };
    transaction.commit().await?;
    let users = users.into_iter().map(|row| User(Arc::new(row))).collect();
    Ok(UsersUpsertPayload { users, user_errors: Vec::new() })
}

fn apply(input: UserInput, row: &mut user::Model, fields: &mut Fields<'_>) {
    // Taken apart completely, so that a new field does not compile until it is handled.
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

/// Nobody may take the username of somebody else, neither of whom the input leaves alone nor of whom it names as well.
/// Imports may have brought users of the same name: who keeps theirs is not asked.
async fn check_usernames(
    transaction: &Transaction,
    sight: Sight,
    people: &[(Option<user::Model>, user::Model)],
    problems: &mut Problems,
) -> Result<()> {
    let named: HashSet<i64> = people.iter().filter_map(|(before, _)| Some(before.as_ref()?.id)).collect();
    let wanted = |(before, row): &(Option<user::Model>, user::Model)| {
        before.as_ref().is_none_or(|before| before.username != row.username)
    };
    let usernames = people.iter().filter(|one| wanted(one)).map(|(_, row)| row.username.clone());
    // PostgreSQL takes no text with a NUL, not even to look for it; that it is wrong has been told.
    let usernames: Vec<String> = usernames.filter(|username| !username.contains('\0')).collect();
    if usernames.is_empty() {
        return Ok(());
    }
    let backend = transaction.get_database_backend();
    let others: Vec<(i64, String)> = sight
        .users()
        .select_only()
        .columns([user::Column::Id, user::Column::Username])
        .filter(one_of_texts(backend, Expr::col((user::Entity, user::Column::Username)), usernames))
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
            Fields::of(index, false, problems).add(ErrorCode::Taken, "username", message);
        }
    }
    Ok(())
}

/// The whole name that the parts make.
fn made_of_parts(row: &user::Model) -> String {
    let names: Vec<&str> = [&row.first_name, &row.last_name].into_iter().flatten().map(String::as_str).collect();
    if names.is_empty() { row.username.clone() } else { names.join(" ") }
}
