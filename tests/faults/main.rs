//! What must not be lost when something breaks: clients that hang up, a program that is killed, writers that meet, a
//! database that fails, a stop under load.
//!
//! The faults run one after the other, so that none is another's load, on `SQLite`, or where `NOTEGRAPH_TEST_POSTGRES`
//! names a server on `PostgreSQL`. Each says its seed and its figures on standard error. `NOTEGRAPH_TEST_FAULTS=long`
//! runs more of each; `NOTEGRAPH_TEST_FAULTS_SEED` repeats a run, as far as the machine does.
//!
//! Where a time is promised, the figure is printed, and the test fails at several times as much: a debug build on a busy
//! machine is not what the promise is about.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

#[path = "../it/filters/chance.rs"]
#[expect(dead_code, reason = "shared with the other tests, which need more of it")]
mod chance;
#[path = "../it/support/mod.rs"]
#[expect(dead_code, unused_imports, reason = "shared with the other tests, which need more of it")]
mod support;

mod cancel;
mod cluster;
mod crash;
mod history;
mod hole;
mod load;
mod locks;
mod mount;
mod restarts;
mod run;
mod secrecy;
mod site;
mod statements;
mod stop;
mod storage;
mod versions;
mod whole;
mod wire;
mod writers;
