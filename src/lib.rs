//! notegraph: customer notes over GraphQL.
//!
//! The way of a request: [`http`] finds out who asks ([`auth`]) and hands the operation to the [`schema`], whose
//! fields live with what they are about ([`note`], [`customer`], [`user`]); these read through [`loader`]s over the
//! rows ([`entity`]) of the database ([`db`]), and append what they changed to the log ([`event`]).

pub mod auth;
pub mod clock;
pub mod commands;
pub mod company;
pub mod config;
pub mod context;
pub mod customer;
pub mod db;
pub mod demo;
pub mod entity;
pub mod error;
pub mod event;
pub mod form;
pub mod gate;
pub mod http;
pub mod id;
pub mod loader;
pub mod note;
pub mod note_type;
pub mod page;
pub mod scalar;
pub mod schema;
pub mod user;
