//! Customers: whom notes are about.

mod connection;
mod load;
mod object;

pub use connection::{CustomerConnection, list};
pub use load::CustomerById;
pub use object::Customer;
