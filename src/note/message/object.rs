//! The GraphQL types `NoteMessage` and `Attachment`.

use std::sync::{Arc, LazyLock};

use breadth::{field, field_ref, inline, object, relation, required};

use crate::graphql::global_id::GlobalId;
use crate::graphql::scalars::{BigInt, DateTime, Url};
use crate::note::load::by_key::NoteById;
use crate::note::object::Note;
use crate::store::entity::message;
use crate::store::selected_columns::{FieldColumns, ObjectTable};
use crate::user::{User, UserById};

/// The GraphQL object of a message's row.
#[derive(Clone)]
pub struct NoteMessage(pub Arc<message::Model>);

impl ObjectTable for message::Entity {
    fn field_columns() -> &'static FieldColumns<Self> {
        static COLUMNS: LazyLock<FieldColumns<message::Entity>> =
            LazyLock::new(|| FieldColumns::of::<NoteMessage>(&["company_id", "id", "note_id", "position"]));
        &COLUMNS
    }
}

object! {
    /// A message in the thread of a note.
    NoteMessage implements "Node" {
        /// The global ID of the message.
        id = field(|message: &NoteMessage| GlobalId(message.0.id));
        /// The key of the message within its company.
        database_id = field(|message: &NoteMessage| BigInt::from(message.0.id)).reads(&["id"]);
        /// The note that the message belongs to.
        note_id = field(|message: &NoteMessage| GlobalId(message.0.note_id));
        /// The note that the message belongs to.
        note = required::<_, NoteById, _>(|message: &NoteMessage| message.0.note_id, Note).reads(&["note_id"]);
        /// The text of the message.
        message = field_ref(|message: &NoteMessage| &message.0.message);
        /// The attached file.
        attachment = inline(|message: &NoteMessage| Attachment::of(message)).reads(&[
            "attachment_url",
            "attachment_filename",
            "attachment_content_type",
            "attachment_size",
        ]);
        /// The user who posted the message; null if an import does not say.
        posted_by_id = field(|message: &NoteMessage| message.0.posted_by_id.map(GlobalId));
        /// The user who posted the message; null if an import does not say.
        posted_by = relation::<_, UserById, _>(
            |message: &NoteMessage| message.0.posted_by_id,
            |found| found.map(User),
        )
        .reads(&["posted_by_id"]);
        /// When the message was posted.
        created_on = field(|message: &NoteMessage| DateTime(message.0.created_on));
    }
}

/// The GraphQL object of a message's attached file.
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
    /// A file attached to a message; the file itself is stored elsewhere.
    Attachment {
        /// The address of the file, if known.
        url = field(|attachment: &Attachment| attachment.message.0.attachment_url.clone().map(Url));
        /// The file name.
        filename = field_ref(|attachment: &Attachment| &attachment.filename);
        /// The media type, if known.
        content_type = field_ref(|attachment: &Attachment| &attachment.message.0.attachment_content_type);
        /// The size in bytes, if known.
        size = field(|attachment: &Attachment| attachment.message.0.attachment_size.map(BigInt));
    }
}
