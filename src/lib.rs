//! notegraph: customer notes over GraphQL.
//!
//! The way of a request: [`http`] finds out who asks ([`auth`]) and hands the operation to the [`schema`], whose
//! fields live with what they are about ([`note`], [`customer`], [`user`]). The [`engine`] executes it: it follows the
//! links of all objects of a level at once, with questions to the rows ([`entity`]) of the database ([`db`]). Changes append to the log ([`event`]), count what the company holds ([`quota`]), and keep what is
//! stored a second time to be compared and ordered ([`fold`], [`derived`]) in step.
//!
//! What clients and files say in JSON is read by [`json`], within bounds. Connections are served on other threads than
//! operations run on ([`runtime`]), and whatever holds a thread for long is noticed ([`watchdog`]).
//!
//! Beside it: the [`commands`] and their settings ([`config`]), the exchange form of imports and exports ([`form`]),
//! and made-up data ([`demo`]).

pub mod auth;
pub mod clock;
pub mod commands;
pub mod company;
pub mod config;
pub mod context;
pub mod control_characters;
pub mod customer;
pub mod db;
pub mod demo;
pub mod derived;
pub use breadth::document;
pub mod engine;
pub mod entity;
pub mod error;
pub mod event;
pub mod fair;
pub mod fold;
pub mod form;
pub mod gate;
pub mod http;
pub mod id;
pub mod idempotency;
pub mod json;
pub mod loader;
pub mod meter;
pub mod note;
pub mod note_type;
pub mod offload;
pub mod page;
pub mod people;
pub mod private_file;
pub mod projection;
pub mod quota;
pub mod runtime;
pub mod scalar;
pub mod schema;
pub mod search;
pub mod user;
pub mod user_error;
pub mod watchdog;
