//! Runs a statement: measures it while it runs, and can cancel it.

use std::pin::pin;
use std::time::Duration;

use futures_util::future::{Either, select};
use sea_orm::{DbErr, RuntimeErr};
use tokio::time::{Instant, sleep};

use super::statement_context::StatementContext;
use crate::store::db::pool::{Activity, PooledConnection};
use crate::store::db::statement::Cancellation;

/// How often a running statement checks whether its operation may go on.
const TICK: Duration = Duration::from_millis(50);
/// How long a statement runs before `PostgreSQL` is first asked what it is doing,
const FIRST_ASK: Duration = Duration::from_millis(250);
/// and the maximum time between two such questions.
const LAST_ASK: Duration = Duration::from_secs(1);

/// How long a stopped statement that [`run_to_end`] has cancelled may take to answer.
const LAST_ANSWER: Duration = Duration::from_secs(5);

/// How a statement ended.
pub enum Ended<T> {
    Done(Result<T, DbErr>),
    /// It exceeded the time allowed on this connection, and was cancelled.
    TooLong,
}

/// Reports a statement's working time to the meter while it runs. Waiting for locks does not count: on `PostgreSQL`,
/// which can tell, a running statement's time is reported only after asking.
struct Timer<'a> {
    context: &'a StatementContext,
    connection: &'a PooledConnection,
    start: Instant,
    /// When to ask next what it is doing.
    ask: Duration,
}

impl<'a> Timer<'a> {
    fn start(context: &'a StatementContext, connection: &'a PooledConnection) -> Self {
        if let Some(limit) = connection.limit() {
            limit.take_steps();
            limit.take_waited();
            limit.of(context.principal);
        }
        connection.begin_statement();
        Self { context, connection, start: Instant::now(), ask: FIRST_ASK }
    }

    /// Waits for a tick, and returns what the connection is doing, if known.
    async fn tick(&mut self) -> Option<Activity> {
        sleep(TICK).await;
        if self.connection.limit().is_some() {
            self.tell();
            return None;
        }
        let elapsed = self.start.elapsed();
        if elapsed < self.ask {
            return None;
        }
        let activity = self.connection.activity().await;
        self.ask = elapsed + elapsed.min(LAST_ASK);
        if activity == Some(Activity::Waits) {
            self.connection.take_time();
        } else {
            self.tell();
        }
        activity
    }

    fn tell(&mut self) {
        let mut took = self.connection.take_time();
        if let Some(limit) = self.connection.limit() {
            self.context.meter.steps(limit.take_steps());
            // Waiting for a permit is not working time.
            took = took.saturating_sub(limit.take_waited());
        }
        self.context.meter.database(took);
        if let Some(turns) = self.connection.turns() {
            turns.charge(self.context.principal, took);
        }
    }
}

impl Drop for Timer<'_> {
    fn drop(&mut self) {
        self.tell();
        self.connection.end_statement();
        if let Some(limit) = self.connection.limit() {
            limit.end();
        }
        self.context.meter.statement();
    }
}

/// Runs one statement on a connection that was taken for it. Cancels it in the database if the operation is stopped or
/// exceeds its limits.
pub async fn run<T>(
    context: &StatementContext,
    connection: &PooledConnection,
    longest: Option<Duration>,
    work: impl Future<Output = Result<T, DbErr>>,
) -> Ended<T> {
    if let Err(stop) = context.meter.check() {
        if let Some(limit) = connection.limit() {
            limit.end();
        }
        return Ended::Done(Err(stop));
    }
    let using = connection.begin();
    let mut timer = Timer::start(context, connection);
    let mut work = pin!(work);
    let ended = loop {
        let next = {
            let mut tick = pin!(timer.tick());
            match select(&mut work, &mut tick).await {
                Either::Left((result, _)) => Next::Result(result),
                Either::Right((activity, _)) => Next::Activity(activity),
            }
        };
        match next {
            // The operation was stopped between two rows; more of them may be on their way.
            Next::Result(Err(error)) if Cancellation::of(&error).is_some() => break Ended::Done(Err(error)),
            Next::Result(result) => {
                using.end();
                // The operation's limits may have stopped another statement on the same connection.
                return Ended::Done(result.map_err(|error| context.meter.check().err().unwrap_or(error)));
            }
            // Before that, a new connection may just be opening in its place.
            Next::Activity(Some(Activity::Idles)) if timer.start.elapsed() >= LAST_ASK => {
                break Ended::Done(Err(lost()));
            }
            Next::Activity(_) => match context.meter.check() {
                Err(stop) => break Ended::Done(Err(stop)),
                Ok(()) if longest.is_some_and(|longest| timer.start.elapsed() >= longest) => break Ended::TooLong,
                Ok(()) => {}
            },
        }
    };
    connection.cancel().await;
    ended
}

/// Runs statements with which a transaction ends, on a connection that was taken for it. As [`run`], but if the
/// operation is stopped when they have been sent, this cancels the one that runs and still waits for the answer, which
/// says whether the transaction was committed.
///
/// # Errors
/// If the work fails, the operation was stopped before it, or the answer is lost.
pub async fn run_to_end<T>(
    context: &StatementContext,
    connection: &PooledConnection,
    work: impl Future<Output = Result<T, DbErr>>,
) -> Result<T, DbErr> {
    context.meter.check()?;
    let using = connection.begin();
    let mut timer = Timer::start(context, connection);
    let mut work = pin!(work);
    let mut stopped: Option<(DbErr, Instant)> = None;
    loop {
        let activity = {
            let mut tick = pin!(timer.tick());
            match select(&mut work, &mut tick).await {
                Either::Left((result, _)) => {
                    // A late cancellation must not meet the next statement: without this, the connection is recovered.
                    if stopped.is_none() {
                        using.end();
                    }
                    return result;
                }
                Either::Right((activity, _)) => activity,
            }
        };
        if activity == Some(Activity::Idles) && timer.start.elapsed() >= LAST_ASK {
            connection.cancel().await;
            return Err(lost());
        }
        match &stopped {
            Some((stop, since)) if since.elapsed() >= LAST_ANSWER => return Err(stop.clone()),
            Some(_) => {}
            None => {
                if let Err(stop) = context.meter.check() {
                    connection.cancel().await;
                    stopped = Some((stop, Instant::now()));
                }
            }
        }
    }
}

fn lost() -> DbErr {
    let lost = "the server process is idle, although the statement has not been answered".to_owned();
    DbErr::Conn(RuntimeErr::Internal(lost))
}

/// The next event while a statement runs.
enum Next<T> {
    Result(Result<T, DbErr>),
    Activity(Option<Activity>),
}
