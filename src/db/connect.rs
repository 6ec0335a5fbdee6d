use std::future::ready;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use sea_orm::sqlx::Connection as _;
use sea_orm::sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseBackend, DatabaseConnection, DbErr, Statement};

use super::commits::Commits;
use super::doubt::Doubt;
use super::limit::TimeLimit;
use super::pool::{Connection, Overview, Pool};
use super::postgres::{self, Line, Server};
use super::probe::Probe;
use super::ready::Ready;
use super::scope::Scope;
use super::{Db, Doors, Ids, Reader, Shared, file, sqlite_file};
use crate::fair::{BesideOthers, Limits, LongTurns};

/// What to do where the `SQLite` file is not there yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    Create,
    Refuse,
}

/// How to reach the database.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `sqlite://PATH` or `postgres://...`.
    pub url: String,
    /// Connections of operations to `PostgreSQL`, or reading connections to `SQLite`; [`RESERVED`], [`LOOKUPS`] and a few
    /// more come on top.
    pub connections: u32,
    /// How many of them one token may hold while another one waits.
    pub token_connections: TokenConnections,
    /// The longest that one statement may run; on `PostgreSQL` waiting for locks included, on `SQLite` as much again for
    /// other processes that write.
    pub statement_timeout: Duration,
    /// The turns of statements of `SQLite` that take long.
    pub turns: LongTurns,
}

impl Settings {
    /// The defaults, for the database at this address, whose statements share no turns with anything else.
    pub fn at(url: impl Into<String>) -> Self {
        let (token_connections, statement_timeout) = (TokenConnections::default(), Duration::from_secs(15));
        let turns = LongTurns::on_all_processors();
        Self { url: url.into(), connections: 10, token_connections, statement_timeout, turns }
    }
}

/// How many connections one token may hold while another one waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenConnections {
    /// Of a hundred; at least one.
    Percent(u32),
    Count(u32),
}

impl Default for TokenConnections {
    fn default() -> Self {
        Self::Percent(50)
    }
}

impl FromStr for TokenConnections {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = |text: &str, most: u32| text.parse().ok().filter(|number| (1..=most).contains(number));
        let read = match text.strip_suffix('%') {
            Some(percent) => number(percent, 100).map(Self::Percent),
            None => number(text, 1_000).map(Self::Count),
        };
        read.ok_or_else(|| "give a number of connections, 1 to 1000, or a share of them, 1% to 100%".to_owned())
    }
}

impl std::fmt::Display for TokenConnections {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Percent(percent) => write!(f, "{percent}%"),
            Self::Count(count) => write!(f, "{count}"),
        }
    }
}

impl TokenConnections {
    /// Of so many connections.
    fn of(self, connections: u32) -> u32 {
        let count = match self {
            Self::Percent(percent) => connections * percent / 100,
            Self::Count(count) => count,
        };
        count.clamp(1, connections.max(1))
    }
}

/// Why there is no database; the text is for the operator.
#[derive(Debug)]
pub enum ConnectError {
    /// The address names no database that we know.
    Address(String),
    /// The database does not answer, or refuses us.
    Database(DbErr),
    /// The database does not keep its data as safely as we promise; says in what.
    Unsafe(String),
}

impl std::fmt::Display for ConnectError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Address(reason) => f.write_str(reason),
            Self::Database(error) => write!(f, "cannot open the database: {error}"),
            Self::Unsafe(reason) => write!(f, "the database would not keep what it is given: {reason}"),
        }
    }
}

impl std::error::Error for ConnectError {}

impl From<DbErr> for ConnectError {
    fn from(error: DbErr) -> Self {
        Self::Database(error)
    }
}

/// How long a writer of `SQLite` waits for his turn, and `PostgreSQL` is waited for at the start.
pub const WAIT: Duration = Duration::from_secs(10);
/// How long others wait for their turn, and then until the connection that they were given is open.
const TURN: Duration = Duration::from_secs(7);
const OPEN: Duration = Duration::from_secs(3);

/// Connections for small reads of tokens that have used little of late, beside those of all operations.
const RESERVED: usize = 3;
/// Connections for looking tokens up.
const LOOKUPS: usize = 4;
/// So many statements and transactions of one token may wait for a connection: more than one operation can ask for at once.
const WAITING: usize = 1_000;

