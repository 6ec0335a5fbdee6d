//! `noteMessagePost`.

use std::sync::Arc;

use async_graphql::{ID, InputObject};
use breadth::{Context, inline, object};
use sea_orm::sea_query::Expr;
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter};

use super::object::NoteMessage;
use super::page::NoteMessageEdge;
use crate::error::Result;
use crate::event::{Audience, ChangeContext, NewEvent};
use crate::graphql::context::ContextExt;
use crate::graphql::data_loader::DataLoader;
use crate::graphql::idempotency::{self, IdempotencyKey, PriorResult};
use crate::graphql::scalars::Url;
use crate::graphql::user_errors::{ErrorCode, UserError, UserErrors};
use crate::ids::MessageId;
use crate::note::load::by_key::MessageById;
use crate::note::object::Note;
use crate::note::text::{BODY, NAME};
use crate::note::write::lock::RequestedNote;
use crate::note::write::tokenize::{NewTexts, tokenize_new};
use crate::quota::{StorageUsage, message_bytes};
use crate::search;
use crate::store::entity::event::EventType;
use crate::store::entity::token::Scope;
use crate::store::entity::{message, note};

/// A file attached to a message; the file itself is stored elsewhere.
#[derive(InputObject)]
pub struct AttachmentInput {
    /// The address of the file.
    url: Url,
    /// The file name, at most 255 characters; when absent, the last part of the address.
    filename: Option<String>,
    /// The media type, at most 255 characters.
    content_type: Option<String>,
}

/// A message to post to a note.
#[derive(InputObject)]
pub struct NoteMessagePostInput {
    /// The ID of the note.
    note_id: ID,
    /// The text: at most 250,000 characters; not blank, unless there is an attachment.
    message: String,
    /// A file attached to the message.
    attachment: Option<AttachmentInput>,
    /// A key that the client chooses, 1 to 255 characters, to retry the mutation if the response was lost. The same key
    /// with the same input returns the first result for 24 hours, with its current values, and nothing is created
    /// again. A key belongs to one mutation and one user; a refused mutation does not use up its key.
    idempotency_key: Option<String>,
}

/// The result of `noteMessagePost`.
#[derive(Clone, Default)]
pub struct NoteMessagePostPayload {
    note: Option<Note>,
    message: Option<NoteMessage>,
    message_edge: Option<NoteMessageEdge>,
    user_errors: Vec<UserError>,
}

object! {
    /// The result of `noteMessagePost`.
    NoteMessagePostPayload {
        /// The note, with the new message in its thread. Its version does not change, so that comments do not break an
        /// open form.
        note = inline(|payload: &NoteMessagePostPayload| payload.note.clone());
        /// The new message.
        message = inline(|payload: &NoteMessagePostPayload| payload.message.clone());
        /// The edge of the new message in its thread, oldest first.
        message_edge = inline(|payload: &NoteMessagePostPayload| payload.message_edge.clone());
        /// Errors that the user can fix. If there are any, nothing was posted.
        user_errors = inline(|payload: &NoteMessagePostPayload| payload.user_errors.clone());
    }
}

impl NoteMessagePostPayload {
    fn made(note: note::Model, message: Arc<message::Model>) -> Self {
        Self {
            note: Some(Note(Arc::new(note))),
            message_edge: Some(NoteMessageEdge::oldest_first(Arc::clone(&message))),
            message: Some(NoteMessage(message)),
            user_errors: Vec::new(),
        }
    }

    /// The result of the earlier mutation with the same key.
    async fn again(ctx: &Context<'_>, id: MessageId) -> Result<Self> {
        let (access, db) = (ctx.access(), ctx.app().db.read());
        if let Some(message) = DataLoader::<MessageById>::new(ctx.data_source()).load(id).await?
            && let Some(note) = access.notes().filter(note::Column::Id.eq(message.note_id)).one(db).await?
        {
            return Ok(Self::made(note, message));
        }
        Ok(Self { user_errors: vec![idempotency::gone()], ..Self::default() })
    }
}

