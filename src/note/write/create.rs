//! `noteCreate`.

use std::sync::Arc;

use async_graphql::{ID, InputObject};
use breadth::{Context, inline, object};
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter};

use super::assignments::{insert_assignments, new_assignments};
use super::lock::References;
use super::tokenize::{NewTexts, tokenize_new};
use crate::error::Result;
use crate::event::{Audience, ChangeContext, NewEvent};
use crate::graphql::context::ContextExt;
use crate::graphql::idempotency::{self, IdempotencyKey, PriorResult};
use crate::graphql::scalars::DateTime;
use crate::graphql::user_errors::{UserError, UserErrors};
use crate::ids::NoteId;
use crate::note::enums::{NoteReferenceType, NoteStatus};
use crate::note::list::connection::NoteEdge;
use crate::note::object::Note;
use crate::note::text::{BODY, NAME, SUBJECT};
use crate::quota::{StorageUsage, note_bytes};
use crate::search;
use crate::store::entity::event::EventType;
use crate::store::entity::note::{self, Tags};
use crate::store::entity::token::Scope;
use crate::text::casefold::casefold;

/// A note to create; the viewer becomes its author.
#[derive(InputObject)]
pub struct NoteCreateInput {
    /// The customer that the note is about.
    customer_id: Option<ID>,
    /// The type of the note.
    type_id: Option<ID>,
    /// The subject: at most 1,000 characters.
    subject: Option<String>,
    /// The text: at most 250,000 characters.
    details: Option<String>,
    /// Whether the note is open or closed; OPEN when absent or null.
    #[graphql(default_with = "Some(NoteStatus::Open)")]
    status: Option<NoteStatus>,
    /// The time of the reminder.
    reminder: Option<DateTime>,
    /// The kind of record that the note is about.
    reference_type: Option<NoteReferenceType>,
    /// The record that the note is about, by its ID in the other system: at most 255 characters.
    reference_id: Option<ID>,
    /// Whether the note is visible only to its author, its assignees and viewers with the CONFIDENTIAL scope; false
    /// when absent or null.
    #[graphql(default_with = "Some(false)")]
    confidential: Option<bool>,
    /// Whether the note is marked as important; false when absent or null.
    #[graphql(default_with = "Some(false)")]
    priority: Option<bool>,
    /// Whether the note is pinned to the customer's overview; false when absent or null.
    #[graphql(default_with = "Some(false)")]
    show_on_overview: Option<bool>,
    /// The tags: at most 100, of at most 200 characters each; duplicates are dropped.
    tags: Option<Vec<String>>,
    /// The IDs of the users responsible for the note: at most 100.
    assignee_ids: Option<Vec<ID>>,
    /// A key that the client chooses, 1 to 255 characters, to retry the mutation if the response was lost. The same key
    /// with the same input returns the first result for 24 hours, with its current values, and nothing is created
    /// again. A key belongs to one mutation and one user; a refused mutation does not use up its key.
    idempotency_key: Option<String>,
}

/// The result of `noteCreate`.
#[derive(Clone, Default)]
pub struct NoteCreatePayload {
    note: Option<Note>,
    note_edge: Option<NoteEdge>,
    user_errors: Vec<UserError>,
}

object! {
    /// The result of `noteCreate`.
    NoteCreatePayload {
        /// The new note.
        note = inline(|payload: &NoteCreatePayload| payload.note.clone());
        /// The edge of the new note in the list of all notes, newest first.
        note_edge = inline(|payload: &NoteCreatePayload| payload.note_edge.clone());
        /// Errors that the user can fix. If there are any, nothing was created.
        user_errors = inline(|payload: &NoteCreatePayload| payload.user_errors.clone());
    }
}

impl NoteCreatePayload {
    fn made(note: note::Model) -> Result<Self> {
        let note = Arc::new(note);
        let note_edge = Some(NoteEdge::newest_first(&note)?);
        Ok(Self { note_edge, note: Some(Note(note)), user_errors: Vec::new() })
    }

    /// The result of the earlier mutation with the same key.
    async fn again(ctx: &Context<'_>, id: NoteId) -> Result<Self> {
        let found = ctx.access().notes().filter(note::Column::Id.eq(id)).one(ctx.app().db.read()).await?;
        found.map_or_else(|| Ok(Self { user_errors: vec![idempotency::gone()], ..Self::default() }), Self::made)
    }
}

impl NoteCreateInput {
    /// The input with defaults in place of nulls: null and the default are the same input, also for the idempotency
    /// key.
    fn with_defaults(self) -> Self {
        Self {
            status: Some(self.status.unwrap_or(NoteStatus::Open)),
            confidential: Some(self.confidential.unwrap_or_default()),
            priority: Some(self.priority.unwrap_or_default()),
            show_on_overview: Some(self.show_on_overview.unwrap_or_default()),
            ..self
        }
    }
}

