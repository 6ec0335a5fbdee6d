use std::future::ready;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use sea_orm::sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sea_orm::sqlx::{ConnectOptions as _, Connection as _};
use sea_orm::{
    ConnectionTrait, DatabaseBackend, DatabaseConnection, DbErr, RuntimeErr, SqlxSqliteConnector, Statement,
};
use tokio::time::sleep;

use super::error::ConnectError;
use super::sqlite_file::{self, IfMissing};
use crate::scheduling::{ContendedLimits, CpuScheduler, SchedulerLimits};
use crate::store::db::connection_epoch::ConnectionEpoch;
use crate::store::db::fault::DbFault;
use crate::store::db::handle::{BackendConnections, Db, Shared};
use crate::store::db::health::{Probe, ReadinessProbe};
use crate::store::db::operation::StatementContext;
use crate::store::db::pool::{Connection, Overview, Pool};
use crate::store::db::postgres::{self, LazySession, Server};
use crate::store::db::statement::StatementTimeout;
use crate::store::db::transaction::GroupCommit;
use crate::store::db::{IdSequences, ReadPool};

/// How to connect to the database.
#[derive(Clone, Debug)]
pub struct DatabaseSettings {
    /// `sqlite://PATH` or `postgres://...`.
    pub url: String,
    /// Number of connections for operations to `PostgreSQL`, or for reading from `SQLite`; [`RESERVED`], [`LOOKUPS`]
    /// and a few more come on top.
    pub connections: u32,
    /// How many of them one token may hold while another token waits.
    pub token_connections: TokenConnections,
    /// Statement timeout. On `PostgreSQL` it includes waiting for locks; on `SQLite`, waiting for other processes that
    /// write may take as long again.
    pub statement_timeout: Duration,
    /// Permits for long statements of `SQLite`.
    pub turns: CpuScheduler,
}

impl DatabaseSettings {
    /// The defaults for the database at this address, with permits for long statements that nothing else shares.
    pub fn at(url: impl Into<String>) -> Self {
        let (token_connections, statement_timeout) = (TokenConnections::default(), Duration::from_secs(15));
        let turns = CpuScheduler::on_all_processors();
        Self { url: url.into(), connections: 10, token_connections, statement_timeout, turns }
    }
}

/// How many connections one token may hold while another token waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenConnections {
    /// Percentage of all connections, rounded down, but at least one connection.
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
        read.ok_or_else(|| "expected a number of connections, 1 to 1000, or a percentage, 1% to 100%".to_owned())
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
    /// The number of connections out of `connections` in all.
    fn of(self, connections: u32) -> u32 {
        let count = match self {
            Self::Percent(percent) => connections * percent / 100,
            Self::Count(count) => count,
        };
        count.clamp(1, connections.max(1))
    }
}

/// How long a writer of `SQLite` waits for the write connection.
const WAIT: Duration = Duration::from_secs(10);
/// How long everything else waits for a connection from the pool, and then for that connection to open.
const TURN: Duration = Duration::from_secs(7);
const OPEN: Duration = Duration::from_secs(3);

/// Additional connections for short reads of tokens with little recent use.
const RESERVED: usize = 3;
/// Connections for token lookups.
const LOOKUPS: usize = 4;
/// Maximum number of statements and transactions of one token that may wait for a connection: more than one operation
/// can request at once.
const WAITING: usize = 1_000;

