use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::owner::Owner;
use super::scheduler::{Limits, Need, Permit, Refused, Scheduler};

/// Turns to compute on the threads that execute operations.
///
/// A runtime polls what is ready in the order in which it became so: behind fifty operations of one token that each compute
/// for some milliseconds, the next one of anybody else would wait for all of them. So each poll needs a turn. One token
/// computes on half of the threads at most while others wait.
#[derive(Clone, Debug)]
pub struct Polls(Scheduler);

impl Polls {
    pub fn on_threads(threads: usize) -> Self {
        // Nobody is turned away: operations are bounded where they begin.
        let (waiting, wait) = (usize::MAX, Duration::from_hours(24));
        Self(Scheduler::new(Limits { ordinary: threads, reserved: 0, of_token: (threads / 2).max(1), waiting, wait }))
    }

    /// Polls the future when it is its owner's turn.
    pub async fn run<F: Future>(&self, owner: Owner, future: F) -> F::Output {
        let mut future = pin!(future);
        let mut waiting: Option<BoxFuture<'static, Result<Permit, Refused>>> = None;
        poll_fn(|cx| {
            let at_once = if waiting.is_none() { self.0.try_acquire(owner, Need::LongRead) } else { None };
            let _turn = if at_once.is_some() {
                at_once
            } else {
                let scheduler = self.0.clone();
                let acquiring = waiting
                    .get_or_insert_with(|| Box::pin(async move { scheduler.acquire(owner, Need::LongRead).await }));
                let Poll::Ready(turn) = acquiring.poll_unpin(cx) else { return Poll::Pending };
                waiting = None;
                turn.ok()
            };
            future.as_mut().poll(cx)
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use tokio::task::yield_now;

    use super::*;
    use crate::auth::TokenKey;

    #[tokio::test]
    async fn whoever_computes_little_does_not_wait_for_all_that_others_compute() {
        let polls = Polls::on_threads(1);
        let order = Arc::new(Mutex::new(Vec::new()));
        let work = |company_id, name: &'static str, times| {
            let (polls, order) = (polls.clone(), Arc::clone(&order));
            let owner = Owner::Token(TokenKey::Token { company_id, token_id: 1 });
            tokio::spawn(async move {
                let compute = async {
                    for _ in 0..times {
                        std::thread::sleep(Duration::from_millis(3));
                        yield_now().await;
                    }
                    order.lock().unwrap().push(name);
                };
                polls.run(owner, compute).await;
            })
        };
        // On one thread: all of these are ready before the last one is.
        let mut all: Vec<_> = (0..20).map(|_| work(1, "many", 5)).collect();
        all.push(work(2, "one", 5));
        for task in all {
            task.await.unwrap();
        }
        assert_eq!(order.lock().unwrap()[0], "one");
        assert_eq!(order.lock().unwrap().len(), 21);
    }
}
