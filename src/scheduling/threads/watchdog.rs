//! Detects tasks that block a thread.
//!
//! Tasks share threads by returning from `poll` soon; a task that computes for long blocks all others on its thread. So
//! the server measures each poll of its tasks by the CPU time of the thread, which excludes the time that the thread
//! waited for others.

use std::cell::Cell;
use std::env;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::Duration;

use cpu_time::ThreadTime;
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::task::{self, yield_now};

/// Name of the counter of polls that exceeded [`limit`], labelled with what was polled.
pub const SLOW_POLLS: &str = "notegraph_slow_polls_total";

/// Maximum CPU time of a poll: 100 ms, or [`DEBUG_LIMIT`] in debug builds.
pub fn limit() -> Duration {
    if cfg!(debug_assertions) { *DEBUG_LIMIT } else { Duration::from_millis(100) }
}

/// The limit of debug builds: 2 s, as unoptimized code computes 10 to 20 times as long. `NOTEGRAPH_TEST_SLOW_POLL_MS`
/// sets a stricter one for debug builds that are optimized.
static DEBUG_LIMIT: LazyLock<Duration> = LazyLock::new(|| {
    let milliseconds = env::var("NOTEGRAPH_TEST_SLOW_POLL_MS").ok().filter(|value| !value.is_empty());
    match milliseconds.as_deref().map(str::parse::<u64>) {
        None => Duration::from_secs(2),
        Some(Ok(milliseconds)) => Duration::from_millis(milliseconds),
        Some(Err(error)) => panic!("NOTEGRAPH_TEST_SLOW_POLL_MS is no number of milliseconds: {error}"),
    }
});

static COUNT: AtomicU64 = AtomicU64::new(0);
static LAST: Mutex<Option<String>> = Mutex::new(None);

/// Number of polls of this process that exceeded [`limit`].
pub fn slow_polls() -> u64 {
    COUNT.load(Ordering::Relaxed)
}

/// Takes the description and duration of the last slow poll. Tests use it to fail on slow polls.
pub fn take_slow_poll() -> Option<String> {
    LAST.lock().unwrap_or_else(PoisonError::into_inner).take()
}

thread_local! {
    /// The CPU time of this thread up to which [`take_cpu_time`] has counted, while a watched future is polled.
    static SINCE: Cell<Option<ThreadTime>> = const { Cell::new(None) };
    /// The CPU time of this thread when that poll began.
    static POLLED: Cell<Option<ThreadTime>> = const { Cell::new(None) };
    /// The CPU time within this poll that blocked no other task.
    static BLOCKED: Cell<Duration> = const { Cell::new(Duration::ZERO) };
}

/// Runs a long computation in one piece, after handing the thread's other tasks to another thread.
pub fn block_in_place<T>(work: impl FnOnce() -> T) -> T {
    if Handle::try_current().is_ok_and(|runtime| runtime.runtime_flavor() == RuntimeFlavor::MultiThread) {
        let start = ThreadTime::now();
        let value = task::block_in_place(work);
        BLOCKED.set(BLOCKED.get() + start.elapsed());
        value
    } else {
        work()
    }
}

/// A poll that has taken this long should yield where it can.
const LONG: Duration = Duration::from_millis(10);

/// Yields to other tasks if this poll has taken [`LONG`].
pub async fn yield_if_long() {
    if POLLED.get().is_some_and(|since| since.elapsed() >= LONG) {
        yield_now().await;
    }
}

/// Polls the future, and reports polls that exceed [`limit`]. `what` identifies it in the log and in the metric.
pub async fn watched<F: Future>(what: &'static str, future: F) -> F::Output {
    watched_by(what, |_| (), future).await
}

/// Like [`watched`], and passes the CPU time of each poll to `meter`, without what [`take_cpu_time`] has returned before.
pub async fn watched_by<F: Future>(what: &'static str, meter: impl Fn(Duration), future: F) -> F::Output {
    watch(what, limit(), meter, future).await
}

/// The CPU time since this poll began, or since the last call within it, so that a long poll is counted while it lasts.
/// Zero if no watched future is polled.
pub fn take_cpu_time() -> Duration {
    let Some(since) = SINCE.get() else { return Duration::ZERO };
    let now = ThreadTime::now();
    SINCE.set(Some(now));
    now.duration_since(since)
}

