//! Integration tests of the whole server, one file per topic, in one binary, which links only once.
//!
//! They need no server and no network: by default each test has its own `SQLite` database in a temporary file. If
//! `NOTEGRAPH_TEST_POSTGRES` names a `PostgreSQL` server, the same tests run on that.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod access;
mod again;
mod answers;
mod assign;
mod backfill;
mod backup;
mod bodies;
mod browser;
mod charges;
mod commands;
mod confidential;
mod connections;
mod create;
mod cross_origin;
mod delete;
mod demo;
mod dialect;
#[cfg(unix)]
mod docs;
mod driver;
mod early_answers;
mod errors;
mod exchange;
mod feed;
mod filters;
mod fixture;
mod flat;
mod front;
mod fuzz;
mod growth;
mod heads;
mod hostile;
mod idempotency;
mod identity;
mod isolation;
mod keys;
mod language;
mod limits;
mod loading;
mod many;
mod markers;
mod migrations;
mod note_types;
mod oracle;
mod paging;
mod partial;
mod patch;
mod people;
mod plans;
mod playground;
mod post;
mod process;
mod round_trips;
mod scalars;
mod schema;
mod search;
mod session;
mod shares;
mod socket;
mod stored;
mod structure;
mod terminal;
mod tokens;
mod transport;
mod upsert;
mod websocket;
mod write_batches;
