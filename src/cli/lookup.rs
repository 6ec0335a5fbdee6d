//! Finds the company and the user that a command names, and lists those that exist if there is no match.

use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::{CommandError, CommandResult};
use crate::ids::UserId;
use crate::store::db::Db;
use crate::store::entity::{company, user};
use crate::text::control_characters;

/// Maximum number of names in a message.
const MOST_NAMES: usize = 10;

/// Finds a company by name.
///
/// # Errors
/// If there is none; the text lists those that exist.
pub async fn company(db: &Db, name: &str) -> CommandResult<company::Model> {
    if let Some(company) = company::Entity::find().filter(company::Column::Name.eq(name)).one(db.read()).await? {
        return Ok(company);
    }
    let names = company::Entity::find()
        .select_only()
        .column(company::Column::Name)
        .order_by_asc(company::Column::Name)
        .limit(MOST_NAMES as u64 + 1)
        .into_tuple::<String>()
        .all(db.read())
        .await?;
    Err(CommandError::new(if names.is_empty() {
        format!("the database has no companies; create one with `notegraph company create {name:?}`")
    } else {
        format!("there is no company {name:?}; there {}", listed(&names))
    }))
}

/// Finds a user by username, or by id if several users share the username.
///
/// # Errors
/// If there is none or more than one; the text lists those that exist.
pub async fn user(
    db: &Db,
    company: &company::Model,
    username: Option<&str>,
    id: Option<UserId>,
) -> CommandResult<user::Model> {
    let mut find = user::Entity::find().filter(user::Column::CompanyId.eq(company.id));
    if let Some(id) = id {
        find = find.filter(user::Column::Id.eq(id));
    }
    if let Some(username) = username {
        find = find.filter(user::Column::Username.eq(username));
    }
    let mut found = find.order_by_asc(user::Column::Id).limit(MOST_NAMES as u64 + 1).all(db.read()).await?;
    if found.len() > 1 {
        let ids: Vec<_> = found.iter().map(|user| format!("{} ({})", user.id, user.full_name)).collect();
        let username = username.unwrap_or_default();
        return Err(CommandError::new(format!(
            "{:?} has several users {username:?}; choose one with --user-id: there {}",
            company.name,
            listed(&ids)
        )));
    }
    match found.pop() {
        Some(user) => Ok(user),
        None => Err(no_user(db, company, username, id).await?),
    }
}

async fn no_user(
    db: &Db,
    company: &company::Model,
    username: Option<&str>,
    id: Option<UserId>,
) -> CommandResult<CommandError> {
    let wanted = match (username, id) {
        (Some(username), Some(id)) => format!("user {username:?} with the id {id}"),
        (None, Some(id)) => format!("user with the id {id}"),
        (username, None) => format!("user {:?}", username.unwrap_or_default()),
    };
    let names = user::Entity::find()
        .select_only()
        .column(user::Column::Username)
        .filter(user::Column::CompanyId.eq(company.id))
        .order_by_asc(user::Column::Username)
        .limit(MOST_NAMES as u64 + 1)
        .into_tuple::<String>()
        .all(db.read())
        .await?;
    Ok(CommandError::new(if names.is_empty() {
        format!(
            "{:?} has no users; create one with `notegraph user create --company {:?} --username {:?}`",
            company.name,
            company.name,
            username.unwrap_or("NAME")
        )
    } else {
        format!("{:?} has no {wanted}; there {}", company.name, listed(&names))
    }))
}

fn listed(names: &[String]) -> String {
    let shown = names.get(..MOST_NAMES).unwrap_or(names).join(", ");
    let verb = if names.len() == 1 { "is" } else { "are" };
    if names.len() > MOST_NAMES { format!("{verb} {shown} and more") } else { format!("{verb} {shown}") }
}

/// Parses a name on the command line.
///
/// # Errors
/// If it is empty, begins or ends with a space, or holds a control character.
pub fn name(text: &str) -> Result<String, String> {
    match text {
        "" => Err("the name must not be empty".to_owned()),
        text if text.trim() != text => Err("the name must not begin or end with a space".to_owned()),
        text => remark(text),
    }
}

/// Parses one line of text, which may be empty.
///
/// # Errors
/// If it holds a control character; the text says which.
pub fn remark(text: &str) -> Result<String, String> {
    match control_characters::first(text) {
        None => Ok(text.to_owned()),
        Some(character) => Err(format!(
            "the text must not contain control characters; this one contains U+{:04X}",
            u32::from(character)
        )),
    }
}
