//! Notes in the exchange format.

mod format;
mod imported;
mod read;
mod write;

pub use format::{KEYS, reference_name, status_name};
pub use imported::ImportedNote;
pub use read::read;
pub use write::{Parts, fields, honour};
