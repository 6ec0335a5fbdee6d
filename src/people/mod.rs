//! Finding customers and users: by the words of their names, addresses and user names, and by telephone numbers.
//!
//! [`words`] says which words somebody is found by, [`search`] what somebody looks for. The table of words is written
//! in the transaction that writes the person ([`index`]), and made anew when its rules change
//! ([`derived`](crate::derived)).
//!
//! [`upsert`] is what the changes of customers and users have in common.

mod index;
mod number;
mod phone;
mod search;
mod upsert;
mod words;

pub use index::{Findable, add, batch, replace};
pub use number::{PhoneNumber, PhoneNumberInput};
pub use search::PeopleSearch;
pub use upsert::{Fields, Identity, fits, hold, save, take_turns};
