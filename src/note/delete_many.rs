//! `notesDelete`.

use async_graphql::{ID, InputObject};

use super::batch::{Batch, BatchErrorPolicy, NoteBatchResult};
use super::delete::remove;
use super::deletion::DeletionReport;
use crate::context::ContextExt;
use crate::engine::{Context, lent, local, object};
use crate::entity::note;
use crate::entity::token::Scope;
use crate::error::Result;
use crate::event::Moment;
use crate::id::Kind;
use crate::user_error::{Problems, UserError};

/// Notes to be deleted.
#[derive(InputObject)]
pub struct NotesDeleteInput {
    /// The notes: at most 100. One that is named several times is deleted once, and has its outcome in each place.
    ids: Vec<ID>,
    /// What to do where some of them cannot be deleted; `REJECT_ALL` when absent or null.
    #[graphql(default_with = "Some(BatchErrorPolicy::default())")]
    error_policy: Option<BatchErrorPolicy>,
}

/// What became of them.
#[derive(Clone, Default)]
pub struct NotesDeletePayload {
    deleted_note_ids: Vec<ID>,
    report: Option<DeletionReport>,
    results: Vec<NoteBatchResult>,
    user_errors: Vec<UserError>,
}

object! {
    /// What became of them.
    NotesDeletePayload {
        /// The notes that are gone, each once, in the order of their keys.
        deleted_note_ids = lent(|payload: &NotesDeletePayload| &payload.deleted_note_ids);
        /// What was deleted with them, and what has lost its link to them; null where nothing was to be deleted, or
        /// something has to be put right.
        report = local(|payload: &NotesDeletePayload| payload.report.clone());
        /// What became of each, in the order of the IDs: without a note where it is gone. Empty where there were too many
        /// of them.
        results = local(|payload: &NotesDeletePayload| payload.results.clone());
        /// What has to be put right; then nothing was deleted.
        user_errors = local(|payload: &NotesDeletePayload| payload.user_errors.clone());
    }
}

pub async fn delete_many(ctx: &Context<'_>, input: NotesDeleteInput) -> Result<NotesDeletePayload> {
    let viewer = ctx.viewer(Scope::Write)?;
    let NotesDeleteInput { ids, error_policy } = input;
    let mut problems = Problems::default();
    let app = ctx.app();
    let sight = ctx.sight();
    let transaction = app.db.begin().await?;
    let mut batch = Batch::hold(&transaction, sight, ids, error_policy.unwrap_or_default(), &mut problems).await?;
    let mut payload = NotesDeletePayload::default();
    if batch.is_refused(&problems) || batch.notes.is_empty() {
        transaction.rollback().await?;
    } else {
        let notes: Vec<note::Model> = std::mem::take(&mut batch.notes).into_values().collect();
        payload.report = Some(remove(&transaction, sight, &Moment::new(viewer, app), &notes).await?);
        transaction.commit().await?;
        payload.deleted_note_ids = notes.iter().map(|note| Kind::Note.id(note.id)).collect();
    }
    (payload.results, payload.user_errors) = batch.tell(problems);
    Ok(payload)
}
