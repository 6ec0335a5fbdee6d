//! The exchange form: notes as the notes REST API answers them, read from files and written again.
//!
//! Reading: [`input`] finds the records in a file, [`record`] takes each apart with the modules named after what
//! they read ([`note`], [`message`], [`assignee`], [`customer`], [`user`]; [`billing`] for the other form), and
//! [`intake`] brings them into the database. Writing: [`output`] walks the notes of a company, and the same modules
//! say how a row is written. What the columns cannot hold of a record stays beside its row ([`source`]).

pub mod assignee;
pub mod billing;
pub mod bounds;
pub mod customer;
pub mod input;
pub mod intake;
pub mod message;
pub mod note;
pub mod object;
pub mod output;
pub mod person;
pub mod reader;
pub mod record;
pub mod source;
pub mod user;
pub mod value;

pub use source::forget;
