//! The exchange format: notes as the notes REST API returns them, imported from files and exported.
//!
//! Import: [`input`] finds the records in a file, [`record`] parses each with the modules named after what they parse
//! ([`note`], [`message`], [`assignee`], [`customer`], [`user`]; [`billing`] for the other format), and [`intake`]
//! writes them to the database. Export: [`output`] reads the notes of a company, and the same modules format the rows.
//! Values of a record that the columns cannot hold are stored next to its row: see
//! [`provenance`](crate::store::provenance).

pub mod assignee;
pub mod billing;
pub mod bounds;
pub mod customer;
pub mod input;
pub mod intake;
pub mod message;
pub mod note;
pub mod output;
pub mod person;
pub mod reader;
pub mod record;
pub mod user;
pub mod value;