pub async fn create(ctx: &Context<'_>, input: NoteCreateInput) -> Result<NoteCreatePayload> {
    let viewer = ctx.viewer(Scope::Write)?;
    let input = input.with_defaults();
    let mut errors = UserErrors::default();
    let key = IdempotencyKey::new("noteCreate", input.idempotency_key.as_deref(), &input, &mut errors);
    let NoteCreateInput {
        customer_id,
        type_id,
        subject,
        details,
        status,
        reminder,
        reference_type,
        reference_id,
        confidential,
        priority,
        show_on_overview,
        tags,
        assignee_ids,
        idempotency_key: _,
    } = input;
    let mut references = References::default();
    let customer_id = customer_id.and_then(|id| references.add(&mut errors, &["input", "customerId"], &id));
    let type_id = type_id.and_then(|id| references.add(&mut errors, &["input", "typeId"], &id));
    let assignees =
        references.users(&mut errors, &["input", "assigneeIds"], assignee_ids.as_deref().unwrap_or_default());
    let reference = reference_id.as_ref().map(|id| id.as_str());
    let texts = [("subject", subject.as_deref(), SUBJECT), ("details", details.as_deref(), BODY)];
    for (field, text, max) in texts.into_iter().chain([("referenceId", reference, NAME)]) {
        if let Some(text) = text {
            errors.check_text(&["input", field], text, max);
        }
    }
    let tags = errors.tags(&["input", "tags"], tags.unwrap_or_default());
    let status = status.unwrap_or(NoteStatus::Open);

    let texts = match tokenize_new(ctx, &key, &[subject.as_deref(), details.as_deref()], &errors).await? {
        NewTexts::Tokenized(texts) => texts,
        NewTexts::Made(id) => return NoteCreatePayload::again(ctx, id).await,
    };
    let app = ctx.app();
    let id = app.db.next_id(viewer.company_id).await?;
    let mut reads = app.db.reads();
    let asked_key = key.ask(&mut reads, ctx.access());
    let references = references.ask(&mut reads, ctx.access());
    let (transaction, mut answers) = app.db.begin_with(reads).await?;
    match key.find(&transaction, ctx, asked_key, &mut answers).await? {
        PriorResult::New => {}
        PriorResult::Completed(id) => {
            transaction.rollback().await?;
            return NoteCreatePayload::again(ctx, id).await;
        }
        PriorResult::Conflict(refused) => errors.0.push(refused),
    }
    references.check(&mut answers, &mut errors)?;
    if !errors.0.is_empty() {
        transaction.rollback().await?;
        return Ok(NoteCreatePayload { user_errors: errors.0, ..Default::default() });
    }
    let context = ChangeContext::new(viewer, app);
    let note = note::Model {
        company_id: viewer.company_id,
        id,
        version: 1,
        type_id,
        subject_folded: subject.as_deref().map(casefold),
        subject,
        details,
        status: status.into(),
        priority: priority.unwrap_or_default(),
        confidential: confidential.unwrap_or_default(),
        show_on_overview: show_on_overview.unwrap_or_default(),
        reminder: reminder.map(|time| time.0),
        tags: Tags(tags),
        reference_type: reference_type.map(Into::into),
        reference_id: reference_id.map(|id| id.0),
        customer_id,
        user_id: Some(viewer.user_id),
        message_count: 0,
        created_on: context.time,
        updated_on: context.time,
        updated_by_id: Some(viewer.user_id),
        closed_on: (status == NoteStatus::Closed).then_some(context.time),
        source: None,
    };
    let events = vec![NewEvent::new(EventType::Created, note.id, None, &[], Audience::created(&note, &assignees))];
    let growth = StorageUsage { notes: 1, bytes: note_bytes(&note) };
    if let Some(refused) = context.refusal(&transaction, &events, growth).await? {
        transaction.rollback().await?;
        return Ok(NoteCreatePayload { user_errors: vec![refused], ..Default::default() });
    }
    let writes = transaction.writes();
    note::Entity::insert(note.clone().into_active_model().reset_all()).exec_without_returning(&writes).await?;
    let assignments = new_assignments(&context, &note, &assignees, 0);
    insert_assignments(&writes, &assignments).await?;
    search::add(&writes, note.company_id, &search::parts([&note], []), &texts).await?;
    context.append(&writes, events, growth).await?;
    key.keep(&writes, context.viewer, context.time, note.id).await?;
    transaction.commit().await?;
    NoteCreatePayload::made(note)
}
