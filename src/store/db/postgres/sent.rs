use std::pin::Pin;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, MaybeDone, maybe_done};
use futures_util::poll;
use sea_orm::DbErr;

/// A request that was sent, and whose answer is awaited later: those that are sent meanwhile share its round trip.
#[must_use]
pub struct Sent<'s, T>(MaybeDone<BoxFuture<'s, Result<T, DbErr>>>);

impl<'s, T: Send> Sent<'s, T> {
    /// Sends a request of prepared statements or of plain text; the driver does so when its future is first polled.
    ///
    /// # Errors
    /// If it cannot be sent, such as for a value of a wrong type. Then what depends on it must not be sent either.
    pub async fn send(request: impl Future<Output = Result<T, DbErr>> + Send + 's) -> Result<Self, DbErr> {
        let mut sent = Self(maybe_done(request.boxed()));
        let _ = poll!(&mut sent.0);
        if Pin::new(&mut sent.0).output_mut().is_some_and(|result| result.is_err()) {
            return match sent.answer().await {
                Err(error) => Err(error),
                Ok(_) => unreachable!("it has failed"),
            };
        }
        Ok(sent)
    }

    /// As [`Self::send`], for a request on which nothing depends: an error is its answer.
    pub async fn send_last(request: impl Future<Output = Result<T, DbErr>> + Send + 's) -> Self {
        let mut sent = Self(maybe_done(request.boxed()));
        let _ = poll!(&mut sent.0);
        sent
    }

    /// Waits for the answer.
    ///
    /// # Errors
    /// If the server refuses the request, or the connection breaks.
    pub async fn answer(mut self) -> Result<T, DbErr> {
        (&mut self.0).await;
        Pin::new(&mut self.0).take_output().unwrap_or_else(|| unreachable!("it is awaited only once"))
    }
}

/// The writes of a transaction and its `COMMIT`, all sent and not yet answered.
#[must_use]
pub struct Committing<'s> {
    writes: Vec<Sent<'s, u64>>,
    commit: Sent<'s, ()>,
}

impl<'s> Committing<'s> {
    pub fn new(writes: Vec<Sent<'s, u64>>, commit: Sent<'s, ()>) -> Self {
        Self { writes, commit }
    }

    /// Waits for the answers to the writes, and returns the first error with the commit, which is then a rollback.
    pub async fn writes(self) -> (Option<DbErr>, Sent<'s, ()>) {
        let mut first = None;
        for write in self.writes {
            let error = write.answer().await.err();
            first = first.or(error);
        }
        (first, self.commit)
    }
}
