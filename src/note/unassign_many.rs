//! `notesUnassign`.

use std::collections::HashSet;

use async_graphql::{ID, InputObject};

use super::assignments::take_away;
use super::batch::{Batch, BatchErrorPolicy, NoteBatchResult};
use super::change::{References, still_seen};
use crate::context::ContextExt;
use crate::engine::{Context, lent, local, object};
use crate::entity::note;
use crate::entity::token::Scope;
use crate::error::Result;
use crate::event::Moment;
use crate::user_error::{Problems, UserError};

/// Notes, and the users to be no longer responsible for any of them.
#[derive(InputObject)]
pub struct NotesUnassignInput {
    /// The notes: at most 100. One that is named several times is changed once, and has its outcome in each place.
    ids: Vec<ID>,
    /// The users: at most 100.
    user_ids: Vec<ID>,
    /// What to do where some of the notes cannot be changed; `REJECT_ALL` when absent or null.
    #[graphql(default_with = "Some(BatchErrorPolicy::default())")]
    error_policy: Option<BatchErrorPolicy>,
}

/// What became of them. Unassigning who is not assigned is no error.
#[derive(Clone, Default)]
pub struct NotesUnassignPayload {
    results: Vec<NoteBatchResult>,
    changed_count: usize,
    user_errors: Vec<UserError>,
}

object! {
    /// What became of them. Unassigning who is not assigned is no error.
    NotesUnassignPayload {
        /// What became of each, in the order of the IDs; empty where there were too many of them. `note` is null in the result of
        /// a note that the viewer sees no longer, being one of those who were unassigned.
        results = local(|payload: &NotesUnassignPayload| payload.results.clone());
        /// How many notes have changed: not those for which none of the users was responsible.
        changed_count = lent(|payload: &NotesUnassignPayload| &payload.changed_count);
        /// What has to be put right; then nothing was changed.
        user_errors = local(|payload: &NotesUnassignPayload| payload.user_errors.clone());
    }
}

pub async fn unassign_many(ctx: &Context<'_>, input: NotesUnassignInput) -> Result<NotesUnassignPayload> {
    let viewer = ctx.viewer(Scope::Write)?;
    let NotesUnassignInput { ids, user_ids, error_policy } = input;
    let mut problems = Problems::default();
    // Who is not assigned stays so, whether there is such a user or not: nobody is looked up.
    let users = References::default().users(&mut problems, &["input", "userIds"], &user_ids);

    let app = ctx.app();
    let sight = ctx.sight();
    let transaction = app.db.begin().await?;
    let mut batch = Batch::hold(&transaction, sight, ids, error_policy.unwrap_or_default(), &mut problems).await?;
    let mut changed = HashSet::new();
    if batch.is_refused(&problems) {
        transaction.rollback().await?;
    } else {
        let mut notes: Vec<&mut note::Model> = batch.notes.values_mut().collect();
        match take_away(&transaction, &Moment::new(viewer, app), &mut notes, &users).await? {
            Ok(removed) => {
                let seen = still_seen(&transaction, sight, batch.notes.values(), &users).await?;
                transaction.commit().await?;
                changed.extend(removed.into_iter().map(|(note, _)| note));
                batch.notes.retain(|key, _| seen.contains(key));
            }
            Err(refused) => {
                transaction.rollback().await?;
                problems.0.push(refused);
            }
        }
    }
    let (results, user_errors) = batch.tell(problems);
    Ok(NotesUnassignPayload { results, changed_count: changed.len(), user_errors })
}
