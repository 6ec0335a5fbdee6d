//! `notegraph user`

use clap::{Args, Subcommand};
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, QueryFilter, Set};

use super::migrate;
use crate::cli::settings::DatabaseArgs;
use crate::cli::terminal::out;
use crate::cli::{CommandError, CommandResult, lookup};
use crate::people::{self, KnownWords};
use crate::store::entity::user::{self, UserStatus};

#[derive(Clone, Debug, Subcommand)]
pub enum UserCommand {
    /// Create a user.
    Create(NewUser),
}

#[derive(Args, Clone, Debug)]
pub struct NewUser {
    /// The name of the company that the user belongs to.
    #[arg(long, value_name = "NAME")]
    company: String,
    /// The username, which must be unique in the company.
    #[arg(long, value_name = "NAME", value_parser = lookup::name)]
    username: String,
    #[arg(long, value_name = "NAME", value_parser = lookup::name)]
    first_name: Option<String>,
    #[arg(long, value_name = "NAME", value_parser = lookup::name)]
    last_name: Option<String>,
    #[arg(long, value_name = "ADDRESS", value_parser = lookup::name)]
    email: Option<String>,
    /// The user's role, for display; permissions come from tokens.
    #[arg(long, value_name = "NAME", value_parser = lookup::name)]
    role: Option<String>,
}

pub async fn run(command: UserCommand, args: &DatabaseArgs) -> CommandResult {
    let UserCommand::Create(new) = command;
    let db = migrate::open(args).await?;
    let company = lookup::company(&db, &new.company).await?;
    let transaction = db.begin().await?;
    crate::people::serialize_upserts::<user::Entity>(&transaction, company.id).await?;
    let same = user::Entity::find()
        .filter(user::Column::CompanyId.eq(company.id))
        .filter(user::Column::Username.eq(&new.username))
        .one(&transaction)
        .await?;
    if let Some(same) = same {
        let (username, company) = (&new.username, &company.name);
        return Err(CommandError::new(format!("{company:?} already has a user {username:?}, with the id {}", same.id)));
    }
    let names: Vec<&str> = [&new.first_name, &new.last_name].into_iter().flatten().map(String::as_str).collect();
    let full_name = if names.is_empty() { new.username.clone() } else { names.join(" ") };
    let user = user::ActiveModel {
        company_id: Set(company.id),
        id: Set(db.ids().allocate_one(&transaction, company.id).await?),
        external_key: Set(None),
        status: Set(UserStatus::Active),
        first_name: Set(new.first_name),
        last_name: Set(new.last_name),
        full_name: Set(full_name),
        email: Set(new.email),
        username: Set(new.username),
        profile_photo: Set(None),
        employee_id: Set(None),
        mobile_number: Set(None),
        business_location_id: Set(None),
        enable2_fa: Set(None),
        modified_on: Set(None),
        created_by: Set(None),
        role: Set(new.role),
        source: Set(None),
    };
    let user = user.insert(&transaction).await?;
    people::add::<user::Entity>(&transaction, std::slice::from_ref(&user), &KnownWords::default()).await?;
    transaction.commit().await?;
    db.close().await?;
    out!("created the user {:?} of {:?} with the id {}", user.username, company.name, user.id);
    Ok(())
}
