//! Finding customers and users: by the words of their names, addresses and user names, and by telephone numbers.
//!
//! [`words`] defines the words by which a person is found, and [`search`] parses a search. The table of words is
//! written in the transaction that writes the person ([`index`]), and rebuilt when its rules change ([`batch`]).
//!
//! [`upsert`] is the common part of the mutations of customers and users, and [`notes`] of the fields that list their
//! notes.

mod index;
mod notes;
mod number;
mod phone;
mod search;
mod upsert;
mod words;

pub use index::{Searchable, add, batch, replace};
pub use notes::{ListParent, NotesField};
pub use number::{PhoneNumber, PhoneNumberInput};
pub use search::PeopleSearch;
pub use upsert::{Imported, InputFields, UpsertKey, check_count, lock_people, save, searched_texts, serialize_upserts};
pub use words::KnownWords;
