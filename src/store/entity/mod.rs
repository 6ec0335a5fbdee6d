//! The tables as `SeaORM` entities, and finders for their rows. Nothing here depends on GraphQL.
//!
//! Rows are read through [`AccessScope`], which knows the viewer, so that a finder cannot forget the company or the
//! confidentiality of a note.

mod access_scope;
pub mod assignment;
mod columns;
pub mod company;
pub mod customer;
pub mod derived;
pub mod event;
pub mod idempotency_key;
pub mod message;
pub mod note;
pub mod note_tag;
pub mod note_type;
pub mod token;
pub mod user;

pub use access_scope::AccessScope;
pub use columns::{Cells, ColumnSet, ColumnTable};
