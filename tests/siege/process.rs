//! Information about a process from `/proc`.

use std::fs;
use std::time::Duration;

/// `_SC_CLK_TCK`, which Linux fixes for programs.
const TICKS_PER_SECOND: f64 = 100.0;

/// CPU time of all threads so far; `None` if the process has ended.
pub fn cpu(pid: u32) -> Option<Duration> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name, in parentheses, may contain anything, so count fields after its end.
    let fields: Vec<&str> = stat.rsplit_once(") ")?.1.split(' ').collect();
    let ticks: f64 = fields.get(11)?.parse::<f64>().ok()? + fields.get(12)?.parse::<f64>().ok()?;
    Some(Duration::from_secs_f64(ticks / TICKS_PER_SECOND))
}

/// Resident memory in bytes; `None` if the process has ended.
pub fn resident(pid: u32) -> Option<u64> {
    status(pid, "VmRSS:")
}

/// Peak of the resident memory in bytes.
pub fn peak(pid: u32) -> Option<u64> {
    status(pid, "VmHWM:")
}

/// Resets the peak to the current value, if the system permits it.
pub fn reset_peak(pid: u32) {
    let _ = fs::write(format!("/proc/{pid}/clear_refs"), "5");
}

fn status(pid: u32, field: &str) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(field))?;
    Some(line.split_whitespace().next()?.parse::<u64>().ok()? << 10)
}

/// Maximum number of files and sockets that this process may open.
pub fn open_files() -> u64 {
    let limits = fs::read_to_string("/proc/self/limits").unwrap();
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files")).unwrap();
    line.split_whitespace().next().and_then(|soft| soft.parse().ok()).unwrap_or(u64::MAX)
}