pub async fn post(ctx: &Context<'_>, input: NoteMessagePostInput) -> Result<NoteMessagePostPayload> {
    let viewer = ctx.viewer(Scope::Write)?;
    let mut errors = UserErrors::default();
    let key = IdempotencyKey::new("noteMessagePost", input.idempotency_key.as_deref(), &input, &mut errors);
    let NoteMessagePostInput { note_id, message, attachment, idempotency_key: _ } = input;
    errors.check_text(&["input", "message"], &message, BODY);
    if message.trim().is_empty() && attachment.is_none() {
        errors.add(ErrorCode::Required, &["input", "message"], "A message must have a text or an attachment.");
    }
    let (url, filename, content_type) = match attachment {
        None => (None, None, None),
        Some(AttachmentInput { url, filename, content_type }) => {
            for (field, text) in [("filename", &filename), ("contentType", &content_type)] {
                if let Some(text) = text {
                    errors.check_name(&["input", "attachment", field], text, NAME);
                }
            }
            let filename = filename.or_else(|| url.filename());
            (Some(url.0), filename, content_type)
        }
    };

    let texts = match tokenize_new(ctx, &key, &[Some(message.as_str())], &errors).await? {
        NewTexts::Tokenized(texts) => texts,
        NewTexts::Made(id) => return NoteMessagePostPayload::again(ctx, id).await,
    };
    let app = ctx.app();
    let id = app.db.next_id(viewer.company_id).await?;
    let mut reads = app.db.reads();
    let asked_key = key.ask(&mut reads, ctx.access());
    let note = RequestedNote::ask(&mut reads, ctx.access(), "noteId", &note_id);
    let (transaction, mut answers) = app.db.begin_with(reads).await?;
    match key.find(&transaction, ctx, asked_key, &mut answers).await? {
        PriorResult::New => {}
        PriorResult::Completed(id) => {
            transaction.rollback().await?;
            return NoteMessagePostPayload::again(ctx, id).await;
        }
        PriorResult::Conflict(refused) => errors.0.push(refused),
    }
    let mut note = match note.note(&transaction, ctx.access(), &mut answers).await? {
        Ok(note) if errors.0.is_empty() => note,
        refused => {
            transaction.rollback().await?;
            errors.0.extend(refused.err());
            return Ok(NoteMessagePostPayload { user_errors: errors.0, ..Default::default() });
        }
    };
    let context = ChangeContext::new(viewer, app);
    note.message_count += 1;
    note.updated_on = context.time;
    let message = message::Model {
        company_id: note.company_id,
        id,
        note_id: note.id,
        position: note.message_count,
        message,
        attachment_url: url,
        attachment_filename: filename,
        attachment_content_type: content_type,
        attachment_size: None,
        posted_by_id: Some(viewer.user_id),
        created_on: context.time,
        from_import: false,
        source: None,
    };
    let events = vec![NewEvent::new(EventType::MessagePosted, note.id, Some(message.id), &[], Audience::same(&note))];
    let growth = StorageUsage::of_bytes(message_bytes(&message));
    if let Some(refused) = context.refusal(&transaction, &events, growth).await? {
        transaction.rollback().await?;
        return Ok(NoteMessagePostPayload { user_errors: vec![refused], ..Default::default() });
    }
    let writes = transaction.writes();
    message::Entity::insert(message.clone().into_active_model().reset_all()).exec_without_returning(&writes).await?;
    note::Entity::update_many()
        .col_expr(note::Column::MessageCount, Expr::val(note.message_count))
        .col_expr(note::Column::UpdatedOn, Expr::val(note.updated_on))
        .filter(note::Column::CompanyId.eq(note.company_id))
        .filter(note::Column::Id.eq(note.id))
        .exec(&writes)
        .await?;
    search::add(&writes, note.company_id, &search::parts([], [&message]), &texts).await?;
    context.append(&writes, events, growth).await?;
    key.keep(&writes, context.viewer, context.time, message.id).await?;
    transaction.commit().await?;
    Ok(NoteMessagePostPayload::made(note, Arc::new(message)))
}
