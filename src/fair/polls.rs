use std::cell::RefCell;
use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::owner::Owner;
use super::scheduler::{Limits, Need, Permit, Refused, Scheduler};
use crate::watchdog;

/// Turns to compute on the threads that execute operations.
///
/// A runtime polls what is ready in the order in which it became so: behind fifty operations of one token that each compute
/// for some milliseconds, the next one of anybody else would wait for all of them. So each poll needs a turn. One token
/// computes on half of the threads at most while others wait.
#[derive(Clone, Debug)]
pub struct Polls {
    turns: Scheduler,
    /// For what takes long in one piece, beside the turns: on half as many threads.
    aside: Scheduler,
}

/// The turn in which this thread polls an operation.
struct Current {
    polls: Polls,
    owner: Owner,
    /// Absent once it was given back before its end.
    permit: Option<Permit>,
}

thread_local! {
    static CURRENT: RefCell<Option<Current>> = const { RefCell::new(None) };
}

/// Ends the turn of this thread when it is dropped, also where the poll panics.
struct Entered;

impl Entered {
    fn into(current: Current) -> Self {
        CURRENT.set(Some(current));
        Self
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        drop(CURRENT.take());
    }
}

/// Computes for long, in one piece, without the turn of this poll: whoever waits for one need not wait for this. Waits
/// until a thread is free for such work, in turns of its own.
pub async fn aside<T>(work: impl FnOnce() -> T) -> T {
    let current = CURRENT.with_borrow(|current| current.as_ref().map(|it| (it.polls.aside.clone(), it.owner)));
    let _turn = match current {
        Some((scheduler, owner)) => scheduler.acquire(owner, Need::LongRead).await.ok(),
        None => None,
    };
    let permit = CURRENT.with_borrow_mut(|current| current.as_mut().and_then(|current| current.permit.take()));
    // Whoever is next is woken by this.
    drop(permit);
    watchdog::aside(work)
}

impl Polls {
    pub fn on_threads(threads: usize) -> Self {
        // Nobody is turned away: operations are bounded where they begin.
        let (waiting, wait) = (usize::MAX, Duration::from_hours(24));
        let half = (threads / 2).max(1);
        let turns = |ordinary| Scheduler::new(Limits { ordinary, reserved: 0, of_token: half, waiting, wait });
        Self { turns: turns(threads), aside: turns(half) }
    }

    /// Polls the future when it is its owner's turn.
    pub async fn run<F: Future>(&self, owner: Owner, future: F) -> F::Output {
        let mut future = pin!(future);
        let mut waiting: Option<BoxFuture<'static, Result<Permit, Refused>>> = None;
        poll_fn(|cx| {
            let at_once = if waiting.is_none() { self.turns.try_acquire(owner, Need::LongRead) } else { None };
            let permit = if at_once.is_some() {
                at_once
            } else {
                let scheduler = self.turns.clone();
                let acquiring = waiting
                    .get_or_insert_with(|| Box::pin(async move { scheduler.acquire(owner, Need::LongRead).await }));
                let Poll::Ready(permit) = acquiring.poll_unpin(cx) else { return Poll::Pending };
                waiting = None;
                permit.ok()
            };
            let _entered = Entered::into(Current { polls: self.clone(), owner, permit });
            future.as_mut().poll(cx)
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::{Arc, Mutex};

    use tokio::task::yield_now;

    use super::*;
    use crate::auth::TokenKey;

    fn owner(company_id: i64) -> Owner {
        Owner::Token(TokenKey::Token { company_id, token_id: 1 })
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
    async fn whoever_computes_for_long_does_so_without_a_turn_and_one_at_a_time() {
        static RUNNING: AtomicUsize = AtomicUsize::new(0);
        let polls = Polls::on_threads(2);
        let long = (1..=6).map(|company_id| {
            let polls = polls.clone();
            tokio::spawn(async move {
                let compute = aside(|| {
                    assert_eq!(RUNNING.fetch_add(1, Ordering::SeqCst), 0, "half of two threads");
                    std::thread::sleep(Duration::from_millis(5));
                    RUNNING.fetch_sub(1, Ordering::SeqCst);
                    polls.turns.taken()
                });
                polls.run(owner(company_id), compute).await
            })
        });
        let long: Vec<_> = long.collect();
        for task in long {
            assert_eq!(task.await.unwrap(), 0, "turns were taken");
        }
        assert_eq!(polls.aside.taken(), 0);
    }

    #[tokio::test]
    async fn a_poll_that_panics_gives_its_turn_back() {
        let polls = Polls::on_threads(1);
        let of_task = polls.clone();
        let panics = tokio::spawn(async move { of_task.run(owner(1), async { panic!("on purpose") }).await });
        assert!(panics.await.is_err());
        assert_eq!(polls.turns.taken(), 0);
    }

    #[tokio::test]
    async fn whoever_computes_little_does_not_wait_for_all_that_others_compute() {
        let polls = Polls::on_threads(1);
        let order = Arc::new(Mutex::new(Vec::new()));
        let work = |company_id, name: &'static str, times| {
            let (polls, order) = (polls.clone(), Arc::clone(&order));
            tokio::spawn(async move {
                let compute = async {
                    for _ in 0..times {
                        std::thread::sleep(Duration::from_millis(3));
                        yield_now().await;
                    }
                    order.lock().unwrap().push(name);
                };
                polls.run(owner(company_id), compute).await;
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
