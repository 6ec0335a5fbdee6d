//! notegraph: customer notes over GraphQL.
//!
//! A request arrives at [`http`], which authenticates the client ([`auth`]) and passes the operation to the [`schema`];
//! its fields live with the objects that they belong to ([`note`], [`customer`], [`user`]). The engine, [`breadth`],
//! executes the operation: it resolves the relations of all objects of a level at once, by queries for rows
//! ([`store::entity`]) of the database ([`store::db`]). Changes append to the event log ([`event`]), update the usage of
//! the company ([`quota`]), and keep derived columns for comparing and sorting ([`text::casefold`], [`backfill`]) in
//! sync.
//!
//! [`json`] parses JSON from clients and files within limits. Common parts of the schema's types are in [`graphql`].
//! [`scheduling`] shares threads and connections between companies and tokens; connections are served on other threads
//! than operations.
//!
//! In addition there are the commands and their settings ([`cli`]), the exchange format of imports and exports
//! ([`exchange`]), and generated demo data ([`demo`]).

pub mod auth;
pub mod backfill;
pub mod cli;
pub mod clock;
pub mod company;
pub mod customer;
pub mod demo;
pub mod error;
pub mod event;
pub mod exchange;
pub mod graphql;
pub mod http;
pub mod ids;
pub mod json;
pub mod meter;
pub mod note;
pub mod note_type;
pub mod people;
pub mod quota;
pub mod scheduling;
pub mod schema;
pub mod search;
pub mod store;
pub mod text;
pub mod user;
