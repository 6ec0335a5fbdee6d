//! What a message shows.

use std::sync::Arc;

use async_graphql::{Context, Description, ID, Object, SimpleObject};

use super::object::Note;
use crate::context::ContextExt;
use crate::entity::message;
use crate::error::{Error, Result};
use crate::id::Kind;
use crate::scalar::{BigInt, DateTime, Url};
use crate::user::User;

/// What somebody said about a note.
#[derive(Clone, Description)]
pub struct NoteMessage(pub Arc<message::Model>);

/// A file that goes with a message; it is kept elsewhere.
#[derive(SimpleObject)]
pub struct Attachment {
    /// Where it is to be had, if that is known.
    url: Option<Url>,
    /// Its name.
    filename: String,
    /// Its media type, if that is known.
    content_type: Option<String>,
    /// Its size in bytes, if that is known.
    size: Option<BigInt>,
}

#[Object(use_type_description)]
impl NoteMessage {
    /// Names this message among all records.
    pub async fn id(&self) -> ID {
        Kind::NoteMessage.id(self.0.id)
    }

    /// The key of the message within its company.
    async fn database_id(&self) -> BigInt {
        BigInt(self.0.id)
    }

    /// The note it is about.
    async fn note_id(&self) -> ID {
        Kind::Note.id(self.0.note_id)
    }

    /// The note it is about.
    async fn note(&self, ctx: &Context<'_>) -> Result<Note> {
        let note = ctx.loaders().message_note.load(self.0.note_id).await?;
        note.map(Note).ok_or_else(|| Error::missing("note", self.0.note_id))
    }

    /// The text.
    async fn message(&self) -> &str {
        &self.0.message
    }

    /// The file that goes with it.
    async fn attachment(&self) -> Option<Attachment> {
        let row = &self.0;
        let url = row.attachment_url.clone();
        let filename = row.attachment_filename.clone().or_else(|| url.clone())?;
        Some(Attachment {
            url: url.map(Url),
            filename,
            content_type: row.attachment_content_type.clone(),
            size: row.attachment_size.map(BigInt),
        })
    }

    /// Who said it; null where an import does not tell.
    async fn posted_by_id(&self) -> Option<ID> {
        self.0.posted_by_id.map(|id| Kind::User.id(id))
    }

    /// Who said it; null where an import does not tell.
    async fn posted_by(&self, ctx: &Context<'_>) -> Result<Option<User>> {
        let Some(id) = self.0.posted_by_id else { return Ok(None) };
        Ok(ctx.loaders().message_author.load(id).await?.map(User))
    }

    /// When it was said.
    async fn created_on(&self) -> DateTime {
        DateTime(self.0.created_on)
    }
}
