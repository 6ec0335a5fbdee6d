use std::cell::RefCell;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::Poll;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::watchdog;
use crate::scheduling::cpu::CpuScheduler;
use crate::scheduling::permits::{AcquireError, ContendedLimits, Permit, Scheduler, SchedulerLimits};
use crate::scheduling::principal::Principal;
use crate::scheduling::work_class::WorkClass;

/// A scheduler for CPU time on the threads that execute operations.
///
/// A runtime polls tasks in the order in which they become ready. Behind fifty operations of one token that each
/// compute for some milliseconds, the next operation of another token would wait for all of them. So each poll needs a
/// permit, and one token gets at most half of the threads while others wait. An operation that holds something others
/// wait for needs no permit: see [`prioritize`].
#[derive(Clone, Debug)]
pub struct PollScheduler(Scheduler);

/// The operation that this thread polls.
struct Current {
    principal: Principal,
    /// `None` if no permit was needed, or it was given back before the poll ended.
    permit: Option<Permit>,
    /// The number of [`PriorityGuard`] guards of the operation.
    prioritized: Arc<AtomicU32>,
}

/// While this guard exists, the operation runs without permits, because others wait for what it holds.
#[derive(Debug)]
pub struct PriorityGuard(Arc<AtomicU32>);

impl Drop for PriorityGuard {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Lets the operation that this thread polls continue without permits. Returns `None` outside [`PollScheduler::run`].
pub fn prioritize() -> Option<PriorityGuard> {
    CURRENT.with_borrow(|current| {
        let prioritized = Arc::clone(&current.as_ref()?.prioritized);
        prioritized.fetch_add(1, Ordering::Relaxed);
        Some(PriorityGuard(prioritized))
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

/// The principal of the operation that this thread polls.
pub fn current_principal() -> Option<Principal> {
    CURRENT.with_borrow(|current| current.as_ref().map(|current| current.principal))
}

/// Runs a long computation in one piece, after waiting for a turn of [`CpuScheduler`]. The permit of this poll is given
/// back, so that others do not wait for it.
pub async fn run_heavy<T>(work: impl FnOnce() -> T) -> T {
    let _turn = match current_principal() {
        Some(principal) => Some(CpuScheduler::of_process().acquire(principal).await),
        None => None,
    };
    let permit = CURRENT.with_borrow_mut(|current| current.as_mut().and_then(|current| current.permit.take()));
    // Dropping the permit wakes the next waiter.
    drop(permit);
    watchdog::block_in_place(work)
}

impl PollScheduler {
    pub fn on_threads(threads: usize) -> Self {
        // Do not refuse anybody here: the number of operations is limited where they begin.
        let (waiting, wait) = (usize::MAX, Duration::from_hours(24));
        let (per_token, contended) = ((threads / 2).max(1), ContendedLimits::UNLIMITED);
        Self(Scheduler::new(SchedulerLimits { ordinary: threads, reserved: 0, per_token, contended, waiting, wait }))
    }

    /// Polls the future whenever its principal gets a permit.
    pub async fn run<F: Future>(&self, principal: Principal, future: F) -> F::Output {
        let mut future = pin!(future);
        let mut waiting: Option<BoxFuture<'static, Result<Permit, AcquireError>>> = None;
        let prioritized = Arc::new(AtomicU32::new(0));
        poll_fn(|cx| {
            let at_once = if waiting.is_none() { self.0.try_acquire(principal, WorkClass::LongRead) } else { None };
            let permit = if at_once.is_some() {
                at_once
            } else if prioritized.load(Ordering::Relaxed) > 0 {
                waiting = None;
                None
            } else {
                let scheduler = self.0.clone();
                let acquiring = waiting.get_or_insert_with(|| {
                    Box::pin(async move { scheduler.acquire(principal, WorkClass::LongRead).await })
                });
                let Poll::Ready(permit) = acquiring.poll_unpin(cx) else { return Poll::Pending };
                waiting = None;
                permit.ok()
            };
            let _entered = Entered::into(Current { principal, permit, prioritized: Arc::clone(&prioritized) });
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
    use crate::ids::{CompanyId, TokenId};
    use crate::scheduling::TokenKey;

    fn principal(company_id: i64) -> Principal {
        Principal::Token(TokenKey::Token { company_id: CompanyId(company_id), token_id: TokenId(1) })
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
    async fn long_computations_hold_no_turn_of_polls() {
        static RUNNING: AtomicUsize = AtomicUsize::new(0);
        let polls = PollScheduler::on_threads(2);
        let long = (1..=6).map(|company_id| {
            let polls = polls.clone();
            tokio::spawn(async move {
                let compute = run_heavy(|| {
                    assert!(RUNNING.fetch_add(1, Ordering::SeqCst) < CpuScheduler::of_process().capacity());
                    std::thread::sleep(Duration::from_millis(5));
                    RUNNING.fetch_sub(1, Ordering::SeqCst);
                    CURRENT.with_borrow(|current| current.as_ref().is_some_and(|current| current.permit.is_none()))
                });
                polls.run(principal(company_id), compute).await
            })
        });
        let long: Vec<_> = long.collect();
        for task in long {
            assert!(task.await.unwrap(), "others waited for it");
        }
    }

    #[tokio::test]
    async fn a_task_that_others_wait_for_needs_no_turn() {
        let polls = PollScheduler::on_threads(1);
        let turn = polls.0.try_acquire(principal(2), WorkClass::LongRead);
        assert!(turn.is_some());
        let of_task = polls.clone();
        let (begun, go_on) = tokio::sync::oneshot::channel();
        let prioritized = tokio::spawn(async move {
            let work = async {
                let priority = prioritize();
                begun.send(()).unwrap();
                for _ in 0..3 {
                    yield_now().await;
                }
                drop(priority);
            };
            of_task.run(principal(1), work).await;
        });
        // It needs a permit to begin,
        yield_now().await;
        assert!(!prioritized.is_finished());
        drop(turn);
        go_on.await.unwrap();
        // but continues without one.
        let _turn = polls.0.try_acquire(principal(2), WorkClass::LongRead);
        prioritized.await.unwrap();
    }

    #[tokio::test]
    async fn a_panicking_poll_returns_its_turn() {
        let polls = PollScheduler::on_threads(1);
        let of_task = polls.clone();
        let panics = tokio::spawn(async move { of_task.run(principal(1), async { panic!("on purpose") }).await });
        assert!(panics.await.is_err());
        assert_eq!(polls.0.taken(), 0);
    }

    #[tokio::test]
    async fn light_tasks_do_not_wait_behind_heavy_ones() {
        let polls = PollScheduler::on_threads(1);
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
                polls.run(principal(company_id), compute).await;
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
