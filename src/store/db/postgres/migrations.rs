//! A connection for `SeaORM`'s migrations, which only run on its own connection types.
//!
//! The type that allows another driver behind it (`MockDatabase`) blocks for each answer. So a thread runs the
//! statements; it ends when it has been idle for a while.

use std::sync::{Arc, mpsc};
use std::time::Duration;

use sea_orm::{
    DatabaseBackend, DatabaseConnection, DatabaseConnectionType, DbErr, ExecResult, MockDatabaseConnection,
    MockDatabaseTrait, QueryResult, RuntimeErr, Statement,
};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::timeout;
use tokio_postgres::Row;

use super::address::Server;
use super::error::{broken, closed};
use super::lazy_session::LazySession;
use super::row::{changed, results};
use super::session::Session;
use crate::store::db::connection_epoch::ConnectionEpoch;

/// How long the thread waits for the next statement, outside of transactions.
const IDLE: Duration = Duration::from_secs(5);

/// Creates a connection for migrations, opened on first use.
pub fn migration_connection(server: Server) -> DatabaseConnection {
    let migrations = Migrations { server, asks: None, depth: 0, failed: None };
    DatabaseConnectionType::MockDatabaseConnection(Arc::new(MockDatabaseConnection::new(migrations))).into()
}

/// Runs the statements of migrations on one connection.
#[derive(Debug)]
struct Migrations {
    server: Server,
    /// Absent before the first statement.
    asks: Option<UnboundedSender<Ask>>,
    /// Nesting depth of open transactions.
    depth: u32,
    /// Error of beginning or ending a transaction: `SeaORM` does not expect one there.
    failed: Option<DbErr>,
}

/// A request to the thread.
#[derive(Debug)]
struct Ask {
    what: What,
    /// No transaction is open after this.
    is_last: bool,
    answer: mpsc::Sender<Result<Answer, DbErr>>,
}

#[derive(Debug)]
enum What {
    Query(Statement),
    Execute(Statement),
    Control(String),
}

#[derive(Debug)]
enum Answer {
    Rows(Vec<Row>),
    Changed(u64),
}

impl Migrations {
    /// Sends a request, and blocks until it is answered.
    fn ask(&mut self, what: What) -> Result<Answer, DbErr> {
        if let Some(error) = self.failed.take() {
            return Err(error);
        }
        let (answer, answered) = mpsc::channel();
        let mut ask = Ask { what, is_last: self.depth == 0, answer };
        if let Some(asks) = &self.asks {
            match asks.send(ask) {
                Ok(()) => return answered.recv().unwrap_or_else(|_| Err(broken(closed()))),
                Err(unsent) => ask = unsent.0,
            }
        }
        let (asks, receiver) = unbounded_channel();
        let line = LazySession::new(self.server.clone(), ConnectionEpoch::default());
        // The receiver is alive until the thread takes it.
        let _ = asks.send(ask);
        std::thread::Builder::new()
            .name("migrations".to_owned())
            .spawn(move || serve(&line, receiver))
            .map_err(|error| DbErr::Conn(RuntimeErr::Internal(error.to_string())))?;
        self.asks = Some(asks);
        answered.recv().unwrap_or_else(|_| Err(broken(closed())))
    }

    /// Begins or ends a transaction. If that fails, the next statement returns the error.
    fn control(&mut self, sql: String) {
        if let Err(error) = self.ask(What::Control(sql)) {
            self.failed = Some(error);
        }
    }

    /// Ends a transaction, and returns its depth.
    fn end(&mut self) -> u32 {
        let depth = self.depth;
        self.depth = depth.saturating_sub(1);
        depth
    }
}

impl MockDatabaseTrait for Migrations {
    fn execute(&mut self, _: usize, statement: Statement) -> Result<ExecResult, DbErr> {
        match self.ask(What::Execute(statement))? {
            Answer::Changed(rows) => changed(rows),
            Answer::Rows(_) => changed(0),
        }
    }

    fn query(&mut self, _: usize, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        match self.ask(What::Query(statement))? {
            Answer::Rows(rows) => results(&rows),
            Answer::Changed(_) => Ok(Vec::new()),
        }
    }

    fn begin(&mut self) {
        self.depth += 1;
        let depth = self.depth;
        self.control(if depth == 1 { "BEGIN".to_owned() } else { format!("SAVEPOINT m{depth}") });
    }

    fn commit(&mut self) {
        let depth = self.end();
        self.control(if depth == 1 { "COMMIT".to_owned() } else { format!("RELEASE SAVEPOINT m{depth}") });
    }

    fn rollback(&mut self) {
        let depth = self.end();
        // The rollback undoes what failed before.
        self.failed = None;
        self.control(if depth == 1 { "ROLLBACK".to_owned() } else { format!("ROLLBACK TO SAVEPOINT m{depth}") });
    }

    fn drain_transaction_log(&mut self) -> Vec<sea_orm::Transaction> {
        Vec::new()
    }

    fn get_database_backend(&self) -> DatabaseBackend {
        DatabaseBackend::Postgres
    }

    /// Returns the error of beginning or ending a transaction, if there was one.
    fn ping(&self) -> Result<(), DbErr> {
        self.failed.clone().map_or(Ok(()), Err)
    }
}

/// Runs the thread.
fn serve(line: &LazySession, mut asks: UnboundedReceiver<Ask>) {
    // Without a runtime the channel closes, and the caller gets an error.
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return };
    runtime.block_on(async {
        let mut may_end = true;
        loop {
            let ask = if may_end {
                timeout(IDLE, asks.recv()).await.unwrap_or_else(|_| {
                    asks.close();
                    None
                })
            } else {
                asks.recv().await
            };
            // Answer requests that were sent before the channel was closed.
            let Some(ask) = ask.or_else(|| asks.try_recv().ok()) else { break };
            may_end = ask.is_last;
            // The caller waits for the answer.
            let _ = ask.answer.send(run(line, ask.what).await);
        }
        line.close().await;
    });
}

async fn run(line: &LazySession, what: What) -> Result<Answer, DbErr> {
    let session: Arc<Session> = line.session().await?;
    match what {
        What::Control(sql) => session.control(&sql).await.map(|()| Answer::Changed(0)),
        What::Execute(statement) => match &statement.values {
            Some(_) => session.execute(&statement).await.map(Answer::Changed),
            // There may be several.
            None => session.execute_unprepared(&statement.sql).await.map(Answer::Changed),
        },
        What::Query(statement) => {
            let mut stream = session.rows(&statement).await?;
            let mut rows = Vec::new();
            while let Some(row) = stream.next().await? {
                rows.push(row);
            }
            Ok(Answer::Rows(rows))
        }
    }
}
