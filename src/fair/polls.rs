use std::cell::RefCell;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::Poll;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::long::LongTurns;
use super::owner::Owner;
use super::scheduler::{BesideOthers, Limits, Need, Permit, Refused, Scheduler};
use crate::watchdog;

/// A scheduler for CPU time on the threads that execute operations.
///
/// A runtime polls tasks in the order in which they become ready. Behind fifty operations of one token that each
/// compute for some milliseconds, the next operation of another token would wait for all of them. So each poll needs a
/// permit, and one token gets at most half of the threads while others wait. An operation that holds something others
/// wait for needs no permit: see [`hurry`].
#[derive(Clone, Debug)]
pub struct Polls(Scheduler);

/// The operation that this thread polls.
struct Current {
    owner: Owner,
    /// `None` if no permit was needed, or it was given back before the poll ended.
    permit: Option<Permit>,
    /// The number of [`Hurry`] guards of the operation.
    hurried: Arc<AtomicU32>,
}

/// While this guard exists, the operation runs without permits, because others wait for what it holds.
#[derive(Debug)]
pub struct Hurry(Arc<AtomicU32>);

impl Drop for Hurry {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Lets the operation that this thread polls continue without permits. Returns `None` outside [`Polls::run`].
pub fn hurry() -> Option<Hurry> {
    CURRENT.with_borrow(|current| {
        let hurried = Arc::clone(&current.as_ref()?.hurried);
        hurried.fetch_add(1, Ordering::Relaxed);
        Some(Hurry(hurried))
    })
}

thread_local! {
    static CURRENT: RefCell<Option<Current>> = const { RefCell::new(None) };
}

/// Clears the current operation of this thread when dropped, even if the poll panics.
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

/// The owner of the operation that this thread polls.
pub fn current_owner() -> Option<Owner> {
    CURRENT.with_borrow(|current| current.as_ref().map(|current| current.owner))
}

/// Runs a long computation in one piece, after waiting for a turn of [`LongTurns`]. The permit of this poll is given
/// back, so that others do not wait for it.
pub async fn aside<T>(work: impl FnOnce() -> T) -> T {
    let _turn = match current_owner() {
        Some(owner) => Some(LongTurns::of_process().turn(owner).await),
        None => None,
    };
    let permit = CURRENT.with_borrow_mut(|current| current.as_mut().and_then(|current| current.permit.take()));
    // Dropping the permit wakes the next waiter.
    drop(permit);
    watchdog::aside(work)
}

impl Polls {
    pub fn on_threads(threads: usize) -> Self {
        // Do not refuse anybody here: the number of operations is limited where they begin.
        let (waiting, wait) = (usize::MAX, Duration::from_hours(24));
        let (of_token, beside_others) = ((threads / 2).max(1), BesideOthers::ALL);
        Self(Scheduler::new(Limits { ordinary: threads, reserved: 0, of_token, beside_others, waiting, wait }))
    }

    /// Polls the future whenever its owner gets a permit.
    pub async fn run<F: Future>(&self, owner: Owner, future: F) -> F::Output {
        let mut future = pin!(future);
        let mut waiting: Option<BoxFuture<'static, Result<Permit, Refused>>> = None;
        let hurried = Arc::new(AtomicU32::new(0));
        poll_fn(|cx| {
            let at_once = if waiting.is_none() { self.0.try_acquire(owner, Need::LongRead) } else { None };
            let permit = if at_once.is_some() {
                at_once
            } else if hurried.load(Ordering::Relaxed) > 0 {
                waiting = None;
                None
            } else {
                let scheduler = self.0.clone();
                let acquiring = waiting
                    .get_or_insert_with(|| Box::pin(async move { scheduler.acquire(owner, Need::LongRead).await }));
                let Poll::Ready(permit) = acquiring.poll_unpin(cx) else { return Poll::Pending };
                waiting = None;
                permit.ok()
            };
            let _entered = Entered::into(Current { owner, permit, hurried: Arc::clone(&hurried) });
            future.as_mut().poll(cx)
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::atomic::AtomicUsize;

    use tokio::task::yield_now;

    use super::*;
    use crate::auth::TokenKey;

    fn owner(company_id: i64) -> Owner {
        Owner::Token(TokenKey::Token { company_id, token_id: 1 })
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
    async fn whoever_computes_for_long_does_so_without_a_turn_of_polls() {
        static RUNNING: AtomicUsize = AtomicUsize::new(0);
        let polls = Polls::on_threads(2);
        let long = (1..=6).map(|company_id| {
            let polls = polls.clone();
            tokio::spawn(async move {
                let compute = aside(|| {
                    assert!(RUNNING.fetch_add(1, Ordering::SeqCst) < LongTurns::of_process().most());
                    std::thread::sleep(Duration::from_millis(5));
                    RUNNING.fetch_sub(1, Ordering::SeqCst);
                    CURRENT.with_borrow(|current| current.as_ref().is_some_and(|current| current.permit.is_none()))
                });
                polls.run(owner(company_id), compute).await
            })
        });
        let long: Vec<_> = long.collect();
        for task in long {
            assert!(task.await.unwrap(), "others waited for it");
        }
    }

    #[tokio::test]
    async fn whoever_others_wait_for_needs_no_turn() {
        let polls = Polls::on_threads(1);
        let turn = polls.0.try_acquire(owner(2), Need::LongRead);
        assert!(turn.is_some());
        let of_task = polls.clone();
        let (begun, go_on) = tokio::sync::oneshot::channel();
        let hurried = tokio::spawn(async move {
            let work = async {
                let hurry = hurry();
                begun.send(()).unwrap();
                for _ in 0..3 {
                    yield_now().await;
                }
                drop(hurry);
            };
            of_task.run(owner(1), work).await;
        });
        // It needs a permit to begin,
        yield_now().await;
        assert!(!hurried.is_finished());
        drop(turn);
        go_on.await.unwrap();
        // but continues without one.
        let _turn = polls.0.try_acquire(owner(2), Need::LongRead);
        hurried.await.unwrap();
    }

    #[tokio::test]
    async fn a_poll_that_panics_gives_its_turn_back() {
        let polls = Polls::on_threads(1);
        let of_task = polls.clone();
        let panics = tokio::spawn(async move { of_task.run(owner(1), async { panic!("on purpose") }).await });
        assert!(panics.await.is_err());
        assert_eq!(polls.0.taken(), 0);
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
        // The runtime has one thread: all these tasks are ready before the last one is.
        let mut all: Vec<_> = (0..20).map(|_| work(1, "many", 5)).collect();
        all.push(work(2, "one", 5));
        for task in all {
            task.await.unwrap();
        }
        assert_eq!(order.lock().unwrap()[0], "one");
        assert_eq!(order.lock().unwrap().len(), 21);
    }
}
