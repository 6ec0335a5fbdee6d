//! notegraph: customer notes over GraphQL.
//!
//! A request arrives at [`http`], which authenticates the client ([`auth`]) and passes the operation to the [`schema`];
//! its fields live with the objects that they belong to ([`note`], [`customer`], [`user`]). The [`engine`] executes the
//! operation: it resolves the relations of all objects of a level at once, by queries for rows ([`entity`]) of the
//! database ([`db`]). Changes append to the event log ([`event`]), update the usage of the company ([`quota`]), and
//! keep derived columns for comparing and sorting ([`casefold`], [`backfill`]) in sync.
//!
//! [`json`] parses JSON from clients and files within limits. Connections are served on other threads than operations
//! ([`runtime`]), and a [`watchdog`] detects tasks that block a thread.
//!
//! In addition there are the [`commands`] and their settings ([`config`]), the exchange format of imports and exports
//! ([`exchange`]), and generated demo data ([`demo`]).

pub mod auth;
pub mod backfill;
pub mod clock;
pub mod commands;
pub mod company;
pub mod config;
pub mod context;
pub mod control_characters;
pub mod customer;
pub mod db;
pub mod demo;
pub use breadth::document;
pub mod casefold;
pub mod data_loader;
pub mod engine;
pub mod entity;
pub mod error;
pub mod event;
pub mod exchange;
pub mod http;
pub mod id;
pub mod idempotency;
pub mod json;
pub mod meter;
pub mod note;
pub mod note_type;
pub mod offload;
pub mod page;
pub mod people;
pub mod private_file;
pub mod query_limits;
pub mod quota;
pub mod runtime;
pub mod scalar;
pub mod scheduling;
pub mod schema;
pub mod search;
pub mod selected_columns;
pub mod user;
pub mod user_error;
pub mod watchdog;
