//! Notes: what they show, how they are listed, and what changes them.

mod assign;
mod change;
mod connection;
mod create;
mod delete;
mod deletion;
mod filter;
mod list;
mod load;
mod message;
mod message_page;
mod object;
mod order;
mod patch;
mod patch_fields;
mod post;
mod text;
mod user_error;

pub use assign::{NoteAssignInput, NoteAssignPayload, NoteUnassignInput, NoteUnassignPayload, assign, unassign};
pub use connection::{NoteConnection, NoteEdge, notes_of};
pub use create::{NoteCreateInput, NoteCreatePayload, create};
pub use delete::{NoteDeleteInput, NoteDeletePayload, delete};
pub use deletion::{DeletionReport, preview};
pub use filter::NoteFilter;
pub use list::{NoteListArgs, Whose};
pub use load::{MessageById, NoteById};
pub use message::NoteMessage;
pub use object::Note;
pub use order::NoteOrder;
pub use patch::{NotePatchInput, NotePatchPayload, patch};
pub use post::{NoteMessagePostInput, NoteMessagePostPayload, post};
pub use user_error::{ErrorCode, UserError};
