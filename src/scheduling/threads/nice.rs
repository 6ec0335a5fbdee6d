//! A lower priority for threads that compute for long.
//!
//! On few processors, long work competes with the threads that answer health checks and short requests: the system gives
//! all threads that want to run the same share, and one that was just woken may wait for the slices of the others.

use std::cell::Cell;

/// How much nicer such a thread is than the process: beside an ordinary thread that wants to run as well, it gets a
/// quarter of the processor, and all of it otherwise.
#[cfg(target_os = "linux")]
const STEP: i32 = 5;

thread_local! {
    static IS_LOWERED: Cell<bool> = const { Cell::new(false) };
}

/// Lowers the priority of the current thread, for the rest of its life: raising it again takes a privilege. So later
/// short work on this thread is slower beside ordinary threads, too. Must not be called on threads that spawn others,
/// which would inherit the priority, nor while holding what ordinary threads wait for.
pub fn lower_priority() {
    if !IS_LOWERED.replace(true) {
        be_nice();
    }
}

/// On Linux, each thread has a nice value of its own.
#[cfg(target_os = "linux")]
fn be_nice() {
    if let Err(error) = rustix::process::nice(STEP) {
        tracing::debug!(cause = %error, "the system does not lower the priority of a thread");
    }
}

/// Elsewhere, a nice value applies to the process as a whole.
#[cfg(not(target_os = "linux"))]
fn be_nice() {}

#[cfg(test)]
#[cfg(target_os = "linux")]
pub(super) mod tests {
    use std::path::Path;

    use super::*;

    /// The nice value in a `stat` file: the 19th field, where the second is a name in parentheses.
    pub fn nice_value(stat: impl AsRef<Path>) -> i32 {
        let stat = std::fs::read_to_string(stat).unwrap();
        stat.rsplit_once(") ").unwrap().1.split(' ').nth(16).unwrap().parse().unwrap()
    }

    #[test]
    fn a_thread_is_lowered_once_and_others_are_not() {
        let ordinary = nice_value("/proc/thread-self/stat");
        let lowered = std::thread::spawn(|| {
            lower_priority();
            lower_priority();
            nice_value("/proc/thread-self/stat")
        });
        assert_eq!(lowered.join().unwrap(), (ordinary + STEP).min(19));
        assert_eq!(nice_value("/proc/thread-self/stat"), ordinary);
    }
}