/// Opens the database.
///
/// # Errors
/// When the address is of no database we know, or the database does not answer.
pub async fn connect(settings: &Settings, missing: Missing) -> Result<Db, ConnectError> {
    let url = settings.url.as_str();
    if url.starts_with("postgres://") || url.starts_with("postgresql://") {
        return postgres(settings).await;
    }
    if !url.starts_with("sqlite:") {
        return Err(ConnectError::Address(format!(
            "the database address `{}` is neither of SQLite (sqlite://notegraph.db) nor of PostgreSQL \
             (postgres://user:password@host/name)",
            without_password(url)
        )));
    }
    file::prepare(url, missing)?;
    sqlite(settings, missing).await
}

fn without_password(address: &str) -> String {
    url::Url::parse(address).map_or_else(
        |_| address.chars().take_while(|c| *c != '@').collect(),
        |mut url| {
            let _ = url.set_password(None);
            url.to_string()
        },
    )
}

/// The pools of operations, and of looking tokens up: how many connections each has, and who may hold how many.
fn pools(settings: &Settings) -> [Limits; 2] {
    let of_token = count(settings.token_connections.of(settings.connections));
    let ordinary = count(settings.connections);
    let beside_others = BesideOthers { token: (of_token * 2 / 5).max(1), company: (ordinary * 3 / 5).max(1) };
    let operations = Limits { ordinary, reserved: RESERVED, of_token, beside_others, waiting: WAITING, wait: TURN };
    [operations, of_nobody(LOOKUPS, TURN)]
}

/// Connections that no token has a share in.
fn of_nobody(connections: usize, wait: Duration) -> Limits {
    Limits {
        ordinary: connections,
        reserved: 0,
        of_token: connections,
        beside_others: BesideOthers::ALL,
        waiting: WAITING,
        wait,
    }
}

fn count(connections: u32) -> usize {
    usize::try_from(connections).unwrap_or(usize::MAX)
}

async fn postgres(settings: &Settings) -> Result<Db, ConnectError> {
    let server = Server::at(&settings.url, settings.statement_timeout).map_err(ConnectError::Address)?;
    // One connection by itself first: it says at once what is wrong, where the others would be tried again for a while.
    let probe = Probe::new(server.clone());
    probe.reach().await?;
    let ready = Ready::postgres(server.named("notegraph readiness"));
    let doubt = Doubt::default();
    let line = || Line::new(server.clone(), doubt.clone());
    let overview = Overview::new(line());
    let made = pools(settings).map(|limits| {
        let connection = |_| Connection::Postgres(line(), overview.clone());
        Pool::new((0..limits.ordinary + limits.reserved).map(connection).collect(), limits, None)
    });
    let schema = postgres::door(server.clone());
    let doors = Doors::Postgres { schema, probe, overview };
    Ok(assemble(settings, doubt, made.into(), ready, doors))
}

async fn sqlite(settings: &Settings, missing: Missing) -> Result<Db, ConnectError> {
    let doubt = Doubt::default();
    let create = missing == Missing::Create;
    // The log is synchronised and copied beside the transactions: see `Commits`.
    let write = move |options: SqliteConnectOptions| {
        let options = options.create_if_missing(create).pragma("wal_autocheckpoint", "0");
        options.synchronous(SqliteSynchronous::Normal)
    };
    let write = limited(settings, &doubt, false, &write).await?;
    let write = Pool::new(vec![write], of_nobody(1, WAIT), None);
    let read = |options: SqliteConnectOptions| options.pragma("query_only", "on");
    let mut made = Vec::new();
    // Looking tokens up is brief.
    for (limits, turns) in pools(settings).into_iter().zip([true, false]) {
        let mut connections = Vec::new();
        for _ in 0..limits.ordinary + limits.reserved {
            connections.push(limited(settings, &doubt, turns, &read).await?);
        }
        made.push(Pool::new(connections, limits, turns.then(|| settings.turns.clone())));
    }
    let look = Pool::new(vec![limited(settings, &doubt, false, &read).await?], of_nobody(1, WAIT), None);
    // It waits no longer for readers, while writers wait for it.
    let copy = |options: SqliteConnectOptions| options.busy_timeout(Duration::from_millis(100));
    let copy = Pool::new(vec![limited(settings, &doubt, false, &copy).await?], of_nobody(1, WAIT), None);
    let commits = Commits::of(&sqlite_file(&settings.url)?, only(&copy)?);
    let schema = only(&write)?;
    require_safe(&schema).await?;
    let ready = Pool::new(vec![limited(settings, &doubt, false, &read).await?], of_nobody(1, TURN), None);
    let nobody = Arc::new(Scope::of_process());
    let ready = Ready::sqlite(Reader::new(ready, DatabaseBackend::Sqlite, nobody, doubt.clone()));
    Ok(assemble(settings, doubt, made, ready, Doors::Sqlite { write, look, schema, commits }))
}

