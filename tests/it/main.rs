//! The tests of the whole server, one file for each thing they test, in one binary: it links once.
//!
//! They need no server and no network: by default each test has a `SQLite` database of its own in a temporary file.
//! Where `NOTEGRAPH_TEST_POSTGRES` names a `PostgreSQL` server, the same tests run on that.

mod support;

mod cross_origin;
mod demo;
mod migrations;
mod playground;
mod schema;
mod tokens;
mod transport;
