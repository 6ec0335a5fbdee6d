//! `notegraph company`

use clap::Subcommand;
use sea_orm::{ActiveModelTrait, Set, SqlErr};

use super::terminal::out;
use super::{Failure, Outcome, migrate, people};
use crate::clock::Clock;
use crate::config::DatabaseArgs;
use crate::db;
use crate::entity::company;

#[derive(Clone, Debug, Subcommand)]
pub enum CompanyCommand {
    /// Make a company, and the database and its tables where there are none yet.
    Create {
        /// What it is called; no other company may be called the same.
        #[arg(value_parser = people::name)]
        name: String,
    },
}

pub async fn run(command: CompanyCommand, args: &DatabaseArgs) -> Outcome {
    let CompanyCommand::Create { name } = command;
    let db = migrate::open_or_create(args).await?;
    let transaction = db.begin().await?;
    let company = company::ActiveModel {
        id: Set(db::next_id(&transaction, db::Table::Company).await?),
        name: Set(name.clone()),
        created_on: Set(Clock::default().now()),
    };
    let company = company.insert(&transaction).await.map_err(|error| match error.sql_err() {
        Some(SqlErr::UniqueConstraintViolation(_)) => Failure::new(format!("there is a company {name:?} already")),
        _ => error.into(),
    })?;
    transaction.commit().await?;
    db.close().await?;
    out!("created the company {:?} with the id {}", company.name, company.id);
    Ok(())
}
