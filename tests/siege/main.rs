//! The siege: attackers with one token, or none, try to slow, fill or end the server, while users of other companies
//! work on.
//!
//! Each case starts the program with its default limits on a database of its own and runs three things beside each
//! other: *victims*, 20 users who send the requests of the bench at a tenth of the measured capacity; *probes* of
//! `/livez` and `/readyz`; and the *attack* that the case is named after. It then judges what the victims and the probes
//! saw, the memory of the process, the polls that its watchdog reported, and how long it takes to end after SIGTERM.
//! Nothing leaves this machine: all traffic is between addresses of 127.0.0.0/8.
//!
//! Cases run one after the other, on `SQLite`, or on the server that `NOTEGRAPH_TEST_POSTGRES` names:
//!
//! ```console
//! $ cargo test --test siege                              # all, on a debug build
//! $ cargo test --test siege -- answers::unread           # one case
//! $ NOTEGRAPH_SIEGE_BINARY=target/dist/notegraph NOTEGRAPH_TEST_SIEGE=long cargo test --test siege
//! ```
//!
//! Do not pass `--test-threads 1`: a case that waits for its turn keeps the filled database for itself and others, and
//! without a second thread each case fills it anew.
//!
//! | variable | meaning |
//! | --- | --- |
//! | `NOTEGRAPH_SIEGE_BINARY` | the program to attack, a release build; the one of this build when absent |
//! | `NOTEGRAPH_TEST_SIEGE` | `short` (20,000 notes, seconds a case), or `long` (200,000 notes, a minute a case, half an hour of search) |
//! | `NOTEGRAPH_SIEGE_SEED` | the seed of a run that is to be repeated |
//! | `NOTEGRAPH_SIEGE_REPLAY` | the file of a request that the search found, for `search::replay` |
//!
//! Memory, failed requests, health and the exit are judged the same everywhere. Times depend on the build and on what else
//! the machine does, so their bounds are multiplied by [`run::slack`] and [`run::cpu_slack`]: strictly 1 only in the long form
//! on a release build.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod aborts;
mod answers;
mod attack;
mod baseline;
mod cases;
mod connections;
mod costs;
mod crowd;
mod files;
mod health;
mod process;
mod run;
mod search;
mod server;
mod stage;
mod stop;
mod stored;
mod template;
mod verdict;
mod victims;
mod wire;
mod work;
mod writes;
