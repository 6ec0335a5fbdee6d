//! Companies, which own all other records.

mod object;

pub use object::{Company, CompanyById};
