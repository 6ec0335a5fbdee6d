//! `noteDelete`.

use std::sync::Arc;

use async_graphql::{ID, InputObject};
use breadth::{Context, field_ref, inline, object};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};

use super::deletion::{DeletionReport, RequestedReport};
use super::lock::RequestedNote;
use crate::error::Result;
use crate::event::{Audience, ChangeContext, NewEvent};
use crate::graphql::context::ContextExt;
use crate::graphql::global_id::NodeId;
use crate::graphql::user_errors::UserError;
use crate::ids::NoteId;
use crate::note::object::Note;
use crate::quota::{StorageUsage, ask_messages_usage, messages_usage, note_bytes};
use crate::search;
use crate::store::AccessScope;
use crate::store::db::{Answer, Answers, Dialect, ReadBatch, Transaction};
use crate::store::entity::event::EventType;
use crate::store::entity::token::Scope;
use crate::store::entity::{assignment, message, note};

/// A note to delete.
#[derive(InputObject)]
pub struct NoteDeleteInput {
    /// The ID of the note.
    id: ID,
    /// Delete the note only if it is still at this version.
    expected_version: Option<i32>,
}

/// The result of `noteDelete`. After `VERSION_CONFLICT`, `note` is the current state.
#[derive(Clone, Default)]
pub struct NoteDeletePayload {
    deleted_note_id: Option<ID>,
    note: Option<Note>,
    report: Option<DeletionReport>,
    user_errors: Vec<UserError>,
}

object! {
    /// The result of `noteDelete`. After `VERSION_CONFLICT`, `note` is the current state.
    NoteDeletePayload {
        /// The ID of the deleted note.
        deleted_note_id = field_ref(|payload: &NoteDeletePayload| &payload.deleted_note_id);
        /// The note, which still exists, after `VERSION_CONFLICT`.
        note = inline(|payload: &NoteDeletePayload| payload.note.clone());
        /// The records that were deleted with the note, and those that lost their link to it.
        report = inline(|payload: &NoteDeletePayload| payload.report.clone());
        /// Errors that the user can fix. If there are any, nothing was deleted.
        user_errors = inline(|payload: &NoteDeletePayload| payload.user_errors.clone());
    }
}

pub async fn delete(ctx: &Context<'_>, input: NoteDeleteInput) -> Result<NoteDeletePayload> {
    let viewer = ctx.viewer(Scope::Write)?;
    let NoteDeleteInput { id, expected_version } = input;
    let app = ctx.app();
    let access = ctx.access();
    let mut reads = app.db.reads();
    let note = RequestedNote::ask(&mut reads, access, "id", &id);
    let losses = RequestedLosses::ask(&mut reads, access, note.key().as_slice());
    let (transaction, mut answers) = app.db.begin_with(reads).await?;
    let note = match note.note(&transaction, access, &mut answers).await? {
        Ok(note) => note,
        Err(refused) => {
            transaction.rollback().await?;
            return Ok(NoteDeletePayload { user_errors: vec![refused], ..Default::default() });
        }
    };
    if let Some(expected) = expected_version.filter(|expected| *expected != note.version) {
        transaction.rollback().await?;
        let user_errors = vec![UserError::version_conflict(expected, note.version)];
        return Ok(NoteDeletePayload { note: Some(Note(Arc::new(note))), user_errors, ..Default::default() });
    }
    let notes = std::slice::from_ref(&note);
    let losses = losses.losses(&mut answers, notes)?;
    let report = remove(&transaction, access, &ChangeContext::new(viewer, app), notes, losses).await?;
    transaction.commit().await?;

    Ok(NoteDeletePayload {
        deleted_note_id: Some(note.id.global_id()),
        note: None,
        report: Some(report),
        user_errors: Vec::new(),
    })
}

/// The records that the deletion of locked notes also removes.
pub struct Losses {
    report: DeletionReport,
    messages: StorageUsage,
}

/// What the deletion of notes removes, read behind the lock of these notes.
pub struct RequestedLosses {
    report: RequestedReport,
    messages: Answer,
}

impl RequestedLosses {
    pub fn ask(reads: &mut ReadBatch, access: AccessScope, notes: &[NoteId]) -> Self {
        let report = RequestedReport::ask(reads, access, notes);
        Self { report, messages: ask_messages_usage(reads, access, notes) }
    }

    pub fn losses(self, answers: &mut Answers, notes: &[note::Model]) -> Result<Losses> {
        let messages = messages_usage(answers, self.messages)?;
        Ok(Losses { report: self.report.report(answers, notes)?, messages })
    }
}

/// Deletes locked notes, with their messages and assignments, and appends the events to the log.
pub async fn remove(
    transaction: &Transaction,
    access: AccessScope,
    context: &ChangeContext<'_>,
    notes: &[note::Model],
    losses: Losses,
) -> Result<DeletionReport> {
    let Losses { report, messages } = losses;
    let writes = transaction.writes();
    let dialect = Dialect::of(transaction);
    let keys = || notes.iter().map(|note| note.id);
    let count = i64::try_from(notes.len()).unwrap_or(i64::MAX);
    let growth = StorageUsage { notes: -count, bytes: -messages.bytes - notes.iter().map(note_bytes).sum::<i64>() };
    // First, as the event takes the assignees from the database.
    let deleted = |note: &note::Model| NewEvent::new(EventType::Deleted, note.id, None, &[], Audience::deleted(note));
    context.append(&writes, notes.iter().map(deleted).collect(), growth).await?;
    message::Entity::delete_many()
        .filter(message::Column::CompanyId.eq(access.company_id))
        .filter(dialect.one_of((message::Entity, message::Column::NoteId), keys()))
        .exec(&writes)
        .await?;
    assignment::Entity::delete_many()
        .filter(assignment::Column::CompanyId.eq(access.company_id))
        .filter(dialect.one_of((assignment::Entity, assignment::Column::NoteId), keys()))
        .exec(&writes)
        .await?;
    search::remove_notes(&writes, access.company_id, &keys().collect::<Vec<NoteId>>()).await?;
    note::Entity::delete_many()
        .filter(note::Column::CompanyId.eq(access.company_id))
        .filter(dialect.one_of((note::Entity, note::Column::Id), keys()))
        .exec(&writes)
        .await?;
    Ok(report)
}
