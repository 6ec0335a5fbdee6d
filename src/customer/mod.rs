//! Customers, whom notes are about.

mod connection;
mod load;
mod object;
mod upsert;

pub use connection::{CustomerConnection, list};
pub use load::CustomerById;
pub use object::Customer;
pub use upsert::{CustomerInput, CustomersUpsertPayload, upsert};
