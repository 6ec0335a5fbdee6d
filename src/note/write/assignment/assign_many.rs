//! `notesAssign`.

use std::collections::HashSet;

use async_graphql::{ID, InputObject};
use breadth::{Context, field_ref, inline, object};

use super::assignments::{RequestedAssignments, assign_users};
use crate::error::Result;
use crate::event::ChangeContext;
use crate::graphql::context::ContextExt;
use crate::graphql::user_errors::{UserError, UserErrors};
use crate::note::write::batch::{BatchErrorPolicy, NoteBatchResult, RequestedBatch};
use crate::note::write::lock::References;
use crate::store::entity::note;
use crate::store::entity::token::Scope;

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
        results = inline(|payload: &NotesAssignPayload| payload.results.clone());
        /// The number of notes that changed; notes to which all users were already assigned do not count.
        changed_count = field_ref(|payload: &NotesAssignPayload| &payload.changed_count);
        /// Errors that the user can fix. If there are any, nothing was changed.
        user_errors = inline(|payload: &NotesAssignPayload| payload.user_errors.clone());
    }
}

pub async fn assign_many(ctx: &Context<'_>, input: NotesAssignInput) -> Result<NotesAssignPayload> {
    let viewer = ctx.viewer(Scope::Write)?;
    let NotesAssignInput { ids, user_ids, error_policy } = input;
    let mut errors = UserErrors::default();
    let mut references = References::default();
    let users = references.users(&mut errors, &["input", "userIds"], &user_ids);

    let app = ctx.app();
    let access = ctx.access();
    let mut reads = app.db.reads();
    let batch = RequestedBatch::ask(&mut reads, access, ids, error_policy.unwrap_or_default(), &mut errors);
    let references = references.ask(&mut reads, access);
    let assigned = RequestedAssignments::ask(&mut reads, access, batch.keys(), &users);
    let (transaction, mut answers) = app.db.begin_with(reads).await?;
    let mut batch = batch.batch(&transaction, access, &mut answers).await?;
    references.check(&mut answers, &mut errors)?;
    let mut changed = HashSet::new();
    if batch.is_refused(&errors) {
        transaction.rollback().await?;
    } else {
        let assigned = assigned.assigned(&mut answers)?;
        let mut notes: Vec<&mut note::Model> = batch.notes.values_mut().collect();
        match assign_users(&transaction, &ChangeContext::new(viewer, app), &mut notes, &users, &assigned).await? {
            Ok(added) => {
                transaction.commit_if(!added.is_empty()).await?;
                changed.extend(added.into_iter().map(|row| row.note_id));
            }
            Err(refused) => {
                transaction.rollback().await?;
                errors.0.push(refused);
            }
        }
    }
    let (results, user_errors) = batch.into_results(errors);
    Ok(NotesAssignPayload { results, changed_count: changed.len(), user_errors })
}