async fn watch<F: Future>(what: &'static str, limit: Duration, meter: impl Fn(Duration), future: F) -> F::Output {
    let mut future = pin!(future);
    std::future::poll_fn(|cx| {
        let start = ThreadTime::now();
        let outer = (SINCE.replace(Some(start)), POLLED.replace(Some(start)), BLOCKED.take());
        let polled = future.as_mut().poll(cx);
        meter(take_cpu_time());
        let took = start.elapsed().saturating_sub(BLOCKED.get());
        SINCE.set(outer.0);
        POLLED.set(outer.1);
        BLOCKED.set(outer.2);
        if took > limit {
            report(what, took);
        }
        polled
    })
    .await
}

/// The request's span adds the request ID to the log line.
#[cold]
fn report(what: &'static str, took: Duration) {
    let milliseconds = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    tracing::warn!(what, milliseconds, "a poll blocked its thread for too long");
    metrics::counter!(SLOW_POLLS, "what" => what).increment(1);
    *LAST.lock().unwrap_or_else(PoisonError::into_inner) = Some(format!("{what}: {milliseconds} ms"));
    // Count last, so that whoever sees the count finds the report.
    COUNT.fetch_add(1, Ordering::Release);
}

#[cfg(test)]
mod tests {
    use tokio::time::sleep;

    use super::*;

    /// Spins for at least this much CPU time of the thread.
    fn compute(least: Duration) {
        let start = ThreadTime::now();
        while start.elapsed() < least {
            std::hint::spin_loop();
        }
    }

    #[tokio::test]
    async fn each_poll_is_measured_by_its_cpu_time() {
        let total = Cell::new(Duration::ZERO);
        let add = |took| total.set(total.get() + took);
        let before = slow_polls();
        let (long, limit) = (Duration::from_millis(20), Duration::from_millis(50));
        // None of the three polls is too long, as waiting takes no CPU time.
        let quick = async {
            for _ in 0..3 {
                compute(long);
                sleep(Duration::from_millis(60)).await;
            }
        };
        watch("quick", limit, add, quick).await;
        assert!((3 * long..3 * long + limit).contains(&total.get()), "{:?}", total.get());
        assert_eq!(take_slow_poll(), None);
        watch("slow", limit, |_| (), async { compute(2 * limit) }).await;
        assert_eq!(slow_polls(), before + 1);
        assert!(take_slow_poll().is_some_and(|poll| poll.starts_with("slow: ")));
    }

    #[tokio::test]
    async fn long_work_yields_to_others() {
        let polls = Cell::new(0);
        let work = async {
            for _ in 0..4 {
                compute(LONG / 2);
                yield_if_long().await;
            }
        };
        watch("work", Duration::MAX, |_| polls.set(polls.get() + 1), work).await;
        assert_eq!(polls.get(), 3, "after each two of four halves");
        yield_if_long().await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
    async fn offloaded_work_blocks_no_poll() {
        let other = tokio::spawn(std::future::ready(()));
        let long = async {
            // `other` can only run if the only thread is free for it.
            block_in_place(|| while !other.is_finished() {});
            block_in_place(|| compute(Duration::from_millis(20)));
        };
        let (before, total) = (slow_polls(), Cell::new(Duration::ZERO));
        watch("aside", Duration::from_millis(10), |took| total.set(total.get() + took), long).await;
        assert_eq!(slow_polls(), before);
        assert!(total.get() >= Duration::from_millis(20), "it is paid for all the same");
    }

    #[tokio::test]
    async fn a_long_poll_is_counted_while_it_lasts() {
        let (total, long) = (Cell::new(Duration::ZERO), Duration::from_millis(20));
        assert_eq!(take_cpu_time(), Duration::ZERO);
        let counted = async {
            compute(long);
            let so_far = take_cpu_time();
            assert!(so_far >= long);
            // A nested watched future is measured separately.
            watched("inner", async { compute(long) }).await;
            compute(long);
            assert!(take_cpu_time() >= long);
            so_far
        };
        let so_far = watch("outer", Duration::MAX, |took| total.set(total.get() + took), counted).await;
        assert!(so_far < 2 * long && total.get() < long, "what was told is not told again: {:?}", total.get());
    }
}
