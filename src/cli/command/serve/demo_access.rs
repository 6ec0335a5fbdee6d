//! Setup for `serve --demo`: checks that the database is empty or holds the demo, fills it, and creates a token.

use chrono::TimeDelta;

use crate::auth::{self, NewToken, Secret};
use crate::cli::command::migrate;
use crate::cli::{CommandError, CommandResult};
use crate::clock::Clock;
use crate::demo::{self, State};
use crate::store::db::Db;
use crate::store::entity::token::Scope;

/// Enough for lists with several pages, and created within a second.
const NOTES: u64 = 500;

/// Lifetime of the token. A new one is printed at each start, so it need not last.
const LIFETIME: TimeDelta = TimeDelta::hours(24);

/// Refuses a database with other data, before anything is written.
pub async fn require_place(db: &Db) -> CommandResult {
    let tables = migrate::foreign_tables(db).await?;
    if !tables.is_empty() {
        return Err(CommandError::new(format!(
            "the database contains tables of another program ({}); --demo needs an empty database: choose another one \
             with --database-url",
            tables.get(..3).unwrap_or(&tables).join(", ")
        )));
    }
    if migrate::applied(db).await? > 0 && demo::state(db).await? == State::Other {
        return Err(CommandError::new(
            "the database contains data other than the demo's; serve it without --demo, or choose another one with \
             --database-url",
        ));
    }
    Ok(())
}

/// Fills the database if it is empty, and creates a token for the demo's administrator.
pub async fn token(db: &Db, clock: &Clock) -> CommandResult<Secret> {
    let filled = demo::fill_where_empty(db, NOTES).await;
    // On PostgreSQL another instance that started at the same time may have filled it first, and taken the company's
    // name.
    if filled.is_err() && demo::state(db).await? != State::Demo {
        filled?;
    }
    let administrator = demo::administrator(db).await?;
    let new = NewToken {
        company_id: administrator.company_id,
        user_id: administrator.id,
        name: "serve --demo".to_owned(),
        scopes: vec![Scope::Admin],
        expires_on: Some(clock.now() + LIFETIME),
    };
    let transaction = db.begin().await?;
    let (_, secret) = auth::create_token(&transaction, clock, new).await?;
    transaction.commit().await?;
    Ok(secret)
}
