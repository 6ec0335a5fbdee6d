//! `notesPatch`.

use async_graphql::{ID, InputObject};

use super::batch::{Batch, BatchErrorPolicy, NoteBatchResult};
use super::change::References;
use super::patch::{may_hide, save};
use super::patch_fields::{Diff, NotePatch, Wanted};
use crate::context::ContextExt;
use crate::engine::{Context, lent, local, object};
use crate::entity::token::Scope;
use crate::error::Result;
use crate::event::Moment;
use crate::search::Texts;
use crate::user_error::{Problems, UserError};

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
        results = local(|payload: &NotesPatchPayload| payload.results.clone());
        /// The number of notes that changed; notes that already have the values of the patch do not count.
        changed_count = lent(|payload: &NotesPatchPayload| &payload.changed_count);
        /// Errors that the user can fix. If there are any, nothing was changed.
        user_errors = local(|payload: &NotesPatchPayload| payload.user_errors.clone());
    }
}

pub async fn patch_many(ctx: &Context<'_>, input: NotesPatchInput) -> Result<NotesPatchPayload> {
    let viewer = ctx.viewer(Scope::Write)?;
    let NotesPatchInput { ids, patch, error_policy } = input;
    let mut problems = Problems::default();
    let mut references = References::default();
    let wanted = Wanted::new(patch, &mut problems, &mut references);
    let texts = if problems.0.is_empty() { wanted.texts(ctx.reader()).await? } else { Texts::default() };

    let app = ctx.app();
    let sight = ctx.sight();
    let transaction = app.db.begin().await?;
    let mut batch = Batch::hold(&transaction, sight, ids, error_policy.unwrap_or_default(), &mut problems).await?;
    references.check(&transaction, sight, &mut problems).await?;
    let moment = Moment::new(viewer, app);
    let may_hide = may_hide(&transaction, sight, &wanted, batch.notes.values()).await?;
    let mut diffs = Vec::with_capacity(batch.notes.len());
    let mut failed = Vec::new();
    for note in batch.notes.values() {
        let mut problems = Problems::default();
        let diff = Diff::new(note, &wanted, may_hide.contains(&note.id), &mut problems, &moment);
        if problems.0.is_empty() { diffs.push(diff) } else { failed.push((note.id, problems)) }
    }
    for (key, problems) in failed {
        batch.fail(key, problems);
    }
    let mut changed_count = 0;
    if batch.is_refused(&problems) {
        transaction.rollback().await?;
    } else if let Some(refused) = save(&transaction, &moment, &diffs, &texts).await? {
        transaction.rollback().await?;
        problems.0.push(refused);
    } else {
        transaction.commit().await?;
        changed_count = diffs.iter().filter(|diff| !diff.fields.is_empty()).count();
        batch.notes.extend(diffs.into_iter().map(|diff| (diff.note.id, diff.note)));
    }
    let (results, user_errors) = batch.tell(problems);
    Ok(NotesPatchPayload { results, changed_count, user_errors })
}
