//! Notes: their GraphQL fields, their lists, and the mutations that change them.

mod enums;
mod event;
mod field;
mod list;
mod load;
mod message;
mod message_range;
mod object;
mod text;
mod write;

pub use event::connection::NoteEventConnection;
pub use event::feed::{NoteEventsArgs, feed};
pub use event::follow::follow;
pub use event::load::EventByHandle;
pub use event::object::{NoteEvent, NoteEventType};
pub use field::{NoteField, NoteFieldSpec, all_fields};
pub use list::connection::{NoteConnection, NoteEdge};
pub use list::counts::{NoteCount, NoteGroupKey, counts};
pub use list::filter::NoteFilter;
pub use list::note_list::NoteListArgs;
pub use list::order::NoteOrder;
pub use load::by_key::{AssigneeById, MessageById, NoteById};
pub use message::object::NoteMessage;
pub use message::post::{NoteMessagePostInput, NoteMessagePostPayload, post};
pub use object::Note;
pub use write::assignment::assign::{NoteAssignInput, NoteAssignPayload, assign};
pub use write::assignment::assign_many::{NotesAssignInput, NotesAssignPayload, assign_many};
pub use write::assignment::unassign::{NoteUnassignInput, NoteUnassignPayload, unassign};
pub use write::assignment::unassign_many::{NotesUnassignInput, NotesUnassignPayload, unassign_many};
pub use write::create::{NoteCreateInput, NoteCreatePayload, create};
pub use write::delete::{NoteDeleteInput, NoteDeletePayload, delete};
pub use write::delete_many::{NotesDeleteInput, NotesDeletePayload, delete_many};
pub use write::deletion::{DeletionReport, preview};
pub use write::patch::{NotePatchInput, NotePatchPayload, patch};
pub use write::patch_many::{NotesPatchInput, NotesPatchPayload, patch_many};
