//! All settings: each with its flag, environment variable, default and bounds in one place.

mod documents;
mod growth;
mod identity;
mod limits;
mod number;
mod query_limits;
mod record;
mod sockets;
mod timeouts;
mod usage;

use std::net::SocketAddr;
use std::time::Duration;

use clap::{Args, ValueEnum};
use tracing_subscriber::EnvFilter;

pub use documents::DocumentArgs;
pub use growth::{QuotaArgs, RetentionArgs};
pub use identity::IdentityArgs;
pub use limits::LimitArgs;
pub use query_limits::QueryLimitArgs;
pub use record::RecordArgs;
pub use sockets::SocketArgs;
pub use timeouts::ConnectionTimeoutArgs;
pub use usage::UsageArgs;

use self::number::number;
use crate::http::{ConnectionLimits, HttpSettings, Origin, ServerTimeouts};
use crate::scheduling::CpuScheduler;
use crate::store::db::{self, TokenConnections};

/// The default address of the database.
pub const DEFAULT_DATABASE: &str = "sqlite://notegraph.db";

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

/// What is logged, and how.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Log")]
pub struct LogArgs {
    /// The format of log lines, which go to standard error.
    #[arg(
        long,
        global = true,
        env = "NOTEGRAPH_LOG_FORMAT",
        value_enum,
        value_name = "FORMAT",
        default_value_t = LogFormat::Text
    )]
    pub log_format: LogFormat,

    /// Which log lines are written: `error`, `warn`, `info`, `debug` or `trace`, also by module, as in
    /// `warn,notegraph::http=debug`.
    #[arg(
        long,
        global = true,
        env = "NOTEGRAPH_LOG_FILTER",
        value_name = "FILTER",
        default_value = "info,sqlx=warn,sea_orm_migration=warn",
        value_parser = log_filter
    )]
    pub log_filter: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// Lines for people.
    Text,
    /// One JSON object per line.
    Json,
}

/// Settings of the server.
#[derive(Args, Clone, Debug)]
pub struct ServeArgs {
    /// The address to listen on. Port 0 takes a free port, which the start-up lines show.
    #[arg(
        long,
        env = "NOTEGRAPH_LISTEN",
        value_name = "ADDRESS:PORT",
        default_value = "127.0.0.1:8080",
        value_parser = listen
    )]
    pub listen: SocketAddr,

    /// Fill the database with demo data if it is empty, and print a new token for the demo's administrator, valid for
    /// 24 hours.
    #[arg(long, env = "NOTEGRAPH_DEMO", value_parser = switch)]
    pub demo: bool,

    /// Refuse to start with an outdated database schema, instead of migrating it.
    #[arg(long, env = "NOTEGRAPH_NO_MIGRATE", value_parser = switch)]
    pub no_migrate: bool,

    /// An origin, other than the server's own, whose pages may send requests, exactly as browsers send it:
    /// `https://notes.example.com`. Repeat it, or separate by commas, for several. None by default.
    #[arg(long, env = "NOTEGRAPH_ALLOW_ORIGIN", value_name = "ORIGIN", value_delimiter = ',')]
    pub allow_origin: Vec<Origin>,

    /// Maximum size of a request body, in bytes: 1024 (1 KiB) to 104857600 (100 MiB). The default is 2 MiB.
    #[arg(
        long,
        env = "NOTEGRAPH_BODY_LIMIT",
        value_name = "BYTES",
        default_value_t = 2 << 20,
        value_parser = number::<u64>("bytes", 1 << 10..=100 << 20)
    )]
    pub body_limit: u64,

    /// How long a client waits for a response at most, in seconds: 1 to 600. A mutation that takes longer is still
    /// carried out.
    #[arg(
        long,
        env = "NOTEGRAPH_REQUEST_TIMEOUT",
        value_name = "SECONDS",
        default_value_t = 30,
        value_parser = number::<u64>("seconds", 1..=600)
    )]
    pub request_timeout: u64,

    /// How long the server keeps serving after it was told to stop, while /readyz reports that it is not ready, in
    /// seconds: 0 to 60. This gives load balancers the time to notice.
    #[arg(
        long,
        env = "NOTEGRAPH_STOP_DELAY",
        value_name = "SECONDS",
        default_value_t = 1,
        value_parser = number::<u64>("seconds", 0..=60)
    )]
    pub stop_delay: u64,

    /// How long running requests then have to finish, in seconds: 1 to 600. After that they are refused, and the server
    /// exits; a change that has not been committed by then is not made.
    #[arg(
        long,
        env = "NOTEGRAPH_STOP_TIMEOUT",
        value_name = "SECONDS",
        default_value_t = 3,
        value_parser = number::<u64>("seconds", 1..=600)
    )]
    pub stop_timeout: u64,

    #[command(flatten)]
    pub pace: ConnectionTimeoutArgs,

    #[command(flatten)]
    pub limits: LimitArgs,

    #[command(flatten)]
    pub gate: QueryLimitArgs,

    #[command(flatten)]
    pub documents: DocumentArgs,

    #[command(flatten)]
    pub usage: UsageArgs,

    #[command(flatten)]
    pub sockets: SocketArgs,

    #[command(flatten)]
    pub quota: QuotaArgs,

    #[command(flatten)]
    pub retention: RetentionArgs,

    #[command(flatten)]
    pub identity: IdentityArgs,
}

