//! `notesPatch`.

use async_graphql::{ID, InputObject};
use breadth::{Context, field_ref, inline, object};

use super::batch::{BatchErrorPolicy, NoteBatchResult, RequestedBatch};
use super::lock::References;
use super::patch::{may_hide, save};
use super::patch_fields::{Diff, NotePatch, ParsedPatch};
use crate::error::Result;
use crate::event::ChangeContext;
use crate::graphql::context::ContextExt;
use crate::graphql::user_errors::{UserError, UserErrors};
use crate::store::entity::token::Scope;

/// Notes to change, and the changes that all of them get.
#[derive(InputObject)]
pub struct NotesPatchInput {
    /// The IDs of the notes: at most 100. A note that is named several times is changed once, and has its result at
    /// each place.
    ids: Vec<ID>,
    /// The changes.
    patch: NotePatch,
    /// What to do if some notes cannot be changed; `REJECT_ALL` when absent or null.
    #[graphql(default_with = "Some(BatchErrorPolicy::default())")]
    error_policy: Option<BatchErrorPolicy>,
}

/// The result of `notesPatch`.
#[derive(Clone, Default)]
pub struct NotesPatchPayload {
    results: Vec<NoteBatchResult>,
    changed_count: usize,
    user_errors: Vec<UserError>,
}

object! {
    /// The result of `notesPatch`.
    NotesPatchPayload {
        /// The result of each note, in the order of the IDs; empty if there were too many IDs.
        results = inline(|payload: &NotesPatchPayload| payload.results.clone());
        /// The number of notes that changed; notes that already have the values of the patch do not count.
        changed_count = field_ref(|payload: &NotesPatchPayload| &payload.changed_count);
        /// Errors that the user can fix. If there are any, nothing was changed.
        user_errors = inline(|payload: &NotesPatchPayload| payload.user_errors.clone());
    }
}

pub async fn patch_many(ctx: &Context<'_>, input: NotesPatchInput) -> Result<NotesPatchPayload> {
    let viewer = ctx.viewer(Scope::Write)?;
    let NotesPatchInput { ids, patch, error_policy } = input;
    let mut errors = UserErrors::default();
    let mut references = References::default();
    let patch = ParsedPatch::new(patch, &mut errors, &mut references);
    let texts = patch.texts(ctx.data_source(), &errors).await?;

    let app = ctx.app();
    let access = ctx.access();
    let mut reads = app.db.reads();
    let batch = RequestedBatch::ask(&mut reads, access, ids, error_policy.unwrap_or_default(), &mut errors);
    let references = references.ask(&mut reads, access);
    let (transaction, mut answers) = app.db.begin_with(reads).await?;
    let mut batch = batch.batch(&transaction, access, &mut answers).await?;
    references.check(&mut answers, &mut errors)?;
    let context = ChangeContext::new(viewer, app);
    let may_hide = may_hide(&transaction, access, &patch, batch.notes.values()).await?;
    let mut diffs = Vec::with_capacity(batch.notes.len());
    let mut failed = Vec::new();
    for note in batch.notes.values() {
        let mut errors = UserErrors::default();
        let diff = Diff::new(note, &patch, may_hide.contains(&note.id), &mut errors, &context);
        if errors.0.is_empty() { diffs.push(diff) } else { failed.push((note.id, errors)) }
    }
    for (key, errors) in failed {
        batch.fail(key, errors);
    }
    let mut changed_count = 0;
    if batch.is_refused(&errors) {
        transaction.rollback().await?;
    } else if let Some(refused) = save(&transaction, &context, &diffs, &texts).await? {
        transaction.rollback().await?;
        errors.0.push(refused);
    } else {
        changed_count = diffs.iter().filter(|diff| !diff.fields.is_empty()).count();
        transaction.commit_if(changed_count > 0).await?;
        batch.notes.extend(diffs.into_iter().map(|diff| (diff.note.id, diff.note)));
    }
    let (results, user_errors) = batch.into_results(errors);
    Ok(NotesPatchPayload { results, changed_count, user_errors })
}
