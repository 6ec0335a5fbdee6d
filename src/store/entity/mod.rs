//! The tables as `SeaORM` entities. Nothing here depends on GraphQL.
//!
//! Rows are read through [`AccessScope`](super::AccessScope), which knows the viewer, so that a finder cannot forget the
//! company or the confidentiality of a note.

pub mod assignment;
pub mod company;
pub mod customer;
pub mod derived;
pub mod event;
pub mod idempotency_key;
pub mod message;
pub mod note;
pub mod note_tag;
pub mod note_type;
pub mod note_update;
pub mod token;
pub mod user;
