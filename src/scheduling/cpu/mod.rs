//! Sharing the CPU: long work runs in slices, in turns.

mod cpu_scheduler;
mod free;
mod queue;

pub use cpu_scheduler::{CpuScheduler, CpuSlice, SLICE};
