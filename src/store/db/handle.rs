use std::sync::Arc;
use std::time::Duration;

use sea_orm::{
    AccessMode, ConnectionTrait, DatabaseBackend, DatabaseConnection, DbErr, ExecResult, IsolationLevel,
    SqliteTransactionMode, Statement, TransactionOptions,
};
use tokio::sync::Notify;
use tokio::sync::futures::Notified;
use tokio::time::timeout;

use super::connection_epoch::ConnectionEpoch;
use super::dialect::Dialect;
use super::fault::DbFault;
use super::health::{Probe, ReadinessProbe};
use super::ids::{CountedId, IdSequences, IdSpacing};
use super::operation::{OperationContext, StatementContext};
use super::pool::{Overview, Pool};
use super::postgres::begin_timed_out;
use super::read_pool::ReadPool;
use super::transaction::{self, Answers, GroupCommit, ReadBatch, Transaction};
use crate::ids::CompanyId;
use crate::scheduling::WorkClass;

/// A database handle of the process or of one operation. Cheap to clone.
///
/// Connections are scheduled by company, then by token. `SQLite` allows one writer at a time, so it has a separate
/// write connection that readers never wait for; on `PostgreSQL`, reads and transactions share a pool. Token lookups
/// and readiness checks have connections that operations never take. Statements time out on both databases.
#[derive(Clone, Debug)]
pub struct Db {
    read: ReadPool,
    pub(super) shared: Shared,
    context: Arc<StatementContext>,
}

/// State shared by all handles.
#[derive(Clone, Debug)]
pub(super) struct Shared {
    pub connections: BackendConnections,
    pub ready: ReadinessProbe,
    /// For token lookups.
    pub lookup: ReadPool,
    pub epoch: ConnectionEpoch,
    pub statement_timeout: Duration,
    pub ids: IdSequences,
    /// Wakes whoever waits for a commit of this process.
    pub committed: Arc<Notify>,
}

/// Connections for writing, and for long reads of one snapshot.
#[derive(Clone, Debug)]
pub(super) enum BackendConnections {
    /// Transactions use the pool for reading. `schema` runs migrations.
    Postgres { schema: DatabaseConnection, probe: Probe, overview: Overview },
    /// `schema` is the connection of `write`.
    Sqlite { write: Pool, snapshot: Pool, schema: DatabaseConnection, group_commit: GroupCommit },
}

impl Db {
    pub(super) fn new(read: Pool, backend: DatabaseBackend, shared: Shared) -> Self {
        let context = Arc::new(StatementContext::of_process(Arc::clone(&shared.committed)));
        let read = ReadPool::new(read, backend, Arc::clone(&context), shared.epoch.clone());
        Self { read, shared, context }
    }

    /// Returns a handle for one operation: its statements are scheduled by its token, and reported to its meter, which
    /// can stop them.
    #[must_use]
    pub fn for_operation(&self, operation: OperationContext) -> Self {
        let context = Arc::new(StatementContext::of(operation, Arc::clone(&self.shared.committed)));
        Self { read: self.read.for_operation(Arc::clone(&context)), shared: self.shared.clone(), context }
    }

    /// For statements that only read; on `SQLite` these connections are read-only.
    pub fn read(&self) -> &ReadPool {
        &self.read
    }

