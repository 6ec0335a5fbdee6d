//! `notesUnassign`.

use std::collections::HashSet;

use async_graphql::{ID, InputObject};
use breadth::{Context, field_ref, inline, object};

use super::assignments::{RequestedAssignments, unassign_users};
use crate::error::Result;
use crate::event::ChangeContext;
use crate::graphql::context::ContextExt;
use crate::graphql::user_errors::{UserError, UserErrors};
use crate::note::write::batch::{BatchErrorPolicy, NoteBatchResult, RequestedBatch};
use crate::note::write::lock::{References, still_visible};
use crate::store::entity::note;
use crate::store::entity::token::Scope;

/// Notes, and the users to unassign from each of them.
#[derive(InputObject)]
pub struct NotesUnassignInput {
    /// The IDs of the notes: at most 100. A note that is named several times is changed once, and has its result at
    /// each place.
    ids: Vec<ID>,
    /// The IDs of the users: at most 100.
    user_ids: Vec<ID>,
    /// What to do if some notes cannot be changed; `REJECT_ALL` when absent or null.
    #[graphql(default_with = "Some(BatchErrorPolicy::default())")]
    error_policy: Option<BatchErrorPolicy>,
}

/// The result of `notesUnassign`. Unassigning a user who is not assigned is no error.
#[derive(Clone, Default)]
pub struct NotesUnassignPayload {
    results: Vec<NoteBatchResult>,
    changed_count: usize,
    user_errors: Vec<UserError>,
}

object! {
    /// The result of `notesUnassign`. Unassigning a user who is not assigned is no error.
    NotesUnassignPayload {
        /// The result of each note, in the order of the IDs; empty if there were too many IDs. `note` is null in a
        /// result if the viewer was one of the users and no longer sees the note.
        results = inline(|payload: &NotesUnassignPayload| payload.results.clone());
        /// The number of notes that changed; notes to which none of the users was assigned do not count.
        changed_count = field_ref(|payload: &NotesUnassignPayload| &payload.changed_count);
        /// Errors that the user can fix. If there are any, nothing was changed.
        user_errors = inline(|payload: &NotesUnassignPayload| payload.user_errors.clone());
    }
}

pub async fn unassign_many(ctx: &Context<'_>, input: NotesUnassignInput) -> Result<NotesUnassignPayload> {
    let viewer = ctx.viewer(Scope::Write)?;
    let NotesUnassignInput { ids, user_ids, error_policy } = input;
    let mut errors = UserErrors::default();
    // A user who is not assigned changes nothing, whether the user exists or not, so users are not looked up.
    let users = References::default().users(&mut errors, &["input", "userIds"], &user_ids);

    let app = ctx.app();
    let access = ctx.access();
    let mut reads = app.db.reads();
    let batch = RequestedBatch::ask(&mut reads, access, ids, error_policy.unwrap_or_default(), &mut errors);
    let assigned = RequestedAssignments::ask(&mut reads, access, batch.keys(), &users);
    let (transaction, mut answers) = app.db.begin_with(reads).await?;
    let mut batch = batch.batch(&transaction, access, &mut answers).await?;
    let mut changed = HashSet::new();
    if batch.is_refused(&errors) {
        transaction.rollback().await?;
    } else {
        let assigned = assigned.assigned(&mut answers)?;
        let mut notes: Vec<&mut note::Model> = batch.notes.values_mut().collect();
        match unassign_users(&transaction, &ChangeContext::new(viewer, app), &mut notes, &users, &assigned).await? {
            Ok(removed) => {
                let seen = still_visible(&transaction, access, batch.notes.values(), &users).await?;
                transaction.commit_if(!removed.is_empty()).await?;
                changed.extend(removed.into_iter().map(|(note, _)| note));
                batch.notes.retain(|key, _| seen.contains(key));
            }
            Err(refused) => {
                transaction.rollback().await?;
                errors.0.push(refused);
            }
        }
    }
    let (results, user_errors) = batch.into_results(errors);
    Ok(NotesUnassignPayload { results, changed_count: changed.len(), user_errors })
}
