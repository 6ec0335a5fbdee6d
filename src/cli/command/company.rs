//! `notegraph company`

use clap::{Args, Subcommand};
use sea_orm::{ActiveModelTrait, Set};

use super::migrate;
use crate::cli::settings::DatabaseArgs;
use crate::cli::terminal::out;
use crate::cli::{CommandError, CommandResult, lookup};
use crate::clock::Clock;
use crate::quota;
use crate::store::db::ConstraintViolation;
use crate::store::entity::company;

#[derive(Clone, Debug, Subcommand)]
pub enum CompanyCommand {
    /// Create a company, and the database and its tables if they do not exist yet.
    Create {
        /// The name of the company, which must be unique.
        #[arg(value_parser = lookup::name)]
        name: String,
    },
    /// Set how much a company may store, instead of `--company-notes` and `--company-bytes`, and print how much it
    /// stores. Running servers apply it within 10 seconds.
    Limit(LimitCommand),
}

#[derive(Args, Clone, Debug)]
pub struct LimitCommand {
    /// The name of the company.
    #[arg(value_parser = lookup::name)]
    name: String,
    /// Maximum number of notes, or `default` for the server's setting. If it is left out, the limit stays as it is.
    #[arg(long, value_name = "COUNT", value_parser = limit)]
    notes: Option<Setting>,
    /// Maximum number of bytes, or `default` for the server's setting. If it is left out, the limit stays as it is.
    #[arg(long, value_name = "BYTES", value_parser = limit)]
    bytes: Option<Setting>,
}

/// A limit of one company; `None` stands for the server's setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Setting(Option<i64>);

fn limit(text: &str) -> Result<Setting, String> {
    if text == "default" {
        return Ok(Setting(None));
    }
    match text.parse() {
        Ok(number @ 0..) => Ok(Setting(Some(number))),
        _ => Err("expected a whole number, 0 or more, or `default`".to_owned()),
    }
}

pub async fn run(command: CompanyCommand, args: &DatabaseArgs) -> CommandResult {
    match command {
        CompanyCommand::Create { name } => create(name, args).await,
        CompanyCommand::Limit(command) => set_limits(command, args).await,
    }
}

async fn set_limits(command: LimitCommand, args: &DatabaseArgs) -> CommandResult {
    let db = migrate::open(args).await?;
    let company = lookup::company(&db, &command.name).await?;
    let transaction = db.begin().await?;
    let (usage, mut limits) = quota::read_usage(&transaction, company.id).await?;
    if command.notes.is_some() || command.bytes.is_some() {
        limits.notes = command.notes.map_or(limits.notes, |setting| setting.0);
        limits.bytes = command.bytes.map_or(limits.bytes, |setting| setting.0);
        quota::write_limits(&transaction, company.id, limits).await?;
    }
    transaction.commit().await?;
    db.close().await?;
    let of = |limit: Option<i64>| {
        limit.map_or("the server's setting limits it".to_owned(), |limit| format!("the limit is {limit}"))
    };
    out!("{:?} has {} notes; {}", company.name, usage.notes, of(limits.notes));
    out!("{:?} has {} bytes; {}", company.name, usage.bytes, of(limits.bytes));
    Ok(())
}

async fn create(name: String, args: &DatabaseArgs) -> CommandResult {
    let db = migrate::open_or_create(args).await?;
    let transaction = db.begin().await?;
    let company = company::ActiveModel {
        id: Set(db.ids().new_company(&transaction).await?),
        name: Set(name.clone()),
        created_on: Set(Clock::default().now()),
    };
    let company = company.insert(&transaction).await.map_err(|error| match ConstraintViolation::of(&error) {
        Some(ConstraintViolation::Unique) => CommandError::new(format!("the company {name:?} already exists")),
        _ => error.into(),
    })?;
    transaction.commit().await?;
    db.close().await?;
    out!("created the company {:?} with the id {}", company.name, company.id);
    Ok(())
}