    /// Ready when a transaction of this process has committed after the future was enabled.
    pub fn committed(&self) -> Notified<'_> {
        self.shared.committed.notified()
    }

    /// For token lookups, on connections that operations never take.
    pub fn lookup(&self) -> &ReadPool {
        &self.shared.lookup
    }

    /// Begins a transaction that may write.
    ///
    /// On `SQLite` it is IMMEDIATE: it waits for the write lock here, instead of failing at its first write. The caller
    /// must run in a task that is not dropped with a client's connection: a cancelled `begin` can hand an open
    /// transaction to the next borrower.
    ///
    /// # Errors
    /// If no connection is available in time.
    pub async fn begin(&self) -> Result<Transaction, DbErr> {
        let options = TransactionOptions {
            isolation_level: None,
            access_mode: None,
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        };
        let group_commit = self.group_commit();
        group_commit.map_or(Ok(()), GroupCommit::check)?;
        // Boxed, since the futures of mutations contain this one and grow with it.
        let transaction = Box::pin(self.open(self.writers(), options)).await?.with_group_commit(group_commit.cloned());
        if let Some(limit) = transaction.limit() {
            // Waiting for the lock does not count against the first statement.
            limit.begin();
        }
        Ok(transaction)
    }

    /// A batch for the reads with which a transaction begins.
    pub fn reads(&self) -> ReadBatch {
        ReadBatch::new(self.read.get_database_backend())
    }

    /// Begins a transaction that may write, and runs its first reads; on `PostgreSQL` in one round trip. Otherwise as
    /// [`Self::begin`].
    ///
    /// # Errors
    /// If no connection is available in time, or a read fails.
    pub async fn begin_with(&self, reads: ReadBatch) -> Result<(Transaction, Answers), DbErr> {
        if !matches!(self.shared.connections, BackendConnections::Postgres { .. }) {
            let transaction = self.begin().await?;
            let answers = transaction.read(reads).await?;
            return Ok((transaction, answers));
        }
        let reads = reads.into_statements();
        // Boxed, since the futures of mutations contain this one and grow with it.
        match Box::pin(self.try_begin_with(&reads)).await {
            // Nothing was changed on the broken connection; its locks end when the server notices.
            Err(error) if DbFault::of(&error) == Some(DbFault::Connection) => {
                self.shared.epoch.advance();
                Box::pin(self.try_begin_with(&reads)).await
            }
            begun => begun,
        }
    }

    async fn try_begin_with(&self, reads: &[Statement]) -> Result<(Transaction, Answers), DbErr> {
        self.context.meter.check()?;
        let connection = self.writers().take(self.context.principal, WorkClass::Transaction).await?;
        let executor = connection.executor().await?;
        connection.hold();
        let transaction = Transaction::new(executor, connection, Arc::clone(&self.context), true);
        let rows = transaction.begin_with(reads, self.reply_timeout()).await?;
        Ok((transaction, Answers::new(rows)))
    }

    /// Tries again if the connection was broken, since nothing was done on it.
    async fn open(&self, pool: &Pool, options: TransactionOptions) -> Result<Transaction, DbErr> {
        match self.try_open(pool, options).await {
            Err(error) if DbFault::of(&error) == Some(DbFault::Connection) => {
                self.shared.epoch.advance();
                self.try_open(pool, options).await
            }
            opened => opened,
        }
    }

    async fn try_open(&self, pool: &Pool, options: TransactionOptions) -> Result<Transaction, DbErr> {
        self.context.meter.check()?;
        let connection = pool.take(self.context.principal, WorkClass::Transaction).await?;
        connection.hold();
        let shares_with_reads = matches!(self.shared.connections, BackendConnections::Postgres { .. });
        let opening = async {
            let executor = connection.executor().await?;
            transaction::begin(executor, options).await
        };
        let opened = if shares_with_reads {
            // The dropped future may have begun a transaction; the connection is rolled back before its next use.
            timeout(self.reply_timeout(), opening).await.map_err(|_| begin_timed_out())?
        } else {
            opening.await
        };
        match opened {
            Ok(open) => Ok(Transaction::new(open, connection, Arc::clone(&self.context), shares_with_reads)),
            Err(error) => {
                connection.end();
                Err(error)
            }
        }
    }

    /// The group commit of `SQLite`.
    fn group_commit(&self) -> Option<&GroupCommit> {
        match &self.shared.connections {
            BackendConnections::Postgres { .. } => None,
            BackendConnections::Sqlite { group_commit, .. } => Some(group_commit),
        }
    }

    /// The pool for transactions that write.
    fn writers(&self) -> &Pool {
        match &self.shared.connections {
            BackendConnections::Postgres { .. } => self.read.pool(),
            BackendConnections::Sqlite { write, .. } => write,
        }
    }

    /// Begins a transaction that may write, without a statement timeout.
    ///
    /// # Errors
    /// As for [`Self::begin`].
    pub async fn begin_without_timeout(&self) -> Result<Transaction, DbErr> {
        let transaction = self.begin().await?;
        match transaction.limit() {
            Some(limit) => limit.lift(),
            None => {
                transaction.execute_unprepared("SET LOCAL statement_timeout = 0").await?;
            }
        }
        Ok(transaction)
    }

    /// Runs one statement without a timeout. On `SQLite` it runs outside of transactions, as some statements must.
    ///
    /// # Errors
    /// If the statement fails.
    pub async fn execute_without_timeout(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        let BackendConnections::Sqlite { write, .. } = &self.shared.connections else {
            let transaction = self.begin_without_timeout().await?;
            let result = transaction.execute_raw(statement).await?;
            transaction.commit().await?;
            return Ok(result);
        };
        let connection = write.take(self.context.principal, WorkClass::Transaction).await?;
        let using = connection.begin();
        let suspended = connection.limit().map(|limit| limit.suspend());
        let result = connection.executor().await?.execute(statement).await;
        using.end();
        drop(suspended);
        drop(connection);
        self.settled().await?;
        result
    }

    /// Begins a read-only transaction with a snapshot of the database as of now.
    ///
    /// # Errors
    /// As for [`Self::begin`].
    pub async fn read_snapshot(&self) -> Result<Transaction, DbErr> {
        let (transaction, first) = match &self.shared.connections {
            BackendConnections::Postgres { .. } => {
                let options = TransactionOptions {
                    isolation_level: Some(IsolationLevel::RepeatableRead),
                    access_mode: Some(AccessMode::ReadOnly),
                    sqlite_transaction_mode: None,
                };
                (self.open(self.read.pool(), options).await?, "SELECT 1")
            }
            BackendConnections::Sqlite { snapshot, .. } => {
                let transaction = self.open(snapshot, TransactionOptions::default()).await?;
                if let Some(limit) = transaction.limit() {
                    // The reader may pause between two statements.
                    limit.lift();
                }
                (transaction, "SELECT count(*) FROM sqlite_schema")
            }
        };
        // The snapshot is taken by the first statement; on SQLite, by the first that reads the file.
        transaction.execute_unprepared(first).await?;
        Ok(transaction)
    }

    /// Waits until all earlier changes are on the disk.
    ///
    /// # Errors
    /// If the disk fails.
    async fn settled(&self) -> Result<(), DbErr> {
        match self.group_commit() {
            Some(group_commit) => group_commit.wait_durable().await,
            None => Ok(()),
        }
    }

    /// The generator of new ids.
    pub fn ids(&self) -> &IdSequences {
        &self.shared.ids
    }

    /// Returns a new id, without a query in most cases. This may open a transaction, so call it before the
    /// transaction of the change: on a single connection the two would wait for each other.
    ///
    /// # Errors
    /// If a statement fails, or no ids are left.
    pub async fn next_id<I: CountedId>(&self, company_id: CompanyId) -> Result<I, DbErr> {
        self.shared.ids.next(self.begin(), company_id).await
    }

    /// Replaces the steps between ids, for tests that compare them.
    pub fn set_id_spacing(&mut self, steps: IdSpacing) {
        self.shared.ids = IdSequences::with(steps);
    }

    pub fn dialect(&self) -> Dialect {
        Dialect::of(&self.read)
    }

    /// The kind of the database, for tests; the program asks [`Self::dialect`] for what it wants.
    pub fn backend(&self) -> DatabaseBackend {
        self.read.get_database_backend()
    }

    /// The connection that runs migrations; it is not scheduled.
    pub fn schema_connection(&self) -> &DatabaseConnection {
        match &self.shared.connections {
            BackendConnections::Postgres { schema, .. } | BackendConnections::Sqlite { schema, .. } => schema,
        }
    }

    /// How many connections operations hold now; on `SQLite`, without the write connection.
    pub fn connections_in_use(&self) -> usize {
        self.read.pool().taken()
    }

    /// The `SQLite` connections that operations write on, each as a pool of its own, for tests that inspect them.
    pub fn write_connections(&self) -> impl Iterator<Item = DatabaseConnection> {
        self.writers().sqlite_connections()
    }

    /// Reports a fault. If connections may be stale, those opened before are replaced before their next use.
    pub fn report_fault(&self, fault: DbFault) {
        match (fault, &self.shared.connections) {
            (DbFault::Connection, _) => self.shared.epoch.advance(),
            (DbFault::ReadOnly, BackendConnections::Postgres { probe, .. }) => probe.check_writable(&self.shared.epoch),
            _ => {}
        }
    }

    /// Checks that the database answers, on a connection that operations never use.
    ///
    /// # Errors
    /// If it does not.
    pub async fn ready(&self) -> Result<(), DbErr> {
        self.group_commit().map_or(Ok(()), GroupCommit::check)?;
        self.shared.ready.check().await
    }

    /// How long to wait for an answer: the statement timeout and 2 seconds for the network. The server's own timeout
    /// cannot arrive over a dead connection.
    pub fn reply_timeout(&self) -> Duration {
        const ON_THE_WAY: Duration = Duration::from_secs(2);
        self.shared.statement_timeout + ON_THE_WAY
    }

    /// Calls `callback` for every statement, for tests that count statements and read their plans.
    pub fn observe<F>(&mut self, callback: F)
    where
        F: Fn(&sea_orm::metric::Info<'_>) + Clone + Send + Sync + 'static,
    {
        self.read.pool_mut().observe(callback.clone());
        self.shared.lookup.pool_mut().observe(callback.clone());
        match &mut self.shared.connections {
            // Migrations are not statements of an operation.
            BackendConnections::Postgres { .. } => {}
            BackendConnections::Sqlite { write, snapshot, schema, .. } => {
                write.observe(callback.clone());
                snapshot.observe(callback);
                if let Some(connection) = write.sqlite_connections().next() {
                    *schema = connection;
                }
            }
        }
    }

    /// Waits for running statements, then closes all connections.
    ///
    /// # Errors
    /// If the driver reports one.
    pub async fn close(self) -> Result<(), DbErr> {
        self.shared.ready.close().await?;
        for reader in [&self.read, &self.shared.lookup] {
            reader.pool().close().await?;
        }
        match self.shared.connections {
            BackendConnections::Postgres { overview, .. } => {
                overview.close().await;
                Ok(())
            }
            BackendConnections::Sqlite { write, snapshot, group_commit, .. } => {
                snapshot.close().await?;
                group_commit.close().await?;
                write.close().await
            }
        }
    }
}