/// Opens the database.
///
/// # Errors
/// If the address does not name a supported database, or the database does not answer.
pub async fn connect(settings: &DatabaseSettings, missing: IfMissing) -> Result<Db, ConnectError> {
    let url = settings.url.as_str();
    if url.starts_with("postgres://") || url.starts_with("postgresql://") {
        return postgres(settings).await;
    }
    if !url.starts_with(sqlite_file::SCHEME) {
        return Err(ConnectError::Address(format!(
            "the database address `{}` is neither one of SQLite (sqlite://notegraph.db) nor one of PostgreSQL \
             (postgres://user:password@host/name)",
            without_password(url)
        )));
    }
    sqlite_file::prepare(url, missing)?;
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

/// Limits of the pools for operations and for token lookups: their connections, and how many of them one token or
/// company may hold.
fn pools(settings: &DatabaseSettings) -> [SchedulerLimits; 2] {
    let per_token = count(settings.token_connections.of(settings.connections));
    let ordinary = count(settings.connections);
    let contended = ContendedLimits { token: (per_token * 2 / 5).max(1), company: (ordinary * 3 / 5).max(1) };
    let operations =
        SchedulerLimits { ordinary, reserved: RESERVED, per_token, contended, waiting: WAITING, wait: TURN };
    [operations, of_nobody(LOOKUPS, TURN)]
}

/// Limits without a share per token.
fn of_nobody(connections: usize, wait: Duration) -> SchedulerLimits {
    SchedulerLimits {
        ordinary: connections,
        reserved: 0,
        per_token: connections,
        contended: ContendedLimits::UNLIMITED,
        waiting: WAITING,
        wait,
    }
}

fn count(connections: u32) -> usize {
    usize::try_from(connections).unwrap_or(usize::MAX)
}

async fn postgres(settings: &DatabaseSettings) -> Result<Db, ConnectError> {
    let server = Server::at(&settings.url, settings.statement_timeout).map_err(ConnectError::Address)?;
    // Open a single connection first: it reports at once what is wrong, where the pool would retry for a while.
    let probe = Probe::new(server.clone());
    probe.reach().await?;
    let ready = ReadinessProbe::postgres(server.named("notegraph readiness"));
    let epoch = ConnectionEpoch::default();
    let line = || LazySession::new(server.clone(), epoch.clone());
    let overview = Overview::new(line());
    let made = pools(settings).map(|limits| {
        let connection = |_| Connection::Postgres(line(), overview.clone());
        Pool::new((0..limits.ordinary + limits.reserved).map(connection).collect(), limits, None)
    });
    let schema = postgres::migration_connection(server.clone());
    let connections = BackendConnections::Postgres { schema, probe, overview };
    Ok(assemble(settings, epoch, made.into(), ready, connections))
}

async fn sqlite(settings: &DatabaseSettings, missing: IfMissing) -> Result<Db, ConnectError> {
    let epoch = ConnectionEpoch::default();
    let create = missing == IfMissing::Create;
    // `GroupCommit` synchronises and checkpoints the log outside the transactions.
    let write = move |options: SqliteConnectOptions| {
        let options = options.create_if_missing(create).pragma("wal_autocheckpoint", "0");
        options.synchronous(SqliteSynchronous::Normal)
    };
    let write = limited(settings, &epoch, false, write)?;
    let write = Pool::new(vec![write], of_nobody(1, WAIT), None);
    let read = |options: SqliteConnectOptions| options.pragma("query_only", "on");
    let mut made = Vec::new();
    // Token lookups are short and need no permit.
    for (limits, turns) in pools(settings).into_iter().zip([true, false]) {
        let mut connections = Vec::new();
        for _ in 0..limits.ordinary + limits.reserved {
            connections.push(limited(settings, &epoch, turns, read)?);
        }
        made.push(Pool::new(connections, limits, turns.then(|| settings.turns.clone())));
    }
    let snapshot = Pool::new(vec![limited(settings, &epoch, false, read)?], of_nobody(1, WAIT), None);
    // A short busy timeout, since writers wait while this connection waits for readers.
    let copy = |options: SqliteConnectOptions| options.busy_timeout(Duration::from_millis(100));
    let copy = Pool::new(vec![limited(settings, &epoch, false, copy)?], of_nobody(1, WAIT), None);
    let group_commit = GroupCommit::of(&sqlite_file::sqlite_file(&settings.url)?, only(&copy)?);
    let schema = only(&write)?;
    open_first(&schema).await?;
    let ready = Pool::new(vec![limited(settings, &epoch, false, read)?], of_nobody(1, TURN), None);
    let nobody = Arc::new(StatementContext::of_process(Arc::default()));
    let ready = ReadinessProbe::sqlite(ReadPool::new(ready, DatabaseBackend::Sqlite, nobody, epoch.clone()));
    Ok(assemble(settings, epoch, made, ready, BackendConnections::Sqlite { write, snapshot, schema, group_commit }))
}

/// The connection of a `SQLite` pool that has only one.
fn only(pool: &Pool) -> Result<DatabaseConnection, DbErr> {
    pool.sqlite_connections().next().ok_or_else(|| DbErr::Type("a pool of another database".to_owned()))
}

/// `made` holds the pools for the limits of [`pools`].
fn assemble(
    settings: &DatabaseSettings,
    epoch: ConnectionEpoch,
    made: Vec<Pool>,
    ready: ReadinessProbe,
    connections: BackendConnections,
) -> Db {
    let backend = match connections {
        BackendConnections::Postgres { .. } => DatabaseBackend::Postgres,
        BackendConnections::Sqlite { .. } => DatabaseBackend::Sqlite,
    };
    let Ok([operations, lookup]) = <[Pool; 2]>::try_from(made) else { unreachable!("two pools were opened") };
    let lookup = ReadPool::new(lookup, backend, Arc::new(StatementContext::of_process(Arc::default())), epoch.clone());
    let statement_timeout = settings.statement_timeout;
    let ids = IdSequences::default();
    Db::new(
        operations,
        backend,
        Shared { connections, ready, lookup, epoch, statement_timeout, ids, committed: Arc::default() },
    )
}

/// A pool of one connection, opened on first use. If `in_turns` is set, long statements need a permit.
///
/// `SeaORM` would open it at once, to ask for the version of `SQLite`, which is compiled in. An open connection has a
/// thread and 0.2 MB, and most servers never use most of them.
fn limited(
    settings: &DatabaseSettings,
    epoch: &ConnectionEpoch,
    in_turns: bool,
    kind: impl FnOnce(SqliteConnectOptions) -> SqliteConnectOptions,
) -> Result<Connection, DbErr> {
    let (epoch, statement_timeout) = (epoch.clone(), settings.statement_timeout);
    let limit = if in_turns {
        StatementTimeout::in_slices(statement_timeout, settings.turns.clone())
    } else {
        StatementTimeout::new(statement_timeout)
    };
    let (taken, watched) = (limit.clone(), limit.clone());
    let options = SqliteConnectOptions::from_str(&settings.url)
        .map_err(|error| DbErr::Conn(RuntimeErr::SqlxError(Arc::new(error))))?
        .disable_statement_logging()
        .journal_mode(SqliteJournalMode::Wal)
        // Commits are on the disk when they return; the write connection relies on `GroupCommit` instead.
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(statement_timeout);
    let pool = SqlitePoolOptions::new()
        .max_connections(1)
        .acquire_timeout(OPEN)
        .test_before_acquire(false)
        // SQLite rolls a transaction back by itself when its disk is full. The library does not notice, and would take
        // the connection to be inside that transaction for ever.
        .before_acquire(move |connection, about| {
            taken.begin();
            Box::pin(ready(Ok(!connection.is_in_transaction() && !epoch.is_stale(about.age))))
        })
        .after_connect(move |connection, _| Box::pin(watched.clone().watch(connection)))
        .connect_lazy_with(kind(options));
    Ok(Connection::sqlite(SqlxSqliteConnector::from_sqlx_sqlite_pool(pool), limit))
}

/// Opens the first connection, and checks it. While two processes switch a new file to the write-ahead log, one of them
/// is refused at once, whatever its busy timeout is.
async fn open_first(connection: &DatabaseConnection) -> Result<(), ConnectError> {
    let mut attempts = 0..100;
    loop {
        match require_safe(connection).await {
            Err(ConnectError::Database(error))
                if DbFault::of(&error) == Some(DbFault::Busy) && attempts.next().is_some() =>
            {
                sleep(Duration::from_millis(20)).await;
            }
            opened => return opened,
        }
    }
}

/// Checks that the file has the settings that were requested: some file systems and builds of `SQLite` have no
/// write-ahead log, and say so only when asked.
async fn require_safe(connection: &DatabaseConnection) -> Result<(), ConnectError> {
    for (setting, wanted) in [("journal_mode", "wal"), ("synchronous", "1"), ("foreign_keys", "1")] {
        let sql = format!("SELECT CAST({setting} AS TEXT) FROM pragma_{setting}");
        let statement = Statement::from_string(connection.get_database_backend(), sql);
        let row = connection.query_one_raw(statement).await?;
        let found: Option<String> = row.map(|row| row.try_get_by_index(0)).transpose()?;
        if found.as_deref() != Some(wanted) {
            let found = found.unwrap_or_default();
            return Err(ConnectError::Unsafe(format!("SQLite uses {setting} = {found}, but {wanted} is required")));
        }
    }
    Ok(())
}
