use std::time::Duration;

use clap::Args;

use super::number::number;
use crate::scheduling::CpuScheduler;
use crate::store::db::{self, TokenConnections};

/// The default address of the database.
const DEFAULT_DATABASE: &str = "sqlite://notegraph.db";

/// Which database to use, and how.
#[expect(clippy::doc_markdown, reason = "clap prints these comments as help, where backticks would show")]
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Database")]
pub struct DatabaseArgs {
    /// The database: `sqlite://PATH` (a file) or `postgres://USER:PASSWORD@HOST:PORT/NAME`.
    // Its value holds a password, and must not show up in --help.
    #[arg(
        long,
        global = true,
        env = "DATABASE_URL",
        hide_env_values = true,
        value_name = "URL",
        default_value = DEFAULT_DATABASE
    )]
    pub database_url: String,

    /// Connections to PostgreSQL, or reading connections to SQLite, for operations: 1 to 1000. Up to 11 more are used
    /// for token lookups, short reads, readiness checks, and cancelling statements.
    #[arg(
        long,
        global = true,
        env = "NOTEGRAPH_DATABASE_CONNECTIONS",
        value_name = "COUNT",
        default_value_t = 10,
        value_parser = number::<u32>("connections", 1..=1000)
    )]
    pub database_connections: u32,

    /// How many of these connections one token may hold while another token waits: a number, or a percentage. When no
    /// other token waits, it may hold all of them. On SQLite this limits reading; writers take turns.
    #[arg(
        long,
        global = true,
        env = "NOTEGRAPH_TOKEN_CONNECTIONS",
        value_name = "COUNT|PERCENT%",
        default_value_t = TokenConnections::default()
    )]
    pub token_connections: TokenConnections,

    /// Maximum run time of one statement, in seconds: 1 to 3600. On PostgreSQL this includes waiting for locks; on
    /// SQLite waiting for other processes that write may take as long again.
    #[arg(
        long,
        global = true,
        env = "NOTEGRAPH_STATEMENT_TIMEOUT",
        value_name = "SECONDS",
        default_value_t = 15,
        value_parser = number::<u64>("seconds", 1..=3600)
    )]
    pub statement_timeout: u64,
}

impl DatabaseArgs {
    pub fn settings(&self) -> db::DatabaseSettings {
        db::DatabaseSettings {
            url: self.database_url.clone(),
            connections: self.database_connections,
            token_connections: self.token_connections,
            statement_timeout: Duration::from_secs(self.statement_timeout),
            turns: CpuScheduler::of_process().clone(),
        }
    }

    /// Whether the default database is used, so that advice to the operator need not mention it.
    pub fn is_default(&self) -> bool {
        self.database_url == DEFAULT_DATABASE
    }
}
