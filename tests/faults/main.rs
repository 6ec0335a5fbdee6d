//! Tests that nothing is lost when something breaks: clients disconnect, the program is killed, writers conflict, the
//! database fails, the server stops under load.
//!
//! Faults run one after the other, so that none adds load to another. They run on `SQLite`, or on `PostgreSQL` if
//! `NOTEGRAPH_TEST_POSTGRES` names a server. Each prints its seed and its figures to standard error.
//! `NOTEGRAPH_TEST_FAULTS=long` runs more of each; `NOTEGRAPH_TEST_FAULTS_SEED` repeats a run, as far as the machine
//! permits.
//!
//! If a time is promised, the test prints the measured one, and fails at several times the promise, as promises are not
//! about debug builds on busy machines.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

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
