//! Runs CPU-bound work on threads of its own.
//!
//! A thread that serves requests has to return to its other requests at once. So work that parses or builds long texts
//! runs on threads of its own, scheduled together with all other long work. Callers split their work into slices, so
//! that a waiting caller only waits for slices of others, not for all of their work.

use std::io;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use tokio::runtime::{Builder, Runtime};
use tokio::task::{JoinError, spawn_blocking};

use crate::scheduling::{CpuScheduler, Principal, current_principal, lower_priority};

/// Bytes of text in a slice, which take a few milliseconds.
pub const SLICE: usize = 64 * 1024;

/// The threads for slices. Their priority is lower than that of other blocking threads, which commit transactions.
static THREADS: LazyLock<io::Result<Runtime>> = LazyLock::new(|| {
    let threads = CpuScheduler::of_process().capacity();
    Builder::new_current_thread()
        .thread_name("aside")
        .max_blocking_threads(threads)
        .on_thread_start(lower_priority)
        .build()
});

/// The result of a slice, and how long it ran.
pub struct Done<T> {
    pub value: T,
    pub took: Duration,
}

/// Runs a slice of work when it gets a turn. Once started it runs to its end, even if nobody waits for it any more, and
/// keeps its turn until then.
///
/// # Errors
/// If the work panics, or the system cannot create threads.
pub async fn offload<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> io::Result<Done<T>> {
    let turn = CpuScheduler::of_process().acquire(current_principal().unwrap_or(Principal::Process)).await;
    let threads = THREADS.as_ref().map_err(|error| io::Error::new(error.kind(), error.to_string()))?;
    let run = threads.spawn_blocking(move || {
        let begun = Instant::now();
        let value = work();
        drop(turn);
        Done { value, took: begun.elapsed() }
    });
    Ok(run.await?)
}

/// Groups items so that each group is at most a slice of work, unless one item alone is longer. `bytes` is the length of
/// an item's text.
pub fn slices<T>(items: impl IntoIterator<Item = T>, bytes: impl Fn(&T) -> usize) -> Vec<Vec<T>> {
    let mut slices: Vec<Vec<T>> = Vec::new();
    let mut length = SLICE;
    for item in items {
        // An item without a text takes time, too.
        let own = bytes(&item) + 1;
        length += own;
        if let Some(slice) = slices.last_mut().filter(|_| length <= SLICE) {
            slice.push(item);
        } else {
            length = own;
            slices.push(vec![item]);
        }
    }
    slices
}

/// Runs work without waiting for a turn, for callers in a transaction, whose locks others wait for. There are at most
/// as many such callers as connections that write, which on `SQLite` is one.
///
/// # Errors
/// If the work panics.
pub async fn offload_at_once<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, JoinError> {
    spawn_blocking(work).await
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;

    use super::*;

    #[test]
    fn slices_are_small_unless_one_text_is_not() {
        let lengths = |bytes: &[usize]| -> Vec<usize> {
            slices(bytes.iter().copied(), |bytes| *bytes).iter().map(Vec::len).collect()
        };
        assert_eq!(lengths(&[]), Vec::<usize>::new());
        assert_eq!(lengths(&[0, 9, 0]), [3]);
        assert_eq!(lengths(&[SLICE, 1, SLICE * 3, 1, 1]), [1, 1, 1, 2]);
        assert_eq!(lengths(&[SLICE / 2; 5]), [1, 1, 1, 1, 1]);
        assert_eq!(lengths(&[SLICE / 2 - 1; 5]), [2, 2, 1]);
    }

    #[tokio::test]
    async fn work_runs_on_other_threads_and_in_turns() {
        static RUNNING: AtomicUsize = AtomicUsize::new(0);
        let here = thread::current().id();
        let turns = CpuScheduler::of_process().capacity();
        let slices = (0..20).map(|slice| {
            offload(move || {
                let running = RUNNING.fetch_add(1, Ordering::SeqCst) + 1;
                thread::sleep(Duration::from_millis(2));
                RUNNING.fetch_sub(1, Ordering::SeqCst);
                (slice, running, thread::current().id())
            })
        });
        for (index, done) in futures_util::future::join_all(slices).await.into_iter().enumerate() {
            let Done { value: (slice, running, thread), took } = done.unwrap();
            assert_eq!(slice, index);
            assert!(running <= turns, "{running} at once, of {turns}");
            assert_ne!(thread, here);
            assert!(took >= Duration::from_millis(2));
        }
    }

    /// Health checks and short requests go first.
    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn work_runs_at_a_lower_priority() {
        let nice = || crate::scheduling::nice_value("/proc/thread-self/stat");
        let Done { value, .. } = offload(nice).await.unwrap();
        assert!(value > nice(), "{value}");
    }

    #[tokio::test]
    async fn panicking_work_returns_an_error_and_its_turn() {
        for _ in 0..=CpuScheduler::of_process().capacity() {
            assert!(offload(|| panic!("on purpose")).await.is_err_and(|error| error.to_string().contains("panic")));
        }
        assert_eq!(offload(|| 1).await.ok().map(|done| done.value), Some(1));
    }
}
