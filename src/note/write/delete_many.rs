//! `notesDelete`.

use async_graphql::{ID, InputObject};
use breadth::{Context, field_ref, inline, object};

use super::batch::{BatchErrorPolicy, NoteBatchResult, RequestedBatch};
use super::delete::{RequestedLosses, remove};
use super::deletion::DeletionReport;
use crate::error::Result;
use crate::event::ChangeContext;
use crate::graphql::context::ContextExt;
use crate::graphql::global_id::NodeId;
use crate::graphql::user_errors::{UserError, UserErrors};
use crate::store::entity::note;
use crate::store::entity::token::Scope;

/// Notes to delete.
#[derive(InputObject)]
pub struct NotesDeleteInput {
    /// The IDs of the notes: at most 100. A note that is named several times is deleted once, and has its result at
    /// each place.
    ids: Vec<ID>,
    /// What to do if some notes cannot be deleted; `REJECT_ALL` when absent or null.
    #[graphql(default_with = "Some(BatchErrorPolicy::default())")]
    error_policy: Option<BatchErrorPolicy>,
}

/// The result of `notesDelete`.
#[derive(Clone, Default)]
pub struct NotesDeletePayload {
    deleted_note_ids: Vec<ID>,
    report: Option<DeletionReport>,
    results: Vec<NoteBatchResult>,
    user_errors: Vec<UserError>,
}

object! {
    /// The result of `notesDelete`.
    NotesDeletePayload {
        /// The IDs of the deleted notes, each once, in the order of their keys.
        deleted_note_ids = field_ref(|payload: &NotesDeletePayload| &payload.deleted_note_ids);
        /// The records that were deleted with the notes, and those that lost their links to them; null if there was
        /// nothing to delete, or if there are errors.
        report = inline(|payload: &NotesDeletePayload| payload.report.clone());
        /// The result of each note, in the order of the IDs; `note` is null for a deleted note. Empty if there were too
        /// many IDs.
        results = inline(|payload: &NotesDeletePayload| payload.results.clone());
        /// Errors that the user can fix. If there are any, nothing was deleted.
        user_errors = inline(|payload: &NotesDeletePayload| payload.user_errors.clone());
    }
}

pub async fn delete_many(ctx: &Context<'_>, input: NotesDeleteInput) -> Result<NotesDeletePayload> {
    let viewer = ctx.viewer(Scope::Write)?;
    let NotesDeleteInput { ids, error_policy } = input;
    let mut errors = UserErrors::default();
    let app = ctx.app();
    let access = ctx.access();
    let mut reads = app.db.reads();
    let batch = RequestedBatch::ask(&mut reads, access, ids, error_policy.unwrap_or_default(), &mut errors);
    let losses = RequestedLosses::ask(&mut reads, access, batch.keys());
    let (transaction, mut answers) = app.db.begin_with(reads).await?;
    let mut batch = batch.batch(&transaction, access, &mut answers).await?;
    let mut payload = NotesDeletePayload::default();
    if batch.is_refused(&errors) || batch.notes.is_empty() {
        transaction.rollback().await?;
    } else {
        let notes: Vec<note::Model> = std::mem::take(&mut batch.notes).into_values().collect();
        let losses = losses.losses(&mut answers, &notes)?;
        let context = ChangeContext::new(viewer, app);
        payload.report = Some(remove(&transaction, access, &context, &notes, losses).await?);
        transaction.commit().await?;
        payload.deleted_note_ids = notes.iter().map(|note| note.id.global_id()).collect();
    }
    (payload.results, payload.user_errors) = batch.into_results(errors);
    Ok(payload)
}
