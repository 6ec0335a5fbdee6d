//! `notesAssign`.

use std::collections::HashSet;

use async_graphql::{ID, InputObject};

use super::assignments::add;
use super::batch::{Batch, BatchErrorPolicy, NoteBatchResult};
use super::change::References;
use crate::context::ContextExt;
use crate::engine::{Context, lent, local, object};
use crate::entity::note;
use crate::entity::token::Scope;
use crate::error::Result;
use crate::event::Moment;
use crate::user_error::{Problems, UserError};

/// Notes, and the users to assign to each of them.
#[derive(InputObject)]
pub struct NotesAssignInput {
    /// The IDs of the notes: at most 100. A note that is named several times is changed once, and has its result at
    /// each place.
    ids: Vec<ID>,
    /// The IDs of the users: at most 100.
    user_ids: Vec<ID>,
    /// What to do if some notes cannot be changed; `REJECT_ALL` when absent or null. A user that does not exist is an
    /// error of all notes.
    #[graphql(default_with = "Some(BatchErrorPolicy::default())")]
    error_policy: Option<BatchErrorPolicy>,
}

/// The result of `notesAssign`. Assigning a user twice is no error and keeps the first assignment.
#[derive(Clone, Default)]
pub struct NotesAssignPayload {
    results: Vec<NoteBatchResult>,
    changed_count: usize,
    user_errors: Vec<UserError>,
}

object! {
    /// The result of `notesAssign`. Assigning a user twice is no error and keeps the first assignment.
    NotesAssignPayload {
        /// The result of each note, in the order of the IDs; empty if there were too many IDs.
        results = local(|payload: &NotesAssignPayload| payload.results.clone());
        /// The number of notes that changed; notes to which all users were already assigned do not count.
        changed_count = lent(|payload: &NotesAssignPayload| &payload.changed_count);
        /// Errors that the user can fix. If there are any, nothing was changed.
        user_errors = local(|payload: &NotesAssignPayload| payload.user_errors.clone());
    }
}

pub async fn assign_many(ctx: &Context<'_>, input: NotesAssignInput) -> Result<NotesAssignPayload> {
    let viewer = ctx.viewer(Scope::Write)?;
    let NotesAssignInput { ids, user_ids, error_policy } = input;
    let mut problems = Problems::default();
    let mut references = References::default();
    let users = references.users(&mut problems, &["input", "userIds"], &user_ids);

    let app = ctx.app();
    let transaction = app.db.begin().await?;
    let mut batch =
        Batch::hold(&transaction, ctx.sight(), ids, error_policy.unwrap_or_default(), &mut problems).await?;
    references.check(&transaction, ctx.sight(), &mut problems).await?;
    let mut changed = HashSet::new();
    if batch.is_refused(&problems) {
        transaction.rollback().await?;
    } else {
        let mut notes: Vec<&mut note::Model> = batch.notes.values_mut().collect();
        match add(&transaction, &Moment::new(viewer, app), &mut notes, &users).await? {
            Ok(added) => {
                transaction.commit().await?;
                changed.extend(added.into_iter().map(|row| row.note_id));
            }
            Err(refused) => {
                transaction.rollback().await?;
                problems.0.push(refused);
            }
        }
    }
    let (results, user_errors) = batch.tell(problems);
    Ok(NotesAssignPayload { results, changed_count: changed.len(), user_errors })
}