impl ServeArgs {
    /// Settings of the HTTP server.
    ///
    /// # Errors
    /// If settings contradict each other.
    pub fn http(&self) -> Result<HttpSettings, String> {
        Ok(HttpSettings {
            allowed_origins: self.allow_origin.clone(),
            body_limit: usize::try_from(self.body_limit).unwrap_or(usize::MAX),
            body_timeout: Duration::from_secs(self.pace.body_timeout),
            request_timeout: Duration::from_secs(self.request_timeout),
            trusted_proxies: self.limits.trusted_proxies(),
            query_limits: self.gate.limits(),
            stored: self.documents.settings()?,
            address_rate_limit: self.limits.address_rate_limit(),
            token_rate_limit: self.limits.token_rate_limit(),
            usage: self.usage.usage(self.gate.answer_values),
            memory: self.usage.memory(),
            sockets: self.sockets.limits(),
            identity: self.identity.settings()?,
            session: None,
        })
    }

    pub fn admission(&self) -> ConnectionLimits {
        self.limits.admission()
    }

    pub fn timeouts(&self) -> ServerTimeouts {
        ServerTimeouts {
            connection: self.pace.timeouts(),
            stop_delay: Duration::from_secs(self.stop_delay),
            requests: Duration::from_secs(self.stop_timeout),
        }
    }
}

/// Parses the environment variable of a switch, whose flag takes no value.
fn switch(text: &str) -> Result<bool, String> {
    text.parse().map_err(|_| "expected true or false".to_owned())
}

fn listen(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| {
        "expected an IP address and a port, such as 127.0.0.1:8080, 0.0.0.0:8080 (all interfaces) or [::1]:8080"
            .to_owned()
    })
}

fn log_filter(text: &str) -> Result<String, String> {
    EnvFilter::builder()
        .parse(text)
        .map(|_| text.to_owned())
        .map_err(|error| format!("{error}; expected a level, or levels by module, such as warn,notegraph::http=debug"))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Program {
        #[command(flatten)]
        serve: ServeArgs,
    }

    /// SECURITY.md states these values.
    #[test]
    fn the_default_timeouts_are_as_documented() {
        let serve = Program::parse_from(["program"]).serve;
        let timeouts = serve.timeouts();
        let seconds = [
            timeouts.connection.head,
            serve.http().unwrap().body_timeout,
            timeouts.connection.idle,
            timeouts.connection.answer,
        ];
        assert_eq!(seconds.map(|time| time.as_secs()), [10, 15, 60, 60]);
        assert_eq!([timeouts.stop_delay, timeouts.requests].map(|time| time.as_secs()), [1, 3]);
        let admission = serve.admission();
        assert_eq!((admission.connections, admission.per_address), (10_000, 500));
    }
}
