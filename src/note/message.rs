//! What a message shows.

use std::sync::Arc;

use super::load::NoteById;
use super::object::Note;
use crate::engine::{leaf, lent, link, local, object, promised};
use crate::entity::message;
use crate::id::{GlobalId, Kind};
use crate::scalar::{BigInt, DateTime, Url};
use crate::user::{User, UserById};

/// The row of a message, as the schema shows it.
#[derive(Clone)]
pub struct NoteMessage(pub Arc<message::Model>);

object! {
    /// What somebody said about a note.
    NoteMessage implements "Node" {
        /// Names this message among all records.
        id = leaf(|message: &NoteMessage| GlobalId(Kind::NoteMessage, message.0.id));
        /// The key of the message within its company.
        database_id = leaf(|message: &NoteMessage| BigInt(message.0.id)).reads(&["id"]);
        /// The note it is about.
        note_id = leaf(|message: &NoteMessage| GlobalId(Kind::Note, message.0.note_id));
        /// The note it is about.
        note = promised::<_, NoteById, _>(|message: &NoteMessage| message.0.note_id, Note).reads(&["note_id"]);
        /// The text.
        message = lent(|message: &NoteMessage| &message.0.message);
        /// The file that goes with it.
        attachment = local(|message: &NoteMessage| Attachment::of(message)).reads(&[
            "attachment_url",
            "attachment_filename",
            "attachment_content_type",
            "attachment_size",
        ]);
        /// Who said it; null where an import does not tell.
        posted_by_id = leaf(|message: &NoteMessage| message.0.posted_by_id.map(|id| GlobalId(Kind::User, id)));
        /// Who said it; null where an import does not tell.
        posted_by = link::<_, UserById, _>(
            |message: &NoteMessage| message.0.posted_by_id,
            |found| found.map(User),
        )
        .reads(&["posted_by_id"]);
        /// When it was said.
        created_on = leaf(|message: &NoteMessage| DateTime(message.0.created_on));
    }
}

/// The file of a message, as the schema shows it.
#[derive(Clone)]
pub struct Attachment {
    message: NoteMessage,
    filename: String,
}

impl Attachment {
    fn of(message: &NoteMessage) -> Option<Self> {
        let row = &message.0;
        let filename = row.attachment_filename.clone().or_else(|| row.attachment_url.clone())?;
        Some(Self { message: message.clone(), filename })
    }
}

object! {
    /// A file that goes with a message; it is kept elsewhere.
    Attachment {
        /// Where it is to be had, if that is known.
        url = leaf(|attachment: &Attachment| attachment.message.0.attachment_url.clone().map(Url));
        /// Its name.
        filename = lent(|attachment: &Attachment| &attachment.filename);
        /// Its media type, if that is known.
        content_type = lent(|attachment: &Attachment| &attachment.message.0.attachment_content_type);
        /// Its size in bytes, if that is known.
        size = leaf(|attachment: &Attachment| attachment.message.0.attachment_size.map(BigInt));
    }
}
