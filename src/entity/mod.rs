//! The rows, as `SeaORM` entities, and the finders over them. No GraphQL in here.
//!
//! Reading goes through [`Sight`], which knows whose eyes are looking: a finder that forgets the company or the
//! confidentiality of a note cannot be written with it.

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
mod sight;
pub mod token;
pub mod user;

pub use columns::{Cells, Columns, Table};
pub use sight::Sight;