/// The connection of a pool of `SQLite` that has one.
fn only(pool: &Pool) -> Result<DatabaseConnection, DbErr> {
    pool.sqlite_doors().next().ok_or_else(|| DbErr::Type("a pool of another database".to_owned()))
}

/// `made` are the pools of [`pools`].
fn assemble(settings: &Settings, doubt: Doubt, made: Vec<Pool>, ready: Ready, doors: Doors) -> Db {
    let backend = match doors {
        Doors::Postgres { .. } => DatabaseBackend::Postgres,
        Doors::Sqlite { .. } => DatabaseBackend::Sqlite,
    };
    let Ok([operations, lookup]) = <[Pool; 2]>::try_from(made) else { unreachable!("as many as there are") };
    let lookup = Reader::new(lookup, backend, Arc::new(Scope::of_process()), doubt.clone());
    let statement_timeout = settings.statement_timeout;
    let ids = Ids::default();
    Db::new(operations, backend, Shared { doors, ready, lookup, doubt, statement_timeout, ids })
}

/// A pool of one connection, which is opened when it is needed. What takes long on it has turns where it is `in_turns`.
async fn limited(
    settings: &Settings,
    doubt: &Doubt,
    in_turns: bool,
    kind: &(impl Fn(SqliteConnectOptions) -> SqliteConnectOptions + Clone + Send + Sync + 'static),
) -> Result<Connection, DbErr> {
    let (doubt, kind, patience) = (doubt.clone(), kind.clone(), settings.statement_timeout);
    let limit = if in_turns { TimeLimit::in_turns(patience, settings.turns.clone()) } else { TimeLimit::new(patience) };
    let (taken, watched) = (limit.clone(), limit.clone());
    let mut options = ConnectOptions::new(&settings.url);
    options
        .max_connections(1)
        .connect_lazy(true)
        .acquire_timeout(OPEN)
        .sqlx_logging(false)
        .test_before_acquire(false)
        // SQLite takes a transaction back by itself when its disk is full, and the library does not notice: it would
        // take the connection to be inside that transaction for ever.
        .map_sqlx_sqlite_before_acquire(move |connection, about| {
            taken.begin();
            Box::pin(ready(Ok(!connection.is_in_transaction() && !doubt.is_of(about.age))))
        })
        .map_sqlx_sqlite_pool_opts(move |options| {
            let limit = watched.clone();
            options.after_connect(move |connection, _| Box::pin(limit.clone().watch(connection)))
        })
        .map_sqlx_sqlite_opts(move |options| {
            let options = options
                .journal_mode(SqliteJournalMode::Wal)
                // What is changed is on the disk, whatever happens next: who writes sees to it otherwise, see `Commits`.
                .synchronous(SqliteSynchronous::Full)
                .foreign_keys(true)
                .busy_timeout(patience);
            kind(options)
        });
    Ok(Connection::sqlite(Database::connect(options).await?, limit))
}

/// What was asked for is not always what a file gets: some file systems and settings of `SQLite` have no write-ahead
/// log, and say so only to who asks.
async fn require_safe(connection: &DatabaseConnection) -> Result<(), ConnectError> {
    for (setting, wanted) in [("journal_mode", "wal"), ("synchronous", "1"), ("foreign_keys", "1")] {
        let sql = format!("SELECT CAST({setting} AS TEXT) FROM pragma_{setting}");
        let statement = Statement::from_string(connection.get_database_backend(), sql);
        let row = connection.query_one_raw(statement).await?;
        let found: Option<String> = row.map(|row| row.try_get_by_index(0)).transpose()?;
        if found.as_deref() != Some(wanted) {
            let found = found.unwrap_or_default();
            return Err(ConnectError::Unsafe(format!("SQLite has {setting} = {found} here, and {wanted} is needed")));
        }
    }
    Ok(())
}
